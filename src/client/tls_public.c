#include "client/tls_public.h"

#include "base/base64.h"
#include "base/error.h"

#include <time.h>

enum linnet_error_code tls_public_fault(enum tls_verdict verdict)
{
    switch (verdict) {
    case TLS_VERDICT_OK:
        return LINNET_OK;
    case TLS_VERDICT_NAME:
        return LINNET_ERROR_CERT_NAME;
    case TLS_VERDICT_EXPIRED:
        return LINNET_ERROR_CERT_EXPIRED;
    case TLS_VERDICT_NOT_CHECKED:
    case TLS_VERDICT_UNTRUSTED:
        break;
    }
    return LINNET_ERROR_CERT_UNTRUSTED;
}

void tls_public_certificate(const struct tls_facts *f, struct linnet_certificate *ret)
{
    *ret = (struct linnet_certificate){
        .subject = f->peer.subject,
        .issuer = f->peer.issuer,
        .names = f->peer.names,
        .not_before_s = f->peer.not_before_s,
        .not_after_s = f->peer.not_after_s,
        .fault = tls_public_fault(f->verdict),
        .reason = f->verdict_reason,
    };
    memcpy(ret->sha256, f->peer.sha256, sizeof ret->sha256);
    memcpy(ret->spki_sha256, f->peer.spki_sha256, sizeof ret->spki_sha256);
}

void tls_public(const struct tls_facts *f, struct linnet_tls *ret)
{
    *ret = (struct linnet_tls){
        .version = f->version,
        .cipher = f->cipher,
        .group = f->group,
        .alpn = f->alpn,
        .resumed = f->resumed,
    };
    tls_public_certificate(f, &ret->certificate);
}

void linnet_fingerprint(const uint8_t sha256[32], char out[LINNET_FINGERPRINT_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < 32; i++) {
        out[3 * i] = digits[sha256[i] >> 4];
        out[3 * i + 1] = digits[sha256[i] & 15];
        out[3 * i + 2] = i == 31 ? '\0' : ':';
    }
}

static void format_date(int64_t unix_s, char out[16])
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}

/* As linnet_config_add_pin takes it. Without memory the error goes without its pin. */
static void format_pin(const uint8_t spki_sha256[32], char *out, size_t out_size)
{
    struct buf text;
    buf_init(&text, 0, false);
    buf_cstr(&text, "sha256//");
    base64_encode(&text, str_of((const char *)spki_sha256, 32));
    error_copy_text(out, out_size, text.failed ? STR_NONE : buf_peek(&text));
    buf_finish(&text);
}

void tls_public_error(const struct tls_facts *f, const char *domain, const char *seen,
                      struct linnet_error *error)
{
    char sha256[LINNET_FINGERPRINT_SIZE], pin[64], not_before[16], not_after[16];
    linnet_fingerprint(f->peer.sha256, sha256);
    format_pin(f->peer.spki_sha256, pin, sizeof pin);
    format_date(f->peer.not_before_s, not_before);
    format_date(f->peer.not_after_s, not_after);
    error->stage = LINNET_STAGE_SECURE;
    error_set(error, tls_public_fault(f->verdict), LINNET_ORIGIN_PEER, "domain", domain, "pin", pin,
              "names", f->peer.names, "issuer", f->peer.issuer, "sha256", sha256, "not_before",
              not_before, "not_after", not_after, "reason", f->verdict_reason, "seen", seen, NULL);
}
