// Acting on a user and on a session, in a real browser against the mock.
import assert from "node:assert/strict";
import { goodLogin } from "./mock_data.js";
import { DRESSES, SIZES, askClose, assertFits, mock, openAct, picture, signIn, walk } from "./walk.js";

const accountOf = (user) => mock.world.accounts.find((account) => account.user === user);
const drawerOf = (page, user) => page.getByRole("dialog", { name: `${user}@example.org` });
// Resolves when the focus is on what begins with `words`.
const focusOn = (page, words) => page.waitForFunction((text) => document.activeElement.textContent.trim().startsWith(text), words);

walk("the keyboard opens a user, turns away from an act, and comes back to the row", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users");
    await page.getByRole("link", { name: "benvolio", exact: true }).focus();
    await page.keyboard.press("Enter");
    await drawerOf(page, "benvolio").getByText("Pixel 9").first().waitFor();
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
    await drawerOf(page, "viola").getByText("Pixel 9").first().waitFor();
    await (await openAct(page, t, "logout")).waitFor();
    await page.getByRole("button", { name: t("act.logout.do") }).click();
    await page.getByText(t("act.logout.done", { jid: "viola@example.org" })).waitFor();
    await page.getByText(t("one.no_tokens")).waitFor();
    assert.ok(!mock.world.sessions.some(({ jid }) => jid.startsWith("viola@")));
});

walk("a role is given, and another one only", {}, async (page, t, { axe }) => {
    await signIn(page, t);
    await page.goto("/users?user=orsino");
    await (await openAct(page, t, "role")).waitFor();
    assert.ok(await page.getByRole("radio", { name: t("role.none") }).isChecked());
    await page.getByRole("button", { name: t("act.role.do") }).click();
    await page.getByRole("alert").getByText(t("act.role.same", { user: "orsino" })).waitFor();
    await page.getByRole("radio", { name: t("role.read-only") }).check();
    assert.deepEqual(await axe(), []);
    await page.keyboard.press("Enter");
    await page.getByText(t("act.role.done", { jid: "orsino@example.org" })).waitFor();
    await drawerOf(page, "orsino").getByText(t("role.read-only"), { exact: true }).waitFor();
    assert.equal(accountOf("orsino").role, "read-only");
});

for (const { dress, options } of DRESSES)
    walk(`the last administrator is taken away only after another question: ${dress}`, options, async (page, t, { axe }) => {
        const before = mock.world.accounts.map((account) => ({ ...account }));
        await signIn(page, t);
        accountOf("admin").role = "none"; // somebody has just taken it from who is signed in
        accountOf("lorenzo").role = "full";
        await page.goto("/users?user=lorenzo");
        await (await openAct(page, t, "role")).waitFor();
        await page.getByRole("radio", { name: t("role.read-only") }).check();
        await page.getByRole("button", { name: t("act.role.do"), exact: true }).click();
        const question = page.getByRole("dialog", { name: t("last.title", { user: "lorenzo" }) });
        await question.getByText(t("last.back")).waitFor();
        await focusOn(page, t("new.cancel"));
        assert.deepEqual(await axe(), []);
        await assertFits(page);
        await picture(page, `${dress}-last-admin`);
        await page.keyboard.press("Escape");
        await question.waitFor({ state: "detached" });
        assert.equal(accountOf("lorenzo").role, "full");
        assert.ok(await page.getByRole("radio", { name: t("role.read-only") }).isChecked());
        await page.getByRole("button", { name: t("act.role.do"), exact: true }).click();
        await question.getByRole("button", { name: t("last.do") }).click();
        await page.getByText(t("act.role.done", { jid: "lorenzo@example.org" })).waitFor();
        await page.getByText(t("last.done")).waitFor();
        assert.equal(accountOf("lorenzo").role, "read-only");
        mock.world.accounts = before;
    });

walk("it is asked before the last administrator is disabled or deleted, and not for another one", {}, async (page, t) => {
    const before = mock.world.accounts.map((account) => ({ ...account }));
    const question = page.getByRole("dialog", { name: t("last.title", { user: "lysander" }) });
    await signIn(page, t);
    accountOf("lysander").role = "full";
    await page.goto("/users?user=lysander");
    await (await openAct(page, t, "disable")).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(t("act.disable.done", { jid: "lysander@example.org" })).waitFor();
    assert.equal(await page.getByText(t("last.done")).count(), 0, "there is another one");
    Object.assign(accountOf("lysander"), { disabled: false });
    accountOf("admin").role = "none";
    await page.goto("/users?user=lysander");
    await (await openAct(page, t, "disable")).waitFor();
    await page.keyboard.press("Enter");
    await question.getByRole("button", { name: t("new.cancel") }).click();
    assert.equal(accountOf("lysander").disabled, false);
    await page.goto("/users?user=lysander");
    await (await openAct(page, t, "remove")).waitFor();
    await page.getByLabel(t("act.type_name", { user: "lysander" })).fill("lysander");
    await page.keyboard.press("Enter");
    await question.getByRole("button", { name: t("last.do") }).click();
    await page.getByText(t("act.remove.done", { jid: "lysander@example.org" })).waitFor();
    await page.getByText(t("last.done")).waitFor();
    mock.world.accounts = before;
});

