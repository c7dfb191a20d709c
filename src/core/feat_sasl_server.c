#include "core/sign_in.h"

/* The server's half of sign-in: the profile of RFC 6120 §6, and the exchange of both profiles. */

enum { AUTH_TRIES = 3, AUTH_ATTEMPTS = 10 };

/* ---- the offer ---- */

bool sign_in_offers(const struct stream *s)
{
    if (s->authenticated)
        return false;
    return s->tls || s->config->policy.tls != POLICY_TLS_REQUIRE;
}

size_t sign_in_list(const struct stream *s, struct arena *a, struct element *to, const char *ns)
{
    size_t count = 0;
    const struct sasl_mech *m;
    for (size_t i = 0; (m = sasl_mech_at(i)); i++)
        if (policy_offers(&s->config->policy, m, s->tls)) {
            element_add_text(a, element_add(a, to, ns, "mechanism"), str_from(sasl_mech_name(m)));
            count++;
        }
    return count;
}

struct element *sign_in_offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_SASL, "mechanisms");
    sign_in_list(s, a, e, NS_SASL);
    return e;
}

bool sign_in_offers_binding(const struct stream *s)
{
    const struct sasl_mech *m;
    for (size_t i = 0; (m = sasl_mech_at(i)); i++)
        if ((sasl_mech_flags(m) & SASL_MECH_BINDS) && policy_offers(&s->config->policy, m, s->tls))
            return true;
    return false;
}

/* ---- the exchange ---- */

/* RFC 6120 §6.4.5. Few guesses at a password are allowed; more attempts that could not have been
 * one, since clients exist that try every mechanism with a channel binding we do not have, and
 * since a token that has expired is followed by the password. */
static bool server_gives_up(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    enum sasl_fault fault = SASL_FAULT_NONE;
    unsigned tries = s->config->policy.auth_tries ? s->config->policy.auth_tries : AUTH_TRIES;
    if (in->sasl)
        sasl_failure(in->sasl, &fault, NULL);
    in->guesses += fault == SASL_FAULT_CREDENTIALS &&
                   !(sasl_mech_flags(sasl_used(in->sasl)) & SASL_MECH_TOKEN);
    return ++in->attempts >= AUTH_ATTEMPTS || in->guesses >= tries;
}

void sign_in_write_failure(struct stream *s, enum sasl_error error, struct str text,
                           const char *app_ns, const char *app_name)
{
    const char *ns = sign_in_ns(s->sign_in);
    struct arena a;
    stream_scratch(&a);
    struct element *e = element_new(&a, ns, "failure");
    element_add(&a, e, NS_SASL, sasl_error_name(error));
    if (app_name)
        element_add(&a, e, app_ns, app_name);
    if (text.len > 0)
        element_add_text(&a, element_add(&a, e, ns, "text"), text);
    stream_write_built(s, &a, e);
}

/* The failure, and after too many the end of the stream. */
static void server_fail(struct stream *s, enum sasl_error error, struct str text, bool fatal)
{
    struct sign_in *in = s->sign_in;
    struct stream_auth_info *auth = &s->login->auth;
    auth->failure = error;
    auth->reason = NULL;
    if (in->sasl)
        sasl_failure(in->sasl, NULL, &auth->reason);
    auth->fatal = fatal;
    sign_in_write_failure(s, error, text, NULL, NULL);
    sign_in_forget(in);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_AUTH_FAILED, .auth = auth});
    if (fatal)
        stream_close(s, s->now_ms, STREAM_POLICY_VIOLATION,
                     STR_LIT("Too many failed attempts to sign in."));
}

void sign_in_server_refuse(struct stream *s, enum sasl_error error, struct str text)
{
    server_fail(s, error, text, server_gives_up(s));
}

/* Who it is about, for the events; the strings live until the next header. The name is that of the
 * account, however it was typed; a name that no account can have stays unnamed. */
