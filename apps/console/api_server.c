#include "api.h"

#include <stdlib.h>

enum { LIMIT = 100, LIMIT_MAX = 1000, NAME_MAX_BYTES = 3071 };

/* Whoever is not signed in learns that it answers, nothing more. */
void api_health(struct request *r)
{
    json_t *result;
    struct linnet_error error = {0};
    enum linnet_error_code code = api_ask(r, "help", NULL, &result, &error);
    json_decref(result);
    if (code == LINNET_OK)
        http_answer(r, MHD_HTTP_OK, json_pack("{s:b}", "ok", 1));
    else
        http_fail(r, &error);
}

void api_status(struct request *r)
{
    api_pass_on(r, "status", NULL);
}

void api_sessions(struct request *r)
{
    json_int_t limit;
    if (http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit))
        api_pass_on(r, "sessions", json_pack("{s:I}", "limit", limit));
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
    char *user = NULL;
    if (http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit) &&
        http_number(r, "after", 0, INT64_MAX, -1, &after) && http_flag(r, "failed", &failed) &&
        http_text(r, "user", NAME_MAX_BYTES, &user)) {
        json_t *args = json_pack("{s:I,s:b,s:s*}", "limit", limit, "failed", failed, "user", user);
        if (args && after >= 0)
            json_object_set_new(args, "after", json_integer(after));
        api_pass_on(r, "logins.list", args);
    }
    free(user);
}
