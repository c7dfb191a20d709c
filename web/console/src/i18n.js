// Words and figures in the language that was chosen.
import { formats } from "./format.js";
import { messages } from "./messages.js";
import { language } from "./prefs.js";
import { useStore } from "./store.js";
import { translate, translateServer } from "./translate.js";

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