walk("one app is taken its token, after a question", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=nurse");
    await drawerOf(page, "nurse").getByRole("button", { name: `${t("revoke.short")} linnet 0.1.0` }).click();
    const question = page.getByRole("dialog", { name: t("revoke.title") });
    await focusOn(page, t("new.cancel"));
    await page.keyboard.press("Escape");
    await question.waitFor({ state: "detached" });
    assert.equal(accountOf("nurse").tokens.length, 3);
    await drawerOf(page, "nurse").getByRole("button", { name: `${t("revoke.short")} linnet 0.1.0` }).click();
    await question.getByRole("button", { name: t("revoke.do") }).click();
    await page.getByRole("status").getByText(t("act.revoke.done", { jid: "nurse@example.org" })).waitFor();
    await drawerOf(page, "nurse").getByText("linnet 0.1.0", { exact: true }).waitFor({ state: "detached" });
    assert.deepEqual(accountOf("nurse").tokens.map((token) => token.software), ["Conversations 2.17", ""]);
});

walk("a session of a user is closed in the drawer", {}, async (page, t, { axe }) => {
    const jid = "小明@example.org/phone";
    await signIn(page, t);
    await page.goto("/users?user=小明");
    const sessions = drawerOf(page, "小明").getByRole("list", { name: t("one.sessions") });
    await sessions.getByRole("button", { name: `${t("close.short")} phone` }).click();
    await page.getByRole("dialog", { name: t("close.title") }).getByRole("button", { name: t("close.do") }).click();
    await page.getByRole("status").getByText(t("act.close.done", { jid })).waitFor();
    await drawerOf(page, "小明").getByText(t("one.no_sessions")).waitFor();
    assert.ok(!mock.world.sessions.some((session) => session.jid === jid));
    assert.deepEqual(await axe(), []);
});

walk("a user who comes while looked at is seen, though the number of sessions stays", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/users?user=silvia");
    await page.getByText(t("live.on"), { exact: true }).waitFor();
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
    await drawerOf(page, "romeo").getByText("Pixel 9").first().waitFor();
    assert.equal(await page.locator(".act").count(), 0);
    await picture(page, "user-read-only");
    await page.goto("/sessions");
    await page.getByRole("rowheader", { name: /nurse/ }).first().waitFor();
    assert.equal(await page.getByRole("button", { name: t("close.short") }).count(), 0);
});

// ---- sessions ----

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

walk("sessions are filtered by the server, and the address bar keeps it", {}, async (page, t) => {
    await signIn(page, t);
    await page.goto("/sessions");
    await page.getByRole("rowheader", { name: /nurse/ }).first().waitFor();
    await page.getByRole("searchbox", { name: t("sessions.filter") }).fill("gajim");
    await page.getByRole("rowheader", { name: /nurse/ }).first().waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("row", { name: /Gajim 2.1/ }).first().waitFor();
    assert.equal(new URL(page.url()).search, "?q=gajim");
    assert.equal(await page.getByRole("row").count() - 1, mock.world.sessions.filter(({ software }) => software === "Gajim 2.1").length);
    await page.getByRole("searchbox", { name: t("sessions.filter") }).fill("nobody has this");
    await page.getByText(t("sessions.no_match")).waitFor();
});

walk("a phone shows a session in the drawer, and closes it there", { viewport: SIZES.narrow }, async (page, t, { axe }) => {
    const session = mock.world.sessions.find(({ jid }) => jid.startsWith("romeo@"));
    await signIn(page, t);
    await page.goto("/sessions");
    assert.ok(!(await page.getByText(session.cipher).first().isVisible()));
    await page.getByRole("link", { name: "romeo@example.org" }).click();
    const drawer = page.getByRole("dialog", { name: session.jid });
    await drawer.getByText(session.cipher).waitFor();
    await assertFits(page);
    assert.deepEqual(await axe(), []);
    await drawer.getByRole("button", { name: t("close.do") }).click();
    await page.getByRole("dialog", { name: t("close.title") }).getByRole("button", { name: t("close.do") }).click();
    await page.getByRole("status").getByText(t("close.done", { jid: session.jid })).waitFor();
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.ok(!mock.world.sessions.includes(session));
});

walk("a server that says less of its sessions is shown as well as it is known", {}, async (page, t) => {
    const known = mock.world.sessions;
    mock.world.sessions = known.map(({ software, cipher, stanzas_in, stanzas_out, bytes_in, bytes_out, since_s, ...less }) => less);
    await signIn(page, t);
    await page.goto("/sessions");
    await page.getByRole("rowheader", { name: /nurse/ }).first().waitFor();
    assert.ok(!/undefined|NaN/.test(await page.locator("main").innerText()));
    mock.world.sessions = known;
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
