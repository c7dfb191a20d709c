// What a browser remembers of a person: language and colours. session_key.js has what it does of a session.
import { store } from "./store.js";

const LANGUAGES = ["en", "zh-CN"];
const THEMES = ["auto", "light", "dark"];

function recall(name, allowed, otherwise) {
    try {
        const value = localStorage.getItem(name);
        return allowed.includes(value) ? value : otherwise;
    } catch {
        return otherwise; // storage is switched off
    }
}

function remember(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // It holds until the page is left.
    }
}

function browserLanguage() {
    const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
    return first && /^zh/i.test(first) ? "zh-CN" : "en";
}

export const language = store(recall("language", LANGUAGES, browserLanguage()));
export const theme = store(recall("theme", THEMES, "auto"));

// The root element carries both, for the style sheet and for screen readers.
function show() {
    const root = document.documentElement;
    root.lang = language.get();
    if (theme.get() === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme.get();
}

language.follow((value) => (remember("language", value), show()));
theme.follow((value) => (remember("theme", value), show()));
show();
