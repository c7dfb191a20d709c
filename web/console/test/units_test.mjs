// What needs no page: ladders, figures, passwords.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { pointOf, seriesOf } from "../src/figures.js";
import { formats } from "../src/format.js";
import { buckets, place, rungs, warnings, whoOf } from "../src/ladder.js";
import { changesOf, offeredOf, toggled, valueOf } from "../src/mechanisms.js";
import { placesOf, remedyOf } from "../src/remedies.js";
import { generatePassword } from "../src/secret.js";
import { linesOf } from "../src/trace.js";
import { goodLogin, makeStatus, notXmpp, wrongPassword } from "./mock_data.js";

globalThis.crypto ??= webcrypto; // Node 18 has it by another name than browsers

const NOW_MS = Date.UTC(2026, 0, 2, 12, 30, 30);
const HOUR_MS = 3600000;

test("each stage begins where the one before ended", () => {
    const ladder = rungs(goodLogin(1, "juliet", NOW_MS));
    assert.deepEqual(ladder.map((rung) => [rung.stage, rung.from_ms, rung.took_ms]), [
        ["connect", 0, 0],
        ["header", 0, 2],
        ["secure", 2, 11],
        ["sign in", 13, 33],
        ["bind", 46, 9],
    ]);
});

test("a refused attempt is the stage that failed, once", () => {
    const ladder = rungs(wrongPassword(1, "romeo", NOW_MS, 8000));
    assert.deepEqual(ladder.map((rung) => rung.ok), [true, true, true, false]);
    assert.equal(ladder.at(-1).took_ms, 8033);
});

test("a stage that was never through ends the ladder", () => {
    const ladder = rungs(notXmpp(1, NOW_MS));
    assert.deepEqual(ladder.map((rung) => [rung.stage, rung.ok, rung.took_ms]), [
        ["connect", true, 0],
        ["header", false, 4],
    ]);
});

test("a rung that took no time is seen, and none leaves its line", () => {
    assert.deepEqual(place({ from_ms: 0, took_ms: 0 }, 0), { x: 0, width: 0.8 });
    assert.deepEqual(place({ from_ms: 50, took_ms: 50 }, 100), { x: 50, width: 50 });
    const last = place({ from_ms: 100, took_ms: 0 }, 100);
    assert.ok(last.x + last.width <= 100);
});

test("who it was, as well as it is known", () => {
    assert.equal(whoOf({ user: "romeo", domain: "example.org" }), "romeo@example.org");
    assert.equal(whoOf({ user: "", jid: null }), null);
});

test("sign-ins are counted by minute; those that are too old are not", () => {
    const at = (ms, ok) => ({ time_ms: NOW_MS - ms, ok });
    const list = buckets([at(0, true), at(20000, false), at(61000, true), at(5 * 60000, true)], NOW_MS, 60000, 3);
    assert.deepEqual(list.map(({ good, failed }) => [good, failed]), [[0, 0], [1, 0], [1, 1]]);
    assert.equal(list[2].at_ms, Date.UTC(2026, 0, 2, 12, 30));
});

test("warnings: a certificate that ends, guesses, faults of the server", () => {
    const status = makeStatus(NOW_MS, [], NOW_MS);
    const kinds = (logins, now_ms = NOW_MS) => warnings(status, logins, now_ms).map((warning) => warning.kind);
    assert.deepEqual(kinds([]), ["certificate_soon"]);
    assert.deepEqual(kinds([], NOW_MS + 30 * 24 * HOUR_MS), ["certificate_over"]);
    assert.deepEqual(warnings(null, [], NOW_MS), []);
    const guess = wrongPassword(1, "romeo", NOW_MS - 1000, 8000);
    assert.deepEqual(kinds([guess]), ["certificate_soon", "guessing"]);
    assert.equal(warnings(status, [guess], NOW_MS).at(-1).address, "198.51.100.23");
    assert.deepEqual(kinds([{ ...guess, time_ms: NOW_MS - 2 * HOUR_MS }]), ["certificate_soon"]);
    const broken = { ...guess, steps: [], failure: { code: "auth-temporary" } };
    assert.deepEqual(kinds([broken]), ["server_failed", "certificate_soon"]);
});

test("what the server warns of is not said twice", () => {
    const status = { ...makeStatus(NOW_MS, [], NOW_MS), warnings: [] };
    assert.deepEqual(warnings(status, [], NOW_MS), []);
    const guess = wrongPassword(1, "romeo", NOW_MS - 1000, 8000);
    assert.deepEqual(warnings(status, [guess], NOW_MS).map(({ kind }) => kind), ["guessing"]);
});

test("messages per second are the difference of two counts", () => {
    const now = (messages) => ({ ...makeStatus(NOW_MS, [], NOW_MS), messages, lag_ms: 3, commit: { mean_ms: 1.5 } });
    const first = pointOf(undefined, now(100), 10000);
    assert.equal(first.rate, null);
    const second = pointOf(first, now(150), 12500);
    assert.equal(second.rate, 20);
    assert.equal(pointOf(second, now(400), 12600).rate, 20, "too soon to tell");
    assert.equal(pointOf(second, now(3), 15000).rate, null, "it was started anew");
    assert.deepEqual(seriesOf([first, second], "rate"), [20]);
    assert.deepEqual(seriesOf([first, second], "lag"), [3, 3]);
    const less = pointOf(second, makeStatus(NOW_MS, [], NOW_MS), 15000);
    assert.deepEqual([less.rate, less.lag, less.commit], [null, null, null]);
});

