#include "core/stream_private.h"

#include <stdlib.h>

/* Resource binding (RFC 6120 §7) and the old session request (RFC 3921 §3), both halves. */

enum { BIND_TRIES_MAX = 10 };

/* ---- client ---- */

/* Writes <iq type='set' id='...'><name xmlns='ns'/></iq> and remembers the id. */
static void request(struct stream *s, const char *ns, const char *name, struct str resource)
{
    struct bind *bind = &s->login->bind;
    uint8_t raw[sizeof bind->id / 2 - 1];
    random_fill(&s->config->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), bind->id);
    struct arena a;
    stream_scratch(&a);
    struct element *iq = stanza_new(&a, "iq", NULL, "set", bind->id);
    struct element *payload = element_add(&a, iq, ns, name);
    if (resource.ptr)
        element_add_text(&a, element_add(&a, payload, ns, "resource"), resource);
    stream_write_built(s, &a, iq);
}

static enum feature_choice bind_choose(struct stream *s, const struct element *offer)
{
    if (s->login->bind.bound)
        return FEATURE_SKIP;
    if (!offer) {
        stream_fail_protocol(s, STREAM_OK, "the server offers no resource binding");
        return FEATURE_FAILED;
    }
    stream_enter(s, LINNET_STAGE_BIND);
    request(s, NS_BIND, "bind", s->config->resource);
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

/* An error answer to our request, as the catalogue has it. */
static void refused(struct stream *s, const struct element *iq)
{
    struct str text;
    enum stanza_condition c = stanza_error_read(iq, &text);
    enum linnet_error_code code = LINNET_ERROR_PROTOCOL;
    if (c == STANZA_CONFLICT)
        code = LINNET_ERROR_CONFLICT;
    else if (c == STANZA_RESOURCE_CONSTRAINT || c == STANZA_NOT_ALLOWED)
        code = LINNET_ERROR_POLICY;
    stream_fail_peer(s, code, stanza_condition_name(c), text);
}

/* The address is the server's to give, but not another account's than the one that signed in:
 * all that is compared with it later would be wrong. An authzid may be a bare address or, to old
 * servers, a name. */
static bool is_own(const struct stream *s)
{
    const struct stream_config *c = s->config;
    struct str wanted = c->authzid.ptr ? c->authzid : c->username;
    return str_is(s->jid.domain, s->domain) &&
           (!wanted.ptr || str_eq(s->jid.local, wanted) || str_eq(jid_bare(&s->jid), wanted));
}

bool bind_take_address(struct stream *s, struct str text)
{
    enum jid_fault fault = text.ptr ? jid_parse(text, &s->jid) : JID_EMPTY;
    if (fault == JID_NO_MEMORY)
        stream_out_of_memory(s);
    else if (fault != JID_OK || !s->jid.local.ptr || !s->jid.resource.ptr)
        stream_fail_protocol(s, STREAM_OK, "the server bound no usable address");
    else if (!is_own(s))
        stream_fail_protocol(s, STREAM_OK, "the server bound the address of another account");
    else
        return true;
    return false;
}

static void bind_client(struct stream *s, const struct element *iq)
{
    if (!stanza_is_reply(iq, s->login->bind.id))
        return;
    if (stanza_iq_type(iq) == IQ_ERROR) {
        refused(s, iq);
        return;
    }
    if (!bind_take_address(s,
                           element_child_text(element_child(iq, NS_BIND, "bind"), NS_BIND, "jid")))
        return;
    s->login->bind.bound = true;
    feature_negotiate(s);
}

static enum feature_choice session_choose(struct stream *s, const struct element *offer)
{
    /* Only where the server says that it is needed (RFC 6121 appendix E). */
    if (!offer || s->login->bind.session_done || element_child(offer, NS_SESSION, "optional"))
        return FEATURE_SKIP;
    request(s, NS_SESSION, "session", STR_NONE);
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

static void session_client(struct stream *s, const struct element *iq)
{
    if (!stanza_is_reply(iq, s->login->bind.id))
        return;
    if (stanza_iq_type(iq) == IQ_ERROR) {
        refused(s, iq);
        return;
    }
    s->login->bind.session_done = true;
    feature_negotiate(s);
}

/* ---- server ---- */

static bool bind_offers(const struct stream *s)
{
    return s->authenticated && !s->login->bind.bound;
}

static struct element *bind_offer(const struct stream *s, struct arena *a)
{
    (void)s;
    return element_new(a, NS_BIND, "bind");
}

static struct element *session_offer(const struct stream *s, struct arena *a)
{
    (void)s;
    struct element *e = element_new(a, NS_SESSION, "session");
    element_add(a, e, NS_SESSION, "optional");
    return e;
}

static void answer_error(struct stream *s, const struct element *iq, enum stanza_condition c)
{
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, stanza_error(&a, iq, c, NULL, NULL));
}

/* An answer to what nobody asked: it may not be answered in turn (RFC 6120 §8.3.1). */
static bool is_answer(const struct element *iq)
{
    const char *type = element_attr(iq, "type");
    return cstr_eq(type, "result") || cstr_eq(type, "error");
}

/* The resource asked for, prepared into s->header_arena; false after an error answer. */
static bool wanted_resource(struct stream *s, const struct element *iq, struct str *ret)
{
    struct str asked = element_child_text(element_child(iq, NS_BIND, "bind"), NS_BIND, "resource");
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    *ret = STR_NONE;
    if (asked.len == 0)
        return true;
    if (jid_prepare_resource(asked, prepared, &len) != JID_OK) {
        answer_error(s, iq, STANZA_BAD_REQUEST);
        return false;
    }
    *ret = str_of(arena_dup(&s->header_arena, str_of(prepared, len)), len);
    if (!ret->ptr)
        stream_out_of_memory(s);
    return ret->ptr != NULL;
}

static void bind_server(struct stream *s, const struct element *iq)
{
    struct bind *bind = &s->login->bind;
    struct str resource;
    if (!bind_offers(s) || is_answer(iq)) {
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED,
                             "an iq came that is no request to bind, or came before sign-in");
        return;
    }
    if (++bind->tries > BIND_TRIES_MAX) {
        stream_fail_protocol(s, STREAM_POLICY_VIOLATION, "too many attempts to bind a resource");
        return;
    }
    if (stanza_iq_type(iq) != IQ_SET || !element_child(iq, NS_BIND, "bind")) {
        answer_error(s, iq, STANZA_BAD_REQUEST);
        return;
    }
    if (!wanted_resource(s, iq, &resource))
        return;
    free(bind->iq_id);
    bind->iq_id = strdup(element_attr(iq, "id"));
    if (!bind->iq_id) {
        stream_out_of_memory(s);
        return;
    }
    const struct stream_session_info info = {
        .username = stream_username(s), .resource = resource, .binds = true};
    stream_ask_session(s, &info);
}

