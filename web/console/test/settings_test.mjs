// What is said of settings: Chinese for each of the server's, its reasons, its numbers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { UNITS, readAmount, sayAmount } from "../src/amount.js";
import { fits, fixedBy, groups, helpOf, listOf, reasonOf, storedOf } from "../src/setting_text.js";
import { settingsWords } from "../src/settings_words.js";
import { settingNames, settingRows, tableSource } from "./settings_table.js";

const HAN = /\p{Script=Han}/u;
const NARROW = /\p{Script=Han} ?[,;:?!()]|[,;:?!()] ?\p{Script=Han}/u;
// Settings that the server gets together with their pages.
const serverSource = ["settings_value.c", "settings.c"]
    .map((name) => readFileSync(new URL(`../../../src/server/${name}`, import.meta.url), "utf8"))
    .concat(tableSource)
    .join("\n")
    .replace(/"\s*\n\s*"/g, "")
    .replaceAll('\\"', '"');

test("every setting has its Chinese, and no other does", () => {
    assert.ok(settingNames.length >= 30);
    for (const name of settingNames) assert.ok(settingsWords[name], `settings_words.js lacks ${name}`);
    for (const [name, chinese] of Object.entries(settingsWords)) {
        assert.ok(settingNames.includes(name), `the server has no setting ${name}`);
        assert.match(chinese, HAN, name);
        assert.doesNotMatch(chinese, NARROW, name);
    }
});

test("Chinese names the settings and figures that the help does", () => {
    const things = (text) => new Set(text.match(/\b[a-z0-9]+\.[a-z_]{3,}|XEP-\d+|DATA\/[\w./]*\w/g) ?? []);
    for (const row of settingRows())
        for (const thing of things(row.help)) assert.ok(settingsWords[row.name].includes(thing), `${row.name} does not name ${thing}`);
});

test("the table is read whole", () => {
    assert.deepEqual(settingRows().map(({ name }) => name), settingNames);
    const row = settingRows().find(({ name }) => name === "limits.max_stanza_bytes");
    assert.deepEqual([row.type, row.unit, row.min, row.max, row.default, row.live], ["integer", "bytes", 10000, 16777216, "256KiB", true]);
});

test("a reason is said without the name of the setting, which is above it", () => {
    const row = { name: "login.throttle" };
    assert.equal(reasonOf(row, "login.throttle: must be true or false"), "must be true or false");
    assert.equal(reasonOf(row, "data must not be empty"), "data must not be empty");
});

test("numbers with a unit are read and said as the server does", () => {
    assert.deepEqual(readAmount("256KiB", "bytes"), { count: "256", unit: "KiB" });
    assert.deepEqual(readAmount("10000", "bytes"), { count: "10000", unit: "B" });
    assert.deepEqual(readAmount("30 min", "s"), { count: "30", unit: "min" });
    assert.deepEqual(readAmount("0", "s"), { count: "0", unit: "s" });
    assert.deepEqual(readAmount("42", null), { count: "42", unit: "" });
    assert.equal(sayAmount(262144, "bytes"), "256 KiB");
    assert.equal(sayAmount(10000, "bytes"), "10000 B");
    assert.equal(sayAmount(604800, "s"), "7 d");
    assert.equal(sayAmount(0, "s"), "0 s");
    assert.equal(sayAmount(7, null), "7");
    for (const [unit, size] of Object.values(UNITS).flat()) assert.ok(serverSource.includes(`"${unit}", `), `${unit} of ${size}`);
});

test("what the console keeps of a setting, and where it is set otherwise", () => {
    const row = { value: "1h", default: "30min", source: "console", pending: null };
    assert.equal(storedOf(row), "1h");
    assert.equal(storedOf({ ...row, source: "default" }), null);
    assert.equal(storedOf({ ...row, source: "default", pending: "2h" }), "2h");
    assert.equal(storedOf({ ...row, pending: "30min" }), null);
    assert.equal(fixedBy({ fixed_by: "machine" }), "machine");
    assert.equal(fixedBy({ fixed_by: "--set" }), "argument");
    assert.equal(fixedBy({ fixed_by: "LINNETD_LOOPS" }), "environment");
    assert.equal(fixedBy({ fixed_by: "/etc/linnet.conf:12" }), "file");
});

test("settings are found by name and by help, in groups", () => {
    const rows = settingRows();
    const found = (text, language) => rows.filter((row) => fits(row, text, language)).map(({ name }) => name);
    assert.deepEqual(found("guessing", "en"), ["login.throttle"]);
    assert.deepEqual(found("猜测", "zh-CN"), ["login.iterations", "login.throttle"]);
    assert.ok(found("listen tls", "en").includes("c2s.listen_tls"));
    assert.equal(found("", "en").length, rows.length);
    assert.deepEqual(groups(rows)[0][1].map(({ name }) => name), ["domain", "data", "loops"]);
    assert.equal(helpOf({ name: "not.known", help: "Help." }, "zh-CN"), "Help.");
    assert.deepEqual(listOf("*:5222,\n [::1]:5222 "), ["*:5222", "[::1]:5222"]);
});
