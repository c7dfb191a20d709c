/* The table of requests: name, arguments, help, handler. */
#include "server/control/control_private.h"
#include "server/memory.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_tokens.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARGS_MAX = 7, LIST_DEFAULT = 100 };

struct control_arg {
    const char *name;
    json_type type;
    bool required;
};

/* A call of ops_accounts.h or ops_tokens.h. */
struct account_op {
    enum ops_result (*submit)(struct ops_port *port, const struct ops_ask *ask,
                              struct ops_request **ret, const char **ret_why);
    json_t *(*result)(const struct ops_reply *reply);
};

struct control_op {
    const char *name;
    struct control_arg args[ARGS_MAX + 1];
    const char *help;
    void (*handle)(struct control_call *call);
    struct account_op account;
    bool early;                                      /* also before the server is set up */
    bool (*is_there)(const struct control *control); /* NULL: always */
};

void control_call_refuse(struct control_call *call, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_PEER, "reason", why, NULL);
    control_call_fail(call, &error);
}

void control_call_fail_ops(struct control_call *call, enum ops_result result, const char *address,
                           const char *why)
{
    struct linnet_error error = {0};
    ops_error(result, address, why, &error);
    control_call_fail(call, &error);
}

/* Text from outside (paths), made printable. */
static json_t *printable(struct str text)
{
    char clean[512];
    error_copy_text(clean, sizeof clean, text);
    return json_string(clean);
}

/* Text from the store, which may be damaged: what is not UTF-8 is no reason to end the server. */
json_t *control_stored(struct str text)
{
    json_t *json = json_stringn(text.ptr, text.len);
    return json ? json : printable(text);
}

static json_t *stored_text(const char *text)
{
    return control_stored(str_from(text));
}

/* --- accounts --- */

static json_t *address_result(const struct ops_reply *reply)
{
    json_t *object = new_object();
    put(object, "jid", json_string(reply->address));
    return object;
}

static json_t *schemes_of(const struct store_account *a)
{
    json_t *schemes = json_array();
    for (const char *at = a->schemes; *at;) {
        size_t len = strcspn(at, " ");
        if (json_array_append_new(schemes, control_stored(str_of(at, len))) < 0)
            memory_exhausted();
        at += len + (at[len] == ' ');
    }
    return schemes;
}

static json_t *describe(const struct store_account *a)
{
    json_t *object = new_object();
    put(object, "user", stored_text(a->user));
    put(object, "created_s", json_integer(a->created_s));
    put(object, "password_s", json_integer(a->password_s));
    put(object, "disabled", json_boolean(a->disabled));
    put(object, "reason", stored_text(a->reason));
    put(object, "schemes", schemes_of(a));
    put(object, "role", json_string(ops_role_name(a->role)));
    return object;
}

static json_t *show_result(const struct ops_reply *reply)
{
    json_t *object = describe(reply->account);
    put(object, "jid", json_string(reply->address));
    return object;
}

static json_t *list_result(const struct ops_reply *reply)
{
    json_t *object = new_object(), *accounts = json_array();
    for (size_t i = 0; i < reply->page->count; i++) {
        if (json_array_append_new(accounts, describe(&reply->page->accounts[i])) < 0)
            memory_exhausted();
    }
    put(object, "accounts", accounts);
    put(object, "more", json_boolean(reply->page->more));
    return object;
}

static json_t *describe_token(const struct store_token *t)
{
    json_t *object = new_object();
    put(object, "client", stored_text(t->client));
    put(object, "software", stored_text(t->software));
    put(object, "device", stored_text(t->device));
    put(object, "mechanism", stored_text(t->mechanism));
    put(object, "issued_s", json_integer(t->issued_s));
    put(object, "used_s", json_integer(t->used_s));
    put(object, "expires_s", json_integer(t->expires_s));
    put(object, "pending", json_boolean(t->slot == STORE_SLOT_NEW));
    return object;
}

static json_t *tokens_result(const struct ops_reply *reply)
{
    json_t *object = address_result(reply), *tokens = json_array();
    for (size_t i = 0; i < reply->clients->count; i++) {
        if (json_array_append_new(tokens, describe_token(&reply->clients->tokens[i])) < 0)
            memory_exhausted();
    }
    put(object, "tokens", tokens);
    return object;
}

static void account_done(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    call->request = NULL;
    if (reply->result == OPS_OK) {
        json_t *result = call->op->account.result(reply);
        const struct control_host *host = &control_config_of(call)->host;
        if (reply->page)
            host->online(host->ctx, call, result);
        else
            control_call_reply(call, result);
        return;
    }
    struct linnet_error error = {0};
    ops_error(reply->result, reply->address, "", &error);
    control_call_fail(call, &error);
}

