import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { accountChange } from "../live.js";
import { useLoad, useSessionChanges, useSettled } from "../load.js";
import "../messages/sessions.js";
import "../messages/users.js";
import { address, follow, go } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Empty, PageHead, Search } from "../ui/parts.jsx";
import { UserNew } from "./user_new.jsx";
import { UserOne } from "./user_one.jsx";
import { UserTable } from "./user_table.jsx";

const PAGE = 50;
const SETTLE_MS = 200;

// The pages before this one, by what they began after: the database pages forward only.
function usePaging(query) {
    const [before, setBefore] = useState([]);
    const q = query.get("q") ?? "";
    const after = query.get("after") ?? "";
    return {
        q,
        after,
        next(last) {
            setBefore([...before, after]);
            go(address("/users", { q, after: last }));
        },
        previous() {
            setBefore(before.slice(0, -1));
            go(address("/users", { q, after: before.at(-1) ?? "" }));
        },
        search(text) {
            setBefore([]);
            go(address("/users", { q: text }), { replace: true });
        },
    };
}

function Pager({ paging, page }) {
    const { t } = useWords();
    if (!paging.after && !page.more) return null;
    return (
        <nav class="pager" aria-label={t("users.pages")}>
            <button type="button" class="button" disabled={!paging.after} onClick={paging.previous}>
                <Icon name="left" />
                {t("users.previous")}
            </button>
            <button type="button" class="button" disabled={!page.more} onClick={() => paging.next(page.accounts.at(-1).user)}>
                {t("users.next")}
                <Icon name="right" />
            </button>
        </nav>
    );
}

function NoUsers({ q }) {
    const { t } = useWords();
    return q ? (
        <Empty icon="search" title={t("users.no_match", { q })}>
            {t("users.no_match_note")}
        </Empty>
    ) : (
        <Empty icon="users" title={t("users.none")}>
            {t("users.none_note")}
        </Empty>
    );
}

function UserSearch({ paging }) {
    const { t } = useWords();
    const [text, setText] = useState(paging.q);
    const settled = useSettled(text.trim(), SETTLE_MS);
    useEffect(() => {
        if (settled !== paging.q) paging.search(settled);
    }, [settled]);
    return <Search label={t("users.search")} value={text} onInput={setText} />;
}

export function Users({ who, path, query }) {
    const { t } = useWords();
    const paging = usePaging(query);
    const changes = useSessionChanges();
    const change = useStore(accountChange);
    const { data, error, loading } = useLoad(
        (signal) => api.users({ limit: PAGE, q: paging.q, after: paging.after }, signal),
        [paging.q, paging.after, changes, change],
    );
    const { q, after } = paging;
    const user = query.get("user");
    const back = () => go(address("/users", { q, after }));
    const to = (name) => address("/users", { q, after, user: name });
    return (
        <>
            <PageHead title={t("users.title")} lead={t("users.lead")}>
                {who.role === "full" && (
                    <a class="button button-main" href="/users/new" onClick={follow}>
                        <Icon name="plus" />
                        {t("users.new")}
                    </a>
                )}
            </PageHead>
            <section class="card card-flush" aria-busy={loading}>
                <div class="tools">
                    <UserSearch paging={paging} />
                    {data && <p class="tools-note">{t("users.shown", { n: data.accounts.length })}</p>}
                </div>
                <Failure error={error} />
                {data && (data.accounts.length ? <UserTable accounts={data.accounts} to={to} /> : <NoUsers q={q} />)}
                {data && <Pager paging={paging} page={data} />}
            </section>
            {path === "/users/new" && who.role === "full" && <UserNew wanted={user ?? ""} onClose={back} />}
            {path === "/users" && user && (
                <UserOne
                    key={user}
                    who={who}
                    user={user}
                    wanted={query.get("act")}
                    onBegun={() => go(to(user), { replace: true })}
                    onClose={back}
                />
            )}
        </>
    );
}
