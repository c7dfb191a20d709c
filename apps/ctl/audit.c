#include "audit.h"

#include "ask.h"
#include "list.h"

#include <stdio.h>

static void add_time(struct table *t, const json_t *row)
{
    char when[TABLE_NUMBER_BYTES];
    table_clock(number_of(row, "time_s"), when);
    table_add(t, when);
}

static void tell_older(const json_t *rows)
{
    const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
    fprintf(stderr, "linnetctl: there are older ones: --before %" JSON_INTEGER_FORMAT "\n",
            number_of(last, "id"));
}

/* NULL when an argument is not UTF-8. */
static json_t *query(const struct ctl_options *o)
{
    enum { LIMIT = 50 };
    json_t *args = json_pack("{s:i,s:s*,s:s*,s:s*}", "limit", o->limit ? o->limit : LIMIT, "actor",
                             o->actor, "action", o->action, "object", o->object);
    if (args && o->before > 0)
        json_object_set_new(args, "before", json_integer(o->before));
    return args;
}

enum linnet_error_code audit(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "audit.list",
        .rows = "entries",
        .none = "Nothing of that kind is in the audit trail.",
        .more = tell_older,
        .columns = {{"ID", "id"},
                    {"TIME", .add = add_time},
                    {"WHO", "actor"},
                    {"FROM", "address"},
                    {"WHAT", "action"},
                    {"OBJECT", "object"},
                    {"DETAIL", "detail"}},
    };
    return list(ctl, &listing, query(&ctl->options));
}