static void handle_account(struct control_call *call)
{
    const char *why = "";
    struct str address = control_string(call, "user");
    struct ops_ask ask = {
        .address = address,
        .password = control_string(call, "password"),
        .reason = control_string(call, "reason"),
        .prefix = control_string(call, "prefix"),
        .after = control_string(call, "after"),
        .token.client = control_string(call, "client"),
        .actor = control_actor(call),
        .done = account_done,
        .ctx = call,
    };
    json_int_t limit = control_int(call, "limit", LIST_DEFAULT);
    if (limit < 1 || limit > OPS_PAGE_MAX) {
        control_call_refuse(call, "limit must be from 1 to %d", OPS_PAGE_MAX);
        return;
    }
    if (ask.reason.len > OPS_REASON_MAX_BYTES) {
        control_call_refuse(call, "reason must not be longer than %d bytes", OPS_REASON_MAX_BYTES);
        return;
    }
    struct str role = control_string(call, "role");
    if (role.ptr && !ops_role_of(role, &ask.role)) {
        control_call_refuse(call, "role must be full, read-only or none");
        return;
    }
    ask.limit = (size_t)limit;
    enum ops_result result =
        call->op->account.submit(control_config_of(call)->ops, &ask, &call->request, &why);
    if (result != OPS_OK) {
        struct linnet_error error = {0};
        ops_error(result, address.ptr ? address.ptr : "", why, &error);
        control_call_fail(call, &error);
    }
}

/* --- the server --- */

static void handle_status(struct control_call *call)
{
    const struct control_host *host = &control_config_of(call)->host;
    host->status(host->ctx, call);
}

static void handle_follow(struct control_call *call)
{
    call->peer->following = true;
    control_call_reply(call, new_object());
}

static void handle_help(struct control_call *call);

/* --- the table --- */

#define ACCOUNT(submit, result) .handle = handle_account, .account = {submit, result}

