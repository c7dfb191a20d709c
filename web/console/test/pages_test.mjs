// The pages in a real browser against the mock: in both languages, light and dark, wide and narrow.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { openBrowser, openPage } from "./browser.js";
import { startMock } from "./mock.js";
import { goodLogin, wrongPassword } from "./mock_data.js";
import { translate } from "../src/translate.js";

const SCREENS = process.env.SCREENS; // a folder for pictures; none without it
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };
let mock;
let chromium;

before(async () => {
    mock = await startMock();
    chromium = await openBrowser();
    if (SCREENS) await mkdir(SCREENS, { recursive: true });
});

after(async () => {
    await chromium?.close();
    await mock?.close();
});

async function picture(page, name) {
    if (SCREENS) await page.screenshot({ path: `${SCREENS}/${name}.png` });
}

async function fillSignIn(page, t, user, password) {
    await page.getByLabel(t("signin.user")).fill(user);
    await page.getByLabel(t("signin.password"), { exact: true }).fill(password);
    await page.getByRole("button", { name: t("signin.do"), exact: true }).click();
}

async function signIn(page, t, user = "admin", password = "correct horse") {
    await page.goto("/");
    await fillSignIn(page, t, user, password);
    await page.getByRole("navigation", { name: t("nav.label") }).waitFor();
}

// No page is wider than the window, and nothing is cut off at its edge.
async function assertFits(page) {
    const { scroll, width, cut } = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth,
        width: innerWidth,
        cut: [...document.querySelectorAll("#app :not(svg *)")]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
            .map((element) => element.outerHTML.slice(0, 80)),
    }));
    assert.ok(scroll <= width, `the page is ${scroll} wide, the window ${width}`);
    assert.deepEqual(cut, []);
}

// Runs `steps` on a fresh page, then holds it to what every page must keep.
function walk(name, options, steps) {
    test(name, async () => {
        const opened = await openPage(chromium.browser, mock.url, { viewport: SIZES.wide, locale: "en-US", reducedMotion: "reduce", ...options });
        const t = (key, values) => translate(options.locale ?? "en", key, values);
        try {
            await steps(opened.page, t, opened);
            assert.deepEqual(opened.faults, []);
        } finally {
            await opened.close();
            mock.world.failures = 0;
            mock.world.down = false;
            mock.world.streamsFull = false;
        }
    });
}

// Opens an act of the drawer that is open; resolves to what must be said before it.
async function openAct(page, t, act) {
    await page.getByRole("button", { name: t(`act.${act}.name`) }).click();
    return page.getByText(t(`act.${act}.then`, { user: await page.evaluate(() => new URLSearchParams(location.search).get("user")) }));
}

async function askClose(page, t, bare) {
    await page.getByRole("row", { name: new RegExp(bare) }).first().getByRole("button", { name: t("close.short") }).click();
    return page.getByRole("dialog", { name: t("close.title") });
}

// ---- every page, in every dress ----

const PAGES = [
    ["home", "/", (page, t) => page.getByRole("heading", { name: t("home.hour") })],
    ["users", "/users", (page) => page.getByRole("rowheader", { name: "abram" })],
    ["new", "/users/new", (page, t) => page.getByRole("dialog", { name: t("new.title") })],
    ["user", "/users?user=romeo", (page, t) => page.getByRole("heading", { name: t("one.acts") })],
    ["user-self", "/users?user=admin", (page, t) => page.getByText(t("one.self_note"))],
    ["user-password", "/users?user=romeo", (page, t) => openAct(page, t, "password")],
    ["user-delete", "/users?user=romeo", (page, t) => openAct(page, t, "remove")],
    ["sessions", "/sessions", (page) => page.getByRole("rowheader", { name: /nurse/ })],
    ["session-close", "/sessions", (page, t) => askClose(page, t, "nurse@example.org")],
    ["xray", "/sign-ins?failed=1", (page, t) => page.getByRole("list", { name: t("xray.ladder") })],
];

