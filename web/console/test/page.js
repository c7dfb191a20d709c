// What is done with any page, whatever answers it: signing in, and what every page must keep.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";

const SCREENS = process.env.SCREENS; // a folder for pictures; none without it

export const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

// Both languages, light and dark, wide and narrow: [{dress, options}, ...], options as of openPage.
export const DRESSES = ["en", "zh-CN"].flatMap((locale) =>
    ["light", "dark"].flatMap((colorScheme) =>
        Object.entries(SIZES).map(([size, viewport]) => ({
            dress: `${locale}-${colorScheme}-${size}`,
            options: { locale, colorScheme, viewport, reducedMotion: "reduce" },
        })),
    ),
);

export async function picture(page, name) {
    if (!SCREENS) return;
    await mkdir(SCREENS, { recursive: true });
    await page.screenshot({ path: `${SCREENS}/${name}.png` });
}

export async function fillSignIn(page, t, user, password) {
    await page.getByLabel(t("signin.user")).fill(user);
    await page.getByLabel(t("signin.password"), { exact: true }).fill(password);
    await page.getByRole("button", { name: t("signin.do"), exact: true }).click();
}

export async function signIn(page, t, user = "admin", password = "correct horse") {
    await page.goto("/");
    await fillSignIn(page, t, user, password);
    await page.getByRole("navigation", { name: t("nav.label") }).waitFor();
}

// No page is wider than the window, and nothing is cut off at its edge.
export async function assertFits(page) {
    const { scroll, width, cut } = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth,
        width: innerWidth,
        cut: [...document.querySelectorAll("#app :not(svg *)")]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
            .map((element) => element.outerHTML.slice(0, 80)),
    }));
    assert.ok(scroll <= width, `the page is ${scroll} wide, the window ${width}`);
    assert.deepEqual(cut, []);
}
