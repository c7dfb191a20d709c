/*
 * tls_facts.h - what a finished TLS handshake established: plain data, filled by net/chan_tls and
 * read by the protocol core, which has no TLS of its own. Owns nothing; copy with `=`.
 */
#ifndef BASE_TLS_FACTS_H
#define BASE_TLS_FACTS_H

#include "base/base.h"

/* The verdict on the peer's certificate, worst first reported. */
enum tls_verdict {
    TLS_VERDICT_NOT_CHECKED = 0, /* a server that asked for no client certificate */
    TLS_VERDICT_OK,
    TLS_VERDICT_UNTRUSTED, /* chain does not end in a trusted anchor, or pin mismatch */
    TLS_VERDICT_NAME,      /* trusted, but not for the domain asked for */
    TLS_VERDICT_EXPIRED    /* expired or not yet valid */
};

struct tls_certificate {
    char subject[256]; /* printable */
    char issuer[256];
    char names[512];                   /* the identities it holds: "example.org, *.example.org" */
    int64_t not_before_s, not_after_s; /* Unix time */
    uint8_t sha256[32];                /* of the DER certificate */
    uint8_t spki_sha256[32];           /* of its SubjectPublicKeyInfo: what a pin names */
    bool present;
};

struct tls_facts {
    char version[16]; /* "TLSv1.3" */
    char cipher[64];
    char group[32]; /* key exchange, "" when unknown */
    char alpn[32];
    bool resumed;
    /* What is known before the handshake is finished (RFC 8446 §2.3): the exporter is to come. */
    bool unfinished;
    bool early_data; /* the server accepted it; in early facts of a client false: not known yet */
    enum tls_verdict verdict;
    char verdict_reason[160]; /* OpenSSL's words for a bad verdict; "" when good */
    struct tls_certificate peer;

    /* Channel bindings this connection can give; a length of 0 means it cannot. */
    uint8_t exporter[32]; /* tls-exporter, RFC 9266 */
    size_t exporter_len;
    uint8_t end_point[64]; /* tls-server-end-point, RFC 5929 §4 */
    size_t end_point_len;
    uint8_t unique[64]; /* tls-unique, RFC 5929 §3; only below TLS 1.3 */
    size_t unique_len;
};

#endif
