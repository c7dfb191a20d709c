// The one table of words: complete in both languages, used, and nothing used that it lacks.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { messages } from "./words.js";
import { readSentence, saySentence } from "../src/sentence.js";
import { remedies } from "../src/remedies.js";
import { serverSentences } from "../src/server_sentences.js";
import { serverWords } from "../src/server_words.js";
import { translate, translateServer } from "./words.js";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));
const LOGIN_WORDS = new URL("../../../src/server/login_words.c", import.meta.url);
const HAN = /\p{Script=Han}/u;
const NO_CHINESE = new Set(["xray.tls", "sessions.tls", "path.sasl2"]);

const source = readdirSync(SRC, { recursive: true })
    .filter((name) => /\.jsx?$/.test(name) && !/messages|server_(words|sentences|reasons)|settings_words/.test(name))
    .map((name) => readFileSync(SRC + name, "utf8"))
    .join("\n");

// Keys that are put together: t(`stage.${name}`) uses every row that begins with "stage.".
const prefixes = [...source.matchAll(/`([a-z]+\.)\$\{/g)].map(([, prefix]) => prefix);

// The values that a text shows; those that only choose between two words are English's own.
function places(text) {
    return new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
}

test("every message is there in both languages, with the same values", () => {
    for (const [key, row] of Object.entries(messages)) {
        assert.equal(row.length, 2, key);
        const [english, chinese] = row;
        assert.ok(english && chinese, key);
        assert.ok(!HAN.test(english), `${key}: English is not Chinese`);
        assert.ok(HAN.test(chinese) || NO_CHINESE.has(key), `${key}: Chinese is missing`);
        assert.deepEqual(places(chinese), places(english), key);
    }
});

test("Chinese has the punctuation of Chinese", () => {
    for (const [key, [, chinese]] of Object.entries(messages))
        assert.ok(!/\p{Script=Han} ?[,;:?!()]|[,;:?!()] ?\p{Script=Han}/u.test(chinese), `${key}: ${chinese}`);
});

test("every message is used", () => {
    const unused = Object.keys(messages).filter((key) => {
        const base = key.replace(/\.(fix|note)$/, "");
        return !source.includes(`"${key}"`) && !prefixes.some((prefix) => base.startsWith(prefix));
    });
    assert.deepEqual(unused, []);
});

test("every message that is used exists", () => {
    const groups = new Set(Object.keys(messages).map((key) => key.split(".")[0]));
    const quoted = [...source.matchAll(/"(([a-z]+)\.[a-z_.-]+)"/g)];
    const used = quoted.filter(([, , group]) => groups.has(group));
    assert.ok(used.length > 100);
    for (const [, key] of used) assert.ok(key in messages, key);
});

test("values and plurals are filled in", () => {
    assert.equal(translate("en", "sessions.count", { n: 1 }), "1 session");
    assert.equal(translate("en", "sessions.count", { n: 1234 }), "1,234 sessions");
    assert.equal(translate("zh-CN", "sessions.count", { n: 1234 }), "1,234 个会话");
    assert.throws(() => translate("en", "no.such"), /no message "no.such"/);
});

// The strings of a C file, those beside each other joined as the compiler does.
function stringsOf(c) {
    const literal = /"(?:[^"\\]|\\.)*"/g;
    const runs = c.match(/"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*/g);
    return new Set(runs.map((run) => run.match(literal).map((one) => JSON.parse(one)).join("")));
}

// The file with its one macro written out.
function loginWords() {
    const code = readFileSync(LOGIN_WORDS, "utf8");
    const tries = /#define TRIES (".*")/.exec(code)[1];
    return code.replaceAll(/" TRIES "/g, `" ${tries} "`);
}

test("sentences are read back and said anew", () => {
    const template = "[There is no {who} with {how}|There is no {who}|Nobody][; {tries} in all].";
    assert.deepEqual(readSentence(template, "There is no romeo."), { who: "romeo" });
    assert.deepEqual(readSentence(template, "There is no a+b with c; 3 in all."), { who: "a+b", how: "c", tries: "3" });
    assert.deepEqual(readSentence(template, "Nobody."), {});
    assert.equal(readSentence(template, "Somebody."), null);
    for (const values of [{ who: "romeo" }, { who: "a", how: "b", tries: "2" }, {}])
        assert.deepEqual(readSentence(template, saySentence(template, values)), values);
    assert.equal(translateServer("zh-CN", "The password given for a@b was wrong."), "a@b 的密码错误。");
    assert.equal(translateServer("zh-CN", "Something new."), "Something new.");
});

test("every sentence of a sign-in that failed has its Chinese, with the same values", () => {
    const code = loginWords();
    const said = stringsOf(code);
    for (const [english, chinese] of Object.entries(serverSentences)) {
        assert.ok(said.has(english), `login_words.c does not say: ${english}`);
        assert.ok(HAN.test(chinese), english);
        assert.deepEqual(places(chinese), places(english), english);
    }
    const strings = '"(?:[^"\\\\]|\\\\.)*"(?:\\s*"(?:[^"\\\\]|\\\\.)*")*';
    const rows = [...code.matchAll(new RegExp(`\\{LINNET_\\w+, \\w+, ${strings},\\s*(${strings})`, "g"))];
    assert.ok(rows.length > 20);
    for (const [, sentence] of rows) {
        const [whole] = stringsOf(sentence);
        assert.ok(whole in serverSentences, `no Chinese for: ${whole}`);
    }
});

test("what the server says of sign-ins is translated, and is what it says", () => {
    const code = readFileSync(LOGIN_WORDS, "utf8");
    const said = stringsOf(code);
    for (const [english, chinese] of Object.entries(serverWords)) {
        assert.ok(said.has(english), `login_words.c does not say: ${english}`);
        assert.ok(HAN.test(chinese), english);
    }
    const headings = [...code.matchAll(/\{LINNET_\w+, \w+, "([^"]+)"/g)].map(([, heading]) => heading);
    assert.ok(headings.length > 20);
    for (const heading of headings) assert.ok(heading in serverWords, `no Chinese for: ${heading}`);
    assert.equal(translateServer("zh-CN", "Wrong password"), "密码错误");
    assert.equal(translateServer("en", "Wrong password"), "Wrong password");
});

// ---- remedies ----

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const read = (name) => readFileSync(ROOT + name, "utf8");

// The ids of the failure catalogue by their names in C.
const ids = new Map([...read("src/base/error_catalogue.c").matchAll(/ROW\((\w+), "([^"]+)"/g)].map(([, name, id]) => [`LINNET_ERROR_${name}`, id]));

// Those that a server gives to a sign-in: what its connections, their streams and TLS can end with.
function codesOfSignIns() {
    const parts = ["src/server/c2s", "src/core"].flatMap((folder) => readdirSync(ROOT + folder).map((name) => `${folder}/${name}`));
    const sources = parts.filter((name) => /\.c$/.test(name) && !/_test\.c$|_client\.c$/.test(name));
    const text = [...sources, "src/server/login_words.c", "src/net/chan_tls_fault.c"].map(read).join("\n");
    return new Set(text.match(/LINNET_ERROR_[A-Z_]+/g));
}

test("every code that a sign-in can fail with has its remedy", () => {
    const codes = codesOfSignIns();
    assert.ok(codes.size > 15);
    for (const code of codes) {
        assert.ok(ids.has(code), code);
        assert.ok(remedies[ids.get(code)], `no remedy for ${ids.get(code)}`);
    }
});

test("every row of login_words.c has its remedy, which names no command line", () => {
    const strings = '"(?:[^"\\\\]|\\\\.)*"(?:\\s*"(?:[^"\\\\]|\\\\.)*")*';
    const rows = [...loginWords().matchAll(new RegExp(`\\{(LINNET_\\w+), \\w+, "([^"]+)",\\s*${strings},\\s*(${strings})\\}`, "g"))];
    const known = new Set(rows.map(([, , heading]) => heading));
    assert.ok(rows.length > 20);
    for (const [, code, heading, said] of rows) {
        const row = remedies[ids.get(code) ?? "internal"][heading];
        assert.ok(row, `no remedy for "${heading}"`);
        const texts = row.words ? messages[row.words] : [...stringsOf(said)];
        for (const text of texts) {
            assert.ok(!/linnetctl/.test(text), `${heading}: ${text}`);
            assert.ok(row.words || text in serverWords, `no Chinese for: ${text}`);
        }
    }
    for (const [code, rows] of Object.entries(remedies)) {
        assert.ok([...ids.values()].includes(code), code);
        for (const [heading, { words, to }] of Object.entries(rows)) {
            assert.ok(known.has(heading), heading);
            assert.ok(!words || words in messages, words);
            for (const name of to) assert.ok(`go.${name}` in messages || settingNames().includes(name), name);
        }
    }
});

