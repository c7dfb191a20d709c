#include "client/tls_public.h"

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
