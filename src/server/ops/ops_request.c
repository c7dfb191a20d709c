#include "server/ops/ops_request.h"

#include "base/wipe.h"
#include "core/jid.h"
#include "server/memory.h"
#include "server/ops/ops_private.h"

#include <stdlib.h>
#include <time.h>

void ops_request_free(struct ops_request *r)
{
    arena_finish(&r->memory);
    wipe_free(r, sizeof *r);
}

void ops_forget(struct ops_request *request)
{
    if (request)
        request->done = NULL;
}

enum ops_result ops_result_of(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return OPS_OK;
    case STORE_NOT_FOUND:
        return OPS_NOT_FOUND;
    case STORE_EXISTS:
        return OPS_EXISTS;
    case STORE_REFUSED:
        return OPS_NO_TOKEN;
    case STORE_DENIED:
        return OPS_DENIED;
    case STORE_BUSY:
        return OPS_TEMPORARY;
    case STORE_FAILED:
        break;
    case STORE_NO_MEMORY:
        memory_exhausted();
    }
    return OPS_STORE;
}

void ops_request_answer(struct ops_request *r, struct ops_reply *reply)
{
    reply->address = r->address ? r->address : "";
    reply->user = str_from(r->user);
    if (r->done)
        r->done(r->ctx, reply);
    ops_request_free(r);
}

/* --- making a request --- */

char *ops_request_keep(struct ops_request *r, struct str s)
{
    char *copy = arena_dup(&r->memory, s.ptr ? s : STR_LIT(""));
    if (!copy)
        memory_exhausted();
    return copy;
}

/* STR_NONE stays what it is. */
static void keep_text(struct ops_request *r, struct str *text)
{
    if (text->ptr)
        text->ptr = ops_request_keep(r, *text);
}

struct ops_request *ops_request_new(struct ops_port *port, const struct ops_ask *ask)
{
    struct ops_request *r = MEMORY_NEW(struct ops_request);
    r->ops = port->ops;
    r->port = port;
    r->done = ask->done;
    r->ctx = ask->ctx;
    arena_init(&r->memory, 0, true);
    r->actor = ask->actor;
    keep_text(r, &r->actor.name);
    keep_text(r, &r->actor.address);
    return r;
}

void ops_request_set_user(struct ops_request *r, const char *user)
{
    r->user = ops_request_keep(r, str_from(user));
    r->address = arena_printf(&r->memory, "%s@%s", user, r->ops->config.domain);
    if (!r->address)
        memory_exhausted();
}

static enum ops_result take_local(struct ops_request *r, struct str local, const char **ret_why)
{
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    enum jid_fault fault = jid_prepare_local(local, prepared, &len);
    if (fault != JID_OK) {
        *ret_why = jid_fault_text(fault);
        return OPS_BAD_NAME;
    }
    ops_request_set_user(r, prepared);
    return OPS_OK;
}

enum ops_result ops_request_take_address(struct ops_request *r, struct str address,
                                         const char **ret_why)
{
    struct jid jid = {0};
    enum ops_result result = OPS_BAD_NAME;
    if (!address.ptr || !memchr(address.ptr, '@', address.len))
        return take_local(r, address, ret_why);
    enum jid_fault fault = jid_parse(address, &jid);
    if (fault != JID_OK) {
        *ret_why = jid_fault_text(fault);
    } else if (jid.resource.ptr) {
        *ret_why = "an account has no resource (the part after the /)";
    } else if (!str_is(jid.domain, r->ops->config.domain)) {
        result = OPS_WRONG_DOMAIN;
    } else {
        ops_request_set_user(r, ops_request_keep(r, jid.local));
        result = OPS_OK;
    }
    jid_finish(&jid);
    return result;
}

void ops_request_take_login(struct ops_request *r, struct str name)
{
    char local[JID_PART_MAX_BYTES + 1];
    size_t len;
    ops_request_set_user(r, jid_prepare_local(name, local, &len) == JID_OK ? local : "");
}

