// From an empty folder to a server that is in use, as its operator walks it in a browser: each step before
// the real linnetd, in every dress. LINNET_BIN is the folder of linnetd, linnetctl, linnet, linnet-console.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage } from "./browser.js";
import { DRESSES, assertFits, fillSignIn, picture } from "./page.js";
import { startFresh } from "./server.js";
import { translate } from "./words.js";

const BIN = process.env.LINNET_BIN;
const ADMIN = "all the world's a stage";
const JID = "juliet@localhost";

// What the X-ray says of a wrong password, by the failure catalogue.
const WRONG = {
    en: { heading: "Wrong password", sentence: `The password given for ${JID} was wrong.`, stage: "sign in" },
    "zh-CN": { heading: "密码错误", sentence: `${JID} 的密码错误。`, stage: "登录" },
};

// ---- the steps; `w` is {page, t, seen, server, locale}, and what one step leaves for another ----

async function setUp({ page, t, seen, server }) {
    await page.goto(server.link);
    await page.getByLabel(t("first.domain"), { exact: true }).fill("localhost");
    assert.equal(new URL(page.url()).hash, "", "the key is not in the address bar");
    await page.getByLabel(t("first.user")).fill("admin");
    await page.getByText(t("first.will_be", { jid: "admin@localhost" })).waitFor();
    await page.getByRole("radio", { name: t("new.typed") }).check();
    await page.getByLabel(t("new.password"), { exact: true }).fill(ADMIN);
    await seen("set-up");
    await page.getByRole("button", { name: t("first.do"), exact: true }).click();
    await page.getByRole("status").getByText(t("first.done_note", { jid: "admin@localhost" })).waitFor();
    await page.waitForFunction(() => document.activeElement.name === "password"); // the name is known
    await server.line(/^ready/);
    await seen("sign-in");
}

async function signIn({ page, t, seen }) {
    await fillSignIn(page, t, "admin", ADMIN);
    await page.getByRole("heading", { name: "localhost" }).waitFor();
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    await seen("home");
}

async function createUser(w) {
    const { page, t, seen } = w;
    await page.getByRole("link", { name: t("nav.users") }).click();
    await page.getByRole("link", { name: t("users.new") }).click();
    await page.getByLabel(t("new.name"), { exact: true }).fill("Juliet");
    await page.getByText(t("new.will_be", { jid: JID })).waitFor();
    await seen("new");
    await page.getByRole("button", { name: t("new.do") }).click();
    await page.getByText(t("made.title", { jid: JID })).waitFor();
    await page.getByRole("button", { name: t("secret.show") }).click();
    w.password = await page.locator(".secret-text").nth(1).innerText();
    await seen("made");
    await page.getByRole("button", { name: t("made.done") }).click();
    await page.getByRole("rowheader", { name: "juliet" }).waitFor();
}

async function logIn(w) {
    const { page, t, seen, server } = w;
    w.client = await server.stay("juliet", w.password);
    await page.getByRole("row", { name: /juliet/ }).getByText(t("users.online")).waitFor();
    await seen("users");
    await page.getByRole("link", { name: t("nav.sessions") }).click();
    await page.getByRole("rowheader", { name: new RegExp(JID) }).waitFor();
    await seen("sessions");
    await page.getByRole("link", { name: JID }).click();
    await page.getByRole("dialog").getByText(/^TLSv1\.3/).waitFor();
    await seen("session");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
}

