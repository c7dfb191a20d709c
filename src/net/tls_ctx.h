/*
 * tls_ctx.h - what the TLS connections of one loop share: certificate or trust, and policy.
 *
 * A context belongs to one loop (OpenSSL's would be contended otherwise), but references to it are
 * counted and may be dropped on any thread, so a connection that moved keeps its own. To reload a
 * certificate, build a new context; connections keep theirs.
 */
#ifndef NET_TLS_CTX_H
#define NET_TLS_CTX_H

#include "base/tls_facts.h"
#include "net/tls_once.h"
#include "net/tls_tickets.h"

struct tls_ctx;

enum { TLS_REASON_BYTES = 256, TLS_PINS_MAX = 8 };

struct tls_server_settings {
    const char *cert_file;       /* PEM: the certificate, then its chain */
    const char *key_file;        /* PEM */
    const char *alpn;            /* "xmpp-client": chosen when offered; NULL for none */
    struct tls_tickets *tickets; /* referenced; NULL: no resumption */
    /* Early data of TLS 1.3 (RFC 8446 §2.3): the most that a client may send, 0 for none; no more
     * than 16384, which is what a server skips when it does not accept it. It needs `tickets` and
     * `once` (referenced), which all contexts with these tickets share for the life of the process:
     * without it none is accepted, since nobody could tell a replay. */
    uint32_t early_data_max_bytes;
    struct tls_once *once;
};

/* NULL on failure, with one sentence in `reason` that names the file. Reads the files. */
struct tls_ctx *tls_ctx_new_server(const struct tls_server_settings *s,
                                   char reason[TLS_REASON_BYTES]) MUST_USE;

struct tls_client_settings {
    const char *ca_file; /* PEM anchors that replace the system's; NULL for the system's */
    /* SHA-256 of acceptable SubjectPublicKeyInfos. With any, the pin alone decides: a match needs
     * no chain, name or date (as DANE-EE, RFC 7671 §5.1), another key is untrusted. */
    uint8_t pins[TLS_PINS_MAX][32];
    size_t pin_count;
    /* "xmpp-client": an SRV-ID _xmpp-client.DOMAIN counts as identity; NULL: it does not. */
    const char *srv_service;
    bool xmpp_addr; /* so does an XmppAddr (RFC 6120 §13.7.1.4) */
};

struct tls_ctx *tls_ctx_new_client(const struct tls_client_settings *s,
                                   char reason[TLS_REASON_BYTES]) MUST_USE;

struct tls_ctx *tls_ctx_ref(struct tls_ctx *ctx);
void tls_ctx_unref(struct tls_ctx *ctx); /* NULL is fine */

/* The server's own certificate, for status pages and for a warning before it expires. */
void tls_ctx_certificate(const struct tls_ctx *ctx, struct tls_certificate *ret);

/* Whether a client of that service will find `host` in it (tls_identity.h). */
bool tls_ctx_is_for(const struct tls_ctx *ctx, const char *host, const char *srv_service) MUST_USE;

#endif
