#include "core/stream_private.h"

#include "base/base64.h"

#include <stdlib.h>

/* The SASL profile of RFC 6120 §6, both halves, and the channel-binding types of XEP-0440.
 *
 * The client's one way to `authenticated` is client_conclude, which asks sasl_conclude; that
 * returns SASL_DONE only when the mechanism has verified what it must of the server. */

#define NS_SASL_CB "urn:xmpp:sasl-cb:0"

enum { AUTH_TRIES = 3, OFFERS_MAX = 32 };

struct sign_in {
    struct sasl *sasl;           /* the exchange that runs */
    struct buf out;              /* its last message, not yet encoded */
    bool started;                /* client: <auth/> is sent */
    unsigned tries;              /* server: failed attempts on this connection */
    struct policy_choice choice; /* client */
};

static struct sign_in *sign_in_of(struct stream *s)
{
    if (!s->sign_in) {
        s->sign_in = calloc(1, sizeof *s->sign_in);
        if (s->sign_in)
            buf_init(&s->sign_in->out, 0, true);
        else
            stream_out_of_memory(s);
    }
    return s->sign_in;
}

void sign_in_free(struct sign_in *in)
{
    if (!in)
        return;
    sasl_free(in->sasl);
    buf_finish(&in->out);
    wipe_free(in, sizeof *in);
}

const struct sasl *sign_in_sasl(const struct sign_in *in)
{
    return in ? in->sasl : NULL;
}

/* Ends the exchange that runs, keeping the count of tries. */
static void forget_exchange(struct sign_in *in)
{
    sasl_free(in->sasl);
    in->sasl = NULL;
    buf_reset(&in->out);
}

/* ---- the elements of the profile ---- */

/* {NS_SASL}name with base64 inside. `data` absent: no text; empty: "=" where the profile wants to
 * tell the two apart (RFC 6120 §6.4.2, §6.4.6). */
static struct element *payload_new(struct arena *a, const char *name, struct str data,
                                   bool equals_for_empty)
{
    struct element *e = element_new(a, NS_SASL, name);
    struct buf text;
    buf_init(&text, 0, true);
    base64_encode(&text, data);
    if (text.failed)
        a->failed = true;
    else if (data.ptr && data.len == 0 && equals_for_empty)
        element_add_text(a, e, STR_LIT("="));
    else if (data.len > 0)
        element_add_text(a, e, buf_peek(&text));
    buf_finish(&text);
    return e;
}

enum decoded { DECODED_NONE, DECODED_DATA, DECODED_BAD };

/* The inverse, strict (RFC 6120 §13.9.1). */
static enum decoded payload_read(const struct element *e, struct buf *out)
{
    struct str text = element_text(e);
    buf_init(out, 0, true);
    if (!text.ptr)
        return DECODED_BAD;
    if (text.len == 0)
        return DECODED_NONE;
    if (str_is(text, "="))
        return DECODED_DATA;
    return base64_decode(out, text) ? DECODED_DATA : DECODED_BAD;
}

/* What the mechanism is given: `empty` is what an element without text means here. */
static struct str payload_str(enum decoded kind, const struct buf *data, struct str empty)
{
    return kind == DECODED_NONE ? empty : buf_peek(data);
}

static struct str out_or_none(const struct sign_in *in)
{
    return sasl_has_output(in->sasl) ? buf_peek(&in->out) : STR_NONE;
}

static void ask(struct stream *s, enum stream_event_kind kind)
{
    stream_ask(s, (struct stream_event){.kind = kind, .sasl = sasl_want(s->sign_in->sasl)}, false);
}

/* ---- client: the choice ---- */

/* The texts, or with `attr` the values of that attribute, of the children {ns}name. */
static size_t list_texts(const struct element *parent, const char *ns, const char *name,
                         const char *attr, struct str *to, size_t max)
{
    size_t n = 0;
    const struct element *e = NULL;
    while (parent && n < max && (e = element_next(parent, e))) {
        if (!element_is(e, ns, name))
            continue;
        to[n] = attr ? str_from(element_attr(e, attr)) : element_text(e);
        if (to[n].len > 0)
            n++;
    }
    return n;
}

