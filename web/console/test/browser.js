// Debian's Chromium with a folder of its own, and pages that are watched: what they say on their
// console, what fails, and which addresses they ask.
import { chromium } from "playwright-core";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const require = createRequire(import.meta.url);
const AXE = require.resolve("axe-core/axe.min.js");
const FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--font-render-hinting=none", // pictures are alike, whatever a machine is set to
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

export async function openBrowser() {
    const folder = await mkdtemp(path.join(os.tmpdir(), "linnet-console-"));
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: FLAGS,
        env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
    });
    return {
        browser,
        async close() {
            await browser.close();
            await rm(folder, { recursive: true, force: true });
        },
    };
}

// Chromium itself says on a page's console that a request was answered with 401: the page asked for it.
function isExpected(text) {
    return /^Failed to load resource: the server responded with a status of (401|403|404|409|422|429|503)/.test(text);
}

// -> {page, faults, axe(), close()}; options as of browser.newContext.
export async function openPage(browser, url, options) {
    const context = await browser.newContext({ baseURL: url, bypassCSP: false, ...options });
    const page = await context.newPage();
    const faults = [];
    page.setDefaultTimeout(20000);
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !isExpected(message.text())) faults.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
    page.on("request", (request) => {
        if (!request.url().startsWith(`${url}/`)) faults.push(`another origin: ${request.url()}`);
    });
    return { page, faults, axe: () => runAxe(page), close: () => context.close() };
}

// What axe-core finds serious or worse: ["rule: where", ...].
async function runAxe(page) {
    const source = await readFile(AXE, "utf8");
    await page.evaluate(source); // by the debugger, which the page's policy does not bind
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return violations
        .filter((found) => ["serious", "critical"].includes(found.impact))
        .map((found) => `${found.id}: ${found.nodes.map((node) => `${node.target} ${node.failureSummary ?? ""}`).join(" | ")}`);
}
