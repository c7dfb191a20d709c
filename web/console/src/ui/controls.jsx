// Controls besides a line of text: one of several, on or off, several of many, lines.
import { useId } from "preact/hooks";
import { Frame } from "./field.jsx";

// `options`: [[value, words], ...]; the label is for screen readers, and the control says the rest.
export function Select({ label, value, options, onChange, ...select }) {
    return (
        <label class="select">
            <span class="unseen">{label}</span>
            <select value={value} onChange={(event) => onChange(event.currentTarget.value)} {...select}>
                {options.map(([key, words]) => (
                    <option key={key} value={key} selected={key === value}>
                        {words}
                    </option>
                ))}
            </select>
        </label>
    );
}

export function Switch({ label, words, on, note, noteKind, onChange }) {
    const id = useId();
    return (
        <Frame id={id} label={label} note={note} noteKind={noteKind}>
            <span class="switch">
                <input
                    id={id}
                    type="checkbox"
                    role="switch"
                    checked={on}
                    aria-describedby={`${id}-note`}
                    onChange={(event) => onChange(event.currentTarget.checked)}
                />
                <span class="switch-words" aria-hidden="true">
                    {words}
                </span>
            </span>
        </Frame>
    );
}

// Boxes to tick, in the order of `options`; `chosen` is a list of them.
export function Ticks({ label, options, chosen, note, noteKind = "plain", onChange }) {
    const id = useId();
    const toggle = (name, on) => onChange(options.filter((one) => (one === name ? on : chosen.includes(one))));
    return (
        <fieldset class="field" aria-describedby={`${id}-note`}>
            <legend class="field-label">{label}</legend>
            <div class="ticks">
                {options.map((name) => (
                    <label key={name} class="tick">
                        <input
                            type="checkbox"
                            checked={chosen.includes(name)}
                            onChange={(event) => toggle(name, event.currentTarget.checked)}
                        />
                        <span>{name}</span>
                    </label>
                ))}
            </div>
            <p id={`${id}-note`} class={`note note-${noteKind}`} aria-live="polite">
                {note}
            </p>
        </fieldset>
    );
}

export function Lines({ label, lines, note, noteKind, onInput }) {
    const id = useId();
    return (
        <Frame id={id} label={label} note={note} noteKind={noteKind}>
            <div class={`box ${noteKind === "bad" ? "box-bad" : ""}`}>
                <textarea
                    id={id}
                    rows={4}
                    spellcheck={false}
                    autocapitalize="none"
                    maxLength={4096}
                    aria-describedby={`${id}-note`}
                    aria-invalid={noteKind === "bad"}
                    value={lines}
                    onInput={(event) => onInput(event.currentTarget.value)}
                />
            </div>
        </Frame>
    );
}