for (const locale of ["en", "zh-CN"])
    for (const colorScheme of ["light", "dark"])
        for (const [size, viewport] of Object.entries(SIZES)) {
            const dress = `${locale}-${colorScheme}-${size}`;
            walk(`all pages: ${dress}`, { locale, colorScheme, viewport }, async (page, t, { axe }) => {
                await page.goto("/");
                await page.getByRole("heading", { name: t("signin.title") }).waitFor();
                assert.deepEqual(await axe(), [], "sign-in");
                await picture(page, `${dress}-sign-in`);
                await signIn(page, t);
                for (const [name, path, shown] of PAGES) {
                    await page.goto(path);
                    await (await shown(page, t)).waitFor();
                    assert.deepEqual(await axe(), [], name);
                    await assertFits(page);
                    await picture(page, `${dress}-${name}`);
                }
                assert.equal(await page.evaluate(() => document.documentElement.lang), locale);
            });
        }

// ---- signing in ----

walk("a wrong password is said, and does not sign in", {}, async (page, t, { axe }) => {
    await page.goto("/users");
    await fillSignIn(page, t, "admin", "wrong");
    await page.getByRole("alert").getByText(t("signin.wrong")).waitFor();
    assert.equal(await page.getByLabel(t("signin.password"), { exact: true }).inputValue(), "");
    assert.deepEqual(await axe(), []);
    await picture(page, "sign-in-wrong");
    await fillSignIn(page, t, "admin", "correct horse");
    await page.getByRole("heading", { name: t("users.title") }).waitFor();
});

walk("who is no administrator stays outside", {}, async (page, t) => {
    await page.goto("/");
    await fillSignIn(page, t, "juliet", "wherefore");
    await page.getByRole("alert").getByText(t("signin.no_admin")).waitFor();
});

walk("too many attempts wait for as long as the server says", {}, async (page, t) => {
    mock.world.failures = 5;
    await page.goto("/");
    await fillSignIn(page, t, "admin", "correct horse");
    await page.getByRole("alert").getByText(t("signin.slow")).waitFor();
    await page.getByText(t("signin.wait", { n: 7 })).waitFor();
    assert.ok(await page.getByRole("button", { name: t("signin.do"), exact: true }).isDisabled());
});

walk("a server that is down is said", {}, async (page, t) => {
    mock.world.down = true;
    await page.goto("/");
    await fillSignIn(page, t, "admin", "correct horse");
    await page.getByRole("alert").getByText(t("signin.down")).waitFor();
});

walk("signing out ends the session here and there", {}, async (page, t) => {
    await signIn(page, t);
    const signed = mock.world.signed.size;
    await page.getByRole("button", { name: t("menu.label") }).click();
    await picture(page, "menu");
    await page.getByRole("button", { name: t("menu.sign_out") }).click();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
    assert.equal(mock.world.signed.size, signed - 1);
    assert.equal(await page.evaluate(() => JSON.stringify(sessionStorage)), "{}");
});

walk("a session that the server ends leads to sign-in", {}, async (page, t) => {
    await signIn(page, t);
    await page.getByText(t("live.on")).waitFor();
    mock.signEverybodyOut();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
    await page.getByRole("status").getByText(t("error.signed-out")).waitFor();
});

// ---- users ----