static const struct control_op ops[] = {
    {"help", {{0}}, "Lists the requests.", .handle = handle_help, .early = true},
    {"setup.state",
     {{0}},
     "Whether a first administrator is wanted, and of which domain (null: it is to be named).",
     .handle = control_setup_state,
     .early = true,
     .is_there = control_setup_needed},
    {"setup",
     {{"key", JSON_STRING, false},
      {"domain", JSON_STRING, false},
      {"user", JSON_STRING, true},
      {"password", JSON_STRING, true},
      {"address", JSON_STRING, false}},
     "Names the domain, unless it is given, and makes the first administrator.",
     .handle = control_setup,
     .early = true,
     .is_there = control_setup_needed},
    {"status", {{0}}, "How the server is.", .handle = handle_status},
    {"sessions",
     {{"limit", JSON_INTEGER, false}, {"q", JSON_STRING, false}, {"user", JSON_STRING, false}},
     "Who is connected; with `q`, those whose address, IP address or software holds that.",
     .handle = control_sessions_list},
    {"session.close",
     {{"jid", JSON_STRING, true}},
     "Ends one session, by its full address; its client keeps its token.",
     .handle = control_session_close},
    {"settings.list", {{0}}, "The settings in force.", .handle = control_settings_list},
    {"settings.set",
     {{"name", JSON_STRING, true}, {"value", JSON_STRING, true}},
     "Sets one and stores it; what is live takes effect at once.",
     .handle = control_settings_set},
    {"settings.reset",
     {{"name", JSON_STRING, true}},
     "Takes back what was set with settings.set.",
     .handle = control_settings_set},
    {"settings.check",
     {{"name", JSON_STRING, true}, {"value", JSON_STRING, true}},
     "Whether it could be set so.",
     .handle = control_settings_check},
    {"settings.history",
     {{"name", JSON_STRING, false},
      {"before", JSON_INTEGER, false},
      {"limit", JSON_INTEGER, false}},
     "What was set and reset, by whom, the newest first; with `before`, the ones before that id.",
     .handle = control_settings_history},
    {"reload",
     {{0}},
     "Reads settings and certificates again, as on SIGHUP.",
     .handle = control_reload},
    {"events.follow", {{0}}, "From now on events are sent, each a line.", .handle = handle_follow},
    {"logins.list",
     {{"limit", JSON_INTEGER, false},
      {"after", JSON_INTEGER, false},
      {"failed", JSON_TRUE, false},
      {"user", JSON_STRING, false},
      {"address", JSON_STRING, false},
      {"id", JSON_INTEGER, false},
      {"trace", JSON_TRUE, false}},
     "The last sign-ins; with `after`, the next ones after that id; with `id`, that one.",
     .handle = control_logins_list},
    {"logins.follow",
     {{"failed", JSON_TRUE, false},
      {"user", JSON_STRING, false},
      {"address", JSON_STRING, false},
      {"trace", JSON_TRUE, false}},
     "From now on each sign-in is sent as an event `login`, when its outcome is known.",
     .handle = control_logins_follow},
    {"audit.list",
     {{"before", JSON_INTEGER, false},
      {"limit", JSON_INTEGER, false},
      {"actor", JSON_STRING, false},
      {"action", JSON_STRING, false},
      {"object", JSON_STRING, false}},
     "Who changed what, the newest first; with `before`, the ones before that id.",
     .handle = control_audit_list},
    {"mechanisms.list",
     {{0}},
     "The mechanisms to sign in with, and who still needs a weak one.",
     .handle = control_mechanisms_list},
    {"throttle.list",
     {{0}},
     "Which addresses and accounts wait because of wrong passwords, the worst first.",
     .handle = control_throttle_list},
    {"throttle.forgive",
     {{"kind", JSON_STRING, true}, {"who", JSON_STRING, true}},
     "Takes the debt of an address or an account away.",
     .handle = control_throttle_forgive},
    {"blocks", {{0}}, "Which networks may not connect.", .handle = control_blocks},
    {"block.add",
     {{"network", JSON_STRING, true},
      {"reason", JSON_STRING, false},
      {"hours", JSON_INTEGER, false}},
     "Lets a network not connect, for some hours or for ever; its connections end.",
     .handle = control_block_add},
    {"block.remove",
     {{"network", JSON_STRING, true}},
     "Lets it connect again.",
     .handle = control_block_remove},
    {"user.add",
     {{"user", JSON_STRING, true}, {"password", JSON_STRING, true}},
     "Makes an account.",
     ACCOUNT(ops_account_add, address_result)},
    {"user.passwd",
     {{"user", JSON_STRING, true}, {"password", JSON_STRING, true}},
     "Gives an account a new password; its sessions end.",
     ACCOUNT(ops_account_passwd, address_result)},
    {"user.list",
     {{"prefix", JSON_STRING, false},
      {"after", JSON_STRING, false},
      {"limit", JSON_INTEGER, false}},
     "Lists accounts by name, those that begin with `prefix`, from the one after `after`.",
     ACCOUNT(ops_account_list, list_result)},
    {"user.show",
     {{"user", JSON_STRING, true}},
     "Shows an account.",
     ACCOUNT(ops_account_show, show_result)},
    {"user.remove",
     {{"user", JSON_STRING, true}},
     "Removes an account; its sessions end.",
     ACCOUNT(ops_account_remove, address_result)},
    {"user.disable",
     {{"user", JSON_STRING, true}, {"reason", JSON_STRING, false}},
     "Lets nobody sign in to an account; its sessions end.",
     ACCOUNT(ops_account_disable, address_result)},
    {"user.enable",
     {{"user", JSON_STRING, true}},
     "Allows signing in again.",
     ACCOUNT(ops_account_enable, address_result)},
    {"user.tokens",
     {{"user", JSON_STRING, true}},
     "Lists which clients may sign in without the password; never a token itself.",
     ACCOUNT(ops_token_list, tokens_result)},
    {"user.tokens.revoke",
     {{"user", JSON_STRING, true}, {"client", JSON_STRING, false}},
     "Takes that away from one client or from all; sessions go on.",
     ACCOUNT(ops_token_revoke, address_result)},
    {"user.logout",
     {{"user", JSON_STRING, true}},
     "Revokes all tokens of an account; its sessions end.",
     ACCOUNT(ops_logout, address_result)},
    {"user.role",
     {{"user", JSON_STRING, true}, {"role", JSON_STRING, true}},
     "Says what an account may do as an administrator: full, read-only or none.",
     ACCOUNT(ops_account_role, address_result)},
    {"name.check",
     {{"user", JSON_STRING, true}},
     "Prepares a name as the server would, whether there is such an account or not.",
     .handle = control_name_check},
    {"admin.sign_in",
     {{"user", JSON_STRING, true}, {"password", JSON_STRING, true}, {"address", JSON_STRING, true}},
     "Whether this is the password of an administrator who is at that IP address.",
     .handle = control_admin_sign_in},
    {"admin.check",
     {{"user", JSON_STRING, true}, {"mark", JSON_INTEGER, true}},
     "Whether what admin.sign_in answered still holds.",
     .handle = control_admin_check},
};

