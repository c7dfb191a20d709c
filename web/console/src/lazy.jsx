// A page whose script is fetched when it is first shown.
import { useEffect, useState } from "preact/hooks";
import { useWords } from "./i18n.js";
import { Notice } from "./ui/parts.jsx";

// The server may be down, or newer than what is open here: then its scripts have other names.
function Missing() {
    const { t } = useWords();
    return (
        <Notice kind="bad" role="alert" title={t("load.missing")}>
            <p>{t("load.missing_note")}</p>
            <button type="button" class="button button-small" onClick={() => location.reload()}>
                {t("load.again")}
            </button>
        </Notice>
    );
}

function Waiting() {
    const { t } = useWords();
    return (
        <p class="quiet waiting" role="status">
            {t("load.waiting")}
        </p>
    );
}

// `load()` resolves to the component.
export function lazy(load) {
    let Page = null;
    return function Lazy(props) {
        const [failed, setFailed] = useState(false);
        const [, setThere] = useState(Page !== null);
        useEffect(() => {
            if (Page) return;
            load().then(
                (found) => {
                    Page = found;
                    setThere(true);
                },
                () => setFailed(true),
            );
        }, []);
        if (Page) return <Page {...props} />;
        return failed ? <Missing /> : <Waiting />;
    };
}
