// The pages in a real browser against the mock: in both languages, light and dark, wide and narrow.
import assert from "node:assert/strict";
import { ADMIN_PAGES } from "./admin_pages.js";
import { goodLogin, wrongPassword } from "./mock_data.js";
import { DRESSES, SIZES, askClose, assertFits, fillSignIn, mock, openAct, picture, signIn, walk } from "./walk.js";
import { translate } from "./words.js";

// ---- every page, in every dress ----

const PAGES = [
    ...ADMIN_PAGES,
    ["home", "/", (page, t) => page.getByRole("heading", { name: t("home.hour") })],
    ["users", "/users", (page) => page.getByRole("rowheader", { name: "abram" })],
    ["new", "/users/new", (page, t) => page.getByRole("dialog", { name: t("new.title") })],
    ["user", "/users?user=romeo", (page, t) => page.getByRole("heading", { name: t("one.acts") })],
    ["user-self", "/users?user=admin", (page, t) => page.getByText(t("one.self_note"))],
    ["user-role", "/users?user=romeo", (page, t) => openAct(page, t, "role")],
    ["user-password", "/users?user=romeo", (page, t) => openAct(page, t, "password")],
    ["user-delete", "/users?user=romeo", (page, t) => openAct(page, t, "remove")],
    ["sessions", "/sessions", (page) => page.getByRole("rowheader", { name: /nurse/ })],
    ["session", "/sessions?jid=nurse@example.org/3ad0385d57a651f21c7fece79e25d3", (page, t) => page.getByRole("dialog").getByText(t("sessions.user"), { exact: true })],
    ["session-close", "/sessions", (page, t) => askClose(page, t, "nurse@example.org")],
    ["xray", "/sign-ins?failed=1", (page, t) => page.getByRole("list", { name: t("trace.title") })],
    ["security", "/security", async (page, t) => (await page.getByText("198.51.100.23").first().waitFor(), page.getByRole("checkbox", { name: "PLAIN" }))],
    ["block", "/security?block=192.0.2.7", (page, t) => page.getByRole("dialog", { name: t("block.add") })],
];

for (const { dress, options } of DRESSES)
    walk(`all pages: ${dress}`, options, async (page, t, { axe }) => {
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
        assert.equal(await page.evaluate(() => document.documentElement.lang), options.locale);
    });

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
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), "{}");
});

walk("every tab of an origin is signed in, and none by the cookie alone", {}, async (page, t) => {
    await signIn(page, t);
    await page.reload();
    await page.getByText(t("live.on")).waitFor();
    const beside = await page.context().newPage();
    await beside.goto(`${mock.url}/users`);
    await beside.getByRole("heading", { name: t("users.title") }).waitFor();
    await beside.evaluate(() => localStorage.removeItem("session"));
    await beside.reload();
    await beside.getByRole("heading", { name: t("signin.title") }).waitFor();
    await fillSignIn(beside, t, "admin", "correct horse");
    await beside.getByRole("heading", { name: t("users.title") }).waitFor();
    await page.getByRole("link", { name: t("nav.users") }).click();
    await page.getByRole("rowheader").first().waitFor();
});

walk("a session that the server ends leads to sign-in", {}, async (page, t) => {
    await signIn(page, t);
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    mock.signEverybodyOut();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
    await page.getByRole("status").getByText(t("error.signed-out")).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem("session")), null);
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

// ---- live ----

walk("a new user, a session and a sign-in appear by themselves", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sign-ins");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    await page.locator(".xray-row").first().waitFor(); // what is newest now is open
    const id = mock.world.logins.at(-1).id + 1;
    const login = wrongPassword(id, "tybalt", Date.now(), 4000);
    mock.world.logins.push(login);
    mock.tell("login", login);
    await page.locator(".xray-row").first().getByText("tybalt@example.org").waitFor();
    await page.locator(".xray-row").first().click();
    await page.getByText("The password given for tybalt@example.org was wrong.").waitFor();
    await page.getByText(/held back 4,000\sms/).waitFor();
    await picture(page, "xray-held");

    await page.getByRole("link", { name: t("nav.sessions") }).click();
    await page.getByRole("rowheader", { name: /nurse/ }).waitFor();
    mock.world.sessions.push({ ...mock.world.sessions[0], id: 900, jid: "ophelia@example.org/river" });
    const next = goodLogin(id + 1, "ophelia", Date.now());
    mock.world.logins.push(next);
    mock.tell("login", next);
    await page.getByRole("rowheader", { name: /ophelia/ }).waitFor();
});

