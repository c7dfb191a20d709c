// What a page asks of the server: the last answer stays until the next one is there.
import { useEffect, useState } from "preact/hooks";
import { status } from "./live.js";
import { patiently } from "./patience.js";
import { useStore } from "./store.js";

// `ask(signal)` is called when one of `deps` changes, and again after a server that did not answer does; an
// answer that is late is dropped.
export function useLoad(ask, deps) {
    const [state, setState] = useState({ data: null, error: null, loading: true });
    useEffect(() => {
        const stop = new AbortController();
        setState((before) => ({ ...before, loading: true }));
        patiently(() => ask(stop.signal), stop.signal).then(
            (data) => stop.signal.aborted || setState({ data, error: null, loading: false }),
            (error) => stop.signal.aborted || setState((before) => ({ data: before.data, error, loading: false })),
        );
        return () => stop.abort();
    }, deps);
    return state;
}

// `value`, once it has been the same for `ms`.
export function useSettled(value, ms) {
    const [settled, setSettled] = useState(value);
    useEffect(() => {
        const timer = setTimeout(() => setSettled(value), ms);
        return () => clearTimeout(timer);
    }, [value, ms]);
    return settled;
}

// Another one whenever a session came or went; a server that is older tells only how many there are.
export function useSessionChanges() {
    const now = useStore(status);
    return now?.changes ?? now?.sessions;
}
