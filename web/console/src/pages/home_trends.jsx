// How fast the server goes: what it carries, and how late it is. A server that does not say so has none.
import { seriesOf } from "../figures.js";
import { useWords } from "../i18n.js";
import { history } from "../live.js";
import { useStore } from "../store.js";
import { Trend } from "../ui/charts.jsx";

// `said`: the server tells it, though there may be no value yet.
function TrendCard({ said, label, note, values, say }) {
    const { t } = useWords();
    if (!said) return null;
    const now = values.length ? say(values.at(-1)) : "–";
    const most = values.length ? say(Math.max(...values)) : "–";
    return (
        <section class="card trend">
            <h2 class="figure-label">{label}</h2>
            <p class="trend-value">{now}</p>
            <Trend values={values} top={most} summary={t("home.trend", { label, now, most })} />
            <p class="axis">
                <span>{note}</span>
                <span>{t("home.now")}</span>
            </p>
        </section>
    );
}

export function Trends({ now }) {
    const { t, format } = useWords();
    const past = useStore(history);
    const worst = now.commit?.worst_ms;
    return (
        <div class="trends">
            <TrendCard
                said={now.messages !== undefined}
                label={t("home.messages")}
                note={t("home.messages_note", { n: now.messages })}
                values={seriesOf(past, "rate")}
                say={(rate) => t("home.per_second", { rate: format.rate(rate) })}
            />
            <TrendCard
                said={now.lag_ms !== undefined}
                label={t("home.lag")}
                note={t("home.lag_note")}
                values={seriesOf(past, "lag")}
                say={format.fine}
            />
            <TrendCard
                said={now.commit !== undefined}
                label={t("home.commit")}
                note={worst >= 0 && t("home.commit_note", { worst: format.fine(worst) })}
                values={seriesOf(past, "commit")}
                say={format.fine}
            />
        </div>
    );
}
