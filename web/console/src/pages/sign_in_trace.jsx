// What was said at a sign-in, line by line. The server has put *** for passwords, SASL payloads and tokens.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { useLoad } from "../load.js";
import { linesOf } from "../trace.js";
import { CopyButton } from "../ui/copy.jsx";
import { Failure } from "../ui/failure.jsx";

function Line({ line }) {
    const { t, format } = useWords();
    if (!line.side) return <li class="trace-gap">{line.lost ? t("trace.lost", { n: line.lost }) : line.text}</li>;
    return (
        <li class="trace-line">
            <span class="trace-time">{format.ms(line.at_ms)}</span>
            <abbr class={`trace-side trace-${line.side}`} title={t(`trace.${line.side}`)}>
                {line.side}
            </abbr>
            <code class="trace-text">{line.text}</code>
        </li>
    );
}

function Said({ text }) {
    const { t } = useWords();
    const lines = linesOf(text);
    if (!lines.length) return <p class="quiet">{t("trace.none")}</p>;
    return (
        <ol class="trace" tabIndex={0} aria-label={t("trace.title")}>
            {lines.map((line, i) => (
                <Line key={i} line={line} />
            ))}
        </ol>
    );
}

export function Trace({ id }) {
    const { t } = useWords();
    const { data, error } = useLoad((signal) => api.login(id, signal), [id]);
    return (
        <section class="trace-part">
            <div class="card-head">
                <h3>{t("trace.title")}</h3>
                {data?.trace && <CopyButton text={data.trace} label={t("trace.copy")} />}
            </div>
            <p class="quiet small">{t("trace.note")}</p>
            {error?.code === "not-found" ? <p class="quiet">{t("trace.gone")}</p> : <Failure error={error} />}
            {data && <Said text={data.trace ?? ""} />}
            {!data && !error && <p class="quiet">{t("load.waiting")}</p>}
        </section>
    );
}