static void join_rows(struct buf *out, const struct policy_choice *c,
                      bool (*wanted)(const struct policy_row *), bool with_reason)
{
    for (size_t i = 0; i < c->row_count; i++) {
        const struct policy_row *row = &c->rows[i];
        if (!wanted(row))
            continue;
        buf_printf(out, "%s%s", buf_len(out) ? ", " : "", row->name);
        if (with_reason)
            buf_printf(out, " (%s)", policy_verdict_text(row->verdict));
    }
    buf_byte(out, '\0');
}

static bool row_offered(const struct policy_row *row)
{
    return row->offered;
}

static bool row_ours(const struct policy_row *row)
{
    return row->mech && !(sasl_mech_flags(row->mech) & SASL_MECH_LEGACY);
}

static bool row_excluded(const struct policy_row *row)
{
    return row->offered && row->mech;
}

static const char *joined(const struct buf *rows)
{
    return buf_len(rows) > 1 ? buf_peek(rows).ptr : NULL;
}

/* Why the mechanism that was asked for by name is not used; NULL: none was asked for. */
static const char *why_not(const struct policy_choice *c, const char *wanted)
{
    for (size_t i = 0; wanted[0] && i < c->row_count; i++)
        if (cstr_eq(c->rows[i].name, wanted))
            return policy_verdict_text(c->rows[i].verdict);
    return NULL;
}

static void no_mechanism(struct stream *s)
{
    const struct policy_choice *c = &s->sign_in->choice;
    const char *wanted = s->config->policy.mechanism, *reason = why_not(c, wanted);
    struct buf offered, ours, excluded;
    buf_init(&offered, 0, false);
    buf_init(&ours, 0, false);
    buf_init(&excluded, 0, false);
    join_rows(&offered, c, row_offered, false);
    if (!reason) {
        join_rows(&ours, c, row_ours, false);
        join_rows(&excluded, c, row_excluded, true);
    }
    if (offered.failed || ours.failed || excluded.failed)
        stream_out_of_memory(s);
    else
        stream_fail(s, STREAM_OK, LINNET_ERROR_NO_MECHANISM, LINNET_ORIGIN_HERE, "offered",
                    buf_len(&offered) > 1 ? buf_peek(&offered).ptr : "nothing", "mechanism",
                    reason ? wanted : NULL, "reason", reason, "ours", joined(&ours), "excluded",
                    joined(&excluded), NULL);
    buf_finish(&offered);
    buf_finish(&ours);
    buf_finish(&excluded);
}

static void client_run(struct stream *s, enum sasl_status status);

static void client_start(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct sasl_config config = {
        .mech = in->choice.mech,
        .side = SASL_CLIENT,
        .random = s->config->random,
        .binding = in->choice.binding,
        .service = STR_LIT("xmpp"),
        .host = s->config->domain,
        .username = s->config->username,
        .authzid = s->config->authzid,
        .gs2 = in->choice.gs2,
        .iterations_min = s->config->policy.iterations_min,
        .iterations_max = s->config->policy.iterations_max,
    };
    in->sasl = sasl_new(&config);
    if (in->sasl)
        client_run(s, sasl_step(in->sasl, STR_NONE, &in->out));
    else
        stream_out_of_memory(s);
}

static enum feature_choice choose(struct stream *s, const struct element *offer)
{
    struct str names[OFFERS_MAX], types[POLICY_BINDINGS_MAX];
    if (s->authenticated)
        return FEATURE_SKIP;
    stream_enter(s, LINNET_STAGE_SIGN_IN);
    struct sign_in *in = sign_in_of(s);
    if (!in)
        return FEATURE_FAILED;
    const struct element *cb = element_child(s->features, NS_SASL_CB, "sasl-channel-binding");
    struct policy_offer seen = {
        .mechanisms = names,
        .mechanism_count = list_texts(offer, NS_SASL, "mechanism", NULL, names, ARRAY_LEN(names)),
        .binding_types = types,
        .binding_type_count =
            list_texts(cb, NS_SASL_CB, "channel-binding", "type", types, ARRAY_LEN(types)),
        .tls = s->tls,
        .verified = s->verified,
    };
    policy_choose(&s->config->policy, &seen, &in->choice);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_MECHANISM, .choice = &in->choice});
    if (!s->config->username.ptr)
        return FEATURE_STARTED; /* a probe: the host has seen what it came for */
    if (in->choice.mech)
        client_start(s);
    else
        no_mechanism(s);
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

