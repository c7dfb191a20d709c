// Has the server read its configuration file and certificate again, and says what came of it.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Question } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Notice } from "../ui/parts.jsx";

function Outcome({ outcome }) {
    const { t, format } = useWords();
    const { error, answer } = outcome;
    if (error) return <Failure error={error} />;
    const until = answer.certificate?.not_after_s;
    return (
        <Notice kind="good" role="status" title={t("set.reloaded")}>
            {until && <p>{t("set.reloaded_cert", { day: format.day(until * 1000) })}</p>}
            {answer.waiting?.length > 0 && <p>{t("set.waiting", { names: answer.waiting.join(", ") })}</p>}
        </Notice>
    );
}

export function Reload() {
    const { t } = useWords();
    const [busy, setBusy] = useState(false);
    const [outcome, setOutcome] = useState(null);
    const finish = (next) => {
        setBusy(false);
        setOutcome(next);
    };
    const reload = () => {
        setBusy(true);
        api.reload().then((answer) => finish({ answer }), (error) => finish({ error }));
    };
    return (
        <>
            <button type="button" class="button" disabled={busy} onClick={reload}>
                <Icon name="renew" />
                {t("set.reload")}
            </button>
            {outcome && (
                <Question title={t("set.reload")} onClose={() => setOutcome(null)}>
                    <Outcome outcome={outcome} />
                </Question>
            )}
        </>
    );
}