static bool server_note(struct stream *s)
{
    struct arena *a = &s->header_arena;
    struct stream_auth_info *auth = &s->login->auth;
    struct str typed = sasl_username(s->sign_in->sasl);
    char local[JID_PART_MAX_BYTES + 1];
    size_t len;
    if (typed.ptr && !auth->username.ptr && jid_prepare_local(typed, local, &len) == JID_OK)
        auth->username = str_of(arena_dup(a, str_of(local, len)), len);
    s->binding = policy_binding_type(sasl_bound_to(s->sign_in->sasl));
    auth->mechanism = s->mechanism;
    auth->binding = s->binding;
    if (a->failed)
        stream_out_of_memory(s);
    return !a->failed;
}

void sign_in_server_run(struct stream *s, enum sasl_status status)
{
    struct sign_in *in = s->sign_in;
    const struct stream_auth_info *auth = &s->login->auth;
    if (in->out.failed || !server_note(s)) {
        stream_out_of_memory(s);
        return;
    }
    struct arena a;
    switch (status) {
    case SASL_MORE:
        stream_scratch(&a);
        stream_write_built(
            s, &a, sign_in_payload(&a, sign_in_ns(in), "challenge", sign_in_output(in), false));
        buf_reset(&in->out);
        break;
    case SASL_WANT_SECRET:
        sign_in_ask(s, STREAM_WANT_SECRET);
        break;
    case SASL_WANT_DERIVE:
        sign_in_ask(s, STREAM_WANT_DERIVE);
        break;
    case SASL_DONE:
        if (!auth->username.ptr)
            sign_in_server_refuse(s, SASL_ERROR_NOT_AUTHORIZED, STR_NONE);
        else if (in->sasl2 && sasl2_from_differs(s))
            sign_in_server_refuse(s, SASL_ERROR_INVALID_AUTHZID, STR_NONE);
        else
            stream_ask(s, (struct stream_event){.kind = STREAM_WANT_ADMIT, .auth = auth}, true);
        break;
    case SASL_FAILED:
        sign_in_server_refuse(s, sasl_failure(in->sasl, NULL, NULL), STR_NONE);
        break;
    }
}

/* The client names the type (RFC 5802 §6): the mechanism is given all that this connection has. */
static void server_bindings(const struct stream *s, struct sasl_config *config)
{
    struct sasl_binding *const places[] = {&config->binding, &config->other_bindings[0],
                                           &config->other_bindings[1]};
    size_t used = 0;
    for (size_t i = 0; s->tls && policy_binding_types[i]; i++)
        if (policy_binding(s->tls, policy_binding_types[i], places[used]))
            used++;
}

/* What was offered, for the client to compare with what it was shown (XEP-0474). */
static void server_offered(const struct stream *s, struct buf *out)
{
    struct str names[POLICY_MECHANISMS_MAX], types[POLICY_BINDINGS_MAX];
    size_t name_count = 0, type_count = 0;
    const struct sasl_mech *m;
    for (size_t i = 0; (m = sasl_mech_at(i)) && name_count < ARRAY_LEN(names); i++)
        if (policy_offers(&s->config->policy, m, s->tls))
            names[name_count++] = str_from(sasl_mech_name(m));
    for (size_t i = 0; feature_channel_binding.offers(s) && policy_binding_types[i]; i++)
        if (policy_will_bind(s->tls, policy_binding_types[i]))
            types[type_count++] = str_from(policy_binding_types[i]);
    sasl_offered(names, name_count, types, type_count, out);
}

void sign_in_server_begin(struct stream *s, const struct sasl_mech *mech, struct str initial,
                          struct str client_id)
{
    struct sign_in *in = s->sign_in;
    struct sasl_config config = {
        .mech = mech,
        .side = SASL_SERVER,
        .random = s->config->random,
        .service = STR_LIT("xmpp"),
        .host = str_from(s->domain),
        .bare_domain = str_from(s->domain),
        .client_id = client_id,
        .tls_version = policy_tls_version(s->tls),
        .offers_binding = sign_in_offers_binding(s),
        .fake_iterations = s->config->fake_iterations,
    };
    memcpy(config.fake_key, s->config->fake_key, sizeof config.fake_key);
    server_bindings(s, &config);
    struct buf offered = {0};
    server_offered(s, &offered);
    config.offered = buf_peek(&offered);
    in->sasl = offered.failed ? NULL : sasl_new(&config);
    buf_finish(&offered);
    wipe(config.fake_key, sizeof config.fake_key);
    s->mechanism = sasl_mech_name(mech);
    if (in->sasl)
        sign_in_server_run(s, sasl_step(in->sasl, initial, &in->out));
    else
        stream_out_of_memory(s);
}

