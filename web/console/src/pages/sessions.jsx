import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { logins } from "../live.js";
import { useLoad, useSessionChanges, useSettled } from "../load.js";
import "../messages/sessions.js";
import "../messages/users.js";
import { address, go } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Empty, PageHead, Search } from "../ui/parts.jsx";
import { SessionClose } from "./session_close.jsx";
import { SessionOne } from "./session_one.jsx";
import { SessionTable } from "./session_table.jsx";

const LIMIT = 1000;
const SETTLE_MS = 200;

function SessionSearch({ q }) {
    const { t } = useWords();
    const [text, setText] = useState(q);
    const settled = useSettled(text.trim(), SETTLE_MS);
    useEffect(() => {
        if (settled !== q) go(address("/sessions", { q: settled }), { replace: true });
    }, [settled]);
    return <Search label={t("sessions.filter")} value={text} onInput={setText} />;
}

// Asked again when somebody comes or goes.
function useSessions(q, closed) {
    const changes = useSessionChanges();
    const newest = useStore(logins)[0]?.id;
    const asked = useLoad((signal) => api.sessions({ limit: LIMIT, q }, signal), [q, changes, newest, closed]);
    const sessions = [...(asked.data?.sessions ?? [])].sort((a, b) => (a.jid < b.jid ? -1 : 1));
    return { ...asked, sessions };
}

export function Sessions({ who, query }) {
    const { t } = useWords();
    const q = query.get("q") ?? "";
    const shown = query.get("jid");
    const [closing, setClosing] = useState(null);
    const [closed, setClosed] = useState(null); // {jid} of the last one
    const { data, sessions, error, loading } = useSessions(q, closed);
    const back = () => go(address("/sessions", { q }));
    const ask = (jid) => {
        setClosed(null);
        setClosing(jid);
    };
    const finish = (jid) => {
        setClosing(null);
        setClosed({ jid });
        if (shown) back();
    };
    const onAsk = who.role === "full" ? ask : null;
    return (
        <>
            <PageHead title={t("sessions.title")} lead={t("sessions.lead")} />
            {closed && <Outcome of={closed} title={t("close.done", { jid: closed.jid })} />}
            <section class="card card-flush" aria-busy={loading}>
                <div class="tools">
                    <SessionSearch q={q} />
                    {data && (
                        <p class="tools-note">{t(data.more ? "sessions.some" : "sessions.count", { n: sessions.length })}</p>
                    )}
                </div>
                <Failure error={error} />
                {sessions.length > 0 && (
                    <SessionTable sessions={sessions} to={(jid) => address("/sessions", { q, jid })} onClose={onAsk} />
                )}
                {data && !sessions.length && <Empty icon="sessions" title={t(q ? "sessions.no_match" : "sessions.none")} />}
            </section>
            {shown && data && (
                <SessionOne
                    jid={shown}
                    session={sessions.find(({ jid }) => jid === shown) ?? null}
                    onAsk={onAsk}
                    onClose={back}
                />
            )}
            {closing && <SessionClose jid={closing} onDone={finish} onCancel={() => setClosing(null)} />}
        </>
    );
}
