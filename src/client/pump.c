#include "client/pump.h"

#include "base/wipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    INPUT_BYTES = 16384,
    READS_PER_TURN = 16 /* then others on the loop get their turn */
};

struct pump {
    struct pump_settings set;
    struct stream *stream;
    struct chan *chan;
    struct loop_poll *poll;
    struct loop_timer *timer;
    struct buf session; /* to resume with; empty for none */
    struct buf early;   /* what was written as early data, until it is known to have arrived */

    bool turning, paused;
    bool staged; /* a stage began in this turn: the host sees it before anything else happens */
    bool handshaking, in_tls, session_offered;
    bool write_lost; /* nothing more can be written; what can be read is read first */
    bool over;       /* `error` says how */
    bool ended;      /* the owner was told */
    uint64_t tls_want, tls_deadline_ms, received_ms;
    unsigned read_wants, write_wants;
    unsigned reads; /* in this turn */
    struct linnet_error error;

    char first[DETECT_BYTES]; /* what the peer said first, in the raw */
    size_t first_len;
    size_t in_start, in_end;
    uint8_t in[INPUT_BYTES];
};

static void turn(struct pump *p);

static void on_ready(void *ctx, unsigned events)
{
    (void)events;
    turn(ctx);
}

static void on_timer(void *ctx)
{
    turn(ctx);
}

struct pump *pump_new(uv_loop_t *loop, const struct pump_settings *settings)
{
    struct pump *p = calloc(1, sizeof *p);
    if (!p) {
        stream_free(settings->stream);
        chan_free(settings->chan);
        return NULL;
    }
    p->set = *settings;
    p->stream = settings->stream;
    p->chan = settings->chan;
    buf_init(&p->session, 0, true);
    buf_init(&p->early, 0, true);
    buf_str(&p->session, settings->tls_session);
    p->poll = loop_poll_new(loop, p->chan->fd, on_ready, p);
    p->timer = loop_timer_new(loop, on_timer, p);
    if (!p->poll || !p->timer || p->session.failed) {
        pump_free(p);
        return NULL;
    }
    loop_timer_set(p->timer, 0);
    return p;
}

void pump_free(struct pump *p)
{
    if (!p)
        return;
    loop_poll_free(p->poll);
    loop_timer_free(p->timer);
    stream_free(p->stream);
    chan_free(p->chan);
    buf_finish(&p->session);
    buf_finish(&p->early);
    wipe_free(p, sizeof *p);
}

void pump_kick(struct pump *p)
{
    if (!p->turning && !p->ended)
        loop_timer_set(p->timer, 0);
}

void pump_pause(struct pump *p, bool paused)
{
    if (p->paused != paused)
        pump_kick(p);
    p->paused = paused;
}

struct stream *pump_stream(const struct pump *p)
{
    return p->stream;
}

uint64_t pump_received_ms(const struct pump *p)
{
    return p->received_ms;
}

bool pump_session_offered(const struct pump *p)
{
    return p->session_offered;
}

bool pump_tls_session(const struct pump *p, struct buf *out)
{
    return p->in_tls && !p->handshaking && chan_tls_session(p->chan, out);
}

/* ---- ends ---- */

static void end_with(struct pump *p, const struct linnet_error *error)
{
    if (p->over)
        return;
    p->over = true;
    p->error = *error;
}

void pump_doom(struct pump *p, const struct linnet_error *error)
{
    end_with(p, error);
    pump_kick(p);
}

static void replace_error(struct linnet_error *error, enum linnet_error_code code,
                          const char *target, const char *name, const char *value)
{
    enum linnet_stage stage = error->stage;
    *error = (struct linnet_error){.stage = stage};
    error_set(error, code, LINNET_ORIGIN_PEER, "target", target, name, value, NULL);
}

/* Where the peer spoke something else, say what, with what it said as evidence. */
static void explain(const struct pump *p, bool expected_tls, struct linnet_error *error)
{
    const char *found = detect_protocol(str_of(p->first, p->first_len), expected_tls);
    if (found)
        replace_error(error, LINNET_ERROR_NOT_XMPP, p->set.target, "found", found);
    else if (error->code == LINNET_ERROR_CONNECTION_LOST && !expected_tls && p->first_len == 0)
        replace_error(error, LINNET_ERROR_CONNECTION_LOST, p->set.target, "reason",
                      "it was closed before a byte came back, as a port for direct TLS does");
}

static void lost(const struct pump *p, struct linnet_error *error)
{
    *error = (struct linnet_error){0};
    error_set(error, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_NETWORK, "target", p->set.target,
              "reason", chan_fault(p->chan), NULL);
}

static void on_closed(struct pump *p, const struct linnet_error *how)
{
    struct linnet_error error = *how;
    bool spoke = stream_tls(p->stream) || p->in_tls;
    if (!spoke && (error.code == LINNET_ERROR_NOT_XMPP || error.code == LINNET_ERROR_PROTOCOL ||
                   error.code == LINNET_ERROR_CONNECTION_LOST))
        explain(p, false, &error);
    end_with(p, &error);
}

