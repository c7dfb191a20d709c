import { useState } from "preact/hooks";
import { useWords } from "../i18n.js";
import { CopyButton } from "./copy.jsx";
import { Icon } from "./icon.jsx";

const HIDDEN = "•".repeat(12);

// A password that can be read, when asked for, and copied.
export function Secret({ text, children }) {
    const { t } = useWords();
    const [shown, setShown] = useState(false);
    return (
        <div class="secret">
            <code class="secret-text">{shown ? text : HIDDEN}</code>
            <div class="secret-buttons">
                <button type="button" class="button button-small" aria-pressed={shown} onClick={() => setShown(!shown)}>
                    <Icon name="eye" />
                    {t(shown ? "secret.hide" : "secret.show")}
                </button>
                <CopyButton text={text} label={t("secret.copy")} />
                {children}
            </div>
        </div>
    );
}
