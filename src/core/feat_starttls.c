#include "core/stream_private.h"

#include "base/base64.h"

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
    s->starttls.unadvertised = !offer;
    s->starttls.asked = true;
    struct arena a;
    stream_scratch(&a);
    stream_write_built(s, &a, element_new(&a, NS_TLS, "starttls"));
    return stream_over(s) ? FEATURE_FAILED : FEATURE_STARTED;
}

static void client_handle(struct stream *s, const struct element *e)
{
    if (element_is(e, NS_TLS, "proceed")) {
        s->starttls.unadvertised = false;
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

void starttls_answered(struct stream *s, const struct tls_facts *facts,
                       const struct linnet_error *error)
{
    if (!facts) {
        struct linnet_error copy = {0};
        if (error)
            copy = *error;
        else
            error_set(&copy, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_NETWORK, "target", s->domain,
                      NULL);
        stream_input_end(s, s->now_ms, &copy);
        return;
    }
    s->tls = malloc(sizeof *s->tls);
    if (!s->tls) {
        stream_out_of_memory(s);
        return;
    }
    *s->tls = *facts;
    s->verified = facts->verdict == TLS_VERDICT_OK;
    if (stream_is_client(s) && !s->verified)
        stream_ask(s, (struct stream_event){.kind = STREAM_WANT_VERIFY, .facts = s->tls}, false);
    else
        go_on(s);
}

static void format_date(int64_t unix_s, char out[32])
{
    /* Civil date from days since 1970, proleptic Gregorian; no time zone, no locale, no clock. */
    int64_t days = (unix_s >= 0 ? unix_s : unix_s - 86399) / 86400 + 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = (int64_t)yoe + era * 400 + (month <= 2);
    struct buf text;
    buf_init(&text, 0, false);
    buf_printf(&text, "%04lld-%02u-%02u", (long long)year, month, day);
    error_copy_text(out, 32, buf_peek(&text));
    buf_finish(&text);
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
    char sha256[65], pin[64], not_before[32], not_after[32];
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
