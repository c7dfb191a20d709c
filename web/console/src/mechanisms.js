// Which sign-in methods are on offer, and what follows when others are. No page.

// Tokens are no part of the setting login.mechanisms: login.token_days says whether there are any.
export const isToken = (mechanism) => mechanism.class === "token";

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
