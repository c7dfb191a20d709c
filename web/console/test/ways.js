// Ways that every test of the pages goes, whatever browser and mock it has.
export const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

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