/* ---- client: the exchange ---- */

static void client_write(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct arena a;
    stream_scratch(&a);
    struct element *e =
        payload_new(&a, in->started ? "response" : "auth", out_or_none(in), !in->started);
    if (!in->started)
        element_set(&a, e, "mechanism", sasl_mech_name(in->choice.mech));
    in->started = true;
    buf_reset(&in->out);
    stream_write_built(s, &a, e);
}

static void client_failed(struct stream *s)
{
    enum sasl_fault fault;
    const char *text;
    sasl_failure(s->sign_in->sasl, &fault, &text);
    const char *mechanism = sasl_mech_name(s->sign_in->choice.mech);
    if (fault == SASL_FAULT_MEMORY) {
        stream_out_of_memory(s);
        return;
    }
    if (s->sign_in->started) {
        struct arena a;
        stream_scratch(&a);
        stream_write_built(s, &a, element_new(&a, NS_SASL, "abort"));
    }
    enum linnet_error_code code = LINNET_ERROR_PROTOCOL;
    if (fault == SASL_FAULT_SERVER_PROOF)
        code = LINNET_ERROR_SERVER_PROOF;
    else if (fault == SASL_FAULT_CREDENTIALS || fault == SASL_FAULT_PREPARE)
        code = LINNET_ERROR_BAD_CREDENTIALS;
    else if (fault == SASL_FAULT_POLICY)
        code = LINNET_ERROR_POLICY;
    else if (fault == SASL_FAULT_DOWNGRADE)
        code = LINNET_ERROR_DOWNGRADE;
    stream_fail(s, STREAM_OK, code, LINNET_ORIGIN_HERE, "domain", s->domain, "mechanism", mechanism,
                "reason", text, NULL);
}

static void client_done(struct stream *s)
{
    s->authenticated = true;
    s->mechanism = sasl_mech_name(s->sign_in->choice.mech);
    s->binding = s->sign_in->choice.binding.type;
    buf_finish(&s->sign_in->out);
    stream_enter(s, LINNET_STAGE_BIND);
    stream_restart(s);
}

static void client_run(struct stream *s, enum sasl_status status)
{
    if (s->sign_in->out.failed) {
        stream_out_of_memory(s);
        return;
    }
    switch (status) {
    case SASL_MORE:
        client_write(s);
        break;
    case SASL_WANT_SECRET:
        ask(s, STREAM_WANT_SECRET);
        break;
    case SASL_WANT_DERIVE:
        ask(s, STREAM_WANT_DERIVE);
        break;
    case SASL_DONE:
        client_done(s);
        break;
    case SASL_FAILED:
        client_failed(s);
        break;
    }
}

static enum linnet_error_code failure_code(enum sasl_error e)
{
    switch (e) {
    case SASL_ERROR_ACCOUNT_DISABLED:
        return LINNET_ERROR_ACCOUNT_DISABLED;
    case SASL_ERROR_CREDENTIALS_EXPIRED:
        return LINNET_ERROR_CREDENTIALS_EXPIRED;
    case SASL_ERROR_TEMPORARY_AUTH_FAILURE:
        return LINNET_ERROR_AUTH_TEMPORARY;
    case SASL_ERROR_ENCRYPTION_REQUIRED:
        return LINNET_ERROR_TLS_MISSING;
    case SASL_ERROR_INVALID_MECHANISM:
    case SASL_ERROR_MECHANISM_TOO_WEAK:
        return LINNET_ERROR_NO_MECHANISM;
    case SASL_ERROR_ABORTED:
    case SASL_ERROR_INCORRECT_ENCODING:
    case SASL_ERROR_MALFORMED_REQUEST:
        return LINNET_ERROR_PROTOCOL;
    case SASL_ERROR_NONE:
    case SASL_ERROR_INVALID_AUTHZID:
    case SASL_ERROR_NOT_AUTHORIZED:
        break;
    }
    return LINNET_ERROR_BAD_CREDENTIALS;
}

