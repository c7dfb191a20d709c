#include "client/client_private.h"

#include "base/datetime.h"
#include "client/tls_public.h"
#include "xml/writer.h"

#include <linnet/linnet.h>
#include <stdio.h>
#include <time.h>

/* What a login takes from the memory of the account, and what it leaves there. */

/* ---- telling the application ---- */

/* The text of the memory anew; whether it changed in *ret_changed. False: out of memory, and the
 * text is as it was. */
static bool render(struct linnet_client *c, bool *ret_changed)
{
    struct remembered *r = &c->remembered;
    struct buf text;
    buf_init(&text, MEMORY_TEXT_BYTES, true);
    memory_write(&r->memory, jid_bare(&c->config->address), &text);
    bool good = !text.failed;
    *ret_changed = good && !str_eq(buf_peek(&text), buf_peek(&r->text));
    if (*ret_changed) {
        buf_finish(&r->text);
        r->text = text;
    } else {
        buf_finish(&text);
    }
    return good;
}

static bool tell(struct linnet_client *c)
{
    bool changed;
    if (!c->config->memory.text)
        return true;
    if (!render(c, &changed))
        return false;
    struct event_node *n = changed ? event_new(LINNET_EVENT_MEMORY) : NULL;
    if (n) {
        event_push(&c->events, n);
        c->remembered.untold++;
    }
    return n || !changed;
}

const char *linnet_client_memory(struct linnet_client *c, size_t *ret_len)
{
    bool changed;
    struct str text = render(c, &changed) ? buf_peek(&c->remembered.text) : STR_NONE;
    *ret_len = text.len;
    return text.ptr;
}

/* ---- life ---- */

bool remember_init(struct linnet_client *c, struct linnet_error *error)
{
    struct remembered *r = &c->remembered;
    const struct config_memory *given = &c->config->memory;
    char reason[MEMORY_REASON_BYTES];
    struct str text = given->text ? str_of(given->text, given->len) : STR_NONE;
    memory_init(&r->memory);
    buf_init(&r->text, MEMORY_TEXT_BYTES, true);
    buf_init(&r->seen_features, MEMORY_FEATURES_BYTES, false);
    enum linnet_error_code code =
        memory_read(&r->memory, text, jid_bare(&c->config->address), reason);
    buf_str(&r->text, text);
    if (r->text.failed)
        code = LINNET_ERROR_NO_MEMORY;
    if (code != LINNET_OK) {
        error_set(error, code, LINNET_ORIGIN_HERE, "reason", reason, NULL);
        return false;
    }
    if (given->accept_change)
        memory_forget_server(&r->memory);
    if (given->alongside)
        memory_leave_to_other(&r->memory);
    if (given->text || config_wants_token(c->config))
        memory_make_agent(&r->memory, &c->random);
    return true;
}

void remember_finish(struct linnet_client *c)
{
    struct remembered *r = &c->remembered;
    memory_finish(&r->memory);
    buf_finish(&r->text);
    buf_finish(&r->seen_features);
}

/* ---- a login takes ---- */

static bool uses_token(const struct linnet_client *c)
{
    return !c->remembered.withheld && config_wants_token(c->config) &&
           memory_has_token(&c->remembered.memory, (int64_t)time(NULL));
}

bool remember_login(struct linnet_client *c)
{
    struct account_memory *m = &c->remembered.memory;
    c->remembered.withheld = c->remembered.token_refused = false;
    if (uses_token(c))
        m->token_count++;
    /* What is offered to one server is not offered to another, nor again. */
    buf_finish(&c->tls_session);
    struct buf taken = m->tls_session;
    m->tls_session = c->tls_session;
    c->tls_session = taken;
    return tell(c);
}

bool remember_next_target(struct linnet_client *c)
{
    if (uses_token(c))
        c->remembered.memory.token_count++;
    return tell(c);
}

void linnet_client_memory_unsaved(struct linnet_client *c)
{
    if (c->state != CLIENT_LOGIN)
        return;
    c->remembered.withheld = true;
    dial_withhold_session(c->dial);
    recorder_printf(&c->recorder, loop_now_ms(),
                    "the memory was not saved: what serves once is left out");
}

static struct str text_or_none(const char *text)
{
    return text && *text ? str_from(text) : STR_NONE;
}

