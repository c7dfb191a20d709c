#include "core/feat_sm.h"

#include <stdlib.h>

enum {
    LOGIN_TIMEOUT_MS = 60000,
    STAGE_TIMEOUT_MS = 30000,
    CLOSE_TIMEOUT_CLIENT_MS = 2000,
    CLOSE_TIMEOUT_SERVER_MS = 5000,
    BYTES_BEFORE_AUTH = 10000,
    BYTES_AFTER_AUTH = 262144
};

static void fill_defaults(struct stream_config *c)
{
    if (!c->lang)
        c->lang = "en";
    if (!c->login_timeout_ms)
        c->login_timeout_ms = LOGIN_TIMEOUT_MS;
    if (!c->stage_timeout_ms)
        c->stage_timeout_ms = STAGE_TIMEOUT_MS;
    if (!c->close_timeout_ms)
        c->close_timeout_ms =
            c->side == STREAM_CLIENT ? CLOSE_TIMEOUT_CLIENT_MS : CLOSE_TIMEOUT_SERVER_MS;
    if (!c->max_bytes_before_auth)
        c->max_bytes_before_auth = BYTES_BEFORE_AUTH;
    if (!c->max_bytes_after_auth)
        c->max_bytes_after_auth = BYTES_AFTER_AUTH;
}

static bool own_strings(struct stream *s)
{
    struct stream_fast_path *f = &s->config->fast_path;
    struct str *const strings[] = {
        &s->config->domain, &s->config->username, &s->config->authzid, &s->config->resource,
        &f->agent_id,       &f->agent_software,   &f->agent_device,    &f->tag,
        &f->token,          &f->token_mechanism,  &f->known_features,  &f->resume_address,
    };
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        if (strings[i]->ptr)
            *strings[i] = str_of(arena_dup(&s->login->own, *strings[i]), strings[i]->len);
    s->config->lang = arena_dup(&s->login->own, str_from(s->config->lang));
    s->domain = s->config->domain.ptr;
    if (!stream_is_client(s) && s->config->domains)
        s->domain = s->config->domains[0];
    return !s->login->own.failed;
}

static void begin(struct stream *s)
{
    if (s->config->direct_tls) {
        stream_enter(s, LINNET_STAGE_SECURE);
        stream_ask(s, (struct stream_event){.kind = STREAM_WANT_TLS}, true);
        return;
    }
    stream_enter(s, s->config->policy.tls == POLICY_TLS_OFF ? LINNET_STAGE_SIGN_IN
                                                            : LINNET_STAGE_SECURE);
    if (stream_is_client(s))
        stream_open(s);
}

struct stream *stream_new(const struct stream_config *config, uint64_t now_ms)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = malloc(sizeof *s->config);
    s->login = calloc(1, sizeof *s->login);
    if (!s->config || !s->login) {
        free(s->config);
        free(s->login);
        free(s);
        return NULL;
    }
    *s->config = *config;
    fill_defaults(s->config);
    s->side = config->side;
    s->trace = config->trace;
    s->close_timeout_ms = s->config->close_timeout_ms;
    s->idle_timeout_ms = config->idle_timeout_ms;
    s->keepalive_ms = config->keepalive_ms;
    arena_init(&s->login->own, 0, true);
    arena_init(&s->header_arena, 0, false);
    arena_init(&s->login->features_arena, 0, false);
    buf_init(&s->out, 0, true);
    s->now_ms = s->last_received_ms = s->last_sent_ms = now_ms;
    s->login->deadline_ms = now_ms + s->config->login_timeout_ms;
    s->close_deadline_ms = UINT64_MAX;
    stream_progress(s);
    struct xml_limits limits = xml_limits_before_auth;
    limits.element_bytes = s->config->max_bytes_before_auth;
    s->reader = xml_reader_new(&limits, s->config->framing == STREAM_FRAMING_WEBSOCKET);
    if (!s->reader || !own_strings(s)) {
        stream_free(s);
        return NULL;
    }
    begin(s);
    return s;
}

static void forget_login(struct stream_login *login)
{
    if (!login)
        return;
    free(login->username);
    free(login->bind.iq_id);
    arena_finish(&login->features_arena);
    arena_finish(&login->own);
    free(login);
}

