import { useWords } from "../i18n.js";
import { warnings } from "../ladder.js";
import { address, follow } from "../router.js";
import { Notice } from "../ui/parts.jsx";

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
    const found = warnings(now, list, time_ms);
    return (
        <section class="card">
            <div class="card-head">
                <h2>{t("home.attention")}</h2>
            </div>
            {found.length ? (
                <ul class="warnings">
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
