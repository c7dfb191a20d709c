// The question before a session is closed.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Confirm } from "../ui/confirm.jsx";

export function SessionClose({ jid, onDone, onCancel }) {
    const { t } = useWords();
    return (
        <Confirm
            title={t("close.title")}
            words={t("close.do")}
            run={() => api.closeSession(jid)}
            onDone={() => onDone(jid)}
            onCancel={onCancel}
        >
            <p class="question-what">{jid}</p>
            <p>{t("close.then")}</p>
            <p class="quiet">{t("close.note")}</p>
        </Confirm>
    );
}
