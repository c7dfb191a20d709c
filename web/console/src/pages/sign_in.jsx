import { useEffect, useRef, useState } from "preact/hooks";
import { api, ended, madeAtSetUp, session } from "../api.js";
import { useWords } from "../i18n.js";
import { useStore } from "../store.js";
import { Mark } from "../ui/brand.jsx";
import { Field, PasswordField } from "../ui/field.jsx";
import { Notice } from "../ui/parts.jsx";
import { Silence } from "../ui/silence.jsx";
import { LanguageSwitch, ThemeSwitch } from "../ui/switches.jsx";

// Seconds until another attempt is let in, counted down from what the server said.
function useWait() {
    const [wait, setWait] = useState(0);
    useEffect(() => {
        if (wait <= 0) return undefined;
        const timer = setTimeout(() => setWait(wait - 1), 1000);
        return () => clearTimeout(timer);
    }, [wait]);
    return [wait, setWait];
}

const REASONS = {
    0: "error.unreachable",
    400: "signin.wrong",
    401: "signin.wrong",
    403: "signin.no_admin",
    422: "signin.wrong",
    429: "signin.slow",
};

// What failed, in one line: by status, since before sign-in the server gives no more away.
function reasonOf(error) {
    if (error.code === "origin") return "error.origin";
    return REASONS[error.status] ?? "signin.down";
}

function SignInForm() {
    const { t } = useWords();
    const made = useStore(madeAtSetUp);
    const [user, setUser] = useState(made?.split("@")[0] ?? "");
    const [password, setPassword] = useState("");
    const [failed, setFailed] = useState(null);
    const [busy, setBusy] = useState(false);
    const [wait, setWait] = useWait();
    const over = useStore(ended);
    const [unmade, setUnmade] = useState(false); // nobody can sign in yet
    useEffect(() => void api.health().then((now) => setUnmade(Boolean(now.setup)), () => {}), []);
    const name = useRef(null);
    const secret = useRef(null);
    useEffect(() => (made ? secret : name).current.focus(), []);

    const signedIn = (who) => {
        ended.set(false);
        madeAtSetUp.set(null);
        session.set(who);
    };
    const refused = (error) => {
        setBusy(false);
        setPassword("");
        setFailed(reasonOf(error));
        setWait(error.retryAfterSeconds ?? 0);
    };
    const submit = (event) => {
        event.preventDefault();
        if (busy || wait > 0 || !user || !password) return;
        setBusy(true);
        api.signIn(user, password).then(signedIn, refused);
    };
    return (
        <form class="form" onSubmit={submit}>
            <Silence />
            {over && !failed && <Notice role="status" title={t("error.signed-out")} />}
            {unmade && (
                <Notice role="status" title={t("signin.unmade")}>
                    <p>{t("signin.unmade_note")}</p>
                </Notice>
            )}
            {made && !failed && (
                <Notice kind="good" role="status" title={t("first.done")}>
                    <p>{t("first.done_note", { jid: made })}</p>
                </Notice>
            )}
            {failed && (
                <Notice kind="bad" role="alert" title={t(failed)}>
                    {wait > 0 && <p>{t("signin.wait", { n: wait })}</p>}
                </Notice>
            )}
            <Field
                label={t("signin.user")}
                inputRef={name}
                name="user"
                autocomplete="username"
                autocapitalize="none"
                maxLength={1023}
                required
                value={user}
                onInput={(event) => setUser(event.currentTarget.value)}
            />
            <PasswordField
                label={t("signin.password")}
                inputRef={secret}
                name="password"
                autocomplete="current-password"
                maxLength={1023}
                required
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
            />
            <button type="submit" class="button button-main button-wide" disabled={busy || wait > 0}>
                {t(busy ? "signin.busy" : "signin.do")}
            </button>
        </form>
    );
}

export function SignIn() {
    const { t } = useWords();
    return (
        <main class="door">
            <div class="door-card">
                <Mark />
                <h1>{t("signin.title")}</h1>
                <p class="lead">{t("signin.lead")}</p>
                <SignInForm />
            </div>
            <div class="door-foot">
                <LanguageSwitch />
                <ThemeSwitch />
            </div>
        </main>
    );
}
