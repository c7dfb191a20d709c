#include "server/c2s/conn.h"
#include "server/c2s/throttle.h"
#include "server/memory.h"

#include <stdlib.h>

/* An attempt that must wait: its want stays open, so nothing is read, and a timer of the loop is
 * all that it costs. What is borrowed by the want's event is kept here meanwhile. */
struct throttle_hold {
    uint64_t want_id;
    uint64_t until_ms;
    struct sasl_want want;
    size_t user_len; /* of the prepared name */
    char user[JID_PART_MAX_BYTES + 1];
    char strings[]; /* of `want` */
};

static bool throttles(const struct conn *c)
{
    return worker_settings(c->worker)->login_throttle;
}

/* Whoever has little time to sign in must not lose all of it. */
static uint32_t bounded(const struct conn *c, uint32_t held_ms)
{
    uint32_t max_ms = (uint32_t)worker_settings(c->worker)->limits_auth_timeout_s * 1000 / 4;
    return held_ms < max_ms ? held_ms : max_ms;
}

static size_t prepare(struct str typed, char user[JID_PART_MAX_BYTES + 1])
{
    size_t len = 0;
    return jid_prepare_local(typed, user, &len) == JID_OK ? len : 0;
}

/* ---- holding ---- */

static struct str copy(char **at, struct str s)
{
    if (!s.ptr)
        return STR_NONE;
    char *to = memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return str_of(to, s.len);
}

static void hold(struct conn *c, const struct stream_event *ev, struct str user, uint32_t held_ms)
{
    const struct sasl_want *want = ev->sasl;
    conn_log(c, LOG_INFO, "held for %u ms after wrong passwords: user=%.*s", held_ms,
             STR_ARG(user));
    struct throttle_hold *h = memory_alloc(sizeof *h + want->username.len + want->realm.len);
    h->want_id = ev->id;
    h->until_ms = worker_now_ms(c->worker) + held_ms;
    h->user_len = user.len;
    memcpy(h->user, user.ptr, user.len);
    char *at = h->strings;
    h->want = (struct sasl_want){.username = copy(&at, want->username),
                                 .realm = copy(&at, want->realm),
                                 .scheme = want->scheme}; /* static: of the mechanism's row */
    c->held = h;
    conn_login_held(c, held_ms);
}

bool conn_throttle_holds(struct conn *c, const struct stream_event *ev)
{
    char user[JID_PART_MAX_BYTES + 1];
    struct throttle_who who = {&c->peer, str_of(user, prepare(ev->sasl->username, user))};
    uint32_t held_ms = 0;
    conn_login_user(c, who.user);
    /* Tokens are random: nobody guesses them, and an old one is no guess. */
    c->guessing = !ev->sasl->client_id.ptr;
    if (!c->guessing || !throttles(c))
        return false;
    if (!throttle_enter(c->worker->server->throttle, worker_now_ms(c->worker), &who, &held_ms)) {
        conn_log(c, LOG_NOTICE, "too many attempts of its address wait: temporary-auth-failure");
        stream_answer_secret(c->stream, worker_now_ms(c->worker), ev->id,
                             &(struct sasl_secret){.kind = SASL_SECRET_UNAVAILABLE});
        conn_touch(c);
        return true;
    }
    if (held_ms > 0)
        hold(c, ev, who.user, bounded(c, held_ms));
    return held_ms > 0;
}

/* Takes it off; the caller frees. */
static struct throttle_hold *release(struct conn *c)
{
    struct throttle_hold *h = c->held;
    c->held = NULL;
    throttle_leave(c->worker->server->throttle,
                   &(struct throttle_who){&c->peer, str_of(h->user, h->user_len)});
    return h;
}

uint64_t conn_throttle_deadline_ms(const struct conn *c)
{
    return c->held ? c->held->until_ms : UINT64_MAX;
}

void conn_throttle_due(struct conn *c, uint64_t now_ms)
{
    if (!c->held || now_ms < c->held->until_ms)
        return;
    struct throttle_hold *h = release(c);
    struct stream_event ev = {.kind = STREAM_WANT_SECRET, .id = h->want_id, .sasl = &h->want};
    conn_find_secret(c, &ev);
    free(h);
}

void conn_throttle_forget(struct conn *c)
{
    if (c->held)
        free(release(c));
}

/* ---- outcomes ---- */

void conn_throttle_failed(struct conn *c, const struct stream_auth_info *auth)
{
    /* Without a credential nothing was guessed: a mechanism that is not on offer, an abort. */
    bool guessed = c->guessing && auth->failure == SASL_ERROR_NOT_AUTHORIZED;
    c->guessing = false;
    if (guessed && throttles(c))
        throttle_failed(c->worker->server->throttle, worker_now_ms(c->worker),
                        &(struct throttle_who){&c->peer, auth->username});
}

void conn_throttle_succeeded(struct conn *c, const struct stream_auth_info *auth)
{
    c->guessing = false;
    if (throttles(c))
        throttle_succeeded(c->worker->server->throttle, worker_now_ms(c->worker),
                           &(struct throttle_who){&c->peer, auth->username});
}
