import { useEffect } from "preact/hooks";
import { session } from "./api.js";
import { useWords } from "./i18n.js";
import { lazy } from "./lazy.jsx";
import { status } from "./live.js";
import { NotFound } from "./pages/not_found.jsx";
import { SignIn } from "./pages/sign_in.jsx";
import { silence } from "./patience.js";
import { route } from "./router.js";
import { Shell } from "./shell.jsx";
import { useStore } from "./store.js";
import { PageHead } from "./ui/parts.jsx";

const Users = lazy(async () => (await import("./pages/users.jsx")).Users);

const PAGES = {
    "/": { page: lazy(async () => (await import("./pages/home.jsx")).Home), title: "home.title" },
    "/users": { page: Users, title: "users.title" },
    "/users/new": { page: Users, title: "new.title" },
    "/sessions": { page: lazy(async () => (await import("./pages/sessions.jsx")).Sessions), title: "sessions.title" },
    "/security": { page: lazy(async () => (await import("./pages/security.jsx")).Security), title: "security.title" },
    "/sign-ins": { page: lazy(async () => (await import("./pages/sign_ins.jsx")).SignIns), title: "xray.title" },
    "/audit": { page: lazy(async () => (await import("./pages/audit.jsx")).Audit), title: "trail.title" },
    "/settings": { page: lazy(async () => (await import("./pages/settings.jsx")).Settings), title: "set.title" },
};
const SetUp = lazy(async () => (await import("./pages/setup.jsx")).SetUp);
const NONE = { page: NotFound, title: "lost.title" };

function useTitle(words) {
    useEffect(() => {
        document.title = words ? `${words} · Linnet` : "Linnet";
    }, [words]);
}

function SignedIn({ who }) {
    const { path, query } = useStore(route);
    const { t } = useWords();
    const now = useStore(status);
    const { page: Page, title } = PAGES[path] ?? NONE;
    useTitle(t(title));
    return (
        <Shell who={who} domain={now?.domain ?? who.jid.split("@")[1]} path={path}>
            <Page who={who} path={path} query={query} />
        </Shell>
    );
}

// Who it is cannot be asked yet: the frame of the page says so.
function Unknown() {
    const { path } = useStore(route);
    const { t } = useWords();
    const { title } = PAGES[path] ?? NONE;
    useTitle(t(title));
    return (
        <Shell path={path}>
            <PageHead title={t(title)} />
        </Shell>
    );
}

function SignedOut() {
    const { t } = useWords();
    useTitle(t("signin.title"));
    return <SignIn />;
}

function FirstRun() {
    const { t } = useWords();
    useTitle(t("first.title"));
    return <SetUp />;
}

export function App() {
    const who = useStore(session);
    const { path } = useStore(route);
    const quiet = useStore(silence);
    if (path === "/setup") return <FirstRun />;
    if (who === undefined) return quiet && <Unknown />;
    return who ? <SignedIn who={who} /> : <SignedOut />;
}
