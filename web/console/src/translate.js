// Words in a language, without a page.
import { messages } from "./messages.js";
import { readSentence, saySentence } from "./sentence.js";
import { serverSentences } from "./server_sentences.js";
import { serverWords } from "./server_words.js";

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

// A sentence with values: who, why, how often.
function translateSentence(text) {
    for (const [template, chinese] of Object.entries(serverSentences)) {
        const values = readSentence(template, text);
        if (values) return saySentence(chinese, values);
    }
    return text;
}

// What the server says of sign-ins, in English; what is not known here is left as it is.
export function translateServer(language, text) {
    return language === "zh-CN" ? (serverWords[text] ?? translateSentence(text)) : text;
}
