// Tasks above a page, in the browser's own modal dialog: a drawer at the right edge, or a question in
// the middle.
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n.js";
import { Icon } from "./icon.jsx";
import { Silence } from "./silence.jsx";

// The focus goes back to where it came from; if that is gone, to the page.
function open(dialog) {
    const before = document.activeElement;
    dialog.showModal();
    return () => {
        dialog.close();
        if (!before?.isConnected) document.getElementById("main")?.focus();
    };
}

function Modal({ class: kind, title, onClose, children }) {
    const { t } = useWords();
    const ref = useRef(null);
    const id = useId();
    // Before the effects of what is inside, which may want the focus.
    useLayoutEffect(() => open(ref.current), []);
    return (
        <dialog
            ref={ref}
            class={kind}
            aria-labelledby={id}
            onCancel={(event) => (event.preventDefault(), onClose())}
            onMouseDown={(event) => event.target === ref.current && onClose()}
        >
            <div class={`${kind}-body`}>
                <div class="drawer-head">
                    <h2 id={id}>{title}</h2>
                    <button type="button" class="icon-button" aria-label={t("drawer.close")} onClick={onClose}>
                        <Icon name="close" />
                    </button>
                </div>
                {kind === "drawer" && <Silence />}
                {children}
            </div>
        </dialog>
    );
}

export function Drawer(task) {
    return <Modal class="drawer" {...task} />;
}

export function Question(task) {
    return <Modal class="question" {...task} />;
}