static const char *type_name(const struct control_arg *arg, bool article)
{
    const char *name = "an integer";
    if (arg->type == JSON_STRING)
        name = "a string";
    else if (arg->type == JSON_TRUE)
        name = "a boolean";
    return article ? name : strchr(name, ' ') + 1;
}

static bool is_there(const struct control_op *op, const struct control *control)
{
    return !op->is_there || op->is_there(control);
}

static void handle_help(struct control_call *call)
{
    json_t *object = new_object(), *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        const struct control_op *op = &ops[i];
        if (!is_there(op, call->peer->control))
            continue;
        json_t *row = new_object(), *args = new_object();
        for (const struct control_arg *arg = op->args; arg->name; arg++)
            put(args, arg->name,
                json_sprintf("%s%s", type_name(arg, false), arg->required ? "" : ", optional"));
        put(row, "op", json_string(op->name));
        put(row, "args", args);
        put(row, "help", json_string(op->help));
        if (json_array_append_new(list, row) < 0)
            memory_exhausted();
    }
    put(object, "ops", list);
    control_call_reply(call, object);
}

/* --- from a line to a handler --- */

static const struct control_op *find(const struct control *control, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (cstr_eq(ops[i].name, name) && is_there(&ops[i], control))
            return &ops[i];
    }
    return NULL;
}

static const struct control_arg *find_arg(const struct control_op *op, const char *name)
{
    for (const struct control_arg *arg = op->args; arg->name; arg++) {
        if (strcmp(arg->name, name) == 0)
            return arg;
    }
    return NULL;
}

/* JSON_TRUE stands for both booleans. */
static bool is_of_type(const json_t *value, const struct control_arg *arg)
{
    return json_typeof(value) == arg->type || (arg->type == JSON_TRUE && json_is_false(value));
}

/* Whether the arguments are those of the row; else the call was failed. */
static bool check_args(struct control_call *call, const struct control_op *op)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->args, name, value)
    {
        const struct control_arg *arg = find_arg(op, name);
        if (!arg) {
            control_call_refuse(call, "%s has no argument \"%.60s\"", op->name, name);
            return false;
        }
        if (!is_of_type(value, arg)) {
            control_call_refuse(call, "%s must be %s", name, type_name(arg, true));
            return false;
        }
    }
    for (const struct control_arg *arg = op->args; arg->name; arg++) {
        if (arg->required && !json_object_get(call->args, arg->name)) {
            control_call_refuse(call, "%s needs the argument \"%s\"", op->name, arg->name);
            return false;
        }
    }
    return true;
}

/* Whether the request can be served yet; else the call was failed. */
static bool is_time(struct control_call *call)
{
    struct linnet_error error = {0};
    if (control_config_of(call)->ops || call->op->early)
        return true;
    error_set(&error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, NULL);
    error_copy_text(error.sentence, sizeof error.sentence,
                    STR_LIT("The server is not set up yet: open the link that it printed when it "
                            "started, or use linnetctl setup."));
    control_call_fail(call, &error);
    return false;
}

/* What is wrong with the members of a request, or NULL. */
static const char *fault_of(json_t *line)
{
    const char *name;
    json_t *value;
    if (!json_is_object(line))
        return "A request is a JSON object";
    json_object_foreach(line, name, value)
    {
        if (strcmp(name, "id") && strcmp(name, "op") && strcmp(name, "args") && strcmp(name, "as"))
            return "A request has the members id, op, args and as, no others";
    }
    const json_t *id = json_object_get(line, "id"), *args = json_object_get(line, "args");
    if (!json_is_integer(id) && !(json_is_string(id) && json_string_length(id) <= 64))
        return "A request needs an id: an integer, or a string of at most 64 bytes";
    if (!json_is_string(json_object_get(line, "op")))
        return "A request needs an op, a string";
    if (args && !json_is_object(args))
        return "The args of a request are an object";
    return control_actor_fault(json_object_get(line, "as"));
}

void control_serve(struct control_peer *peer, json_t *line)
{
    const char *fault = fault_of(line);
    if (fault) {
        control_refuse(peer, fault);
        return;
    }
    struct control_call *call =
        control_call_new(peer, json_object_get(line, "id"), json_object_get(line, "args"));
    const char *name = json_string_value(json_object_get(line, "op"));
    call->as = json_incref(json_object_get(line, "as"));
    call->op = find(peer->control, name);
    if (!call->op)
        control_call_refuse(call, "There is no request \"%.60s\"; \"help\" lists them", name);
    else if (is_time(call) && check_args(call, call->op))
        call->op->handle(call);
}