walk("a user is created with a generated password, then another with a typed one", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.getByRole("link", { name: t("nav.users") }).click();
    await page.getByRole("link", { name: t("users.new") }).click();
    await page.getByLabel(t("new.name")).fill("Rosaline");
    await page.getByText(t("new.will_be", { jid: "rosaline@example.org" })).waitFor();
    await page.getByRole("button", { name: t("secret.show") }).click();
    const password = await page.locator(".secret-text").innerText();
    assert.match(password, /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    await picture(page, "new-good-name");
    await page.getByRole("button", { name: t("new.do") }).click();
    await page.getByText(t("made.title", { jid: "rosaline@example.org" })).waitFor();
    assert.equal(await page.getByText(password).count(), 0, "hidden until it is asked for");
    await page.getByRole("button", { name: t("secret.show") }).click();
    await page.getByText(password).waitFor();
    assert.deepEqual(await axe(), []);
    await picture(page, "new-made");

    await page.getByRole("button", { name: t("made.another") }).click();
    await page.getByLabel(t("new.name")).fill("friar");
    await page.getByRole("radio", { name: t("new.typed") }).check();
    await page.getByLabel(t("new.password"), { exact: true }).fill("holy");
    await page.getByText(t("new.short")).waitFor();
    await page.getByLabel(t("new.password"), { exact: true }).fill("holy saint francis");
    await page.keyboard.press("Enter");
    await page.getByText(t("made.title", { jid: "friar@example.org" })).waitFor();
    await page.getByRole("button", { name: t("made.done") }).click();
    await page.getByRole("rowheader", { name: "friar" }).waitFor();
    assert.ok(mock.world.accounts.some((account) => account.user === "friar"));
});

walk("a name that is none, or taken, is said as it is typed", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users/new");
    const name = page.getByLabel(t("new.name"));
    await name.fill("a b");
    await page.getByText(/is not a valid address/).waitFor();
    assert.equal(await name.getAttribute("aria-invalid"), "true");
    await name.fill("Juliet");
    await page.getByText(t("new.taken", { jid: "juliet@example.org" })).waitFor();
    await picture(page, "new-taken");
    await name.fill("juliet2");
    await page.getByText(t("new.will_be", { jid: "juliet2@example.org" })).waitFor();
});

walk("a name that is taken meanwhile is refused in words", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users/new");
    await page.getByLabel(t("new.name")).fill("sampson");
    await page.getByText(t("new.will_be", { jid: "sampson@example.org" })).waitFor();
    mock.world.accounts.push({ ...mock.world.accounts[0], user: "sampson" });
    await page.getByRole("button", { name: t("new.do") }).click();
    await page.getByRole("alert").getByText(t("error.register-taken")).waitFor();
});

walk("users are paged by the server and found by how they begin", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users");
    await page.getByRole("rowheader", { name: "abram" }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 50);
    await page.getByRole("button", { name: t("users.next") }).click();
    await page.getByRole("rowheader", { name: "viola" }).waitFor();
    await page.getByRole("button", { name: t("users.previous") }).click();
    await page.getByRole("rowheader", { name: "abram" }).waitFor();
    await page.getByRole("searchbox", { name: t("users.search") }).fill("ju");
    await page.getByRole("rowheader", { name: "abram" }).waitFor({ state: "detached" });
    assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), ["julia", "juliet"]);
    await page.getByRole("searchbox", { name: t("users.search") }).fill("nobody");
    await page.getByText(t("users.no_match", { q: "nobody" })).waitFor();
});

walk("read-only sees users and creates none", {}, async (page, t) => {
    await signIn(page, t, "auditor", "battery staple");
    await page.goto("/users/new");
    await page.getByRole("rowheader", { name: "abram" }).waitFor();
    assert.equal(await page.getByRole("link", { name: t("users.new") }).count(), 0);
    assert.equal(await page.getByRole("dialog").count(), 0);
});

walk("the keyboard alone creates a user", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users");
    await page.getByRole("link", { name: t("users.new") }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("gregory");
    await page.getByText(t("new.will_be", { jid: "gregory@example.org" })).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(t("made.title", { jid: "gregory@example.org" })).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).pathname, "/users");
});

// ---- acting on a user ----

const accountOf = (user) => mock.world.accounts.find((account) => account.user === user);
const drawerOf = (page, user) => page.getByRole("dialog", { name: `${user}@example.org` });
// Resolves when the focus is on what begins with `words`.
const focusOn = (page, words) => page.waitForFunction((text) => document.activeElement.textContent.trim().startsWith(text), words);

