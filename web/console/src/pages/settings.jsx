// The settings: what each is, where it comes from, and what a change of it would do.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { connected, settingChange } from "../live.js";
import { useLoad, useSettled } from "../load.js";
import "../messages/settings.js";
import { address, follow, go } from "../router.js";
import { fits } from "../setting_text.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Choice, Empty, PageHead, Search } from "../ui/parts.jsx";
import { Reload } from "./reload.jsx";
import { SettingBack } from "./setting_back.jsx";
import { AllChanges } from "./setting_changes.jsx";
import { SettingGroups } from "./setting_groups.jsx";
import { SettingOne } from "./setting_one.jsx";

const SETTLE_MS = 150;

function Tools({ q, which, count }) {
    const { t } = useWords();
    const [text, setText] = useState(q);
    const settled = useSettled(text.trim(), SETTLE_MS);
    const show = (next) => go(address("/settings", { q, which, ...next }), { replace: true });
    useEffect(() => {
        if (settled !== q) show({ q: settled });
    }, [settled]);
    return (
        <div class="tools card">
            <Search label={t("set.search")} value={text} onInput={setText} />
            <Choice
                name="which"
                label={t("set.which")}
                value={which}
                options={[
                    ["", t("set.every")],
                    ["changed", t("set.changed")],
                ]}
                onChange={(value) => show({ which: value })}
            />
            {count !== null && <p class="tools-note">{t("set.count", { n: count })}</p>}
        </div>
    );
}

// `done` and `stale` change when it is to be asked again.
function useSettings(done, stale) {
    const change = useStore(settingChange);
    const live = useStore(connected); // what changed while there was no stream
    const asked = useLoad((signal) => api.settings(signal), [change, live, done, stale]);
    return { ...asked, rows: asked.data?.settings ?? null };
}

function shownOf(rows, { q, which }, language) {
    const changed = (row) => row.source !== "default" || row.pending !== null;
    return rows.filter((row) => (which !== "changed" || changed(row)) && fits(row, q, language));
}

// What is above the page: one setting, or what was changed in all of them; and a question above that.
function Above({ who, rows, query, done, onDone, onStale, onClose }) {
    const [asked, setAsked] = useState(null); // {name, to}: a value to go back to
    const rowOf = (wanted) => rows.find(({ name }) => name === wanted);
    const row = rowOf(query.get("name"));
    const finish = (outcome) => {
        setAsked(null);
        onDone({ ...outcome, back: true });
    };
    const common = { who, done, onAsk: setAsked, onClose };
    return (
        <>
            {row && <SettingOne key={row.name} row={row} onDone={onDone} onStale={onStale} {...common} />}
            {!row && query.get("history") && <AllChanges rows={rows} {...common} />}
            {asked && <SettingBack row={rowOf(asked.name)} to={asked.to} onDone={finish} onCancel={() => setAsked(null)} />}
        </>
    );
}

function Actions({ who, to }) {
    const { t } = useWords();
    return (
        <div class="buttons">
            {who.role === "full" && <Reload />}
            <a class="button" href={to({ history: "1" })} onClick={follow}>
                <Icon name="clock" />
                {t("set.history")}
            </a>
        </div>
    );
}

export function Settings({ who, query }) {
    const { t, language } = useWords();
    const [done, setDone] = useState(null); // what came of the last change
    const [stale, setStale] = useState(0);
    const { rows, error, loading } = useSettings(done, stale);
    const shown = { q: query.get("q") ?? "", which: query.get("which") ?? "" };
    const to = (more) => address("/settings", { ...shown, ...more });
    const found = rows && shownOf(rows, shown, language);
    const close = () => {
        setDone(null);
        go(to());
    };
    return (
        <div aria-busy={loading}>
            <PageHead title={t("set.title")} lead={t("set.lead")}>
                <Actions who={who} to={to} />
            </PageHead>
            <Tools {...shown} count={found && found.length} />
            <Failure error={error} />
            {found && found.length > 0 && <SettingGroups rows={found} to={(name) => to({ name })} />}
            {found && !found.length && <Empty icon="search" title={t("set.no_match")} />}
            {rows && <Above who={who} rows={rows} query={query} done={done} onDone={setDone} onStale={() => setStale(stale + 1)} onClose={close} />}
        </div>
    );
}
