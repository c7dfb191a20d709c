// What the list of settings, one setting and its history say in the same way.
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n.js";
import { Badge, Notice } from "../ui/parts.jsx";

// The words of a value, for a sentence.
export function valueWords(row, value, t) {
    if (value === "") return t("set.empty");
    if (row?.type === "boolean") return t(value === "true" ? "set.on" : "set.off");
    return value;
}

export function Value({ row, value }) {
    const { t } = useWords();
    const words = valueWords(row, value, t);
    return words === value ? <code class="value">{value}</code> : <span class="value">{words}</span>;
}

const KINDS = { console: "accent" };

export function Source({ source }) {
    const { t } = useWords();
    return <Badge kind={KINDS[source]}>{t(`source.${source}`)}</Badge>;
}

export function Pending({ row }) {
    const { t } = useWords();
    if (row.pending === null) return null;
    return <Badge kind="warn">{t("set.pending", { value: valueWords(row, row.pending, t) })}</Badge>;
}

// The focus comes here, so that it is read out and not lost with the button.
export function Outcome({ done, row }) {
    const { t } = useWords();
    const ref = useRef(null);
    useLayoutEffect(() => ref.current.focus(), [done]);
    const when = done.applied ? "set.done_now" : "set.done_later";
    return (
        <div class="outcome" ref={ref} tabIndex={-1}>
            <Notice kind="good" role="status" title={t(when, { name: done.name, value: valueWords(row, done.value, t) })}>
                <p>{t(done.applied ? "set.done_now_note" : "set.done_later_note")}</p>
            </Notice>
        </div>
    );
}