const settingNames = () => [...read("src/server/settings_table.c").matchAll(/"([a-z0-9_]+\.[a-z0-9_]+)"/g)].map(([, name]) => name);

// ---- each page brings the words that it says ----

// The files that `file` imports before it runs, and what they import in turn; itself too.
function closureOf(file, found = new Set()) {
    if (found.has(file)) return found;
    found.add(file);
    const code = readFileSync(SRC + file, "utf8");
    for (const [, to] of code.matchAll(/^(?:import|export) (?:[^"']* from )?"(\.[^"]+)"/gm)) closureOf(path.posix.join(path.posix.dirname(file), to), found);
    return found;
}

const ENTRIES = [...readFileSync(`${SRC}app.jsx`, "utf8").matchAll(/import\("\.\/(pages\/[^"]+)"\)/g)].map(([, file]) => file);

function keysOf(file) {
    return [...readFileSync(SRC + file, "utf8").matchAll(/^ {4}"([^"]+)":/gm)].map(([, key]) => key);
}

test("each page brings the words that it says", () => {
    assert.ok(ENTRIES.length > 5);
    for (const entry of [...ENTRIES, "main.jsx"]) {
        const files = [...closureOf(entry), ...closureOf("main.jsx")];
        const [words, code] = [files.filter((file) => file.startsWith("messages/")), files.filter((file) => !/messages|server_(words|sentences|reasons)|settings_words/.test(file))];
        const brought = new Set(words.flatMap(keysOf));
        const text = code.map((file) => readFileSync(SRC + file, "utf8")).join("\n");
        const begins = [...text.matchAll(/`([a-z]+\.)\$\{/g)].map(([, prefix]) => prefix);
        const missing = Object.keys(messages).filter((key) => !brought.has(key) && (text.includes(`"${key}"`) || begins.some((prefix) => key.startsWith(prefix))));
        assert.deepEqual(missing, [], entry);
    }
});
