#include "core/feat_sm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Every way a stream ends. The first failure wins; CLOSED is told once. */

static const struct linnet_error no_memory = {
    .code = LINNET_ERROR_NO_MEMORY,
    .sentence = "There was not enough memory to go on.",
};

static const struct linnet_error orderly = {.code = LINNET_OK};

/* The one place where a stream becomes closed. */
static void closed(struct stream *s, const struct linnet_error *error)
{
    if (stream_over(s))
        return;
    stream_move(s, PHASE_CLOSED);
    s->want = (struct stream_want){0};
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_CLOSED, .error = error});
}

void stream_out_of_memory(struct stream *s)
{
    closed(s, &no_memory);
}

static void write_end(struct stream *s, enum stream_condition condition, struct str text,
                      const struct element *app)
{
    if (!s->header_sent)
        stream_open(s); /* an error needs a stream to stand in (RFC 6120 §4.9.1.2) */
    sm_tell(s);
    if (condition != STREAM_OK) {
        struct xml_writer w;
        size_t before = buf_len(&s->out);
        xml_writer_init(&w, &s->out, NS_CLIENT);
        stream_condition_write(&w, condition, text, app);
        if (!s->out.failed) {
            struct str all = buf_peek(&s->out);
            stream_trace_text(s, STREAM_SENT, str_of(all.ptr + before, all.len - before));
        }
    }
    buf_cstr(&s->out, "</stream:stream>");
    stream_trace_text(s, STREAM_SENT, STR_LIT("</stream:stream>"));
}

static void record(struct stream *s, const struct linnet_error *filled)
{
    s->error = malloc(sizeof *s->error);
    if (!s->error)
        return;
    *s->error = *filled;
    s->error->stage = s->stage;
}

/* We asked for TLS although it was not offered; whatever came back, the finding is that there is
 * no encryption to be had (RFC 7590 §3.1). */
static bool tls_refused(const struct stream *s)
{
    return stream_is_client(s) && s->login->starttls.unadvertised && !s->tls;
}

static void fail_with(struct stream *s, enum stream_condition condition, const struct element *app,
                      struct linnet_error *error)
{
    if (stream_over(s))
        return;
    if (tls_refused(s) && error->code != LINNET_ERROR_TLS_MISSING) {
        char condition_name[sizeof error->condition];
        memcpy(condition_name, error->condition, sizeof condition_name);
        error_set(error, LINNET_ERROR_TLS_MISSING, LINNET_ORIGIN_PEER, "domain", s->domain, NULL);
        error_set_peer(error, condition_name, STR_NONE);
    }
    record(s, error);
    if (condition != STREAM_OK && s->phase != PHASE_CLOSING)
        write_end(s, condition, STR_NONE, app);
    closed(s, s->error ? s->error : &no_memory);
}

void stream_fail(struct stream *s, enum stream_condition condition, enum linnet_error_code code,
                 enum linnet_origin origin, ...)
{
    const char *args[10] = {0}; /* name, value; a NULL value is a missing one and ends nothing */
    va_list ap;
    va_start(ap, origin);
    for (size_t i = 0; i < ARRAY_LEN(args) && (args[i] = va_arg(ap, const char *)); i += 2)
        args[i + 1] = va_arg(ap, const char *);
    va_end(ap);
    struct linnet_error error = {0};
    error_set(&error, code, origin, args[0], args[1], args[2], args[3], args[4], args[5], args[6],
              args[7], args[8], args[9], NULL);
    fail_with(s, condition, NULL, &error);
}

void stream_fail_protocol(struct stream *s, enum stream_condition condition, const char *reason)
{
    stream_fail(s, condition, LINNET_ERROR_PROTOCOL, LINNET_ORIGIN_PEER, "domain", s->domain,
                "reason", reason, NULL);
}

void stream_fail_with(struct stream *s, enum stream_condition condition, const struct element *app,
                      const char *reason)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_PROTOCOL, LINNET_ORIGIN_PEER, "domain", s->domain, "reason",
              reason, NULL);
    fail_with(s, condition, app, &error);
}

void stream_take_leave(struct stream *s)
{
    if (s->header_sent && s->phase < PHASE_CLOSING)
        write_end(s, STREAM_OK, STR_NONE, NULL);
}

