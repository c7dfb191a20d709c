// Two administrators at once: what one types is kept while the other changes the same thing, and it is
// said who did that.
import assert from "node:assert/strict";
import { auditEntry } from "./mock_more_a.js";
import { DRESSES, assertFits, mock, openAct, picture, signIn, walk } from "./walk.js";

const OTHER = "nurse@example.org";
const rowOf = (name) => mock.world.settings.find((row) => row.name === name);
const accountOf = (user) => mock.world.accounts.find((account) => account.user === user);
const nowS = () => Math.floor(mock.world.now() / 1000);

// What another administrator does; `told`: the page hears of it.
function setAsOther(name, value, told = true) {
    const row = rowOf(name);
    const { changes } = mock.world;
    changes.push({ id: changes.length + 1, time_s: nowS(), actor: OTHER, address: "192.0.2.1", name, old: row.value, new: value });
    Object.assign(row, { value, source: "console" });
    if (told) mock.tell("settings.changed", { name, value, actor: OTHER });
}

function actAsOther(user, action, change) {
    Object.assign(accountOf(user), change);
    const { trail } = mock.world;
    trail.push(auditEntry(trail.at(-1).id + 1, nowS(), [OTHER, "192.0.2.1", action, `${user}@example.org`, null]));
    mock.tell(action, { user, domain: "example.org" });
}

async function openSetting(page, t, name) {
    await signIn(page, t);
    await page.goto(`/settings?name=${name}`);
    await page.getByText(t("live.on"), { exact: true }).waitFor({ state: "attached" });
    await page.getByLabel(t("set.new")).first().waitFor();
}

const save = (page, t) => page.getByRole("button", { name: t("set.do"), exact: true });
const saveMine = (page, t) => page.getByRole("button", { name: t("meanwhile.save"), exact: true });
const said = (page, t, value) => page.getByRole("alert").getByText(t("meanwhile.value.by", { value, actor: OTHER }));

for (const { dress, options } of DRESSES)
    walk(`what is typed stays when another saves the setting, and can be saved over it: ${dress}`, options, async (page, t, { axe }) => {
        const before = { ...rowOf("limits.auth_timeout_s") };
        await openSetting(page, t, "limits.auth_timeout_s");
        const number = page.getByLabel(t("set.new"));
        await number.fill("45");
        await page.getByText(t("set.good")).waitFor();
        setAsOther("limits.auth_timeout_s", "90s");
        await said(page, t, "90s").waitFor();
        await page.getByText(t("meanwhile.value.then", { value: "90s", mine: "45s" })).waitFor();
        assert.equal(await number.inputValue(), "45");
        assert.deepEqual(await axe(), []);
        await assertFits(page);
        await picture(page, `${dress}-meanwhile`);
        await saveMine(page, t).click();
        await page.getByText(t("set.done_now", { name: "limits.auth_timeout_s", value: "45s" })).waitFor();
        assert.equal(rowOf("limits.auth_timeout_s").value, "45s");
        await said(page, t, "90s").waitFor({ state: "detached" });
        Object.assign(rowOf("limits.auth_timeout_s"), before);
    });

walk("a value that nobody typed in follows, and theirs can be taken", {}, async (page, t) => {
    await openSetting(page, t, "logins.keep");
    const number = page.getByLabel(t("set.new"));
    assert.equal(await number.inputValue(), "500");
    setAsOther("logins.keep", "600");
    await page.waitForFunction(() => document.querySelector(".setting-form input").value === "600");
    assert.equal(await page.getByRole("alert").count(), 0);
    await number.fill("700");
    setAsOther("logins.keep", "800");
    await said(page, t, "800").waitFor();
    await page.getByRole("button", { name: t("meanwhile.take") }).click();
    await said(page, t, "800").waitFor({ state: "detached" });
    assert.equal(await number.inputValue(), "800");
    assert.ok(await save(page, t).isDisabled());
    setAsOther("logins.keep", "500");
});

