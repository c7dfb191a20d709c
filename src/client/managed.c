#include "client/managed.h"

#include "client/client_private.h"
#include "xml/reader.h"

#include <stdlib.h>

enum {
    CLOSE_WAIT_MS = 2000,
    ASK_AGAIN_MS = 100, /* when the server has answered that it has nothing more yet */
    HEADER_BYTES = 256
};

/* A tag is the id that the application knows, and what it may expect. */
enum { TAG_TOLD = 1, TAG_AGAIN = 2, TAG_BITS = 2 };

/* ---- telling ---- */

static bool tell_acked(struct linnet_client *c, struct sm *sm)
{
    uint64_t tag;
    for (;;) {
        struct event_node *n = event_new(LINNET_EVENT_ACKED); /* first: a tag is taken once */
        if (!n)
            return false;
        if (!sm_next_acked(sm, &tag)) {
            event_free(n);
            return true;
        }
        n->event.id = tag >> TAG_BITS;
        c->managed.acked++;
        if (tag)
            c->managed.told_id = tag >> TAG_BITS;
        if (tag & TAG_TOLD)
            event_push(&c->events, n);
        else
            event_free(n);
    }
}

/* The stanza as it was written. */
static const struct element *parse(struct xml_reader *r, struct str xml)
{
    static const char header[] =
        "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>";
    size_t used;
    bool good = xml_reader_read(r, header, sizeof header - 1, &used) == XML_HEADER &&
                xml_reader_read(r, xml.ptr, xml.len, &used) == XML_ELEMENT;
    return good ? xml_reader_element(r) : NULL;
}

static bool tell_undelivered(struct linnet_client *c, const struct sm_entry *entry)
{
    struct event_node *n = event_new(LINNET_EVENT_UNDELIVERED);
    struct xml_limits limits = xml_limits_after_auth;
    limits.element_bytes = entry->xml.len + HEADER_BYTES; /* the header counts as one too */
    struct xml_reader *r = n ? xml_reader_new(&limits, false) : NULL;
    const struct element *e = r ? parse(r, entry->xml) : NULL;
    bool told = e ? event_set_stanza(n, e) : r && xml_reader_fault(r) != XML_FAULT_NO_MEMORY;
    xml_reader_free(r);
    if (!told) {
        event_free(n);
        return false;
    }
    n->event.id = c->managed.told_id = entry->tag >> TAG_BITS;
    event_push(&c->events, n);
    return true;
}

static bool sent_again(const struct managed_rest *rest, const struct sm_entry *entry)
{
    return (entry->tag & TAG_AGAIN) && rest->index >= rest->from && rest->index < rest->before;
}

static void tell_rest(struct linnet_client *c)
{
    struct managed_rest *rest = &c->managed.rest;
    struct sm_cursor at = rest->at;
    struct sm_entry entry;
    if (!rest->sm || !tell_acked(c, rest->sm))
        return;
    while (sm_next(rest->sm, &at, &entry)) {
        if (entry.tag && !sent_again(rest, &entry) && !tell_undelivered(c, &entry))
            return;
        rest->at = at;
        rest->index++;
    }
    sm_unref(rest->sm);
    rest->sm = NULL;
}

/* What the session held is the rest of one now. */
static void leave(struct managed *m, size_t from, size_t before)
{
    m->rest = (struct managed_rest){.sm = m->sm, .from = from, .before = before};
    free(m->address);
    m->sm = NULL;
    m->address = NULL;
    m->detached = m->refused = m->known = m->counting = m->closing = m->ended = false;
    m->newest = NULL;
    m->session++;
}

void managed_tell(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    tell_rest(c);
    if (!m->rest.sm && m->ended) {
        leave(m, 0, 0);
        tell_rest(c);
    }
    if (!m->rest.sm && m->sm && !m->detached)
        (void)tell_acked(c, m->sm);
    if (m->closing && m->acked >= m->close_acked)
        loop_timer_set(m->timer, 0);
}

/* ---- asking ---- */

/* Whether the session's stanzas are counted on the connection there is. */
static bool is_on(const struct linnet_client *c)
{
    const struct stream *stream = client_stream(c);
    return c->managed.sm && stream && stream_sm(stream) == c->managed.sm;
}

static bool is_awaited(const struct managed *m)
{
    return sm_pending(m->sm) > 0 && (m->closing || m->told_id < m->awaited_id);
}

void managed_hurry(struct linnet_client *c)
{
    uint64_t since_ms;
    const struct managed *m = &c->managed;
    if (!is_on(c) || !is_awaited(m) || sm_unanswered(m->sm, &since_ms))
        return;
    stream_ask_acked(client_stream(c), loop_now_ms());
    client_kick(c);
}

