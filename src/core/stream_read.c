#include "core/feat_sm.h"

#include <string.h>

/* Bytes to items, and each item to whoever handles it. */

static void client_features(struct stream *s, const struct element *e)
{
    arena_finish(&s->login->features_arena);
    s->login->features = element_copy(&s->login->features_arena, e);
    if (!s->login->features) {
        stream_out_of_memory(s);
        return;
    }
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_FEATURES, .element = e});
    if (!sasl2_is_pipelined(s))
        feature_negotiate(s);
}

/* The answer to an iq may hold nothing but an error: it is told by its kind. */
static bool is_for(const struct feature *f, const struct element *e)
{
    return f && (feature_of(e) == f || (f->by_iq && stanza_kind(e, NS_CLIENT) == STANZA_IQ));
}

static void client_element(struct stream *s, const struct element *e)
{
    if (element_is(e, NS_STREAM, "features")) {
        if (s->phase == PHASE_FEATURES)
            client_features(s, e);
        else
            stream_fail_protocol(s, STREAM_OK, "the server sent its features out of turn");
        return;
    }
    if (s->phase == PHASE_NEGOTIATE && is_for(s->login->active, e))
        s->login->active->handle[STREAM_CLIENT](s, e);
    else if (s->phase == PHASE_FEATURES)
        stream_fail_protocol(s, STREAM_OK, "the server did not begin with its features");
    /* Anything else before READY is none of ours: a server may speak early (RFC 6120 §4.3.5),
     * and nothing that we did not ask for takes effect. */
}

/* Nothing but a token may come before the client has proved that it is there (RFC 8446 §8). */
static bool comes_too_early(const struct stream *s, const struct element *e)
{
    return s->early_want && !element_is(e, NS_SASL2, "authenticate");
}

static void server_element(struct stream *s, const struct element *e)
{
    const struct feature *f = feature_of(e);
    if (upgrade_in_task(s) && f != &feature_sasl2)
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in went out of order");
    else if (f && f->handle[STREAM_SERVER])
        f->handle[STREAM_SERVER](s, e);
    else if (stanza_kind(e, NS_CLIENT) != STANZA_NONE)
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "a stanza came before sign-in and binding");
    else
        stream_fail_protocol(s, STREAM_UNSUPPORTED_STANZA_TYPE, "an unknown element came");
}

/* RFC 3921's session: answered for old clients, without effect (RFC 6121 appendix E). */
static bool session_request(struct stream *s, const struct element *e)
{
    const char *to = element_attr(e, "to");
    if (stream_is_client(s) || s->phase != PHASE_READY || (to && !cstr_eq(to, s->domain)) ||
        !stanza_iq_payload(e, IQ_SET, NS_SESSION, "session"))
        return false;
    feature_session.handle[STREAM_SERVER](s, e);
    return true;
}

static void ready_element(struct stream *s, const struct element *e)
{
    if (session_request(s, e)) {
        if (s->sm && s->sm_counts_in)
            sm_received_finished(s->sm);
        return;
    }
    if (stanza_kind(e, NS_CLIENT) != STANZA_NONE) {
        if (s->sm && s->sm_counts_in)
            sm_received(s->sm);
        stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_STANZA, .element = e});
    } else if (cstr_eq(e->ns, NS_SM))
        sm_ready_element(s, e);
    else if (!stream_is_client(s) && s->phase == PHASE_READY)
        stream_fail_protocol(s, STREAM_UNSUPPORTED_STANZA_TYPE, "an unknown element came");
}

static void on_element(struct stream *s, const struct element *e)
{
    stream_trace_element(s, STREAM_RECEIVED, e, STR_NONE);
    stream_progress(s);
    if (element_is(e, NS_STREAM, "error"))
        stream_error_received(s, e);
    else if (!stream_is_client(s) && comes_too_early(s, e))
        stream_fail_protocol(s, STREAM_POLICY_VIOLATION, "more than a token came as early data");
    else if (s->was_ready)
        ready_element(s, e);
    else if (s->phase == PHASE_CLOSING)
        return;
    else if (stream_is_client(s))
        client_element(s, e);
    else
        server_element(s, e);
}

