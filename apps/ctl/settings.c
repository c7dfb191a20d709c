#include "settings.h"

#include "ask.h"
#include "list.h"

#include <stdio.h>

/* --- list --- */

/* What holds, and what the next start makes of it. */
static void add_values(struct table *t, const json_t *setting)
{
    char text[2 * TABLE_CELL_MAX_BYTES];
    const char *value = text_of(setting, "value");
    if (json_is_string(json_object_get(setting, "pending")))
        snprintf(text, sizeof text, "%s (at the next start: %s)", value,
                 text_of(setting, "pending"));
    else
        snprintf(text, sizeof text, "%s", value);
    table_add(t, text);
}

enum linnet_error_code settings(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "settings.list",
        .rows = "settings",
        .columns = {{"SETTING", "name"}, {"VALUE", .add = add_values}, {"FROM", "source"}},
    };
    return list(ctl, &listing, json_object());
}

/* --- change --- */

static enum linnet_error_code change(struct ctl *ctl, const char *op, json_t *args)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, op, args, &result);
    if (code != LINNET_OK)
        return code;
    bool applied = is(result, "applied");
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

enum linnet_error_code settings_history(struct ctl *ctl)
{
    enum { PAGE = 500 };
    static const struct listing listing = {
        .op = "settings.history",
        .rows = "changes",
        .cursor = "before",
        .from = "id",
        .none = "Nothing was set while the server ran.",
        .columns = {{"WHEN", "time_s"},
                    {"WHO", "actor"},
                    {"SETTING", "name"},
                    {"BEFORE", "old"},
                    {"AFTER", "new"}},
    };
    return list(ctl, &listing, json_pack("{s:s*,s:i}", "name", ctl->options.name, "limit", PAGE));
}

/* --- reload --- */

enum linnet_error_code reload(struct ctl *ctl)
{
    size_t i;
    json_t *result, *name;
    enum linnet_error_code code = ask(ctl, "reload", json_object(), &result);
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
