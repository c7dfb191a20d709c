/*
 * linnet/tls.h - what a TLS connection and the server's certificate showed. Plain data that the
 * library lends; later versions may add fields at the end.
 */
#ifndef LINNET_TLS_H
#define LINNET_TLS_H

#include <linnet/error.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct linnet_certificate {
    const char *subject; /* printable; never decides anything */
    const char *issuer;
    const char *names;                 /* the identities it holds: "example.org, *.example.org" */
    int64_t not_before_s, not_after_s; /* Unix time */
    uint8_t sha256[32];                /* of the certificate: what people compare */
    uint8_t spki_sha256[32];           /* of its public key: what linnet_config_add_pin takes */

    /* LINNET_OK when it was accepted by the rules of RFC 6120 §13.7 and RFC 9525; else
     * LINNET_ERROR_CERT_UNTRUSTED, _NAME or _EXPIRED, and the reason in words. */
    enum linnet_error_code fault;
    const char *reason;
};

struct linnet_tls {
    const char *version; /* "TLSv1.3" */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384" */
    const char *group;   /* of the key exchange: "X25519"; "" when unknown */
    const char *alpn;    /* "xmpp-client"; "" when none was agreed */
    bool resumed;
    struct linnet_certificate certificate;
};

enum { LINNET_FINGERPRINT_SIZE = 96 };

/* Writes 32 bytes as "AB:CD:…" with its NUL: for people to compare. Pure; any thread. */
LINNET_API void linnet_fingerprint(const uint8_t sha256[32], char out[LINNET_FINGERPRINT_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
