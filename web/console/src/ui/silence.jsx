// That the server does not answer, for as long as it does not.
import { useWords } from "../i18n.js";
import { silence } from "../patience.js";
import { useStore } from "../store.js";
import { Notice } from "./parts.jsx";

export function Silence() {
    const { t, format } = useWords();
    const quiet = useStore(silence);
    if (!quiet) return null;
    const { since_ms } = quiet;
    const title = since_ms === null ? t("quiet.yet") : t("quiet.since", { time: format.clock(since_ms) });
    return (
        <div class="silence">
            <Notice kind="warn" role="status" title={title}>
                <p>{t(since_ms === null ? "quiet.yet_note" : "quiet.since_note")}</p>
            </Notice>
        </div>
    );
}
