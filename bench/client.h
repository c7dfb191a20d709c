/*
 * client.h - the client half of the generator: one connection that signs in (STARTTLS, direct TLS
 * or neither; SCRAM; bind) with the flights of any careful client, and as little work as can be.
 * It looks for the ends of elements instead of reading XML, does not check the server's certificate
 * nor its proof, and keeps the SCRAM keys of an account from one login to the next.
 *
 * One thread; a failure ends the program with the server's words.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "base/hash.h"
#include "wire.h"

enum { CLIENT_TEXT_BYTES = 160 };

enum client_tls { CLIENT_TLS_NONE, CLIENT_TLS_START, CLIENT_TLS_DIRECT };

/* What all connections of a run share. */
struct client_config {
    uint16_t port;
    enum client_tls tls;
    SSL_CTX *tls_context;
    const char *domain, *password;
    const char *mechanism;
    enum hash_alg hash;
    bool handshake_only; /* no XMPP: bound means secured */
};

struct client_account {
    char name[16];
    struct str salt; /* of the keys below; the account's own */
    unsigned iterations;
    uint8_t client_key[HASH_MAX_BYTES], stored_key[HASH_MAX_BYTES];
};

enum client_state {
    CLIENT_CONNECTING,
    CLIENT_OFFER_TLS, /* features that name STARTTLS are awaited */
    CLIENT_PROCEED,
    CLIENT_SECURING,
    CLIENT_OFFER_SASL,
    CLIENT_CHALLENGE,
    CLIENT_SUCCESS,
    CLIENT_OFFER_BIND,
    CLIENT_BINDING,
    CLIENT_BOUND,
    CLIENT_LEAVING,
    CLIENT_GONE /* the connection is closed */
};

struct client {
    struct wire wire;
    const struct client_config *config;
    struct client_account *account;
    enum client_state state;
    char nonce[40];              /* ours */
    char jid[CLIENT_TEXT_BYTES]; /* once bound */
};

void client_connect(struct client *c, const struct client_config *config, int epoll,
                    struct client_account *account);

/* Handles an epoll event: negotiates as far as it goes. Once bound, what is read stays in
 * c->wire.in for the caller. */
void client_ready(struct client *c, uint32_t events);

/* Says goodbye; CLIENT_GONE follows when the server has answered. */
void client_leave(struct client *c);

#endif
