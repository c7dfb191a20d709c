#include "core/stream_private.h"

#include "base/base64.h"
#include "base/datetime.h"

#include <stdlib.h>

/* STARTTLS (RFC 6120 §5), both halves, and what follows any handshake, direct TLS too. */

/* ---- client ---- */

static enum feature_choice choose(struct stream *s, const struct element *offer)
{
    if (s->tls || s->authenticated || s->config->policy.tls == POLICY_TLS_OFF)
        return FEATURE_SKIP;
    if (!offer && s->config->policy.tls == POLICY_TLS_PREFER)
        return FEATURE_SKIP;
    /* An offer that is missing may have been stripped: ask once all the same (RFC 7590 §3.1). */
    s->login->starttls.unadvertised = !offer;
    s->login->starttls.asked = true;
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, element_new(&a, NS_TLS, "starttls"));
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

static void client_handle(struct stream *s, const struct element *e)
{
    if (element_is(e, NS_TLS, "proceed")) {
        s->login->starttls.unadvertised = false;
        s->header_sent = s->header_received = false; /* what was in clear counts no more */
        stream_ask(s, (struct stream_event){.kind = STREAM_WANT_TLS}, true);
        return;
    }
    stream_fail(s, STREAM_OK, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_PEER, "target", s->domain,
                "reason", "the server refused STARTTLS", NULL);
}

static enum linnet_error_code verdict_code(enum tls_verdict v)
{
    switch (v) {
    case TLS_VERDICT_NAME:
        return LINNET_ERROR_CERT_NAME;
    case TLS_VERDICT_EXPIRED:
        return LINNET_ERROR_CERT_EXPIRED;
    case TLS_VERDICT_NOT_CHECKED:
    case TLS_VERDICT_OK:
    case TLS_VERDICT_UNTRUSTED:
        break;
    }
    return LINNET_ERROR_CERT_UNTRUSTED;
}

static void go_on(struct stream *s)
{
    stream_enter(s, LINNET_STAGE_SIGN_IN);
    stream_restart(s);
}

static void failed(struct stream *s, const struct linnet_error *error)
{
    struct linnet_error copy = {0};
    if (error)
        copy = *error;
    else
        error_set(&copy, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_NETWORK, "target", s->domain, NULL);
    stream_input_end(s, s->now_ms, &copy);
}

static bool keep_facts(struct stream *s, const struct tls_facts *facts)
{
    if (!s->tls)
        s->tls = malloc(sizeof *s->tls);
    if (!s->tls) {
        stream_out_of_memory(s);
        return false;
    }
    *s->tls = *facts;
    s->verified = facts->verdict == TLS_VERDICT_OK;
    return true;
}

void starttls_answered(struct stream *s, const struct tls_facts *facts,
                       const struct linnet_error *error)
{
    if (!facts)
        failed(s, error);
    else if (!keep_facts(s, facts))
        return;
    else if (stream_is_client(s) && !s->verified)
        stream_ask(s, (struct stream_event){.kind = STREAM_WANT_VERIFY, .facts = s->tls}, false);
    else
        go_on(s);
}

/* ---- early data ---- */

bool starttls_early_allowed(struct stream *s, const struct tls_facts *facts)
{
    return stream_is_client(s) ? sasl2_may_go_early(s, facts) : s->config->early_data;
}

void starttls_early(struct stream *s, uint64_t want_id, const struct tls_facts *facts)
{
    struct tls_facts early = *facts;
    early.unfinished = true;
    s->early_want = want_id;
    if (keep_facts(s, &early))
        go_on(s);
}

/* The certificate that was good when the ticket was made may be another one now. */
void starttls_early_finished(struct stream *s, const struct tls_facts *facts,
                             const struct linnet_error *error)
{
    if (stream_over(s))
        return;
    if (!facts)
        failed(s, error);
    else if (s->config && keep_facts(s, facts) && stream_is_client(s) && !s->verified)
        starttls_verified(s, false);
    /* A server that is READY has forgotten what it negotiated with. */
}

static void format_date(int64_t unix_s, char out[DATETIME_BYTES])
{
    datetime_format(unix_s, out);
    out[sizeof "2026-11-27" - 1] = '\0';
}

/* As linnet_config_add_pin takes it. Without memory an error goes without its pin. */
static void format_pin(const struct tls_certificate *peer, char *out, size_t out_size)
{
    struct buf text;
    buf_init(&text, 0, false);
    buf_cstr(&text, "sha256//");
    base64_encode(&text, str_of(peer->spki_sha256, sizeof peer->spki_sha256));
    error_copy_text(out, out_size, text.failed ? STR_NONE : buf_peek(&text));
    buf_finish(&text);
}

void starttls_verified(struct stream *s, bool accept)
{
    if (accept) {
        s->verified = true;
        go_on(s);
        return;
    }
    const struct tls_certificate *peer = &s->tls->peer;
    char sha256[65], pin[64], not_before[DATETIME_BYTES], not_after[DATETIME_BYTES];
    hash_hex(str_of(peer->sha256, sizeof peer->sha256), sha256);
    format_pin(peer, pin, sizeof pin);
    format_date(peer->not_before_s, not_before);
    format_date(peer->not_after_s, not_after);
    struct linnet_error error = {0};
    error_set(&error, verdict_code(s->tls->verdict), LINNET_ORIGIN_PEER, "domain", s->domain, "pin",
              pin, "names", peer->names, "issuer", peer->issuer, "sha256", sha256, "not_before",
              not_before, "not_after", not_after, "reason", s->tls->verdict_reason, NULL);
    stream_input_end(s, s->now_ms, &error);
}

/* ---- server ---- */

static bool offers(const struct stream *s)
{
    /* Nothing may be negotiated in front of TLS that TLS would have to protect (RFC 6120 §5.3.4).
     */
    return !s->tls && !s->authenticated && s->config->policy.tls != POLICY_TLS_OFF;
}

static struct element *offer(const struct stream *s, struct arena *a)
{
    struct element *e = element_new(a, NS_TLS, "starttls");
    if (s->config->policy.tls == POLICY_TLS_REQUIRE)
        element_add(a, e, NS_TLS, "required");
    return e;
}

static void server_handle(struct stream *s, const struct element *e)
{
    bool good = element_is(e, NS_TLS, "starttls") && offers(s);
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, element_new(&a, NS_TLS, good ? "proceed" : "failure"));
    if (good)
        stream_ask(s, (struct stream_event){.kind = STREAM_WANT_TLS}, true);
    else
        stream_close(s, s->now_ms, STREAM_OK, STR_NONE); /* RFC 6120 §5.4.2.2 */
}

const struct feature feature_starttls = {
    .name = "starttls",
    .ns = NS_TLS,
    .offers = offers,
    .offer = offer,
    .choose = choose,
    .handle = {client_handle, server_handle},
};
