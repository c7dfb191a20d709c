// A server that does not answer: what a page says until it does, and that it comes back by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makePatience } from "../src/patience.js";
import { DRESSES, assertFits, mock, picture, signIn, walk } from "./walk.js";

// ---- when it is silent, by a clock that is moved by hand ----

function bench() {
    const timers = new Map();
    let at_ms = 1000;
    let next = 0;
    let answers = [];
    const clock = {
        now: () => at_ms,
        after: (ms, run) => (timers.set(++next, { due_ms: at_ms + ms, run }), next),
        cancel: (timer) => timers.delete(timer),
    };
    const patience = makePatience(() => new Promise((resolve, reject) => answers.push({ resolve, reject })), clock);
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    return {
        ...patience,
        asked: () => answers.length,
        async pass(ms) {
            at_ms += ms;
            for (const [timer, { due_ms, run }] of [...timers]) if (due_ms <= at_ms && timers.delete(timer)) run();
            await settle();
        },
        async answer(how) {
            answers.shift()[how]();
            await settle();
        },
    };
}

test("a question that is not answered makes silence; an answer ends it", async () => {
    const { silence, open, heard, answers, pass } = bench();
    let answered = false;
    const over = open();
    await pass(999);
    assert.equal(silence.get(), null);
    await pass(1);
    assert.deepEqual(silence.get(), { since_ms: null });
    answers().then(() => (answered = true));
    await pass(0);
    assert.equal(answered, false);
    heard();
    over();
    await pass(0);
    assert.deepEqual([silence.get(), answered], [null, true]);
});

test("who was heard is given more time, and silence counts from then", async () => {
    const { silence, open, heard, pass } = bench();
    heard(); // at 1000
    await pass(60000);
    assert.equal(silence.get(), null, "nothing was asked");
    const over = open();
    await pass(2999);
    heard(); // another question was answered, at 63999
    await pass(2999);
    assert.equal(silence.get(), null);
    await pass(1);
    assert.deepEqual(silence.get(), { since_ms: 63999 });
    over();
});

test("a question that is over is not waited for, however often that is said", async () => {
    const { silence, open, pass } = bench();
    const [first, second] = [open(), open()];
    first();
    first();
    await pass(999);
    second();
    await pass(60000);
    assert.equal(silence.get(), null);
});

test("in silence one question is asked again and again", async () => {
    const { silence, lost, asked, answer, pass } = bench();
    lost();
    lost();
    assert.equal(asked(), 1);
    await answer("reject");
    assert.equal(asked(), 0);
    await pass(2000);
    assert.equal(asked(), 1);
    await answer("resolve");
    assert.equal(silence.get(), null);
    lost();
    assert.equal(asked(), 1, "and in the next silence too");
});

// ---- the pages ----

const yet = (page, t) => page.getByRole("status").getByText(t("quiet.yet"));
const since = (page, t) => page.getByRole("status").getByText(new RegExp(t("quiet.since", { time: "\\d+:\\d\\d:\\d\\d" })));

// Only a page that is loaded anew forgets this.
const mark = (page) => page.evaluate(() => void (globalThis.marked = true));
const assertSame = async (page) => assert.equal(await page.evaluate(() => globalThis.marked), true, "the page was loaded anew");

for (const { dress, options } of DRESSES)
    walk(`a page that is opened while nobody answers has its frame, and comes by itself: ${dress}`, options, async (page, t, { axe }) => {
        await signIn(page, t);
        mock.freeze();
        await page.goto("/users");
        await yet(page, t).waitFor();
        await page.getByRole("navigation", { name: t("nav.label") }).waitFor();
        await page.getByRole("heading", { name: t("users.title") }).waitFor();
        await mark(page);
        assert.deepEqual(await axe(), []);
        await assertFits(page);
        await picture(page, `${dress}-quiet-yet`);
        mock.thaw();
        await page.getByRole("rowheader", { name: "abram" }).waitFor();
        await yet(page, t).waitFor({ state: "detached" });
        await assertSame(page);
    });

walk("who is signed out is asked to sign in once it answers, also after the console gave up", {}, async (page, t) => {
    await signIn(page, t);
    mock.world.down = true;
    await page.goto("/settings");
    await yet(page, t).waitFor();
    await mark(page);
    mock.signEverybodyOut();
    mock.world.down = false;
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
    await assertSame(page);
});

for (const { dress, options } of DRESSES)
    walk(`what is there stays, and says how old it is: ${dress}`, options, async (page, t, { axe }) => {
        await signIn(page, t);
        await page.goto("/audit");
        await page.getByText("block.added", { exact: true }).waitFor();
        await mark(page);
        mock.freeze();
        await page.getByRole("link", { name: "iago@example.org", exact: true }).first().click(); // asks
        await since(page, t).waitFor();
        await page.getByText("block.added", { exact: true }).waitFor();
        await page.getByText(t("live.off")).waitFor({ state: "attached" });
        assert.deepEqual(await axe(), []);
        await assertFits(page);
        await picture(page, `${dress}-quiet-since`);
        mock.thaw();
        await page.getByText("block.added", { exact: true }).waitFor({ state: "detached" });
        await since(page, t).waitFor({ state: "detached" });
        await assertSame(page);
    });

walk("silence is found without asking for anything, and said in a drawer too", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=romeo");
    await page.getByRole("heading", { name: t("one.acts") }).waitFor();
    mock.freeze();
    await since(page.getByRole("dialog"), t).waitFor();
    mock.thaw();
    await since(page.getByRole("dialog"), t).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: t("one.acts") }).waitFor();
});

walk("set-up waits for the server, and goes on by itself", {}, async (page, t) => {
    mock.world.setup = { key: "KEY", domain: null, tries: 0 };
    mock.freeze();
    await page.goto("/setup#KEY");
    await yet(page, t).waitFor();
    mock.thaw();
    await page.getByLabel(t("first.domain"), { exact: true }).waitFor();
    mock.world.setup = null;
});
