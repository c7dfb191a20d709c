#include "core/sign_in.h"

/* The client's half of sign-in: the profile of RFC 6120 §6, and the exchange of both profiles.
 *
 * Its one way to `authenticated` is client_done, on SASL_DONE, which sasl_conclude returns only
 * when the mechanism has verified what it must of the server. */

/* ---- the choice ---- */

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

static bool row_weaker(const struct policy_row *row)
{
    return row->verdict == POLICY_WEAKER;
}

/* What is left on offer is less than what this account has had before. */
static void downgraded(struct stream *s)
{
    struct buf weaker;
    buf_init(&weaker, 0, false);
    join_rows(&weaker, &s->sign_in->choice, row_weaker, false);
    if (weaker.failed)
        stream_out_of_memory(s);
    stream_take_leave(s);
    if (!stream_over(s))
        stream_fail(s, STREAM_OK, LINNET_ERROR_DOWNGRADE, LINNET_ORIGIN_HERE, "domain", s->domain,
                    "before",
                    s->config->policy.had_binding ? "SCRAM with channel binding" : "SCRAM", "now",
                    buf_peek(&weaker).ptr, NULL);
    buf_finish(&weaker);
}

static void no_mechanism(struct stream *s)
{
    const struct policy_choice *c = &s->sign_in->choice;
    if (c->downgrade) {
        downgraded(s);
        return;
    }
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
    stream_take_leave(s);
    if (!stream_over(s))
        stream_fail(s, STREAM_OK, LINNET_ERROR_NO_MECHANISM, LINNET_ORIGIN_HERE, "offered",
                    buf_len(&offered) > 1 ? buf_peek(&offered).ptr : "nothing", "mechanism",
                    reason ? wanted : NULL, "reason", reason, "ours", joined(&ours), "excluded",
                    joined(&excluded), NULL);
    buf_finish(&offered);
    buf_finish(&ours);
    buf_finish(&excluded);
}

void sign_in_client_start(struct stream *s, const struct sasl_mech *mech,
                          const struct sasl_binding *binding)
{
    struct sign_in *in = s->sign_in;
    struct sasl_config config = {
        .mech = mech,
        .side = SASL_CLIENT,
        .random = s->config->random,
        .binding = *binding,
        .service = STR_LIT("xmpp"),
        .host = s->config->domain,
        .username = s->config->username,
        .authzid = s->config->authzid,
        .gs2 = in->choice.gs2,
        .offered = buf_len(&in->offered) > 0 ? buf_peek(&in->offered) : STR_NONE,
        .tls_version = policy_tls_version(s->tls),
        .iterations_min = s->config->policy.iterations_min,
        .iterations_max = s->config->policy.iterations_max,
    };
    in->started = false;
    in->sasl = sasl_new(&config);
    if (in->sasl)
        sign_in_client_run(s, sasl_step(in->sasl, STR_NONE, &in->out));
    else
        stream_out_of_memory(s);
}

bool sign_in_decide(struct stream *s, const struct element *offer, const char *ns,
                    const struct element *features)
{
    struct str names[SIGN_IN_OFFERS_MAX], types[POLICY_BINDINGS_MAX];
    struct sign_in *in = s->sign_in;
    const struct element *cb = element_child(features, NS_SASL_CB, "sasl-channel-binding");
    struct policy_offer seen = {
        .mechanisms = names,
        .mechanism_count = sign_in_texts(offer, ns, "mechanism", NULL, names, ARRAY_LEN(names)),
        .binding_types = types,
        .binding_type_count =
            sign_in_texts(cb, NS_SASL_CB, "channel-binding", "type", types, ARRAY_LEN(types)),
        .tls = s->tls,
        .verified = s->verified,
    };
    policy_choose(&s->config->policy, &seen, &in->choice);
    buf_reset(&in->offered);
    /* XEP-0474: a server that hashes its offer tells us of one that was changed on the way. A list
     * that we did not read to its end cannot be compared. */
    if (seen.mechanism_count < ARRAY_LEN(names) && seen.binding_type_count < ARRAY_LEN(types))
        sasl_offered(names, seen.mechanism_count, types, seen.binding_type_count, &in->offered);
    if (in->offered.failed)
        stream_out_of_memory(s);
    return !in->offered.failed;
}

enum feature_choice sign_in_choose(struct stream *s, const struct element *offer)
{
    if (s->authenticated)
        return FEATURE_SKIP;
    stream_enter(s, LINNET_STAGE_SIGN_IN);
    struct sign_in *in = sign_in_of(s);
    if (!in || !sign_in_decide(s, offer, NS_SASL, s->login->features))
        return FEATURE_FAILED;
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_MECHANISM, .choice = &in->choice});
    if (!s->config->username.ptr)
        return FEATURE_STARTED; /* a probe: the host has seen what it came for */
    in->sasl2 = false;
    if (in->choice.mech)
        sign_in_client_start(s, in->choice.mech, &in->choice.binding);
    else
        no_mechanism(s);
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

/* ---- the exchange ---- */

