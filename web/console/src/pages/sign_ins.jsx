// The X-ray: how each connection came to its session, or why it did not.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { addLogins, logins } from "../live.js";
import { useLoad, useSettled } from "../load.js";
import { address, go } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Choice, Empty, PageHead, Search } from "../ui/parts.jsx";
import { SignInItem } from "./sign_in_item.jsx";

const STEP = 50;
const SETTLE_MS = 200;

function fits(login, failed, user) {
    if (failed && login.ok) return false;
    if (!user) return true;
    const typed = user.toLowerCase();
    return `${login.user}@${login.domain}`.startsWith(typed) || login.address.startsWith(typed);
}

// An account whose sign-ins are older than what the page holds is asked for by its name.
function useOlder(user) {
    return useLoad(async () => {
        if (!user || user.includes(":")) return null;
        const page = await api.logins({ user, limit: STEP }).catch(() => null); // no name, or half of one
        if (page) addLogins(page.logins);
        return page;
    }, [user]);
}

function Filters({ failed, user }) {
    const { t } = useWords();
    const [text, setText] = useState(user);
    const settled = useSettled(text.trim(), SETTLE_MS);
    const show = (next) => go(address("/sign-ins", { user, failed, ...next }), { replace: true });
    useEffect(() => {
        if (settled !== user) show({ user: settled });
    }, [settled]);
    return (
        <div class="tools">
            <Search label={t("xray.search")} value={text} onInput={setText} />
            <Choice
                name="failed"
                label={t("xray.which")}
                value={failed}
                options={[
                    ["", t("xray.every")],
                    ["1", t("xray.only_failed")],
                ]}
                onChange={(value) => show({ failed: value })}
            />
        </div>
    );
}

export function SignIns({ query }) {
    const { t } = useWords();
    const all = useStore(logins);
    const [room, setRoom] = useState(STEP);
    const failed = query.get("failed") ?? "";
    const user = query.get("user") ?? "";
    const { error } = useOlder(user);
    const found = all.filter((login) => fits(login, failed, user));
    const first = useRef(null); // what was newest when the page was opened stays open
    first.current ??= found[0]?.id;
    const open = query.has("id") ? Number(query.get("id")) : first.current;
    const toggle = (id) =>
        go(address("/sign-ins", { user, failed, id: id === open ? "none" : String(id) }), { replace: true });
    return (
        <>
            <PageHead title={t("xray.title")} lead={t("xray.lead")} />
            <section class="card card-flush">
                <Filters failed={failed} user={user} />
                <Failure error={error} />
                {found.length === 0 && <Empty icon="xray" title={t(all.length ? "xray.no_match" : "xray.empty")} />}
                <ul class="xray">
                    {found.slice(0, room).map((login) => (
                        <SignInItem
                            key={login.id}
                            login={login}
                            open={login.id === open}
                            sought={query.get("id") === String(login.id)}
                            onToggle={() => toggle(login.id)}
                        />
                    ))}
                </ul>
                {found.length > room && (
                    <div class="pager">
                        <button type="button" class="button" onClick={() => setRoom(room + STEP)}>
                            {t("xray.more")}
                        </button>
                    </div>
                )}
            </section>
        </>
    );
}
