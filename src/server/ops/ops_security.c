#include "server/ops/ops_security.h"

#include "base/datetime.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

static struct str keep(struct ops_request *r, struct str text)
{
    return str_of(ops_request_keep(r, text), text.len);
}

/* --- networks --- */

static void fill_block(struct ops_request *r, struct ops_reply *reply)
{
    reply->block = &r->block;
}

/* "spam (until 2026-11-28T14:00:00Z)", "for ever"; of a block that is lifted nothing. */
static struct str detail_of(struct ops_request *r, enum store_change change)
{
    char end[DATETIME_BYTES] = "";
    struct str reason = r->block.reason;
    if (change != STORE_BLOCK)
        return STR_NONE;
    if (r->block.until_s > 0)
        datetime_format(r->block.until_s, end);
    const char *when = *end ? "until " : "for ever";
    const char *detail = reason.len
                             ? arena_printf(&r->memory, "%.*s (%s%s)", STR_ARG(reason), when, end)
                             : arena_printf(&r->memory, "%s%s", when, end);
    if (!detail)
        memory_exhausted();
    return str_from(detail);
}

static enum ops_result submit_block(struct ops_port *port, const struct ops_ask *ask,
                                    enum store_change change, const char *action,
                                    const struct store_block *block, struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    r->block = (struct store_block){.network = keep(r, block->network),
                                    .since_s = block->since_s,
                                    .until_s = block->until_s,
                                    .reason = keep(r, block->reason),
                                    .actor = keep(r, block->actor)};
    r->fill = fill_block;
    r->write.store.change = change;
    r->write.store.block = &r->block;
    ops_request_audit(r, action, r->block.network, detail_of(r, change));
    return ops_request_submit(r, OPS_OK, ret);
}

enum ops_result ops_block_add(struct ops_port *port, const struct ops_ask *ask,
                              const struct store_block *block, struct ops_request **ret)
{
    return submit_block(port, ask, STORE_BLOCK, "block.added", block, ret);
}

enum ops_result ops_block_remove(struct ops_port *port, const struct ops_ask *ask,
                                 const struct store_block *block, struct ops_request **ret)
{
    return submit_block(port, ask, STORE_UNBLOCK, "block.removed", block, ret);
}

/* --- weak mechanisms --- */

void ops_weak_login(struct ops_port *port, struct str user, struct str mechanism,
                    struct str software)
{
    struct ops_request *r = ops_request_new(port, &(struct ops_ask){0});
    ops_request_take_login(r, user);
    r->write.store.change = STORE_WEAK_LOGIN;
    r->write.store.mechanism = keep(r, mechanism);
    r->write.store.software = keep(r, software);
    if (ops_request_submit(r, OPS_OK, NULL) != OPS_OK)
        log_printf(port->ops->config.log, LOG_ERROR, "store", 0,
                   "too much is waiting: a weak sign-in is not noted");
}

static enum store_result read_weak(struct ops_request *r)
{
    struct store *store = ops_request_store(r);
    return store->ops->weak_logins(store, ops_request_domain(r), r->limit, &r->memory, &r->weak,
                                   &r->fault);
}

static void fill_weak(struct ops_request *r, struct ops_reply *reply)
{
    if (reply->result == OPS_OK)
        reply->weak = &r->weak;
}

enum ops_result ops_weak_logins(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    r->limit = ask->limit < 1 ? 1 : ask->limit > OPS_PAGE_MAX ? OPS_PAGE_MAX : ask->limit;
    r->fill = fill_weak;
    return ops_request_browse(r, read_weak, ret);
}