static void write_bound(struct stream *s)
{
    struct arena a;
    stream_scratch(&a);
    struct element *iq = stanza_new(&a, "iq", NULL, "result", s->login->bind.iq_id);
    struct element *bound = element_add(&a, iq, NS_BIND, "bind");
    element_add_text(&a, element_add(&a, bound, NS_BIND, "jid"), jid_full(&s->jid));
    stream_write_built(s, &a, iq);
}

bool bind_take_jid(struct stream *s, struct str resource)
{
    if (jid_make(stream_username(s), str_from(s->domain), resource, &s->jid) == JID_OK)
        return true;
    stream_fail(s, STREAM_INTERNAL_SERVER_ERROR, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE,
                "reason", "the address to bind could not be formed", NULL);
    return false;
}

void bind_answer_session(struct stream *s, const struct stream_session_answer *answer)
{
    struct arena a;
    stream_scratch(&a);
    if (answer->refused != STANZA_OK) {
        struct element *iq = stanza_new(&a, "iq", NULL, "set", s->login->bind.iq_id);
        stream_write_built(s, &a, stanza_error(&a, iq, answer->refused, NULL, NULL));
        return;
    }
    arena_finish(&a);
    if (!bind_take_jid(s, answer->resource))
        return;
    write_bound(s);
    if (stream_over(s))
        return;
    s->login->bind.bound = true;
    stream_become_ready(s);
}

static void session_server(struct stream *s, const struct element *iq)
{
    if (s->phase != PHASE_READY) {
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "a session was asked for before binding");
        return;
    }
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, stanza_iq_result(&a, iq));
}

const struct feature feature_bind = {
    .name = "bind",
    .ns = NS_BIND,
    .by_iq = true,
    .offers = bind_offers,
    .offer = bind_offer,
    .choose = bind_choose,
    .handle = {bind_client, bind_server},
};

const struct feature feature_session = {
    .name = "session",
    .ns = NS_SESSION,
    .by_iq = true,
    .offers = bind_offers,
    .offer = session_offer,
    .choose = session_choose,
    .handle = {session_client, session_server},
};
