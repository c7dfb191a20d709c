// One setting in a drawer: what it is, what can be done to it, and what was.
import { useEffect } from "preact/hooks";
import { sayAmount } from "../amount.js";
import { useDraft } from "../draft.js";
import { useWords } from "../i18n.js";
import { valueNow } from "../setting_save.js";
import { fixedBy, helpOf, storedOf, unitWord } from "../setting_text.js";
import { Drawer } from "../ui/drawer.jsx";
import { Notice } from "../ui/parts.jsx";
import { ChangesOf } from "./setting_changes.jsx";
import { SettingForm, plain } from "./setting_form.jsx";
import { Outcome, Pending, Source, Value } from "./setting_parts.jsx";

function boundsOf({ type, min, max, unit }, { t, has, format }) {
    if (type !== "integer" || min == null || max == null) return null;
    const say = (number) => sayAmount(number, unit, format.number, (name) => unitWord(name, t, has));
    return t("set.range", { min: say(min), max: say(max) });
}

function Facts({ row }) {
    const words = useWords();
    const { t } = words;
    const bounds = boundsOf(row, words);
    return (
        <dl class="facts">
            <dt>{t("set.in_force")}</dt>
            <dd>
                <Value row={row} value={row.value} /> <Pending row={row} />
            </dd>
            <dt>{t("set.from")}</dt>
            <dd>
                <Source source={row.source} />
            </dd>
            <dt>{t("set.default")}</dt>
            <dd>
                <Value row={row} value={row.default} />
            </dd>
            {bounds && (
                <>
                    <dt>{t("set.bounds")}</dt>
                    <dd>{bounds}</dd>
                </>
            )}
            <dt>{t("set.effect")}</dt>
            <dd>{t(row.live ? "set.live" : "set.restart")}</dd>
        </dl>
    );
}

// Why it cannot be changed here.
function Fixed({ row }) {
    const { t } = useWords();
    const by = fixedBy(row);
    return (
        <Notice title={t(`fixed.${by}`, { where: row.fixed_by })}>
            <p>{t(by === "machine" ? "fixed.machine_note" : "fixed.note")}</p>
        </Notice>
    );
}

function ReadOnly() {
    const { t } = useWords();
    return (
        <Notice title={t("set.read_only")}>
            <p>{t("set.read_only_note")}</p>
        </Notice>
    );
}

// What is typed stays, also when a file sets it by now.
function Acts({ who, row, done, onDone, onAsk, onStale }) {
    const now = plain(row, valueNow(row));
    const draft = useDraft(now, (text) => plain(row, text));
    useEffect(() => done?.back && draft.drop(), [done]);
    if (who.role !== "full") return row.editable ? <ReadOnly /> : <Fixed row={row} />;
    const onReset = row.editable && storedOf(row) !== null ? () => onAsk({ name: row.name, to: null }) : null;
    return (
        <>
            {!row.editable && <Fixed row={row} />}
            {(row.editable || draft.typed) && (
                <SettingForm row={row} now={now} draft={draft} onDone={onDone} onReset={onReset} onStale={onStale} />
            )}
        </>
    );
}

export function SettingOne({ who, row, done, onDone, onAsk, onStale, onClose }) {
    const { language } = useWords();
    return (
        <Drawer title={row.name} onClose={onClose}>
            <div class="one">
                {done?.name === row.name && <Outcome done={done} row={row} />}
                <p class="quiet">{helpOf(row, language)}</p>
                <Facts row={row} />
                <Acts who={who} row={row} done={done} onDone={onDone} onAsk={onAsk} onStale={onStale} />
                <ChangesOf who={who} row={row} done={done} onAsk={onAsk} />
            </div>
        </Drawer>
    );
}
