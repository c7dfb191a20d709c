#include "users.h"

#include "ask.h"
#include "list.h"
#include "password.h"

#include <stdio.h>

static json_t *name_args(const struct ctl *ctl)
{
    return json_pack("{s:s}", "user", ctl->options.name);
}

/* --- passwords --- */

static enum linnet_error_code set_password(struct ctl *ctl, const char *op, const char *done)
{
    struct buf password = {.secret = true};
    enum linnet_error_code code = password_get(&ctl->options, &password, &ctl->error);
    struct str p = buf_peek(&password);
    if (code == LINNET_OK)
        code = password_send(
            ctl, op, json_pack("{s:s,s:s%}", "user", ctl->options.name, "password", p.ptr, p.len),
            p, done);
    buf_finish(&password);
    return code;
}

enum linnet_error_code user_add(struct ctl *ctl)
{
    return set_password(ctl, "user.add", "was added");
}

enum linnet_error_code user_passwd(struct ctl *ctl)
{
    return set_password(ctl, "user.passwd", "has a new password");
}

/* --- changes --- */

/* Beside the output, so that a program that reads it is not disturbed. */
static void warn_of_last_admin(void)
{
    fputs("linnetctl: nobody can change anything in the console any more; linnetctl user role NAME "
          "full gives it back.\n",
          stderr);
}

static enum linnet_error_code change(struct ctl *ctl, const char *op, json_t *args,
                                     const char *done)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, op, args, &result);
    if (code != LINNET_OK)
        return code;
    bool was_last = is(result, "last_admin");
    tell(ctl, result, "jid", done);
    if (was_last)
        warn_of_last_admin();
    return LINNET_OK;
}

enum linnet_error_code user_remove(struct ctl *ctl)
{
    return change(ctl, "user.remove", name_args(ctl), "was removed");
}

enum linnet_error_code user_enable(struct ctl *ctl)
{
    return change(ctl, "user.enable", name_args(ctl), "may sign in again");
}

enum linnet_error_code user_disable(struct ctl *ctl)
{
    json_t *args =
        json_pack("{s:s,s:s*}", "user", ctl->options.name, "reason", ctl->options.reason);
    return change(ctl, "user.disable", args, "may not sign in any more");
}

enum linnet_error_code user_logout(struct ctl *ctl)
{
    return change(ctl, "user.logout", name_args(ctl), "is logged out everywhere");
}

enum linnet_error_code user_role(struct ctl *ctl)
{
    char what[64];
    json_t *args = json_pack("{s:s,s:s}", "user", ctl->options.name, "role", ctl->options.role);
    bool none = cstr_eq(ctl->options.role, "none");
    snprintf(what, sizeof what, none ? "is no administrator" : "is an administrator (%.20s)",
             ctl->options.role);
    return change(ctl, "user.role", args, what);
}

/* --- one account --- */

static const char *state_of(const json_t *account)
{
    return json_is_true(json_object_get(account, "disabled")) ? "disabled" : "enabled";
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

enum linnet_error_code user_show(struct ctl *ctl)
{
    json_t *account;
    enum linnet_error_code code = ask(ctl, "user.show", name_args(ctl), &account);
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

static void add_state(struct table *t, const json_t *account)
{
    table_add(t, state_of(account));
}

enum linnet_error_code user_list(struct ctl *ctl)
{
    enum { PAGE = 500 };
    static const struct listing listing = {
        .op = "user.list",
        .rows = "accounts",
        .cursor = "after",
        .from = "user",
        .columns = {{"USER", "user"},
                    {"STATE", .add = add_state},
                    {"ROLE", "role"},
                    {"MADE", "created_s"},
                    {"REASON", "reason"}},
    };
    return list(ctl, &listing, json_pack("{s:i}", "limit", PAGE));
}

/* One that was issued and never used tells no login of its own. */
static void add_used(struct table *t, const json_t *token)
{
    if (is(token, "pending"))
        table_add(t, "not yet");
    else
        add_member(t, token, "used_s");
}

/* What a person looks for; --json has the rest. */
static enum linnet_error_code list_tokens(struct ctl *ctl)
{
    static const struct listing listing = {
        .op = "user.tokens",
        .rows = "tokens",
        .none = "No tokens: each login needs the password.",
        .columns = {{"SOFTWARE", "software"},
                    {"DEVICE", "device"},
                    {"LAST LOGIN", .add = add_used},
                    {"EXPIRES", "expires_s"},
                    {"CLIENT", "client"}},
    };
    return list(ctl, &listing, name_args(ctl));
}

enum linnet_error_code user_tokens(struct ctl *ctl)
{
    const char *client = ctl->options.revoke;
    if (!client)
        return list_tokens(ctl);
    bool all = cstr_eq(client, "all");
    json_t *args =
        json_pack("{s:s,s:s*}", "user", ctl->options.name, "client", all ? NULL : client);
    return change(ctl, "user.tokens.revoke", args,
                  all ? "has no tokens any more" : "has no token for that client any more");
}
