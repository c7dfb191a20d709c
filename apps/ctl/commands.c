/* The commands: each asks the server one thing and prints the answer. */
#include "ctl.h"

#include "audit.h"
#include "base/wipe.h"
#include "logins.h"
#include "password.h"
#include "security.h"
#include "settings.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_S = 30, PAGE = 500 };

static enum linnet_error_code no_memory(struct ctl *ctl)
{
    return error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

/* Takes `args`. */
static enum linnet_error_code call(struct ctl *ctl, const char *op, json_t *args, json_t **ret)
{
    return control_client_call(ctl->client, op, args, TIMEOUT_S, ret, &ctl->error);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

void print_json(json_t *value)
{
    const char *name;
    void *next;
    json_t *member;
    json_object_foreach_safe(value, next, name, member)
    {
        if (json_is_null(member) || (json_is_string(member) && !json_string_length(member)))
            json_object_del(value, name);
    }
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
}

/* A line for people, or the object; takes `result`. */
static void print_outcome(const struct ctl *ctl, json_t *result, const char *what)
{
    if (ctl->options.json)
        print_json(result);
    else
        printf("%s %s.\n", text_of(result, "jid"), what);
    json_decref(result);
}

/* --- one account --- */

static json_t *name_args(const struct ctl *ctl)
{
    return json_pack("{s:s}", "user", ctl->options.name);
}

static enum linnet_error_code simple(struct ctl *ctl, const char *op, json_t *args,
                                     const char *what)
{
    json_t *result;
    if (!args) /* and not: without what could not be packed */
        return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                         "The arguments must be UTF-8", NULL);
    enum linnet_error_code code = call(ctl, op, args, &result);
    if (code == LINNET_OK)
        print_outcome(ctl, result, what);
    return code;
}

static enum linnet_error_code set_password(struct ctl *ctl, const char *op, const char *what)
{
    struct buf password = {.secret = true};
    json_t *result = NULL;
    enum linnet_error_code code = password_get(&ctl->options, &password, &ctl->error);
    struct str p = buf_peek(&password);
    if (code == LINNET_OK)
        code = call(ctl, op,
                    json_pack("{s:s,s:s%}", "user", ctl->options.name, "password", p.ptr, p.len),
                    &result);
    if (code == LINNET_OK && ctl->options.generate) {
        json_object_set_new(result, "password", json_stringn(p.ptr, p.len));
        if (!ctl->options.json)
            printf("password: %.*s\n", STR_ARG(p));
    }
    if (code == LINNET_OK)
        print_outcome(ctl, result, what);
    buf_finish(&password);
    return code;
}

static enum linnet_error_code user_add(struct ctl *ctl)
{
    return set_password(ctl, "user.add", "was added");
}

static enum linnet_error_code user_passwd(struct ctl *ctl)
{
    return set_password(ctl, "user.passwd", "has a new password");
}

static enum linnet_error_code user_remove(struct ctl *ctl)
{
    return simple(ctl, "user.remove", name_args(ctl), "was removed");
}

static enum linnet_error_code user_enable(struct ctl *ctl)
{
    return simple(ctl, "user.enable", name_args(ctl), "may sign in again");
}

static enum linnet_error_code user_disable(struct ctl *ctl)
{
    json_t *args =
        json_pack("{s:s,s:s*}", "user", ctl->options.name, "reason", ctl->options.reason);
    return simple(ctl, "user.disable", args, "may not sign in any more");
}

static enum linnet_error_code user_logout(struct ctl *ctl)
{
    return simple(ctl, "user.logout", name_args(ctl), "is logged out everywhere");
}

static enum linnet_error_code user_role(struct ctl *ctl)
{
    char what[64];
    json_t *args = json_pack("{s:s,s:s}", "user", ctl->options.name, "role", ctl->options.role);
    bool none = cstr_eq(ctl->options.role, "none");
    snprintf(what, sizeof what, none ? "is no administrator" : "is an administrator (%.20s)",
             ctl->options.role);
    return simple(ctl, "user.role", args, what);
}

static void join(const json_t *words, char *out, size_t out_size)
{
    size_t i, len = 0;
    json_t *word;
    out[0] = '\0';
    json_array_foreach(words, i, word)
    {
        const char *text = json_string_value(word);
        int n = snprintf(out + len, out_size - len, "%s%s", i > 0 ? ", " : "", text ? text : "");
        if (n < 0 || (size_t)n >= out_size - len)
            return;
        len += (size_t)n;
    }
}

static bool ends_in_ms(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, "_ms") == 0;
}