static void said_by_peer(struct stream *s, enum linnet_error_code code, const char *condition,
                         struct str text, enum linnet_retry retry, unsigned retry_after_s)
{
    struct linnet_error error = {0};
    struct buf address;
    buf_init(&address, 0, false);
    struct str user = stream_is_client(s) ? s->config->username : stream_username(s);
    buf_printf(&address, "%.*s%s%s%c", STR_ARG(user), user.ptr ? "@" : "", s->domain, '\0');
    error_set(&error, code, LINNET_ORIGIN_PEER, "domain", s->domain, "address",
              address.failed ? "" : buf_peek(&address).ptr, "reason", condition, NULL);
    error_set_peer(&error, condition, text);
    error.retry = retry;
    error.retry_after_s = retry_after_s;
    buf_finish(&address);
    stream_take_leave(s);
    fail_with(s, STREAM_OK, NULL, &error);
}

void stream_fail_peer(struct stream *s, enum linnet_error_code code, const char *condition,
                      struct str text)
{
    said_by_peer(s, code, condition, text, linnet_error_info(code)->retry, 0);
}

/* ---- the peer ends it ---- */

/* The tutorial's trap: the header says who the server believes it is. */
static bool header_says_another(const struct stream *s)
{
    const char *from = s->login ? s->login->header.from : NULL;
    return from && !cstr_eq(from, s->domain);
}

static void host_unknown(struct stream *s, const char *condition, struct str text)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_PEER, "domain", s->domain, "server",
              s->login->header.from, NULL);
    error_set_peer(&error, condition, text);
    stream_take_leave(s);
    fail_with(s, STREAM_OK, NULL, &error);
}

/* Only a server that has proved who it is may send a login elsewhere: whoever else could, would be
 * one step from sending it anywhere. Its value goes to the host of this stream as it came; one that
 * is longer than any address of a host goes nowhere. */
static void see_other_host(struct stream *s, struct str text, struct str value)
{
    enum { REDIRECT_MAX_BYTES = 300 };
    bool proved = s->tls && s->verified;
    char redirect[REDIRECT_MAX_BYTES + 1];
    struct linnet_error error = {0};
    error_copy_text(redirect, sizeof redirect, value.len < sizeof redirect ? value : STR_NONE);
    if (proved)
        error_set(&error, LINNET_ERROR_REDIRECT_LOOP, LINNET_ORIGIN_PEER, "redirect", redirect,
                  NULL);
    else
        error_set(&error, LINNET_ERROR_PROTOCOL, LINNET_ORIGIN_PEER, "domain", s->domain, "reason",
                  "it sends the login to another host before it has proved who it is", NULL);
    error_set_peer(&error, stream_condition_name(STREAM_SEE_OTHER_HOST), text);
    stream_take_leave(s);
    fail_with(s, STREAM_OK, NULL, &error);
}

void stream_error_received(struct stream *s, const struct element *e)
{
    struct str text, value;
    enum stream_condition c = stream_condition_read(e, &text, &value);
    const char *name = stream_condition_name(c);
    if (!text.ptr && value.len > 0)
        text = value;                /* see-other-host says where to */
    if (s->phase == PHASE_CLOSING) { /* it comes to the same */
        closed(s, &orderly);
        return;
    }
    if (c == STREAM_SEE_OTHER_HOST && stream_is_client(s) && !s->was_ready)
        see_other_host(s, text, value);
    else if (c == STREAM_HOST_UNKNOWN && header_says_another(s))
        host_unknown(s, name, text);
    else
        said_by_peer(s, stream_condition_code(c), name, text, stream_condition_retry(c),
                     condition_retry_after_s(e));
}

static void lost(struct stream *s, const char *how)
{
    stream_fail(s, STREAM_OK, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_PEER, "reason", how,
                stream_is_client(s) ? "target" : NULL, s->domain, NULL);
}

void stream_close_received(struct stream *s)
{
    if (stream_over(s))
        return;
    if (s->phase == PHASE_CLOSING) {
        closed(s, &orderly);
        return;
    }
    if (s->header_sent)
        write_end(s, STREAM_OK, STR_NONE, NULL);
    if (s->was_ready || !stream_is_client(s))
        closed(s, s->out.failed ? &no_memory : &orderly);
    else
        lost(s, "the server closed the stream before sign-in was complete");
}

