import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { logins, status } from "../live.js";
import { useLoad } from "../load.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Badge, Dot, Empty, PageHead, Search } from "../ui/parts.jsx";

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
    const left = Math.max(0, session.resumable_s - session.detached_s);
    if (session.detached_s !== undefined)
        return (
            <div class="state">
                <Dot kind="warn" />
                <span>
                    {t("sessions.lost")}
                    <span class="quiet">{t("sessions.waiting", { time: format.span(left) })}</span>
                </span>
            </div>
        );
    return (
        <span class="state">
            <Dot kind={session.available ? "good" : "off"} />
            {t(session.available ? "sessions.available" : "sessions.quiet")}
        </span>
    );
}

function SessionRow({ session }) {
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
            <td data-label={t("sessions.queued")} class="cell-number">
                {session.queued_bytes ? format.bytes(session.queued_bytes) : "–"}
            </td>
        </tr>
    );
}

function SessionTable({ sessions }) {
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
                    <th scope="col" class="cell-number">
                        {t("sessions.queued")}
                    </th>
                </tr>
            </thead>
            <tbody>
                {sessions.map((session) => (
                    <SessionRow key={`${session.loop}/${session.id}`} session={session} />
                ))}
            </tbody>
        </table>
    );
}

export function Sessions() {
    const { t } = useWords();
    const [text, setText] = useState("");
    const online = useStore(status)?.sessions;
    const newest = useStore(logins)[0]?.id;
    const { data, error, loading } = useLoad(() => api.sessions(LIMIT), [online, newest]);
    const all = [...(data?.sessions ?? [])].sort((a, b) => (a.jid < b.jid ? -1 : 1));
    const shown = all.filter((session) => matches(session, text));
    return (
        <>
            <PageHead title={t("sessions.title")} lead={t("sessions.lead")} />
            <section class="card card-flush" aria-busy={loading}>
                <div class="tools">
                    <Search label={t("sessions.filter")} value={text} onInput={setText} />
                    {data && <p class="tools-note">{t(data.more ? "sessions.some" : "sessions.count", { n: shown.length })}</p>}
                </div>
                <Failure error={error} />
                {shown.length > 0 && <SessionTable sessions={shown} />}
                {data && !shown.length && (
                    <Empty icon="sessions" title={t(all.length ? "sessions.no_match" : "sessions.none")} />
                )}
            </section>
        </>
    );
}
