#include "server/c2s/conn.h"

#include "server/c2s/session.h"
#include "server/memory.h"
#include "server/route/router.h"

#include <stdlib.h>

/* The pump: bytes from the channel to the stream, events to those who handle them, output back. */

enum {
    READ_TURN_BYTES = 64 * 1024, /* of one connection before others are served */
    STRANGER_BYTES = 256 * 1024  /* that may come before sign-in */
};

/* ---- events ---- */

static void on_auth_failed(struct conn *c, const struct stream_auth_info *auth)
{
    char text[PEER_TEXT_BYTES];
    const char *why = auth->reason ? auth->reason : "";
    conn_log(c, LOG_NOTICE, "sign-in failed: user=%.*s mechanism=%s from=%s reason=%s%s%s%s",
             STR_ARG(auth->username), auth->mechanism ? auth->mechanism : "-",
             peer_text(&c->peer, text), sasl_error_name(auth->failure), *why ? ": " : "", why,
             auth->fatal ? " (too many tries)" : "");
    conn_login_attempt(c, auth);
    conn_throttle_failed(c, auth);
}

/* RFC 5646 §4.4.1: 35 bytes hold every language tag that is in use. What is longer is not kept: it
 * would be put on each stanza, however small, that others get. */
static void on_header(struct conn *c, const struct stream_header_info *header)
{
    enum { LANG_MAX_BYTES = 35 };
    bool kept = header->lang && strlen(header->lang) <= LANG_MAX_BYTES;
    conn_login_header(c);
    free(c->lang);
    c->lang = kept ? strdup(header->lang) : NULL;
    if (kept && !c->lang)
        memory_exhausted();
}

static void on_ready(struct conn *c)
{
    char text[PEER_TEXT_BYTES];
    conn_weak_note(c); /* while there is a record: it has the client's software */
    conn_login_bound(c);
    chan_tls_secrets_travelled(c->chan);
    if (!c->session) /* else it was resumed */
        session_begin(c);
    conn_settle_in(c);
    /* The address comes last: its resource may hold spaces, and so what looks like other fields. */
    conn_log(c, LOG_NOTICE, "signed in: from=%s mechanism=%s tls=%s%s jid=%s",
             peer_text(&c->peer, text), stream_mechanism(c->stream),
             c->tls_version[0] ? c->tls_version : "none",
             stream_path(c->stream) & STREAM_PATH_RESUMED ? " resumed" : "",
             stream_jid(c->stream)->full);
}

static void on_stanza(struct conn *c, const struct element *e)
{
    c->stanzas_in++;
    figures_count(&c->worker->figures, FIGURE_STANZAS_IN);
    if (c->session)
        router_stanza(c->session, e);
    stream_handled(c->stream, 1);
}

static void take_acked(struct conn *c)
{
    uint64_t tag;
    while (stream_sm(c->stream) && sm_next_acked(stream_sm(c->stream), &tag))
        ;
    conn_touch(c); /* somebody may have waited for that */
}

static void on_event(struct conn *c, const struct stream_event *ev)
{
    switch (ev->kind) {
    case STREAM_EVENT_HEADER:
        on_header(c, ev->header);
        break;
    case STREAM_EVENT_AUTH_FAILED:
        on_auth_failed(c, ev->auth);
        break;
    case STREAM_EVENT_READY:
        on_ready(c);
        break;
    case STREAM_EVENT_STANZA:
        on_stanza(c, ev->element);
        break;
    case STREAM_EVENT_ACKED:
        take_acked(c);
        break;
    case STREAM_EVENT_CLOSED:
        conn_closed(c, ev->error);
        break;
    case STREAM_WANT_TLS:
        conn_want_tls(c, ev);
        break;
    case STREAM_WANT_SECRET:
        conn_want_secret(c, ev);
        break;
    case STREAM_WANT_DERIVE:
        conn_want_derive(c, ev);
        break;
    case STREAM_WANT_ADMIT:
        conn_want_admit(c, ev);
        break;
    case STREAM_WANT_UPGRADE:
        conn_want_upgrade(c, ev);
        break;
    case STREAM_WANT_UPGRADED:
        conn_want_upgraded(c, ev);
        break;
    case STREAM_WANT_TOKEN:
        conn_want_token(c, ev);
        break;
    case STREAM_WANT_SESSION:
        conn_want_session(c, ev);
        break;
    case STREAM_EVENT_NONE:
    case STREAM_EVENT_STAGE:
    case STREAM_EVENT_FEATURES:
    case STREAM_EVENT_MECHANISM:
    case STREAM_EVENT_TOKEN:
    case STREAM_EVENT_TOKEN_REFUSED:
    case STREAM_EVENT_MANAGED:
    case STREAM_EVENT_RESUME_FAILED:
    case STREAM_WANT_VERIFY:
    case STREAM_WANT_REGISTER:
        break; /* a client's, or of features that are not on offer */
    }
}

