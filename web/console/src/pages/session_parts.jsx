// What the table of sessions and the drawer of one say in the same way. What a server does not tell is "–".
import { useWords } from "../i18n.js";
import { Badge, Dot } from "../ui/parts.jsx";

const DAY_S = 86400;

export const isLost = (session) => session.detached_s !== undefined;

export function SessionState({ session }) {
    const { t, format } = useWords();
    const lost = isLost(session);
    const left = Math.max(0, session.resumable_s - session.detached_s);
    const present = session.available ? "sessions.available" : "sessions.quiet";
    return (
        <span class="state">
            <Dot kind={lost ? "warn" : session.available ? "good" : "off"} />
            <span>
                {t(lost ? "sessions.lost" : present)}
                {lost && <span class="quiet">{t("sessions.waiting", { time: format.span(left) })}</span>}
                {session.queued_bytes > 0 && (
                    <span class="quiet">{t("sessions.queued", { size: format.bytes(session.queued_bytes) })}</span>
                )}
            </span>
        </span>
    );
}

// Long names of ciphers may go on in the next line after a part.
function Cipher({ name }) {
    return name.split(/(?<=[_-])/).map((part, i) => [i > 0 && <wbr key={`${i}w`} />, part]);
}

export function SessionTls({ session }) {
    const { t } = useWords();
    if (isLost(session)) return "–";
    return (
        <div>
            {session.tls ?? <Badge kind="bad">{t("sessions.clear")}</Badge>}
            {session.cipher && (
                <span class="quiet">
                    <Cipher name={session.cipher} />
                </span>
            )}
        </div>
    );
}

export function SessionMechanism({ session }) {
    return (
        <div>
            {session.mechanism ?? "–"}
            {session.binding && <span class="quiet">{session.binding}</span>}
        </div>
    );
}

// One direction in words: how many stanzas, and how much that was.
export function Traffic({ stanzas, bytes }) {
    const { t, format } = useWords();
    if (stanzas === undefined || stanzas === null) return "–";
    return (
        <div>
            {t("sessions.stanzas", { n: stanzas })}
            {bytes >= 0 && <span class="quiet">{format.bytes(bytes)}</span>}
        </div>
    );
}

function Way({ way, stanzas, bytes }) {
    const { t, format } = useWords();
    return (
        <>
            <dt>{t(`sessions.${way}`)}</dt>
            <dd>{format.number(stanzas)}</dd>
            <dd class="quiet">{bytes >= 0 && format.bytes(bytes)}</dd>
        </>
    );
}

// Both directions in little room: stanzas, and how much that was.
export function BothWays({ session }) {
    const { stanzas_in, stanzas_out, bytes_in, bytes_out } = session;
    if (stanzas_in === undefined || stanzas_in === null) return "–";
    return (
        <dl class="ways">
            <Way way="in" stanzas={stanzas_in} bytes={bytes_in} />
            <Way way="out" stanzas={stanzas_out} bytes={bytes_out} />
        </dl>
    );
}

// When it began, as exactly as one wants to know.
function momentOf(format, since_s) {
    const old = Date.now() / 1000 - since_s > DAY_S;
    return old ? format.day(since_s * 1000) : format.minute(since_s * 1000);
}

export function Since({ session }) {
    const { format } = useWords();
    const lasts_s = session.connected_s ?? session.detached_s;
    return (
        <div>
            {lasts_s === undefined ? "–" : format.span(lasts_s)}
            {session.since_s > 0 && <span class="quiet">{momentOf(format, session.since_s)}</span>}
        </div>
    );
}
