// What the parts of this page say in the same way.
import { useWords } from "../i18n.js";
import { Notice } from "../ui/parts.jsx";

export const isEditable = (setting, full) => full && setting?.editable !== false;

// Why a setting cannot be changed here; nothing when it can.
export function FixedBy({ setting }) {
    const { t } = useWords();
    if (!setting || setting.editable !== false) return null;
    return (
        <Notice title={t("security.fixed")}>
            <p>{t("security.fixed_note", { where: setting.fixed_by ?? setting.source })}</p>
        </Notice>
    );
}
