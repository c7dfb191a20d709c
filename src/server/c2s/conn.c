#include "server/c2s/conn.h"

#include "server/c2s/login_record.h"
#include "server/c2s/redeliver.h"
#include "server/c2s/resume.h"
#include "server/c2s/session.h"
#include "server/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STRANGERS_MAX = 8192, /* connections of one loop that have not signed in */
    LINGER_MS = 2000,
    LAST_WORDS_MS = 3000, /* for a closed stream to be written out */
    TLS_BYTES = 15 * 1024 /* what OpenSSL holds for an idle connection, for the budget */
};

void conn_log(const struct conn *c, enum log_level level, const char *fmt, ...)
{
    const struct log_sink *log = &c->worker->server->log;
    /* The level is the loop's own: that of `log` may be changed by another thread. */
    struct log_sink sink = {.write = log->write,
                            .ctx = log->ctx,
                            .level = (enum log_level)worker_settings(c->worker)->log_level};
    char text[800];
    va_list ap;
    if (level > sink.level)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_printf(&sink, level, "c2s", c->id, "%s", text);
}

/* ---- on and off the worker's books ---- */

static struct str id_key(const uint64_t *id)
{
    return str_of(id, sizeof *id);
}

/* The young are those who have not signed in: the oldest of them goes when there are too many. */
static void leave_young(struct conn *c)
{
    if (!c->newcomer || list_empty(&c->newcomer->young))
        return;
    list_remove(&c->newcomer->young);
    c->worker->shown_young--;
}

void conn_attach(struct conn *c, struct worker *w)
{
    c->worker = w;
    if (!map_set(&w->conns, id_key(&c->id), c))
        memory_exhausted();
    list_push(&w->young, &c->newcomer->young);
    w->shown_young++;
    w->shown_conns++;
    w->memory_bytes += c->memory_bytes;
    c->poll = loop_poll_new(&w->loop, c->chan->fd, conn_ready, c);
    if (!c->poll)
        conn_abort(c, "the system refuses to watch its socket");
}

void conn_detach(struct conn *c)
{
    struct worker *w = c->worker;
    loop_poll_free(c->poll);
    c->poll = NULL;
    map_remove(&w->conns, id_key(&c->id));
    w->shown_conns--;
    w->memory_bytes -= c->memory_bytes;
    leave_young(c);
    list_remove(&c->dirty);
    list_remove(&c->again);
    list_remove(&c->stalled);
    c->stalled_member = false;
    wheel_remove(&c->deadline);
}

void conn_count_memory(struct conn *c)
{
    size_t now = sizeof *c + (c->newcomer ? sizeof *c->newcomer : 0) + c->leftover.cap +
                 (c->tls_version[0] ? TLS_BYTES : 0) + (c->stream ? stream_memory(c->stream) : 0) +
                 session_memory(c->session) + (c->login ? login_record_bytes(c->login) : 0);
    c->worker->memory_bytes += now - c->memory_bytes;
    c->memory_bytes = now;
}

static void newcomer_free(struct newcomer *n)
{
    if (!n)
        return;
    sm_unref(n->sm);
    sm_unref(n->estate);
    free(n->client_id);
    free(n->software);
    free(n->refusal_text);
    free(n);
}

static struct newcomer *newcomer_new(struct conn *c)
{
    struct newcomer *n = MEMORY_NEW(struct newcomer);
    n->conn = c;
    list_init(&n->young);
    return n;
}

void conn_settle_in(struct conn *c)
{
    leave_young(c);
    conn_abandon_jobs(c);
    redeliver_all(c->worker,
                  c->newcomer->estate); /* it was resumed after all, and inherits nothing */
    newcomer_free(c->newcomer);
    c->newcomer = NULL;
}

void conn_free(struct conn *c)
{
    conn_abandon_jobs(c);
    newcomer_free(c->newcomer);
    login_record_unref(c->login);
    stream_free(c->stream);
    chan_free(c->chan);
    buf_finish(&c->leftover);
    addresses_leave(&c->worker->server->addresses, &c->peer);
    free(c->lang);
    free(c);
}

/* ---- the beginning ---- */

static void fill_policy(struct login_policy *policy, const struct settings *set)
{
    policy->tls = POLICY_TLS_REQUIRE;
    policy->legacy = set->login_legacy;
    for (size_t i = 0; i < set->login_mechanisms.count && i < POLICY_MECHANISMS_MAX; i++)
        snprintf(policy->mechanisms[i], sizeof policy->mechanisms[i], "%s",
                 set->login_mechanisms.items[i]);
}

static struct stream *new_stream(struct conn *c)
{
    const struct worker *w = c->worker;
    const struct settings *set = worker_settings(w);
    const struct server *server = w->server;
    struct stream_config config = {
        .side = STREAM_SERVER,
        .kind = STREAM_C2S,
        .framing = STREAM_FRAMING_TCP,
        .direct_tls = c->direct_tls,
        .trace = conn_login_trace(c),
        .random = server->random,
        .login_timeout_ms = (uint32_t)set->limits_auth_timeout_s * 1000,
        .idle_timeout_ms = (uint32_t)set->limits_idle_timeout_s * 1000,
        .max_bytes_before_auth = (size_t)set->limits_max_stanza_bytes_before_auth,
        .max_bytes_after_auth = (size_t)set->limits_max_stanza_bytes,
        .domains = server->domains,
        .fake_iterations = (unsigned)set->login_iterations,
        .fast = set->login_token_days > 0,
        .sm = true,
        .upgrades = conn_upgrades(set),
        .early_data = set->tls_early_data,
    };
    fill_policy(&config.policy, set);
    memcpy(config.fake_key, ops_fake_key(server->ops), sizeof config.fake_key);
    struct stream *s = stream_new(&config, worker_now_ms(w));
    if (!s)
        memory_exhausted();
    return s;
}

