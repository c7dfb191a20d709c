#include "settings.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_S = 30, PAGE = 500 };

/* Takes `args`, which is NULL when an argument was not UTF-8. */
static enum linnet_error_code call(struct ctl *ctl, const char *op, json_t *args, json_t **ret)
{
    if (args)
        return control_client_call(ctl->client, op, args, TIMEOUT_S, ret, &ctl->error);
    return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                     "The arguments must be UTF-8", NULL);
}

static enum linnet_error_code no_memory(struct ctl *ctl)
{
    return error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

/* "", when there is none. */
static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* --- list --- */

/* What holds, and what the next start makes of it. */
static bool add_setting(struct table *t, const json_t *setting)
{
    struct buf value = {0};
    buf_cstr(&value, text_of(setting, "value"));
    if (json_is_string(json_object_get(setting, "pending")))
        buf_printf(&value, " (at the next start: %s)", text_of(setting, "pending"));
    buf_byte(&value, '\0');
    table_add(t, text_of(setting, "name"));
    table_add(t, value.failed ? "" : buf_peek(&value).ptr);
    table_add(t, text_of(setting, "source"));
    bool ok = !value.failed;
    buf_finish(&value);
    return ok;
}

enum linnet_error_code settings(struct ctl *ctl)
{
    struct table t;
    size_t i;
    bool ok = true;
    json_t *result, *setting;
    enum linnet_error_code code = call(ctl, "settings.list", json_object(), &result);
    if (code != LINNET_OK)
        return code;
    table_init(&t, (const char *[]){"SETTING", "VALUE", "FROM"}, 3);
    json_array_foreach(json_object_get(result, "settings"), i, setting)
    {
        if (ctl->options.json)
            print_json(setting);
        else
            ok = ok && add_setting(&t, setting);
    }
    if (!ok || (!ctl->options.json && !table_print(&t)))
        code = no_memory(ctl);
    table_finish(&t);
    json_decref(result);
    return code;
}

/* --- change --- */

static enum linnet_error_code change(struct ctl *ctl, const char *op, json_t *args)
{
    json_t *result;
    enum linnet_error_code code = call(ctl, op, args, &result);
    if (code != LINNET_OK)
        return code;
    bool applied = json_is_true(json_object_get(result, "applied"));
    if (ctl->options.json)
        print_json(result);
    else
        printf("%s is \"%s\" %s.\n", text_of(result, "name"), text_of(result, "value"),
               applied ? "from now on" : "from the next start on");
    json_decref(result);
    return LINNET_OK;
}

enum linnet_error_code settings_set(struct ctl *ctl)
{
    const struct ctl_options *o = &ctl->options;
    return change(ctl, "settings.set", json_pack("{s:s,s:s}", "name", o->name, "value", o->value));
}

enum linnet_error_code settings_reset(struct ctl *ctl)
{
    return change(ctl, "settings.reset", json_pack("{s:s}", "name", ctl->options.name));
}

/* --- history --- */

/* Adds a page to `all`; *before becomes the oldest id of it. */
static enum linnet_error_code read_page(struct ctl *ctl, json_t *all, json_int_t *before,
                                        bool *ret_more)
{
    json_t *page;
    json_t *args = json_pack("{s:s*,s:i}", "name", ctl->options.name, "limit", PAGE);
    if (args && *before > 0)
        json_object_set_new(args, "before", json_integer(*before));
    enum linnet_error_code code = call(ctl, "settings.history", args, &page);
    if (code != LINNET_OK)
        return code;
    const json_t *changes = json_object_get(page, "changes");
    size_t count = json_array_size(changes);
    *before = json_integer_value(json_object_get(json_array_get(changes, count - 1), "id"));
    *ret_more = json_is_true(json_object_get(page, "more")) && count > 0;
    if (json_array_extend(all, (json_t *)(uintptr_t)changes) < 0)
        code = no_memory(ctl);
    json_decref(page);
    return code;
}

enum linnet_error_code settings_history(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"WHEN", "time_s"}, {"WHO", "actor"}, {"SETTING", "name"},
        {"BEFORE", "old"},  {"AFTER", "new"},
    };
    json_t *all = json_array();
    json_int_t before = 0;
    enum linnet_error_code code = all ? LINNET_OK : no_memory(ctl);
    for (bool more = true; code == LINNET_OK && more;)
        code = read_page(ctl, all, &before, &more);
    if (code == LINNET_OK && !print_objects(ctl, all, columns, ARRAY_LEN(columns),
                                            "Nothing was set while the server ran."))
        code = no_memory(ctl);
    json_decref(all);
    return code;
}

/* --- reload --- */

enum linnet_error_code reload(struct ctl *ctl)
{
    size_t i;
    json_t *result, *name;
    enum linnet_error_code code = call(ctl, "reload", json_object(), &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json) {
        print_json(result);
    } else {
        puts("Settings and certificate were read again.");
        json_array_foreach(json_object_get(result, "waiting"), i, name)
            printf("%s takes effect at the next start.\n", json_string_value(name));
    }
    json_decref(result);
    return LINNET_OK;
}
