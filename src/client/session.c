#include "client/client_private.h"
#include "ext/ping.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROBE_MS = 5000 };

/* ---- is the server still there? (XEP-0199; RFC 6120 §4.6.4) ---- */

static void set_ping_timer(struct linnet_client *c, uint64_t at_ms)
{
    if (c->config->ping_interval_ms != UINT32_MAX)
        loop_timer_set_at(c->session.ping_timer, at_ms);
}

static void send_ping(struct linnet_client *c, uint64_t now_ms, uint32_t wait_ms)
{
    char id[LINNET_ID_SIZE];
    struct arena a;
    arena_init(&a, 0, false);
    bool managed = stream_sm(client_stream(c)) != NULL;
    linnet_client_make_id(c, id);
    const struct element *iq = ping_request(&a, NULL, id);
    if (managed) /* an <r/> must be answered too, and costs less */
        stream_ask_acked(client_stream(c), now_ms);
    else if (!a.failed)
        stream_send(client_stream(c), now_ms, iq);
    arena_finish(&a);
    c->session.ping_sent_ms = now_ms;
    c->session.ping_wait_ms = wait_ms;
    loop_timer_set_at(c->session.ping_timer, now_ms + wait_ms);
    client_kick(c);
}

void session_no_answer(struct linnet_client *c, uint32_t waited_ms)
{
    struct linnet_error error = {0};
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%g", waited_ms / 1000.0);
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", seconds, "stage",
              linnet_stage_name(LINNET_STAGE_READY), "target", c->login.peer, NULL);
    login_end(c, &error);
}

uint64_t session_heard_ms(const struct linnet_client *c, uint64_t now_ms)
{
    uint64_t heard_ms = pump_received_ms(dial_pump(c->dial));
    if (c->events.bytes > CLIENT_EVENTS_BYTES) /* it is we who do not listen */
        return now_ms;
    return heard_ms < c->session.online_ms ? c->session.online_ms : heard_ms;
}

/* Any byte proves that the server lives, whatever it says to the ping. */
static void ping_timer_fired(void *ctx)
{
    struct linnet_client *c = ctx;
    struct session *s = &c->session;
    if (c->state != CLIENT_ONLINE)
        return;
    uint64_t now_ms = loop_now_ms(), heard_ms = session_heard_ms(c, now_ms);
    if (s->ping_sent_ms && heard_ms < s->ping_sent_ms) {
        session_no_answer(c, s->ping_wait_ms);
        return;
    }
    s->ping_sent_ms = 0;
    uint64_t due_ms = heard_ms + c->config->ping_interval_ms;
    if (now_ms >= due_ms)
        send_ping(c, now_ms, c->config->ping_timeout_ms);
    else
        set_ping_timer(c, due_ms);
}

void session_probe(struct linnet_client *c)
{
    const struct session *s = &c->session;
    if (c->state != CLIENT_ONLINE || (s->ping_sent_ms && s->ping_wait_ms <= PROBE_MS))
        return; /* one that is open already is not put off */
    send_ping(c, loop_now_ms(), PROBE_MS);
}

/* ---- begin and end ---- */

bool session_init(struct linnet_client *c)
{
    list_init(&c->session.requests);
    c->session.ping_timer = loop_timer_new(&c->loop, ping_timer_fired, c);
    c->session.iq_timer = loop_timer_new(&c->loop, iq_timer_fired, c);
    return c->session.ping_timer && c->session.iq_timer;
}

void session_finish(struct linnet_client *c)
{
    static const struct linnet_error freed = {.code = LINNET_ERROR_INTERRUPTED};
    if (c->session.requests.next) /* else session_init was not reached */
        iq_fail_all(c, &freed);
    loop_timer_free(c->session.ping_timer);
    loop_timer_free(c->session.iq_timer);
}

void session_begin(struct linnet_client *c)
{
    c->session.online_ms = loop_now_ms();
    c->session.ping_sent_ms = 0;
    if (c->config->ping_interval_ms != UINT32_MAX)
        set_ping_timer(c, c->session.online_ms + c->config->ping_interval_ms);
}

void session_end(struct linnet_client *c, const struct linnet_error *error, bool kept)
{
    struct linnet_error why = *error;
    if (why.code == LINNET_OK)
        error_set(&why, LINNET_ERROR_INTERRUPTED, LINNET_ORIGIN_HERE, NULL);
    loop_timer_stop(c->session.ping_timer);
    loop_timer_stop(c->managed.timer);
    if (kept)
        return;
    loop_timer_stop(c->session.iq_timer);
    managed_release(c, &why);
    iq_fail_all(c, &why);
}

