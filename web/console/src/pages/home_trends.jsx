// How fast the server goes: what it carries, and how late it is. A server that does not say so has none.
import { seriesOf } from "../figures.js";
import { useWords } from "../i18n.js";
import { history } from "../live.js";
import { useStore } from "../store.js";
import { Trend } from "../ui/charts.jsx";

function TrendCard({ label, note, values, say }) {
    const { t } = useWords();
    if (!values.length) return null;
    const now = say(values.at(-1));
    return (
        <section class="card trend">
            <h2 class="figure-label">{label}</h2>
            <p class="trend-value">{now}</p>
            <Trend values={values} top={say} summary={t("home.trend", { label, now, most: say(Math.max(...values)) })} />
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
                label={t("home.messages")}
                note={now.messages >= 0 && t("home.messages_note", { n: now.messages })}
                values={seriesOf(past, "rate")}
                say={(rate) => t("home.per_second", { rate: format.rate(rate) })}
            />
            <TrendCard
                label={t("home.lag")}
                note={t("home.lag_note")}
                values={seriesOf(past, "lag")}
                say={format.fine}
            />
            <TrendCard
                label={t("home.commit")}
                note={worst >= 0 && t("home.commit_note", { worst: format.fine(worst) })}
                values={seriesOf(past, "commit")}
                say={format.fine}
            />
        </div>
    );
}
