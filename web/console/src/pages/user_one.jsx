// One account in a drawer: what it is, what can be done to it, and what came of that.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { accountChange, logins } from "../live.js";
import { useLoad, useSessionChanges } from "../load.js";
import { useStore } from "../store.js";
import { Drawer } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Notice } from "../ui/parts.jsx";
import { Secret } from "../ui/secret.jsx";
import { ActForm, ActList, isOffered } from "./user_acts.jsx";
import { UserFacts } from "./user_facts.jsx";
import { UserSessions } from "./user_sessions.jsx";
import { UserTokens } from "./user_tokens.jsx";

// Nobody is an administrator any more.
function NoAdmin() {
    const { t } = useWords();
    return (
        <Notice kind="warn" title={t("last.done")}>
            <p>{t("last.back")}</p>
        </Notice>
    );
}

function Done({ done }) {
    const { t } = useWords();
    return (
        <Outcome
            of={done}
            title={t(`act.${done.act}.done`, { jid: done.jid })}
            below={done.last_admin ? <NoAdmin /> : done.password && <Secret text={done.password} />}
        >
            <p>{t(`act.${done.act}.next`)}</p>
        </Outcome>
    );
}

function Gone({ jid, last, onClose }) {
    const { t } = useWords();
    const first = useRef(null);
    useLayoutEffect(() => first.current.focus(), []);
    return (
        <div class="form">
            <Notice kind="good" role="status" title={t("act.remove.done", { jid })}>
                <p>{t("act.remove.next")}</p>
            </Notice>
            {last && <NoAdmin />}
            <div class="form-foot">
                <button type="button" class="button button-main" ref={first} onClick={onClose}>
                    {t("drawer.close")}
                </button>
            </div>
        </div>
    );
}

// Why nothing can be done here, or what can.
function Acts({ who, account, left, onAct }) {
    const { t } = useWords();
    if (who.role !== "full")
        return (
            <Notice title={t("one.read_only")}>
                <p>{t("one.read_only_note")}</p>
            </Notice>
        );
    if (who.user === account.user)
        return (
            <Notice title={t("one.self")}>
                <p>{t("one.self_note")}</p>
            </Notice>
        );
    return <ActList account={account} left={left} onAct={onAct} />;
}

function Overview({ who, account, error, done, left, onAct, onDone }) {
    const full = who.role === "full";
    return (
        <div class="one">
            {done && <Done done={done} />}
            <Failure error={error} />
            <UserFacts account={account} />
            <UserSessions account={account} full={full} onDone={onDone} done={done} />
            <UserTokens account={account} full={full} onDone={onDone} />
            <Acts who={who} account={account} left={left} onAct={onAct} />
        </div>
    );
}

// The account as it is now: asked again when it changed, when it signed in, or somebody came or went.
function useAccount(user, done) {
    const change = useStore(accountChange);
    const changes = useSessionChanges();
    const newest = useStore(logins).find((login) => login.user === user)?.id;
    const mine = change?.user === user ? change : null;
    const gone = mine?.kind === "removed" || done?.act === "remove";
    const kept = useRef(null); // of one that is gone, there is nothing to ask
    const asked = useLoad(
        (signal) => (gone ? Promise.resolve(kept.current) : api.user(user, signal)),
        [user, changes, newest, mine, done],
    );
    kept.current = asked.data;
    return { ...asked, gone };
}

// `wanted`: the act that the address of the page asks for; it is begun once, if it can be done.
export function UserOne({ who, user, wanted, onBegun, onClose }) {
    const { t } = useWords();
    const [act, setAct] = useState(null);
    const [left, setLeft] = useState(null); // the act that was turned away from
    const [done, setDone] = useState(null);
    const { data, error, gone } = useAccount(user, done);
    const domain = who.jid.split("@")[1];
    useLayoutEffect(() => {
        if (!wanted || !data) return;
        if (who.role === "full" && who.user !== data.user && isOffered(wanted, data)) setAct(wanted);
        onBegun();
    }, [wanted, data]);
    const start = (name) => {
        setAct(name);
        setDone(null);
    };
    const turnAway = () => {
        setLeft(act);
        setAct(null);
    };
    const finish = (outcome) => {
        setLeft(null);
        setAct(null);
        setDone(outcome);
    };
    const view = () => {
        if (gone) return <Gone jid={data?.jid ?? `${user}@${domain}`} last={done?.last_admin} onClose={onClose} />;
        if (error && (!data || error.code === "not-found")) return <Failure error={error} />;
        if (!data) return <p class="quiet">{t("load.waiting")}</p>;
        if (act) return <ActForm key={act} act={act} account={data} onDone={finish} onCancel={turnAway} />;
        return <Overview who={who} account={data} error={error} done={done} left={left} onAct={start} onDone={finish} />;
    };
    return (
        <Drawer title={data?.jid ?? user} onClose={onClose}>
            {view()}
        </Drawer>
    );
}
