// A new value, checked by the server as it is typed.
import { useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { useLoad, useSettled } from "../load.js";
import { saveUnlessChanged } from "../setting_save.js";
import "../server_reasons.js";
import { listOf, reasonOf } from "../setting_text.js";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { SettingMeanwhile } from "./meanwhile.jsx";
import { SettingControl } from "./setting_control.jsx";
import { valueWords } from "./setting_parts.jsx";

const SETTLE_MS = 200;

// Lists are the same whatever stands between their items.
export function plain(row, text) {
    return row.type === "words" || row.type === "listen" ? listOf(text).join(", ") : text.trim();
}

// "60s" is 1min, which may be what it is now.
function stateOf({ ok, value }, now) {
    if (!ok) return "bad";
    return value === now ? "same" : "good";
}

// {state, value or reason}: of the text that was typed last, or "waiting".
function useCheck(row, text, now) {
    const settled = useSettled(text, SETTLE_MS);
    const { data, error } = useLoad(
        (signal) =>
            settled === now
                ? Promise.resolve({ state: "same", text: settled })
                : api.checkSetting(row.name, settled, signal).then((found) => ({ ...found, state: stateOf(found, now), text: settled })),
        [settled],
    );
    if (text === now) return { state: "same" };
    if (error) return { state: "unknown" };
    return data?.text === text ? data : { state: "waiting" };
}

function noteOf(checked, row, text, { t, server }) {
    switch (checked.state) {
        case "good":
            return checked.value === text ? t("set.good") : t("set.good_as", { value: valueWords(row, checked.value, t) });
        case "bad":
            return server(reasonOf(row, checked.reason));
        case "waiting":
            return t("set.checking");
        case "unknown":
            return t("set.unknown");
        default:
            return t(row.pending === null ? "set.same" : "set.same_pending");
    }
}

const NOTES = { good: "good", bad: "bad" };

// `draft` is what is typed, as of useDraft. Without `onReset`, there is nothing to go back to.
export function SettingForm({ row, now, draft, onDone, onReset, onStale }) {
    const words = useWords();
    const { t } = words;
    const form = useRef(null);
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const text = plain(row, draft.value);
    const checked = useCheck(row, text, now);
    const ready = row.editable && checked.state !== "bad" && checked.state !== "same";
    const meanwhile = draft.meanwhile && !busy;
    const refused = (fault) => {
        setBusy(false);
        setError(fault);
        if (fault.code === "meanwhile") onStale();
        form.current?.querySelector("input, select, textarea").focus();
    };
    const saved = (answer) => {
        setBusy(false);
        draft.type(plain(row, answer.value)); // as it was written down, until the list of settings has it
        onDone(answer);
    };
    const take = () => {
        draft.drop();
        setError(null);
    };
    const submit = (event) => {
        event.preventDefault();
        if (busy || !ready) return;
        setBusy(true);
        setError(null);
        saveUnlessChanged(row, text).then(saved, refused);
    };
    return (
        <form class="setting-form" ref={form} onSubmit={submit} autocomplete="off">
            <Failure error={error} />
            {meanwhile && (
                <SettingMeanwhile
                    row={row}
                    now={now}
                    values={{ value: valueWords(row, now, t), mine: valueWords(row, text, t) }}
                    onTake={take}
                />
            )}
            <SettingControl
                key={draft.seen}
                row={row}
                text={draft.value}
                note={noteOf(checked, row, text, words)}
                noteKind={NOTES[checked.state]}
                onText={draft.type}
            />
            <div class="buttons">
                <button type="submit" class="button button-main" disabled={busy || !ready}>
                    {t(busy ? "set.busy" : meanwhile ? "meanwhile.save" : "set.do")}
                </button>
                {onReset && (
                    <button type="button" class="button" onClick={onReset}>
                        <Icon name="undo" />
                        {t("set.reset")}
                    </button>
                )}
            </div>
        </form>
    );
}
