// The control of a setting, by its type. Each takes and gives the value as text.
import { useState } from "preact/hooks";
import { UNITS, readAmount } from "../amount.js";
import { useWords } from "../i18n.js";
import { listOf, unitWord } from "../setting_text.js";
import { Lines, Select, Switch, Ticks } from "../ui/controls.jsx";
import { Field } from "../ui/field.jsx";

function BooleanControl({ text, onText, ...field }) {
    const { t } = useWords();
    const on = text === "true";
    return (
        <Switch {...field} on={on} words={t(on ? "set.on" : "set.off")} onChange={(next) => onText(next ? "true" : "false")} />
    );
}

// Kept apart: what is typed beside a unit need not be a number yet.
function IntegerControl({ row, text, onText, ...field }) {
    const { t, has } = useWords();
    const [amount, setAmount] = useState(readAmount(text, row.unit));
    const change = (next) => {
        const both = { ...amount, ...next };
        setAmount(both);
        onText(both.count.trim() + both.unit);
    };
    return (
        <Field
            {...field}
            inputMode="numeric"
            maxLength={20}
            value={amount.count}
            onInput={(event) => change({ count: event.currentTarget.value })}
        >
            {row.unit && (
                <Select
                    label={t("set.unit")}
                    value={amount.unit}
                    options={[...UNITS[row.unit]].reverse().map(([name]) => [name, unitWord(name, t, has)])}
                    onChange={(unit) => change({ unit })}
                />
            )}
        </Field>
    );
}

function ChoiceControl({ row, label, text, note, noteKind, onText }) {
    return (
        <div class="field">
            <p class="field-label" aria-hidden="true">
                {label}
            </p>
            <Select label={label} value={text} options={row.choices.map((one) => [one, one])} onChange={onText} />
            <p class={`note note-${noteKind ?? "plain"}`} aria-live="polite">
                {note}
            </p>
        </div>
    );
}

function TicksControl({ row, text, note, noteKind, onText, ...field }) {
    const { t } = useWords();
    const chosen = listOf(text);
    return (
        <Ticks
            {...field}
            options={row.choices}
            chosen={chosen}
            note={chosen.length || noteKind === "bad" ? note : t("set.ticks_note")}
            noteKind={noteKind}
            onChange={(names) => onText(names.join(", "))}
        />
    );
}

function LinesControl({ text, label, onText, ...field }) {
    const { t } = useWords();
    const [lines, setLines] = useState(listOf(text).join("\n"));
    const change = (next) => {
        setLines(next);
        onText(listOf(next).join(", "));
    };
    return <Lines {...field} label={`${label} – ${t("set.one_a_line")}`} lines={lines} onInput={change} />;
}

function TextControl({ text, onText, ...field }) {
    return <Field {...field} maxLength={4096} value={text} onInput={(event) => onText(event.currentTarget.value)} />;
}

const CONTROLS = {
    boolean: BooleanControl,
    integer: IntegerControl,
    choice: ChoiceControl,
    listen: LinesControl,
    words: LinesControl,
};

export function SettingControl(control) {
    const { t } = useWords();
    const { type, choices } = control.row;
    const Control = type === "words" && choices?.length ? TicksControl : (CONTROLS[type] ?? TextControl);
    return <Control label={t("set.new")} {...control} />;
}
