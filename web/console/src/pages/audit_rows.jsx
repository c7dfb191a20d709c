// Entries of the audit trail as sentences, under the day that they are of.
import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Icon } from "../ui/icon.jsx";

const ICONS = {
    account: "users",
    tokens: "key",
    session: "sessions",
    console: "key",
    settings: "settings",
    server: "server",
    block: "stop",
    throttle: "clock",
};
const MARK = "\u0000"; // around a name in a sentence: no name has it

// A sentence with elements where its names stand.
function withNames(sentence, names) {
    return sentence.split(MARK).map((part, i) => (i % 2 ? names[part] : part));
}

function keyOf({ action, object, detail }, has) {
    if (action === "tokens.revoked" && !detail) return "did.tokens.all";
    if (has(`did.${action}`)) return `did.${action}`;
    return object ? "did.other" : "did.bare";
}

function actorWords(actor, t) {
    const uid = /^uid (\d+)$/.exec(actor)?.[1];
    return uid === undefined ? actor : t("trail.local", { uid });
}

// A name that leads to what else was done by it, or to it; the address begins anew at the newest.
function Name({ who, words, kind, filters }) {
    const { t } = useWords();
    return (
        <a
            class="trail-name"
            href={address("/audit", { ...filters, [kind]: who })}
            title={t(`only.${kind}`, { who: words })}
            onClick={follow}
        >
            {words}
        </a>
    );
}

function Sentence({ entry, filters }) {
    const { t, has } = useWords();
    const mark = (name) => `${MARK}${name}${MARK}`;
    const said = t(keyOf(entry, has), { actor: mark("actor"), object: mark("object") });
    const names = {
        actor: <Name who={entry.actor} words={actorWords(entry.actor, t)} kind="actor" filters={filters} />,
        object: entry.object && <Name who={entry.object} words={entry.object} kind="object" filters={filters} />,
    };
    return <p class="trail-said">{withNames(said, names)}</p>;
}

function detailOf({ action, detail }, t, has) {
    const isRole = action === "account.role" || action === "console.signed_in";
    return isRole && has(`role.${detail}`) ? t(`role.${detail}`) : detail;
}

function Entry({ entry, filters }) {
    const { t, has, format } = useWords();
    const time_ms = entry.time_s * 1000;
    const raw = [entry.action, entry.address].filter(Boolean).join(" · ");
    return (
        <li class="trail-entry">
            <span class="trail-sign">
                <Icon name={ICONS[entry.action.split(".")[0]] ?? "audit"} />
            </span>
            <div class="trail-words">
                <Sentence entry={entry} filters={filters} />
                {entry.detail && <p class="trail-detail">{detailOf(entry, t, has)}</p>}
                <p class="trail-raw mono">{raw}</p>
            </div>
            <time class="trail-time" dateTime={new Date(time_ms).toISOString()} title={format.moment(time_ms)}>
                {format.clock(time_ms)}
            </time>
        </li>
    );
}

// [[day, entries], ...]
function byDay(entries, format) {
    const days = new Map();
    for (const entry of entries) {
        const day = format.day(entry.time_s * 1000);
        days.set(day, [...(days.get(day) ?? []), entry]);
    }
    return [...days];
}

export function AuditDays({ entries, filters }) {
    const { t, format } = useWords();
    const today = format.day(Date.now());
    return byDay(entries, format).map(([day, list]) => (
        <section key={day} class="trail-day" aria-label={day}>
            <h2 class="trail-date">
                {day}
                {day === today && <span class="quiet">{t("trail.today")}</span>}
            </h2>
            <ul>
                {list.map((entry) => (
                    <Entry key={entry.id} entry={entry} filters={filters} />
                ))}
            </ul>
        </section>
    ));
}