/* A second <auth/> replaces the first (RFC 6120 §6.4.2), which was an attempt all the same. */
bool sign_in_server_anew(struct stream *s, const struct sasl_mech *mech)
{
    if (s->sign_in->sasl && server_gives_up(s)) {
        server_fail(s, SASL_ERROR_ABORTED, STR_NONE, true);
        return false;
    }
    sign_in_forget(s->sign_in);
    s->mechanism = mech ? sasl_mech_name(mech) : NULL;
    s->login->auth = (struct stream_auth_info){.mechanism = s->mechanism};
    s->path = s->sign_in->sasl2 ? STREAM_PATH_SASL2 : 0;
    return true;
}

static void server_auth(struct stream *s, const struct element *e)
{
    const struct sasl_mech *mech = sasl_mech_find(str_from(element_attr(e, "mechanism")));
    s->sign_in->sasl2 = false;
    if (!sign_in_server_anew(s, mech))
        return;
    struct buf data;
    enum sign_in_decoded kind = sign_in_decode(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (!sign_in_offers(s) ||
             (mech && !s->tls && (sasl_mech_flags(mech) & SASL_MECH_PLAINTEXT)))
        sign_in_server_refuse(s, SASL_ERROR_ENCRYPTION_REQUIRED, STR_NONE);
    else if (!mech || !policy_offers(&s->config->policy, mech, s->tls))
        sign_in_server_refuse(s, SASL_ERROR_INVALID_MECHANISM, STR_NONE);
    else if (kind == DECODED_BAD)
        sign_in_server_refuse(s, SASL_ERROR_INCORRECT_ENCODING, STR_NONE);
    else
        sign_in_server_begin(s, mech, sign_in_given(kind, &data, STR_NONE), STR_NONE);
    buf_finish(&data);
}

void sign_in_server_response(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    struct buf data;
    enum sign_in_decoded kind = sign_in_decode(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (!in->sasl)
        sign_in_server_refuse(s, SASL_ERROR_MALFORMED_REQUEST, STR_NONE);
    else if (kind == DECODED_BAD)
        sign_in_server_refuse(s, SASL_ERROR_INCORRECT_ENCODING, STR_NONE);
    else
        sign_in_server_run(s,
                           sasl_step(in->sasl, sign_in_given(kind, &data, STR_LIT("")), &in->out));
    buf_finish(&data);
}

void sign_in_server_handle(struct stream *s, const struct element *e)
{
    if (s->authenticated) {
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in was asked for a second time");
        return;
    }
    if (!sign_in_of(s))
        return;
    if (element_is(e, NS_SASL, "auth"))
        server_auth(s, e);
    else if (element_is(e, NS_SASL, "response") && !s->sign_in->sasl2)
        sign_in_server_response(s, e);
    else if (element_is(e, NS_SASL, "abort"))
        sign_in_server_refuse(s, SASL_ERROR_ABORTED, STR_NONE);
    else
        sign_in_server_refuse(s, SASL_ERROR_MALFORMED_REQUEST, STR_NONE);
}

void sign_in_answer_admit(struct stream *s, enum sasl_error verdict, struct str text)
{
    struct sign_in *in = s->sign_in;
    struct stream_login *login = s->login;
    if (verdict != SASL_ERROR_NONE) {
        sign_in_server_refuse(s, verdict, text);
        return;
    }
    login->username = strndup(login->auth.username.ptr, login->auth.username.len);
    if (!login->username) {
        stream_out_of_memory(s);
        return;
    }
    if (in->sasl2) {
        sasl2_admitted(s);
        return;
    }
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, sign_in_payload(&a, NS_SASL, "success", sign_in_output(in), true));
    if (stream_over(s))
        return;
    s->authenticated = true;
    sign_in_forget(in);
    stream_restart(s);
}
