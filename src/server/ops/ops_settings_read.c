/* Stored settings and their history, as they are read. */
#include "server/memory.h"
#include "server/ops/ops_private.h"
#include "server/ops/ops_settings.h"

/* --- at the start --- */

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
    return ops_request_browse(r, read_history, ret);
}