walk("the keyboard opens a user, turns away from an act, and comes back to the row", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users");
    await page.getByRole("link", { name: "benvolio", exact: true }).focus();
    await page.keyboard.press("Enter");
    await drawerOf(page, "benvolio").getByText("Pixel 9").waitFor();
    await page.getByRole("button", { name: t("act.logout.name") }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(t("act.logout.then", { user: "benvolio" })).waitFor();
    await focusOn(page, t("act.logout.do"));
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: t("one.acts") }).waitFor();
    await focusOn(page, t("act.logout.name"));
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await focusOn(page, "benvolio");
    assert.equal(accountOf("benvolio").tokens.length, 3);
});

walk("a new password is set, and shown once", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/users?user=mercutio");
    await (await openAct(page, t, "password")).waitFor();
    await page.getByRole("button", { name: t("secret.show") }).click();
    const password = await page.locator(".secret-text").innerText();
    await page.getByRole("button", { name: t("act.password.do") }).click();
    await page.getByText(t("act.password.done", { jid: "mercutio@example.org" })).waitFor();
    assert.equal(mock.world.passwords.mercutio, password);
    assert.equal(await page.getByText(password).count(), 0, "hidden until it is asked for");
    await page.getByRole("button", { name: t("secret.show") }).click();
    await page.getByText(password).waitFor();
    await page.getByText(t("one.no_tokens")).waitFor();
    assert.deepEqual(await axe(), []);
    await picture(page, "user-password-set");

    await (await openAct(page, t, "password")).waitFor();
    await page.getByRole("radio", { name: t("new.typed") }).check();
    await page.getByLabel(t("new.password"), { exact: true }).fill("a plague on both");
    await page.keyboard.press("Enter");
    await page.getByText(t("act.password.done", { jid: "mercutio@example.org" })).waitFor();
    assert.equal(mock.world.passwords.mercutio, "a plague on both");
});

walk("a user is disabled with a reason, and enabled again", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/users?user=portia");
    await (await openAct(page, t, "disable")).waitFor();
    await page.getByLabel(t("act.reason")).fill("法".repeat(90));
    await page.keyboard.press("Enter");
    await page.locator(".note-bad").getByText(t("act.reason_long")).waitFor();
    assert.equal(accountOf("portia").disabled, false);
    await page.getByLabel(t("act.reason")).fill("on leave");
    await page.keyboard.press("Enter");
    await page.getByText(t("act.disable.done", { jid: "portia@example.org" })).waitFor();
    await drawerOf(page, "portia").getByText("on leave").waitFor();
    assert.equal(accountOf("portia").reason, "on leave");
    assert.deepEqual(await axe(), []);
    await picture(page, "user-disabled");
    assert.equal(await page.getByRole("button", { name: t("act.disable.name") }).count(), 0);
    await (await openAct(page, t, "enable")).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(t("act.enable.done", { jid: "portia@example.org" })).waitFor();
    assert.equal(accountOf("portia").disabled, false);
});

walk("a user is signed out everywhere", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=viola");
    await drawerOf(page, "viola").getByText("Pixel 9").waitFor();
    await (await openAct(page, t, "logout")).waitFor();
    await page.getByRole("button", { name: t("act.logout.do") }).click();
    await page.getByText(t("act.logout.done", { jid: "viola@example.org" })).waitFor();
    await page.getByText(t("one.no_tokens")).waitFor();
    assert.ok(!mock.world.sessions.some(({ jid }) => jid.startsWith("viola@")));
});

walk("a user who comes while looked at is seen, though the number of sessions stays", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=silvia");
    await page.getByText(t("live.on")).waitFor();
    await drawerOf(page, "silvia").getByText(t("users.offline"), { exact: true }).waitFor();
    const left = mock.world.sessions.shift();
    mock.world.sessions.push({ ...left, id: 902, jid: "silvia@example.org/forest" });
    const login = goodLogin(mock.world.logins.at(-1).id + 1, "silvia", Date.now());
    mock.world.logins.push(login);
    mock.tell("login", login);
    await drawerOf(page, "silvia").getByText(t("users.online"), { exact: true }).waitFor();
});

