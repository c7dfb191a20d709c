// A task beside a page: the browser's own modal dialog, at the right edge.
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n.js";
import { Icon } from "./icon.jsx";

export function Drawer({ title, onClose, children }) {
    const { t } = useWords();
    const ref = useRef(null);
    const id = useId();
    // Before the effects of what is inside, which may want the focus.
    useLayoutEffect(() => ref.current.showModal(), []);
    return (
        <dialog
            ref={ref}
            class="drawer"
            aria-labelledby={id}
            onCancel={(event) => (event.preventDefault(), onClose())}
            onMouseDown={(event) => event.target === ref.current && onClose()}
        >
            <div class="drawer-body">
                <div class="drawer-head">
                    <h2 id={id}>{title}</h2>
                    <button type="button" class="icon-button" aria-label={t("drawer.close")} onClick={onClose}>
                        <Icon name="close" />
                    </button>
                </div>
                {children}
            </div>
        </dialog>
    );
}
