// What the server says of sign-ins, in Chinese: its fixed words, and its sentences with values.
import { readSentence, saySentence } from "./sentence.js";
import { serverSentences } from "./server_sentences.js";
import { serverWords } from "./server_words.js";
import { addServerWords } from "./translate.js";

addServerWords((text) => {
    if (Object.hasOwn(serverWords, text)) return serverWords[text];
    for (const [template, chinese] of Object.entries(serverSentences)) {
        const values = readSentence(template, text);
        if (values) return saySentence(chinese, values);
    }
    return undefined;
});
