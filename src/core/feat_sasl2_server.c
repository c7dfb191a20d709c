#include "core/feat_sm.h"
#include "core/sign_in.h"

#include "base/base64.h"
#include "base/datetime.h"

#include <stdlib.h>

/* The server's half of SASL2 (XEP-0388), with what may come inside of <authenticate/>: Bind 2
 * (XEP-0386) and FAST (XEP-0484). And config-version (XEP-0509), by which a client that knows us
 * sends <authenticate/> with its header.
 *
 * Once the credentials are proved, the rest is done in an order of its own and told in one element:
 * WANT_ADMIT, tasks (feat_upgrade.h), WANT_TOKEN, WANT_SESSION, <success/>. */

enum {
    CLIENT_ID_BYTES = 64, /* a UUID has 36 */
    AGENT_BYTES = 100,    /* of the names a client gives itself */
    TAG_BYTES = 64,
    VERSION_HASH_BYTES = 18 /* of the 32 that SHA-256 gives */
};

/* What came with <authenticate/>. Strings are in the arena. */
struct sasl2_request {
    struct arena arena;
    struct str client_id, software, device;
    const struct sasl_mech *token_mech; /* that signs in; NULL for a password */
    const struct sasl_mech *issue;      /* to make a token for; NULL */
    bool has_count, invalidate, binds, enables, resumes;
    bool early; /* it came in TLS early data */
    struct sm_element enable, resume;
    uint64_t count;
    struct str tag;

    struct stream_token_info asked;
    struct stream_token_answer token;
    struct stream_session_answer session; /* what it points to lives until it was told */
};

void sasl2_request_free(struct sasl2_request *r)
{
    if (!r)
        return;
    arena_finish(&r->arena);
    wipe_free(r, sizeof *r);
}

/* ---- the offer ---- */

bool sasl2_server_offers(const struct stream *s)
{
    return s->tls && !s->config->no_sasl2 && sign_in_offers(s);
}

static bool offers_token(const struct stream *s, const struct sasl_mech *m)
{
    const char *type = sasl_mech_binding(m);
    return s->config->fast &&
           (!type || (!s->config->policy.no_channel_binding && policy_will_bind(s->tls, type)));
}

static void offer_tokens(const struct stream *s, struct arena *a, struct element *in_line)
{
    const struct sasl_mech *m;
    struct element *fast = element_add(a, in_line, NS_FAST, "fast");
    if (s->config->early_data)
        element_set(a, fast, "tls-0rtt", "true");
    for (size_t i = 0; (m = sasl_token_mech_at(i)); i++)
        if (offers_token(s, m))
            element_add_text(a, element_add(a, fast, NS_FAST, "mechanism"),
                             str_from(sasl_mech_name(m)));
}

struct element *sasl2_offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_SASL2, "authentication");
    sign_in_list(s, a, e, NS_SASL2);
    struct element *in_line = element_add(a, e, NS_SASL2, "inline");
    struct element *bind = element_add(a, in_line, NS_BIND2, "bind");
    struct element *features = element_add(a, bind, NS_BIND2, "inline");
    if (s->config->sm) {
        element_set(a, element_add(a, features, NS_BIND2, "feature"), "var", NS_SM);
        element_add(a, in_line, NS_SM, "sm");
    }
    if (s->config->fast)
        offer_tokens(s, a, in_line);
    upgrade_offer(s, a, e);
    return e;
}

/* The value is a hash of all that is on offer: it changes when, and only when, the offer does. */
void sasl2_add_version(struct stream *s, struct arena *a, struct element *features)
{
    struct sign_in *in = sign_in_of(s);
    uint8_t hash[HASH_MAX_BYTES];
    struct buf printed, value;
    buf_init(&printed, 0, false);
    buf_init(&value, 0, false);
    xml_print(&printed, features, NS_CLIENT);
    const struct str parts[] = {buf_peek(&printed)};
    if (!in || printed.failed || !hash_digest(HASH_SHA256, parts, 1, hash)) {
        a->failed = true;
    } else {
        base64_encode(&value, str_of(hash, VERSION_HASH_BYTES));
        buf_byte(&value, '\0');
        a->failed |= value.failed || buf_len(&value) > sizeof in->version;
        if (!a->failed)
            memcpy(in->version, buf_peek(&value).ptr, buf_len(&value));
        struct element *version = element_add(a, features, NS_IAP, "config-version");
        element_set(a, version, "scheme", "opaque");
        element_set(a, version, "value", in->version);
    }
    buf_finish(&printed);
    buf_finish(&value);
}

/* ---- reading the request ---- */

/* At most `max` bytes, whole characters. */
static struct str cut(struct str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((uint8_t)text.ptr[max] & 0xC0) == 0x80)
        max--;
    return str_of(text.ptr, max);
}

