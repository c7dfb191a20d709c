// Why the server refuses something: every sentence that its sources hold has its Chinese. The sources are
// read for what they refuse with; a new sentence there fails here until src/server_reasons.js has it.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sayServerReason, serverReasons } from "../src/server_reasons.js";
import { messages, translateServer } from "./words.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const HAN = /\p{Script=Han}/u;
const NARROW = /\p{Script=Han} ?[,;:?!()]|[,;:?!()] ?\p{Script=Han}/u;
const LITERAL = /"(?:[^"\\\n]|\\.)*"/g;

const read = (name) => readFileSync(ROOT + name, "utf8");

// The literals of a piece of C, those beside each other joined as the compiler does.
function literals(code) {
    const runs = code.match(/"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*/g) ?? [];
    return runs.map((run) => run.match(LITERAL).map((one) => JSON.parse(one)).join(""));
}

// What stands between the brackets of each call of one of `names`.
function callsOf(code, names) {
    const found = [];
    for (const call of code.matchAll(new RegExp(`\\b(?:${names.join("|")})\\(`, "g"))) {
        let depth = 1;
        let at = call.index + call[0].length;
        const from = at;
        for (; depth > 0 && at < code.length; at++) {
            if (code[at] === '"') at += /^"(?:[^"\\\n]|\\.)*"/.exec(code.slice(at))[0].length - 1;
            else if (code[at] === "(") depth++;
            else if (code[at] === ")") depth--;
        }
        found.push(code.slice(from, at - 1));
    }
    return found;
}

