#include "api.h"

#include "base/wipe.h"

#include <stdlib.h>

enum { LIMIT = 50, LIMIT_MAX = 200, NAME_MAX_BYTES = 3071 };

/* --- list --- */

/* Pages need to know whether, not how often. */
static void say_online(json_t *accounts)
{
    json_t *account;
    size_t i;
    json_array_foreach(accounts, i, account)
    {
        bool online = json_integer_value(json_object_get(account, "online")) > 0;
        json_object_set_new(account, "online", json_boolean(online));
    }
}

static void list(struct request *r, const char *after, const char *prefix, json_int_t limit)
{
    json_t *result;
    struct linnet_error error = {0};
    json_t *args = json_pack("{s:s*,s:s*,s:I}", "after", after, "prefix", prefix, "limit", limit);
    enum linnet_error_code code = api_ask(r, "user.list", args, &result, &error);
    say_online(json_object_get(result, "accounts"));
    if (code == LINNET_OK)
        http_answer(r, MHD_HTTP_OK, result);
    else if (code == LINNET_ERROR_BAD_ADDRESS) /* no name begins so */
        http_answer(r, MHD_HTTP_OK, json_pack("{s:[],s:b}", "accounts", "more", 0));
    else
        http_fail(r, &error);
}

void api_users_get(struct request *r)
{
    char *after = NULL, *prefix = NULL;
    json_int_t limit;
    if (http_text(r, "after", NAME_MAX_BYTES, &after) &&
        http_text(r, "q", NAME_MAX_BYTES, &prefix) &&
        http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit))
        list(r, after, prefix, limit);
    free(after);
    free(prefix);
}

/* --- add --- */

void api_users_add(struct request *r)
{
    static const char *const members[] = {"user", "password"};
    json_t *result;
    struct linnet_error error = {0};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (!args)
        return;
    if (api_ask(r, "user.add", args, &result, &error) != LINNET_OK) {
        http_fail(r, &error);
        return;
    }
    const char *jid = json_string_value(json_object_get(result, "jid"));
    console_say("%s made the account %s", r->who.user, jid ? jid : "");
    http_answer(r, MHD_HTTP_CREATED, result);
}

/* --- names --- */

void api_names_check(struct request *r)
{
    static const char *const members[] = {"user"};
    json_t *result;
    struct linnet_error error = {0};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (!args)
        return;
    enum linnet_error_code code = api_ask(r, "name.check", args, &result, &error);
    if (code == LINNET_OK && json_object_set_new(result, "ok", json_true()) == 0) {
        http_answer(r, MHD_HTTP_OK, result);
        return;
    }
    json_decref(result);
    if (code == LINNET_ERROR_BAD_ADDRESS || code == LINNET_ERROR_HOST_UNKNOWN)
        http_answer(r, MHD_HTTP_OK, json_pack("{s:b,s:s}", "ok", 0, "sentence", error.sentence));
    else
        http_fail(r, &error);
}
