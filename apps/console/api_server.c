#include "api.h"

#include <stdlib.h>

enum { LIMIT = 100, LIMIT_MAX = 1000, NAME_MAX_BYTES = 3071, TEXT_MAX_BYTES = 256 };

/* linnetd has the request for as long as nobody was made an administrator. */
static bool wants_set_up(const json_t *help)
{
    size_t i;
    const json_t *op;
    json_array_foreach(json_object_get(help, "ops"), i, op)
    {
        const char *name = json_string_value(json_object_get(op, "op"));
        if (name && cstr_eq(name, "setup.state"))
            return true;
    }
    return false;
}

/* Whoever is not signed in learns that it answers, and whether it must be set up first. */
void api_health(struct request *r)
{
    json_t *result;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "help", NULL, &result, &error);
    if (code == LINNET_OK)
        http_answer(r, MHD_HTTP_OK,
                    wants_set_up(result) ? json_pack("{s:b,s:b}", "ok", 1, "setup", 1)
                                         : json_pack("{s:b}", "ok", 1));
    else
        http_fail(r, &error);
    json_decref(result);
}

void api_status(struct request *r)
{
    api_pass_on(r, "status", NULL);
}

void api_sessions(struct request *r)
{
    json_int_t limit;
    char *text = NULL, *user = NULL;
    if (http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit) &&
        http_text(r, "q", TEXT_MAX_BYTES, &text) && http_text(r, "user", NAME_MAX_BYTES, &user))
        api_pass_on(r, "sessions",
                    json_pack("{s:I,s:s*,s:s*}", "limit", limit, "q", text, "user", user));
    free(text);
    free(user);
}

/* Takes `args`. An address that is whole and ours is wrong only in that there is no such session.
 */
static void close_session(struct request *r, json_t *args)
{
    json_t *result;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "session.close", args, &result, &error);
    if (code == LINNET_ERROR_USAGE) {
        http_refuse(r, MHD_HTTP_NOT_FOUND, "not-found", error.sentence,
                    "Load the list of sessions again: it may have ended.");
    } else if (code != LINNET_OK) {
        http_fail(r, &error);
    } else {
        const char *jid = json_string_value(json_object_get(result, "jid"));
        console_say("%s closed the session %s", r->who.user, jid ? jid : "");
        http_answer(r, MHD_HTTP_OK, result);
    }
}

void api_sessions_close(struct request *r)
{
    static const char *const members[] = {"jid"};
    json_t *args = http_body(r, members, ARRAY_LEN(members));
    if (args)
        close_session(r, args);
}

void api_logins(struct request *r)
{
    json_int_t limit, after;
    bool failed;
    char *user = NULL, *address = NULL;
    if (http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit) &&
        http_number(r, "after", 0, INT64_MAX, -1, &after) && http_flag(r, "failed", &failed) &&
        http_text(r, "user", NAME_MAX_BYTES, &user) &&
        http_text(r, "address", TEXT_MAX_BYTES, &address)) {
        json_t *args = json_pack("{s:I,s:b,s:s*,s:s*}", "limit", limit, "failed", failed, "user",
                                 user, "address", address);
        if (args && after >= 0)
            json_object_set_new(args, "after", json_integer(after));
        api_pass_on(r, "logins.list", args);
    }
    free(user);
    free(address);
}

/* Takes `result`, of a list that holds one sign-in or none. */
static void answer_login(struct request *r, json_t *result)
{
    json_t *login = json_array_get(json_object_get(result, "logins"), 0);
    if (login)
        http_answer(r, MHD_HTTP_OK, json_incref(login));
    else
        http_refuse(r, MHD_HTTP_NOT_FOUND, "not-found",
                    "There is no such sign-in, or it is not kept any more.",
                    "Load the list of sign-ins again: only the last ones are kept (logins.keep).");
    json_decref(result);
}

void api_login(struct request *r)
{
    json_int_t id;
    json_t *result;
    struct linnet_error error = {0};
    if (!http_number(r, "id", 1, INT64_MAX, 0, &id))
        return;
    if (id == 0) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "bad-request", "The parameter id is missing.", "");
        return;
    }
    if (api_ask(r, "logins.list", json_pack("{s:I,s:b}", "id", id, "trace", 1), &result, &error) ==
        LINNET_OK)
        answer_login(r, result);
    else
        http_fail(r, &error);
}
