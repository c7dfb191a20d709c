// Words and figures in the language of the page.
import { messages } from "./messages.js";
import { serverWords } from "./server_words.js";
import { language } from "./prefs.js";
import { useStore } from "./store.js";
import { formats } from "./format.js";

const COLUMN = { en: 0, "zh-CN": 1 };

// "{n} users" and {n: 3} -> "3 users". In a row of English, "{n|user|users}" is one or several.
export function fill(text, values, language) {
    return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, many) => {
        const value = values?.[name];
        if (one === undefined) return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
        return value === 1 ? one : many;
    });
}

export function translate(language, key, values) {
    const row = messages[key];
    if (!row) throw new Error(`no message "${key}"`);
    return fill(row[COLUMN[language]], values, language);
}

// What the server says in English: its fixed headings and remedies have a translation.
export function translateServer(language, text) {
    return (language === "zh-CN" && serverWords[text]) || text;
}

export function useWords() {
    const current = useStore(language);
    return {
        language: current,
        t: (key, values) => translate(current, key, values),
        has: (key) => key in messages,
        server: (text) => translateServer(current, text),
        format: formats(current),
    };
}
