// One session in a drawer: all that is known of it, for pages too narrow for a table.
import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Drawer } from "../ui/drawer.jsx";
import { Empty } from "../ui/parts.jsx";
import { SessionMechanism, SessionState, SessionTls, Since, Traffic } from "./session_parts.jsx";

function SessionFacts({ session }) {
    const { t } = useWords();
    const facts = [
        ["sessions.state", <SessionState session={session} />],
        ["sessions.client", session.software ?? "–"],
        ["sessions.address", <span class="mono">{session.address ?? "–"}</span>],
        ["sessions.tls", <SessionTls session={session} />],
        ["sessions.mechanism", <SessionMechanism session={session} />],
        ["sessions.received", <Traffic stanzas={session.stanzas_in} bytes={session.bytes_in} />],
        ["sessions.sent", <Traffic stanzas={session.stanzas_out} bytes={session.bytes_out} />],
        ["sessions.since", <Since session={session} />],
    ];
    return <dl class="facts">{facts.map(([key, value]) => [<dt key={key}>{t(key)}</dt>, <dd key={`${key}=`}>{value}</dd>])}</dl>;
}

// `session` is null when there is none any more.
export function SessionOne({ jid, session, onAsk, onClose }) {
    const { t } = useWords();
    const user = jid.split("@")[0];
    return (
        <Drawer title={jid} onClose={onClose}>
            {session ? (
                <div class="one">
                    <section class="part">
                        <SessionFacts session={session} />
                    </section>
                    <p class="small links">
                        <a href={address("/users", { user })} onClick={follow}>
                            {t("sessions.user")}
                        </a>
                        <a href={address("/sign-ins", { user })} onClick={follow}>
                            {t("one.sign_ins")}
                        </a>
                    </p>
                    {onAsk && (
                        <div>
                            <button type="button" class="button" onClick={() => onAsk(jid)}>
                                {t("close.do")}
                            </button>
                        </div>
                    )}
                </div>
            ) : (
                <Empty icon="sessions" title={t("sessions.over")} />
            )}
        </Drawer>
    );
}
