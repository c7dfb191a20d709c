#include "audit.h"

#include "table.h"

#include <stdio.h>

enum { TIMEOUT_S = 30, LIMIT = 50 };

static const char *const headings[] = {"ID", "TIME", "WHO", "FROM", "WHAT", "OBJECT", "DETAIL"};

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static void add_row(struct table *t, const json_t *row)
{
    char id[TABLE_NUMBER_BYTES], when[TABLE_NUMBER_BYTES];
    const char *address = text_of(row, "address");
    snprintf(id, sizeof id, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(row, "id")));
    table_clock(json_integer_value(json_object_get(row, "time_s")), when);
    table_add(t, id);
    table_add(t, when);
    table_add(t, text_of(row, "actor"));
    table_add(t, *address ? address : "-");
    table_add(t, text_of(row, "action"));
    table_add(t, text_of(row, "object"));
    table_add(t, text_of(row, "detail"));
}

static bool print_table(const json_t *entries)
{
    struct table t;
    size_t i;
    json_t *row;
    table_init(&t, headings, ARRAY_LEN(headings));
    json_array_foreach(entries, i, row) add_row(&t, row);
    bool ok = table_print(&t);
    table_finish(&t);
    return ok;
}

static enum linnet_error_code print_entries(struct ctl *ctl, const json_t *entries)
{
    size_t i;
    json_t *row;
    if (ctl->options.json) {
        json_array_foreach(entries, i, row) print_json(row);
    } else if (json_array_size(entries) == 0) {
        puts("Nothing of that kind is in the audit trail.");
    } else if (!print_table(entries)) {
        return error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    }
    return LINNET_OK;
}

/* NULL when an argument is not UTF-8. */
static json_t *query(const struct ctl_options *o)
{
    json_t *args = json_pack("{s:i,s:s*,s:s*,s:s*}", "limit", o->limit ? o->limit : LIMIT, "actor",
                             o->actor, "action", o->action, "object", o->object);
    if (args && o->before > 0)
        json_object_set_new(args, "before", json_integer(o->before));
    return args;
}

enum linnet_error_code audit(struct ctl *ctl)
{
    json_t *args = query(&ctl->options), *result;
    if (!args)
        return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                         "The arguments must be UTF-8", NULL);
    enum linnet_error_code code =
        control_client_call(ctl->client, "audit.list", args, TIMEOUT_S, &result, &ctl->error);
    if (code != LINNET_OK)
        return code;
    const json_t *entries = json_object_get(result, "entries");
    const json_t *last = json_array_get(entries, json_array_size(entries) - 1);
    code = print_entries(ctl, entries);
    if (json_is_true(json_object_get(result, "more")))
        fprintf(stderr, "linnetctl: there are older ones: --before %" JSON_INTEGER_FORMAT "\n",
                json_integer_value(json_object_get(last, "id")));
    json_decref(result);
    return code;
}
