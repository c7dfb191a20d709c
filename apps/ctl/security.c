#include "security.h"

#include "table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_S = 30 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* Takes `args`; NULL means that they are not UTF-8. */
static enum linnet_error_code ask(struct ctl *ctl, const char *op, json_t *args, json_t **ret)
{
    if (!args)
        return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                         "The arguments must be UTF-8", NULL);
    return control_client_call(ctl->client, op, args, TIMEOUT_S, ret, &ctl->error);
}

static void add_number(struct table *t, const json_t *object, const char *name)
{
    char text[TABLE_NUMBER_BYTES] = "-";
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value))
        table_number(name, json_integer_value(value), text);
    table_add(t, text);
}

/* Prints the rows as lines or as a table, of which `add` adds one; `none` when there are none. */
static enum linnet_error_code print_all(struct ctl *ctl, const json_t *rows, struct table *t,
                                        void (*add)(struct table *t, const json_t *row),
                                        const char *none)
{
    size_t i;
    json_t *row;
    bool ok = true;
    json_array_foreach(rows, i, row)
    {
        add(t, row);
        if (ctl->options.json)
            print_json(row);
    }
    if (!ctl->options.json && json_array_size(rows) == 0)
        puts(none);
    else if (!ctl->options.json)
        ok = table_print(t);
    table_finish(t);
    return ok ? LINNET_OK
              : error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

/* --- mechanisms --- */

static void add_mechanism(struct table *t, const json_t *m)
{
    table_add(t, text_of(m, "name"));
    table_add(t, text_of(m, "class"));
    table_add(t, is(m, "offered") ? "yes" : "no");
    table_add(t, is(m, "legacy") ? "yes" : "no");
    add_number(t, m, "used_recently");
    add_number(t, m, "accounts_last_s");
}

static void add_needed(struct table *t, const json_t *row)
{
    table_add(t, text_of(row, "user"));
    table_add(t, text_of(row, "mechanism"));
    add_number(t, row, "last_s");
    table_add(t, text_of(row, "software"));
}

static enum linnet_error_code print_needed(struct ctl *ctl, const json_t *legacy)
{
    struct table t;
    const json_t *rows = json_object_get(legacy, "needed_by");
    if (json_array_size(rows) == 0) {
        puts("\nNobody has signed in with a weak mechanism.");
        return LINNET_OK;
    }
    printf("\nWeak mechanisms are %s. Who used them, the latest first:\n",
           is(legacy, "enabled") ? "on (login.legacy)" : "off");
    table_init(&t, (const char *[]){"USER", "MECHANISM", "LAST LOGIN", "SOFTWARE"}, 4);
    enum linnet_error_code code = print_all(ctl, rows, &t, add_needed, "");
    if (is(legacy, "more"))
        puts("There are more.");
    return code;
}

enum linnet_error_code mechanisms(struct ctl *ctl)
{
    struct table t;
    json_t *result;
    enum linnet_error_code code = ask(ctl, "mechanisms.list", json_object(), &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json) {
        print_json(result);
    } else {
        table_init(
            &t, (const char *[]){"MECHANISM", "CLASS", "OFFERED", "WEAK", "LOGINS", "LAST LOGIN"},
            6);
        code = print_all(ctl, json_object_get(result, "mechanisms"), &t, add_mechanism, "");
        if (code == LINNET_OK)
            code = print_needed(ctl, json_object_get(result, "legacy"));
    }
    json_decref(result);
    return code;
}

/* What is asked for, and the table that it becomes. */
struct listing {
    const char *op, *member;
    const char *headings[TABLE_COLUMNS_MAX + 1];
    void (*add)(struct table *t, const json_t *row);
    const char *none;
};

static enum linnet_error_code list(struct ctl *ctl, const struct listing *l)
{
    struct table t;
    json_t *result;
    size_t columns = 0;
    enum linnet_error_code code = ask(ctl, l->op, json_object(), &result);
    if (code != LINNET_OK)
        return code;
    while (l->headings[columns])
        columns++;
    table_init(&t, l->headings, columns);
    code = print_all(ctl, json_object_get(result, l->member), &t, l->add, l->none);
    json_decref(result);
    return code;
}

/* --- guessers --- */

static void add_debt(struct table *t, const json_t *debt)
{
    char hold[32];
    table_add(t, text_of(debt, "kind"));
    table_add(t, text_of(debt, "who"));
    add_number(t, debt, "failures");
    snprintf(hold, sizeof hold, "%.0f s",
             (double)json_integer_value(json_object_get(debt, "hold_ms")) / 1000);
    table_add(t, hold);
    add_number(t, debt, "waiting");
}

enum linnet_error_code throttle_list(struct ctl *ctl)
{
    static const struct listing listing = {"throttle.list",
                                           "debts",
                                           {"KIND", "WHO", "FAILURES", "NEXT WAITS", "WAITING"},
                                           add_debt,
                                           "Nobody has given a wrong password lately."};
    return list(ctl, &listing);
}

/* No user name has a colon; one that looks like an IPv4 address can be given with its domain. */
static const char *kind_of(const char *who)
{
    struct in_addr v4;
    return strchr(who, ':') || inet_pton(AF_INET, who, &v4) == 1 ? "address" : "account";
}

enum linnet_error_code throttle_forgive(struct ctl *ctl)
{
    json_t *result;
    const char *who = ctl->options.name;
    enum linnet_error_code code = ask(
        ctl, "throttle.forgive", json_pack("{s:s,s:s}", "kind", kind_of(who), "who", who), &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json)
        print_json(result);
    else
        printf("%s %s.\n", text_of(result, "who"),
               is(result, "forgiven") ? "owes nothing any more" : "owed nothing");
    json_decref(result);
    return code;
}

/* --- networks --- */

static void add_block(struct table *t, const json_t *block)
{
    table_add(t, text_of(block, "network"));
    add_number(t, block, "since_s");
    if (json_is_integer(json_object_get(block, "until_s")))
        add_number(t, block, "until_s");
    else
        table_add(t, "for ever");
    add_number(t, block, "hits");
    table_add(t, text_of(block, "actor"));
    table_add(t, text_of(block, "reason"));
}

enum linnet_error_code block_list(struct ctl *ctl)
{
    static const struct listing listing = {"blocks",
                                           "blocks",
                                           {"NETWORK", "SINCE", "UNTIL", "HITS", "BY", "REASON"},
                                           add_block,
                                           "No network is blocked."};
    return list(ctl, &listing);
}

/* Takes `args`. */
static enum linnet_error_code change(struct ctl *ctl, const char *op, json_t *args,
                                     const char *done)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, op, args, &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json)
        print_json(result);
    else
        printf("%s %s.\n", text_of(result, "network"), done);
    json_decref(result);
    return code;
}

enum linnet_error_code block_add(struct ctl *ctl)
{
    const struct ctl_options *o = &ctl->options;
    json_t *args = json_pack("{s:s,s:s*}", "network", o->name, "reason", o->reason);
    if (args && o->hours)
        json_object_set_new(args, "hours", json_integer(o->hours));
    return change(ctl, "block.add", args, "may not connect any more");
}

enum linnet_error_code block_remove(struct ctl *ctl)
{
    return change(ctl, "block.remove", json_pack("{s:s}", "network", ctl->options.name),
                  "may connect again");
}
