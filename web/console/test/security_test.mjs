// The page about security in a real browser against the mock: methods, software of the past, the
// certificate, wrong passwords, blocks.
import assert from "node:assert/strict";
import { mock, picture, signIn, walk } from "./walk.js";

const world = () => mock.world.security;
const focusOn = (page, words) => page.waitForFunction((text) => document.activeElement.textContent.trim().startsWith(text), words);

async function open(page, t, path = "/security") {
    await signIn(page, t);
    await page.goto(path);
    await page.getByRole("checkbox", { name: "PLAIN" }).waitFor();
}

walk("methods are unticked after a question that says what breaks, then the default is back", {}, async (page, t, { axe }) => {
    await open(page, t);
    await page.getByRole("checkbox", { name: "SCRAM-SHA-1", exact: true }).focus();
    await page.keyboard.press("Space");
    await page.getByText(t("mech.unsaved")).waitFor();
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    const question = page.getByRole("dialog", { name: t("mech.save_title") });
    await question.getByText(t("breaks.SCRAM-SHA-1")).waitFor();
    await question.getByText(t("mech.used_gone", { n: 2 })).waitFor();
    await focusOn(page, t("new.cancel"));
    assert.deepEqual(await axe(), []);
    await picture(page, "security-save");
    await page.keyboard.press("Escape");
    assert.equal(world().settings["login.mechanisms"], "");
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    await question.getByRole("button", { name: t("mech.save_do") }).click();
    await page.getByRole("status").getByText(t("mech.saved")).waitFor();
    assert.ok(!world().settings["login.mechanisms"].split(", ").includes("SCRAM-SHA-1"));
    assert.equal(world().settings["login.mechanisms"].split(", ")[0], "SCRAM-SHA-512-PLUS");
    await page.getByRole("checkbox", { name: "SCRAM-SHA-1", exact: true }).check();
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    await question.getByText(t("mech.default_note")).waitFor();
    await question.getByRole("button", { name: t("mech.save_do") }).click();
    await question.waitFor({ state: "detached" });
    assert.equal(world().settings["login.mechanisms"], "");
});
