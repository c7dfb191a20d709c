// Whole numbers with a unit, as the server reads and writes them (src/server/settings_value.c): 256KiB, 10min.

// The largest first; the last is what a number without a unit counts.
export const UNITS = {
    bytes: [
        ["GiB", 2 ** 30],
        ["MiB", 2 ** 20],
        ["KiB", 2 ** 10],
        ["B", 1],
    ],
    ms: [
        ["h", 3600000],
        ["min", 60000],
        ["s", 1000],
        ["ms", 1],
    ],
    s: [
        ["d", 86400],
        ["h", 3600],
        ["min", 60],
        ["s", 1],
    ],
};

// "256KiB" -> {count: "256", unit: "KiB"}; without units, `unit` is "".
export function readAmount(text, kind) {
    const [, count, unit] = /^(\S*?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? ["", text, ""];
    return { count, unit: unit || (kind ? UNITS[kind].at(-1)[0] : "") };
}

// 262144 -> "256 KiB": in the largest unit of which it is a whole number. `word(unit)` says a unit.
export function sayAmount(number, kind, say = String, word = String) {
    if (!kind) return say(number);
    const [unit, size] = UNITS[kind].find(([, size]) => number !== 0 && number % size === 0) ?? UNITS[kind].at(-1);
    return `${say(number / size)} ${word(unit)}`;
}