static struct str keep(struct sasl2_request *r, struct str text)
{
    return text.len > 0 ? str_of(arena_dup(&r->arena, text), text.len) : STR_NONE;
}

static bool read_agent(struct sasl2_request *r, const struct element *e)
{
    const struct element *agent = element_child(e, NS_SASL2, "user-agent");
    struct str id = str_from(element_attr(agent, "id"));
    if (!agent)
        return true;
    r->client_id = keep(r, id);
    r->software = keep(r, cut(element_child_text(agent, NS_SASL2, "software"), AGENT_BYTES));
    r->device = keep(r, cut(element_child_text(agent, NS_SASL2, "device"), AGENT_BYTES));
    return id.len <= CLIENT_ID_BYTES;
}

/* The tag becomes a part of the resource; one that cannot is left out. */
static void read_bind(struct sasl2_request *r, const struct element *e)
{
    const struct element *bind = element_child(e, NS_BIND2, "bind");
    struct str tag = element_child_text(bind, NS_BIND2, "tag");
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    r->binds = bind != NULL;
    if (tag.len > 0 && jid_prepare_resource(tag, prepared, &len) == JID_OK && len <= TAG_BYTES)
        r->tag = keep(r, str_of(prepared, len));
}

static bool read_count(const char *text, uint64_t *ret)
{
    size_t len = strspn(text, "0123456789");
    *ret = 0;
    if (len == 0 || len > 18 || text[len])
        return false;
    for (size_t i = 0; i < len; i++)
        *ret = *ret * 10 + (uint64_t)(text[i] - '0');
    return true;
}

static bool is_true(const char *text)
{
    return cstr_eq(text, "true") || cstr_eq(text, "1");
}

static const struct sasl_mech *offered_token(const struct stream *s, const char *name)
{
    const struct sasl_mech *m = name ? sasl_token_mech_find(str_from(name)) : NULL;
    return m && offers_token(s, m) ? m : NULL;
}

static bool read_sm(const struct stream *s, struct sasl2_request *r, const struct element *e)
{
    const struct element *enable =
        element_child(element_child(e, NS_BIND2, "bind"), NS_SM, "enable");
    const struct element *resume = element_child(e, NS_SM, "resume");
    r->enables = s->config->sm && enable;
    r->resumes = s->config->sm && resume;
    if ((r->enables && !sm_read(enable, &r->enable)) ||
        (r->resumes && !sm_read(resume, &r->resume)))
        return false;
    r->resume.id = keep(r, r->resume.id);
    return true;
}

/* A token belongs to a client (XEP-0484 §4.1): without an id there is none. */
static bool read_fast(const struct stream *s, struct sasl2_request *r, const struct element *e)
{
    const struct element *fast = element_child(e, NS_FAST, "fast");
    const struct element *request = element_child(e, NS_FAST, "request-token");
    const char *count = element_attr(fast, "count");
    if (request && r->client_id.ptr)
        r->issue = offered_token(s, element_attr(request, "mechanism"));
    if (!fast)
        return true;
    r->token_mech = offered_token(s, element_attr(e, "mechanism"));
    r->invalidate = is_true(element_attr(fast, "invalidate"));
    r->has_count = count != NULL;
    return r->client_id.ptr && (!count || read_count(count, &r->count));
}

/* NULL when the request is malformed, or when out of memory. */
static struct sasl2_request *read_request(struct stream *s, const struct element *e)
{
    struct sasl2_request *r = calloc(1, sizeof *r);
    if (!r) {
        stream_out_of_memory(s);
        return NULL;
    }
    arena_init(&r->arena, 0, true);
    r->early = s->early_want != 0;
    bool good = read_agent(r, e) && read_fast(s, r, e) && read_sm(s, r, e);
    read_bind(r, e);
    if (r->arena.failed)
        stream_out_of_memory(s);
    if (good && !r->arena.failed)
        return r;
    sasl2_request_free(r);
    return NULL;
}

/* ---- the exchange ---- */

/* XEP-0509: the client relied on an offer that is no more; that is nobody's wrong guess. */
static bool version_fits(struct stream *s, const struct element *e)
{
    const struct element *version = element_child(e, NS_IAP, "config-version");
    if (!version || cstr_eq(element_attr(version, "value"), s->sign_in->version))
        return true;
    sign_in_write_failure(s, SASL_ERROR_ABORTED, STR_NONE, NS_IAP, "config-version-mismatch");
    return false;
}