/* A member for people: its name says what a number is. */
static void add_value(struct table *t, const char *name, const json_t *value)
{
    char text[512] = "-";
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        table_add(t, json_string_value(value));
        return;
    case JSON_INTEGER:
        table_number(name, json_integer_value(value), text);
        break;
    case JSON_REAL:
        snprintf(text, sizeof text, ends_in_ms(name) ? "%.1f ms" : "%g", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(text, sizeof text, json_is_true(value) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        join(value, text, sizeof text);
        break;
    default:
        break;
    }
    table_add(t, text);
}

static const char *state_of(const json_t *account)
{
    return json_is_true(json_object_get(account, "disabled")) ? "disabled" : "enabled";
}

static void add_member(struct table *t, const json_t *object, const char *name)
{
    add_value(t, name, json_object_get(object, name));
}

static bool print_account(const json_t *account)
{
    struct table t;
    table_init(&t, (const char *[]){"account", text_of(account, "jid")}, 2);
    table_add(&t, "state");
    table_add(&t, state_of(account));
    if (text_of(account, "reason")[0]) {
        table_add(&t, "reason");
        table_add(&t, text_of(account, "reason"));
    }
    table_add(&t, "administrator");
    add_member(&t, account, "role");
    table_add(&t, "made");
    add_member(&t, account, "created_s");
    table_add(&t, "password set");
    add_member(&t, account, "password_s");
    table_add(&t, "credentials");
    add_member(&t, account, "schemes");
    bool ok = table_print(&t);
    table_finish(&t);
    return ok;
}

static enum linnet_error_code user_show(struct ctl *ctl)
{
    json_t *account;
    enum linnet_error_code code = call(ctl, "user.show", name_args(ctl), &account);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json)
        print_json(account);
    else if (!print_account(account))
        code = no_memory(ctl);
    json_decref(account);
    return code;
}

/* --- lists --- */

static void add_account(struct table *t, const json_t *account)
{
    table_add(t, text_of(account, "user"));
    table_add(t, state_of(account));
    add_member(t, account, "role");
    add_member(t, account, "created_s");
    table_add(t, text_of(account, "reason"));
}

/* Prints one page, and leaves the name to go on after in *after. */
static void take_page(const struct ctl *ctl, struct table *t, const json_t *accounts,
                      json_t **after)
{
    size_t i;
    json_t *account;
    json_array_foreach(accounts, i, account)
    {
        if (ctl->options.json)
            print_json(account);
        else
            add_account(t, account);
        json_decref(*after);
        *after = json_incref(json_object_get(account, "user"));
    }
}

static enum linnet_error_code user_list(struct ctl *ctl)
{
    struct table t;
    json_t *after = json_string("");
    enum linnet_error_code code = LINNET_OK;
    table_init(&t, (const char *[]){"USER", "STATE", "ROLE", "MADE", "REASON"}, 5);
    for (bool more = true; code == LINNET_OK && more;) {
        json_t *page;
        code = call(ctl, "user.list", json_pack("{s:O,s:i}", "after", after, "limit", PAGE), &page);
        if (code != LINNET_OK)
            break;
        const json_t *accounts = json_object_get(page, "accounts");
        take_page(ctl, &t, accounts, &after);
        more = json_is_true(json_object_get(page, "more")) && json_array_size(accounts) > 0;
        json_decref(page);
    }
    if (code == LINNET_OK && !ctl->options.json && !table_print(&t))
        code = no_memory(ctl);
    json_decref(after);
    table_finish(&t);
    return code;
}

bool print_objects(const struct ctl *ctl, const json_t *objects, const struct column *columns,
                   size_t count, const char *none)
{
    struct table t;
    const char *headings[TABLE_COLUMNS_MAX];
    size_t i;
    json_t *object;
    for (size_t column = 0; column < count; column++)
        headings[column] = columns[column].heading;
    table_init(&t, headings, count);
    json_array_foreach(objects, i, object)
    {
        if (ctl->options.json)
            print_json(object);
        for (size_t column = 0; column < count; column++)
            add_member(&t, object, columns[column].member);
    }
    bool ok = true;
    if (!ctl->options.json && json_array_size(objects) == 0)
        puts(none);
    else if (!ctl->options.json)
        ok = table_print(&t);
    table_finish(&t);
    return ok;
}

/* One that was issued and never used tells no login of its own. */
static void tell_pending(const json_t *tokens)
{
    size_t i;
    json_t *token;
    json_array_foreach(tokens, i, token)
    {
        if (json_is_true(json_object_get(token, "pending")))
            json_object_set_new(token, "used_s", json_string("not yet"));
    }
}

