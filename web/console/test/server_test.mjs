// The operator's path against a real server: sign in, create a user, that user logs in, is seen, and a
// wrong password explains itself. LINNET_BIN is the folder of linnetd, linnetctl, linnet, linnet-console.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, openPage } from "./browser.js";
import { fillSignIn, picture as take } from "./page.js";
import { startServer } from "./server.js";
import { translate, translateServer } from "./words.js";

const BIN = process.env.LINNET_BIN;
const ADMIN = "all the world's a stage";
const t = (key, values) => translate("en", key, values);

// Calls of the API that are refused, each with what is wrong.
const REFUSED = [
    ...[
        ["limits.idle_timeout_s", "soon"],
        ["limits.max_stanza_bytes", "1"],
        ["limits.max_stanza_bytes", "much"],
        ["login.iterations", "x"],
        ["login.throttle", "perhaps"],
        ["log.level", "loud"],
        ["log.level", "loud\u0001"],
        ["login.mechanisms", "ROT13"],
        ["login.mechanisms", "DIGEST-MD5"],
        ["limits.max_stanza_bytes_before_auth", "1MiB"],
        ["limits.send_queue_bytes", "64KiB"],
        ["c2s.listen", "127.0.0.1"],
        ["c2s.listen", "localhost:5222"],
        ["c2s.listen", "::1:5222"],
        ["c2s.listen", "127.0.0.1:99999"],
        ["c2s.listen", "127.0.0.1:5222"],
        ["tls.certificate", "/etc/passwd"],
        ["limits.max_stanza", "1"],
    ].map(([name, value]) => ["settings/check", { name, value }]),
    ["settings", { name: "log.level", value: "loud" }],
    ["settings/reset", { name: "log.level" }],
    ["names", { user: "a b" }],
    ["names", { user: "" }],
    ["names", { user: "a@elsewhere.org" }],
    ["names", { user: "a@localhost/x" }],
    ["users", { user: "a b", password: "x" }],
    ["users", { user: "viola", password: "" }],
    ["users", { user: "viola", password: "x".repeat(1100) }],
    ["users/role", { user: "rosaline", role: "king" }],
    ["users/disable", { user: "rosaline", reason: "x".repeat(251) }],
    ["users/tokens/revoke", { user: "rosaline", client: "" }],
    ["users/tokens/revoke", { user: "rosaline", client: "nobody" }],
    ["sessions/close", { jid: "rosaline@localhost" }],
    ["sessions/close", { jid: "rosaline@elsewhere.org/x" }],
    ["blocks", { network: "here", reason: "", hours: "" }],
    ["blocks", { network: "192.0.2.1/24", reason: "", hours: "" }],
    ["blocks", { network: "::/0", reason: "", hours: "" }],
    ["blocks", { network: "192.0.2.0/24", reason: "", hours: "x" }],
    ["blocks", { network: "192.0.2.0/24", reason: "", hours: "99999" }],
    ["blocks", { network: "192.0.2.0/24", reason: "x".repeat(251), hours: "" }],
    ["blocks/remove", { network: "192.0.2.0/24" }],
    ["throttle/forgive", { kind: "address", who: "x" }],
    ["throttle/forgive", { kind: "all", who: "x" }],
];

