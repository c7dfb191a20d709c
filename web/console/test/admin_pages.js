// Audit and settings, for the walk through every page in every dress: [name, path, what shows that it is there].
export const ADMIN_PAGES = [
    ["audit", "/audit", (page) => page.getByText("block.added", { exact: true })],
    ["settings", "/settings", (page) => page.getByRole("link", { name: "log.format" })],
    ["setting", "/settings?name=limits.idle_timeout_s", (page, t) => page.getByRole("button", { name: t("change.back") }).first()],
    ["setting-ticks", "/settings?name=login.mechanisms", (page, t) => page.getByText(t("change.none"))],
    ["setting-lines", "/settings?name=c2s.listen", (page, t) => page.getByText(t("change.none"))],
    ["setting-switch", "/settings?name=login.throttle", (page, t) => page.getByText(t("change.none"))],
    ["setting-choice", "/settings?name=log.level", (page, t) => page.getByRole("button", { name: t("change.back") })],
    ["setting-pending", "/settings?name=login.iterations", (page, t) => page.getByRole("button", { name: t("change.back") })],
    ["setting-fixed", "/settings?name=tls.certificate", (page, t) => page.getByText(t("change.none"))],
    ["settings-history", "/settings?history=1", (page, t) => page.getByRole("button", { name: t("change.back") }).first()],
];
