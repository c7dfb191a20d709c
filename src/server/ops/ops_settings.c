/* Changes of settings: one after the other, each checked, stored, applied and told. */
#include "server/memory.h"
#include "server/ops/ops_audit.h"
#include "server/ops/ops_private.h"
#include "server/ops/ops_settings_private.h"

#include <stdlib.h>
#include <time.h>

enum { DETAIL_VALUE_BYTES = 240 }; /* of arrays, with the NUL */

/* One change from the question to the answer. */
struct change {
    struct list link;
    struct ops_settings *owner; /* NULL once that has gone; of the loop */
    void (*done)(void *ctx, const struct ops_setting_outcome *outcome);
    void *ctx;
    struct arena memory; /* of every string */
    const char *name;
    struct str value; /* STR_NONE: reset; else as it is kept once it was checked */
    struct str after; /* of a reset: what is beneath */
    struct ops_actor actor;
    struct store_setting_change row;
    struct store_audit audit;
    struct ops_write write;
};

static struct str keep(struct arena *a, struct str s)
{
    char *copy = s.ptr ? arena_dup(a, s) : NULL;
    if (s.ptr && !copy)
        memory_exhausted();
    return copy ? str_of(copy, s.len) : STR_NONE;
}

static struct change *change_new(struct ops_settings *s, const struct ops_setting_ask *ask)
{
    struct change *c = MEMORY_NEW(struct change);
    list_init(&c->link);
    c->owner = s;
    c->done = ask->done;
    c->ctx = ask->ctx;
    c->name = keep(&c->memory, ask->name).ptr;
    c->value = keep(&c->memory, ask->value);
    c->actor = ask->actor;
    c->actor.name = keep(&c->memory, ask->actor.name);
    c->actor.address = keep(&c->memory, ask->actor.address);
    return c;
}

static void change_free(struct change *c)
{
    arena_finish(&c->memory);
    free(c);
}

/* Answers it, and frees it. */
static void answer(struct change *c, const struct ops_setting_outcome *outcome)
{
    c->done(c->ctx, outcome);
    change_free(c);
}

static void fail(struct change *c, const struct linnet_error *error)
{
    answer(c, &(struct ops_setting_outcome){
                  .error = error, .name = c->name, .value = "", .actor = c->actor});
}

/* --- the steps of a change --- */

static enum linnet_error_code check(struct change *c, struct linnet_error *error)
{
    struct buf kept = {0};
    bool reset = !c->value.ptr;
    enum linnet_error_code code =
        reset ? ops_settings_check_reset(c->owner, c->name, &kept, error)
              : ops_settings_check(c->owner, c->name, c->value, &kept, error);
    if (code == LINNET_OK)
        *(reset ? &c->after : &c->value) =
            keep(&c->memory, str_of(buf_peek(&kept).ptr, buf_len(&kept)));
    buf_finish(&kept);
    return code;
}

/* What is on disk, where it did not take effect though it could: the file or the certificate may
 * have changed since it was checked. */
static void tell_unapplied(const struct change *c, const struct linnet_error *error)
{
    const char *reason = error->code != LINNET_OK ? error->sentence : "it does not fit the rest";
    log_printf(c->owner->config.log, LOG_ERROR, "settings", 0, "%s is stored and not applied: %s",
               c->name, reason);
}

/* It is on disk, where it may have been before: applies it and tells everybody. */
static void conclude(struct change *c, bool changed)
{
    struct ops_settings *s = c->owner;
    struct linnet_error error = {0};
    struct buf value = {0};
    bool pending, ok = ops_settings_apply(s, NULL, &error) == LINNET_OK;
    ops_settings_print(s, c->name, &value, &pending);
    const char *text = buf_peek(&value).ptr;
    bool holds = !c->value.ptr || str_is(c->value, text);
    if (!ok || !holds)
        tell_unapplied(c, &error);
    const struct linnet_error none = {0};
    const struct ops_setting_outcome outcome = {.error = &none,
                                                .name = c->name,
                                                .value = holds ? text : c->value.ptr,
                                                .applied = ok && holds && !pending,
                                                .changed = changed,
                                                .actor = c->actor};
    if (changed)
        s->config.host.changed(s->config.host.ctx, &outcome);
    answer(c, &outcome);
    buf_finish(&value);
}

static void advance(struct ops_settings *s);

static void fail_store(struct change *c, enum store_result result)
{
    struct linnet_error error = {0};
    ops_error(ops_result_of(result), "", "", &error);
    fail(c, &error);
}

static void tell_audit(const struct change *c)
{
    const struct ops_config *config = &c->owner->config.port->ops->config;
    if (config->audited)
        config->audited(config->ctx, &c->audit);
}

/* Whether the store has it so: also when an earlier transaction that seemed to fail did not. */
static bool holds(enum store_result result)
{
    return result == STORE_OK || result == STORE_EXISTS || result == STORE_NOT_FOUND;
}

/* On disk, or not. */
static void written(struct ops_write *w)
{
    struct change *c = CONTAINER_OF(w, struct change, write);
    struct ops_settings *s = c->owner;
    if (!s) {
        change_free(c);
        return;
    }
    s->writing = NULL;
    if (!holds(w->store.result)) {
        fail_store(c, w->store.result);
    } else {
        if (!settings_stored_set(&s->config.stored, c->name, c->value.ptr))
            memory_exhausted();
        if (w->store.result == STORE_OK)
            tell_audit(c);
        conclude(c, true);
    }
    advance(s);
}

