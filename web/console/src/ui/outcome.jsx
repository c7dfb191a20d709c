// What came of an act. The focus comes here, so that it is read out, and not lost with what was pressed.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Notice } from "./parts.jsx";

// `of` changes with each outcome; `below` is what goes with it.
export function Outcome({ of, kind = "good", title, below, children }) {
    const ref = useRef(null);
    useLayoutEffect(() => ref.current.focus(), [of]);
    return (
        <div class="outcome" ref={ref} tabIndex={-1}>
            <Notice kind={kind} role="status" title={title}>
                {children}
            </Notice>
            {below}
        </div>
    );
}
