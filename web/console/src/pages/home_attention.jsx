// What the server warns of, in the reader's language as far as the warning is known, and what shows in
// the sign-ins of the last hour.
import { useWords } from "../i18n.js";
import { warnings } from "../ladder.js";
import { address, follow } from "../router.js";
import { Notice } from "../ui/parts.jsx";

const LEVELS = { error: "bad", warning: "warn" };

// Where something can be done about it here.
const PLACES = {
    "certificate-expired": "/security",
    "certificate-expires": "/security",
    "certificate-name": "/security",
    "certificate-self-signed": "/security",
    "login-legacy": "/security",
};

// Figures come as texts.
function valuesOf(params) {
    return Object.fromEntries(
        Object.entries(params ?? {}).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
    );
}

function ServerWarning({ warning }) {
    const { t, has, server } = useWords();
    const { id, severity, sentence, remedy } = warning;
    const params = valuesOf(warning.params);
    const known = has(`alert.${id}`);
    return (
        <li>
            <Notice kind={LEVELS[severity] ?? "warn"} title={known ? t(`alert.${id}`, params) : server(sentence)}>
                <p>{known ? t(`alert.${id}.fix`, params) : server(remedy ?? "")}</p>
                {PLACES[id] && (
                    <a href={PLACES[id]} onClick={follow}>
                        {t("warn.go")}
                    </a>
                )}
            </Notice>
        </li>
    );
}

function Warning({ kind, level, ...values }) {
    const { t } = useWords();
    return (
        <li>
            <Notice kind={level} title={t(`warn.${kind}`, values)}>
                <p>{t(`warn.${kind}.fix`)}</p>
                {values.n > 0 && (
                    <a href={address("/sign-ins", { failed: "1" })} onClick={follow}>
                        {t("warn.show")}
                    </a>
                )}
            </Notice>
        </li>
    );
}

export function Attention({ now, list, time_ms }) {
    const { t } = useWords();
    const said = [...(now.warnings ?? [])].sort((a, b) => (b.severity === "error") - (a.severity === "error"));
    const found = warnings(now, list, time_ms);
    return (
        <section class="card">
            <div class="card-head">
                <h2>{t("home.attention")}</h2>
            </div>
            {said.length + found.length ? (
                <ul class="warnings">
                    {said.map((warning, i) => (
                        <ServerWarning key={`${warning.id}/${i}`} warning={warning} />
                    ))}
                    {found.map((warning) => (
                        <Warning key={warning.kind} {...warning} />
                    ))}
                </ul>
            ) : (
                <Notice kind="good" title={t("warn.none")}>
                    <p>{t("warn.none.note")}</p>
                </Notice>
            )}
        </section>
    );
}
