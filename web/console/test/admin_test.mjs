// Set-up, audit and settings in a real browser against the mock.
import assert from "node:assert/strict";
import { auditEntry } from "./mock_more_a.js";
import { DRESSES, SIZES, assertFits, fillSignIn, mock, picture, signIn, walk } from "./walk.js";

const rowOf = (name) => mock.world.settings.find((row) => row.name === name);
const LINK = "/setup#KEY-of-the-link";

function needSetUp(domain = null) {
    mock.world.setup = { key: "KEY-of-the-link", domain, tries: 0 };
}

// ---- set-up ----

async function fillSetUp(page, t, domain, user) {
    if (domain) await page.getByLabel(t("first.domain"), { exact: true }).fill(domain);
    await page.getByLabel(t("first.user")).fill(user);
}

const pressSetUp = (page, t) => page.getByRole("button", { name: t("first.do"), exact: true }).click();

// The field is to hold this, now or after the next frames.
function holds(field, value) {
    const look = (input, wanted) =>
        new Promise((done) => {
            const again = () => (input.value === wanted ? done() : requestAnimationFrame(again));
            again();
        });
    return field.evaluate(look, value, { timeout: 5000 });
}

for (const { dress, options } of DRESSES)
    walk(`set-up: ${dress}`, options, async (page, t, { axe }) => {
        const seen = async (name, words) => {
            await page.getByText(words).first().waitFor();
            assert.deepEqual(await axe(), [], name);
            await assertFits(page);
            await picture(page, `${dress}-${name}`);
        };
        // Taking a picture leaves some of its own.
        const assertUnstyled = async () => assert.equal(await page.locator("[style]").count(), 0);
        needSetUp();
        await page.goto("/setup");
        await seen("setup-no-key", t("first.no_key_note"));
        await page.goto(LINK); // the fragment alone changes
        await seen("setup", t("first.domain_note"));
        await fillSetUp(page, t, "exa mple", "ad min");
        await seen("setup-bad", t("first.domain_bad"));
        mock.world.setup = null;
        await page.reload();
        await page.getByText(t("first.not_needed")).first().waitFor();
        await assertUnstyled();
        await seen("setup-not-needed", t("first.not_needed"));
    });

walk("before it is set up, signing in says what to do", {}, async (page, t) => {
    needSetUp();
    await page.goto("/");
    await page.getByText(t("signin.unmade_note")).waitFor();
    mock.world.setup = null;
    await page.reload();
    await page.getByLabel(t("signin.user")).waitFor();
    assert.equal(await page.getByText(t("signin.unmade_note")).count(), 0);
});

walk("the link sets the server up, and leads to sign-in", {}, async (page, t) => {
    needSetUp();
    await page.goto(LINK);
    await page.getByLabel(t("first.domain"), { exact: true }).waitFor();
    assert.equal(new URL(page.url()).hash, "", "the key is not in the address bar any more");
    await page.waitForFunction(() => document.activeElement.name === "domain");
    await fillSetUp(page, t, "example.org", "Founder");
    await page.getByText(t("first.will_be", { jid: "Founder@example.org" })).waitFor();
    await page.getByRole("button", { name: t("secret.show") }).click();
    const password = await page.locator(".secret-text").innerText();
    await pressSetUp(page, t);
    await page.getByRole("status").getByText(t("first.done_note", { jid: "founder@example.org" })).waitFor();
    await picture(page, "setup-done");
    assert.equal(await page.getByLabel(t("signin.user")).inputValue(), "founder");
    assert.equal(mock.world.passwords.founder, password);
    await fillSignIn(page, t, "founder", password);
    await page.getByRole("navigation", { name: t("nav.label") }).waitFor();
});

walk("with a domain given, set-up asks for the administrator alone, with a password that is typed", {}, async (page, t) => {
    needSetUp("example.org");
    await page.goto(LINK);
    await page.getByText(t("first.lead_admin", { domain: "example.org" })).waitFor();
    assert.equal(await page.getByLabel(t("first.domain"), { exact: true }).count(), 0);
    await fillSetUp(page, t, null, "second");
    await page.getByRole("radio", { name: t("new.typed") }).check();
    await page.getByLabel(t("new.password"), { exact: true }).fill("all the world a stage");
    await page.keyboard.press("Enter");
    await page.getByText(t("first.done_note", { jid: "second@example.org" })).waitFor();
});