/* What a person looks for; --json has the rest. */
static bool print_tokens(const struct ctl *ctl, const json_t *tokens)
{
    static const struct column columns[] = {
        {"SOFTWARE", "software"}, {"DEVICE", "device"}, {"LAST LOGIN", "used_s"},
        {"EXPIRES", "expires_s"}, {"CLIENT", "client"},
    };
    if (!ctl->options.json)
        tell_pending(tokens);
    return print_objects(ctl, tokens, columns, ARRAY_LEN(columns),
                         "No tokens: each login needs the password.");
}

static enum linnet_error_code list_tokens(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = call(ctl, "user.tokens", name_args(ctl), &result);
    if (code != LINNET_OK)
        return code;
    if (!print_tokens(ctl, json_object_get(result, "tokens")))
        code = no_memory(ctl);
    json_decref(result);
    return code;
}

static enum linnet_error_code user_tokens(struct ctl *ctl)
{
    const char *client = ctl->options.revoke;
    if (!client)
        return list_tokens(ctl);
    bool all = cstr_eq(client, "all");
    json_t *args =
        json_pack("{s:s,s:s*}", "user", ctl->options.name, "client", all ? NULL : client);
    return simple(ctl, "user.tokens.revoke", args,
                  all ? "has no tokens any more" : "has no token for that client any more");
}

/* One without a connection has no address: in its place stands how long it waits for its client. */
static void tell_detached(const json_t *sessions)
{
    size_t i;
    json_t *session;
    json_array_foreach(sessions, i, session)
    {
        const json_t *since = json_object_get(session, "detached_s");
        json_int_t left =
            json_integer_value(json_object_get(session, "resumable_s")) - json_integer_value(since);
        if (since)
            json_object_set_new(
                session, "address",
                json_sprintf("detached, %" JSON_INTEGER_FORMAT " s left", left > 0 ? left : 0));
    }
}

static bool print_sessions(const struct ctl *ctl, const json_t *sessions)
{
    static const struct column columns[] = {
        {"SESSION", "jid"},     {"ADDRESS", "address"},     {"CLIENT", "software"},
        {"TLS", "tls"},         {"MECHANISM", "mechanism"}, {"BINDING", "binding"},
        {"FOR", "connected_s"}, {"IN", "bytes_in"},         {"OUT", "bytes_out"},
        {"LOOP", "loop"},
    };
    if (!ctl->options.json)
        tell_detached(sessions);
    return print_objects(ctl, sessions, columns, ARRAY_LEN(columns), "No sessions.");
}

static enum linnet_error_code sessions(struct ctl *ctl)
{
    enum { SESSIONS_MAX = 1000 };
    json_t *result;
    enum linnet_error_code code =
        call(ctl, "sessions",
             json_pack("{s:i,s:s*}", "limit", SESSIONS_MAX, "q", ctl->options.filter), &result);
    if (code != LINNET_OK)
        return code;
    if (!print_sessions(ctl, json_object_get(result, "sessions")))
        code = no_memory(ctl);
    if (json_is_true(json_object_get(result, "more")))
        fprintf(stderr, "linnetctl: there are more; the first %d are shown.\n", SESSIONS_MAX);
    json_decref(result);
    return code;
}

static enum linnet_error_code session_close(struct ctl *ctl)
{
    return simple(ctl, "session.close", json_pack("{s:s}", "jid", ctl->options.name), "was closed");
}

/* --- the server --- */

/* "signing_in" as "signing in". A unit at the end is left out: the value is printed with it. */
static void label_of(const char *prefix, const char *name, char *out, size_t out_size)
{
    if (cstr_eq(name, "not_after_s"))
        name = "valid_until_s";
    else if (cstr_eq(name, "sha256"))
        name = "SHA-256";
    snprintf(out, out_size, "%s%s%s", prefix, *prefix ? " " : "", name);
    size_t len = strlen(out);
    if (len > 2 && strcmp(out + len - 2, "_s") == 0)
        out[len - 2] = '\0';
    else if (ends_in_ms(out))
        out[len - 3] = '\0';
    else if (len > 6 && strcmp(out + len - 6, "_bytes") == 0)
        out[len - 6] = '\0';
    for (; *out; out++)
        *out = *out == '_' ? ' ' : *out;
}

/* The rows of an object: its members, those of an object within it, and nothing of its arrays of
 * objects, which are tables of their own. */
static void add_members(struct table *t, const char *prefix, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        char label[80];
        label_of(prefix, name, label, sizeof label);
        if (json_is_object(value) && !*prefix) {
            add_members(t, name, value);
        } else if (!json_is_object(json_array_get(value, 0))) {
            table_add(t, label);
            add_value(t, name, value);
        }
    }
}

