// The page about security in a real browser against the mock: methods, software of the past, the
// certificate, wrong passwords, blocks.
import assert from "node:assert/strict";
import { mock, picture, signIn, walk } from "./walk.js";

const world = () => mock.world.security;
const rowOf = (name) => mock.world.settings.find((row) => row.name === name);
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
    assert.equal(rowOf("login.mechanisms").value, "");
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    await question.getByRole("button", { name: t("mech.save_do") }).click();
    await page.getByRole("status").getByText(t("mech.saved")).waitFor();
    assert.ok(!rowOf("login.mechanisms").value.split(", ").includes("SCRAM-SHA-1"));
    assert.equal(rowOf("login.mechanisms").value.split(", ")[0], "SCRAM-SHA-512-PLUS");
    await page.getByRole("checkbox", { name: "SCRAM-SHA-1", exact: true }).check();
    await page.getByRole("button", { name: t("mech.save"), exact: true }).click();
    await question.getByText(t("mech.default_note")).waitFor();
    await question.getByRole("button", { name: t("mech.save_do") }).click();
    await question.waitFor({ state: "detached" });
    assert.equal(rowOf("login.mechanisms").value, "");
});

walk("one must stay, and what was ticked can be undone", {}, async (page, t) => {
    await open(page, t);
    const names = await page.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => box.labels[0].textContent));
    assert.ok(!names.some((name) => name.startsWith("HT-")), "tokens are no part of the setting");
    for (const name of names) await page.getByRole("checkbox", { name, exact: true }).uncheck();
    await page.getByRole("alert").getByText(t("mech.none")).waitFor();
    assert.ok(await page.getByRole("button", { name: t("mech.save"), exact: true }).isDisabled());
    await page.getByRole("button", { name: t("mech.reset") }).click();
    assert.ok(await page.getByRole("checkbox", { name: "PLAIN" }).isChecked());
    assert.equal(await page.getByRole("alert").count(), 0);
});

walk("what a file sets is not changed here", {}, async (page, t) => {
    const row = rowOf("login.mechanisms");
    const before = { ...row };
    Object.assign(row, { source: "file", editable: false, fixed_by: "/etc/linnet.conf:12" });
    await open(page, t);
    await page.getByText(t("security.fixed_note", { where: "/etc/linnet.conf:12" })).waitFor();
    assert.ok(await page.getByRole("checkbox", { name: "PLAIN" }).isDisabled());
    assert.equal(await page.getByRole("button", { name: t("mech.save"), exact: true }).count(), 0);
    Object.assign(row, before);
});

walk("software of the past is switched off for the next start", {}, async (page, t) => {
    await open(page, t);
    await page.getByRole("list", { name: t("legacy.needed_by") }).getByText("caliban").waitFor();
    await page.getByRole("button", { name: t("legacy.off_do") }).click();
    const question = page.getByRole("dialog", { name: t("legacy.off_title") });
    await question.getByText(t("legacy.off_who", { n: 2 })).waitFor();
    await question.getByRole("button", { name: t("legacy.off_do") }).click();
    await page.getByRole("status").getByText(t("security.next_start")).waitFor();
    await page.getByText(t("legacy.will_be_off")).waitFor();
    assert.equal(rowOf("login.legacy").pending, "false");
    await page.getByRole("button", { name: t("legacy.on_do") }).waitFor();
    rowOf("login.legacy").pending = null;
});

walk("the certificate is read again", {}, async (page, t) => {
    await open(page, t);
    await page.getByRole("button", { name: t("cert.reload") }).click();
    await page.getByRole("status").getByText(t("cert.reloaded")).waitFor();
    await page.getByText(t("cert.waiting", { names: "login.iterations" })).waitFor();
    assert.equal(mock.world.trail.at(-1).action, "server.reloaded");
});

walk("who owes is forgiven, or blocked from here", {}, async (page, t, { axe }) => {
    await open(page, t);
    const debts = page.getByRole("list", { name: t("debt.title") });
    await debts.getByText(t("debt.hold", { time: "8,000 ms" })).waitFor();
    await page.getByRole("button", { name: `${t("debt.forgive")} romeo` }).click();
    await page.getByRole("status").getByText(t("debt.forgiven", { who: "romeo" })).waitFor();
    assert.ok(!world().debts.some(({ who }) => who === "romeo"));
    await page.getByRole("link", { name: `${t("debt.block")} 198.51.100.23` }).click();
    const form = page.getByRole("dialog", { name: t("block.add") });
    assert.equal(await form.getByLabel(t("block.network")).inputValue(), "198.51.100.23");
    await form.getByLabel(t("act.reason")).fill("guesses");
    await form.getByRole("radio", { name: t("hours.168") }).check();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText(t("blocks.added", { network: "198.51.100.23" })).waitFor();
    const [block] = world().blocks;
    assert.deepEqual([block.network, block.reason, block.until_s - block.since_s], ["198.51.100.23", "guesses", 168 * 3600]);
    assert.deepEqual(await axe(), []);
    await picture(page, "security-blocked");
});

walk("what cannot be blocked is said; a block is taken away after a question", {}, async (page, t) => {
    await open(page, t);
    await page.getByRole("button", { name: t("block.add") }).click();
    const form = page.getByRole("dialog", { name: t("block.add") });
    await form.getByLabel(t("block.network")).fill("127.0.0.1");
    await page.keyboard.press("Enter");
    await form.getByRole("alert").getByText(/^This machine itself .* cannot be blocked/).waitFor();
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    await page.getByRole("button", { name: `${t("block.remove")} 203.0.113.0/24` }).click();
    const question = page.getByRole("dialog", { name: t("block.remove_title") });
    await focusOn(page, t("new.cancel"));
    await question.getByRole("button", { name: t("block.remove_do") }).click();
    await page.getByRole("status").getByText(t("blocks.removed", { network: "203.0.113.0/24" })).waitFor();
    assert.ok(!world().blocks.some(({ network }) => network === "203.0.113.0/24"));
});

walk("read-only sees all of it and changes nothing", {}, async (page, t) => {
    await signIn(page, t, "auditor", "battery staple");
    await page.goto("/security?block=192.0.2.7");
    await page.getByRole("checkbox", { name: "PLAIN" }).waitFor();
    await page.getByRole("list", { name: t("debt.title") }).waitFor();
    await page.getByRole("list", { name: t("block.title") }).waitFor();
    for (const box of await page.getByRole("checkbox").all()) assert.ok(await box.isDisabled());
    assert.equal(await page.locator("main button:not([aria-label])").count(), 0);
    assert.equal(await page.getByRole("dialog").count(), 0);
});

walk("a server that does not answer is said in each part", {}, async (page, t) => {
    await open(page, t);
    mock.world.down = true;
    await page.getByRole("button", { name: t("cert.reload") }).click();
    await page.getByRole("alert").getByText(t("error.refused")).waitFor();
    mock.world.down = false;
    await page.getByRole("button", { name: t("cert.reload") }).click();
    await page.getByRole("status").getByText(t("cert.reloaded")).waitFor();
});