static void on_ask_timer(void *ctx)
{
    managed_hurry(ctx);
}

/* ---- is the server still there? ---- */

static void watch(struct linnet_client *c, uint64_t at_ms)
{
    c->managed.watching = true;
    loop_timer_set_at(c->managed.watch_timer, at_ms);
}

/* What is sent into the void is unacknowledged: that is found out sooner than silence alone. */
static void on_watch_timer(void *ctx)
{
    struct linnet_client *c = ctx;
    struct managed *m = &c->managed;
    uint32_t timeout_ms = c->config->ping_timeout_ms;
    uint64_t now_ms = loop_now_ms(), since_ms;
    m->watching = false;
    if (!is_on(c) || sm_pending(m->sm) == 0)
        return;
    uint64_t heard_ms = session_heard_ms(c, now_ms);
    if (!sm_unanswered(m->sm, &since_ms))
        since_ms = now_ms;
    since_ms = heard_ms > since_ms ? heard_ms : since_ms;
    if (now_ms >= since_ms + timeout_ms)
        session_no_answer(c, timeout_ms);
    else
        watch(c, since_ms + timeout_ms);
}

/* ---- life ---- */

static void on_timer(void *ctx)
{
    struct linnet_client *c = ctx;
    struct managed *m = &c->managed;
    if (!m->closing || !client_stream(c))
        return;
    m->closing = false;
    stream_close(client_stream(c), loop_now_ms(), STREAM_OK, STR_NONE);
    client_kick(c);
}

bool managed_init(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    m->timer = loop_timer_new(&c->loop, on_timer, c);
    m->ask_timer = loop_timer_new(&c->loop, on_ask_timer, c);
    m->watch_timer = loop_timer_new(&c->loop, on_watch_timer, c);
    return m->timer && m->ask_timer && m->watch_timer;
}

void managed_finish(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    loop_timer_free(m->timer);
    loop_timer_free(m->ask_timer);
    loop_timer_free(m->watch_timer);
    sm_unref(m->sm);
    sm_unref(m->rest.sm);
    free(m->address);
}

/* ---- from connection to connection ---- */

void managed_ask(const struct linnet_client *c, struct stream_fast_path *ret)
{
    const struct managed *m = &c->managed;
    ret->sm = !c->config->no_stream_management;
    ret->sm_brief = !c->config->reconnect; /* else it would hold what comes, for nobody */
    ret->sm_limits = (struct sm_limits){MANAGED_STANZAS_MAX, MANAGED_BYTES_MAX};
    if (!m->sm || m->refused)
        return;
    ret->resume = m->sm;
    ret->resume_address = str_from(m->address);
}

static void on_acked(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    uint64_t before = m->acked;
    managed_tell(c);
    if (m->acked > before)
        managed_hurry(c);
    else if (is_on(c) && is_awaited(m))
        loop_timer_set(m->ask_timer, ASK_AGAIN_MS);
}

void managed_event(struct linnet_client *c, const struct stream_event *event)
{
    struct managed *m = &c->managed;
    if (event->kind == STREAM_EVENT_MANAGED) {
        m->counting = true;
    } else if (event->kind == STREAM_EVENT_RESUME_FAILED) {
        m->refused = true;
        m->known = stream_sm_old_known(client_stream(c));
    } else if (event->kind == STREAM_EVENT_ACKED && c->state != CLIENT_LOGIN) {
        on_acked(c);
    }
}

bool managed_resumed(const struct linnet_client *c)
{
    return stream_path(client_stream(c)) & STREAM_PATH_RESUMED;
}

/* Sends again, in order, what did not arrive. Returns up to which. */
static size_t send_again(struct linnet_client *c, struct sm *old, size_t from)
{
    struct stream *stream = client_stream(c);
    struct sm_cursor at = {0};
    struct sm_entry entry;
    size_t i = 0;
    for (; stream_sm(stream) && sm_next(old, &at, &entry); i++) {
        if (i < from || !(entry.tag & TAG_AGAIN))
            continue;
        size_t held = sm_pending(stream_sm(stream));
        if (!stream_send_bytes(stream, loop_now_ms(), entry.xml, entry.tag) &&
            sm_pending(stream_sm(stream)) == held)
            break;
    }
    return i;
}

void managed_begin(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    struct sm *sm = stream_sm(client_stream(c));
    if (managed_resumed(c)) {
        m->detached = false;
        m->counting = true;
        managed_tell(c);
        managed_hurry(c);
        return;
    }
    if (m->sm) {
        struct linnet_error why = {0};
        error_set(&why, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_PEER, "reason",
                  "the server could not go on with the session", NULL);
        size_t from = m->known ? 0 : sm_written(m->sm);
        size_t before = send_again(c, m->sm, from);
        leave(m, from, before);
        iq_fail_all(c, &why);
        tell_rest(c);
    }
    m->sm = sm_ref(sm);
    m->session++;
    managed_hurry(c);
}

