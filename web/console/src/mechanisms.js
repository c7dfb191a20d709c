// Which sign-in methods are on offer, and what follows when others are. No page.

// How the setting login.mechanisms is written; empty stands for what the server would choose itself.
export function valueOf(names, mechanisms, legacyOn) {
    const own = mechanisms.filter(({ legacy }) => !legacy || legacyOn).map(({ name }) => name);
    const same = own.length === names.length && own.every((name) => names.includes(name));
    return same ? "" : names.join(", ");
}

// In the order of the server, which is by strength.
export function offeredOf(mechanisms) {
    return mechanisms.filter(({ offered }) => offered).map(({ name }) => name);
}

export function toggled(names, name, mechanisms) {
    const next = new Set(names);
    if (!next.delete(name)) next.add(name);
    return mechanisms.map((one) => one.name).filter((one) => next.has(one));
}

export function changesOf(before, after) {
    return {
        gone: before.filter((name) => !after.includes(name)),
        come: after.filter((name) => !before.includes(name)),
    };
}

// Why nobody could sign in with these, or null: a token is given only after a password was.
export function lockedOut(names, mechanisms) {
    if (!names.length) return "none";
    const byName = new Map(mechanisms.map((one) => [one.name, one]));
    return names.every((name) => byName.get(name)?.class === "token") ? "tokens" : null;
}
