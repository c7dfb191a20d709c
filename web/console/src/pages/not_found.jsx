import { useWords } from "../i18n.js";
import { follow } from "../router.js";
import { Empty } from "../ui/parts.jsx";

export function NotFound() {
    const { t } = useWords();
    return (
        <Empty icon="search" title={t("lost.title")}>
            <a href="/" onClick={follow}>
                {t("lost.home")}
            </a>
        </Empty>
    );
}
