import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n.js";
import { Icon } from "./icon.jsx";

const SAID_MS = 2000;

// Where a browser has no clipboard for pages (clear text beyond this machine), a field that is
// selected for the moment does.
function copyByField(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
}

async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyByField(text);
    }
}

export function CopyButton({ text, label }) {
    const { t } = useWords();
    const [said, setSaid] = useState(null);
    useEffect(() => {
        if (!said) return undefined;
        const timer = setTimeout(() => setSaid(null), SAID_MS);
        return () => clearTimeout(timer);
    }, [said]);
    const press = async () => setSaid((await copy(text)) ? "copy.done" : "copy.failed");
    return (
        <button type="button" class="button button-small" aria-label={label} onClick={press}>
            <Icon name={said === "copy.done" ? "check" : "copy"} />
            <span aria-live="polite">{t(said ?? "copy.do")}</span>
        </button>
    );
}
