#include "core/feat_sm.h"
#include "core/sign_in.h"

#include <stdlib.h>

/* The client's half of SASL2 (XEP-0388), with Bind 2 (XEP-0386) and FAST (XEP-0484) inside of
 * <authenticate/>; and config-version (XEP-0509), which lets it leave together with the header.
 *
 * The one way to `authenticated` is that of the other profile: client_done in feat_sasl_client.c.
 */

enum { KNOWN_FEATURES_BYTES = 16384 };

/* ---- the offer ---- */

static const struct element *in_line(const struct sign_in *in)
{
    return element_child(in->offer, NS_SASL2, "inline");
}

static bool offers_bind(const struct sign_in *in)
{
    return element_child(in_line(in), NS_BIND2, "bind") != NULL;
}

static bool offers_sm(const struct sign_in *in)
{
    return element_child(in_line(in), NS_SM, "sm") != NULL;
}

bool sasl2_offers_sm(const struct stream *s)
{
    return s->sign_in && !s->sign_in->asked_enable && offers_sm(s->sign_in);
}

static bool offers_enable(const struct sign_in *in)
{
    struct str names[SIGN_IN_OFFERS_MAX];
    const struct element *bind = element_child(in_line(in), NS_BIND2, "bind");
    size_t count = sign_in_texts(element_child(bind, NS_BIND2, "inline"), NS_BIND2, "feature",
                                 "var", names, ARRAY_LEN(names));
    for (size_t i = 0; i < count; i++)
        if (str_is(names[i], NS_SM))
            return true;
    return false;
}

/* Whether {NS_FAST}mechanism is listed and this connection has what it binds to. */
static bool can_use_token(const struct stream *s, const struct sasl_mech *m,
                          struct sasl_binding *ret)
{
    struct str names[SIGN_IN_OFFERS_MAX];
    const struct element *fast = element_child(in_line(s->sign_in), NS_FAST, "fast");
    size_t count = sign_in_texts(fast, NS_FAST, "mechanism", NULL, names, ARRAY_LEN(names));
    const char *type = sasl_mech_binding(m);
    *ret = (struct sasl_binding){0};
    if (type && (s->config->policy.no_channel_binding || !policy_binding(s->tls, type, ret)))
        return false;
    for (size_t i = 0; i < count; i++)
        if (str_is(names[i], sasl_mech_name(m)))
            return true;
    return false;
}

/* XEP-0484 §3.1 */
static bool takes_early_data(const struct element *authentication)
{
    const struct element *fast =
        element_child(element_child(authentication, NS_SASL2, "inline"), NS_FAST, "fast");
    const char *early = element_attr(fast, "tls-0rtt");
    return cstr_eq(early, "true") || cstr_eq(early, "1");
}

/* A token that is bound to what a handshake gives at its end cannot be used before. */
static bool fits_early_data(const struct sasl_mech *m)
{
    const char *type = sasl_mech_binding(m);
    return !type || cstr_eq(type, "tls-server-end-point");
}

/* Where a binding was used before, whoever has none cannot be the same server (policy.h). */
static bool is_weaker(const struct stream *s, const struct sasl_mech *m)
{
    const struct login_policy *policy = &s->config->policy;
    return !sasl_mech_binding(m) && policy->had_binding && !policy->no_channel_binding;
}

/* The strongest that both ends have, or the strongest that can go early if that is wanted: a token
 * belongs to the mechanism it was made for. */
static const struct sasl_mech *token_to_ask_for(const struct stream *s)
{
    const struct stream_fast_path *f = &s->config->fast_path;
    bool early = f->early_data && takes_early_data(s->sign_in->offer);
    const struct sasl_mech *m, *any = NULL;
    struct sasl_binding binding;
    if (!f->want_token || !f->agent_id.ptr)
        return NULL;
    for (size_t i = 0; (m = sasl_token_mech_at(i)); i++) {
        if (!can_use_token(s, m, &binding) || is_weaker(s, m))
            continue;
        any = any ? any : m;
        if (!early || fits_early_data(m))
            return m;
    }
    return any;
}

static const struct sasl_mech *token_to_use(const struct stream *s, struct sasl_binding *ret)
{
    const struct stream_fast_path *f = &s->config->fast_path;
    if (!f->token.ptr || !f->agent_id.ptr || s->sign_in->token_refused || !s->verified)
        return NULL;
    const struct sasl_mech *m = sasl_token_mech_find(f->token_mechanism);
    return m && !is_weaker(s, m) && can_use_token(s, m, ret) ? m : NULL;
}

