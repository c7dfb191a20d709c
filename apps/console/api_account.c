/* GET /api/v1/user, and what can be done to one account. */
#include "api.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 3071, MEMBERS_MAX = 2 };

static json_t *user_args(const char *user)
{
    return json_pack("{s:s}", "user", user);
}

static void refuse_unknown(struct request *r, const char *sentence)
{
    http_refuse(r, MHD_HTTP_NOT_FOUND, "not-found", sentence,
                "Load the list of accounts again: it may have been removed.");
}

/* --- show --- */

/* The first name that begins with a whole name is that name. */
static enum linnet_error_code add_online(struct request *r, json_t *account, const char *user,
                                         struct linnet_error *error)
{
    json_t *page;
    json_t *args = json_pack("{s:s,s:i}", "prefix", user, "limit", 1);
    enum linnet_error_code code = api_ask(r, "user.list", args, &page, error);
    const json_t *first = json_array_get(json_object_get(page, "accounts"), 0);
    const char *name = json_string_value(json_object_get(first, "user"));
    bool online =
        name && cstr_eq(name, user) && json_integer_value(json_object_get(first, "online")) > 0;
    json_object_set_new(account, "online", json_boolean(online));
    json_decref(page);
    return code;
}

static enum linnet_error_code add_tokens(struct request *r, json_t *account, const char *user,
                                         struct linnet_error *error)
{
    json_t *result;
    enum linnet_error_code code = api_ask(r, "user.tokens", user_args(user), &result, error);
    json_object_set(account, "tokens", json_object_get(result, "tokens"));
    json_decref(result);
    return code;
}

static void show(struct request *r, const char *typed)
{
    json_t *account;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "user.show", user_args(typed), &account, &error);
    const char *user = json_string_value(json_object_get(account, "user"));
    if (code == LINNET_OK && user) {
        code = add_tokens(r, account, user, &error);
        if (code == LINNET_OK)
            code = add_online(r, account, user, &error);
    }
    if (code == LINNET_OK)
        http_answer(r, MHD_HTTP_OK, json_incref(account));
    else if (code == LINNET_ERROR_USAGE) /* all that can be wrong with a name alone */
        refuse_unknown(r, error.sentence);
    else
        http_fail(r, &error);
    json_decref(account);
}

void api_user_get(struct request *r)
{
    char *user;
    if (!http_text(r, "user", NAME_MAX_BYTES, &user))
        return;
    if (user)
        show(r, user);
    else
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request", "The parameter user is missing.", "");
    free(user);
}

/* --- act --- */

struct action {
    const char *op;
    const char *members[MEMBERS_MAX + 1]; /* of the body: `user`, and what the request takes too */
    bool own;                             /* may be done to the account one is signed in with */
    const char *done;                     /* for the log */
};

/* Replaces the name in `args` by what the server makes of it, so that it is compared and used in
 * one form. False after the request was refused. */
static bool prepare_name(struct request *r, json_t *args)
{
    json_t *name;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(
        r, "name.check", json_pack("{s:O}", "user", json_object_get(args, "user")), &name, &error);
    if (code != LINNET_OK) {
        http_fail(r, &error);
        return false;
    }
    json_object_set(args, "user", json_object_get(name, "jid"));
    json_decref(name);
    return true;
}

/* Nobody locks himself out. False after the request was refused. */
static bool may_act_on(struct request *r, const struct action *action, const char *jid)
{
    bool ok = jid && (action->own || !cstr_eq(jid, r->who.jid));
    if (!ok)
        http_refuse(r, MHD_HTTP_FORBIDDEN, "policy", "You are signed in with this account.",
                    "Ask another administrator to do it.");
    return ok;
}

/* What is wrong with a request may be that there is no such account. */
static void refuse_act(struct request *r, const char *jid, const struct linnet_error *error)
{
    json_t *account = NULL;
    struct linnet_error show_error = {0};
    if (error->code == LINNET_ERROR_USAGE &&
        api_ask(r, "user.show", user_args(jid), &account, &show_error) == LINNET_ERROR_USAGE) {
        refuse_unknown(r, show_error.sentence);
        return;
    }
    json_decref(account);
    http_fail(r, error);
}

static void do_act(struct request *r, const struct action *action, json_t *args, const char *jid)
{
    json_t *result;
    struct linnet_error error = {0};
    if (api_ask(r, action->op, json_incref(args), &result, &error) != LINNET_OK) {
        refuse_act(r, jid, &error);
        return;
    }
    console_say("%s %s %s", r->who.user, action->done, jid);
    http_answer(r, MHD_HTTP_OK, result);
}

static void act(struct request *r, const struct action *action)
{
    size_t count = 0;
    while (action->members[count])
        count++;
    json_t *args = http_body(r, action->members, count);
    if (args && prepare_name(r, args)) {
        const char *jid = json_string_value(json_object_get(args, "user"));
        if (may_act_on(r, action, jid))
            do_act(r, action, args, jid);
    }
    json_decref(args);
}

void api_user_password(struct request *r)
{
    static const struct action action = {
        "user.passwd", {"user", "password"}, true, "set the password of"};
    act(r, &action);
}

void api_user_disable(struct request *r)
{
    static const struct action action = {"user.disable", {"user", "reason"}, false, "disabled"};
    act(r, &action);
}

void api_user_enable(struct request *r)
{
    static const struct action action = {"user.enable", {"user"}, true, "enabled"};
    act(r, &action);
}

void api_user_logout(struct request *r)
{
    static const struct action action = {"user.logout", {"user"}, false, "logged out"};
    act(r, &action);
}

void api_user_remove(struct request *r)
{
    static const struct action action = {"user.remove", {"user"}, false, "removed"};
    act(r, &action);
}

void api_user_role(struct request *r)
{
    static const struct action action = {
        "user.role", {"user", "role"}, false, "changed the role of"};
    act(r, &action);
}

void api_user_token_revoke(struct request *r)
{
    static const struct action action = {
        "user.tokens.revoke", {"user", "client"}, true, "revoked a token of"};
    act(r, &action);
}
