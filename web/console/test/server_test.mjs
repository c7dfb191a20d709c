// The operator's path against a real server: sign in, create a user, that user logs in, is seen, and a
// wrong password explains itself. LINNET_BIN is the folder of linnetd, linnetctl, linnet, linnet-console.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, openPage } from "./browser.js";
import { startServer } from "./server.js";
import { translate } from "../src/translate.js";

const BIN = process.env.LINNET_BIN;
const SCREENS = process.env.SCREENS;
const ADMIN = "all the world's a stage";
const t = (key, values) => translate("en", key, values);

test("the operator's path", { skip: BIN ? false : "LINNET_BIN is not set" }, async (path) => {
    const server = await startServer(BIN);
    const chromium = await openBrowser();
    const { page, faults, axe } = await openPage(chromium.browser, server.url, {
        viewport: { width: 1280, height: 800 },
        locale: "en-US",
        reducedMotion: "reduce",
    });
    const picture = (name) => SCREENS && page.screenshot({ path: `${SCREENS}/server-${name}.png` });
    let password;
    try {
        await server.addUser("admin", ADMIN);
        await server.ctl("user", "role", "admin", "full");

        await path.test("a wrong password does not open the console, the right one does", async () => {
            await page.goto("/users");
            for (const attempt of ["wrong", ADMIN]) {
                await page.getByLabel(t("signin.user")).fill("admin");
                await page.getByLabel(t("signin.password"), { exact: true }).fill(attempt);
                await page.getByRole("button", { name: t("signin.do"), exact: true }).click();
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

        await path.test("home tells of it all, and nothing is wrong with the pages", async () => {
            await page.getByRole("link", { name: t("nav.home") }).click();
            await page.getByRole("heading", { name: "localhost" }).waitFor();
            await page.getByText(t("live.on")).waitFor();
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
