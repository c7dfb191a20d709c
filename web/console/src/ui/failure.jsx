// A call that failed, in the reader's language as far as the code is known.
import { useWords } from "../i18n.js";
import { Notice } from "./parts.jsx";

export function Failure({ error }) {
    const { t, has, server } = useWords();
    if (!error) return null;
    const known = `error.${error.code}`;
    return (
        <Notice kind="bad" role="alert" title={has(known) ? t(known) : server(error.sentence)}>
            {error.remedy && !has(known) && <p>{server(error.remedy)}</p>}
        </Notice>
    );
}
