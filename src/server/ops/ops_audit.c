#include "server/ops/ops_audit.h"

#include "server/memory.h"
#include "server/ops/ops_private.h"

#include <stdio.h>

/* --- making a row --- */

/* What is no change that lasts: whoever does it again and again pushes no change out of the trail.
 * An action that is not here is a change. */
static const struct {
    const char *action;
    enum store_audit_kind kind;
} kinds[] = {
    {"console.signed_in", STORE_AUDIT_SIGN_INS}, {"console.sign_in_failed", STORE_AUDIT_REFUSALS},
    {"server.reloaded", STORE_AUDIT_PASSING}, /* what the file changed, whoever wrote it did */
    {"session.closed", STORE_AUDIT_PASSING},     {"throttle.forgiven", STORE_AUDIT_PASSING},
};

static enum store_audit_kind kind_of(const char *action)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_is(str_from(action), kinds[i].action))
            return kinds[i].kind;
    return STORE_AUDIT_CHANGES;
}

/* A printable copy that lives in `a`; `fallback` for an empty one. */
static struct str keep_text(struct arena *a, struct str text, size_t max_bytes,
                            const char *fallback)
{
    char clean[OPS_AUDIT_WHO_BYTES];
    error_copy_text(clean, max_bytes, text);
    const char *copy = arena_dup(a, str_from(clean[0] ? clean : fallback));
    if (!copy)
        memory_exhausted();
    return str_from(copy);
}

void ops_audit_row(struct arena *a, const struct ops_audit_entry *entry, struct store_audit *ret)
{
    char uid[32];
    snprintf(uid, sizeof uid, "uid %lu", (unsigned long)entry->actor.uid);
    *ret = (struct store_audit){
        .actor = keep_text(a, entry->actor.name, OPS_AUDIT_WHO_BYTES, uid),
        .address = keep_text(a, entry->actor.address, OPS_AUDIT_ADDRESS_BYTES, ""),
        .action = keep_text(a, str_from(entry->action), OPS_AUDIT_ACTION_BYTES, "unknown"),
        .object = keep_text(a, entry->object, OPS_AUDIT_WHO_BYTES, "server"),
        .detail = keep_text(a, entry->detail, OPS_AUDIT_DETAIL_BYTES, ""),
        .kind = kind_of(entry->action),
    };
}

static void carry(struct ops_request *r, const struct ops_audit_entry *entry)
{
    ops_audit_row(&r->memory, entry, &r->audit);
    r->write.store.audit = &r->audit;
}

void ops_request_audit(struct ops_request *r, const char *action, struct str object,
                       struct str detail)
{
    const struct ops_audit_entry entry = {r->actor, action, object, detail};
    carry(r, &entry);
}

static struct str detail_of(const struct ops_request *r)
{
    switch (r->event) {
    case OPS_ACCOUNT_DISABLED:
        return r->reason;
    case OPS_ROLE_CHANGED:
        return str_from(ops_role_name(r->write.store.role));
    case OPS_TOKENS_REVOKED:
        return r->client;
    default:
        return STR_NONE;
    }
}

void ops_request_audit_event(struct ops_request *r)
{
    ops_request_audit(r, ops_event_name(r->event), str_from(r->address), detail_of(r));
}

void ops_audit(struct ops_port *port, const struct ops_audit_entry *entry)
{
    struct ops_request *r = ops_request_new(port, &(struct ops_ask){.actor = entry->actor});
    r->write.store.change = STORE_AUDIT;
    carry(r, entry);
    if (ops_request_submit(r, OPS_OK, NULL) != OPS_OK)
        log_printf(port->ops->config.log, LOG_ERROR, "store", 0,
                   "%s of %.*s is not in the audit trail: too much waits", entry->action,
                   STR_ARG(entry->object));
}

void ops_audit_keep(struct ops *ops, int64_t rows)
{
    atomic_store(&ops->audit_keep, rows);
}

/* --- reading --- */

static enum store_result read_page(struct ops_request *r)
{
    return ops_request_store(r)->ops->audit(ops_request_store(r), &r->audit_ask, &r->memory,
                                            &r->audit_page, &r->fault);
}

static void fill_page(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result == OPS_OK)
        reply->audit = &r->audit_page;
}

enum ops_result ops_audit_list(struct ops_port *port, const struct ops_ask *ask,
                               struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    size_t limit = ask->limit < 1 ? 1 : ask->limit;
    r->audit_ask = (struct store_audit_ask){
        .before = ask->audit.before,
        .actor = str_from(ops_request_keep(r, ask->audit.actor)),
        .action = str_from(ops_request_keep(r, ask->audit.action)),
        .object = str_from(ops_request_keep(r, ask->audit.object)),
        .limit = limit > OPS_AUDIT_PAGE_MAX ? OPS_AUDIT_PAGE_MAX : limit,
    };
    r->fill = fill_page;
    return ops_request_browse(r, read_page, ret);
}