/* An array of objects as a table; the members of the first are its columns. */
static bool print_rows(const char *name, const json_t *rows)
{
    char labels[TABLE_COLUMNS_MAX][80];
    const char *members[TABLE_COLUMNS_MAX], *headings[TABLE_COLUMNS_MAX];
    const char *member;
    size_t count = 0, i;
    json_t *value, *row;
    struct table t;
    json_object_foreach(json_array_get(rows, 0), member, value)
    {
        if (count == TABLE_COLUMNS_MAX)
            break;
        label_of("", member, labels[count], sizeof labels[count]);
        headings[count] = labels[count];
        members[count++] = member;
    }
    if (count == 0)
        return true;
    printf("\n%s:\n", name);
    table_init(&t, headings, count);
    json_array_foreach(rows, i, row)
    {
        for (size_t column = 0; column < count; column++)
            add_member(&t, row, members[column]);
    }
    bool ok = table_print(&t);
    table_finish(&t);
    return ok;
}

/* What there is to mend comes last, where it is seen. */
static void print_warnings(const json_t *warnings)
{
    size_t i;
    json_t *warning;
    json_array_foreach(warnings, i, warning)
    {
        char sentence[1024], remedy[1024];
        error_copy_text(sentence, sizeof sentence, str_from(text_of(warning, "sentence")));
        error_copy_text(remedy, sizeof remedy, str_from(text_of(warning, "remedy")));
        printf("\n%s: %s\n%s\n", text_of(warning, "severity"), sentence, remedy);
    }
}

static bool print_status(json_t *status)
{
    struct table t = {.columns = 2};
    const char *name;
    json_t *value;
    add_members(&t, "", status);
    bool ok = table_print(&t);
    table_finish(&t);
    json_object_foreach(status, name, value)
    {
        if (ok && json_is_object(json_array_get(value, 0)) && !cstr_eq(name, "warnings"))
            ok = print_rows(name, value);
    }
    print_warnings(json_object_get(status, "warnings"));
    return ok;
}

/* Whatever the server tells, in its order. */
static enum linnet_error_code status(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = call(ctl, "status", NULL, &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.json)
        print_json(result);
    else if (!print_status(result))
        code = no_memory(ctl);
    json_decref(result);
    return code;
}

/* As it stands, or in quotes where it would run into what follows. */
static void print_quoted(const char *text)
{
    bool plain = *text && !strpbrk(text, " \"\\=");
    if (plain) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    putchar('"');
}

static void print_event(const struct ctl *ctl, json_t *event)
{
    const char *name;
    json_t *value;
    if (ctl->options.json) {
        print_json(event);
        return;
    }
    char when[TABLE_NUMBER_BYTES];
    table_clock(json_integer_value(json_object_get(event, "time_s")), when);
    printf("%s %s", when, text_of(event, "event"));
    json_object_foreach(json_object_get(event, "data"), name, value)
    {
        char text[512];
        const char *s = json_string_value(value);
        error_copy_text(text, sizeof text, str_from(s ? s : ""));
        if (json_is_integer(value))
            snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        printf(" %s=", name);
        print_quoted(text);
    }
    putchar('\n');
}

static enum linnet_error_code events(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = call(ctl, "events.follow", NULL, &result);
    json_decref(result);
    while (code == LINNET_OK) {
        json_t *event;
        code = control_client_event(ctl->client, &event, &ctl->error);
        if (code == LINNET_OK) {
            print_event(ctl, event);
            fflush(stdout);
            json_decref(event);
        }
    }
    return code;
}

/* --- the table --- */

