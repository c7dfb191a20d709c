/*
 * tls_ctx_private.h - the inside of a context, for chan_tls.c.
 */
#ifndef NET_TLS_CTX_PRIVATE_H
#define NET_TLS_CTX_PRIVATE_H

#include "net/tls_ctx.h"

#include <stdatomic.h>

struct tls_ctx {
    atomic_uint refs;
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method; /* chan_tls.c's, which carries bytes over a channel */
    bool server;

    /* server */
    struct tls_tickets *tickets;
    struct tls_once *once; /* NULL: no early data */
    uint32_t early_max;    /* 0: no early data */
    char alpn[32];         /* in the wire's form: a length, then the name; "" for none */
    uint8_t end_point[64]; /* channel binding of the certificate */
    size_t end_point_len;

    /* client */
    uint8_t pins[TLS_PINS_MAX][32];
    size_t pin_count;
    char srv_service[64]; /* "" for none */
    bool xmpp_addr;
    uint8_t trust_id[32]; /* digest of the anchors and pins: marks sessions made under them */
};

/* Written by chan_tls.c, installed by tls_ctx.c. */
BIO_METHOD *chan_tls_bio_method(void);
int chan_tls_verified(int ok, X509_STORE_CTX *store);
int chan_tls_new_session(SSL *ssl, SSL_SESSION *session);
int chan_tls_allow_early(SSL *ssl, void *ctx);

#endif
