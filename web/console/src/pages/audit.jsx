// The audit trail: who changed what. The address bar says which part of it is shown.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { auditEntry, connected } from "../live.js";
import { useLoad, useSettled } from "../load.js";
import "../messages/audit.js";
import { address, follow } from "../router.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Empty, PageHead } from "../ui/parts.jsx";
import { AuditFilters, askedBy } from "./audit_filters.jsx";
import { AuditDays } from "./audit_rows.jsx";

const PAGE = 50;
const SETTLE_MS = 150; // entries that come together are asked for once

function Pager({ filters, before, page }) {
    const { t } = useWords();
    if (!before && !page.more) return null;
    return (
        <nav class="pager" aria-label={t("trail.pages")}>
            {before && (
                <a class="button" href={address("/audit", filters)} onClick={follow}>
                    <Icon name="left" />
                    {t("trail.newest")}
                </a>
            )}
            {page.more && (
                <a class="button" href={address("/audit", { ...filters, before: page.entries.at(-1).id })} onClick={follow}>
                    {t("trail.older")}
                    <Icon name="right" />
                </a>
            )}
        </nav>
    );
}

function NoEntries({ filtered }) {
    const { t } = useWords();
    return filtered ? (
        <Empty icon="search" title={t("trail.no_match")}>
            {t("trail.no_match_note")}
        </Empty>
    ) : (
        <Empty icon="audit" title={t("trail.empty")} />
    );
}

export function Audit({ who, query }) {
    const { t } = useWords();
    const [actor, action, object, before] = ["actor", "action", "object", "before"].map((name) => query.get(name) ?? "");
    const filters = { actor, action, object };
    const newest = useSettled(useStore(auditEntry)?.id, SETTLE_MS);
    const live = useStore(connected); // what came while there was no stream
    const { data, error, loading } = useLoad(
        (signal) => api.audit({ ...askedBy(filters, who), before, limit: PAGE }, signal),
        [actor, action, object, before, newest, live],
    );
    return (
        <>
            <PageHead title={t("trail.title")} lead={t("trail.lead")} />
            <section class="card card-flush" aria-busy={loading}>
                <AuditFilters filters={filters} />
                <Failure error={error} />
                {data && data.entries.length > 0 && <AuditDays entries={data.entries} filters={filters} />}
                {data && !data.entries.length && <NoEntries filtered={actor || action || object || before} />}
                {data && <Pager filters={filters} before={before} page={data} />}
            </section>
        </>
    );
}