walk("a user is deleted only when its name is typed", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/users?user=cordelia");
    await (await openAct(page, t, "remove")).waitFor();
    const name = page.getByLabel(t("act.type_name", { user: "cordelia" }));
    for (const other of ["", "cordeli", "regan"]) {
        await name.fill(other);
        await page.keyboard.press("Enter");
        await page.getByText(t("act.other_name", { user: "cordelia" })).waitFor();
        assert.equal(await name.getAttribute("aria-invalid"), "true");
        assert.ok(accountOf("cordelia"));
    }
    await picture(page, "user-delete-other-name");
    await name.fill("cordelia");
    await page.keyboard.press("Enter");
    await page.getByText(t("act.remove.done", { jid: "cordelia@example.org" })).waitFor();
    assert.equal(accountOf("cordelia"), undefined);
    assert.deepEqual(await axe(), []);
    await picture(page, "user-deleted");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("rowheader", { name: "cordelia" }).waitFor({ state: "detached" });
});

walk("an act that fails says why, and changes nothing", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=oberon");
    await (await openAct(page, t, "logout")).waitFor();
    mock.world.down = true;
    await page.getByRole("button", { name: t("act.logout.do") }).click();
    await page.getByRole("alert").getByText(t("error.refused")).waitFor();
    mock.world.down = false;
    await page.getByRole("button", { name: t("act.logout.do") }).click();
    await page.getByText(t("act.logout.done", { jid: "oberon@example.org" })).waitFor();
});

walk("a very long name fits its drawer", { viewport: SIZES.narrow }, async (page, t) => {
    const user = "a".repeat(300);
    mock.world.accounts.push({ ...accountOf("oberon"), user });
    await signIn(page, t);
    await page.goto(`/users?user=${user}`);
    await (await openAct(page, t, "remove")).waitFor();
    await assertFits(page);
    await picture(page, "user-long-name");
    mock.world.accounts.pop();
});

walk("nobody acts on themselves, nor on who is not there", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=admin");
    await page.getByText(t("one.self_note")).waitFor();
    assert.equal(await page.locator(".act").count(), 0);
    await page.goto("/users?user=nobody");
    await page.getByRole("alert").getByText(t("error.not-found")).waitFor();
});

walk("read-only sees a user and the sessions, and acts on none", {}, async (page, t) => {
    await signIn(page, t, "auditor", "battery staple");
    await page.goto("/users?user=romeo");
    await page.getByText(t("one.read_only_note")).waitFor();
    await drawerOf(page, "romeo").getByText("Pixel 9").waitFor();
    assert.equal(await page.locator(".act").count(), 0);
    await picture(page, "user-read-only");
    await page.goto("/sessions");
    await page.getByRole("rowheader", { name: /nurse/ }).first().waitFor();
    assert.equal(await page.getByRole("button", { name: t("close.short") }).count(), 0);
});

walk("a session is closed after a question", {}, async (page, t, { axe }) => {
    const jid = mock.world.sessions.find((session) => session.jid.startsWith("juliet@")).jid;
    await signIn(page, t);
    await page.goto("/sessions");
    const close = page.getByRole("button", { name: `${t("close.short")} ${jid}` });
    await close.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: t("close.title") }).getByText(jid).waitFor();
    await focusOn(page, t("new.cancel"));
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await focusOn(page, `${t("close.short")} ${jid}`);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: t("close.do") }).click();
    await page.getByRole("status").getByText(t("close.done", { jid })).waitFor();
    await close.waitFor({ state: "detached" });
    await focusOn(page, t("close.done", { jid }));
    assert.deepEqual(await axe(), []);
    await picture(page, "session-closed");
});

walk("a session that is over already is said", {}, async (page, t) => {
    const gone = { ...mock.world.sessions[0], id: 901, jid: "hero@example.org/balcony" };
    mock.world.sessions.push(gone);
    await signIn(page, t);
    await page.goto("/sessions");
    const question = await askClose(page, t, "hero@example.org");
    await question.waitFor();
    mock.world.sessions = mock.world.sessions.filter((session) => session !== gone);
    await question.getByRole("button", { name: t("close.do") }).click();
    await question.getByRole("alert").getByText(t("error.not-found")).waitFor();
});

