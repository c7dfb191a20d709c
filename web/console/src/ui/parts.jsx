// The small things of every page.
import { useId } from "preact/hooks";
import { Icon } from "./icon.jsx";

export function Badge({ kind = "plain", children }) {
    return <span class={`badge badge-${kind}`}>{children}</span>;
}

export function Dot({ kind }) {
    return <span class={`dot dot-${kind}`} aria-hidden="true" />;
}

export function PageHead({ title, lead, children }) {
    return (
        <div class="page-head">
            <div class="page-words">
                <h1>{title}</h1>
                {lead && <p class="lead">{lead}</p>}
            </div>
            {children && <div class="page-actions">{children}</div>}
        </div>
    );
}

export function Empty({ icon, title, children }) {
    return (
        <div class="empty">
            <Icon name={icon} />
            <p class="empty-title">{title}</p>
            {children && <p>{children}</p>}
        </div>
    );
}

const SIGNS = { bad: "alert", warn: "alert", good: "check", plain: "shield" };

export function Notice({ kind = "plain", title, role, children }) {
    return (
        <div class={`notice notice-${kind}`} role={role}>
            <Icon name={SIGNS[kind]} />
            <div>
                {title && <p class="notice-title">{title}</p>}
                {children}
            </div>
        </div>
    );
}

// A few choices beside each other, as radio buttons.
export function Choice({ name, label, value, options, onChange }) {
    return (
        <fieldset class="choice">
            <legend class="unseen">{label}</legend>
            {options.map(([key, words]) => (
                <label key={key} class="choice-one">
                    <input type="radio" name={name} value={key} checked={key === value} onChange={() => onChange(key)} />
                    <span>{words}</span>
                </label>
            ))}
        </fieldset>
    );
}

// Choices that each need a sentence, below each other: [[key, words, what it means], ...].
export function Options({ name, label, value, options, onChange }) {
    const id = useId();
    return (
        <fieldset class="options">
            <legend class="field-label">{label}</legend>
            {options.map(([key, words, note]) => (
                <label key={key} class="option">
                    <input
                        type="radio"
                        name={name}
                        value={key}
                        checked={key === value}
                        aria-describedby={`${id}-${key}`}
                        onChange={() => onChange(key)}
                    />
                    <span class="option-words">{words}</span>
                    <span class="option-note" id={`${id}-${key}`} aria-hidden="true">
                        {note}
                    </span>
                </label>
            ))}
        </fieldset>
    );
}

export function Search({ label, value, onInput }) {
    return (
        <label class="search">
            <span class="unseen">{label}</span>
            <Icon name="search" />
            <input
                type="search"
                value={value}
                placeholder={label}
                autocomplete="off"
                spellcheck={false}
                maxLength={256}
                onInput={(event) => onInput(event.currentTarget.value)}
            />
        </label>
    );
}
