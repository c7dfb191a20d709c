#include "security.h"

#include "ask.h"
#include "list.h"

#include <arpa/inet.h>
#include <stdio.h>

/* --- mechanisms --- */

static enum linnet_error_code print_mechanisms(struct ctl *ctl, const json_t *rows)
{
    static const struct listing listing = {
        .columns = {{"MECHANISM", "name"},
                    {"CLASS", "class"},
                    {"OFFERED", "offered"},
                    {"WEAK", "legacy"},
                    {"LOGINS", "used_recently"},
                    {"LAST LOGIN", "accounts_last_s"}},
    };
    return list_rows(ctl, &listing, rows);
}

static enum linnet_error_code print_needed(struct ctl *ctl, const json_t *legacy)
{
    static const struct listing listing = {
        .columns = {{"USER", "user"},
                    {"MECHANISM", "mechanism"},
                    {"LAST LOGIN", "last_s"},
                    {"SOFTWARE", "software"}},
    };
    const json_t *rows = json_object_get(legacy, "needed_by");
    if (json_array_size(rows) == 0) {
        puts("\nNobody has signed in with a weak mechanism.");
        return LINNET_OK;
    }
    printf("\nWeak mechanisms are %s. Who used them, the latest first:\n",
           is(legacy, "enabled") ? "on (login.legacy)" : "off");
    enum linnet_error_code code = list_rows(ctl, &listing, rows);
    if (is(legacy, "more"))
        puts("There are more.");
    return code;
}

enum linnet_error_code mechanisms(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, "mechanisms.list", json_object(), &result);
    if (code == LINNET_OK && ctl->options.json) {
        print_json(result);
    } else if (code == LINNET_OK) {
        code = print_mechanisms(ctl, json_object_get(result, "mechanisms"));
        if (code == LINNET_OK)
            code = print_needed(ctl, json_object_get(result, "legacy"));
    }
    json_decref(result);
    return code;
}

/* --- guessers --- */

static void add_hold(struct table *t, const json_t *debt)
{
    char hold[32];
    snprintf(hold, sizeof hold, "%.0f s", (double)number_of(debt, "hold_ms") / 1000);
    table_add(t, hold);
}

enum linnet_error_code throttle_list(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "throttle.list",
        .rows = "debts",
        .none = "Nobody has given a wrong password lately.",
        .columns = {{"KIND", "kind"},
                    {"WHO", "who"},
                    {"FAILURES", "failures"},
                    {"NEXT WAITS", .add = add_hold},
                    {"WAITING", "waiting"}},
    };
    return list(ctl, &listing, json_object());
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

static void add_until(struct table *t, const json_t *block)
{
    if (json_is_integer(json_object_get(block, "until_s")))
        add_member(t, block, "until_s");
    else
        table_add(t, "for ever");
}

enum linnet_error_code block_list(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "blocks",
        .rows = "blocks",
        .none = "No network is blocked.",
        .columns = {{"NETWORK", "network"},
                    {"SINCE", "since_s"},
                    {"UNTIL", .add = add_until},
                    {"HITS", "hits"},
                    {"BY", "actor"},
                    {"REASON", "reason"}},
    };
    return list(ctl, &listing, json_object());
}

enum linnet_error_code block_add(struct ctl *ctl)
{
    const struct ctl_options *o = &ctl->options;
    json_t *args = json_pack("{s:s,s:s*}", "network", o->name, "reason", o->reason);
    if (args && o->hours)
        json_object_set_new(args, "hours", json_integer(o->hours));
    return ask_and_tell(ctl, "block.add", args, "network", "may not connect any more");
}

enum linnet_error_code block_remove(struct ctl *ctl)
{
    return ask_and_tell(ctl, "block.remove", json_pack("{s:s}", "network", ctl->options.name),
                        "network", "may connect again");
}