/* ---- TLS ---- */

/* What the stream says before the handshake is finished goes with its first message, and is kept:
 * a server that does not accept it is told again (RFC 8446 §4.2.10). */
static void write_early(struct pump *p)
{
    struct stream_output out;
    while (stream_output(p->stream, &out)) {
        size_t len = 0;
        if (chan_tls_write_early(p->chan, out.data, out.len, &len) != CHAN_OK || len == 0)
            return; /* the rest goes after the handshake */
        buf_append(&p->early, out.data, len);
        stream_output_ack(p->stream, loop_now_ms(), len);
    }
}

static void begin_early(struct pump *p, uint64_t id)
{
    struct tls_facts facts;
    if (chan_tls_early_max(p->chan) == 0 || !chan_tls_early_facts(p->chan, &facts))
        return;
    if (!stream_answer_tls(p->stream, loop_now_ms(), id, STREAM_TLS_EARLY, &facts, NULL))
        return;
    p->set.hooks->secured(p->set.ctx, &facts);
    write_early(p);
    if (p->early.failed) {
        struct linnet_error error = {0};
        error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        end_with(p, &error);
    }
}

static void early_arrived(struct pump *p)
{
    if (!chan_tls_early_accepted(p->chan))
        return;
    buf_reset(&p->early);
    buf_trim(&p->early);
}

static void begin_tls(struct pump *p, uint64_t id)
{
    /* What has come already is TLS only when TLS comes first; elsewhere the stream refuses it. */
    if (p->in_end > p->in_start && !p->set.direct_tls) {
        stream_input(p->stream, loop_now_ms(), p->in + p->in_start, p->in_end - p->in_start, 0);
        if (!stream_waiting(p->stream))
            return;
    }
    struct chan_tls_options options = {
        .host = p->set.tls_host,
        .alpn = p->set.direct_tls ? "xmpp-client" : NULL,
        .leftover = str_of(p->in + p->in_start, p->in_end - p->in_start),
        .session = buf_len(&p->session) ? buf_peek(&p->session) : STR_NONE,
        .keep_session = true,
        .early_data = p->set.early_data,
    };
    loop_poll_set(p->poll, 0);
    struct chan *tls = chan_tls_new(p->set.tls, p->chan, &options);
    p->in_start = p->in_end = 0;
    p->chan = tls;
    p->session_offered = buf_len(&p->session) > 0;
    if (!tls) { /* the socket is gone */
        struct linnet_error error = {0};
        loop_poll_free(p->poll);
        p->poll = NULL;
        error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        end_with(p, &error);
        return;
    }
    p->tls_want = id;
    p->handshaking = p->in_tls = true;
    p->tls_deadline_ms = loop_now_ms() + p->set.tls_timeout_ms;
    begin_early(p, id);
}

static void tls_failed(struct pump *p, struct linnet_error *error)
{
    p->handshaking = false;
    error->stage = LINNET_STAGE_SECURE;
    if (error->code != LINNET_ERROR_TIMEOUT)
        explain(p, p->set.direct_tls, error);
    stream_answer_tls(p->stream, loop_now_ms(), p->tls_want, STREAM_TLS_FINISHED, NULL, error);
}

static void tls_timed_out(struct pump *p)
{
    struct linnet_error error = {0};
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%g", p->set.tls_timeout_ms / 1000.0);
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", seconds, "stage",
              linnet_stage_name(LINNET_STAGE_SECURE), "target", p->set.target, NULL);
    tls_failed(p, &error);
}