void stream_input_end(struct stream *s, uint64_t now_ms, const struct linnet_error *error)
{
    s->now_ms = now_ms;
    if (stream_over(s))
        return;
    if (s->phase == PHASE_CLOSING) {
        closed(s, &orderly);
    } else if (error) {
        struct linnet_error copy = *error;
        fail_with(s, STREAM_OK, NULL, &copy);
    } else {
        lost(s, "the connection ended without a word");
    }
}

/* ---- we end it ---- */

void stream_close(struct stream *s, uint64_t now_ms, enum stream_condition condition,
                  struct str text)
{
    s->now_ms = now_ms;
    if (stream_over(s) || s->phase == PHASE_CLOSING)
        return;
    bool in_tls = s->want.event.kind == STREAM_WANT_TLS || s->want.event.kind == STREAM_WANT_VERIFY;
    s->want = (struct stream_want){0};
    if (in_tls || (!s->header_sent && condition == STREAM_OK)) {
        closed(s, &orderly); /* there is no stream to close */
        return;
    }
    write_end(s, condition, text, NULL);
    if (s->out.failed)
        stream_out_of_memory(s);
    if (stream_over(s))
        return;
    stream_move(s, PHASE_CLOSING);
    s->close_deadline_ms = now_ms + s->close_timeout_ms;
}

void stream_timed_out(struct stream *s, uint32_t waited_ms)
{
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%g", waited_ms / 1000.0);
    /* RFC 6120 §4.9.3.4; before any header there is nobody to tell. */
    enum stream_condition tell =
        s->header_received || !stream_is_client(s) ? STREAM_CONNECTION_TIMEOUT : STREAM_OK;
    if (s->want.event.kind == STREAM_WANT_TLS)
        tell = STREAM_OK;
    stream_fail(s, tell, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "stage",
                linnet_stage_name(s->stage), "seconds", seconds, "target", s->domain, NULL);
}

/* ---- what the reader refuses ---- */

/* XEP-0205 §4.2, in the form of RFC 6120 §4.9.3.14. */
static const struct element too_big = {.ns = "urn:xmpp:errors", .name = "stanza-too-big"};

static const struct {
    enum stream_condition condition;
    const struct element *app;
} xml_fault_condition[] = {
    [XML_FAULT_NONE] = {STREAM_OK, NULL},
    [XML_FAULT_NOT_WELL_FORMED] = {STREAM_NOT_WELL_FORMED, NULL},
    [XML_FAULT_BAD_PREFIX] = {STREAM_BAD_NAMESPACE_PREFIX, NULL},
    [XML_FAULT_RESTRICTED] = {STREAM_RESTRICTED_XML, NULL},
    [XML_FAULT_ENCODING] = {STREAM_UNSUPPORTED_ENCODING, NULL},
    [XML_FAULT_TOO_BIG] = {STREAM_POLICY_VIOLATION, &too_big},
    [XML_FAULT_TOO_COMPLEX] = {STREAM_POLICY_VIOLATION, NULL},
    [XML_FAULT_NOT_XML] = {STREAM_OK, NULL}, /* another protocol: nothing to say to it */
    [XML_FAULT_NO_MEMORY] = {STREAM_OK, NULL},
};

/* Its first line is enough to know it by. What may follow a question mark is nobody's business. */
static void not_xmpp(struct stream *s, const char *data, size_t len)
{
    char found[48];
    size_t line = 0;
    while (line < len && data[line] != '\r' && data[line] != '\n' && data[line] != '?')
        line++;
    error_copy_text(found, sizeof found, str_of(data, line));
    stream_fail(s, STREAM_OK, LINNET_ERROR_NOT_XMPP, LINNET_ORIGIN_PEER, "target",
                stream_is_client(s) ? s->domain : "the other end", "found", found, NULL);
}

void stream_xml_fault(struct stream *s, const void *data, size_t len)
{
    enum xml_fault fault = xml_reader_fault(s->reader);
    if (fault == XML_FAULT_NO_MEMORY) {
        stream_out_of_memory(s);
    } else if (fault == XML_FAULT_NOT_XML && !s->header_received) {
        not_xmpp(s, data, len);
    } else {
        struct linnet_error error = {0};
        error_set(&error, LINNET_ERROR_PROTOCOL, LINNET_ORIGIN_PEER, "domain", s->domain, "reason",
                  xml_reader_fault_text(s->reader), NULL);
        fail_with(s, xml_fault_condition[fault].condition, xml_fault_condition[fault].app, &error);
    }
}