/* Name and version, as they would be said to whoever asks (XEP-0092). */
static struct str software(const struct linnet_config *config, char *out, size_t size)
{
    const char *name = config->texts[CONFIG_SOFTWARE], *version = config->texts[CONFIG_VERSION];
    if (name)
        snprintf(out, size, "%s%s%s", name, version ? " " : "", version ? version : "");
    else
        snprintf(out, size, "Linnet %s", LINNET_VERSION);
    return str_from(out);
}

/* A login may begin, or go to another server, inside of a dispatch: the application must get the
 * chance to save, and to say that it could not. */
bool remember_holds(void *ctx)
{
    const struct linnet_client *c = ctx;
    return c->remembered.untold > 0;
}

void remember_pulled(struct linnet_client *c)
{
    if (--c->remembered.untold == 0)
        dial_go_on(c->dial);
}

void remember_prepare(void *ctx, struct stream_config *to)
{
    struct linnet_client *c = ctx;
    struct remembered *r = &c->remembered;
    const struct account_memory *m = &r->memory;
    struct stream_fast_path *f = &to->fast_path;
    buf_finish(&r->seen_features);
    to->policy.had_scram = m->had_scram;
    to->policy.had_binding = m->had_binding;
    managed_ask(c, f);
    f->off = c->config->memory.no_sasl2;
    f->agent_id = text_or_none(m->agent_id);
    f->agent_software = software(c->config, r->software, sizeof r->software);
    f->agent_device = text_or_none(c->config->texts[CONFIG_DEVICE]);
    f->want_token = config_wants_token(c->config) && !r->withheld; /* it would be lost */
    f->early_data = c->config->memory.early_data;
    if (uses_token(c)) {
        f->token = buf_peek(&m->token);
        f->token_mechanism = str_from(m->token_mechanism);
        f->token_count = m->token_count;
    }
    r->features_used = buf_len(&m->features) > 0 && !f->off;
    if (r->features_used)
        f->known_features = buf_peek(&m->features);
}

/* ---- a login leaves ---- */

/* Those that hold a config-version (XEP-0509), of a server whose certificate verified: anybody else
 * could have written them. */
static void see_features(struct linnet_client *c, const struct element *features)
{
    struct buf *seen = &c->remembered.seen_features;
    if (!c->login.has_tls || c->login.tls.verdict != TLS_VERDICT_OK ||
        !element_child(features, NS_SASL2, "authentication") ||
        !element_child(features, NS_IAP, "config-version"))
        return;
    buf_finish(seen);
    xml_print(seen, features, NS_CLIENT);
    if (seen->failed) /* too long to be kept */
        buf_finish(seen);
}

static void take_token(struct linnet_client *c, const struct stream_issued_token *issued)
{
    int64_t expiry_s = 0;
    if (!datetime_parse(issued->expiry, &expiry_s))
        expiry_s = 0;
    if (!memory_set_token(&c->remembered.memory, str_from(issued->mechanism), issued->token,
                          expiry_s))
        login_doom_memory(c);
}

static void refuse_token(struct remembered *r)
{
    r->token_refused = true;
    memory_forget_token(&r->memory);
}

void remember_event(struct linnet_client *c, const struct stream_event *event)
{
    if (event->kind == STREAM_EVENT_FEATURES)
        see_features(c, event->element);
    else if (event->kind == STREAM_EVENT_TOKEN)
        take_token(c, event->issued);
    else if (event->kind == STREAM_EVENT_TOKEN_REFUSED)
        refuse_token(&c->remembered);
}

/* The newest ticket, if there is one; the next login can do without. */
static void keep_session(struct linnet_client *c)
{
    struct account_memory *m = &c->remembered.memory;
    struct pump *pump = dial_pump(c->dial);
    struct buf session;
    buf_init(&session, 0, true);
    if (pump && c->login.tls.verdict == TLS_VERDICT_OK && pump_tls_session(pump, &session) &&
        !session.failed && !memory_set_session(m, buf_peek(&session)))
        memory_forget_session(m);
    buf_finish(&session);
}

/* A token says nothing of how a password was shown. */
static void keep_strength(struct account_memory *m, const char *mechanism)
{
    const struct sasl_mech *mech = sasl_mech_find(str_from(mechanism));
    unsigned flags = mech ? sasl_mech_flags(mech) : 0;
    m->had_scram |= (flags & SASL_MECH_PROVES_SERVER) && !(flags & SASL_MECH_LEGACY);
    m->had_binding |= (flags & SASL_MECH_BINDS) != 0;
}