async function closeSession({ page, t, seen, client }) {
    const row = page.getByRole("row", { name: new RegExp(JID) });
    await row.getByRole("button", { name: t("close.short") }).click();
    await page.getByText(t("close.then")).waitFor();
    await seen("session-close");
    await page.getByRole("button", { name: t("close.do") }).click();
    await page.getByRole("status").getByText(new RegExp(JID)).waitFor();
    assert.match(await client.over, /closed by the server's operator/);
    await row.waitFor({ state: "detached" });
    await page.getByText(t("sessions.none")).waitFor();
    await seen("session-closed");
}

async function wrongPassword({ page, t, seen, server, locale }) {
    const { heading, sentence, stage } = WRONG[locale];
    await page.getByRole("link", { name: t("nav.xray") }).click();
    assert.equal(await server.login("juliet", "not it"), 30);
    await page.locator(".xray-row").filter({ hasText: heading }).click();
    await page.getByText(sentence, { exact: true }).waitFor();
    assert.match(await page.getByRole("list", { name: t("xray.ladder") }).innerText(), new RegExp(stage));
    const trace = page.getByRole("list", { name: t("trace.title") });
    await trace.getByText("<stream:stream").first().waitFor();
    assert.match(await trace.innerText(), /\*\*\*/);
    await seen("xray");
}

async function showSecurity({ page, t, seen }) {
    await page.getByRole("link", { name: t("nav.security") }).click();
    const strongest = page.getByRole("listitem").filter({ has: page.getByRole("checkbox", { name: "SCRAM-SHA-512-PLUS" }) });
    await strongest.getByText(t("mech.used", { n: 1 })).waitFor();
    const debts = page.getByRole("list", { name: t("debt.title") });
    await debts.getByRole("link", { name: `${t("debt.account")} juliet` }).waitFor();
    await debts.getByRole("link", { name: `${t("debt.address")} 127.0.0.1` }).waitFor();
    assert.equal(await debts.getByRole("link", { name: t("debt.block") }).count(), 0, "this machine is not blocked");
    await seen("security");
}

async function changeSetting({ page, t, seen }) {
    await page.getByRole("link", { name: t("nav.settings") }).click();
    await page.getByRole("searchbox", { name: t("set.search") }).fill("logins.keep");
    await page.getByText(t("set.count", { n: 1 }), { exact: true }).waitFor();
    await seen("settings");
    await page.getByRole("link", { name: "logins.keep", exact: true }).click();
    await page.getByLabel(t("set.new")).fill("500");
    await page.getByText(t("set.good"), { exact: true }).waitFor();
    await page.getByRole("button", { name: t("set.do"), exact: true }).click();
    await page.getByText(t("set.done_now", { name: "logins.keep", value: "500" })).waitFor();
    await page.getByText(t("change.by", { time: "", actor: "admin@localhost" }).trim()).waitFor();
    await seen("setting");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
}

async function readAudit({ page, t, seen }) {
    await page.getByRole("link", { name: t("nav.audit") }).click();
    for (const [action, object] of [
        ["server.set_up", "admin@localhost"],
        ["console.signed_in", "admin@localhost"],
        ["account.added", JID],
        ["session.closed", JID],
        ["settings.changed", "logins.keep"],
    ]) {
        const entry = page.locator(".trail-entry").filter({ hasText: action }).filter({ hasText: object });
        const said = t(`did.${action}`, { actor: "admin@localhost", object });
        await entry.getByText(said, { exact: action !== "session.closed" }).waitFor(); // of which the resource is not known
        if (action !== "server.set_up") assert.match(await entry.innerText(), / · 127\.0\.0\.1/);
    }
    await seen("audit");
}

async function signOut({ page, t }) {
    await page.getByRole("button", { name: t("menu.label") }).click();
    await page.getByRole("button", { name: t("menu.sign_out") }).click();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
}

async function linkIsVoid({ page, t, seen, server }) {
    assert.equal((await page.request.get("/api/v1/setup")).status(), 404);
    await page.goto(server.link);
    await page.getByText(t("first.not_needed")).waitFor();
    await seen("not-needed");
    await page.getByRole("link", { name: t("first.to_sign_in") }).click();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
}

const STEPS = [
    ["the link that linnetd printed sets it up", setUp],
    ["the administrator signs in", signIn],
    ["a user is created, with a password that nobody thought of", createUser],
    ["that user logs in with linnet, and is seen in Sessions", logIn],
    ["the session is closed there, and linnet says so", closeSession],
    ["a wrong password is in the X-ray with its sentence, and what was said", wrongPassword],
    ["Security shows what was used, and who guessed", showSecurity],
    ["a setting is changed, and holds at once", changeSetting],
    ["Audit shows it all", readAudit],
    ["signed out", signOut],
    ["the link is void", linkIsVoid],
];

// ---- in every dress ----

let chromium;

before(async () => {
    if (BIN) chromium = await openBrowser();
});

after(() => chromium?.close());

// What every page must keep, and its picture.
function lookOf({ page, axe }, dress) {
    return async (name) => {
        assert.deepEqual(await axe(), [], name);
        await assertFits(page);
        await picture(page, `first-run-${dress}-${name}`);
    };
}

// Of steps that build on each other, none is tried after one that failed.
async function passes(path, name, step) {
    let done = false;
    await path.test(name, async () => {
        await step();
        done = true;
    });
    return done;
}

async function walk(path, server, opened, dress, locale) {
    const t = (key, values) => translate(locale, key, values);
    const w = { page: opened.page, t, seen: lookOf(opened, dress), server, locale };
    for (const [name, step] of STEPS) if (!(await passes(path, name, () => step(w)))) return;
    assert.deepEqual(opened.faults, []);
    const key = new URL(server.link).hash.slice(1);
    for (const secret of [ADMIN, w.password, key]) assert.ok(!server.logged().includes(secret), "a secret is in the log");
}

for (const { dress, options } of DRESSES)
    test(`first run, and what follows: ${dress}`, { skip: BIN ? false : "LINNET_BIN is not set" }, async (path) => {
        const server = await startFresh(BIN);
        try {
            const opened = await openPage(chromium.browser, server.url, options);
            await walk(path, server, opened, dress, options.locale).finally(opened.close);
        } finally {
            await server.close();
        }
    });