walk("what set-up refuses is said where it is", {}, async (page, t, { axe }) => {
    needSetUp();
    await page.goto(LINK);
    await fillSetUp(page, t, "bad_sign.org", "admin2");
    await pressSetUp(page, t);
    await page.getByText(/"bad_sign.org" is not a valid address/).waitFor();
    await page.waitForFunction(() => document.activeElement.name === "domain");
    assert.equal(await page.getByLabel(t("first.domain"), { exact: true }).getAttribute("aria-invalid"), "true");
    assert.deepEqual(await axe(), []);
    await fillSetUp(page, t, "example.org", "a@b");
    await page.getByText(t("first.user_bad")).waitFor();
    await pressSetUp(page, t);
    await page.waitForFunction(() => document.activeElement.name === "user");
    assert.equal(mock.world.setup.tries, 1, "what is plainly none is not sent");
    mock.world.setup.key = "another";
    await fillSetUp(page, t, null, "admin2");
    await pressSetUp(page, t);
    await page.getByRole("alert").getByText(t("first.wrong_key"), { exact: true }).waitFor();
    mock.world.setup.tries = 10;
    await pressSetUp(page, t);
    await page.getByRole("alert").getByText(t("first.slow")).waitFor();
    mock.world.setup = null;
    await pressSetUp(page, t);
    await page.getByText(t("first.not_needed")).waitFor();
    await page.getByRole("link", { name: t("first.to_sign_in") }).click();
    await page.getByRole("heading", { name: t("signin.title") }).waitFor();
});

walk("set-up says when the server does not answer, and asks again", {}, async (page, t) => {
    needSetUp();
    mock.world.down = true;
    await page.goto(LINK);
    await page.getByRole("status").getByText(t("quiet.yet")).waitFor();
    mock.world.down = false;
    await page.getByLabel(t("first.domain"), { exact: true }).waitFor();
    mock.world.setup = null;
});

// ---- audit ----

const entries = (page) => page.locator(".trail-entry");

walk("the audit trail says who did what, and what comes is seen at once", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/audit");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    const disabled = entries(page).filter({ hasText: "account.disabled" });
    assert.match(await disabled.innerText(), /admin@example.org disabled iago@example.org\s+under investigation\s+account.disabled · 127.0.0.1/);
    assert.match(await entries(page).filter({ hasText: "server.reloaded" }).innerText(), /^uid 0 on the server/);
    assert.match(await entries(page).filter({ hasText: "moon.landed" }).innerText(), /did something to tranquility\s+one small step\s+moon.landed/);
    const revoked = await entries(page).filter({ hasText: "tokens.revoked" }).allInnerTexts();
    assert.deepEqual(revoked.map((text) => /took (a token|all tokens) of/.exec(text)[1]), ["a token", "all tokens"]);
    assert.match(await entries(page).filter({ hasText: "account.role" }).innerText(), /Read only/);
    const entry = auditEntry(mock.world.trail.at(-1).id + 1, Math.floor(Date.now() / 1000), ["admin@example.org", "127.0.0.1", "account.enabled", "iago@example.org", null]);
    mock.world.trail.push(entry);
    mock.tell("audit", entry);
    await entries(page).first().getByText("account.enabled").waitFor();
});

walk("the audit trail is filtered from its address, by a name and by what is typed", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/audit?action=block.");
    await entries(page).filter({ hasText: "block.removed" }).waitFor();
    assert.equal(await entries(page).count(), 2);
    await page.getByRole("link", { name: t("trail.clear") }).click();
    await page.getByRole("link", { name: "iago@example.org", exact: true }).first().click();
    await page.waitForURL(/object=iago/);
    await holds(page.getByRole("searchbox", { name: t("trail.object") }), "iago@example.org");
    await entries(page).filter({ hasText: "portia" }).first().waitFor({ state: "detached" });
    await page.getByRole("searchbox", { name: t("trail.object") }).fill("portia"); // the domain is known
    await entries(page).filter({ hasText: "account.logged_out" }).waitFor();
    assert.equal(await entries(page).count(), 2);
    await page.getByRole("searchbox", { name: t("trail.actor") }).fill("uid 0");
    await page.getByText(t("trail.no_match")).waitFor();
    await page.reload();
    await page.getByText(t("trail.no_match")).waitFor();
    assert.equal(await page.getByRole("searchbox", { name: t("trail.actor") }).inputValue(), "uid 0");
    await page.getByRole("searchbox", { name: t("trail.object") }).fill("");
    await page.getByRole("combobox", { name: t("trail.which") }).selectOption("server.");
    await entries(page).filter({ hasText: "server.reloaded" }).waitFor();
    assert.equal(await entries(page).count(), 2);
});

walk("the audit trail is paged by the server", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/audit?actor=uid+0");
    await page.getByRole("link", { name: t("trail.older") }).click();
    await entries(page).filter({ hasText: "server.set_up" }).waitFor();
    assert.match(page.url(), /before=\d+/);
    assert.equal(await page.getByRole("link", { name: t("trail.older") }).count(), 0);
    await page.getByRole("link", { name: t("trail.newest") }).click();
    await entries(page).filter({ hasText: "server.reloaded" }).waitFor();
});