static void begin(struct stream *s, const struct sasl_mech *mech, const struct element *e)
{
    const struct element *initial = element_child(e, NS_SASL2, "initial-response");
    struct buf data = {0};
    enum sign_in_decoded kind = initial ? sign_in_decode(initial, &data) : DECODED_NONE;
    /* An element that is there and empty is an empty response (XEP-0388 §2.2). */
    struct str given = sign_in_given(kind, &data, initial ? STR_LIT("") : STR_NONE);
    if (data.failed)
        stream_out_of_memory(s);
    else if (kind == DECODED_BAD)
        sign_in_server_refuse(s, SASL_ERROR_INCORRECT_ENCODING, STR_NONE);
    else
        sign_in_server_begin(s, mech, given, s->sign_in->request->client_id);
    buf_finish(&data);
}

/* Whether there is what the mechanism binds to: during the handshake there is no exporter yet. */
static bool can_bind(const struct stream *s, const struct sasl_mech *m)
{
    struct sasl_binding binding;
    const char *type = sasl_mech_binding(m);
    return !type || policy_binding(s->tls, type, &binding);
}

/* Early data can be played again by anybody who saw it: what it may bring is a token whose count
 * was never seen before (XEP-0484 §3.4), bound to nothing that is still to come. All else is
 * refused with invalid-mechanism. It is what cannot be had now, not a wrong token, which
 * not-authorized would say; and it sends the client to another way in, while one that is told
 * temporary-auth-failure may come back with the same early data for ever. */
static bool may_come_early(const struct stream *s)
{
    const struct sasl2_request *r = s->sign_in->request;
    return !r->early ||
           (r->token_mech && r->has_count && r->count > 0 && can_bind(s, r->token_mech));
}

static void authenticate(struct stream *s, const struct element *e)
{
    struct sign_in *in = s->sign_in;
    const struct sasl_mech *mech = sasl_mech_find(str_from(element_attr(e, "mechanism")));
    in->sasl2 = true;
    /* First an exchange of the other profile is over: it must not go on in this one. */
    if (!sign_in_server_anew(s, mech) || !version_fits(s, e))
        return;
    in->request = read_request(s, e);
    if (stream_over(s))
        return;
    if (!in->request) {
        sign_in_server_refuse(s, SASL_ERROR_MALFORMED_REQUEST, STR_NONE);
        return;
    }
    upgrade_server_read(s, e);
    if (element_child(e, NS_FAST, "fast"))
        mech = may_come_early(s) ? in->request->token_mech : NULL;
    else if (mech && !policy_offers(&s->config->policy, mech, s->tls))
        mech = NULL;
    if (mech && may_come_early(s))
        begin(s, mech, e);
    else
        sign_in_server_refuse(s, SASL_ERROR_INVALID_MECHANISM, STR_NONE);
}

void sasl2_server_handle(struct stream *s, const struct element *e)
{
    if (s->authenticated || !sasl2_server_offers(s)) {
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in was asked for out of turn");
        return;
    }
    if (!sign_in_of(s))
        return;
    bool running = s->sign_in->sasl2 && s->sign_in->sasl;
    if (running && upgrade_in_task(s))
        upgrade_server_handle(s, e);
    else if (element_is(e, NS_SASL2, "authenticate") && !running)
        authenticate(s, e);
    else if (element_is(e, NS_SASL2, "response") && running)
        sign_in_server_response(s, e);
    else if (element_is(e, NS_SASL2, "abort") && running)
        sign_in_server_refuse(s, SASL_ERROR_ABORTED, STR_NONE);
    else
        stream_fail_protocol(s, STREAM_NOT_AUTHORIZED, "sign-in went out of order");
}

/* XEP-0388 §2.3: a header that names one account and credentials of another do not go together. */
bool sasl2_from_differs(const struct stream *s)
{
    const struct stream_login *login = s->login;
    struct jid from;
    if (!login->header.from)
        return false;
    bool same = jid_parse(str_from(login->header.from), &from) == JID_OK &&
                str_eq(from.local, login->auth.username) && str_is(from.domain, s->domain);
    jid_finish(&from);
    return !same;
}

/* ---- what follows the proof ---- */

static void add_token(struct arena *a, struct element *success, const struct sasl2_request *r)
{
    char expiry[DATETIME_BYTES];
    if (!r->token.token.ptr)
        return;
    struct element *token = element_add(a, success, NS_FAST, "token");
    datetime_format(r->token.expires_s, expiry);
    element_set_str(a, token, "token", r->token.token);
    element_set(a, token, "expiry", expiry);
}

static void add_session(struct arena *a, struct element *success, const struct stream *s)
{
    const struct sasl2_request *r = s->sign_in->request;
    if (r->session.resumed) {
        element_link(a, success, sm_resumed_answer(a, r->session.resumed));
        return;
    }
    if (r->resumes)
        element_link(a, success, sm_failed_answer(a, &r->session));
    if (!s->login->bind.bound)
        return;
    struct element *bound = element_add(a, success, NS_BIND2, "bound");
    if (r->enables)
        element_link(a, bound, sm_enabled_answer(a, &r->session));
}