// English that is no name of a setting, an example or what was typed.
const ENGLISH = /(?:^|[^\w."“])[a-z]{3,} [a-z]{2,}/;

test("the operator's path", { skip: BIN ? false : "LINNET_BIN is not set" }, async (path) => {
    const server = await startServer(BIN);
    const chromium = await openBrowser();
    const { page, faults, axe } = await openPage(chromium.browser, server.url, {
        viewport: { width: 1280, height: 800 },
        locale: "en-US",
        reducedMotion: "reduce",
    });
    const picture = (name) => take(page, `server-${name}`);
    let password;
    try {
        await server.addUser("admin", ADMIN);
        await server.ctl("user", "role", "admin", "full");

        await path.test("a wrong password does not open the console, the right one does", async () => {
            await page.goto("/users");
            for (const attempt of ["wrong", ADMIN]) {
                await fillSignIn(page, t, "admin", attempt);
                if (attempt === "wrong") await page.getByRole("alert").getByText(t("signin.wrong")).waitFor();
            }
            await page.getByRole("rowheader", { name: "admin" }).waitFor();
        });

        await path.test("a user is created, its name prepared by the server", async () => {
            await page.getByRole("link", { name: t("users.new") }).click();
            await page.getByLabel(t("new.name")).fill("a b");
            await page.locator(".note-bad").waitFor();
            await page.getByLabel(t("new.name")).fill("Rosaline");
            await page.getByText(t("new.will_be", { jid: "rosaline@localhost" })).waitFor();
            await page.getByRole("button", { name: t("new.do") }).click();
            await page.getByText(t("made.title", { jid: "rosaline@localhost" })).waitFor();
            await page.getByRole("button", { name: t("secret.show") }).click();
            password = await page.locator(".secret-text").nth(1).innerText();
            await picture("made");
            await page.getByRole("button", { name: t("made.done") }).click();
            await page.getByRole("rowheader", { name: "rosaline" }).waitFor();
        });

        await path.test("that user logs in, and is seen", async () => {
            const client = await server.stay("rosaline", password);
            try {
                await page.getByRole("row", { name: /rosaline/ }).getByText(t("users.online")).waitFor();
                await picture("users");
                await page.getByRole("link", { name: t("nav.sessions") }).click();
                await page.getByRole("rowheader", { name: /rosaline@localhost/ }).waitFor();
                await picture("sessions");
            } finally {
                await client.stop();
            }
        });

        await path.test("a wrong password appears in the X-ray with its sentence", async () => {
            await page.getByRole("link", { name: t("nav.xray") }).click();
            assert.equal(await server.login("rosaline", "not it"), 30);
            const row = page.locator(".xray-row").filter({ hasText: "Wrong password" }).first();
            await row.click();
            await page.getByText("The password given for rosaline@localhost was wrong.").waitFor();
            const words = await page.getByRole("list", { name: t("xray.ladder") }).innerText();
            for (const stage of ["connect", "secure", "sign in"]) assert.ok(words.includes(stage), words);
            await picture("xray");
        });

        const act = async (name) => {
            await page.getByRole("button", { name: t(`act.${name}.name`) }).click();
            await page.getByText(t(`act.${name}.then`, { user: "rosaline" })).waitFor();
        };
        const doAct = async (name) => {
            await page.getByRole("button", { name: t(`act.${name}.do`), exact: true }).click();
            await page.getByText(t(`act.${name}.done`, { jid: "rosaline@localhost" })).waitFor();
        };

        await path.test("a session is closed, and its client leaves", async () => {
            const client = await server.stay("rosaline", password);
            try {
                await page.getByRole("link", { name: t("nav.sessions") }).click();
                const row = page.getByRole("row", { name: /rosaline@localhost/ });
                await row.getByRole("button", { name: t("close.short") }).click();
                await page.getByRole("button", { name: t("close.do") }).click();
                await page.getByRole("status").getByText(/rosaline@localhost/).waitFor();
                await client.over;
                await row.waitFor({ state: "detached" });
                await picture("session-closed");
            } finally {
                await client.stop();
            }
        });

        await path.test("a new password signs in, the old one no longer", async () => {
            const old = password;
            await page.getByRole("link", { name: t("nav.users") }).click();
            await page.getByRole("link", { name: "rosaline", exact: true }).click();
            await act("password");
            await page.getByRole("button", { name: t("secret.show") }).click();
            password = await page.locator(".secret-text").innerText();
            await doAct("password");
            await picture("password");
            assert.equal(await server.login("rosaline", password), 0);
            assert.equal(await server.login("rosaline", old), 30);
        });

        await path.test("everything of a user is signed out", async () => {
            const client = await server.stay("rosaline", password);
            try {
                await page.getByRole("dialog").getByText(t("users.online"), { exact: true }).waitFor();
                await act("logout");
                await doAct("logout");
                await client.over;
                await page.getByRole("dialog").getByText(t("users.offline"), { exact: true }).waitFor();
            } finally {
                await client.stop();
            }
        });

        await path.test("a role is given, and taken back", async () => {
            for (const role of ["read-only", "none"]) {
                await act("role");
                await page.getByRole("radio", { name: t(`role.${role}`) }).check();
                await doAct("role");
                await page.getByRole("dialog").getByRole("definition").getByText(t(`role.${role}`), { exact: true }).waitFor();
            }
        });

        await path.test("who is disabled does not sign in, who is enabled does", async () => {
            await act("disable");
            await page.getByLabel(t("act.reason")).fill("on leave");
            await doAct("disable");
            await page.getByRole("dialog").getByText("on leave").waitFor();
            await picture("disabled");
            assert.notEqual(await server.login("rosaline", password), 0);
            await act("enable");
            await doAct("enable");
            assert.equal(await server.login("rosaline", password), 0);
        });

        await path.test("whatever is refused is said in Chinese", async () => {
            const post = (call, body) =>
                page.evaluate(
                    async ([call, body]) => {
                        const headers = { "Content-Type": "application/json", "X-CSRF-Token": localStorage.getItem("session") };
                        return (await fetch(`/api/v1/${call}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
                    },
                    [call, body],
                );
            const wrong = [];
            for (const [call, body] of REFUSED) {
                const answer = await post(call, body);
                const said = answer.error?.sentence ?? answer.reason ?? answer.sentence;
                const chinese = said && translateServer("zh-CN", said);
                if (!said) wrong.push(`${call} ${JSON.stringify(body)} is not refused`);
                else if (!/\p{Script=Han}/u.test(chinese) || ENGLISH.test(chinese)) wrong.push(`${said} -> ${chinese}`);
            }
            assert.deepEqual(wrong, []);
        });

        await path.test("who is deleted is gone; oneself is not", async () => {
            await act("remove");
            await page.getByLabel(t("act.type_name", { user: "rosaline" })).fill("rosaline");
            await doAct("remove");
            await page.getByRole("dialog").getByRole("button", { name: t("drawer.close") }).last().click();
            await page.getByRole("rowheader", { name: "rosaline" }).waitFor({ state: "detached" });
            assert.notEqual(await server.login("rosaline", password), 0);
            await page.getByRole("link", { name: "admin", exact: true }).click();
            await page.getByText(t("one.self_note")).waitFor();
            await page.keyboard.press("Escape");
            await page.getByRole("dialog").waitFor({ state: "detached" });
        });

        await path.test("what is typed stays when linnetctl sets the same", async () => {
            const value = page.getByLabel(t("set.new"));
            await page.goto("/settings?name=limits.auth_timeout_s");
            await value.fill("45");
            await page.getByLabel(t("set.unit")).selectOption("s");
            await page.getByText(t("set.good"), { exact: true }).waitFor();
            await server.ctl("settings", "set", "limits.auth_timeout_s", "90s");
            const words = t("meanwhile.value.by", { value: "90s", actor: `uid ${process.getuid()}` });
            await page.getByRole("alert").getByText(words).waitFor();
            assert.equal(await value.inputValue(), "45");
            await picture("meanwhile");
            await page.getByRole("button", { name: t("meanwhile.save"), exact: true }).click();
            await page.getByText(t("set.done_now", { name: "limits.auth_timeout_s", value: "45s" })).waitFor();
            await page.getByRole("button", { name: t("drawer.close") }).click();
            await page.getByRole("link", { name: t("nav.users") }).click();
        });

        await path.test("a server that stands still is said, and what is shown comes when it goes on", async () => {
            const goOn = server.freeze();
            await page.reload();
            await page.getByRole("status").getByText(t("quiet.yet")).waitFor();
            await page.getByRole("navigation", { name: t("nav.label") }).waitFor();
            await picture("quiet");
            goOn();
            await page.getByRole("rowheader", { name: "admin" }).waitFor();
            await page.getByRole("status").getByText(t("quiet.yet")).waitFor({ state: "detached" });
        });

        await path.test("home tells of it all, and nothing is wrong with the pages", async () => {
            await page.getByRole("link", { name: t("nav.home") }).click();
            await page.getByRole("heading", { name: "localhost" }).waitFor();
            await page.getByText(t("live.on"), { exact: true }).waitFor();
            await picture("home");
            assert.deepEqual(await axe(), []);
            assert.deepEqual(faults, []);
            for (const secret of [ADMIN, password]) assert.ok(!server.said().includes(secret), "a password is in the log");
        });
    } finally {
        await chromium.close();
        await server.close();
    }
});