static void forget_negotiation(struct stream *s)
{
    sign_in_free(s->sign_in);
    s->sign_in = NULL;
    free(s->tls);
    s->tls = NULL;
    wipe_free(s->config, sizeof *s->config);
    s->config = NULL;
    forget_login(s->login);
    s->login = NULL;
    arena_finish(&s->header_arena);
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    forget_negotiation(s);
    sm_end(s);
    xml_reader_free(s->reader);
    buf_finish(&s->out);
    jid_finish(&s->jid);
    free(s->error);
    free(s);
}

/* ---- output ---- */

bool stream_output(const struct stream *s, struct stream_output *ret)
{
    struct str held = buf_peek(&s->out);
    *ret = (struct stream_output){(const uint8_t *)held.ptr, held.len, 0};
    return held.len > 0;
}

void stream_output_ack(struct stream *s, uint64_t now_ms, size_t len)
{
    s->now_ms = now_ms;
    s->last_sent_ms = now_ms;
    buf_consume(&s->out, len);
    if (s->secrets_travelled && buf_len(&s->out) == 0)
        s->out.secret = false; /* none is left in it, and none will come */
    sm_tell_late(s);
    buf_trim(&s->out);
}

size_t stream_output_pending(const struct stream *s)
{
    return buf_len(&s->out);
}

void stream_scratch(struct arena *a)
{
    arena_init(a, 0, true);
}

void stream_write(struct stream *s, const struct element *e)
{
    size_t before = buf_len(&s->out);
    xml_print(&s->out, e, NS_CLIENT);
    if (s->out.failed) {
        stream_out_of_memory(s);
        return;
    }
    struct str all = buf_peek(&s->out);
    stream_trace_element(s, STREAM_SENT, e, str_of(all.ptr + before, all.len - before));
}

void stream_write_built(struct stream *s, struct arena *a, const struct element *e)
{
    if (a->failed)
        stream_out_of_memory(s);
    else
        stream_write(s, e);
    arena_finish(a);
}

bool stream_send(struct stream *s, uint64_t now_ms, const struct element *stanza)
{
    struct buf xml;
    buf_init(&xml, 0, false);
    xml_print(&xml, stanza, NS_CLIENT);
    if (xml.failed)
        stream_out_of_memory(s);
    bool sent = stream_send_bytes(s, now_ms, buf_peek(&xml), 0);
    buf_finish(&xml);
    return sent;
}

bool stream_send_bytes(struct stream *s, uint64_t now_ms, struct str xml, uint64_t tag)
{
    if (s->phase != PHASE_READY)
        return false;
    s->now_ms = now_ms;
    if (!sm_note_sent(s, xml, tag))
        return false;
    stream_trace_text(s, STREAM_SENT, xml);
    buf_str(&s->out, xml);
    if (s->out.failed)
        stream_out_of_memory(s);
    sm_ask(s);
    return s->phase == PHASE_READY;
}

void stream_handled(struct stream *s, uint32_t count)
{
    if (s->sm && s->sm_counts_in)
        sm_handled(s->sm, count);
}

void stream_ask_acked(struct stream *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (s->sm && s->phase == PHASE_READY)
        sm_ask_now(s);
}

struct sm *stream_sm(const struct stream *s)
{
    return s->sm;
}

void stream_leave_sm(struct stream *s)
{
    sm_end(s);
}

bool stream_sm_old_known(const struct stream *s)
{
    return s->sm_old_known;
}

/* ---- stages and time ---- */

void stream_enter(struct stream *s, enum linnet_stage stage)
{
    if (s->stage == stage)
        return;
    s->stage = stage;
    if (stream_is_client(s) && stage != LINNET_STAGE_READY)
        stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_STAGE, .stage = stage});
}

void stream_progress(struct stream *s)
{
    if (s->phase < PHASE_READY)
        s->login->stage_deadline_ms = s->now_ms + s->config->stage_timeout_ms;
}

