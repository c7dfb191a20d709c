// Sign-in for software of the past: whether it is allowed, and who still needs it.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Confirm } from "../ui/confirm.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Badge, Notice } from "../ui/parts.jsx";
import { FixedBy, isEditable } from "./security_parts.jsx";

function NeededBy({ legacy }) {
    const { t, format } = useWords();
    const { needed_by, more } = legacy;
    if (!needed_by.length) return <p class="quiet">{t("legacy.nobody")}</p>;
    return (
        <>
            <h3 class="card-sub">{t("legacy.needed_by")}</h3>
            <ul class="tokens" aria-label={t("legacy.needed_by")}>
                {needed_by.map((one) => (
                    <li key={`${one.user}/${one.mechanism}`} class="token">
                        <div class="token-words">
                            <a class="token-name" href={address("/users", { user: one.user })} onClick={follow}>
                                {one.user}
                            </a>
                            <p class="quiet small">
                                {one.mechanism}
                                {one.software && `, ${one.software}`}
                            </p>
                        </div>
                        <span class="quiet small">{format.day(one.last_s * 1000)}</span>
                    </li>
                ))}
            </ul>
            {more && <p class="quiet small">{t("legacy.more")}</p>}
        </>
    );
}

function Switching({ on, count, onSaved, onCancel }) {
    const { t } = useWords();
    return (
        <Confirm
            title={t(on ? "legacy.off_title" : "legacy.on_title")}
            words={t(on ? "legacy.off_do" : "legacy.on_do")}
            run={() => api.setSetting("login.legacy", on ? "false" : "true")}
            onDone={onSaved}
            onCancel={onCancel}
        >
            <p>{t(on ? "legacy.off_then" : "legacy.on_then")}</p>
            {on && count > 0 && <p class="bad">{t("legacy.off_who", { n: count })}</p>}
            <p class="quiet">{t("legacy.start")}</p>
        </Confirm>
    );
}

export function Legacy({ legacy, setting, full, saved, onSaved }) {
    const { t } = useWords();
    const [asked, setAsked] = useState(null); // of which state; of another it would be the other question
    const pending = setting?.pending ?? null; // what the next start brings
    const on = (pending ?? String(legacy.enabled)) === "true";
    useEffect(() => setAsked(null), [on]);
    return (
        <section class="card part">
            <div class="card-head">
                <h2>{t("legacy.title")}</h2>
                <Badge kind={legacy.enabled ? "warn" : "plain"}>{t(legacy.enabled ? "legacy.on" : "legacy.off")}</Badge>
            </div>
            {saved && <Outcome of={saved} title={t(saved.applied ? "legacy.saved" : "security.next_start")} />}
            <p class="quiet">{t("legacy.lead")}</p>
            {pending !== null && pending !== String(legacy.enabled) && (
                <Notice kind="warn" title={t(on ? "legacy.will_be_on" : "legacy.will_be_off")} />
            )}
            <FixedBy setting={setting} />
            <NeededBy legacy={legacy} />
            {isEditable(setting, full) && (
                <div>
                    <button type="button" class="button" onClick={() => setAsked(on)}>
                        {t(on ? "legacy.off_do" : "legacy.on_do")}
                    </button>
                </div>
            )}
            {asked === on && (
                <Switching
                    on={on}
                    count={legacy.needed_by.length}
                    onSaved={(answer) => (setAsked(null), onSaved(answer))}
                    onCancel={() => setAsked(null)}
                />
            )}
        </section>
    );
}
