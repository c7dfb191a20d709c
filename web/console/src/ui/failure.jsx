// A call that failed, in the reader's language as far as the code is known.
import { useWords } from "../i18n.js";
import "../server_reasons.js";
import { Notice } from "./parts.jsx";

export function Failure({ error }) {
    const { t, has, server } = useWords();
    if (!error) return null;
    const known = `error.${error.code}`;
    // The remedy of "usage" names the help of a command line, which a page has not.
    const helps = error.remedy && !has(known) && error.code !== "usage";
    return (
        <Notice kind="bad" role="alert" title={has(known) ? t(known) : server(error.sentence)}>
            {helps && <p>{server(error.remedy)}</p>}
        </Notice>
    );
}
