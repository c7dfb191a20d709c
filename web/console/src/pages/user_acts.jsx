// What can be done to an account: each act says what follows from it before it is done.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useChanged, useDraft } from "../draft.js";
import { useWords } from "../i18n.js";
import { Confirm } from "../ui/confirm.jsx";
import { Failure } from "../ui/failure.jsx";
import { Field } from "../ui/field.jsx";
import { Icon } from "../ui/icon.jsx";
import { Notice } from "../ui/parts.jsx";
import { AccountMeanwhile } from "./meanwhile.jsx";
import { PasswordChoice, usePassword } from "./password_choice.jsx";
import { RoleChoice, roleOf } from "./user_role.jsx";

const REASON_BYTES = 250;

// Whether it is offered, how grave it is, its icon, and the call; `given` is what its form asked for.
// `over` is what it replaces, and `event` is what made that, in the audit trail. `unmakes` says whether who
// was an administrator is none after it.
const ACTS = {
    password: { icon: "key", kind: "warn", over: ({ password_s }) => password_s, event: "account.password", run: (user, { password }) => api.setPassword(user, password) },
    logout: { icon: "out", kind: "warn", when: (account) => !account.disabled, run: (user) => api.logout(user) },
    role: { icon: "role", kind: "plain", over: roleOf, event: "account.role", unmakes: ({ role }) => role !== "full", run: (user, { role }) => api.setRole(user, role) },
    enable: {
        icon: "check",
        kind: "plain",
        when: (account) => account.disabled,
        over: (account) => account.disabled,
        event: "account.enabled",
        run: (user) => api.enable(user),
    },
    disable: {
        icon: "stop",
        kind: "warn",
        when: (account) => !account.disabled,
        over: ({ disabled, reason }) => disabled && (reason ?? ""),
        event: "account.disabled",
        unmakes: () => true,
        run: (user, { reason }) => api.disable(user, reason),
    },
    remove: { icon: "trash", kind: "bad", unmakes: () => true, run: (user) => api.remove(user) },
};

// Whether that can be done to the account now.
export function isOffered(act, account) {
    return Object.hasOwn(ACTS, act) && (ACTS[act].when?.(account) ?? true);
}

export function ActList({ account, left, onAct }) {
    const { t } = useWords();
    const back = useRef(null);
    useLayoutEffect(() => back.current?.focus(), []);
    const offered = Object.entries(ACTS).filter(([act]) => isOffered(act, account));
    return (
        <section class="part">
            <h3>{t("one.acts")}</h3>
            <ul class="acts">
                {offered.map(([act, { icon, kind }]) => (
                    <li key={act}>
                        <button
                            type="button"
                            class={`act act-${kind}`}
                            ref={act === left ? back : undefined}
                            onClick={() => onAct(act)}
                        >
                            <Icon name={icon} />
                            <span>
                                <span class="act-name">{t(`act.${act}.name`)}</span>
                                <span class="act-lead">{t(`act.${act}.lead`)}</span>
                            </span>
                            <Icon name="right" class="act-turn" />
                        </button>
                    </li>
                ))}
            </ul>
        </section>
    );
}

const bytesOf = (text) => new TextEncoder().encode(text).length;

function ReasonField({ given, onGiven, tried }) {
    const { t } = useWords();
    const long = bytesOf(given.reason) > REASON_BYTES;
    return (
        <Field
            label={t("act.reason")}
            name="reason"
            autocomplete="off"
            maxLength={REASON_BYTES}
            value={given.reason}
            note={t(long ? "act.reason_long" : "act.reason_note")}
            noteKind={long && tried ? "bad" : long ? "warn" : "plain"}
            onInput={(event) => onGiven({ ...given, reason: event.currentTarget.value })}
        />
    );
}

function NameAgainField({ account, given, onGiven, tried }) {
    const { t } = useWords();
    const wrong = tried && !isNamed(given, account);
    return (
        <Field
            label={t("act.type_name", { user: account.user })}
            name="name-again"
            autocomplete="off"
            autocapitalize="none"
            maxLength={1023}
            value={given.name}
            note={wrong ? t("act.other_name", { user: account.user }) : ""}
            noteKind={wrong ? "bad" : "plain"}
            onInput={(event) => onGiven({ ...given, name: event.currentTarget.value })}
        />
    );
}

