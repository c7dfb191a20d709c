import { useEffect, useRef, useState } from "preact/hooks";
import { api, session } from "../api.js";
import { useWords } from "../i18n.js";
import { Icon } from "./icon.jsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.jsx";

// Closes on Escape and on whatever happens outside of `ref`.
function useDismiss(ref, open, close) {
    useEffect(() => {
        if (!open) return undefined;
        const away = (event) => ref.current.contains(event.target) || close();
        const escape = (event) => {
            if (event.key !== "Escape") return;
            close();
            ref.current.querySelector("button").focus();
        };
        document.addEventListener("pointerdown", away);
        document.addEventListener("focusin", away);
        document.addEventListener("keydown", escape);
        return () => {
            document.removeEventListener("pointerdown", away);
            document.removeEventListener("focusin", away);
            document.removeEventListener("keydown", escape);
        };
    }, [open]);
}

// Signed out here means signed out there: otherwise the page says that it was not done.
async function signOut() {
    await api.signOut();
    session.set(null);
}

function Menu({ who }) {
    const { t } = useWords();
    const [failed, setFailed] = useState(false);
    return (
        <div class="menu" id="account-menu">
            <p class="menu-who">{who.jid}</p>
            <p class="menu-role">{t(`role.${who.role}`)}</p>
            <LanguageSwitch />
            <ThemeSwitch />
            <button type="button" class="button button-wide" onClick={() => signOut().catch(() => setFailed(true))}>
                <Icon name="out" />
                {t("menu.sign_out")}
            </button>
            {failed && (
                <p class="note note-bad" role="alert">
                    {t("menu.failed")}
                </p>
            )}
            <p class="menu-version">{t("menu.version", { version: who.version })}</p>
        </div>
    );
}

export function AccountMenu({ who }) {
    const { t } = useWords();
    const [open, setOpen] = useState(false);
    const ref = useRef(null);
    useDismiss(ref, open, () => setOpen(false));
    return (
        <div class="account" ref={ref}>
            <button
                type="button"
                class="account-button"
                aria-expanded={open}
                aria-controls="account-menu"
                onClick={() => setOpen(!open)}
            >
                <span class="account-sign" aria-hidden="true">
                    {Array.from(who.user)[0].toUpperCase()}
                </span>
                <span class="unseen">{t("menu.label")}</span>
                <span class="account-name">{who.user}</span>
                <Icon name="down" />
            </button>
            {open && <Menu who={who} />}
        </div>
    );
}
