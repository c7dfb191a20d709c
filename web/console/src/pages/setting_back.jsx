// The question before a setting goes back to a value that it had, or with `to` null to its default.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Confirm } from "../ui/confirm.jsx";
import { valueWords } from "./setting_parts.jsx";

export function SettingBack({ row, to, onDone, onCancel }) {
    const { t } = useWords();
    const words = (value) => valueWords(row, value, t);
    return (
        <Confirm
            title={t(to === null ? "change.reset_title" : "change.back_title")}
            words={t("change.do")}
            run={() => (to === null ? api.resetSetting(row.name) : api.setSetting(row.name, to))}
            onDone={onDone}
            onCancel={onCancel}
        >
            <p class="question-what">{t("change.back_to", { name: row.name, value: words(to ?? row.default) })}</p>
            <p>{t("change.now", { value: words(row.pending ?? row.value) })}</p>
            <p class="quiet">{t("change.kept")}</p>
        </Confirm>
    );
}
