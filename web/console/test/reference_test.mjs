// The pages against pictures of them that were looked at: test/reference/NAME.png. A page that looks
// otherwise fails, and is in dist/reference/NAME-now.png; when it is to look so, UPDATE=1 keeps it.
//
// Nothing moves: the mock and the page have one clock that stands, and the figures are made up.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser, openPage } from "./browser.js";
import { startMock } from "./mock.js";
import { compare, shrink } from "./pixels.js";
import { SIZES, signIn } from "./page.js";
import { translate } from "./words.js";

const KEPT = new URL("./reference/", import.meta.url);
const NOW = new URL("../dist/reference/", import.meta.url);
const UPDATE = process.env.UPDATE === "1";
const CLOCK_MS = Date.UTC(2026, 4, 20, 9, 41);
const STATUS_MS = 2000;
const BEATS = 60;
// The same page differs by nothing, on a machine under load too; one line that says something else by
// 0.1 %, another colour of buttons by 0.3 %, a row more or other letters by several.
const MOST = 0.001;

const WARNING = { id: "certificate-expires", severity: "warning", params: { day: "2026-06-08", days: "19" }, sentence: "The certificate expires on 2026-06-08.", remedy: "Put a new one where tls.certificate points." };
const STATUS = { warnings: [WARNING], messages: 120000 };
const DRESSES = {
    "en-light-wide": { locale: "en", colorScheme: "light", viewport: SIZES.wide },
    "zh-CN-dark-narrow": { locale: "zh-CN", colorScheme: "dark", viewport: SIZES.narrow },
};
// [name, path, what shows that it is there]
const PAGES = [
    ["users", "/users", (page) => page.getByRole("rowheader", { name: "abram" })],
    ["user-new", "/users/new", (page, t) => page.getByRole("dialog", { name: t("new.title") })],
    ["user", "/users?user=romeo", async (page, t) => (await page.getByRole("list", { name: t("one.sessions") }).waitFor(), page.getByRole("heading", { name: t("one.acts") }))],
    ["sessions", "/sessions", (page) => page.getByRole("rowheader", { name: /nurse/ })],
    ["xray", "/sign-ins?failed=1", (page, t) => page.getByRole("list", { name: t("trace.title") })],
    ["security", "/security", async (page) => (await page.getByText("198.51.100.23").first().waitFor(), await page.getByText("203.0.113.0/24").first().waitFor(), page.getByRole("checkbox", { name: "PLAIN" }))],
    ["audit", "/audit", (page) => page.getByText("block.added", { exact: true })],
    ["settings", "/settings", (page) => page.getByRole("link", { name: "log.format" })],
    ["setting", "/settings?name=limits.idle_timeout_s", (page, t) => page.getByRole("button", { name: t("change.back") }).first()],
];

let mock, chromium, judge;
let now_ms;

before(async () => {
    now_ms = CLOCK_MS;
    mock = await startMock({ now: () => now_ms });
    mock.world.status_ms = 2 ** 31 - 1; // only when it is told
    chromium = await openBrowser();
    judge = await chromium.browser.newPage(); // blank, and bound by no policy
    await mkdir(UPDATE ? KEPT : NOW, { recursive: true });
});

after(async () => {
    await chromium?.close();
    await mock?.close();
});

// The pointer is where nothing answers to it, and two pictures in a row are the same.
async function shoot(page) {
    await page.mouse.move(0, 0);
    const take = () => page.screenshot({ animations: "disabled", caret: "hide" });
    for (let before = await take(); ; ) {
        const png = await take();
        if (png.equals(before)) return png;
        before = png;
    }
}

// Puts what differs into `others`.
async function hold(page, name, others) {
    const png = await shoot(page);
    if (UPDATE) return writeFile(new URL(`${name}.png`, KEPT), await shrink(judge, png));
    const kept = await readFile(new URL(`${name}.png`, KEPT)).catch(() => null);
    const share = kept ? await compare(judge, kept, png) : 1;
    if (share <= MOST) return;
    const file = new URL(`${name}-now.png`, NOW);
    await writeFile(file, png);
    others.push(`${name}: ${(100 * share).toFixed(2)} % is other; see ${fileURLToPath(file)}`);
}

async function setClock(page, ms) {
    now_ms = ms;
    await page.clock.setFixedTime(ms);
}

// What home draws of two minutes.
async function drawHome(page, t) {
    await page.getByText(t("live.on"), { exact: true }).waitFor();
    await page.getByText(t("home.failed", { n: 11 })).waitFor();
    for (let i = 1; i <= BEATS; i++) {
        await setClock(page, CLOCK_MS + i * STATUS_MS);
        const messages = STATUS.messages + Math.round(50 * i + 28 * Math.sin(i / 5));
        const sessions = 11 + Math.round(2 * Math.sin(i / 7));
        mock.world.status = { ...STATUS, messages, sessions, connections: sessions + 1, signing_in: i % 9 === 4 ? 2 : 1 };
        mock.tellStatus();
        await page.getByText(t("home.messages_note", { n: messages })).waitFor();
    }
}

for (const [dress, options] of Object.entries(DRESSES))
    test(`pages look as they did: ${dress}`, async () => {
        const { page, faults, close } = await openPage(chromium.browser, mock.url, { ...options, timezoneId: "UTC", reducedMotion: "reduce" });
        const t = (key, values) => translate(options.locale, key, values);
        const others = [];
        const see = (name) => hold(page, `${dress}-${name}`, others);
        try {
            mock.world.status = STATUS;
            await setClock(page, CLOCK_MS);
            mock.world.setup = { key: "KEY-of-the-link", domain: null, tries: 0 };
            await page.goto("/setup#KEY-of-the-link");
            await page.getByText(t("first.domain_note")).waitFor();
            await see("set-up");
            mock.world.setup = null;
            await page.goto("/");
            await page.getByRole("heading", { name: t("signin.title") }).waitFor();
            await see("sign-in");
            await signIn(page, t);
            await drawHome(page, t);
            await see("home");
            await setClock(page, CLOCK_MS);
            for (const [name, path, shown] of PAGES) {
                await page.goto(path);
                await (await shown(page, t)).waitFor();
                await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
                await see(name);
            }
        } finally {
            await close();
        }
        assert.deepEqual(faults, []);
        assert.deepEqual(others, [], "look at them; if they are to be so: UPDATE=1 npm test");
    });