walk("nothing is overwritten that the page has not heard of", {}, async (page, t) => {
    await openSetting(page, t, "logins.keep");
    await page.getByLabel(t("set.new")).fill("700");
    await page.getByText(t("set.good")).waitFor();
    setAsOther("logins.keep", "900", false);
    await save(page, t).click();
    await page.getByRole("alert").getByText(t("error.meanwhile")).waitFor();
    await said(page, t, "900").waitFor();
    assert.equal(rowOf("logins.keep").value, "900");
    assert.equal(await page.getByLabel(t("set.new")).inputValue(), "700");
    await saveMine(page, t).click();
    await page.getByText(t("set.done_now", { name: "logins.keep", value: "700" })).waitFor();
    assert.equal(rowOf("logins.keep").value, "700");
    setAsOther("logins.keep", "500");
});

walk("lines that are typed stay, also when a file sets the value by now", {}, async (page, t) => {
    const before = { ...rowOf("c2s.listen") };
    await openSetting(page, t, "c2s.listen");
    const lines = page.getByLabel(t("set.new"));
    await lines.fill("127.0.0.1:5222\n[::1]:5222");
    Object.assign(rowOf("c2s.listen"), { value: "*:6222", source: "file", editable: false, fixed_by: "/etc/linnet.conf:3" });
    mock.tell("settings.changed", { name: "loops", value: "4", actor: OTHER });
    await page.getByText(t("fixed.file", { where: "/etc/linnet.conf:3" })).waitFor();
    assert.equal(await lines.inputValue(), "127.0.0.1:5222\n[::1]:5222");
    await page.getByRole("alert").getByText(t("meanwhile.value", { value: "*:6222" }), { exact: true }).waitFor();
    assert.ok(await saveMine(page, t).isDisabled());
    Object.assign(rowOf("c2s.listen"), before);
});

// ---- sign-in methods ----

const tick = (page, name) => page.getByRole("checkbox", { name, exact: true });

async function openSecurity(page, t) {
    await signIn(page, t);
    await page.goto("/security");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    await tick(page, "PLAIN").waitFor();
}

walk("ticks stay when another changes the methods, and the question says what saving takes away", {}, async (page, t, { axe }) => {
    await openSecurity(page, t);
    await tick(page, "PLAIN").uncheck();
    setAsOther("login.mechanisms", "SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN");
    await said(page, t, "SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN").waitFor();
    assert.equal(await tick(page, "PLAIN").isChecked(), false);
    assert.equal(await tick(page, "SCRAM-SHA-1").isChecked(), true);
    assert.deepEqual(await axe(), []);
    await picture(page, "meanwhile-methods");
    await saveMine(page, t).click();
    const question = page.getByRole("dialog", { name: t("mech.save_title") });
    await question.getByText("SCRAM-SHA-512-PLUS").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: t("meanwhile.take") }).click();
    await said(page, t, "").waitFor({ state: "detached" });
    assert.deepEqual([await tick(page, "PLAIN").isChecked(), await tick(page, "SCRAM-SHA-1").isChecked()], [true, false]);
    setAsOther("login.mechanisms", "");
    await page.waitForFunction(() => document.querySelectorAll(".mech input:checked").length === 8); // all, and nobody ticked
});

walk("methods that another changed unheard are not saved over", {}, async (page, t) => {
    await openSecurity(page, t);
    await tick(page, "PLAIN").uncheck();
    setAsOther("login.mechanisms", "SCRAM-SHA-256, PLAIN", false);
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: t("mech.save_do") }).click();
    await said(page, t, "SCRAM-SHA-256, PLAIN").waitFor();
    assert.equal(await page.getByRole("dialog").count(), 0, "the question is another one now");
    assert.equal(rowOf("login.mechanisms").value, "SCRAM-SHA-256, PLAIN");
    assert.equal(await tick(page, "PLAIN").isChecked(), false);
    setAsOther("login.mechanisms", "");
});

walk("a question about software of the past does not turn into the other one", {}, async (page, t) => {
    await openSecurity(page, t);
    await page.getByRole("button", { name: t("legacy.off_do") }).click();
    await page.getByRole("dialog", { name: t("legacy.off_title") }).waitFor();
    rowOf("login.legacy").pending = "false";
    mock.tell("settings.changed", { name: "login.legacy", value: "false", actor: OTHER });
    await page.getByRole("button", { name: t("legacy.on_do") }).waitFor();
    assert.equal(await page.getByRole("dialog").count(), 0);
    rowOf("login.legacy").pending = null;
});