static void client_failure(struct stream *s, const struct element *e)
{
    const char *name = NULL;
    const struct element *c = NULL;
    while ((c = element_next(e, c)))
        if (cstr_eq(c->ns, NS_SASL) && !cstr_eq(c->name, "text") && !name)
            name = c->name;
    struct str text = element_child_text(e, NS_SASL, "text");
    enum sasl_error error = sasl_error_from_name(name ? name : "not-authorized");
    stream_fail_peer(s, failure_code(error), name ? name : "not-authorized", text);
}

static void client_handle(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    if (element_is(e, NS_SASL, "failure")) {
        client_failure(s, e);
        return;
    }
    bool challenge = element_is(e, NS_SASL, "challenge");
    if (!in->sasl || (!challenge && !element_is(e, NS_SASL, "success"))) {
        stream_fail_protocol(s, STREAM_OK, "the server broke the order of sign-in");
        return;
    }
    struct buf data;
    enum decoded kind = payload_read(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (kind == DECODED_BAD)
        stream_fail_protocol(s, STREAM_OK, "the server's sign-in message is not base64");
    else if (challenge)
        client_run(s, sasl_step(in->sasl, payload_str(kind, &data, STR_LIT("")), &in->out));
    else
        client_run(s, sasl_conclude(in->sasl, payload_str(kind, &data, STR_NONE)));
    buf_finish(&data);
}

/* ---- server: the offer ---- */

static bool offers(const struct stream *s)
{
    if (s->authenticated)
        return false;
    return s->tls || s->config->policy.tls != POLICY_TLS_REQUIRE;
}

static struct element *offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_SASL, "mechanisms");
    const struct sasl_mech *m;
    for (size_t i = 0; (m = sasl_mech_at(i)); i++)
        if (policy_offers(&s->config->policy, m, s->tls))
            element_add_text(a, element_add(a, e, NS_SASL, "mechanism"),
                             str_from(sasl_mech_name(m)));
    return e;
}

static const char *const binding_types[] = {"tls-exporter", "tls-server-end-point", "tls-unique"};

/* A binding type as a string of its own, or NULL. */
static const char *static_type(const char *type)
{
    for (size_t i = 0; type && i < ARRAY_LEN(binding_types); i++)
        if (strcmp(type, binding_types[i]) == 0)
            return binding_types[i];
    return NULL;
}

static bool cb_offers(const struct stream *s)
{
    return offers(s) && s->tls && !s->config->policy.no_channel_binding;
}

static struct element *cb_offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_SASL_CB, "sasl-channel-binding");
    struct sasl_binding binding;
    for (size_t i = 0; i < ARRAY_LEN(binding_types); i++)
        if (policy_binding(s->tls, binding_types[i], &binding))
            element_set(a, element_add(a, e, NS_SASL_CB, "channel-binding"), "type",
                        binding_types[i]);
    return e;
}

static bool offers_any_binding(const struct stream *s)
{
    const struct sasl_mech *m;
    for (size_t i = 0; (m = sasl_mech_at(i)); i++)
        if ((sasl_mech_flags(m) & SASL_MECH_BINDS) && policy_offers(&s->config->policy, m, s->tls))
            return true;
    return false;
}

/* ---- server: the exchange ---- */

/* Counts an attempt that came to nothing. Whether it was one too many (RFC 6120 §6.4.5). */
static bool server_gives_up(struct stream *s)
{
    unsigned limit = s->config->policy.auth_tries ? s->config->policy.auth_tries : AUTH_TRIES;
    return ++s->sign_in->tries >= limit;
}