/* The first bytes as they are on the wire, before TLS or the stream judge them. */
static void look(struct pump *p)
{
    if (p->first_len > 0)
        return;
    ssize_t got = recv(p->chan->fd, p->first, sizeof p->first, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        p->first_len = (size_t)got;
}

static bool step_handshake(struct pump *p)
{
    if (!p->handshaking)
        return false;
    look(p);
    struct linnet_error error = {0};
    struct tls_facts facts;
    switch (chan_tls_handshake(p->chan)) {
    case CHAN_OK:
        p->handshaking = false;
        early_arrived(p);
        chan_tls_facts(p->chan, &facts);
        p->set.hooks->secured(p->set.ctx, &facts);
        stream_answer_tls(p->stream, loop_now_ms(), p->tls_want, STREAM_TLS_FINISHED, &facts, NULL);
        return true;
    case CHAN_AGAIN:
        if (loop_now_ms() < p->tls_deadline_ms)
            return false;
        tls_timed_out(p);
        return true;
    case CHAN_EOF:
    case CHAN_LOST:
        break;
    }
    chan_tls_error(p->chan, p->set.target, &error);
    tls_failed(p, &error);
    return true;
}

/* ---- events ---- */

static bool drain_events(struct pump *p)
{
    struct stream_event e;
    bool any = false;
    while (!p->over && !p->staged && stream_event(p->stream, &e)) {
        any = true;
        p->staged = e.kind == STREAM_EVENT_STAGE || e.kind == STREAM_EVENT_READY;
        if (e.kind == STREAM_EVENT_READY)
            chan_tls_secrets_travelled(p->chan);
        if (e.kind == STREAM_EVENT_CLOSED)
            on_closed(p, e.error);
        else if (e.kind == STREAM_WANT_TLS)
            begin_tls(p, e.id);
        else
            p->set.hooks->event(p->set.ctx, &e);
    }
    return any;
}

/* ---- bytes ---- */

/* What is to be written next: early data that was in vain, then the stream's output. */
static bool output(const struct pump *p, struct stream_output *ret)
{
    struct str early = buf_peek(&p->early);
    if (early.len == 0)
        return stream_output(p->stream, ret);
    *ret = (struct stream_output){(const uint8_t *)early.ptr, early.len, 0};
    return true;
}

static void output_ack(struct pump *p, size_t len)
{
    if (buf_len(&p->early) == 0) {
        stream_output_ack(p->stream, loop_now_ms(), len);
        return;
    }
    buf_consume(&p->early, len);
    buf_trim(&p->early);
}

static bool step_write(struct pump *p)
{
    struct stream_output out;
    bool any = false;
    p->write_wants = 0;
    while (!p->handshaking && !p->write_lost && p->chan && output(p, &out)) {
        size_t len = 0;
        enum chan_result result = chan_write(p->chan, out.data, out.len, &len);
        if (result == CHAN_AGAIN) {
            p->write_wants = chan_wants(p->chan);
            break;
        }
        if (result != CHAN_OK) {
            p->write_lost = true;
            break;
        }
        any = true;
        output_ack(p, len);
    }
    return any;
}

/* Feeds what is held. Returns whether anything was consumed. */
static bool feed(struct pump *p)
{
    if (p->in_start == p->in_end || stream_waiting(p->stream))
        return false;
    size_t used =
        stream_input(p->stream, loop_now_ms(), p->in + p->in_start, p->in_end - p->in_start, 0);
    wipe(p->in + p->in_start, used);
    p->in_start += used;
    return used > 0;
}

static void input_ended(struct pump *p, enum chan_result result)
{
    struct linnet_error error;
    lost(p, &error);
    stream_input_end(p->stream, loop_now_ms(), result == CHAN_EOF ? NULL : &error);
}

static bool step_read(struct pump *p)
{
    if (feed(p))
        return true;
    p->read_wants = 0;
    if (p->handshaking || p->paused || stream_waiting(p->stream) || p->in_start != p->in_end)
        return false;
    if (p->reads == READS_PER_TURN) {
        loop_timer_set(p->timer, 0);
        return false;
    }
    if (!p->in_tls)
        look(p);
    size_t len = 0;
    enum chan_result result = chan_read(p->chan, p->in, sizeof p->in, &len);
    if (result == CHAN_AGAIN) {
        p->read_wants = chan_wants(p->chan);
        if (p->write_lost)
            input_ended(p, CHAN_LOST);
        return p->write_lost;
    }
    if (result != CHAN_OK) {
        input_ended(p, result);
        return true;
    }
    p->reads++;
    p->in_start = 0;
    p->in_end = len;
    p->received_ms = loop_now_ms();
    return feed(p);
}

/* ---- turns ---- */

static void watch(struct pump *p)
{
    if (p->handshaking)
        loop_poll_set(p->poll, chan_wants(p->chan));
    else
        loop_poll_set(p->poll, p->read_wants | p->write_wants);
    uint64_t deadline_ms = stream_deadline_ms(p->stream);
    if (p->handshaking && p->tls_deadline_ms < deadline_ms)
        deadline_ms = p->tls_deadline_ms;
    if (p->reads == READS_PER_TURN || p->staged)
        loop_timer_set(p->timer, 0);
    else if (deadline_ms == UINT64_MAX)
        loop_timer_stop(p->timer);
    else
        loop_timer_set_at(p->timer, deadline_ms);
}

static void finish(struct pump *p)
{
    struct linnet_error error = p->error;
    p->ended = true;
    loop_timer_stop(p->timer);
    if (p->poll)
        loop_poll_set(p->poll, 0);
    if (p->chan && !p->handshaking) {
        step_write(p); /* the last words, as far as they go at once */
        chan_shutdown(p->chan);
    }
    p->set.hooks->ended(p->set.ctx, &error);
}

static void turn(struct pump *p)
{
    if (p->ended)
        return;
    p->turning = true;
    p->reads = 0;
    p->staged = false;
    uint64_t now_ms = loop_now_ms();
    if (now_ms >= stream_deadline_ms(p->stream))
        stream_tick(p->stream, now_ms);
    bool moved = true;
    while (moved && !p->over) {
        moved = drain_events(p);
        if (p->staged)
            break;
        if (!p->over)
            moved |= step_handshake(p);
        if (!p->over)
            moved |= step_write(p);
        if (!p->over)
            moved |= step_read(p);
    }
    p->turning = false;
    if (p->over)
        finish(p);
    else
        watch(p);
}
