// The question before something that cannot be taken back at once: the focus is on what changes nothing.
import { useRef } from "preact/hooks";
import { useAct } from "../act.js";
import { useWords } from "../i18n.js";
import { Question } from "./drawer.jsx";
import { Failure } from "./failure.jsx";

// `run()` does it, then `onDone(answer)` follows; `words` are those of the button that does it.
export function Confirm({ title, words, kind = "main", run, onDone, onCancel, children }) {
    const { t } = useWords();
    const first = useRef(null);
    const { error, busy, act } = useAct(first);
    return (
        <Question title={title} onClose={onCancel}>
            <div class="form">
                <Failure error={error} />
                {children}
                <div class="form-foot">
                    <button type="button" class="button" ref={first} onClick={onCancel}>
                        {t("new.cancel")}
                    </button>
                    <button type="button" class={`button button-${kind}`} disabled={busy} onClick={() => act(run, onDone)}>
                        {busy ? t("act.busy") : words}
                    </button>
                </div>
            </div>
        </Question>
    );
}