/* XEP-0440 §2: under SASL2 the mechanisms that bind and the list of what can be bound to come
 * together. One without the other was cut out on the way. */
static bool binding_was_cut(struct stream *s, const struct element *offer,
                            const struct element *features)
{
    struct str names[SIGN_IN_OFFERS_MAX];
    size_t count = sign_in_texts(offer, NS_SASL2, "mechanism", NULL, names, ARRAY_LEN(names));
    bool types = element_child(features, NS_SASL_CB, "sasl-channel-binding") != NULL;
    bool plus = false;
    for (size_t i = 0; i < count; i++)
        plus |= names[i].len > 5 && str_is(str_of(names[i].ptr + names[i].len - 5, 5), "-PLUS");
    if (plus == types || s->config->policy.no_channel_binding)
        return false;
    stream_take_leave(s);
    stream_fail(s, STREAM_OK, LINNET_ERROR_DOWNGRADE, LINNET_ORIGIN_HERE, "domain", s->domain,
                "reason",
                plus ? "mechanisms with channel binding are on offer, but no type to bind with"
                     : "types of channel binding are on offer, but no mechanism that binds",
                NULL);
    return true;
}

/* Chooses among `features` and begins. FEATURE_SKIP: RFC 6120's profile has to do. */
static enum feature_choice begin(struct stream *s, const struct element *offer,
                                 const struct element *features)
{
    struct sign_in *in = s->sign_in;
    struct sasl_binding binding;
    in->offer = offer;
    const struct sasl_mech *token = token_to_use(s, &binding);
    if (!sign_in_decide(s, offer, NS_SASL2, features) || binding_was_cut(s, offer, features))
        return FEATURE_FAILED;
    if (!token && !in->choice.mech) {
        in->offer = NULL;
        return FEATURE_SKIP;
    }
    in->sasl2 = true;
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_MECHANISM, .choice = &in->choice});
    if (token)
        sign_in_client_start(s, token, &binding);
    else
        sign_in_client_start(s, in->choice.mech, &in->choice.binding);
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

enum feature_choice sasl2_choose(struct stream *s, const struct element *offer)
{
    if (s->authenticated || !offer || !s->tls || s->config->fast_path.off ||
        !s->config->username.ptr)
        return FEATURE_SKIP;
    stream_enter(s, LINNET_STAGE_SIGN_IN);
    if (!sign_in_of(s))
        return FEATURE_FAILED;
    return begin(s, offer, s->login->features);
}

/* ---- <authenticate/> ---- */

static void add_agent(const struct stream_fast_path *f, struct arena *a, struct element *e)
{
    if (!f->agent_id.ptr)
        return;
    struct element *agent = element_add(a, e, NS_SASL2, "user-agent");
    element_set_str(a, agent, "id", f->agent_id);
    if (f->agent_software.len > 0)
        element_add_text(a, element_add(a, agent, NS_SASL2, "software"), f->agent_software);
    if (f->agent_device.len > 0)
        element_add_text(a, element_add(a, agent, NS_SASL2, "device"), f->agent_device);
}

static void add_bind(const struct stream *s, struct arena *a, struct element *e)
{
    /* A resource that was asked for by name can only be had by RFC 6120's way. */
    if (!offers_bind(s->sign_in) || s->config->resource.ptr)
        return;
    struct element *bind = element_add(a, e, NS_BIND2, "bind");
    if (s->config->fast_path.tag.len > 0)
        element_add_text(a, element_add(a, bind, NS_BIND2, "tag"), s->config->fast_path.tag);
    s->sign_in->asked_enable = s->config->fast_path.sm && offers_enable(s->sign_in);
    if (s->sign_in->asked_enable)
        element_link(a, bind, sm_enable_request(s, a));
}

/* XEP-0198 §8.2: tried first; if the session is gone, <bind/> makes a new one in the same step. */
static void add_resume(const struct stream *s, struct arena *a, struct element *e)
{
    s->sign_in->asked_resume = offers_sm(s->sign_in) && sm_can_resume(s);
    if (s->sign_in->asked_resume)
        element_link(a, e, sm_resume_request(s, a));
}