static void trace_header(struct stream *s, const struct element *e)
{
    if (!s->trace.line)
        return;
    struct buf text;
    buf_init(&text, 0, false);
    buf_cstr(&text, "<stream:stream");
    for (const struct attr *a = e->attrs; a; a = a->next) {
        buf_printf(&text, " %s%s='", a->ns[0] ? "xml:" : "", a->name);
        xml_escape_attr(&text, str_of(a->value, a->value_len));
        buf_byte(&text, '\'');
    }
    buf_byte(&text, '>');
    stream_trace_text(s, STREAM_RECEIVED, buf_peek(&text));
    buf_finish(&text);
}

static size_t leading_space(const uint8_t *data, size_t len)
{
    size_t n = 0;
    while (n < len && strchr(" \t\r\n", data[n]) && data[n])
        n++;
    return n;
}

/* Bytes while TLS is due; how many may be dropped. A server that let us have bytes after <proceed/>
 * is not the one who wrote it; a client may have sent its ClientHello at once, and nothing else
 * (RFC 6120 §5.4.3.3, CVE-2011-0411): only a TLS record goes on to TLS, and nothing is ever read as
 * XML. White space, which go-xmpp sends although §5.3.3 forbids it, says nothing to anybody. */
static size_t check_residual(struct stream *s, const uint8_t *data, size_t len)
{
    enum { TLS_HANDSHAKE_RECORD = 0x16 };
    if (s->want.event.kind != STREAM_WANT_TLS || s->config->direct_tls)
        return 0;
    size_t space = stream_is_client(s) ? 0 : leading_space(data, len);
    if (stream_is_client(s) || (space < len && data[space] != TLS_HANDSHAKE_RECORD))
        stream_fail_protocol(s, STREAM_OK, "bytes came in clear where TLS had to begin");
    return space;
}

static void on_item(struct stream *s, enum xml_status status, const void *data, size_t len)
{
    const struct element *e = xml_reader_element(s->reader);
    switch (status) {
    case XML_MORE:
        break;
    case XML_HEADER:
        trace_header(s, e);
        stream_progress(s);
        stream_header_received(s, e);
        break;
    case XML_ELEMENT:
        on_element(s, e);
        break;
    case XML_CLOSE:
        stream_trace_text(s, STREAM_RECEIVED, STR_LIT("</stream:stream>"));
        stream_close_received(s);
        break;
    case XML_FAIL:
        stream_xml_fault(s, data, len);
        break;
    }
}

size_t stream_input(struct stream *s, uint64_t now_ms, const void *data, size_t len, unsigned flags)
{
    (void)flags; /* EARLY and MESSAGE_END matter to features that raise them */
    s->now_ms = now_ms;
    if (stream_over(s))
        return len;
    if (len == 0 && s->event_count == 0 && !stream_waiting(s)) {
        /* The host has seen every event: the element of the last one may go. */
        enum xml_status none = xml_reader_read(s->reader, "", 0, &(size_t){0});
        (void)none;
    }
    if (len == 0)
        return 0;
    if (stream_waiting(s))
        return check_residual(s, data, len);
    s->last_received_ms = now_ms;
    size_t used = s->skip_space ? leading_space(data, len) : 0;
    s->skip_space = s->skip_space && used == len;
    while (used < len && s->event_count == 0 && !stream_waiting(s) && !stream_over(s)) {
        const uint8_t *at = (const uint8_t *)data + used;
        size_t consumed = 0;
        enum xml_status status = xml_reader_read(s->reader, at, len - used, &consumed);
        on_item(s, status, at, len - used);
        used += consumed;
    }
    return stream_over(s) ? len : used;
}