static void write_success(struct stream *s)
{
    struct sign_in *in = s->sign_in;
    struct str address = STR_NONE;
    struct arena a;
    stream_scratch(&a);
    struct element *e = element_new(&a, NS_SASL2, "success");
    upgrade_server_additional(in, &a, e);
    if (s->login->bind.bound || in->request->session.resumed)
        address = jid_full(&s->jid);
    else
        address = str_from(arena_printf(&a, "%s@%s", s->login->username, s->domain));
    element_add_text(&a, element_add(&a, e, NS_SASL2, "authorization-identifier"), address);
    add_session(&a, e, s);
    add_token(&a, e, in->request);
    stream_write_built(s, &a, e);
}

static void succeed(struct stream *s)
{
    struct stream_session_answer session = s->sign_in->request->session;
    s->path |= s->sign_in->request->early ? STREAM_PATH_EARLY : 0;
    if (s->sign_in->request->token_mech)
        s->path |= STREAM_PATH_TOKEN;
    write_success(s);
    s->authenticated = true;
    stream_trust(s);
    sign_in_forget(s->sign_in);
    if (stream_over(s))
        return;
    if (session.resumed) { /* no features: there is nothing left to negotiate */
        sm_server_go_on(s, session.resumed);
        return;
    }
    if (s->login->bind.bound && session.sm) {
        sm_begin(s, session.sm);
        s->sm_counts_in = true;
    }
    feature_write_all(s);
    if (s->login->bind.bound && !stream_over(s)) {
        s->path |= STREAM_PATH_BIND2;
        stream_become_ready(s);
    }
}

static void ask_session(struct stream *s)
{
    struct sasl2_request *r = s->sign_in->request;
    if (!r->binds && !r->resumes) {
        succeed(s);
        return;
    }
    const struct stream_session_info info = {
        .username = stream_username(s),
        .tag = r->tag,
        .client_id = r->client_id,
        .software = r->software,
        .binds = r->binds,
        .enables = r->enables,
        .resumable = r->enable.resume,
        .max_s = r->enable.max_s,
        .resumes = r->resumes,
        .resume_id = r->resume.id,
        .resume_h = r->resume.h,
    };
    stream_ask_session(s, &info);
}

void sasl2_admitted(struct stream *s)
{
    if (!upgrade_server_ask(s))
        sasl2_upgraded(s);
}

void sasl2_refuse_admitted(struct stream *s, enum sasl_error error)
{
    free(s->login->username);
    s->login->username = NULL;
    sign_in_server_refuse(s, error, STR_NONE);
}

void sasl2_upgraded(struct stream *s)
{
    struct sasl2_request *r = s->sign_in->request;
    if (!r->token_mech && !r->issue) {
        ask_session(s);
        return;
    }
    r->asked = (struct stream_token_info){
        .username = stream_username(s),
        .client_id = r->client_id,
        .software = r->software,
        .device = r->device,
        .used = r->token_mech ? sasl_mech_name(r->token_mech) : NULL,
        .used_index = sasl_token_used(s->sign_in->sasl),
        .has_count = r->has_count,
        .count = r->count,
        .invalidate = r->invalidate,
        .issue = r->issue ? sasl_mech_name(r->issue) : NULL,
    };
    stream_ask(s, (struct stream_event){.kind = STREAM_WANT_TOKEN, .token = &r->asked}, false);
}

void sign_in_answer_token(struct stream *s, const struct stream_token_answer *answer)
{
    struct sasl2_request *r = s->sign_in->request;
    if (!answer->accepted && r->token_mech) {
        sasl2_refuse_admitted(s, SASL_ERROR_CREDENTIALS_EXPIRED);
        return;
    }
    r->token = (struct stream_token_answer){
        .accepted = true, .token = keep(r, answer->token), .expires_s = answer->expires_s};
    if (r->arena.failed)
        stream_out_of_memory(s);
    else
        ask_session(s);
}

bool sign_in_waits_for_session(const struct stream *s)
{
    return !s->authenticated;
}

void sign_in_answer_session(struct stream *s, const struct stream_session_answer *answer)
{
    struct sasl2_request *r = s->sign_in->request;
    r->session = *answer;
    if (answer->resumed) {
        if (!sm_server_resumed(s, answer))
            return;
    } else if (r->binds && answer->refused == STANZA_OK) {
        if (!bind_take_jid(s, answer->resource))
            return;
        s->login->bind.bound = true;
    }
    succeed(s);
}