// ---- settings ----

const drawer = (page, name) => page.getByRole("dialog", { name, exact: true });
const save = (page, t) => page.getByRole("button", { name: t("set.do"), exact: true });

walk("a setting is found, checked as it is typed, and holds at once", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/settings");
    await page.getByRole("searchbox", { name: t("set.search") }).fill("largest stanza");
    await page.getByText(t("set.count", { n: 1 }), { exact: true }).waitFor();
    assert.match(page.url(), /q=largest\+stanza/);
    await page.getByRole("link", { name: "limits.max_stanza_bytes", exact: true }).click();
    const number = page.getByLabel(t("set.new"));
    assert.equal(await number.inputValue(), "256");
    assert.ok(await save(page, t).isDisabled(), "it is the value now");
    await number.fill("1");
    await page.getByText("must be from 10000 to 16MiB").waitFor();
    assert.ok(await save(page, t).isDisabled());
    assert.deepEqual(await axe(), []);
    await picture(page, "setting-refused");
    await page.getByLabel(t("set.unit")).selectOption("MiB");
    await page.getByText(t("set.good")).waitFor();
    await number.fill("1024");
    await page.getByLabel(t("set.unit")).selectOption("KiB");
    await page.getByText(t("set.good_as", { value: "1MiB" })).waitFor();
    await save(page, t).click();
    await page.getByRole("status").getByText(t("set.done_now", { name: "limits.max_stanza_bytes", value: "1MiB" })).waitFor();
    await drawer(page, "limits.max_stanza_bytes").getByText(t("change.by", { time: "", actor: "admin@example.org" }).slice(2)).waitFor();
    assert.deepEqual([rowOf("limits.max_stanza_bytes").value, rowOf("limits.max_stanza_bytes").source], ["1MiB", "console"]);
    await picture(page, "setting-saved");
    await page.keyboard.press("Escape");
    await drawer(page, "limits.max_stanza_bytes").waitFor({ state: "detached" });
    assert.match(page.url(), /\/settings\?q=largest\+stanza$/);
});

walk("why a value is refused is said in Chinese", { locale: "zh-CN" }, async (page, t) => {
    await signIn(page, t);
    await page.goto("/settings?name=limits.max_stanza_bytes");
    await page.getByLabel(t("set.unit")).selectOption("B");
    await page.getByLabel(t("set.new")).fill("1");
    await page.getByText("必须在 10000 到 16MiB 之间", { exact: true }).waitFor();
    await page.goto("/users/new");
    await page.getByRole("dialog").getByLabel(t("new.name"), { exact: true }).fill("a b");
    await page.getByText(/^“a b”不是有效的地址：用户名不能包含空格/).waitFor();
    await page.goto("/security?block=127.0.0.1");
    await page.getByRole("dialog").getByRole("button", { name: t("block.do"), exact: true }).click();
    await page.getByRole("alert").getByText(/^不能阻止本机/).waitFor();
});

walk("a setting that waits for the next start says so, and goes back to its default", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/settings?name=c2s.listen");
    await page.getByLabel(t("set.new")).fill("127.0.0.1");
    await page.getByText(/an address needs a port/).waitFor();
    await page.getByLabel(t("set.new")).fill("127.0.0.1:5222\n[::1]:5222");
    await page.getByText(t("set.good")).waitFor();
    await save(page, t).click();
    await page.getByText(t("set.done_later_note")).waitFor();
    await drawer(page, "c2s.listen").getByText(t("set.pending", { value: "127.0.0.1:5222, [::1]:5222" })).waitFor();
    await page.getByRole("button", { name: t("set.reset") }).click();
    await page.getByText(t("change.back_to", { name: "c2s.listen", value: "*:5222" })).waitFor();
    await page.getByRole("button", { name: t("change.do") }).click();
    await drawer(page, "c2s.listen").getByText(t("set.pending", { value: "127.0.0.1:5222, [::1]:5222" })).waitFor({ state: "detached" });
    assert.equal(rowOf("c2s.listen").pending, null);
});