walk("a block that another makes is listed, and said before it is replaced", {}, async (page, t) => {
    await openSecurity(page, t);
    await page.getByRole("button", { name: t("block.add") }).click();
    const form = page.getByRole("dialog", { name: t("block.add") });
    await form.getByLabel(t("block.network")).fill("198.51.100.0/24");
    await form.getByLabel(t("act.reason")).fill("mine");
    const { blocks } = mock.world.security;
    blocks.unshift({ network: "198.51.100.0/24", reason: "theirs", since_s: nowS(), until_s: null, actor: OTHER, hits: 0 });
    mock.tell("audit", auditEntry(9001, nowS(), [OTHER, "192.0.2.1", "block.added", "198.51.100.0/24", "theirs"]));
    await form.getByRole("status").getByText(t("block.again", { network: "198.51.100.0/24" })).waitFor();
    await form.getByText(/theirs/).waitFor();
    assert.equal(await form.getByLabel(t("act.reason")).inputValue(), "mine");
    blocks.shift();
});

// ---- accounts ----

const meant = (page, t, what, values) => page.getByRole("alert").getByText(t(`meanwhile.${what}.by`, { ...values, actor: OTHER }));

async function openUser(page, t, user) {
    await signIn(page, t);
    await page.goto(`/users?user=${user}`);
    await page.getByText(t("live.on"), { exact: true }).waitFor();
}

walk("a reason that is typed stays when another disables the account", {}, async (page, t, { axe }) => {
    await openUser(page, t, "titania");
    await (await openAct(page, t, "disable")).waitFor();
    await page.getByLabel(t("act.reason")).fill("asleep");
    actAsOther("titania", "account.disabled", { disabled: true, reason: "in love" });
    await meant(page, t, "disable", { value: "in love" }).waitFor();
    assert.equal(await page.getByLabel(t("act.reason")).inputValue(), "asleep");
    assert.deepEqual(await axe(), []);
    await picture(page, "meanwhile-disable");
    actAsOther("titania", "account.enabled", { disabled: false, reason: null });
    await meant(page, t, "disable", { value: "in love" }).waitFor({ state: "detached" });
});

walk("a role that was not chosen follows, one that was chosen stays", {}, async (page, t) => {
    await openUser(page, t, "oberon");
    await (await openAct(page, t, "role")).waitFor();
    const radio = (role) => page.getByRole("radio", { name: t(`role.${role}`), exact: true });
    actAsOther("oberon", "account.role", { role: "full" });
    await meant(page, t, "role", { value: t("role.full") }).waitFor();
    assert.ok(await radio("full").isChecked());
    await radio("none").check();
    actAsOther("oberon", "account.role", { role: "read-only" });
    await meant(page, t, "role", { value: t("role.read-only") }).waitFor();
    assert.ok(await radio("none").isChecked());
    await page.getByRole("button", { name: t("act.role.do") }).click();
    await page.getByText(t("act.role.done", { jid: "oberon@example.org" })).waitFor();
    assert.equal(accountOf("oberon").role, "none");
});

walk("another password, and an account that is enabled already, are said", {}, async (page, t) => {
    await openUser(page, t, "puck");
    await (await openAct(page, t, "password")).waitFor();
    await page.getByRole("radio", { name: t("new.typed") }).check();
    await page.getByLabel(t("new.password"), { exact: true }).fill("lord what fools");
    actAsOther("puck", "account.password", { password_s: nowS() });
    await meant(page, t, "password").waitFor();
    assert.equal(await page.getByLabel(t("new.password"), { exact: true }).inputValue(), "lord what fools");
    await page.goto("/users?user=iago");
    await (await openAct(page, t, "enable")).waitFor();
    actAsOther("iago", "account.enabled", { disabled: false, reason: null });
    await meant(page, t, "enable").waitFor();
    Object.assign(accountOf("iago"), { disabled: true, reason: "under investigation" });
});
