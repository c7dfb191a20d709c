// The sessions of an account, with what it takes to tell them apart; each can be closed.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { logins } from "../live.js";
import { useLoad, useSessionChanges } from "../load.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { SessionClose } from "./session_close.jsx";
import { SessionState } from "./session_parts.jsx";

const LIMIT = 100;

function SessionLine({ session, onClose }) {
    const { t, format } = useWords();
    const lasts_s = session.connected_s ?? session.detached_s;
    const from = [session.software, session.address].filter(Boolean).join(" · ");
    const resource = session.jid.split("/").slice(1).join("/");
    return (
        <li class="token">
            <div class="token-words">
                <p class="token-name">{resource}</p>
                <p class="quiet small">
                    {from && <span class="token-from">{from}</span>}
                    {t("sessions.lasts", { time: format.span(lasts_s) })}
                </p>
                <div class="small">
                    <SessionState session={session} />
                </div>
            </div>
            {onClose && (
                <button type="button" class="button button-small" onClick={() => onClose(session.jid)}>
                    {t("close.short")}
                    <span class="unseen"> {resource}</span>
                </button>
            )}
        </li>
    );
}

// `done`: what was done to the account last, after which they may be others.
export function UserSessions({ account, full, done, onDone }) {
    const { t } = useWords();
    const [closing, setClosing] = useState(null);
    const changes = useSessionChanges();
    const newest = useStore(logins)[0]?.id;
    const { data, error } = useLoad(
        (signal) => api.sessions({ user: account.user, limit: LIMIT }, signal),
        [account.user, changes, newest, done],
    );
    const sessions = data?.sessions ?? [];
    const finish = (jid) => {
        setClosing(null);
        onDone({ act: "close", jid });
    };
    return (
        <section class="part">
            <h3>{t("one.sessions")}</h3>
            <Failure error={error} />
            {data && !sessions.length && <p class="quiet small">{t("one.no_sessions")}</p>}
            {sessions.length > 0 && (
                <ul class="tokens" aria-label={t("one.sessions")}>
                    {sessions.map((session) => (
                        <SessionLine
                            key={`${session.loop}/${session.id}`}
                            session={session}
                            onClose={full ? setClosing : null}
                        />
                    ))}
                </ul>
            )}
            {closing && <SessionClose jid={closing} onDone={finish} onCancel={() => setClosing(null)} />}
        </section>
    );
}