void stream_become_ready(struct stream *s)
{
    struct stream_login *login = s->login;
    bool offers_sm = element_child(login->features, NS_SM, "sm") || sasl2_offers_sm(s);
    stream_move(s, PHASE_READY);
    s->was_ready = true;
    login->active = NULL;
    login->features = NULL;
    arena_finish(&login->features_arena);
    s->secrets_travelled = true;
    stream_enter(s, LINNET_STAGE_READY);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_READY, .jid = &s->jid});
    if (stream_is_client(s)) {
        sm_client_enable(s, offers_sm);
        return;
    }
    s->sm_offered = s->config->sm;
    forget_negotiation(s);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t after(uint64_t from_ms, uint32_t delay_ms)
{
    return delay_ms ? from_ms + delay_ms : UINT64_MAX;
}

uint64_t stream_deadline_ms(const struct stream *s)
{
    switch (s->phase) {
    case PHASE_CLOSED:
        return UINT64_MAX;
    case PHASE_CLOSING:
        return s->close_deadline_ms;
    case PHASE_READY:
        return earlier(sm_due_ms(s), earlier(after(s->last_received_ms, s->idle_timeout_ms),
                                             after(s->last_sent_ms, s->keepalive_ms)));
    case PHASE_HEADER:
    case PHASE_FEATURES:
    case PHASE_NEGOTIATE:
        break;
    }
    /* While the host owes us an answer the peer is not to blame: only the login's clock runs.
     * A server gives its client the whole login, not a time for each step. */
    if (stream_waiting(s) || !stream_is_client(s))
        return s->login->deadline_ms;
    return earlier(s->login->deadline_ms, s->login->stage_deadline_ms);
}

static void tick_ready(struct stream *s)
{
    if (s->now_ms >= after(s->last_received_ms, s->idle_timeout_ms)) {
        stream_fail(s, STREAM_CONNECTION_TIMEOUT, LINNET_ERROR_CONNECTION_LOST,
                    LINNET_ORIGIN_NETWORK, "reason", "nothing was received for too long", NULL);
        return;
    }
    sm_ask(s);
    if (s->now_ms < after(s->last_sent_ms, s->keepalive_ms) || buf_len(&s->out) > 0)
        return;
    /* RFC 6120 §4.6.1 */
    buf_byte(&s->out, ' ');
    s->last_sent_ms = s->now_ms;
    if (s->out.failed)
        stream_out_of_memory(s);
}

void stream_tick(struct stream *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (now_ms < stream_deadline_ms(s))
        return;
    if (s->phase == PHASE_READY) {
        tick_ready(s);
    } else if (s->phase == PHASE_CLOSING) {
        stream_close_received(s);
    } else {
        bool whole = now_ms >= s->login->deadline_ms;
        stream_timed_out(s, whole ? s->config->login_timeout_ms : s->config->stage_timeout_ms);
    }
}

/* ---- what it knows ---- */

enum linnet_stage stream_stage(const struct stream *s)
{
    return s->stage;
}

bool stream_is_ready(const struct stream *s)
{
    return s->phase == PHASE_READY;
}

const struct tls_facts *stream_tls(const struct stream *s)
{
    return s->tls;
}

const struct jid *stream_jid(const struct stream *s)
{
    return s->jid.full ? &s->jid : NULL;
}

const char *stream_mechanism(const struct stream *s)
{
    return s->mechanism;
}

const char *stream_binding(const struct stream *s)
{
    return s->binding;
}

unsigned stream_path(const struct stream *s)
{
    return s->path;
}

bool stream_salted_key(const struct stream *s, struct sasl_want *ret_for, struct str *ret_key)
{
    const struct sasl *sasl = sign_in_sasl(s->sign_in);
    return sasl && s->authenticated && sasl_salted_key(sasl, ret_for, ret_key);
}

static size_t login_memory(const struct stream_login *login)
{
    return login ? sizeof *login + login->own.used_bytes + login->features_arena.used_bytes : 0;
}

size_t stream_memory(const struct stream *s)
{
    return sizeof *s + (s->config ? sizeof *s->config : 0) + login_memory(s->login) +
           s->header_arena.used_bytes + s->out.cap + xml_reader_memory(s->reader) +
           (s->tls ? sizeof *s->tls : 0) + (s->error ? sizeof *s->error : 0);
}