static void add_token(struct stream *s, struct arena *a, struct element *e)
{
    struct sign_in *in = s->sign_in;
    const struct stream_fast_path *f = &s->config->fast_path;
    const struct sasl_mech *issue = token_to_ask_for(s);
    if (sasl_mech_flags(sasl_used(in->sasl)) & SASL_MECH_TOKEN) {
        struct element *fast = element_add(a, e, NS_FAST, "fast");
        if (f->token_count > 0)
            element_set(a, fast, "count",
                        arena_printf(a, "%llu", (unsigned long long)f->token_count));
        in->issue = sasl_mech_name(sasl_used(in->sasl)); /* the server may rotate it unasked */
        /* One that cannot go early makes place for one that can. */
        if (!f->early_data || !issue || !fits_early_data(issue) ||
            fits_early_data(sasl_used(in->sasl)))
            issue = NULL;
    }
    if (!issue)
        return;
    in->issue = sasl_mech_name(issue);
    element_set(a, element_add(a, e, NS_FAST, "request-token"), "mechanism", in->issue);
}

void sasl2_write_authenticate(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct arena a;
    stream_scratch(&a);
    struct element *e = element_new(&a, NS_SASL2, "authenticate");
    element_set(&a, e, "mechanism", sasl_mech_name(sasl_used(in->sasl)));
    if (sasl_has_output(in->sasl))
        element_link(&a, e,
                     sign_in_payload(&a, NS_SASL2, "initial-response", sign_in_output(in), false));
    add_agent(&s->config->fast_path, &a, e);
    add_bind(s, &a, e);
    add_resume(s, &a, e);
    add_token(s, &a, e);
    upgrade_client_ask(s, &a, e);
    if (in->pipelined)
        element_link(&a, e, element_copy(&a, in->known_version));
    stream_write_built(s, &a, e);
}

/* ---- together with the header (XEP-0509) ---- */

/* Reads the features that were known into in->asking; NULL when they are of no use. */
static const struct element *known_features(struct stream *s)
{
    static const char header[] =
        "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>";
    struct str known = s->config->fast_path.known_features;
    const struct element *features = NULL;
    size_t used;
    if (known.len == 0 || known.len > KNOWN_FEATURES_BYTES)
        return NULL;
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    if (r && xml_reader_read(r, header, sizeof header - 1, &used) == XML_HEADER &&
        xml_reader_read(r, known.ptr, known.len, &used) == XML_ELEMENT &&
        element_is(xml_reader_element(r), NS_STREAM, "features"))
        features = element_copy(&s->sign_in->asking, xml_reader_element(r));
    xml_reader_free(r);
    return features;
}

/* Whether what would be pipelined may be sent before the handshake is finished: the server takes
 * it (XEP-0484 §3.1), and it is a token that is bound to nothing that is not known yet, with a
 * count. */
bool sasl2_may_go_early(struct stream *s, const struct tls_facts *facts)
{
    const struct stream_fast_path *f = &s->config->fast_path;
    const struct sasl_mech *m = f->token.ptr ? sasl_token_mech_find(f->token_mechanism) : NULL;
    struct sasl_binding binding;
    if (!f->early_data || f->off || !m || f->token_count == 0 || !f->agent_id.ptr ||
        facts->verdict != TLS_VERDICT_OK || !sign_in_of(s))
        return false;
    if (sasl_mech_binding(m) && !policy_binding(facts, sasl_mech_binding(m), &binding))
        return false;
    const struct element *features = known_features(s);
    return element_child(features, NS_IAP, "config-version") &&
           takes_early_data(element_child(features, NS_SASL2, "authentication"));
}

void sasl2_pipeline(struct stream *s)
{
    if (!s->verified || s->authenticated || s->config->fast_path.off || !s->config->username.ptr ||
        !s->config->fast_path.known_features.ptr || !sign_in_of(s))
        return;
    struct sign_in *in = s->sign_in;
    const struct element *features = known_features(s);
    const struct element *offer = element_child(features, NS_SASL2, "authentication");
    in->known_version = element_child(features, NS_IAP, "config-version");
    if (!offer || !in->known_version)
        return;
    stream_enter(s, LINNET_STAGE_SIGN_IN);
    in->pipelined = true;
    if (begin(s, offer, features) != FEATURE_STARTED)
        in->pipelined = false;
}

bool sasl2_is_pipelined(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    if (!in || !in->pipelined || !in->sasl)
        return false;
    s->login->active = &feature_sasl2;
    stream_move(s, PHASE_NEGOTIATE);
    return true;
}

/* ---- the answers ---- */

