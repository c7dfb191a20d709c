// The first run: a domain and its first administrator, for who has the link that linnetd printed.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { useLoad } from "../load.js";
import "../messages/setup.js";
import "../messages/users.js";
import { follow } from "../router.js";
import { Mark } from "../ui/brand.jsx";
import { CopyButton } from "../ui/copy.jsx";
import { Failure } from "../ui/failure.jsx";
import { Notice } from "../ui/parts.jsx";
import { Silence } from "../ui/silence.jsx";
import { LanguageSwitch, ThemeSwitch } from "../ui/switches.jsx";
import { SetUpForm } from "./setup_form.jsx";

const COMMAND = 'journalctl -u linnetd -g "set up at"';

let key = ""; // of the link, for as long as the page is open

// Takes the key out of the address bar, and so out of what the browser remembers.
function takeKey() {
    if (location.hash.length > 1) {
        key = location.hash.slice(1);
        history.replaceState(null, "", location.pathname);
    }
    return key;
}

// A link that is opened in the same window changes the fragment only.
function useKey() {
    const [taken, setTaken] = useState(takeKey);
    useEffect(() => {
        const take = () => setTaken(takeKey());
        addEventListener("hashchange", take);
        return () => removeEventListener("hashchange", take);
    }, []);
    return taken;
}

function NoKey() {
    const { t } = useWords();
    return (
        <div class="form">
            <Notice title={t("first.no_key")}>
                <p>{t("first.no_key_note")}</p>
            </Notice>
            <div class="field">
                <p>{t("first.no_key_how")}</p>
                <div class="secret">
                    <code class="secret-text">{COMMAND}</code>
                    <div class="secret-buttons">
                        <CopyButton text={COMMAND} label={t("first.copy_command")} />
                    </div>
                </div>
            </div>
        </div>
    );
}

function NotNeeded() {
    const { t } = useWords();
    return (
        <div class="form">
            <Notice kind="good" title={t("first.not_needed")}>
                <p>{t("first.not_needed_note")}</p>
            </Notice>
            <a class="button button-main button-wide" href="/" onClick={follow}>
                {t("first.to_sign_in")}
            </a>
        </div>
    );
}

function NoAnswer({ error, onAgain }) {
    const { t } = useWords();
    return (
        <div class="form">
            <Failure error={error} />
            <button type="button" class="button button-wide" onClick={onAgain}>
                {t("first.again")}
            </button>
        </div>
    );
}

function useNeeded() {
    const [asked, setAsked] = useState(0);
    const { data, error } = useLoad((signal) => api.setUpState(signal), [asked]);
    return { data, error, again: () => setAsked(asked + 1) };
}

function Step({ state, secret }) {
    const { t } = useWords();
    const { data, error, again } = state;
    if (error?.status === 404 || data?.needed === false) return <NotNeeded />;
    if (error) return <NoAnswer error={error} onAgain={again} />;
    if (!data) return <p class="quiet waiting">{t("load.waiting")}</p>;
    return secret ? <SetUpForm key={secret} secret={secret} domain={data.domain} onGone={again} /> : <NoKey />;
}

export function SetUp() {
    const { t } = useWords();
    const secret = useKey();
    const state = useNeeded();
    const { needed, domain } = (!state.error && state.data) || {};
    return (
        <main class="door">
            <div class="door-card door-wide">
                <Mark />
                <h1>{t("first.title")}</h1>
                <p class="lead">{needed && (domain ? t("first.lead_admin", { domain }) : t("first.lead"))}</p>
                <Silence />
                <Step state={state} secret={secret} />
            </div>
            <div class="door-foot">
                <LanguageSwitch />
                <ThemeSwitch />
            </div>
        </main>
    );
}