bool conn_pull_events(struct conn *c)
{
    struct stream_event ev;
    bool any = false;
    while (c->state == CONN_OPEN && !c->closed && stream_event(c->stream, &ev)) {
        any = true;
        on_event(c, &ev);
    }
    return any;
}

/* The transport ended, in order (`fault` NULL) or not. */
static void transport_ended(struct conn *c, const char *fault)
{
    struct linnet_error error = {0};
    c->peer_ended = true;
    if (c->closed)
        return;
    if (fault)
        error_set(&error, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_NETWORK, "reason",
                  fault[0] ? fault : "it was cut", NULL);
    stream_input_end(c->stream, worker_now_ms(c->worker), fault ? &error : NULL);
    conn_pull_events(c);
}

/* ---- bytes in ---- */

static bool may_feed(const struct conn *c)
{
    return c->state == CONN_OPEN && !c->closed && !conn_is_held(c);
}

static bool may_read(const struct conn *c)
{
    if (c->state == CONN_LINGER)
        return true;
    return may_feed(c) && buf_len(&c->leftover) == 0 && !stream_waiting(c->stream);
}

/* Returns how much the stream took. */
static size_t feed(struct conn *c, const char *data, size_t len)
{
    size_t used = 0;
    while (used < len && may_feed(c)) {
        size_t taken =
            stream_input(c->stream, worker_now_ms(c->worker), data + used, len - used, 0);
        used += taken;
        if (!conn_pull_events(c) && taken == 0)
            break;
    }
    /* All events were seen: what they held goes, lest an idle session keep its last stanza. */
    stream_input(c->stream, worker_now_ms(c->worker), NULL, 0, 0);
    return c->closed ? len : used;
}

static void keep(struct conn *c, const char *data, size_t len)
{
    buf_append(&c->leftover, data, len);
    if (c->leftover.failed)
        memory_exhausted();
}

static void feed_leftover(struct conn *c)
{
    struct str held = buf_peek(&c->leftover);
    if (held.len == 0)
        return;
    /* `leftover` is not touched while it is fed: only conn_read adds to it. */
    buf_consume(&c->leftover, feed(c, held.ptr, held.len));
    buf_trim(&c->leftover);
}

static void check_stranger(struct conn *c)
{
    if (!c->session && !c->closed && c->chan->bytes_in > STRANGER_BYTES)
        conn_close(c, STREAM_POLICY_VIOLATION, "too many bytes before sign-in");
}

/* One read. False when there is no more for now. */
static bool read_once(struct conn *c)
{
    struct worker *w = c->worker;
    size_t len = 0;
    enum chan_result r = c->early ? conn_early_read(c, w->input, WORKER_INPUT_BYTES, &len)
                                  : chan_read(c->chan, w->input, WORKER_INPUT_BYTES, &len);
    if (len > 0 && c->state == CONN_OPEN) {
        size_t used = feed(c, (const char *)w->input, len);
        if (used < len)
            keep(c, (const char *)w->input + used, len - used);
        check_stranger(c);
    }
    if (r == CHAN_EOF || r == CHAN_LOST) {
        if (c->state == CONN_LINGER)
            conn_doom(c);
        else if (c->state == CONN_OPEN)
            transport_ended(c, r == CHAN_LOST ? chan_fault(c->chan) : NULL);
        return false;
    }
    return r == CHAN_OK && (len == WORKER_INPUT_BYTES || chan_pending(c->chan));
}

static void read_turn(struct conn *c)
{
    uint64_t until = c->chan->bytes_in + READ_TURN_BYTES;
    while (may_read(c) && !c->peer_ended && read_once(c)) {
        if (c->chan->bytes_in >= until) {
            conn_again(c);
            return;
        }
    }
}

/* ---- bytes out ---- */

/* Writes what the stream has. False when the rest must wait, or the connection is no more. */
static bool flush(struct conn *c)
{
    struct stream_output out;
    c->write_blocked = false;
    while (c->state == CONN_OPEN && stream_output(c->stream, &out)) {
        size_t written = 0;
        enum chan_result r = c->early ? chan_tls_write_early(c->chan, out.data, out.len, &written)
                                      : chan_write(c->chan, out.data, out.len, &written);
        if (written > 0)
            stream_output_ack(c->stream, worker_now_ms(c->worker), written);
        if (r == CHAN_AGAIN) {
            c->write_blocked = true;
            return false;
        }
        if (r != CHAN_OK) {
            transport_ended(c, chan_fault(c->chan));
            conn_doom(c);
            return false;
        }
    }
    return c->state == CONN_OPEN;
}

/* ---- what to wait for ---- */

