#include "api.h"

#include "base/wipe.h"

#include <linnet/linnet.h>

#include <stdio.h>

/* Attempts may be held for seconds: so many threads of a kind may be busy with them, and of those
 * that come with TLS so many for one network. */
enum { SIGNING_IN_MAX = 8, SIGNING_IN_EACH_MAX = 2, RETRY_S = 8 };

static json_t *who_of(const struct request *r)
{
    const struct session *who = &r->who;
    return json_pack("{s:s,s:s,s:s,s:s}", "user", who->user, "jid", who->jid, "role",
                     who->full ? "full" : "read-only", "version", LINNET_VERSION);
}

void api_session_get(struct request *r)
{
    http_answer(r, MHD_HTTP_OK, who_of(r));
}

void api_session_remove(struct request *r)
{
    sessions_remove(r->console->sessions, r->who.id);
    r->new_cookie = "";
    console_say("%s signed out", r->who.user);
    http_answer(r, MHD_HTTP_NO_CONTENT, NULL);
}

/* --- signing in --- */

static bool take_who(const json_t *result, bool tls, struct session *who)
{
    const char *user = json_string_value(json_object_get(result, "user"));
    const char *jid = json_string_value(json_object_get(result, "jid"));
    const char *role = json_string_value(json_object_get(result, "role"));
    const json_t *mark = json_object_get(result, "mark");
    if (!user || !jid || !role || !json_is_integer(mark))
        return false;
    who->full = cstr_eq(role, "full");
    who->mark = json_integer_value(mark);
    who->tls = tls;
    return snprintf(who->user, sizeof who->user, "%s", user) < (int)sizeof who->user &&
           snprintf(who->jid, sizeof who->jid, "%s", jid) < (int)sizeof who->jid;
}

/* The page is given its token here, and never again. */
static void answer_new(struct request *r, const char *csrf)
{
    json_t *body = who_of(r);
    json_object_set_new(body, "csrf", json_string(csrf));
    http_answer(r, MHD_HTTP_OK, body);
}

/* What the cookie named before is over: a value that somebody planted is worth nothing. */
static void begin_session(struct request *r, const json_t *result)
{
    char csrf[SESSION_TOKEN_BYTES];
    struct linnet_error error = {0};
    struct sessions *all = r->console->sessions;
    sessions_displace(all, r->cookie);
    if (!take_who(result, r->listener->names.tls, &r->who) ||
        !sessions_add(all, console_now_ms(), &r->who, r->token, csrf)) {
        error_set(&error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, NULL);
        http_fail(r, &error);
        return;
    }
    r->new_cookie = r->token;
    console_say("%s signed in from %s (%s)", r->who.user, r->address.text,
                r->who.full ? "full" : "read-only");
    answer_new(r, csrf);
    wipe(csrf, sizeof csrf);
}

static void sign_in(struct request *r, json_t *body)
{
    json_t *result;
    struct linnet_error error = {0};
    json_t *args = json_pack("{s:O,s:O,s:s}", "user", json_object_get(body, "user"), "password",
                             json_object_get(body, "password"), "address", r->address.text);
    enum linnet_error_code code = api_ask(r, "admin.sign_in", args, &result, &error);
    if (code == LINNET_OK)
        begin_session(r, result);
    else if (code == LINNET_ERROR_POLICY)
        http_refuse(r, MHD_HTTP_FORBIDDEN, "policy", error.sentence,
                    "On the machine of the server: linnetctl user role NAME full");
    else
        http_fail(r, &error);
    json_decref(result);
}

void api_session_add(struct request *r)
{
    static const char *const members[] = {"user", "password"};
    struct linnet_error error = {0};
    bool tls = r->listener->names.tls;
    struct places *busy = &r->console->signing_in[tls];
    json_t *body = http_body(r, members, ARRAY_LEN(members));
    if (!body)
        return;
    int place = places_enter(busy, SIGNING_IN_MAX, tls ? SIGNING_IN_EACH_MAX : SIGNING_IN_MAX,
                             r->address.network);
    if (place >= 0) {
        sign_in(r, body);
    } else {
        error_set(&error, LINNET_ERROR_AUTH_TEMPORARY, LINNET_ORIGIN_HERE, NULL);
        error.retry_after_s = RETRY_S;
        http_fail(r, &error);
    }
    places_leave(busy, place);
    json_decref(body);
}