test("a trace is read line by line, as the server prints it", () => {
    assert.deepEqual(linesOf("     4 ms  C: <a x='1'/>  S: \n           ... 2 lines were left out here ...\n 10042 ms  S: <b/>\n"), [
        { at_ms: 4, side: "C", text: "<a x='1'/>  S: " },
        { lost: 2 },
        { at_ms: 10042, side: "S", text: "<b/>" },
    ]);
    assert.deepEqual(linesOf(""), []);
});

const METHODS = [
    { name: "SCRAM-SHA-256", offered: true, legacy: false, class: "scram" },
    { name: "DIGEST-MD5", offered: false, legacy: true, class: "digest" },
    { name: "PLAIN", offered: true, legacy: false, class: "plain" },
    { name: "SCRAM-SHA-1", offered: true, legacy: false, class: "scram" },
];

test("methods are ticked in the order of the server; the server's own choice is written as nothing", () => {
    const offered = offeredOf(METHODS);
    assert.deepEqual(offered, ["SCRAM-SHA-256", "PLAIN", "SCRAM-SHA-1"]);
    const without = toggled(offered, "SCRAM-SHA-256", METHODS);
    assert.equal(valueOf(without, METHODS, false), "PLAIN, SCRAM-SHA-1");
    assert.deepEqual(toggled(without, "SCRAM-SHA-256", METHODS), offered);
    assert.equal(valueOf(offered, METHODS, false), "");
    assert.equal(valueOf(offered, METHODS, true), offered.join(", "));
    assert.deepEqual(changesOf(offered, [...without, "DIGEST-MD5"]), { gone: ["SCRAM-SHA-256"], come: ["DIGEST-MD5"] });
});

test("a remedy leads to where it is done, for that user and address, and only to what the reader may do", () => {
    const login = { ...wrongPassword(7, "romeo", NOW_MS), address: "[2001:db8::7]:50112" };
    const to = (full, more) => placesOf({ ...login, ...more }, full).map(({ name, path, query }) => [name, path, query]);
    assert.deepEqual(to(true), [
        ["password", "/users", { user: "romeo", act: "password" }],
        ["from", "/sign-ins", { from: "2001:db8::7", failed: "1" }],
        ["waiting", "/security", {}],
        ["block", "/security", { block: "2001:db8::7" }],
    ]);
    assert.deepEqual(to(false).map(([name]) => name), ["from", "waiting"]);
    assert.deepEqual(to(true, { address: "127.0.0.1:5000", user: "" }).map(([name]) => name), ["from", "waiting"]);
    const failure = (code, heading) => ({ failure: { code, heading } });
    assert.deepEqual(to(true, failure("timeout", "The client took too long")), [["limits.auth_timeout_s", "/settings", { name: "limits.auth_timeout_s" }]]);
    assert.deepEqual(to(true, failure("timeout", "Something new")), []);
    assert.equal(remedyOf({ code: "something-new", heading: "Something new" }).words, undefined);
});

test("spans and sizes in both languages", () => {
    // What no line may end at is written "_" here.
    const said = (language) => Object.fromEntries(Object.entries(formats(language)).map(([name, say]) => [name, (n) => say(n).replaceAll("\u00a0", "_")]));
    const english = said("en");
    assert.equal(english.span(0), "0_sec");
    assert.equal(english.span(59), "59_sec");
    assert.equal(english.span(3900), "1_hr 5_min");
    assert.equal(english.span(2 * 86400), "2_days");
    assert.equal(english.bytes(18432), "18.4_kB");
    assert.equal(english.bytes(0), "0_bytes");
    assert.equal(english.ms(8033), "8,033_ms");
    assert.equal(english.ms(12345), "12.3_sec");
    assert.deepEqual([0.4231, 18.27, 240.4].map(english.fine), ["0.42_ms", "18.3_ms", "240_ms"]);
    assert.deepEqual([0.25, 9.96, 1234.5].map(english.rate), ["0.3", "10", "1,235"]);
    assert.match(english.moment(Date.UTC(2026, 0, 2, 15)), /^Jan [123], 2026, \d\d:\d\d$/);
    const chinese = said("zh-CN");
    assert.equal(chinese.span(3900), "1_小时 5_分钟");
    assert.equal(chinese.ms(8033), "8,033_毫秒");
    assert.equal(chinese.bytes(18432), "18.4_kB");
});

test("a generated password takes each of its signs from one random byte", () => {
    const zeros = generatePassword((bytes) => bytes);
    assert.equal(zeros, "aaaaa-aaaaa-aaaaa-aaaaa");
    const rising = generatePassword((bytes) => bytes.map((_, i) => i * 13));
    assert.match(rising, /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    assert.equal(new Set(rising.replaceAll("-", "")).size, 20);
    assert.notEqual(generatePassword(), generatePassword());
    assert.ok(!/[lo01]/.test(Array.from({ length: 200 }, () => generatePassword()).join("")));
});