static void client_write(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct arena a;
    bool first = !in->started;
    in->started = true;
    if (first && in->sasl2) {
        sasl2_write_authenticate(s);
    } else {
        stream_scratch(&a);
        struct element *e = sign_in_payload(&a, sign_in_ns(in), first ? "auth" : "response",
                                            sign_in_output(in), first);
        if (first)
            element_set(&a, e, "mechanism", sasl_mech_name(in->choice.mech));
        stream_write_built(s, &a, e);
    }
    buf_reset(&in->out);
}

void sign_in_client_failed(struct stream *s)
{
    enum sasl_fault fault;
    const char *text;
    sasl_failure(s->sign_in->sasl, &fault, &text);
    const char *mechanism = sasl_mech_name(sasl_used(s->sign_in->sasl));
    if (fault == SASL_FAULT_MEMORY) {
        stream_out_of_memory(s);
        return;
    }
    if (s->sign_in->started) {
        struct arena a;
        stream_scratch(&a);
        stream_write_built(s, &a, element_new(&a, sign_in_ns(s->sign_in), "abort"));
    }
    stream_take_leave(s);
    enum linnet_error_code code = LINNET_ERROR_PROTOCOL;
    if (fault == SASL_FAULT_SERVER_PROOF)
        code = LINNET_ERROR_SERVER_PROOF;
    else if (fault == SASL_FAULT_CREDENTIALS || fault == SASL_FAULT_PREPARE)
        code = LINNET_ERROR_BAD_CREDENTIALS;
    else if (fault == SASL_FAULT_POLICY)
        code = LINNET_ERROR_NO_MECHANISM; /* our rules, not the server's */
    else if (fault == SASL_FAULT_DOWNGRADE)
        code = LINNET_ERROR_DOWNGRADE;
    stream_fail(s, STREAM_OK, code, LINNET_ORIGIN_HERE, "domain", s->domain, "mechanism", mechanism,
                fault == SASL_FAULT_PREPARE ? "unusable" : "reason", text, NULL);
}

static void client_done(struct stream *s)
{
    const struct sasl *sasl = s->sign_in->sasl;
    s->authenticated = true;
    s->mechanism = sasl_mech_name(sasl_used(sasl));
    s->binding = policy_binding_type(sasl_bound_to(sasl));
    buf_finish(&s->sign_in->out);
    stream_enter(s, LINNET_STAGE_BIND);
    if (s->sign_in->sasl2)
        sasl2_client_done(s);
    else
        stream_restart(s);
}

/* A token is in the configuration: nobody needs to be asked. */
static void client_secret(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    if (!(sasl_mech_flags(sasl_used(in->sasl)) & SASL_MECH_TOKEN)) {
        sign_in_ask(s, STREAM_WANT_SECRET);
        return;
    }
    struct sasl_secret secret = {.kind = SASL_SECRET_TOKEN, .token_count = 1};
    secret.tokens[0] = s->config->fast_path.token;
    sign_in_client_run(s, sasl_answer_secret(in->sasl, &secret, &in->out));
}

void sign_in_client_run(struct stream *s, enum sasl_status status)
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
        client_secret(s);
        break;
    case SASL_WANT_DERIVE:
        sign_in_ask(s, STREAM_WANT_DERIVE);
        break;
    case SASL_DONE:
        if (s->sign_in->upgrade.step == UPGRADE_PROVING)
            upgrade_client_proved(s);
        else
            client_done(s);
        break;
    case SASL_FAILED:
        sign_in_client_failed(s);
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

void sign_in_client_refused(struct stream *s, const struct element *e)
{
    const char *ns = sign_in_ns(s->sign_in);
    const char *name = NULL;
    const struct element *c = NULL;
    while ((c = element_next(e, c)))
        if (cstr_eq(c->ns, NS_SASL) && !cstr_eq(c->name, "text") && !name)
            name = c->name;
    struct str text = element_child_text(e, ns, "text");
    enum sasl_error error = sasl_error_from_name(name ? name : "not-authorized");
    enum linnet_error_code code = failure_code(error);
    if (code == LINNET_ERROR_TLS_MISSING && s->tls)
        code = LINNET_ERROR_NO_MECHANISM; /* there is TLS, so the mechanism is what it dislikes */
    stream_fail_peer(s, code, name ? name : "not-authorized", text);
}

void sign_in_client_take(struct stream *s, const struct element *e, bool conclude)
{
    struct sign_in *in = s->sign_in;
    struct buf data;
    enum sign_in_decoded kind = sign_in_decode(e, &data);
    if (data.failed)
        stream_out_of_memory(s);
    else if (kind == DECODED_BAD)
        stream_fail_protocol(s, STREAM_OK, "the server's sign-in message is not base64");
    else if (conclude)
        sign_in_client_run(s, sasl_conclude(in->sasl, sign_in_given(kind, &data, STR_NONE)));
    else
        sign_in_client_run(s,
                           sasl_step(in->sasl, sign_in_given(kind, &data, STR_LIT("")), &in->out));
    buf_finish(&data);
}

void sign_in_client_handle(struct stream *s, const struct element *e)
{
    bool success = element_is(e, NS_SASL, "success");
    if (element_is(e, NS_SASL, "failure"))
        sign_in_client_refused(s, e);
    else if (s->sign_in->sasl && (success || element_is(e, NS_SASL, "challenge")))
        sign_in_client_take(s, e, success);
    else
        stream_fail_protocol(s, STREAM_OK, "the server broke the order of sign-in");
}
