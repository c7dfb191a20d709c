import { useEffect, useRef, useState } from "preact/hooks";
import { api, madeAtSetUp } from "../api.js";
import { useWords } from "../i18n.js";
import { go } from "../router.js";
import "../server_reasons.js";
import { Failure } from "../ui/failure.jsx";
import { Field } from "../ui/field.jsx";
import { Notice } from "../ui/parts.jsx";
import { PasswordChoice, usePassword } from "./password_choice.jsx";

// Only what is plainly none: the server knows the rest.
const NO_DOMAIN = /[\s@:/]|^\.|\.\./;
const NO_USER = /[\s@:/"&'<>]/;

// Which field an answer is about.
function placeOf(error, domain) {
    if (error.code !== "bad-address") return "form";
    return domain && error.sentence.includes(`"${domain}"`) ? "domain" : "user";
}

function Refused({ error }) {
    const { t } = useWords();
    if (error?.code === "setup-key")
        return (
            <Notice kind="bad" role="alert" title={t("first.wrong_key")}>
                <p>{t("first.wrong_key_note")}</p>
            </Notice>
        );
    if (error?.status === 429) return <Notice kind="bad" role="alert" title={t("first.slow")} />;
    return <Failure error={error} />;
}

// `refused` is what the server said of this very value.
function DomainField({ value, refused, ...field }) {
    const { t } = useWords();
    const bad = NO_DOMAIN.test(value.trim());
    return (
        <Field
            label={t("first.domain")}
            name="domain"
            autocomplete="off"
            autocapitalize="none"
            inputMode="url"
            placeholder="example.org"
            maxLength={1023}
            required
            value={value}
            note={refused ?? t(bad ? "first.domain_bad" : "first.domain_note")}
            noteKind={refused || bad ? "bad" : "plain"}
            {...field}
        />
    );
}

function UserField({ value, domain, refused, ...field }) {
    const { t } = useWords();
    const bad = NO_USER.test(value);
    const known = value && domain && !bad && !NO_DOMAIN.test(domain);
    return (
        <Field
            label={t("first.user")}
            name="user"
            autocomplete="username"
            autocapitalize="none"
            maxLength={1023}
            required
            value={value}
            note={refused ?? (known ? t("first.will_be", { jid: `${value}@${domain}` }) : t(bad ? "first.user_bad" : "first.user_note"))}
            noteKind={refused || bad ? "bad" : "plain"}
            {...field}
        />
    );
}

// The first field that is wrong, or the first of all.
function focusField(form) {
    (form?.querySelector("input[aria-invalid=true]") ?? form?.querySelector(".box input"))?.focus();
}

// `onGone`: somebody else was faster.
function useSetUp({ secret, onGone, form }) {
    const [error, setError] = useState(null); // {fault, place}
    const [busy, setBusy] = useState(false);
    useEffect(() => focusField(form.current), [error]);
    const submit = (domain, user, password) => {
        setBusy(true);
        setError(null);
        const done = ({ jid }) => {
            madeAtSetUp.set(jid);
            go("/", { replace: true });
        };
        const refused = (fault) => {
            if (fault.status === 404) return onGone();
            setBusy(false);
            setError({ fault, place: placeOf(fault, domain) });
        };
        api.setUp(secret, domain, user, password).then(done, refused);
    };
    return { error, busy, submit, forget: () => error && setError(null) };
}

export function SetUpForm({ secret, domain: given, onGone }) {
    const { t, server } = useWords();
    const form = useRef(null);
    const [typed, setTyped] = useState({ domain: "", user: "" });
    const choice = usePassword();
    const { error, busy, submit, forget } = useSetUp({ secret, onGone, form });
    const domain = given ?? typed.domain.trim();
    const type = (name) => (event) => {
        forget();
        setTyped({ ...typed, [name]: event.currentTarget.value });
    };
    const said = (place) => (error?.place === place ? server(error.fault.sentence) : undefined);
    const send = (event) => {
        event.preventDefault();
        if (busy) return;
        if ((!given && NO_DOMAIN.test(domain)) || NO_USER.test(typed.user)) return focusField(form.current);
        submit(domain, typed.user, choice.password);
    };
    return (
        <form class="form" ref={form} onSubmit={send} autocomplete="off">
            <Refused error={error?.place === "form" ? error.fault : null} />
            {!given && <DomainField value={typed.domain} refused={said("domain")} onInput={type("domain")} />}
            <UserField value={typed.user} domain={domain} refused={said("user")} onInput={type("user")} />
            <PasswordChoice {...choice} />
            {choice.how === "generated" && <p class="small quiet">{t("first.keep")}</p>}
            <button type="submit" class="button button-main button-wide" disabled={busy}>
                {t(busy ? "first.busy" : "first.do")}
            </button>
        </form>
    );
}