// ---- live ----

walk("a new user, a session and a sign-in appear by themselves", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sign-ins");
    await page.getByText(t("live.on")).waitFor();
    const id = mock.world.logins.at(-1).id + 1;
    const login = wrongPassword(id, "tybalt", Date.now(), 4000);
    mock.world.logins.push(login);
    mock.tell("login", login);
    await page.locator(".xray-row").first().getByText("tybalt@example.org").waitFor();
    await page.locator(".xray-row").first().click();
    await page.getByText("The password given for tybalt@example.org was wrong.").waitFor();
    await page.getByText(/held back 4,000 ms/).waitFor();
    await picture(page, "xray-held");

    await page.getByRole("link", { name: t("nav.sessions") }).click();
    await page.getByRole("rowheader", { name: /nurse/ }).waitFor();
    mock.world.sessions.push({ ...mock.world.sessions[0], id: 900, jid: "ophelia@example.org/river" });
    const next = goodLogin(id + 1, "ophelia", Date.now());
    mock.world.logins.push(next);
    mock.tell("login", next);
    await page.getByRole("rowheader", { name: /ophelia/ }).waitFor();
});

walk("a page that nobody sees holds no stream", {}, async (page, t) => {
    const turn = (visibilityState) =>
        page.evaluate((state) => {
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }, visibilityState);
    await signIn(page, t);
    await page.getByText(t("live.on")).waitFor();
    const gone = mock.streamGone();
    await turn("hidden");
    await gone;
    await page.getByText(t("live.off")).waitFor();
    await turn("visible");
    await page.getByText(t("live.on")).waitFor();
});

walk("without a stream the page asks by itself", {}, async (page, t) => {
    mock.world.streamsFull = true;
    await signIn(page, t);
    await page.getByRole("heading", { name: t("home.hour") }).waitFor();
    await page.getByText(t("live.off")).waitFor();
    mock.world.streamsFull = false;
    await page.getByText(t("live.on")).waitFor();
});

walk("the X-ray shows stages with their time, and filters", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sign-ins?id=70");
    const ladder = page.getByRole("list", { name: t("xray.ladder") });
    await ladder.waitFor();
    const words = await ladder.innerText();
    for (const stage of ["connect", "header", "secure", "sign in", "bind", "ready"]) assert.ok(words.includes(stage), stage);
    await page.getByRole("radio", { name: t("xray.only_failed") }).check();
    await page.locator(".xray-what:not(.bad)").first().waitFor({ state: "detached" });
    assert.equal(await page.locator(".xray-what:not(.bad)").count(), 0);
    await page.getByRole("searchbox", { name: t("xray.search") }).fill("203.0.113");
    await page.getByText("Not XMPP").first().waitFor();
    assert.match(page.url(), /failed=1/);
});

// ---- dress ----

walk("language and colours are switched and remembered", { viewport: SIZES.narrow }, async (page, t) => {
    await signIn(page, t);
    await page.getByRole("button", { name: t("menu.label") }).click();
    await page.getByRole("radio", { name: "中文" }).check();
    await page.getByRole("radio", { name: translate("zh-CN", "theme.dark") }).check();
    await picture(page, "menu-narrow-zh-dark");
    await page.reload();
    await page.getByRole("link", { name: translate("zh-CN", "nav.users") }).waitFor();
    const root = await page.evaluate(() => ({ ...document.documentElement.dataset, lang: document.documentElement.lang }));
    assert.deepEqual(root, { theme: "dark", lang: "zh-CN" });
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).sort()), ["language", "theme"]);
});

walk("no element has a style of its own", {}, async (page, t) => {
    await signIn(page, t);
    for (const [, path, shown] of PAGES) {
        await page.goto(path);
        await (await shown(page, t)).waitFor();
        assert.equal(await page.locator("[style]").count(), 0, path);
    }
});
