// Who has given wrong passwords lately, and how long the next attempt is made to wait.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { isThisMachine } from "../hosts.js";
import { useWords } from "../i18n.js";
import { logins, status } from "../live.js";
import { useLoad } from "../load.js";
import { address, follow } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Outcome } from "../ui/outcome.jsx";

const AGAIN_S = 10; // debts decay

// A subscriber of IPv6 owes as a whole: "2001:db8::/64" is how its addresses begin.
const beginOf = (who) => who.replace(/::?\/64$/, ":");

function Debt({ debt, full, onForgive }) {
    const { t, format } = useWords();
    const { kind, who, failures, hold_ms, waiting } = debt;
    const sign_ins = kind === "address" ? { from: beginOf(who) } : { user: who };
    return (
        <li class="token">
            <div class="token-words">
                <a class="token-name mono" href={address("/sign-ins", { ...sign_ins, failed: "1" })} onClick={follow}>
                    <span class="unseen">{t(`debt.${kind}`)} </span>
                    {who}
                </a>
                <p class={hold_ms > 0 ? "small" : "quiet small"}>
                    {hold_ms > 0 ? t("debt.hold", { time: format.ms(hold_ms) }) : t("debt.no_hold")}
                </p>
                <p class="quiet small">
                    {t("debt.failures", { n: Math.round(failures) })}
                    {waiting > 0 && t("debt.waiting", { n: waiting })}
                </p>
            </div>
            {full && (
                <div class="token-acts">
                    {kind === "address" && !isThisMachine(who) && (
                        <a class="button button-small" href={address("/security", { block: who })} onClick={follow}>
                            {t("debt.block")}
                            <span class="unseen"> {who}</span>
                        </a>
                    )}
                    <button type="button" class="button button-small" onClick={() => onForgive(debt)}>
                        {t("debt.forgive")}
                        <span class="unseen"> {who}</span>
                    </button>
                </div>
            )}
        </li>
    );
}

export function Throttle({ full }) {
    const { t } = useWords();
    const [done, setDone] = useState(null);
    const [fault, setFault] = useState(null);
    const newest = useStore(logins)[0]?.id;
    const tick = Math.floor((useStore(status)?.uptime_s ?? 0) / AGAIN_S);
    const { data, error } = useLoad((signal) => api.throttle(signal), [newest, tick, done]);
    const forgive = ({ kind, who }) => {
        setFault(null);
        api.forgive(kind, who).then(() => setDone({ who }), setFault);
    };
    return (
        <section class="card part">
            <div class="card-head">
                <h2>{t("debt.title")}</h2>
            </div>
            {done && <Outcome of={done} title={t("debt.forgiven", { who: done.who })} />}
            <p class="quiet">{t("debt.lead")}</p>
            <Failure error={fault ?? error} />
            {data && !data.debts.length && <p>{t("debt.nobody")}</p>}
            {data?.debts.length > 0 && (
                <ul class="tokens" aria-label={t("debt.title")}>
                    {data.debts.map((debt) => (
                        <Debt key={`${debt.kind}/${debt.who}`} debt={debt} full={full} onForgive={forgive} />
                    ))}
                </ul>
            )}
        </section>
    );
}