bool remember_online(struct linnet_client *c)
{
    struct remembered *r = &c->remembered;
    buf_finish(&c->tls_session);
    keep_strength(&r->memory, c->login.mechanism);
    memory_forget_session(&r->memory);
    keep_session(c);
    if (c->login.has_tls)
        memory_set_certificate(&r->memory, &c->login.tls.peer);
    return memory_set_features(&r->memory, buf_peek(&r->seen_features)) && tell(c);
}

/* ---- a login fails ---- */

/* What a server may do that does not understand what came with the header. */
static bool may_be_features(enum linnet_error_code code)
{
    return code == LINNET_ERROR_PROTOCOL || code == LINNET_ERROR_CONNECTION_LOST ||
           code == LINNET_ERROR_NO_MECHANISM || code == LINNET_ERROR_POLICY;
}

bool remember_try_again(struct linnet_client *c, const struct linnet_error *error)
{
    struct remembered *r = &c->remembered;
    if (!r->features_used || c->login.stage < LINNET_STAGE_SIGN_IN || !may_be_features(error->code))
        return false;
    r->features_used = false;
    memory_forget_features(&r->memory);
    return true;
}

void remember_failed(struct linnet_client *c)
{
    struct remembered *r = &c->remembered;
    if (r->features_used && c->login.stage >= LINNET_STAGE_SIGN_IN)
        memory_forget_features(&r->memory);
    r->features_used = false;
    if (!dial_session_offered(c->dial)) { /* nobody saw it */
        buf_finish(&r->memory.tls_session);
        r->memory.tls_session = c->tls_session;
        buf_init(&c->tls_session, MEMORY_SESSION_BYTES, true);
    }
    buf_finish(&c->tls_session);
    (void)tell(c); /* without memory: linnet_client_memory tells who asks */
}

void remember_offline(struct linnet_client *c)
{
    keep_session(c);
    (void)tell(c);
}

void remember_reset(struct linnet_client *c)
{
    memory_forget_session(&c->remembered.memory);
    (void)tell(c);
}

/* ---- certificates ---- */

static bool same_key(const struct account_memory *m, const struct tls_certificate *now)
{
    return memcmp(m->spki_sha256, now->spki_sha256, sizeof m->spki_sha256) == 0;
}

const char *remember_key_seen(const struct linnet_client *c, const struct tls_facts *facts)
{
    const struct account_memory *m = &c->remembered.memory;
    if (!m->has_certificate || !facts->peer.present)
        return NULL;
    return same_key(m, &facts->peer) ? "it has the key that the server had at the last login"
                                     : "its key is not the one that the server had at the last "
                                       "login";
}

static bool set_seen(struct event_node *n, const struct account_memory *m)
{
    uint8_t *seen = arena_alloc(&n->arena, 64);
    if (!seen)
        return false;
    memcpy(seen, m->certificate_sha256, 32);
    memcpy(seen + 32, m->spki_sha256, 32);
    n->event.seen_sha256 = seen;
    n->event.seen_spki_sha256 = seen + 32;
    return true;
}

bool remember_secured(struct linnet_client *c, const struct tls_facts *facts)
{
    const struct account_memory *m = &c->remembered.memory;
    if (!m->has_certificate || !facts->peer.present || facts->verdict != TLS_VERDICT_OK ||
        same_key(m, &facts->peer))
        return true;
    recorder_printf(&c->recorder, loop_now_ms(),
                    "the certificate has another key than at the last login");
    struct event_node *n = event_new(LINNET_EVENT_CERTIFICATE_CHANGED);
    if (n && event_set_certificate(n, facts) && set_seen(n, m)) {
        event_push(&c->events, n);
        return true;
    }
    event_free(n);
    return false;
}

/* ---- the way it went, for people ---- */

void remember_way(const struct linnet_client *c, char *out, size_t size)
{
    const struct stream *s = client_stream(c);
    const char *mechanism = s ? stream_mechanism(s) : NULL;
    const char *binding = s ? stream_binding(s) : NULL;
    unsigned path = s ? stream_path(s) : 0;
    const char *later = path & STREAM_PATH_EARLY       ? ", early data"
                        : path & STREAM_PATH_PIPELINED ? ", pipelined"
                                                       : "";
    if (path & STREAM_PATH_TOKEN)
        snprintf(out, size, "token (%s)%s", mechanism ? mechanism : "", later);
    else
        snprintf(out, size, "%s%s%s%s", mechanism ? mechanism : c->login.mechanism,
                 binding ? ", " : "", binding ? binding : "", later);
}

unsigned linnet_client_path(const struct linnet_client *c)
{
    return c->login.path;
}
