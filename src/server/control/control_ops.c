/* The table of requests: name, arguments, help, handler. */
#include "server/control/control_ops.h"

#include "server/control/control_private.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_tokens.h"

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

#define ACCOUNT(submit, result) .handle = control_account, .account = {submit, result}

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
     ACCOUNT(ops_account_add, control_account_address)},
    {"user.passwd",
     {{"user", JSON_STRING, true}, {"password", JSON_STRING, true}},
     "Gives an account a new password; its sessions end.",
     ACCOUNT(ops_account_passwd, control_account_address)},
    {"user.list",
     {{"prefix", JSON_STRING, false},
      {"after", JSON_STRING, false},
      {"limit", JSON_INTEGER, false}},
     "Lists accounts by name, those that begin with `prefix`, from the one after `after`.",
     ACCOUNT(ops_account_list, control_account_page)},
    {"user.show",
     {{"user", JSON_STRING, true}},
     "Shows an account.",
     ACCOUNT(ops_account_show, control_account_shown)},
    {"user.remove",
     {{"user", JSON_STRING, true}},
     "Removes an account; its sessions end.",
     ACCOUNT(ops_account_remove, control_account_address)},
    {"user.disable",
     {{"user", JSON_STRING, true}, {"reason", JSON_STRING, false}},
     "Lets nobody sign in to an account; its sessions end.",
     ACCOUNT(ops_account_disable, control_account_address)},
    {"user.enable",
     {{"user", JSON_STRING, true}},
     "Allows signing in again.",
     ACCOUNT(ops_account_enable, control_account_address)},
    {"user.tokens",
     {{"user", JSON_STRING, true}},
     "Lists which clients may sign in without the password; never a token itself.",
     ACCOUNT(ops_token_list, control_account_tokens)},
    {"user.tokens.revoke",
     {{"user", JSON_STRING, true}, {"client", JSON_STRING, false}},
     "Takes that away from one client or from all; sessions go on.",
     ACCOUNT(ops_token_revoke, control_account_address)},
    {"user.logout",
     {{"user", JSON_STRING, true}},
     "Revokes all tokens of an account; its sessions end.",
     ACCOUNT(ops_logout, control_account_address)},
    {"user.role",
     {{"user", JSON_STRING, true}, {"role", JSON_STRING, true}},
     "Says what an account may do as an administrator: full, read-only or none.",
     ACCOUNT(ops_account_role, control_account_address)},
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

const char *control_arg_type(const struct control_arg *arg, bool article)
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

const struct control_op *control_op_find(const struct control *control, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (cstr_eq(ops[i].name, name) && is_there(&ops[i], control))
            return &ops[i];
    }
    return NULL;
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
                json_sprintf("%s%s", control_arg_type(arg, false),
                             arg->required ? "" : ", optional"));
        put(row, "op", json_string(op->name));
        put(row, "args", args);
        put(row, "help", json_string(op->help));
        append(list, row);
    }
    put(object, "ops", list);
    control_call_reply(call, object);
}