bool managed_keep(struct linnet_client *c, const struct linnet_error *error)
{
    struct managed *m = &c->managed;
    if (!m->sm || !stream_sm(client_stream(c)) || sm_id(m->sm).len == 0 || m->ended ||
        !reconnect_follows(c, error))
        return false;
    char *address = strdup(linnet_client_jid(c));
    if (!address)
        return false;
    free(m->address);
    m->address = address;
    m->detached = true;
    sm_detach(m->sm);
    return true;
}

void managed_release(struct linnet_client *c, const struct linnet_error *error)
{
    struct managed *m = &c->managed;
    loop_timer_stop(m->timer);
    if (!m->sm)
        return;
    struct linnet_error why = *error;
    if (why.code == LINNET_OK)
        error_set(&why, LINNET_ERROR_INTERRUPTED, LINNET_ORIGIN_HERE, NULL);
    iq_fail_all(c, &why);
    if (!m->detached && !m->ended && !is_on(c)) {
        sm_unref(m->sm); /* the server declined to manage it: nothing is known of anything */
        m->sm = NULL;
        return;
    }
    m->ended = true;
    managed_tell(c);
}

/* ---- out ---- */

bool managed_waits(const struct linnet_client *c)
{
    return c->managed.detached && !c->managed.ended;
}

bool managed_full(const struct linnet_client *c)
{
    const struct sm *sm = c->managed.sm;
    return sm && !c->managed.ended &&
           (sm_pending(sm) >= MANAGED_STANZAS || sm_pending_bytes(sm) > CLIENT_OUTPUT_BYTES);
}

bool managed_write(struct linnet_client *c, struct str xml, unsigned flags, uint64_t *ret_id)
{
    struct managed *m = &c->managed;
    uint64_t tag = 0, now_ms = loop_now_ms();
    if (flags & MANAGED_OWN)
        tag = 0;
    else
        tag = ++m->last_id << TAG_BITS | (ret_id ? TAG_TOLD : 0) |
              (flags & MANAGED_AGAIN ? TAG_AGAIN : 0);
    if (ret_id)
        *ret_id = tag >> TAG_BITS;
    if (managed_waits(c)) {
        sm_detach(m->sm); /* from a login, too, that resumed it and failed after all */
        return sm_sent(m->sm, xml, tag, now_ms) == SM_OK;
    }
    struct stream *stream = client_stream(c);
    if (is_on(c) && !m->watching)
        watch(c, now_ms + c->config->ping_timeout_ms);
    size_t held = m->sm ? sm_pending(m->sm) : 0;
    return stream_send_bytes(stream, now_ms, xml, tag) || (m->sm && sm_pending(m->sm) > held);
}

size_t managed_open(const struct linnet_client *c)
{
    const struct managed *m = &c->managed;
    struct sm_cursor at = {0};
    struct sm_entry entry;
    size_t count = 0;
    while (is_on(c) && sm_next(m->sm, &at, &entry))
        count += entry.tag != 0;
    return count;
}

bool managed_close(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    if (!m->sm || !stream_sm(client_stream(c)) || managed_open(c) == 0)
        return false;
    managed_tell(c);
    m->closing = true;
    m->close_acked = m->acked + sm_pending(m->sm); /* what follows is our answers to others */
    loop_timer_set(m->timer, CLOSE_WAIT_MS);
    managed_hurry(c);
    return true;
}

/* ---- in ---- */

void managed_received(struct linnet_client *c, struct event_node *n)
{
    struct managed *m = &c->managed;
    if (!m->counting || !m->sm)
        return;
    if (n) {
        n->counted = 1;
        n->session = m->session;
        m->newest = n;
    } else if (m->newest) {
        m->newest->counted++;
    } else {
        sm_handled(m->sm, 1);
    }
}

void managed_given_back(struct linnet_client *c)
{
    struct managed *m = &c->managed;
    struct event_node *n = c->events.lent;
    if (!n || !n->counted)
        return;
    if (m->newest == n)
        m->newest = NULL;
    if (m->sm && n->session == m->session)
        sm_handled(m->sm, n->counted);
    n->counted = 0;
}

bool linnet_client_is_managed(const struct linnet_client *c)
{
    const struct stream *stream = client_stream(c);
    return managed_waits(c) || (stream && stream_sm(stream));
}

bool managed_all_told(const struct linnet_client *c)
{
    return !c->managed.rest.sm && !c->managed.ended;
}
