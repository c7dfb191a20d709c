// The X-ray: how each connection came to its session, or why it did not.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { addLogins, logins } from "../live.js";
import { useLoad, useSettled } from "../load.js";
import "../messages/sign_ins.js";
import { address, go } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Choice, Empty, PageHead, Search } from "../ui/parts.jsx";
import { SignInItem } from "./sign_in_item.jsx";

const STEP = 50;
const SETTLE_MS = 200;

// An address of IPv6 is printed in brackets, which nobody types.
const bare = (text) => text.replace("[", "").toLowerCase();

function fits(login, { failed, user, from }) {
    if (failed && login.ok) return false;
    if (user && !`${login.user}@${login.domain}`.startsWith(user.toLowerCase())) return false;
    return !from || bare(login.address).startsWith(bare(from));
}

// What is older than what the page holds is asked for by name and address.
function useOlder({ user, from }) {
    return useLoad(async () => {
        if (!user && !from) return null;
        const page = await api.logins({ user, address: from, limit: STEP }).catch(() => null); // no name, or half of one
        if (page) addLogins(page.logins);
        return page;
    }, [user, from]);
}

// A box of the filter; what was typed is shown when it rests.
function FilterBox({ label, value, onSettled }) {
    const [text, setText] = useState(value);
    const settled = useSettled(text.trim(), SETTLE_MS);
    useEffect(() => setText((typed) => (typed.trim() === value ? typed : value)), [value]); // a link may have set it
    useEffect(() => {
        if (settled !== value && settled === text.trim()) onSettled(settled);
    }, [settled]);
    return <Search label={label} value={text} onInput={setText} />;
}

function Filters({ filter }) {
    const { t } = useWords();
    const { failed, user, from } = filter;
    const show = (next) => go(address("/sign-ins", { ...filter, ...next }), { replace: true });
    return (
        <div class="tools">
            <FilterBox label={t("xray.user")} value={user} onSettled={(text) => show({ user: text })} />
            <FilterBox label={t("xray.from")} value={from} onSettled={(text) => show({ from: text })} />
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

export function SignIns({ who, query }) {
    const { t } = useWords();
    const all = useStore(logins);
    const [room, setRoom] = useState(STEP);
    const filter = { user: query.get("user") ?? "", from: query.get("from") ?? "", failed: query.get("failed") ?? "" };
    const { error } = useOlder(filter);
    const found = all.filter((login) => fits(login, filter));
    const first = useRef(null); // what was newest when the page was opened stays open
    first.current ??= found[0]?.id;
    const open = query.has("id") ? Number(query.get("id")) : first.current;
    const toggle = (id) =>
        go(address("/sign-ins", { ...filter, id: id === open ? "none" : String(id) }), { replace: true });
    return (
        <>
            <PageHead title={t("xray.title")} lead={t("xray.lead")} />
            <section class="card card-flush">
                <Filters filter={filter} />
                <Failure error={error} />
                {found.length === 0 && <Empty icon="xray" title={t(all.length ? "xray.no_match" : "xray.empty")} />}
                <ul class="xray">
                    {found.slice(0, room).map((login) => (
                        <SignInItem
                            key={login.id}
                            login={login}
                            full={who.role === "full"}
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
