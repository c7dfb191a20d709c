// The question before a session is closed.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Question } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";

export function SessionClose({ jid, onDone, onCancel }) {
    const { t } = useWords();
    const first = useRef(null);
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => first.current.focus(), []);
    const refused = (fault) => {
        setBusy(false);
        setError(fault);
        first.current?.focus();
    };
    const close = () => {
        setBusy(true);
        setError(null);
        api.closeSession(jid).then(() => onDone(jid), refused);
    };
    return (
        <Question title={t("close.title")} onClose={onCancel}>
            <div class="form">
                <Failure error={error} />
                <p class="question-what">{jid}</p>
                <p>{t("close.then")}</p>
                <p class="quiet">{t("close.note")}</p>
                <div class="form-foot">
                    <button type="button" class="button" ref={first} onClick={onCancel}>
                        {t("new.cancel")}
                    </button>
                    <button type="button" class="button button-main" disabled={busy} onClick={close}>
                        {t(busy ? "act.busy" : "close.do")}
                    </button>
                </div>
            </div>
        </Question>
    );
}
