import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n.js";
import { useSettled } from "../load.js";
import { address, follow, go } from "../router.js";
import { Select } from "../ui/controls.jsx";
import { Icon } from "../ui/icon.jsx";
import { Search } from "../ui/parts.jsx";

const SETTLE_MS = 300;
const KINDS = ["account", "tokens", "session", "console", "settings", "server", "block", "throttle"];

// What the server is asked: it compares names in full, and nobody types the domain of every address.
// Where an object may be a setting or a network, it is as it stands.
export function askedBy({ actor, action, object }, who) {
    const domain = who.jid.split("@")[1];
    const whole = (name) => (/^[^@\s.:/]+$/u.test(name) ? `${name}@${domain}` : name);
    const people = action === "" || action === "account." || action === "tokens." || action === "console.";
    return { actor: whole(actor), action, object: people ? whole(object) : object };
}

function NameFilter({ label, value, onSettled }) {
    const [text, setText] = useState(value);
    const settled = useSettled(text.trim(), SETTLE_MS);
    useEffect(() => setText(value), [value]); // a name in the list was followed
    useEffect(() => {
        if (settled !== value && settled === text.trim()) onSettled(settled);
    }, [settled]);
    return <Search label={label} value={text} onInput={setText} />;
}

export function AuditFilters({ filters }) {
    const { t } = useWords();
    const show = (next) => go(address("/audit", { ...filters, ...next }), { replace: true });
    const kinds = KINDS.map((kind) => [`${kind}.`, t(`kind.${kind}`)]);
    const any = filters.actor || filters.action || filters.object;
    return (
        <div class="tools trail-tools">
            <Select
                label={t("trail.which")}
                value={filters.action}
                options={[["", t("kind.all")], ...kinds]}
                onChange={(action) => show({ action })}
            />
            <NameFilter label={t("trail.actor")} value={filters.actor} onSettled={(actor) => show({ actor })} />
            <NameFilter label={t("trail.object")} value={filters.object} onSettled={(object) => show({ object })} />
            {any && (
                <a class="button" href="/audit" onClick={follow}>
                    <Icon name="close" />
                    {t("trail.clear")}
                </a>
            )}
        </div>
    );
}
