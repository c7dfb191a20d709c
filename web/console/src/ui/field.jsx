import { useId, useState } from "preact/hooks";
import { useWords } from "../i18n.js";
import { Icon } from "./icon.jsx";

// A labelled control; `note` is said below it, and read with it (its id is that of the control, "-note").
export function Frame({ id, label, note, noteKind = "plain", children }) {
    return (
        <div class="field">
            <label for={id}>{label}</label>
            {children}
            <p id={`${id}-note`} class={`note note-${noteKind}`} aria-live="polite">
                {note}
            </p>
        </div>
    );
}

export function Field({ label, note, noteKind, suffix, inputRef, children, ...input }) {
    const id = useId();
    const invalid = noteKind === "bad";
    return (
        <Frame id={id} label={label} note={note} noteKind={noteKind}>
            <div class={`box ${invalid ? "box-bad" : ""}`}>
                <input id={id} ref={inputRef} aria-describedby={`${id}-note`} aria-invalid={invalid} spellcheck={false} {...input} />
                {suffix && <span class="box-suffix">{suffix}</span>}
                {children}
            </div>
        </Frame>
    );
}

export function PasswordField({ label, ...field }) {
    const { t } = useWords();
    const [shown, setShown] = useState(false);
    return (
        <Field label={label} type={shown ? "text" : "password"} autocapitalize="none" {...field}>
            <button
                type="button"
                class="box-button"
                aria-pressed={shown}
                aria-label={t("password.show")}
                title={t("password.show")}
                onClick={() => setShown(!shown)}
            >
                <Icon name="eye" />
            </button>
        </Field>
    );
}
