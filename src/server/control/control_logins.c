/* logins.list and logins.follow: the ring of sign-ins (server/logins.h) as JSON. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/login_words.h"
#include "server/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLLOW_BATCH = 64 };

/* ---- a record ---- */

/* null for NULL and "". */
static json_t *text_of(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *step_of(const struct login_step *step)
{
    json_t *o = new_object();
    put(o, "stage", json_string(login_stage_name(step->stage)));
    put(o, "at_ms", json_integer(step->at_ms));
    put(o, "ok", json_boolean(!step->refused));
    if (step->stage == LOGIN_SIGN_IN) {
        put(o, "held_ms", json_integer(step->held_ms));
        put(o, "mechanism", text_of(step->mechanism));
        put(o, "binding", text_of(step->binding));
    }
    if (step->refused) {
        put(o, "condition", text_of(step->condition));
        put(o, "reason", text_of(step->reason));
    }
    return o;
}

static json_t *steps_of(const struct login_record *r)
{
    json_t *steps = json_array();
    for (unsigned i = 0; i < r->step_count; i++)
        append(steps, step_of(&r->steps[i]));
    return steps;
}

static json_t *tls_of(const struct login_record *r)
{
    if (!r->tls_version[0])
        return json_null();
    json_t *o = new_object();
    put(o, "version", json_string(r->tls_version));
    put(o, "cipher", json_string(r->tls_cipher));
    put(o, "resumed", json_boolean(r->tls_resumed));
    return o;
}

static json_t *failure_of(const struct login_record *r)
{
    const struct linnet_error *e = r->failure;
    if (!e)
        return json_null();
    const struct linnet_error_info *info = linnet_error_info(e->code);
    json_t *o = new_object();
    put(o, "code", json_string(info ? info->id : "internal"));
    put(o, "stage", json_string(login_stage_name(r->failed_stage)));
    put(o, "condition", text_of(e->condition));
    put(o, "reason", text_of(linnet_error_param(e, "reason")));
    put(o, "heading", json_string(r->words->heading));
    put(o, "sentence", json_string(e->sentence));
    put(o, "remedy", json_string(r->words->remedy));
    return o;
}

static json_t *trace_of(const struct login_record *r)
{
    struct buf text = {0};
    login_trace_print(&r->trace, &text);
    if (text.failed)
        memory_exhausted();
    /* The XML reader lets nothing through that is not UTF-8. Were it otherwise, that must not end
     * the server, as running out of memory does. */
    json_t *json = json_stringn(buf_peek(&text).ptr, buf_len(&text));
    buf_finish(&text);
    return json ? json : json_string("(what was said is not UTF-8)");
}

/* The last attempt: what it used. */
static const struct login_step *last_attempt(const struct login_record *r)
{
    static const struct login_step none;
    for (unsigned i = r->step_count; i > 0; i--)
        if (r->steps[i - 1].stage == LOGIN_SIGN_IN)
            return &r->steps[i - 1];
    return &none;
}

static json_t *record_json(const struct login_record *r, bool trace)
{
    char address[PEER_TEXT_BYTES];
    const struct login_step *attempt = last_attempt(r);
    json_t *o = new_object();
    put(o, "id", json_integer((json_int_t)r->id));
    put(o, "connection", json_integer((json_int_t)r->connection));
    put(o, "time_ms", json_integer(r->unix_ms));
    put(o, "address", json_string(peer_text(&r->peer, address)));
    put(o, "ok", json_boolean(!r->failure));
    put(o, "user", json_string(r->user ? r->user : ""));
    put(o, "domain", json_string(r->domain));
    put(o, "jid", text_of(r->jid));
    put(o, "direct_tls", json_boolean(r->direct_tls));
    put(o, "tls", tls_of(r));
    put(o, "path", json_string(r->path));
    put(o, "mechanism", text_of(attempt->mechanism));
    put(o, "binding", text_of(attempt->binding));
    put(o, "software", text_of(r->software));
    put(o, "total_ms", json_integer(r->total_ms));
    put(o, "steps", steps_of(r));
    put(o, "failure", failure_of(r));
    if (trace)
        put(o, "trace", trace_of(r));
    return o;
}

/* ---- what is asked for ---- */

static bool flag(const struct control_call *call, const char *name)
{
    return json_is_true(json_object_get(call->args, name));
}

char *control_user(const json_t *typed)
{
    char local[JID_PART_MAX_BYTES + 1];
    size_t len = json_string_length(typed);
    const char *text = json_string_value(typed), *at = memchr(text, '@', len);
    if (at)
        len = (size_t)(at - text);
    if (jid_prepare_local(str_of(text, len), local, &len) != JID_OK)
        return NULL;
    char *user = strndup(local, len);
    if (!user)
        memory_exhausted();
    return user;
}

/* False after the call was refused. */
static bool check_query(struct control_call *call, const char *user)
{
    if (control_int(call, "after", 0) < 0)
        control_call_refuse(call, "after must be the id of a sign-in, or 0");
    else if (control_int(call, "id", 1) < 1)
        control_call_refuse(call, "id must be the id of a sign-in");
    else if (control_string(call, "address").len >= PEER_TEXT_BYTES)
        control_call_refuse(call, "address is longer than one can be");
    else if (json_object_get(call->args, "user") && !user)
        control_call_refuse(call, "user is none that an account could have");
    else
        return true;
    return false;
}

/* The caller frees *ret_user, which the query borrows. False after the call was refused. */
static bool read_query(struct control_call *call, struct logins_query *q, char **ret_user)
{
    const json_t *user = json_object_get(call->args, "user");
    struct str address = control_string(call, "address");
    *ret_user = user ? control_user(user) : NULL;
    *q = (struct logins_query){.after_id = (uint64_t)control_int(call, "after", 0),
                               .failed = flag(call, "failed"),
                               .id = (uint64_t)control_int(call, "id", 0),
                               .user = *ret_user,
                               .oldest = json_object_get(call->args, "after") != NULL};
    if (!control_limit(call, OPS_PAGE_MAX, &q->limit) || !check_query(call, *ret_user)) {
        free(*ret_user);
        return false;
    }
    if (address.ptr)
        logins_query_address(q, address.ptr);
    return true;
}

/* ---- list ---- */

void control_logins_list(struct control_call *call)
{
    char *user;
    bool more;
    struct logins_query q;
    if (!read_query(call, &q, &user))
        return;
    struct login_record **found = memory_alloc(q.limit * sizeof(struct login_record *));
    size_t count = logins_find(call->peer->control->config.logins, &q, found, &more);
    json_t *o = new_object(), *list = json_array();
    for (size_t i = 0; i < count; i++) {
        append(list, record_json(found[i], flag(call, "trace")));
        login_record_unref(found[i]);
    }
    put(o, "logins", list);
    put(o, "more", json_boolean(more));
    control_call_reply(call, o);
    free(found);
    free(user);
}

/* ---- follow ---- */

void control_logins_forget(struct control_peer *peer)
{
    free((char *)(uintptr_t)peer->logins.user);
    peer->logins.user = NULL;
    peer->logins_following = false;
}

static json_t *event_of(const struct login_record *r, bool trace)
{
    json_t *event = new_object();
    put(event, "event", json_string("login"));
    put(event, "time_s", json_integer((r->unix_ms + r->total_ms) / 1000));
    put(event, "data", record_json(r, trace));
    return event;
}

/* Whether anybody follows at all. */
static bool tell_all(struct control *control, const struct login_record *r)
{
    bool followed = false;
    LIST_EACH_SAFE(&control->peers, node)
    {
        struct control_peer *peer = CONTAINER_OF(node, struct control_peer, link);
        followed |= peer->logins_following;
        if (peer->logins_following && logins_matches(&peer->logins, r))
            control_send(peer, event_of(r, peer->logins_trace));
    }
    return followed;
}

/* What the ring has lost before we came is not told: it keeps what it can. */
static void added(void *ctx)
{
    struct control *control = ctx;
    struct login_record *found[FOLLOW_BATCH];
    bool more = true;
    while (more) {
        struct logins_query q = {
            .after_id = control->logins_told, .limit = FOLLOW_BATCH, .oldest = true};
        size_t count = logins_find(control->config.logins, &q, found, &more);
        for (size_t i = 0; i < count; i++) {
            control->logins_told = found[i]->id;
            if (!tell_all(control, found[i]))
                control->config.logins->followed = false;
            login_record_unref(found[i]);
        }
    }
}

static void wake(void *ctx)
{
    struct control *control = ctx;
    loop_wake_send(control->logins_wake);
}

void control_logins_follow(struct control_call *call)
{
    struct control_peer *peer = call->peer;
    struct control *control = peer->control;
    struct logins *logins = control->config.logins;
    struct logins_query q;
    char *user;
    if (!read_query(call, &q, &user))
        return;
    control_logins_forget(peer); /* what it followed before */
    peer->logins = q;
    peer->logins_following = true;
    peer->logins_trace = flag(call, "trace");
    peer->logins.after_id = logins_last_id(logins);
    if (!logins->followed) {
        control->logins_told = peer->logins.after_id;
        logins->followed = true;
    }
    control_call_reply(call, new_object());
}

void control_logins_init(struct control *control)
{
    control->logins_wake = loop_wake_new(control->config.loop, added, control);
    if (!control->logins_wake)
        memory_exhausted();
    control_logins_listen(control);
}

void control_logins_listen(struct control *control)
{
    if (control->config.logins)
        logins_listen(control->config.logins, wake, control);
}

void control_logins_finish(struct control *control)
{
    loop_wake_free(control->logins_wake);
}
