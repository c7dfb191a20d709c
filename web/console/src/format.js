// Figures and times by Intl; one set for each language, made once.
const made = new Map();
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const SPANS = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
];

// "8 min" and "8 分钟": a figure has a space before its unit, though Intl has none in Chinese, and no line
// ends there.
function quantities(language, unit, digits = 0, display = "short") {
    const number = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: display, maximumFractionDigits: digits });
    return (n) => number.format(n).replace(/(?<=\d)\s?(?=\p{L})/u, "\u00a0");
}

function bytesIn(language) {
    return (bytes) => {
        let unit = 0;
        for (; bytes >= 1000 && unit < UNITS.length - 1; unit++) bytes /= 1000;
        const display = unit > 0 ? "short" : "long"; // "0 byte" is no English
        return quantities(language, UNITS[unit], unit > 0 && bytes < 100 ? 1 : 0, display)(bytes);
    };
}

// The two largest units: "2 days 4 hr".
function spanIn(language) {
    const part = (count, unit) => quantities(language, unit)(count);
    return (seconds) => {
        const first = SPANS.findIndex(([, size]) => seconds >= size);
        if (first < 0) return part(0, "second");
        const [unit, size] = SPANS[first];
        const [nextUnit, nextSize] = SPANS[first + 1] ?? [];
        const rest = nextUnit ? Math.floor((seconds % size) / nextSize) : 0;
        const head = part(Math.floor(seconds / size), unit);
        return rest ? `${head} ${part(rest, nextUnit)}` : head;
    };
}

function millisecondsIn(language) {
    const number = quantities(language, "millisecond");
    const seconds = quantities(language, "second", 1);
    return (ms) => (ms < 10000 ? number(ms) : seconds(ms / 1000));
}

// Small spans as exactly as they are told apart: "0.42 ms", "18.3 ms", "240 ms".
function fineIn(language) {
    const [whole, one, two] = [0, 1, 2].map((digits) => quantities(language, "millisecond", digits));
    return (ms) => (ms < 10 ? two : ms < 100 ? one : whole)(ms);
}

function make(language) {
    const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
    const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
    const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });
    const minute = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const number = new Intl.NumberFormat(language);
    const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    return {
        number: (n) => number.format(n),
        rate: (n) => (n < 10 ? tenths : number).format(n < 10 ? n : Math.round(n)),
        bytes: bytesIn(language),
        span: spanIn(language),
        ms: millisecondsIn(language),
        fine: fineIn(language),
        day: (ms) => day.format(ms),
        moment: (ms) => moment.format(ms),
        clock: (ms) => clock.format(ms),
        minute: (ms) => minute.format(ms),
    };
}

export function formats(language) {
    if (!made.has(language)) made.set(language, make(language));
    return made.get(language);
}
