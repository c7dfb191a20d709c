#include "server/ops/ops_settings.h"

#include "server/memory.h"
#include "server/ops/ops_audit.h"
#include "server/ops/ops_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ops_settings {
    struct ops_settings_config config;
    struct list waiting; /* changes, in the order in which they came */
    size_t waiting_count;
    struct change *writing; /* the one that is on its way */
    bool advancing;
};

/* One change from the question to the answer. */
struct change {
    struct list link;
    struct ops_settings *owner; /* NULL once that has gone; of the loop */
    void (*done)(void *ctx, const struct ops_setting_outcome *outcome);
    void *ctx;
    struct arena memory; /* of every string */
    const char *name;
    struct str value; /* STR_NONE: reset; else as it is kept once it was checked */
    struct ops_actor actor;
    struct store_setting_change row;
    struct store_audit audit;
    struct ops_write write;
};

/* --- changes --- */

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

/* --- checking --- */

/* What the loader says, as what is wrong with a request. */
static enum linnet_error_code refuse(struct linnet_error *error, const char *reason)
{
    return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static enum linnet_error_code refuse_for(struct linnet_error *error, const struct linnet_error *why)
{
    char reason[SETTINGS_REASON_BYTES * 4];
    const char *given = linnet_error_param(why, "reason");
    snprintf(reason, sizeof reason, "%s", given ? given : why->sentence);
    return refuse(error, reason);
}

/* A value that goes before what would be stored. */
static enum linnet_error_code check_layer(const struct settings *fresh, size_t index,
                                          struct linnet_error *error)
{
    struct buf by = {0};
    enum linnet_error_code code = LINNET_OK;
    if (settings_fixed_by(fresh, index, &by)) {
        char reason[SETTINGS_REASON_BYTES * 2];
        snprintf(reason, sizeof reason,
                 "%s is set in %.*s, which goes before what is set while the server runs",
                 settings_row_at(index)->name, STR_ARG(buf_peek(&by)));
        code = refuse(error, reason);
    }
    if (by.failed)
        memory_exhausted();
    buf_finish(&by);
    return code;
}

/* The whole with `value` (NULL: reset). */
static enum linnet_error_code load_candidate(struct ops_settings *s, const char *name,
                                             const char *value, struct settings *ret,
                                             struct linnet_error *error)
{
    struct linnet_error why = {0};
    const struct ops_settings_host *host = &s->config.host;
    const struct settings_pair candidate = {name, value};
    enum linnet_error_code code =
        settings_load_candidate(ret, &s->config.layers, &s->config.stored, &candidate, &why);
    if (code == LINNET_OK && host->check && (code = host->check(host->ctx, ret, &why)) != LINNET_OK)
        settings_finish(ret);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    return code == LINNET_OK ? LINNET_OK : refuse_for(error, &why);
}

static void print_row(const struct settings *s, const struct settings_row *row, struct buf *out)
{
    settings_value_print(row, (const char *)s + row->offset, out);
    if (out->failed)
        memory_exhausted();
}

/* A NUL in it would hide what follows. */
static bool is_text(struct str s)
{
    return !memchr(s.ptr ? s.ptr : "", '\0', s.len);
}

enum linnet_error_code ops_settings_check(struct ops_settings *s, const char *name,
                                          struct str value, struct buf *out,
                                          struct linnet_error *error)
{
    size_t index;
    struct settings fresh;
    if (!is_text(value))
        return refuse(error, "The value holds a control character");
    enum linnet_error_code code = load_candidate(s, name, value.ptr, &fresh, error);
    if (code != LINNET_OK)
        return code;
    const struct settings_row *row = settings_row_find(name, &index); /* or it were not loaded */
    code = check_layer(&fresh, index, error);
    if (code == LINNET_OK)
        print_row(&fresh, row, out);
    settings_finish(&fresh);
    return code;
}

/* What is stored may be taken away whatever it is called, if the rest is whole without it. */
static enum linnet_error_code check_reset(struct ops_settings *s, const char *name,
                                          struct linnet_error *error)
{
    char reason[SETTINGS_REASON_BYTES];
    struct settings fresh;
    if (!settings_stored_find(&s->config.stored, name)) {
        snprintf(reason, sizeof reason, "%.60s was not set while the server ran", name);
        return refuse(error, reason);
    }
    enum linnet_error_code code = load_candidate(s, name, NULL, &fresh, error);
    if (code == LINNET_OK)
        settings_finish(&fresh);
    return code;
}

static enum linnet_error_code check(struct change *c, struct linnet_error *error)
{
    struct buf kept = {0};
    if (!c->value.ptr)
        return check_reset(c->owner, c->name, error);
    enum linnet_error_code code = ops_settings_check(c->owner, c->name, c->value, &kept, error);
    if (code == LINNET_OK)
        c->value = keep(&c->memory, str_of(buf_peek(&kept).ptr, buf_len(&kept)));
    buf_finish(&kept);
    return code;
}

/* --- applying --- */

void ops_settings_skipped(void *log, const char *name, const char *reason)
{
    log_printf(log, LOG_WARNING, "settings", 0, "what is stored for %.60s is passed over: %s", name,
               reason);
}

static enum linnet_error_code apply(struct ops_settings *s, const struct settings_skip *skip,
                                    struct linnet_error *error)
{
    struct settings fresh;
    const struct ops_settings_host *host = &s->config.host;
    enum linnet_error_code code =
        settings_load_with(&fresh, &s->config.layers, &s->config.stored, skip, error);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    return code == LINNET_OK ? host->apply(host->ctx, &fresh, error) : code;
}

enum linnet_error_code ops_settings_reload(struct ops_settings *s, struct linnet_error *error)
{
    const struct settings_skip skip = {ops_settings_skipped, (void *)(uintptr_t)s->config.log};
    return apply(s, &skip, error);
}

/* Appends what the setting is now, or from the next start on: then *ret_pending. */
static void print_outcome(const struct ops_settings *s, const char *name, struct buf *out,
                          bool *ret_pending)
{
    size_t index;
    const struct settings *now = s->config.host.in_force(s->config.host.ctx);
    const struct settings_row *row = settings_row_find(name, &index);
    *ret_pending = row && now->pending[index];
    if (*ret_pending)
        buf_cstr(out, now->pending[index]);
    else if (row)
        settings_value_in_force(now, row, out);
    buf_byte(out, '\0');
    if (out->failed)
        memory_exhausted();
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
    bool pending, ok = apply(s, NULL, &error) == LINNET_OK;
    print_outcome(s, c->name, &value, &pending);
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

/* --- writing --- */

static void advance(struct ops_settings *s);

static void fail_store(struct change *c, enum store_result result)
{
    struct linnet_error error = {0};
    ops_error(result == STORE_BUSY ? OPS_TEMPORARY : OPS_STORE, "", "", &error);
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
    if (w->store.result == STORE_NO_MEMORY)
        memory_exhausted();
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
                                          c->value.ptr ? c->value : STR_LIT("reset")};
    ops_audit_row(&c->memory, &entry, &c->audit);
    const struct ops *ops = c->owner->config.port->ops;
    c->write.store = (struct store_write){.change = STORE_SETTING,
                                          .domain = STR_LIT(""),
                                          .user = STR_LIT(""),
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

/* --- history --- */

static enum store_result read_history(struct ops_request *r)
{
    struct store *store = ops_request_store(r);
    return store->ops->setting_changes(store, &r->setting, &r->memory, &r->setting_changes,
                                       &r->fault);
}

static void fill_history(struct ops_request *r, struct ops_reply *reply)
{
    reply->setting_changes = &r->setting_changes;
}

enum ops_result ops_setting_history(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret)
{
    struct ops_request *r = ops_request_new(port, ask);
    r->setting = ask->setting;
    r->setting.name = str_from(ops_request_keep(r, ask->setting.name));
    r->fill = fill_history;
    return ops_request_read(r, read_history, ret);
}

/* --- life --- */

static bool take_all(struct settings_stored *ret, const struct store_settings *rows,
                     struct arena *a)
{
    bool ok = true;
    for (size_t i = 0; ok && i < rows->count; i++) {
        const char *name = arena_dup(a, rows->settings[i].name);
        const char *value = arena_dup(a, rows->settings[i].value);
        ok = name && value && settings_stored_set(ret, name, value);
    }
    return ok;
}

enum linnet_error_code ops_settings_read(struct store *store, struct settings_stored *ret,
                                         struct linnet_error *error)
{
    struct arena a = {0};
    struct store_settings rows;
    struct store_fault fault = {""};
    *ret = (struct settings_stored){0};
    enum store_result result = store->ops->settings(store, &a, &rows, &fault);
    if (result == STORE_NO_MEMORY || (result == STORE_OK && !take_all(ret, &rows, &a)))
        memory_exhausted();
    arena_finish(&a);
    if (result == STORE_OK)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}

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