/* The port has gone, and the settings before it. */
static void dropped(struct ops_write *w)
{
    change_free(CONTAINER_OF(w, struct change, write));
}

/* Printable, and cut so that two of them fit into a row. */
static void clean(char out[DETAIL_VALUE_BYTES], struct str value)
{
    error_copy_text(out, DETAIL_VALUE_BYTES, value.len ? value : STR_LIT("\"\""));
}

/* "30min -> 1h", "1h -> 30min (reset)"; of a setting that there is no more "1h -> (reset)". */
static struct str detail_of(struct change *c)
{
    char from[DETAIL_VALUE_BYTES], to[DETAIL_VALUE_BYTES] = "";
    const char *stored = settings_stored_find(&c->owner->config.stored, c->name);
    struct buf now = {0};
    bool pending;
    ops_settings_print(c->owner, c->name, &now, &pending);
    clean(from, str_from(stored ? stored : buf_peek(&now).ptr));
    buf_finish(&now);
    if (c->value.ptr || c->after.ptr)
        clean(to, c->value.ptr ? c->value : c->after);
    const char *detail = arena_printf(&c->memory, "%s ->%s%s%s", from, *to ? " " : "", to,
                                      c->value.ptr ? "" : " (reset)");
    if (!detail)
        memory_exhausted();
    return str_from(detail);
}

static void fill_row(struct change *c)
{
    char text[OPS_ACTOR_BYTES];
    struct ops_actor who = c->actor;
    who.address = STR_NONE; /* a column of its own */
    c->row = (struct store_setting_change){
        .actor = keep(&c->memory, str_from(ops_actor_text(&who, text))),
        .address = c->actor.address,
        .name = str_from(c->name),
        .new_value = c->value,
    };
    const struct ops_audit_entry entry = {c->actor, "settings.changed", str_from(c->name),
                                          detail_of(c)};
    ops_audit_row(&c->memory, &entry, &c->audit);
    const struct ops *ops = c->owner->config.port->ops;
    c->write.store =
        (struct store_write){.change = STORE_SETTING,
                             .domain = STR_LIT(""),
                             .user = STR_LIT(""),
                             .by = ops_actor_by(&c->actor, str_from(ops->config.domain)),
                             .setting = &c->row,
                             .audit = &c->audit,
                             .audit_keep = atomic_load(&ops->audit_keep),
                             .now_s = (int64_t)time(NULL)};
}

static void submit(struct change *c)
{
    struct ops_settings *s = c->owner;
    struct ops_port *port = s->config.port;
    fill_row(c);
    c->write.done = written;
    c->write.drop = dropped;
    if (ops_writer_submit(&port->ops->writer, port->write, &c->write))
        s->writing = c;
    else
        fail_store(c, STORE_BUSY);
}

static void begin(struct change *c)
{
    struct linnet_error error = {0};
    const char *stored = settings_stored_find(&c->owner->config.stored, c->name);
    if (check(c, &error) != LINNET_OK)
        fail(c, &error);
    else if (c->value.ptr && stored && str_is(c->value, stored))
        conclude(c, false);
    else
        submit(c);
}

/* Begins what waits, one after the other. An answer may bring the next question. */
static void advance(struct ops_settings *s)
{
    if (s->advancing)
        return;
    s->advancing = true;
    while (!s->writing && !list_empty(&s->waiting)) {
        s->waiting_count--;
        begin(CONTAINER_OF(list_pop(&s->waiting), struct change, link));
    }
    s->advancing = false;
}

void ops_settings_set(struct ops_settings *s, const struct ops_setting_ask *ask)
{
    struct change *c = change_new(s, ask);
    if (s->waiting_count >= OPS_SETTINGS_WAITING_MAX) {
        fail_store(c, STORE_BUSY);
        return;
    }
    list_push(&s->waiting, &c->link);
    s->waiting_count++;
    advance(s);
}

/* --- life --- */

struct ops_settings *ops_settings_new(const struct ops_settings_config *config)
{
    struct ops_settings *s = MEMORY_NEW(struct ops_settings);
    s->config = *config;
    list_init(&s->waiting);
    return s;
}

/* The writer still has the change itself; its answer is given here. */
static void abandon_writing(struct ops_settings *s, const struct linnet_error *error)
{
    struct change *c = s->writing;
    s->writing = NULL;
    c->owner = NULL;
    c->done(c->ctx, &(struct ops_setting_outcome){
                        .error = error, .name = c->name, .value = "", .actor = c->actor});
}

void ops_settings_free(struct ops_settings *s)
{
    struct linnet_error error = {0};
    if (!s)
        return;
    error_set(&error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", "the server stops", NULL);
    s->advancing = true; /* what still comes waits, and is answered here */
    if (s->writing)
        abandon_writing(s, &error);
    for (struct list *node; (node = list_pop(&s->waiting));)
        fail(CONTAINER_OF(node, struct change, link), &error);
    settings_stored_finish(&s->config.stored);
    free(s);
}