/* The one that has been a stranger the longest makes room. */
static void limit_strangers(struct worker *w)
{
    if (w->shown_young > STRANGERS_MAX && !list_empty(&w->young))
        conn_abort(CONTAINER_OF(w->young.next, struct newcomer, young)->conn,
                   "too many connections that have not signed in");
}

void conn_accept(struct worker *w, int fd, const struct peer *peer, bool direct_tls)
{
    char text[PEER_TEXT_BYTES];
    struct conn *c = MEMORY_NEW(struct conn);
    c->worker = w;
    c->newcomer = newcomer_new(c);
    c->id = ++w->server->last_conn_id;
    c->peer = *peer;
    c->direct_tls = direct_tls;
    c->since_ms = worker_now_ms(w);
    c->chan = chan_tcp_new(fd);
    if (!c->chan)
        memory_exhausted();
    conn_login_begin(c);
    c->stream = new_stream(c);
    buf_init(&c->leftover, 0, true);
    list_init(&c->dirty);
    list_init(&c->again);
    list_init(&c->stalled);
    list_init(&c->doomed);
    wheel_node_init(&c->deadline);
    conn_attach(c, w);
    w->shown_young--; /* the listener counted it too */
    conn_log(c, LOG_INFO, "connected: from=%s%s", peer_text(peer, text),
             direct_tls ? " direct-tls" : "");
    limit_strangers(w);
    conn_pull_events(c); /* direct TLS begins */
    conn_settle(c);
}

/* ---- the end ---- */

void conn_doom(struct conn *c)
{
    if (c->state == CONN_GONE)
        return;
    c->state = CONN_GONE;
    session_end(c);
    if (c->newcomer)
        redeliver_all(c->worker, c->newcomer->estate); /* there is no heir */
    conn_abandon_jobs(c);
    conn_detach(c);
    list_push(&c->worker->doomed, &c->doomed);
}

void conn_abort(struct conn *c, const char *reason)
{
    if (c->state == CONN_GONE)
        return;
    char text[PEER_TEXT_BYTES];
    conn_log(c, LOG_NOTICE, "dropped: from=%s reason=%s", peer_text(&c->peer, text), reason);
    conn_login_ended(c, LINNET_ERROR_SHUTDOWN, reason);
    conn_doom(c);
}

static void give_up_by(struct conn *c, uint64_t delay_ms)
{
    c->give_up_ms = worker_now_ms(c->worker) + delay_ms;
    wheel_set(&c->worker->wheel, &c->deadline, c->give_up_ms);
}

void conn_close(struct conn *c, enum stream_condition condition, const char *text)
{
    session_end(c);
    if (c->state == CONN_HANDSHAKE) { /* nothing can be said in the midst of it */
        conn_abort(c, text ? text : stream_condition_name(condition));
        return;
    }
    conn_login_ended(
        c, condition == STREAM_POLICY_VIOLATION ? LINNET_ERROR_POLICY : LINNET_ERROR_SHUTDOWN,
        text ? text : stream_condition_name(condition));
    stream_close(c->stream, worker_now_ms(c->worker), condition, str_from(text));
    conn_touch(c);
}

void conn_leave(struct conn *c, enum stream_condition condition, const char *text)
{
    resume_detach(c);
    conn_close(c, condition, text);
    /* What comes from here on is not handled, and must come again. */
    stream_leave_sm(c->stream);
}

void conn_shut_down(struct conn *c)
{
    if (c->closed)
        return;
    if (c->session && resume_is_possible(c->session))
        conn_leave(c, STREAM_SYSTEM_SHUTDOWN, NULL); /* for the next server */
    else
        conn_close(c, STREAM_SYSTEM_SHUTDOWN, NULL);
}

/* Everything is written: say so to the channel, and wait for the peer to say it too. */
void conn_linger(struct conn *c)
{
    chan_shutdown(c->chan);
    if (c->peer_ended) {
        conn_doom(c);
        return;
    }
    c->state = CONN_LINGER;
    give_up_by(c, LINGER_MS);
}

/* Strangers knock every day; but that a session was lost is worth a line. The address comes last:
 * its resource may hold spaces. */
static void log_closed(const struct conn *c, const struct linnet_error *error)
{
    char text[PEER_TEXT_BYTES];
    const struct jid *jid = stream_jid(c->stream);
    bool orderly = error->code == LINNET_OK;
    bool expected = orderly || (error->code == LINNET_ERROR_CONNECTION_LOST && !jid);
    conn_log(c, expected ? LOG_INFO : LOG_NOTICE, "%s: from=%s%s%s%s%s",
             orderly ? "closed" : "ended", peer_text(&c->peer, text),
             orderly ? "" : " reason=", orderly ? "" : error->sentence, jid ? " jid=" : "",
             jid ? jid->full : "");
}

void conn_closed(struct conn *c, const struct linnet_error *error)
{
    log_closed(c, error);
    conn_login_over(c, error);
    c->closed = true;
    if (error->code == LINNET_ERROR_CONNECTION_LOST && c->session && resume_is_possible(c->session))
        resume_detach(c);
    session_end(c);
    conn_abandon_jobs(c);
    give_up_by(c, LAST_WORDS_MS);
}