/* What was relied on or tried first did not hold: once more, by what the server offers now. */
static void try_again(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    sign_in_forget(in);
    in->pipelined = in->asked_enable = in->asked_resume = false;
    in->issue = NULL;
    in->offer = NULL;
    feature_negotiate(s);
}

/* Whether the token is at fault, and not the account or the moment. */
static bool token_is_void(const struct element *failure)
{
    return !element_child(failure, NS_SASL, "temporary-auth-failure") &&
           !element_child(failure, NS_SASL, "account-disabled");
}

static void refused(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    bool mismatch = element_child(e, NS_IAP, "config-version-mismatch") != NULL;
    bool token = in->sasl && (sasl_mech_flags(sasl_used(in->sasl)) & SASL_MECH_TOKEN);
    if (in->pipelined && mismatch) {
        try_again(s);
    } else if (token && token_is_void(e)) {
        in->token_refused = true;
        stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_TOKEN_REFUSED});
        try_again(s);
    } else {
        sign_in_client_refused(s, e);
    }
}

static void take_token(struct stream *s, const struct element *e)
{
    const struct element *token = element_child(e, NS_FAST, "token");
    const char *text = element_attr(token, "token");
    if (!text || !*text || !s->sign_in->issue)
        return;
    s->sign_in->issued =
        (struct stream_issued_token){.token = str_from(text),
                                     .mechanism = s->sign_in->issue,
                                     .expiry = str_from(element_attr(token, "expiry"))};
    stream_emit(s,
                (struct stream_event){.kind = STREAM_EVENT_TOKEN, .issued = &s->sign_in->issued});
}

static void take_bound(struct stream *s, const struct element *success, const struct element *bound)
{
    const struct element *enabled =
        s->sign_in->asked_enable ? element_child(bound, NS_SM, "enabled") : NULL;
    if (!bind_take_address(s, element_child_text(success, NS_SASL2, "authorization-identifier")))
        return;
    s->login->bind.bound = true;
    s->path |= STREAM_PATH_BIND2;
    if (enabled && !sm_client_begin(s))
        return;
    /* The features that follow are not waited for: some servers send none. */
    stream_become_ready(s);
    if (enabled)
        sm_client_enabled(s, enabled);
}

/* <success/> is kept by the reader until every event of it was seen. */
static const struct element *success_of(const struct stream *s)
{
    return xml_reader_element(s->reader);
}

void sasl2_client_done(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    const struct element *e = success_of(s);
    s->path |= STREAM_PATH_SASL2;
    if (sasl_mech_flags(sasl_used(in->sasl)) & SASL_MECH_TOKEN)
        s->path |= STREAM_PATH_TOKEN;
    if (in->pipelined)
        s->path |= STREAM_PATH_PIPELINED | (s->tls->early_data ? STREAM_PATH_EARLY : 0);
    in->pipelined = false;
    stream_trust(s);
    take_token(s, e);
    const struct element *resumed = element_child(e, NS_SM, "resumed");
    const struct element *failed = element_child(e, NS_SM, "failed");
    const struct element *bound = element_child(e, NS_BIND2, "bound");
    if (resumed && in->asked_resume) {
        sm_client_resumed(s, resumed);
        return;
    }
    if (in->asked_resume && (failed || bound))
        sm_client_failed(s, failed);
    if (bound) {
        take_bound(s, e, bound);
        return;
    }
    s->login->active = NULL;
    in->offer = NULL;
    stream_move(s, PHASE_FEATURES); /* no restart: they follow */
}

void sasl2_client_conclude(struct stream *s, const struct element *e)
{
    static const struct element nothing = {.ns = NS_SASL2, .name = "additional-data"};
    const struct element *data = element_child(e, NS_SASL2, "additional-data");
    sign_in_client_take(s, data ? data : &nothing, true);
}

void sasl2_client_handle(struct stream *s, const struct element *e)
{
    bool running = s->sign_in->sasl2 && s->sign_in->sasl;
    if (running && element_is(e, NS_SASL2, "failure"))
        refused(s, e);
    else if (running && upgrade_client_handle(s, e))
        return;
    else if (running && element_is(e, NS_SASL2, "challenge"))
        sign_in_client_take(s, e, false);
    else if (running && element_is(e, NS_SASL2, "success"))
        sasl2_client_conclude(s, e);
    else
        stream_fail_protocol(s, STREAM_OK, "the server broke the order of sign-in");
}