// No sign-in tells of it, and there are as many as before: one that resumes elsewhere, or is taken over.
walk("a session that comes while another goes is noticed", {}, async (page, t) => {
    const before = mock.world.sessions;
    // One session of one user, whatever the tests before have left.
    mock.world.sessions = [{ ...before[0], jid: "romeo@example.org/river" }];
    const swap = (gone, came) => {
        mock.world.sessions = mock.world.sessions.map((one) => (one.jid.startsWith(`${gone}@`) ? { ...one, id: 901, jid: `${came}@example.org/river` } : one));
        mock.tellStatus();
    };
    await signIn(page, t);
    await page.goto("/sessions");
    await page.getByRole("rowheader", { name: /romeo/ }).waitFor();
    swap("romeo", "ophelia");
    await page.getByRole("rowheader", { name: /ophelia/ }).waitFor();
    await page.goto("/users?user=ophelia");
    const drawer = page.getByRole("dialog");
    await drawer.getByText("river", { exact: true }).first().waitFor();
    swap("ophelia", "orsino");
    await drawer.getByText(t("one.no_sessions")).waitFor();
    await drawer.getByText(t("users.offline"), { exact: true }).waitFor();
    await page.goto("/users?q=or");
    await page.getByRole("row", { name: /orsino/ }).getByText(t("users.online")).waitFor();
    swap("orsino", "hero");
    await page.getByRole("row", { name: /orsino/ }).getByText(t("users.offline")).waitFor();
    mock.world.sessions = before;
});

walk("what the page asks by itself says so", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sessions");
    await page.getByRole("rowheader").first().waitFor();
    const [session] = mock.world.sessions;
    const asked = async (change) => {
        const request = page.waitForRequest((one) => one.url().includes("/api/v1/sessions"));
        change();
        mock.tellStatus();
        return (await request).headers()["x-automatic"];
    };
    await asked(() => mock.world.sessions.shift());
    assert.equal(await asked(() => mock.world.sessions.push(session)), "1");
    await page.keyboard.press("Shift");
    assert.equal(await asked(() => mock.world.sessions.shift()), undefined);
    assert.equal(await asked(() => mock.world.sessions.push(session)), "1");
});

walk("a page that nobody sees holds no stream", {}, async (page, t) => {
    const turn = (visibilityState) =>
        page.evaluate((state) => {
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }, visibilityState);
    await signIn(page, t);
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    const gone = mock.streamGone();
    await turn("hidden");
    await gone;
    await page.getByText(t("live.off"), { exact: true }).waitFor();
    await turn("visible");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
});

walk("without a stream the page asks by itself", {}, async (page, t) => {
    mock.world.streamsFull = true;
    await signIn(page, t);
    await page.getByRole("heading", { name: t("home.hour") }).waitFor();
    await page.getByText(t("live.off"), { exact: true }).waitFor();
    mock.world.streamsFull = false;
    await page.getByText(t("live.on"), { exact: true }).waitFor();
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
    await page.getByRole("searchbox", { name: t("xray.from") }).fill("203.0.113");
    await page.getByText("Not XMPP").first().waitFor();
    assert.match(page.url(), /failed=1/);
});

walk("a remedy leads to where it is done, for that user and that address", {}, async (page, t) => {
    const login = { ...wrongPassword(mock.world.logins.at(-1).id + 1, "tybalt", Date.now()), address: "192.0.2.77:50112" };
    mock.world.logins.push(login);
    await signIn(page, t);
    const go = (name, values) => page.getByRole("list", { name: t("xray.places") }).getByRole("link", { name: t(`go.${name}`, values) });
    const open = () => page.goto(`/sign-ins?id=${login.id}`);
    await open();
    await page.getByText(t("remedy.wrong_password")).waitFor();
    await go("from").click();
    await page.waitForURL(/from=192.0.2.77&failed=1/);
    await page.waitForFunction((label) => document.querySelector(`input[placeholder="${label}"]`).value === "192.0.2.77", t("xray.from"));
    await open();
    await go("block").click();
    const block = page.getByRole("dialog", { name: t("block.add") });
    assert.equal(await block.getByLabel(t("block.network")).inputValue(), "192.0.2.77");
    await open();
    await go("password", { user: "tybalt" }).click();
    await page.getByText(t("act.password.then", { user: "tybalt" })).waitFor();
    assert.equal(new URL(page.url()).search, "?user=tybalt", "the act is begun once");
    await page.getByRole("button", { name: t("new.cancel") }).click();
    await page.getByRole("heading", { name: t("one.acts") }).waitFor();
    mock.world.logins.pop();
});