// An input method may compose a letter in another way than the server does.
function isNamed({ name }, { user }) {
    return name.trim().normalize("NFC") === user.normalize("NFC");
}

// Whether what the form asked for is there.
const READY = {
    password: (given) => given.password !== "",
    role: (given, account) => given.role !== roleOf(account),
    disable: (given) => bytesOf(given.reason) <= REASON_BYTES,
    remove: isNamed,
};

// What was done to the account since the form was opened, and would be replaced by what the form does.
function ActMeanwhile({ act, account, state }) {
    const { t } = useWords();
    const value = act === "role" ? t(`role.${state}`) : state || t("meanwhile.none");
    return <AccountMeanwhile what={act} action={ACTS[act].event} account={account} state={state} value={value} />;
}

// Asks once more before nobody is an administrator any more.
function LastAdmin({ account, run, onDone, onCancel }) {
    const { t } = useWords();
    return (
        <Confirm title={t("last.title", { user: account.user })} words={t("last.do")} kind="bad" run={run} onDone={onDone} onCancel={onCancel}>
            <p>{t("last.then")}</p>
            <p>{t("last.back")}</p>
        </Confirm>
    );
}

export function ActForm({ act, account, onDone, onCancel }) {
    const { t } = useWords();
    const { kind, run, over, unmakes } = ACTS[act];
    const state = over?.(account);
    const changed = useChanged(state);
    const form = useRef(null);
    const choice = usePassword();
    const role = useDraft(roleOf(account)); // one that was not chosen here follows
    const [fields, setFields] = useState({ reason: "", name: "" });
    const [tried, setTried] = useState(false);
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const [asking, setAsking] = useState(false); // once more
    const given = { ...fields, role: role.value, password: choice.password };
    const focusFirst = () => form.current?.querySelector(".box input, .options :checked, button[type=submit]").focus();
    useLayoutEffect(focusFirst, []);

    const refused = (fault) => {
        setBusy(false);
        setError(fault);
        focusFirst();
    };
    const done = ({ jid, last_admin }) =>
        onDone({ act, jid, last_admin, password: act === "password" ? given.password : null });
    const submit = (event) => {
        event.preventDefault();
        setTried(true);
        if (busy) return;
        if (READY[act] && !READY[act](given, account)) {
            focusFirst();
            return;
        }
        setError(null);
        if (account.last_admin && unmakes?.(given)) {
            setAsking(true);
            return;
        }
        setBusy(true);
        run(account.user, given).then(done, refused);
    };
    return (
        <form class="form" ref={form} onSubmit={submit} autocomplete="off">
            <h3>{t(`act.${act}.name`)}</h3>
            <Failure error={error} />
            <Notice kind={kind} title={t(`act.${act}.then`, { user: account.user })}>
                <p>{t(`act.${act}.note`, { user: account.user })}</p>
            </Notice>
            {changed && !busy && <ActMeanwhile act={act} account={account} state={state} />}
            {act === "password" && <PasswordChoice {...choice} />}
            {act === "role" && <RoleChoice account={account} role={role.value} onRole={role.type} tried={tried} />}
            {act === "disable" && <ReasonField given={fields} onGiven={setFields} tried={tried} />}
            {act === "remove" && <NameAgainField account={account} given={fields} onGiven={setFields} tried={tried} />}
            <div class="form-foot">
                <button type="button" class="button" onClick={onCancel}>
                    {t("new.cancel")}
                </button>
                <button type="submit" class={`button ${kind === "bad" ? "button-bad" : "button-main"}`} disabled={busy}>
                    {t(busy ? "act.busy" : `act.${act}.do`)}
                </button>
            </div>
            {asking && (
                <LastAdmin
                    account={account}
                    run={() => run(account.user, given)}
                    onDone={done}
                    onCancel={() => setAsking(false)}
                />
            )}
        </form>
    );
}