/* The failure, and after too many the end of the stream. */
static void server_fail(struct stream *s, enum sasl_error error, struct str text, bool fatal)
{
    struct sign_in *in = s->sign_in;
    s->auth.failure = error;
    s->auth.fatal = fatal;
    struct arena a;
    stream_scratch(&a);
    struct element *e = element_new(&a, NS_SASL, "failure");
    element_add(&a, e, NS_SASL, sasl_error_name(error));
    if (text.len > 0) {
        struct element *t = element_add(&a, e, NS_SASL, "text");
        element_add_text(&a, t, text);
    }
    stream_write_built(s, &a, e);
    forget_exchange(in);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_AUTH_FAILED, .auth = &s->auth});
    if (s->auth.fatal)
        stream_close(s, s->now_ms, STREAM_POLICY_VIOLATION,
                     STR_LIT("Too many failed attempts to sign in."));
}

static void server_refuse(struct stream *s, enum sasl_error error, struct str text)
{
    server_fail(s, error, text, server_gives_up(s));
}

/* Who it is about, for the events; the strings live until the next header. The name is that of the
 * account, however it was typed; a name that no account can have stays unnamed. */
static bool server_note(struct stream *s)
{
    struct arena *a = &s->header_arena;
    struct str typed = sasl_username(s->sign_in->sasl);
    char local[JID_PART_MAX_BYTES + 1];
    size_t len;
    if (typed.ptr && !s->auth.username.ptr && jid_prepare_local(typed, local, &len) == JID_OK)
        s->auth.username = str_of(arena_dup(a, str_of(local, len)), len);
    s->binding = static_type(sasl_bound_to(s->sign_in->sasl));
    s->auth.mechanism = s->mechanism;
    s->auth.binding = s->binding;
    if (a->failed)
        stream_out_of_memory(s);
    return !a->failed;
}

static void server_run(struct stream *s, enum sasl_status status)
{
    struct sign_in *in = s->sign_in;
    if (in->out.failed || !server_note(s)) {
        stream_out_of_memory(s);
        return;
    }
    struct arena a;
    switch (status) {
    case SASL_MORE:
        stream_scratch(&a);
        stream_write_built(s, &a, payload_new(&a, "challenge", out_or_none(in), false));
        buf_reset(&in->out);
        break;
    case SASL_WANT_SECRET:
        ask(s, STREAM_WANT_SECRET);
        break;
    case SASL_WANT_DERIVE:
        ask(s, STREAM_WANT_DERIVE);
        break;
    case SASL_DONE:
        if (!s->auth.username.ptr)
            server_refuse(s, SASL_ERROR_NOT_AUTHORIZED, STR_NONE);
        else
            stream_ask(s, (struct stream_event){.kind = STREAM_WANT_ADMIT, .auth = &s->auth}, true);
        break;
    case SASL_FAILED:
        server_refuse(s, sasl_failure(in->sasl, NULL, NULL), STR_NONE);
        break;
    }
}

/* The client names the type (RFC 5802 §6): the mechanism is given all that this connection has. */
static void server_bindings(const struct stream *s, struct sasl_config *config)
{
    struct sasl_binding *const places[] = {&config->binding, &config->other_bindings[0],
                                           &config->other_bindings[1]};
    size_t used = 0;
    for (size_t i = 0; s->tls && i < ARRAY_LEN(binding_types); i++)
        if (policy_binding(s->tls, binding_types[i], places[used]))
            used++;
}

static void server_begin(struct stream *s, const struct sasl_mech *mech, struct str initial)
{
    struct sign_in *in = s->sign_in;
    struct sasl_config config = {
        .mech = mech,
        .side = SASL_SERVER,
        .random = s->config->random,
        .service = STR_LIT("xmpp"),
        .host = str_from(s->domain),
        .bare_domain = str_from(s->domain),
        .offers_binding = offers_any_binding(s),
        .fake_iterations = s->config->fake_iterations,
    };
    memcpy(config.fake_key, s->config->fake_key, sizeof config.fake_key);
    server_bindings(s, &config);
    in->sasl = sasl_new(&config);
    wipe(config.fake_key, sizeof config.fake_key);
    s->mechanism = sasl_mech_name(mech);
    if (in->sasl)
        server_run(s, sasl_step(in->sasl, initial, &in->out));
    else
        stream_out_of_memory(s);
}

