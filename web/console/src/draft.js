// What is typed over a value that somebody else may change meanwhile: it is kept until it is saved or
// dropped. As long as nothing else was typed, the value is shown as it is now.
import { useEffect, useState } from "preact/hooks";

// `now`: the value as it is, a text; `plain(text)` is how what is typed would be kept.
// -> {value: what to show, seen: what it was when typing began, typed: whether that is something else,
// meanwhile: whether it is another one by now, neither that nor what is typed, type(text), drop()}
export function useDraft(now, plain = String) {
    const [draft, setDraft] = useState(null); // {value, seen}
    const typed = draft !== null && plain(draft.value) !== draft.seen;
    const current = draft && (typed || draft.seen === now) ? draft : { value: now, seen: now };
    useEffect(() => {
        if (draft && draft.seen !== now && plain(draft.value) === now) setDraft(null); // it was saved
    }, [draft, now]);
    return {
        ...current,
        typed,
        meanwhile: typed && draft.seen !== now && plain(draft.value) !== now,
        type: (value) => setDraft({ value, seen: current.seen }),
        drop: () => setDraft(null),
    };
}

// Whether `now` is another one than when this was first shown.
export function useChanged(now) {
    const [seen] = useState(now);
    return now !== seen;
}
