// What the tests of the pages share: a browser and the mock for each file of tests, and the way through
// a page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage } from "./browser.js";
import { startMock } from "./mock.js";
import { SIZES } from "./page.js";
import { translate } from "./words.js";

export { DRESSES, SIZES, assertFits, fillSignIn, picture, signIn } from "./page.js";

export let mock;
let chromium;

before(async () => {
    mock = await startMock();
    chromium = await openBrowser();
});

after(async () => {
    await chromium?.close();
    await mock?.close();
});

// Runs `steps` on a fresh page, then holds it to what every page must keep.
export function walk(name, options, steps) {
    test(name, async () => {
        const opened = await openPage(chromium.browser, mock.url, { viewport: SIZES.wide, locale: "en-US", reducedMotion: "reduce", ...options });
        const t = (key, values) => translate(options.locale ?? "en", key, values);
        try {
            await steps(opened.page, t, opened);
            assert.deepEqual(opened.faults, []);
        } finally {
            await opened.close();
            mock.thaw();
            mock.world.failures = 0;
            mock.world.down = false;
            mock.world.streamsFull = false;
        }
    });
}

// Opens an act of the drawer that is open; resolves to what must be said before it.
export async function openAct(page, t, act) {
    await page.getByRole("button", { name: t(`act.${act}.name`) }).click();
    return page.getByText(t(`act.${act}.then`, { user: await page.evaluate(() => new URLSearchParams(location.search).get("user")) }));
}

export async function askClose(page, t, bare) {
    await page.getByRole("row", { name: new RegExp(bare) }).first().getByRole("button", { name: t("close.short") }).click();
    return page.getByRole("dialog", { name: t("close.title") });
}
