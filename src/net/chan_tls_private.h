/*
 * chan_tls_private.h - the inside of a TLS channel, for the chan_tls_*.c files.
 */
#ifndef NET_CHAN_TLS_PRIVATE_H
#define NET_CHAN_TLS_PRIVATE_H

#include "net/chan_tls.h"
#include "net/tls_ctx_private.h"

enum chan_tls_fault {
    CHAN_TLS_FAULT_NONE = 0,
    CHAN_TLS_FAULT_NOT_TLS, /* the peer's first bytes are something else */
    CHAN_TLS_FAULT_TLS,     /* the handshake or a record failed */
    CHAN_TLS_FAULT_CUT,     /* the connection below ended without close_notify */
    CHAN_TLS_FAULT_MEMORY
};

/* Only while early data is under way. */
struct chan_tls_early {
    struct buf received; /* server: not taken by the caller yet (secret) */
    struct buf flight;   /* records that the channel below has not taken yet */
    bool corked;         /* records are gathered in `flight` */
    size_t left;         /* client: bytes that may still be written early */
};

struct chan_tls {
    struct chan chan;
    struct tls_ctx *ctx;
    SSL *ssl;
    char *host; /* client only */

    /* Read from below, not yet asked for by OpenSSL. */
    uint8_t *ahead;
    size_t ahead_start, ahead_end;

    uint8_t first[8]; /* of what the peer sent, to say what it is when it is not TLS */
    uint8_t first_len;
    uint8_t read_wants, write_wants;
    uint8_t fault;
    bool finished;  /* the handshake */
    bool begun;     /* chan_tls_handshake was called */
    bool early_due; /* server: the end of early data has not come, if there is any */
    bool peer_alert;
    bool keep_session;

    /* client: the verdict on the chain */
    bool chain_expired;
    bool chain_walked; /* OpenSSL came to the server's own certificate */
    int chain_error;   /* X509_V_ERR_*, the first that is no matter of dates */

    struct buf session;           /* client with keep_session */
    struct chan_tls_early *early; /* NULL unless early data was accepted, or may be sent */
};

static inline struct chan_tls *chan_tls(struct chan *c)
{
    return CONTAINER_OF(c, struct chan_tls, chan);
}

static inline const struct chan_tls *chan_tls_const(const struct chan *c)
{
    return (const struct chan_tls *)c; /* its first member */
}

/* chan_tls_bio.c: puts bytes that were read from below back in front. False: out of memory. */
bool chan_tls_put_ahead(struct chan_tls *t, const void *data, size_t len) MUST_USE;

/* chan_tls_bio.c: sends what early->flight holds. CHAN_OK: nothing is left. */
enum chan_result chan_tls_push(struct chan_tls *t);

/* chan_tls_fault.c: the outcome of an OpenSSL call that did not succeed; what it awaits is noted in
 * `wants`. chan_tls_lost records why OpenSSL gave up, unless the channel below said so already. */
enum chan_result chan_tls_result(struct chan_tls *t, int returned, uint8_t *wants);
enum chan_result chan_tls_lost(struct chan_tls *t);

/* chan_tls_facts.c */
enum tls_verdict chan_tls_verdict(const struct chan_tls *t, char *reason, size_t reason_size);
/* Client, before the handshake: on the server of the session that is offered. */
enum tls_verdict chan_tls_early_verdict(const struct chan_tls *t, char *reason, size_t reason_size);

/* chan_tls_session.c, client: offers a session that chan_tls_session gave earlier, when it fits. */
void chan_tls_resume(struct chan_tls *t, struct str session);
/* Client: the next ticket says itself how much early data it allows. */
void chan_tls_forget_early(struct chan_tls *t);

/* chan_tls_early.c, client: makes `t->early` when the session offered allows early data. False: out
 * of memory. */
bool chan_tls_early_offer(struct chan_tls *t, const char *alpn) MUST_USE;
/* Server: keeps what comes early; CHAN_OK at the end of it. */
enum chan_result chan_tls_early_gather(struct chan_tls *t);
/* Server: moves kept bytes to the caller; drops `t->early` with the last after the handshake. */
void chan_tls_early_take(struct chan_tls *t, void *to, size_t len, size_t *ret_len);
void chan_tls_early_free(struct chan_tls *t);

#endif