walk("a remedy about nobody's name leads to a new account of it; read-only is led to what can be looked at", {}, async (page, t) => {
    const id = mock.world.logins.at(-1).id + 1;
    const login = wrongPassword(id, "yorick", Date.now());
    Object.assign(login.failure, { heading: "No such account", sentence: "There is no account yorick@example.org.", remedy: "linnetctl user add NAME makes one." });
    mock.world.logins.push(login);
    const places = page.getByRole("list", { name: t("xray.places") });
    await signIn(page, t);
    await page.goto(`/sign-ins?id=${id}`);
    assert.equal(await page.getByText(/linnetctl/).count(), 0);
    await places.getByRole("link", { name: t("go.create", { user: "yorick" }) }).click();
    await page.getByText(t("new.will_be", { jid: "yorick@example.org" })).waitFor();
    await page.context().clearCookies();
    await signIn(page, t, "auditor", "battery staple");
    await page.goto(`/sign-ins?id=${id}`);
    await places.getByRole("link", { name: t("go.users") }).waitFor();
    assert.equal(await places.getByRole("link", { name: t("go.create", { user: "yorick" }) }).count(), 0);
    await page.goto("/users?user=romeo&act=password");
    await page.getByText(t("one.read_only_note")).waitFor();
    mock.world.logins.pop();
});

walk("a sign-in shows what was said, and that it is not kept any more", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sign-ins?id=70");
    const trace = page.getByRole("list", { name: t("trace.title") });
    await trace.getByText("<initial-response>***</initial-response>").waitFor();
    assert.deepEqual(await trace.locator(".trace-side").allInnerTexts(), ["C", "S", "C", "S", "C"]);
    await trace.getByText("2 lines were left out here").waitFor();
    await page.getByRole("button", { name: t("trace.copy") }).click();
    await page.getByText(t("copy.done")).waitFor();
    const kept = mock.world.logins;
    await page.getByRole("searchbox", { name: t("xray.user") }).waitFor();
    mock.world.logins = kept.filter((login) => login.id !== 69);
    await page.locator('[aria-controls="sign-in-69"]').click();
    await page.getByText(t("trace.gone")).waitFor();
    mock.world.logins = kept;
});

walk("the X-ray finds by user and by address", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sign-ins");
    await page.locator(".xray-row").first().waitFor();
    await page.getByRole("searchbox", { name: t("xray.from") }).fill("198.51.100");
    await page.waitForURL(/from=198/);
    const failed = mock.world.logins.filter(({ address }) => address.startsWith("198.51.100"));
    await page.waitForFunction((count) => document.querySelectorAll(".xray-row").length === count, failed.length);
    await page.getByRole("searchbox", { name: t("xray.user") }).fill(failed[0].user);
    await page.waitForURL(/user=/);
    await page.waitForFunction((user) => [...document.querySelectorAll(".xray-who")].every((who) => who.textContent.startsWith(user)), failed[0].user);
    assert.match(page.url(), /from=198/);
});

// ---- the server ----

walk("home draws what the server carries, and says what it warns of", {}, async (page, t) => {
    await signIn(page, t);
    await page.getByText(/^\d[\d,.]* per second$/).first().waitFor();
    await page.getByRole("img", { name: new RegExp(`^${t("home.lag")}`) }).waitFor();
    await page.getByText("*:5223 TLS").waitFor();
    await page.getByText(t("alert.certificate-expires", { days: 9 })).waitFor();
    await page.getByText("The moon is full.").waitFor();
    assert.equal(await page.getByText(t("warn.certificate_soon", { days: 18 })).count(), 0);
    await page.getByRole("link", { name: t("warn.go") }).click();
    await page.getByRole("heading", { name: t("security.title") }).waitFor();
});

walk("a server that says less of itself is shown as well as it is known", {}, async (page, t) => {
    mock.world.status = Object.fromEntries(["listening", "messages", "lag_ms", "commit", "warnings"].map((name) => [name, undefined]));
    await signIn(page, t);
    await page.getByRole("heading", { name: t("home.hour") }).waitFor();
    await page.getByText(t("warn.certificate_soon", { days: 18 })).waitFor();
    assert.equal(await page.locator(".trend").count(), 0);
    assert.ok(!/undefined|NaN/.test(await page.locator("main").innerText()));
    mock.world.status = {};
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
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).sort()), ["language", "session", "theme"]);
});

walk("no element has a style of its own", {}, async (page, t) => {
    await signIn(page, t);
    for (const [, path, shown] of PAGES) {
        await page.goto(path);
        await (await shown(page, t)).waitFor();
        assert.equal(await page.locator("[style]").count(), 0, path);
    }
});