static void server_auth(struct stream *s, const struct element *e)
{
    const struct sasl_mech *mech = sasl_mech_find(str_from(element_attr(e, "mechanism")));
    /* A second <auth/> replaces the first (RFC 6120 §6.4.2), which was an attempt all the same. */
    if (s->sign_in->sasl && server_gives_up(s)) {
        server_fail(s, SASL_ERROR_ABORTED, STR_NONE, true);
        return;
    }
    forget_exchange(s->sign_in);
    s->mechanism = mech ? sasl_mech_name(mech) : NULL;
    s->auth = (struct stream_auth_info){.mechanism = s->mechanism};
    struct buf data;
    enum decoded kind = payload_read(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (!offers(s) || (mech && !s->tls && (sasl_mech_flags(mech) & SASL_MECH_PLAINTEXT)))
        server_refuse(s, SASL_ERROR_ENCRYPTION_REQUIRED, STR_NONE);
    else if (!mech || !policy_offers(&s->config->policy, mech, s->tls))
        server_refuse(s, SASL_ERROR_INVALID_MECHANISM, STR_NONE);
    else if (kind == DECODED_BAD)
        server_refuse(s, SASL_ERROR_INCORRECT_ENCODING, STR_NONE);
    else
        server_begin(s, mech, payload_str(kind, &data, STR_NONE));
    buf_finish(&data);
}

static void server_response(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    struct buf data;
    enum decoded kind = payload_read(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (!in->sasl)
        server_refuse(s, SASL_ERROR_MALFORMED_REQUEST, STR_NONE);
    else if (kind == DECODED_BAD)
        server_refuse(s, SASL_ERROR_INCORRECT_ENCODING, STR_NONE);
    else
        server_run(s, sasl_step(in->sasl, payload_str(kind, &data, STR_LIT("")), &in->out));
    buf_finish(&data);
}

static void server_handle(struct stream *s, const struct element *e)
{
    if (s->authenticated) {
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in was asked for a second time");
        return;
    }
    if (!sign_in_of(s))
        return;
    if (element_is(e, NS_SASL, "auth"))
        server_auth(s, e);
    else if (element_is(e, NS_SASL, "response"))
        server_response(s, e);
    else if (element_is(e, NS_SASL, "abort"))
        server_refuse(s, SASL_ERROR_ABORTED, STR_NONE);
    else
        server_refuse(s, SASL_ERROR_MALFORMED_REQUEST, STR_NONE);
}

/* ---- answers ---- */

static void run(struct stream *s, enum sasl_status status)
{
    if (stream_is_client(s))
        client_run(s, status);
    else
        server_run(s, status);
}

void sign_in_answer_secret(struct stream *s, const struct sasl_secret *secret)
{
    run(s, sasl_answer_secret(s->sign_in->sasl, secret, &s->sign_in->out));
}

void sign_in_answer_derive(struct stream *s, const uint8_t *key)
{
    run(s, sasl_answer_derived(s->sign_in->sasl, key, &s->sign_in->out));
}

void sign_in_answer_admit(struct stream *s, enum sasl_error verdict, struct str text)
{
    struct sign_in *in = s->sign_in;
    if (verdict != SASL_ERROR_NONE) {
        server_refuse(s, verdict, text);
        return;
    }
    s->username = strndup(s->auth.username.ptr, s->auth.username.len);
    struct arena a;
    stream_scratch(&a);
    struct element *success = payload_new(&a, "success", out_or_none(in), true);
    if (!s->username)
        a.failed = true;
    stream_write_built(s, &a, success);
    if (stream_over(s))
        return;
    s->authenticated = true;
    forget_exchange(in);
    stream_restart(s);
}

const struct feature feature_sasl = {
    .name = "mechanisms",
    .ns = NS_SASL,
    .offers = offers,
    .offer = offer,
    .choose = choose,
    .handle = {client_handle, server_handle},
};

const struct feature feature_channel_binding = {
    .name = "sasl-channel-binding",
    .ns = NS_SASL_CB,
    .offers = cb_offers,
    .offer = cb_offer,
};