// What a function returns, or puts where it says why.
function statements(code) {
    return [...code.matchAll(/(?:return|ret_why =|NULL :)\s*((?:"(?:[^"\\\n]|\\.)*"\s*)+);/g)].map(([, text]) => text);
}

const isSentence = (text) => /[A-Za-z%]\S* \S+ \S/.test(text);

function sourcesIn(folder, pattern) {
    const names = readdirSync(ROOT + folder).filter((name) => pattern.test(name) && /\.c$/.test(name) && !/_test\.c$/.test(name));
    return names.map((name) => `${folder}/${name}`);
}

// [the source, the functions with which it refuses, what stands around that]: `null` for what functions return.
const SOURCES = [
    ...sourcesIn("src/server", /^settings/).map((name) => [name, ["refuse", "snprintf"]]),
    ["src/server/settings_table.c", null],
    ...sourcesIn("src/server/ops", /^ops_settings/).map((name) => [name, ["refuse", "snprintf"]]),
    ["src/server/ops/ops.c", ["buf_printf", "STR_LIT"]],
    ["src/server/ops/ops_accounts.c", null],
    ["src/server/ops/ops_request.c", null],
    ["src/server/ops/ops_tokens.c", null],
    ["src/core/jid.c", null],
    // input: lines that are no requests, which the console does not send
    ...sourcesIn("src/server/control", /^control_(?!input)/).map((name) => [name, ["control_call_refuse", "refuse_address", "snprintf"]]),
    ["src/server/control/control_setup.c", ["STR_LIT"]],
    ["src/server/first_run.c", ["bad_domain"]],
    ["src/server/report_close.c", ["snprintf"]],
    ["src/server/listen.c", ["snprintf"]],
    ["src/server/c2s/listener.c", ["snprintf"]],
    ["src/server/ops/ops_token_key.c", ["refuse"], (text) => `/srv/token.key ${text}`],
    ["src/server/certificate.c", ["unusable", "snprintf"]],
    ["src/net/tls_ctx.c", ["ctx_failed"]],
    ["src/net/tls_selfsigned.c", ["snprintf"]],
];

// Those that no page can bring about: the console puts its requests together itself.
const NEVER = new Set([
    '%s has no argument "%.60s"',
    "%s must be %s",
    '%s needs the argument "%s"',
    'There is no request "%.60s"; "help" lists them',
]);

function formatsOf([name, calls]) {
    const code = read(name);
    const pieces = calls ? callsOf(code, calls) : statements(code);
    return pieces.flatMap(literals).filter((text) => isSentence(text) && !NEVER.has(text) && /[a-z]{2}/.test(text.replace(/%[^a-z]*[a-z]/g, "")));
}

// A format with something in its places. What is wrong with an item follows it.
const filled = (format) => format.replace(/^is no /, '"X" is no ').replace(/must be %s$/, "must be a path").replace(/%(?:\.\*|\.\d+)?(?:l*)([sdu])/g, (whole, kind) => (kind === "s" ? "x.y" : "7"));

for (const source of SOURCES)
    test(`what ${source[0]} refuses with is said in Chinese`, () => {
        const formats = formatsOf(source);
        const [, , around = String] = source;
        for (const format of formats) {
            const text = around(filled(format));
            const bare = text.replace(/: $/, ": x"); // an error of the system follows
            const said = sayServerReason(bare);
            assert.ok(said && HAN.test(said), `no Chinese for: ${format}`);
            for (const whole of [`login.throttle: ${bare}`, `/etc/linnet.conf:12: ${bare}`, `${bare.replace(/\.$/, "")}.`, `Nothing was changed: The settings cannot be used: /etc/x.conf:3: ${bare}`])
                assert.ok(translateServer("zh-CN", whole).includes(said.replace(/。$/, "")), whole);
        }
    });

test("sentences are found in the sources", () => {
    const all = SOURCES.map((source) => formatsOf(source));
    assert.ok(all.flat().length > 70, `only ${all.flat().length}`);
    for (const name of ["settings.c", "settings_value.c", "settings_table.c", "ops.c", "ops_accounts.c", "jid.c", "control_blocks.c", "tls_ctx.c"])
        assert.ok(SOURCES.some(([file], i) => file.endsWith(`/${name}`) && all[i].length > 0), name);
});

test("kinds of values are said in Chinese, and bounds", () => {
    const kinds = /settings_value_kind\([^]*?\n\}/.exec(read("src/server/settings_value.c"))[0];
    const words = literals(kinds);
    assert.ok(words.length >= 9);
    for (const kind of words) assert.match(sayServerReason(`must be ${kind}`) ?? "", HAN, kind);
    assert.equal(sayServerReason("must be from 10000 to 16MiB"), "必须在 10000 到 16MiB 之间");
    assert.equal(sayServerReason("must be one of error, info"), "必须是以下之一：error, info");
});

// ---- the console's own, and the catalogue's that it passes on ----

const refusals = ["api_account", "api_security", "api_server", "api_session", "api_setup", "http", "route"]
    .flatMap((name) => callsOf(read(`apps/console/${name}.c`), ["http_refuse"]))
    .map((call) => literals(call));

const known = (code) => `error.${code}` in messages || code === "setup-key";

test("what linnet-console refuses with is said in Chinese", () => {
    const open = refusals.filter(([code, ...texts]) => texts.length && /^[a-z-]+$/.test(code) && !known(code));
    assert.ok(open.length > 5);
    for (const [, ...texts] of open)
        for (const text of texts.filter(isSentence)) assert.match(sayServerReason(text) ?? "", HAN, text);
});

// The rows of the catalogue that http_fail gives with their own words, by their names in C.
function passedOn() {
    const code = read("apps/console/http.c");
    const names = [...code.matchAll(/\{LINNET_ERROR_(\w+), MHD/g)].map(([, name]) => name);
    const catalogue = read("src/base/error_catalogue.c");
    return names.map((name) => {
        const [, call] = new RegExp(`ROW\\(${name}, ([^]*?)\\),\\n`).exec(catalogue);
        const texts = literals(call);
        return { id: texts[0], sentence: texts.at(-2), remedy: texts.at(-1) };
    });
}

// The sentence with every parameter, and with none.
function renderings(sentence) {
    const choose = (all) =>
        sentence.replace(/\[([^\]]*)\]/g, (whole, parts) => {
            const list = parts.split("|").filter((part) => !part.includes("{unusable}")); // a client says that
            return list.find((part) => all || !part.includes("{")) ?? "";
        });
    return [true, false].map((all) => choose(all).replace(/\{\w+\}/g, "x.y"));
}

test("what the catalogue says of a refusal is said in Chinese, and what to do", () => {
    const rows = passedOn();
    assert.ok(rows.length >= 8);
    for (const { id, sentence, remedy } of rows) {
        if (known(id)) continue;
        for (const text of renderings(sentence).filter((one) => one !== "x.y.")) assert.match(sayServerReason(text) ?? "", HAN, `${id}: ${text}`);
        if (id !== "usage") assert.match(sayServerReason(remedy) ?? "", HAN, remedy); // whose remedy no page shows
    }
});

test("what the server warns of is known by its id", () => {
    const ids = [...read("src/server/report_warnings.c").matchAll(/"([a-z]+(?:-[a-z]+)+)"/g)].map(([, id]) => id);
    assert.ok(ids.length >= 6);
    for (const id of ids) assert.ok(`alert.${id}` in messages, id);
});

// ---- how they are said ----

test("sentences are said with what they name, and as a whole", () => {
    const zh = (text) => translateServer("zh-CN", text);
    assert.equal(zh('"a b" is not a valid address: A user name may not contain spaces, symbols or any of " & \' / : < > @.'), "“a b”不是有效的地址：用户名不能包含空格、符号，以及 \" & ' / : < > @。");
    assert.equal(zh("limits.idle_timeout_s: must be from 1s to 7d"), "limits.idle_timeout_s：必须在 1s 到 7d 之间");
    assert.equal(zh('Nothing was changed: The settings cannot be used: /etc/x.conf:3: there is no setting "loop"; did you mean "loops"?.'), "没有任何更改：设置无法使用：/etc/x.conf:3：没有设置“loop”；是否指“loops”？。");
    assert.equal(zh("The password cannot be used: it is longer than 1023 bytes."), "密码无法使用：它超过 1023 字节。");
    assert.equal(zh("Something that nobody knows."), "Something that nobody knows.");
    assert.equal(translateServer("en", "must be true or false"), "must be true or false");
});

test("Chinese has the punctuation of Chinese, and names nothing that the English does not", () => {
    const places = (text) => new Set(text.match(/\{\w+\}/g) ?? []);
    for (const [english, chinese] of Object.entries(serverReasons)) {
        assert.match(chinese, HAN, english);
        assert.doesNotMatch(chinese.replace(/（Content-Type: [^）]*）/, ""), NARROW, chinese);
        for (const place of places(chinese)) assert.ok(places(english).has(place), english);
        assert.ok(!english.endsWith("."), english);
    }
});