void linnet_client_close(struct linnet_client *c)
{
    struct linnet_error error = {.stage = c->login.stage};
    reconnect_stop(c);
    managed_given_back(c); /* what the application looks at, it has */
    if (c->state != CLIENT_ONLINE && c->state != CLIENT_CLOSING) {
        struct linnet_error closed = {0};
        error_set(&closed, LINNET_ERROR_INTERRUPTED, LINNET_ORIGIN_HERE, NULL);
        managed_release(c, &closed);
    }
    if (c->state == CLIENT_LOGIN) {
        error_set(&error, LINNET_ERROR_INTERRUPTED, LINNET_ORIGIN_HERE, NULL);
        login_end(c, &error);
    } else if (c->state == CLIENT_ONLINE) {
        c->state = CLIENT_CLOSING;
        if (!managed_close(c))
            stream_close(client_stream(c), loop_now_ms(), STREAM_OK, STR_NONE);
        client_kick(c);
    }
}

/* ---- stanzas in ---- */

void session_deliver(struct linnet_client *c, const struct element *stanza)
{
    struct event_node *n = event_new(LINNET_EVENT_STANZA);
    if (!n || !event_set_stanza(n, stanza)) {
        event_free(n);
        login_doom_memory(c); /* a stanza that is lost in silence would be worse */
        return;
    }
    event_push(&c->events, n);
    managed_received(c, n);
    if (c->events.bytes > CLIENT_EVENTS_BYTES)
        pump_pause(dial_pump(c->dial), true);
}

/* One that answers nothing of ours is dropped (RFC 6120 §8.2.3). */
static void drop_or_reply(struct linnet_client *c, const struct element *iq)
{
    if (!iq_reply(c, iq))
        managed_received(c, NULL);
}

void session_stanza(struct linnet_client *c, const struct element *stanza)
{
    if (stanza_kind(stanza, NS_CLIENT) != STANZA_IQ) {
        session_deliver(c, stanza);
        return;
    }
    const char *type = element_attr(stanza, "type");
    if (cstr_eq(type, "result") || cstr_eq(type, "error"))
        drop_or_reply(c, stanza);
    else
        answer_request(c, stanza);
}

/* ---- stanzas out ---- */

enum linnet_error_code session_may_send(const struct linnet_client *c, struct linnet_error *error)
{
    bool waits = managed_waits(c);
    if (!waits && (c->state != CLIENT_ONLINE || !client_stream(c)))
        return error_set(error, LINNET_ERROR_OFFLINE, LINNET_ORIGIN_HERE, NULL);
    if (managed_full(c))
        return error_set(error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, "limit",
                         "too much was sent that is not acknowledged; wait until it is", NULL);
    if (!waits && stream_output_pending(client_stream(c)) > CLIENT_OUTPUT_BYTES)
        return error_set(error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, "limit",
                         "too much waits to be sent; wait until it is written", NULL);
    return LINNET_OK;
}

enum linnet_error_code session_write(struct linnet_client *c, const struct linnet_element *stanza,
                                     unsigned flags, uint64_t *ret_id, struct linnet_error *error)
{
    struct buf xml;
    enum linnet_error_code code = element_built(stanza);
    if (code == LINNET_ERROR_USAGE || (code == LINNET_OK && !linnet_stanza_kind(stanza)))
        return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason",
                         code == LINNET_OK ? "that is not a message, presence or iq"
                                           : "the stanza holds characters that XML does not allow",
                         NULL);
    buf_init(&xml, 0, true);
    if (code == LINNET_OK)
        xml_print(&xml, element_private(stanza), NS_CLIENT);
    if (code != LINNET_OK || xml.failed || !managed_write(c, buf_peek(&xml), flags, ret_id))
        code = error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    buf_finish(&xml);
    client_kick(c);
    return code;
}

enum linnet_error_code linnet_client_send(struct linnet_client *c,
                                          const struct linnet_element *stanza,
                                          struct linnet_error *error)
{
    return linnet_client_send_tracked(c, stanza, NULL, error);
}

/* A message, or a presence for somebody, means the same in a session that follows. */
static unsigned may_go_again(const struct linnet_element *stanza)
{
    enum linnet_stanza_kind kind = linnet_stanza_kind(stanza);
    bool again = kind == LINNET_STANZA_MESSAGE ||
                 (kind == LINNET_STANZA_PRESENCE && linnet_element_attr(stanza, "to"));
    return again ? MANAGED_AGAIN : 0;
}

enum linnet_error_code linnet_client_send_tracked(struct linnet_client *c,
                                                  const struct linnet_element *stanza,
                                                  uint64_t *ret_id, struct linnet_error *error)
{
    enum linnet_error_code code = session_may_send(c, error);
    if (code == LINNET_OK)
        code = session_write(c, stanza, may_go_again(stanza), ret_id, error);
    if (code == LINNET_OK && ret_id) {
        c->managed.awaited_id = *ret_id;
        managed_hurry(c);
    }
    return code;
}