const struct ctl_command ctl_commands[] = {
    {"user add", true, CTL_PASSWORD, "make an account",
     "  linnetctl user add alice\n"
     "  linnetctl user add alice@example.org --password-file alice.password\n"
     "  linnetctl user add alice --generate\n",
     user_add},
    {"user passwd", true, CTL_PASSWORD, "give an account a new password; its sessions end",
     "  linnetctl user passwd alice\n"
     "  pass show alice | linnetctl user passwd alice --password-fd 0\n",
     user_passwd},
    {"user list", false, 0, "list all accounts",
     "  linnetctl user list\n"
     "  linnetctl --json user list | jq -r .user\n",
     user_list},
    {"user show", true, 0, "show an account", "  linnetctl user show alice\n", user_show},
    {"user remove", true, 0, "remove an account; its sessions end",
     "  linnetctl user remove alice\n", user_remove},
    {"user disable", true, CTL_REASON, "let nobody sign in to an account; its sessions end",
     "  linnetctl user disable alice --reason 'left in May'\n", user_disable},
    {"user enable", true, 0, "allow signing in again", "  linnetctl user enable alice\n",
     user_enable},
    {"user role", true, CTL_ROLE, "say what an account may do as an administrator",
     "  linnetctl user role alice full\n"
     "  linnetctl user role alice none\n",
     user_role},
    {"user tokens", true, CTL_REVOKE, "list who may sign in without the password, or revoke that",
     "  linnetctl user tokens alice\n"
     "  linnetctl user tokens alice --revoke d4565fa7-4d72-4749-b3d3-740edbf87770\n"
     "  linnetctl user tokens alice --revoke all\n"
     "  linnetctl --json user tokens alice | jq -r .client\n",
     user_tokens},
    {"user logout", true, 0, "revoke all tokens of an account; its sessions end",
     "  linnetctl user logout alice\n", user_logout},
    {"status", false, 0, "say how the server is",
     "  linnetctl status\n"
     "  linnetctl --json --data /var/lib/linnet status\n",
     status},
    {"logins", false, CTL_LOGINS | CTL_LIMIT,
     "show how clients signed in, stage by stage, or why not",
     "  linnetctl logins --failed\n"
     "  linnetctl logins --user alice --limit 1 --trace\n"
     "  linnetctl logins --follow\n",
     logins},
    {"sessions", false, CTL_FILTER, "list who is connected",
     "  linnetctl sessions\n"
     "  linnetctl sessions --filter 192.0.2.\n"
     "  linnetctl --json sessions --filter alice@ | jq -r .software\n",
     sessions},
    {"session close", true, CTL_SESSION, "end one session; its client keeps its token",
     "  linnetctl session close alice@example.org/phone\n"
     "  linnetctl --json sessions | jq -r .jid\n",
     session_close},
    {"audit", false, CTL_AUDIT | CTL_LIMIT, "show who changed what, the newest first",
     "  linnetctl audit\n"
     "  linnetctl audit --object alice@example.org\n"
     "  linnetctl audit --actor admin@example.org --action session. --limit 200\n"
     "  linnetctl --json audit --action account.removed | jq -r .object\n",
     audit},
    {"settings set", true, CTL_SETTING | CTL_VALUE, "change a setting while the server runs",
     "  linnetctl settings set login.mechanisms 'SCRAM-SHA-256-PLUS, SCRAM-SHA-256'\n"
     "  linnetctl settings set limits.idle_timeout_s 1h\n",
     settings_set},
    {"settings reset", true, CTL_SETTING, "take back what was set while the server ran",
     "  linnetctl settings reset login.mechanisms\n", settings_reset},
    {"settings history", true, CTL_SETTING | CTL_OPTIONAL, "list what was set, by whom and when",
     "  linnetctl settings history\n"
     "  linnetctl settings history log.level\n",
     settings_history},
    {"mechanisms", false, 0, "list what there is to sign in with, and who needs the weak",
     "  linnetctl mechanisms\n"
     "  linnetctl --json mechanisms | jq -r '.legacy.needed_by[].user'\n",
     mechanisms},
    {"throttle forgive", true, CTL_GUESSER, "let it sign in without waiting again",
     "  linnetctl throttle forgive 192.0.2.7\n"
     "  linnetctl throttle forgive alice\n",
     throttle_forgive},
    {"throttle", false, 0, "list who waits because of wrong passwords", "  linnetctl throttle\n",
     throttle_list},
    {"block add", true, CTL_NETWORK | CTL_REASON | CTL_HOURS,
     "let a network not connect; its connections end",
     "  linnetctl block add 192.0.2.0/24 --reason 'guesses at passwords' --hours 24\n"
     "  linnetctl block add 2001:db8::/32\n",
     block_add},
    {"block remove", true, CTL_NETWORK, "let it connect again",
     "  linnetctl block remove 192.0.2.0/24\n", block_remove},
    {"block list", false, 0, "list the networks that may not connect", "  linnetctl block list\n",
     block_list},
    {"settings", false, 0, "list the settings in force and where they come from",
     "  linnetctl settings\n", settings},
    {"reload", false, 0, "read settings and certificates again, as on SIGHUP",
     "  linnetctl reload\n", reload},
    {"events", false, CTL_EVENTS, "print events as they happen, until interrupted",
     "  linnetctl events\n"
     "  linnetctl --json events | jq -r 'select(.event == \"account.disabled\").data.user'\n",
     events},
};
const size_t ctl_command_count = ARRAY_LEN(ctl_commands);
