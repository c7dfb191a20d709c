// A value that components follow: `useStore` draws again when it is set.
import { useEffect, useState } from "preact/hooks";

export function store(value) {
    const followers = new Set();
    return {
        get: () => value,
        set(next) {
            if (next === value) return;
            value = next;
            for (const follower of [...followers]) follower(value);
        },
        follow(follower) {
            followers.add(follower);
            return () => followers.delete(follower);
        },
    };
}

export function useStore(from) {
    const [value, setValue] = useState(from.get());
    useEffect(() => {
        setValue(from.get());
        return from.follow(setValue);
    }, [from]);
    return value;
}
