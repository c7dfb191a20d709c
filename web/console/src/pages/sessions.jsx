import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { logins, status } from "../live.js";
import { useLoad } from "../load.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Badge, Dot, Empty, Notice, PageHead, Search } from "../ui/parts.jsx";
import { SessionClose } from "./session_close.jsx";

const LIMIT = 1000;

function matches(session, text) {
    const words = [session.jid, session.address, session.mechanism, session.tls].join(" ").toLowerCase();
    return words.includes(text.trim().toLowerCase());
}

function Security({ session }) {
    const { t } = useWords();
    if (session.detached_s !== undefined) return "–";
    const how = [session.mechanism, session.binding].filter(Boolean).join(", ");
    return (
        <div>
            {session.tls ?? <Badge kind="bad">{t("sessions.clear")}</Badge>}
            <span class="quiet how">{how}</span>
        </div>
    );
}

function State({ session }) {
    const { t, format } = useWords();
    const lost = session.detached_s !== undefined;
    const left = Math.max(0, session.resumable_s - session.detached_s);
    const present = session.available ? "sessions.available" : "sessions.quiet";
    return (
        <div class="state">
            <Dot kind={lost ? "warn" : session.available ? "good" : "off"} />
            <span>
                {t(lost ? "sessions.lost" : present)}
                {lost && <span class="quiet">{t("sessions.waiting", { time: format.span(left) })}</span>}
                {session.queued_bytes > 0 && (
                    <span class="quiet">{t("sessions.queued", { size: format.bytes(session.queued_bytes) })}</span>
                )}
            </span>
        </div>
    );
}

function SessionRow({ session, onClose }) {
    const { t, format } = useWords();
    const [bare, resource] = session.jid.split(/\/(.*)/s);
    return (
        <tr>
            <th scope="row" class="cell-main">
                {bare}
                <span class="quiet cut">{resource}</span>
            </th>
            <td data-label={t("sessions.state")}>
                <State session={session} />
            </td>
            <td data-label={t("sessions.address")} class="mono">
                {session.address ?? "–"}
            </td>
            <td data-label={t("sessions.security")}>
                <Security session={session} />
            </td>
            <td data-label={t("sessions.for")} class="cell-when">
                {format.span(session.connected_s ?? session.detached_s)}
            </td>
            {onClose && (
                <td class="cell-go">
                    <button type="button" class="button button-small" onClick={() => onClose(session.jid)}>
                        {t("close.short")}
                        <span class="unseen"> {session.jid}</span>
                    </button>
                </td>
            )}
        </tr>
    );
}

// Without `onClose`, none can be closed.
function SessionTable({ sessions, onClose }) {
    const { t } = useWords();
    const heads = ["jid", "state", "address", "security", "for"];
    return (
        <table class="table">
            <thead>
                <tr>
                    {heads.map((key) => (
                        <th key={key} scope="col">
                            {t(`sessions.${key}`)}
                        </th>
                    ))}
                    {onClose && <td />}
                </tr>
            </thead>
            <tbody>
                {sessions.map((session) => (
                    <SessionRow key={`${session.loop}/${session.id}`} session={session} onClose={onClose} />
                ))}
            </tbody>
        </table>
    );
}

// The row that had the focus is gone with its session: the focus comes here.
function Closed({ jid }) {
    const { t } = useWords();
    const ref = useRef(null);
    useLayoutEffect(() => ref.current.focus(), [jid]);
    return (
        <div class="outcome" ref={ref} tabIndex={-1}>
            <Notice kind="good" role="status" title={t("close.done", { jid })} />
        </div>
    );
}

export function Sessions({ who }) {
    const { t } = useWords();
    const [text, setText] = useState("");
    const [closing, setClosing] = useState(null);
    const [closed, setClosed] = useState(null); // {jid} of the last one
    const online = useStore(status)?.sessions;
    const newest = useStore(logins)[0]?.id;
    const { data, error, loading } = useLoad(() => api.sessions(LIMIT), [online, newest, closed]);
    const all = [...(data?.sessions ?? [])].sort((a, b) => (a.jid < b.jid ? -1 : 1));
    const shown = all.filter((session) => matches(session, text));
    const ask = (jid) => {
        setClosed(null);
        setClosing(jid);
    };
    const finish = (jid) => {
        setClosing(null);
        setClosed({ jid });
    };
    return (
        <>
            <PageHead title={t("sessions.title")} lead={t("sessions.lead")} />
            {closed && <Closed jid={closed.jid} />}
            <section class="card card-flush" aria-busy={loading}>
                <div class="tools">
                    <Search label={t("sessions.filter")} value={text} onInput={setText} />
                    {data && <p class="tools-note">{t(data.more ? "sessions.some" : "sessions.count", { n: shown.length })}</p>}
                </div>
                <Failure error={error} />
                {shown.length > 0 && <SessionTable sessions={shown} onClose={who.role === "full" ? ask : null} />}
                {data && !shown.length && (
                    <Empty icon="sessions" title={t(all.length ? "sessions.no_match" : "sessions.none")} />
                )}
            </section>
            {closing && <SessionClose jid={closing} onDone={finish} onCancel={() => setClosing(null)} />}
        </>
    );
}
