import { useWords } from "../i18n.js";
import { follow } from "../router.js";
import { BothWays, SessionMechanism, SessionState, SessionTls, Since } from "./session_parts.jsx";

function SessionRow({ session, to, onClose }) {
    const { t } = useWords();
    const [bare, resource] = session.jid.split(/\/(.*)/s);
    return (
        <tr>
            <th scope="row" class="cell-main">
                <a href={to} onClick={follow}>
                    {bare}
                </a>
                <span class="quiet cut">{resource}</span>
                <span class="cell-state">
                    <SessionState session={session} />
                </span>
            </th>
            <td data-label={t("sessions.client")}>
                <div>
                    {session.software ?? "–"}
                    <span class="quiet mono">{session.address}</span>
                </div>
            </td>
            <td data-label={t("sessions.tls")} class="cell-wide">
                <SessionTls session={session} />
            </td>
            <td data-label={t("sessions.mechanism")} class="cell-wide how">
                <SessionMechanism session={session} />
            </td>
            <td data-label={t("sessions.traffic")} class="cell-wide cell-number">
                <BothWays session={session} />
            </td>
            <td data-label={t("sessions.since")} class="cell-number">
                <Since session={session} />
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

// `to(jid)` is where a session is shown; without `onClose`, none can be closed.
export function SessionTable({ sessions, to, onClose }) {
    const { t } = useWords();
    const heads = ["jid", "client", "tls", "mechanism", "traffic", "since"];
    return (
        <table class="table table-sessions">
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
                    <SessionRow
                        key={`${session.loop}/${session.id}`}
                        session={session}
                        to={to(session.jid)}
                        onClose={onClose}
                    />
                ))}
            </tbody>
        </table>
    );
}
