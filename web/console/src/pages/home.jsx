import { useWords } from "../i18n.js";
import { buckets } from "../ladder.js";
import { history, logins, status } from "../live.js";
import "../messages/home.js";
import "../messages/sign_ins.js";
import { follow } from "../router.js";
import { useStore } from "../store.js";
import { Bars, Spark } from "../ui/charts.jsx";
import { CopyButton } from "../ui/copy.jsx";
import { Empty, PageHead } from "../ui/parts.jsx";
import { Attention } from "./home_attention.jsx";
import { Trends } from "./home_trends.jsx";
import { LoginRows } from "./login_rows.jsx";

const MINUTE_MS = 60000;
const BARS = 60;

function Figure({ label, value, note, values }) {
    return (
        <section class="card figure">
            <h2 class="figure-label">{label}</h2>
            <p class="figure-value">{value}</p>
            <Spark values={values} />
            <p class="figure-note">{note}</p>
        </section>
    );
}

// The sums of five bars each: a line of one minute each would be all teeth.
function fiveMinutes(recent) {
    const sums = Array(recent.length / 5).fill(0);
    recent.forEach((bucket, i) => (sums[Math.floor(i / 5)] += bucket.good + bucket.failed));
    return sums;
}

function Figures({ now, recent }) {
    const { t, format } = useWords();
    const past = useStore(history);
    const memory = past.at(-1)?.memory ?? 0;
    const good = recent.reduce((sum, bucket) => sum + bucket.good, 0);
    const failed = recent.reduce((sum, bucket) => sum + bucket.failed, 0);
    const n = format.number;
    return (
        <div class="figures">
            <Figure
                label={t("home.online")}
                value={n(now.sessions)}
                note={t("home.connections", { n: now.connections, sessions: now.sessions })}
                values={past.map((point) => point.sessions)}
            />
            <Figure
                label={t("home.signing_in")}
                value={n(now.signing_in)}
                note={t("home.signing_in_note")}
                values={past.map((point) => point.signingIn)}
            />
            <Figure
                label={t("home.sign_ins")}
                value={n(good + failed)}
                note={failed ? t("home.failed", { n: failed }) : t("home.none_failed")}
                values={fiveMinutes(recent)}
            />
            <Figure
                label={t("home.memory")}
                value={format.bytes(memory)}
                note={t("home.loops", { n: now.loops.length })}
                values={past.map((point) => point.memory)}
            />
        </div>
    );
}

function Hour({ recent }) {
    const { t, format } = useWords();
    const good = recent.reduce((sum, bucket) => sum + bucket.good, 0);
    const failed = recent.reduce((sum, bucket) => sum + bucket.failed, 0);
    const label = (bucket) => t("home.bar", { time: format.minute(bucket.at_ms), good: bucket.good, failed: bucket.failed });
    return (
        <section class="card">
            <div class="card-head">
                <h2>{t("home.hour")}</h2>
                <p class="key">
                    <span class="key-good" /> {t("home.key_good")} <span class="key-bad" /> {t("home.key_bad")}
                </p>
            </div>
            <Bars buckets={recent} label={label} summary={t("home.hour_summary", { good, failed })} />
            <p class="axis">
                <span>{format.minute(recent[0].at_ms)}</span>
                <span>{format.minute(recent[BARS / 2].at_ms)}</span>
                <span>{t("home.now")}</span>
            </p>
        </section>
    );
}

function Latest({ list }) {
    const { t } = useWords();
    return (
        <section class="card card-flush">
            <div class="card-head">
                <h2>{t("home.latest")}</h2>
                <a href="/sign-ins" onClick={follow}>
                    {t("home.all")}
                </a>
            </div>
            {list.length ? <LoginRows logins={list.slice(0, 6)} /> : <Empty icon="xray" title={t("xray.empty")} />}
        </section>
    );
}

function Server({ now }) {
    const { t, format } = useWords();
    const { certificate } = now;
    return (
        <section class="card">
            <div class="card-head">
                <h2>{t("home.server")}</h2>
            </div>
            <dl class="facts">
                {now.listening?.length > 0 && (
                    <>
                        <dt>{t("home.listening")}</dt>
                        <dd>
                            <ul class="mono">
                                {now.listening.map((where) => (
                                    <li key={where}>{where}</li>
                                ))}
                            </ul>
                        </dd>
                    </>
                )}
                <dt>{t("home.certificate")}</dt>
                <dd>{certificate.names || certificate.subject}</dd>
                <dt>{t("home.until")}</dt>
                <dd>{format.day(certificate.not_after_s * 1000)}</dd>
                <dt>{t("home.pin")}</dt>
                <dd class="pin">
                    <code>{certificate.pin}</code>
                    <CopyButton text={certificate.pin} label={t("home.copy_pin")} />
                </dd>
            </dl>
        </section>
    );
}

export function Home() {
    const { t, format } = useWords();
    const now = useStore(status);
    const list = useStore(logins);
    if (!now) return <PageHead title={t("home.title")} lead={t("load.waiting")} />;
    const time_ms = Date.now();
    const recent = buckets(list, time_ms, MINUTE_MS, BARS);
    return (
        <>
            <PageHead
                title={now.domain}
                lead={t("home.lead", { version: now.version, time: format.span(now.uptime_s) })}
            />
            <Figures now={now} recent={recent} />
            <Trends now={now} />
            <div class="columns">
                <div class="column">
                    <Hour recent={recent} />
                    <Latest list={list} />
                </div>
                <div class="column">
                    <Attention now={now} list={list} time_ms={time_ms} />
                    <Server now={now} />
                </div>
            </div>
        </>
    );
}
