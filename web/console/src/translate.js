// Words in a language, without a page.
import { messages } from "./messages.js";

const COLUMN = { en: 0, "zh-CN": 1 };

// "{n} {n|user|users}" and {n: 3} -> "3 users".
function fill(text, values, language) {
    return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, many) => {
        const value = values?.[name];
        if (one !== undefined) return value === 1 ? one : many;
        return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
    });
}

export function translate(language, key, values) {
    const row = messages[key];
    if (!row) throw new Error(`no message "${key}"`);
    return fill(row[COLUMN[language]], values, language);
}

// Each says a sentence of the server in Chinese, or nothing; a page brings those that it needs.
const books = new Set();

export function addServerWords(say) {
    books.add(say);
}

// What the server says in English; what is not known here is left as it is.
export function translateServer(language, text) {
    if (language !== "zh-CN") return text;
    for (const say of books) {
        const said = say(text);
        if (said) return said;
    }
    return text;
}
