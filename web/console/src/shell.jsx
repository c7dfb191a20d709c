// What is around every page: where one can go, who one is, whether what is shown is live.
import { useWords } from "./i18n.js";
import { connected } from "./live.js";
import { silence } from "./patience.js";
import { follow } from "./router.js";
import { useStore } from "./store.js";
import { AccountMenu } from "./ui/account_menu.jsx";
import { Brand } from "./ui/brand.jsx";
import { Icon } from "./ui/icon.jsx";
import { Silence } from "./ui/silence.jsx";

const PLACES = [
    { path: "/", icon: "home", words: "nav.home" },
    { path: "/users", icon: "users", words: "nav.users" },
    { path: "/sessions", icon: "sessions", words: "nav.sessions" },
    { path: "/sign-ins", icon: "xray", words: "nav.xray" },
    { path: "/security", icon: "shield", words: "nav.security" },
    { path: "/audit", icon: "audit", words: "nav.audit" },
    { path: "/settings", icon: "settings", words: "nav.settings" },
];

function isHere(place, path) {
    return place === path || (place !== "/" && path.startsWith(`${place}/`));
}

function Nav({ path }) {
    const { t } = useWords();
    return (
        <nav class="nav" aria-label={t("nav.label")}>
            {PLACES.map((place) => (
                <a
                    key={place.path}
                    href={place.path}
                    onClick={follow}
                    class="nav-link"
                    aria-current={isHere(place.path, path) ? "page" : undefined}
                >
                    <Icon name={place.icon} />
                    <span>{t(place.words)}</span>
                </a>
            ))}
        </nav>
    );
}

function Live() {
    const { t } = useWords();
    const streaming = useStore(connected);
    const on = !useStore(silence) && streaming;
    return (
        <p class={`live ${on ? "live-on" : "live-off"}`} role="status">
            <span class="live-dot" />
            {t(on ? "live.on" : "live.off")}
        </p>
    );
}

// `who` is not there while that is not known.
export function Shell({ who, domain, path, children }) {
    const { t } = useWords();
    return (
        <div class="shell">
            <a class="skip" href="#main">
                {t("nav.skip")}
            </a>
            <header class="side">
                <Brand domain={domain} />
                <Nav path={path} />
                <div class="side-foot">
                    <Live />
                    {who && <AccountMenu who={who} />}
                </div>
            </header>
            <main id="main" tabIndex={-1}>
                <Silence />
                {children}
            </main>
        </div>
    );
}
