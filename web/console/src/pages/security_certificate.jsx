// The certificate in force, and reading it again.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { daysUntil } from "../ladder.js";
import { CopyButton } from "../ui/copy.jsx";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Badge } from "../ui/parts.jsx";

const SOON_DAYS = 14;

function Until({ certificate }) {
    const { t, format } = useWords();
    const days = daysUntil(certificate.not_after_s, Date.now());
    return (
        <>
            {format.day(certificate.not_after_s * 1000)}{" "}
            <Badge kind={days < 0 ? "bad" : days < SOON_DAYS ? "warn" : "good"}>
                {days < 0 ? t("cert.over") : t("cert.days", { n: days })}
            </Badge>
        </>
    );
}

function Copied({ text, label }) {
    return (
        <div class="pin">
            <code>{text}</code>
            <CopyButton text={text} label={label} />
        </div>
    );
}

function Reload({ onDone }) {
    const { t } = useWords();
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const reload = async () => {
        setBusy(true);
        setError(null);
        await api.reload().then(onDone, setError);
        setBusy(false);
    };
    return (
        <div class="part">
            <Failure error={error} />
            <div>
                <button type="button" class="button" disabled={busy} onClick={reload}>
                    <Icon name="renew" />
                    {t(busy ? "act.busy" : "cert.reload")}
                </button>
            </div>
            <p class="quiet small">{t("cert.reload_note")}</p>
        </div>
    );
}

export function Certificate({ now, full }) {
    const { t } = useWords();
    const [done, setDone] = useState(null);
    const { certificate } = now;
    return (
        <section class="card part">
            <div class="card-head">
                <h2>{t("home.certificate")}</h2>
            </div>
            {done && (
                <Outcome of={done} title={t("cert.reloaded")}>
                    {done.waiting?.length > 0 && <p>{t("cert.waiting", { names: done.waiting.join(", ") })}</p>}
                </Outcome>
            )}
            <dl class="facts">
                <dt>{t("cert.names")}</dt>
                <dd>{certificate.names || certificate.subject}</dd>
                <dt>{t("home.until")}</dt>
                <dd>
                    <Until certificate={certificate} />
                </dd>
                <dt>{t("cert.fingerprint")}</dt>
                <dd>
                    <Copied text={certificate.sha256} label={t("cert.copy_fingerprint")} />
                </dd>
                <dt>{t("home.pin")}</dt>
                <dd>
                    <Copied text={certificate.pin} label={t("home.copy_pin")} />
                </dd>
            </dl>
            {full && <Reload onDone={setDone} />}
        </section>
    );
}