static void arm(struct conn *c)
{
    uint64_t at_ms = c->give_up_ms ? c->give_up_ms : UINT64_MAX;
    uint64_t stream_ms = c->closed ? UINT64_MAX : stream_deadline_ms(c->stream);
    uint64_t session_ms = pressure_deadline_ms(c->session);
    uint64_t held_ms = conn_throttle_deadline_ms(c);
    at_ms = stream_ms < at_ms ? stream_ms : at_ms;
    at_ms = held_ms < at_ms ? held_ms : at_ms;
    wheel_set(&c->worker->wheel, &c->deadline, session_ms < at_ms ? session_ms : at_ms);
}

/* Its client may be gone before the answer: one that is held would keep its place for seconds, one
 * whose password is derived its turn. A look into the database is over too soon to be worth it. */
static bool waits_long(const struct conn *c)
{
    return (c->newcomer && c->newcomer->derive) || conn_throttle_deadline_ms(c) != UINT64_MAX;
}

static void watch(struct conn *c)
{
    unsigned wants = 0;
    if (c->state == CONN_HANDSHAKE) {
        wants = chan_wants(c->chan);
        if (wants == 0)
            wants = CHAN_WANTS_READ; /* not begun: the client speaks first */
    } else if (!c->peer_ended) {
        /* Off only when bytes came that may not be read: switching costs a system call. */
        if (may_read(c))
            c->read_blocked = false;
        wants = c->read_blocked ? 0 : CHAN_WANTS_READ;
    }
    if (waits_long(c))
        wants |= LOOP_WANTS_END;
    if (c->write_blocked || c->early)
        wants |= chan_wants(c->chan);
    if (c->write_blocked)
        wants |= CHAN_WANTS_WRITE;
    loop_poll_set(c->poll, wants);
}

void conn_settle(struct conn *c)
{
    if (c->state == CONN_MOVING)
        conn_depart(c);
    if (c->state == CONN_MOVING || c->state == CONN_GONE)
        return;
    if (c->state == CONN_OPEN && !c->write_blocked &&
        (c->closed || stream_output_pending(c->stream) > 0))
        conn_touch(c);
    /* Bytes inside TLS wake nobody: the socket has given them already. */
    if (c->state == CONN_OPEN && may_read(c) && !c->peer_ended && chan_pending(c->chan))
        conn_again(c);
    conn_count_memory(c);
    arm(c);
    watch(c);
}

/* ---- entry points ---- */

void conn_touch(struct conn *c)
{
    if (c->state != CONN_GONE && list_empty(&c->dirty))
        list_push(&c->worker->dirty, &c->dirty);
}

void conn_again(struct conn *c)
{
    if (c->state != CONN_GONE && list_empty(&c->again))
        list_push(&c->worker->again, &c->again);
}

void conn_ready(void *conn, unsigned events)
{
    struct conn *c = conn;
    if (c->state == CONN_HANDSHAKE) {
        conn_handshake(c);
        return;
    }
    if (events & CHAN_WANTS_WRITE)
        conn_touch(c);
    if ((events & LOOP_WANTS_END) && waits_long(c))
        transport_ended(c, "the client did not wait for the answer");
    if (events & CHAN_WANTS_READ) {
        if (may_read(c))
            read_turn(c);
        else
            c->read_blocked = true;
    }
    conn_settle(c);
}

void conn_go_on(struct conn *c)
{
    if (c->state == CONN_HANDSHAKE) {
        conn_handshake(c);
        return;
    }
    conn_pull_events(c);
    feed_leftover(c);
    if (may_read(c) && !c->peer_ended)
        read_turn(c);
    conn_settle(c);
}

void conn_turn_end(struct conn *c)
{
    /* What was written may have opened the way for more: TLS after <proceed/>, a held answer. */
    while (flush(c)) {
        conn_pull_events(c);
        feed_leftover(c);
        if (c->state != CONN_OPEN || stream_output_pending(c->stream) == 0)
            break;
    }
    if (c->state == CONN_OPEN && c->closed && !c->write_blocked)
        conn_linger(c);
    if (c->session)
        pressure_relieve(c->session);
    conn_settle(c);
}

void conn_due(struct conn *c)
{
    uint64_t now_ms = worker_now_ms(c->worker);
    if (c->give_up_ms && now_ms >= c->give_up_ms) {
        conn_doom(c);
        return;
    }
    if (!c->closed) {
        if (c->state == CONN_HANDSHAKE && now_ms >= stream_deadline_ms(c->stream)) {
            conn_login_ended(c, LINNET_ERROR_TIMEOUT, NULL);
            conn_abort(c, "no TLS handshake in time");
            return;
        }
        stream_tick(c->stream, now_ms);
        conn_throttle_due(c, now_ms);
        conn_pull_events(c);
    }
    if (c->session)
        pressure_due(c->session, now_ms);
    conn_settle(c);
}
