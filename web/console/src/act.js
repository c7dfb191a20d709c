// What a button does: it is busy until the server has answered; a failure is shown, and the focus goes
// back to `first`, which also has it at the beginning.
import { useEffect, useState } from "preact/hooks";

export function useAct(first) {
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => first.current.focus(), []);
    const refused = (fault) => {
        setBusy(false);
        setError(fault);
        first.current?.focus();
    };
    const act = (run, onDone) => {
        if (busy) return;
        setBusy(true);
        setError(null);
        run().then(onDone, refused);
    };
    return { error, busy, act };
}
