// The question before a setting goes back to a value that it had, or with `to` null to its default.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Question } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { valueWords } from "./setting_parts.jsx";

export function SettingBack({ row, to, onDone, onCancel }) {
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
    const goBack = () => {
        setBusy(true);
        setError(null);
        const call = to === null ? api.resetSetting(row.name) : api.setSetting(row.name, to);
        call.then(onDone, refused);
    };
    const words = (value) => valueWords(row, value, t);
    return (
        <Question title={t(to === null ? "change.reset_title" : "change.back_title")} onClose={onCancel}>
            <div class="form">
                <Failure error={error} />
                <p class="question-what">{t("change.back_to", { name: row.name, value: words(to ?? row.default) })}</p>
                <p>{t("change.now", { value: words(row.pending ?? row.value) })}</p>
                <p class="quiet">{t("change.kept")}</p>
                <div class="form-foot">
                    <button type="button" class="button" ref={first} onClick={onCancel}>
                        {t("new.cancel")}
                    </button>
                    <button type="button" class="button button-main" disabled={busy} onClick={goBack}>
                        {t(busy ? "act.busy" : "change.do")}
                    </button>
                </div>
            </div>
        </Question>
    );
}
