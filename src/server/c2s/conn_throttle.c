#include "server/c2s/conn.h"
#include "server/c2s/throttle.h"
#include "server/memory.h"

#include <stdlib.h>

/* An attempt to prove a password, from when its credential is wanted until it has ended. One that
 * must wait is a want that stays open, so nothing is read, and a timer of the loop is all that it
 * costs. What is borrowed by the want's event is kept here meanwhile. */
struct throttle_attempt {
    uint64_t want_id;
    uint64_t held_until_ms; /* 0 when it is not held */
    struct sasl_want want;
    struct str user; /* prepared */
    char strings[];  /* of `user` and `want` */
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

static struct throttle_attempt *new_attempt(const struct stream_event *ev, struct str user)
{
    const struct sasl_want *want = ev->sasl;
    struct throttle_attempt *a =
        memory_alloc(sizeof *a + user.len + want->username.len + want->realm.len);
    char *at = a->strings;
    a->want_id = ev->id;
    a->held_until_ms = 0;
    a->user = copy(&at, user);
    a->want = (struct sasl_want){.username = copy(&at, want->username),
                                 .realm = copy(&at, want->realm),
                                 .scheme = want->scheme}; /* static: of the mechanism's row */
    return a;
}

static void hold(struct conn *c, uint32_t held_ms)
{
    conn_log(c, LOG_INFO, "held for %u ms: wrong passwords, or attempts at once: user=%.*s",
             held_ms, STR_ARG(c->attempt->user));
    c->attempt->held_until_ms = worker_now_ms(c->worker) + held_ms;
    conn_login_held(c, held_ms);
}

static void refuse(struct conn *c, uint64_t want_id)
{
    conn_log(c, LOG_NOTICE, "too many attempts of its address wait: temporary-auth-failure");
    stream_answer_secret(c->stream, worker_now_ms(c->worker), want_id,
                         &(struct sasl_secret){.kind = SASL_SECRET_UNAVAILABLE});
    conn_touch(c);
}

bool conn_throttle_holds(struct conn *c, const struct stream_event *ev)
{
    char user[JID_PART_MAX_BYTES + 1];
    struct throttle_who who = {&c->peer, str_of(user, prepare(ev->sasl->username, user))};
    uint32_t held_ms = 0;
    conn_login_user(c, who.user);
    conn_throttle_forget(c); /* a second <auth/> has taken the place of the first */
    /* Tokens are random: nobody guesses them, and an old one is no guess. */
    if (ev->sasl->client_id.ptr || !throttles(c))
        return false;
    if (!throttle_enter(c->worker->server->throttle, worker_now_ms(c->worker), &who, &held_ms)) {
        refuse(c, ev->id);
        return true;
    }
    c->attempt = new_attempt(ev, who.user);
    if (held_ms > 0)
        hold(c, bounded(c, held_ms));
    return held_ms > 0;
}

static struct throttle_who who_tries(const struct conn *c)
{
    return (struct throttle_who){&c->peer, c->attempt->user};
}

static bool is_held(const struct conn *c)
{
    return c->attempt && c->attempt->held_until_ms > 0;
}

static void go_on(struct conn *c)
{
    struct throttle_who who = who_tries(c);
    throttle_go_on(c->worker->server->throttle, &who);
    c->attempt->held_until_ms = 0;
}

uint64_t conn_throttle_deadline_ms(const struct conn *c)
{
    return is_held(c) ? c->attempt->held_until_ms : UINT64_MAX;
}

void conn_throttle_due(struct conn *c, uint64_t now_ms)
{
    if (!is_held(c) || now_ms < c->attempt->held_until_ms)
        return;
    go_on(c);
    struct stream_event ev = {
        .kind = STREAM_WANT_SECRET, .id = c->attempt->want_id, .sasl = &c->attempt->want};
    conn_find_secret(c, &ev);
}

/* ---- outcomes ---- */

static void failed(const struct conn *c, const struct throttle_who *who)
{
    throttle_failed(c->worker->server->throttle, worker_now_ms(c->worker), who);
}

static void forget(struct conn *c)
{
    struct throttle_who who = who_tries(c);
    throttle_left(c->worker->server->throttle, &who);
    free(c->attempt);
    c->attempt = NULL;
}

/* What is being checked counts as wrong: the work is done, and who does not wait for the answer
 * must not guess more cheaply than who does. */
void conn_throttle_forget(struct conn *c)
{
    if (!c->attempt)
        return;
    struct throttle_who who = who_tries(c);
    if (is_held(c))
        go_on(c);
    else if (c->newcomer->secret || c->newcomer->derive)
        failed(c, &who);
    forget(c);
}

void conn_throttle_failed(struct conn *c, const struct stream_auth_info *auth)
{
    if (!c->attempt) /* nothing was guessed: a mechanism that is not on offer, a token */
        return;
    struct throttle_who who = who_tries(c);
    if (auth->failure == SASL_ERROR_NOT_AUTHORIZED)
        failed(c, &who);
    forget(c);
}

void conn_throttle_proved(struct conn *c)
{
    if (!c->attempt)
        return;
    conn_throttle_clear(c, c->attempt->user);
    forget(c);
}

void conn_throttle_clear(struct conn *c, struct str user)
{
    if (throttles(c))
        throttle_succeeded(c->worker->server->throttle, worker_now_ms(c->worker),
                           &(struct throttle_who){&c->peer, user});
}