walk("a switch, a choice and ticks are set", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/settings?name=login.throttle");
    await page.getByRole("switch", { name: t("set.new") }).click();
    await page.getByText(t("set.good")).waitFor();
    await save(page, t).click();
    await page.getByText(t("set.done_now", { name: "login.throttle", value: t("set.off") })).waitFor();
    await page.goto("/settings?name=log.level");
    await page.getByRole("combobox", { name: t("set.new") }).selectOption("info");
    await page.getByText(t("set.good")).waitFor();
    await save(page, t).click();
    await page.getByText(t("set.done_now", { name: "log.level", value: "info" })).waitFor();
    await page.goto("/settings?name=login.mechanisms");
    await page.getByLabel("SCRAM-SHA-256", { exact: true }).check();
    await page.getByLabel("SCRAM-SHA-256-PLUS", { exact: true }).check();
    await page.getByText(t("set.good")).waitFor();
    await save(page, t).click();
    await page.getByText(t("set.done_now", { name: "login.mechanisms", value: "SCRAM-SHA-256-PLUS, SCRAM-SHA-256" })).waitFor();
    assert.equal(rowOf("login.throttle").value, "false");
});

walk("the history of all settings leads back", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/settings");
    await page.getByRole("link", { name: t("set.history") }).click();
    const change = page.locator(".change").filter({ hasText: "logins.keep" });
    await change.getByRole("button", { name: t("change.back") }).click();
    const question = page.getByRole("dialog", { name: t("change.back_title") }).or(page.getByRole("dialog", { name: t("change.reset_title") }));
    await question.getByText(t("change.back_to", { name: "logins.keep", value: "200" })).waitFor();
    assert.deepEqual(await axe(), []);
    await question.getByRole("button", { name: t("change.do") }).click();
    await page.getByText(t("set.done_now", { name: "logins.keep", value: "200" })).waitFor();
    assert.deepEqual([rowOf("logins.keep").value, rowOf("logins.keep").source], ["200", "default"]);
    const newest = page.locator(".change").first(); // going back is a change too
    await newest.getByRole("link", { name: "logins.keep" }).waitFor();
    assert.match(await newest.innerText(), /500\s+becomes\s+default/);
    await picture(page, "settings-history-back");
});

walk("what somebody else changed is seen at once", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/settings?which=changed");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    await page.getByRole("link", { name: "limits.idle_timeout_s" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "loops", exact: true }).count(), 0);
    Object.assign(rowOf("loops"), { pending: "4" });
    mock.tell("settings.changed", { name: "loops", value: "4", actor: "uid 0" });
    await page.getByRole("link", { name: "loops", exact: true }).waitFor();
    await page.getByText(t("set.pending", { value: "4" })).waitFor();
});

walk("what is set elsewhere says where, and read-only changes nothing", {}, async (page, t) => {
    await signIn(page, t, "auditor", "battery staple");
    const fixed = [
        ["tls.certificate", t("fixed.file", { where: "/etc/linnet/linnetd.conf:12" })],
        ["limits.connections_per_address", t("fixed.environment", { where: "LINNETD_LIMITS_CONNECTIONS_PER_ADDRESS" })],
        ["log.format", t("fixed.argument", { where: "--set" })],
        ["control.socket", t("fixed.machine")],
        ["loops", t("set.read_only")],
    ];
    for (const [name, words] of fixed) {
        await page.goto(`/settings?name=${name}`);
        await drawer(page, name).getByText(words, { exact: true }).waitFor();
        assert.equal(await save(page, t).count(), 0, name);
        assert.equal(await page.getByRole("button", { name: t("change.back") }).count(), 0, name);
    }
    assert.equal(await page.getByRole("button", { name: t("set.reload") }).count(), 0);
});

walk("the files are read again", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/settings");
    await page.getByRole("button", { name: t("set.reload") }).click();
    await page.getByRole("dialog").getByText(t("set.reloaded")).waitFor();
    await page.getByRole("dialog").getByText(/wait for the next start: .*login.iterations/).waitFor();
    assert.deepEqual(await axe(), []);
    await picture(page, "reload");
});

walk("the keyboard alone changes a setting and comes back to its row", { viewport: SIZES.narrow }, async (page, t) => {
    await signIn(page, t);
    await page.goto("/settings");
    await page.getByRole("link", { name: "limits.handshakes_per_turn" }).focus();
    await page.keyboard.press("Enter");
    await page.getByLabel(t("set.new")).focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("32");
    await page.getByText(t("set.good")).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(t("set.done_now", { name: "limits.handshakes_per_turn", value: "32" })).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.textContent === "limits.handshakes_per_turn");
});

// ---- scripts of pages ----

walk("a page whose script is gone says so, and is loaded again", {}, async (page, t, { faults }) => {
    await signIn(page, t);
    await page.route(/\/assets\/audit-/, (route) => route.abort());
    await page.getByRole("link", { name: t("nav.audit") }).click();
    await page.getByRole("alert").getByText(t("load.missing")).waitFor();
    await page.unroute(/\/assets\/audit-/);
    await page.getByRole("button", { name: t("load.again") }).click();
    await page.getByText("server.reloaded").first().waitFor();
    faults.splice(0, faults.length, ...faults.filter((fault) => !/ERR_FAILED/.test(fault)));
});