struct store *ops_request_store(const struct ops_request *r)
{
    return r->ops->config.store;
}

struct str ops_request_domain(const struct ops_request *r)
{
    return str_from(r->ops->config.domain);
}

/* --- works --- */

static void drop_work(struct work *work)
{
    ops_request_free(CONTAINER_OF(work, struct ops_request, work));
}

enum ops_result ops_request_work(struct ops_request *r, struct work_port *port,
                                 void (*run)(struct work *work), void (*done)(struct work *work),
                                 struct ops_request **ret)
{
    r->work = (struct work){.run = run, .done = done, .drop = drop_work};
    if (!work_submit(port, &r->work)) {
        ops_request_free(r);
        return OPS_TEMPORARY;
    }
    if (ret)
        *ret = r;
    return OPS_OK;
}

static void run_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    r->result = r->read(r);
}

static void done_read(struct work *work)
{
    struct ops_request *r = CONTAINER_OF(work, struct ops_request, work);
    struct ops_reply reply = {.result = ops_result_of(r->result)};
    if (reply.result >= OPS_TEMPORARY)
        log_printf(r->ops->config.log, LOG_ERROR, "store", 0, "a read failed: %s", r->fault.text);
    if (r->fill)
        r->fill(r, &reply);
    ops_request_answer(r, &reply);
}

enum ops_result ops_request_read(struct ops_request *r,
                                 enum store_result (*read)(struct ops_request *r),
                                 struct ops_request **ret)
{
    r->read = read;
    return ops_request_work(r, r->port->read, run_read, done_read, ret);
}

enum ops_result ops_request_browse(struct ops_request *r,
                                   enum store_result (*read)(struct ops_request *r),
                                   struct ops_request **ret)
{
    r->read = read;
    return ops_request_work(r, r->port->browse, run_read, done_read, ret);
}

/* --- changes --- */

static void tell_event(const struct ops_request *r)
{
    const struct ops_config *config = &r->ops->config;
    struct ops_event event = {.kind = r->event,
                              .user = str_from(r->user),
                              .domain = ops_request_domain(r),
                              .reason = r->reason,
                              .role = r->write.store.role,
                              .actor = r->actor};
    if (r->has_event && config->event)
        config->event(config->ctx, &event);
    if (r->write.store.audit && config->audited)
        config->audited(config->ctx, r->write.store.audit);
}

static void done_write(struct ops_write *w)
{
    struct ops_request *r = CONTAINER_OF(w, struct ops_request, write);
    struct ops_reply reply = {.result = ops_result_of(w->store.result)};
    if (reply.result == OPS_OK) {
        reply.last_admin = w->store.last_admin;
        tell_event(r);
    }
    if (r->fill)
        r->fill(r, &reply);
    ops_request_answer(r, &reply);
}

static void drop_write(struct ops_write *w)
{
    ops_request_free(CONTAINER_OF(w, struct ops_request, write));
}

bool ops_request_write(struct ops_request *r)
{
    struct store_write *w = &r->write.store;
    w->domain = ops_request_domain(r);
    if (w->change != STORE_AUDIT) /* it tells what was done already */
        w->by = ops_actor_by(&r->actor, w->domain);
    w->user = str_from(r->user);
    w->reason = r->reason;
    w->now_s = (int64_t)time(NULL);
    random_fill(&r->port->random, &w->mark, sizeof w->mark);
    w->audit_keep = atomic_load(&r->ops->audit_keep);
    if (r->has_event)
        ops_request_audit_event(r);
    r->write.done = done_write;
    r->write.drop = drop_write;
    return ops_writer_submit(&r->ops->writer, r->port->write, &r->write);
}

enum ops_result ops_request_submit(struct ops_request *r, enum ops_result result,
                                   struct ops_request **ret)
{
    if (result == OPS_OK && !ops_request_write(r))
        result = OPS_TEMPORARY;
    if (result != OPS_OK)
        ops_request_free(r);
    else if (ret)
        *ret = r;
    return result;
}
