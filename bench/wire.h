/*
 * wire.h - one connection of the generator or of the bare loop: a non-blocking socket, or TLS on
 * one, watched by an epoll instance. It costs what the system calls and OpenSSL cost and next to
 * nothing else: one recv when there is something to read, one send per flush, no copy in between
 * but OpenSSL's. It knows no XMPP. One thread.
 *
 * These are programs for one run on a machine of one's own: what cannot go on (no memory, no
 * descriptors) ends the program through die().
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "base/buf.h"

#include <openssl/ssl.h>

enum { WIRE_READ_BYTES = 64 * 1024 };

struct wire {
    int fd; /* -1: closed */
    int epoll;
    void *owner;         /* comes back in the events */
    SSL *ssl;            /* NULL: plain */
    bool secured;        /* the handshake is done */
    bool ended;          /* the peer closed, or the connection broke */
    bool waits_for_room; /* to write, or for the connection to be made */
    struct buf in;       /* what was read and not yet consumed */
    struct buf out;      /* what waits for wire_flush */
    struct buf sealed;   /* TLS records of it */
    struct str raw;      /* of the last recv, not yet taken by OpenSSL */
};

_Noreturn void die(const char *fmt, ...) PRINTF(1, 2);

/* A context with the cipher and the modes of linnetd (src/net/tls_ctx.c), so that a comparison
 * compares programs, not ciphers, and with OpenSSL's own order of groups, so that the client sends
 * the key share that most clients send (X25519). A server's needs a certificate and key; the other
 * gives NULL and does not verify: the measured side is the server. */
SSL_CTX *wire_tls_context(bool server, const char *cert_file, const char *key_file);

/* Takes a connected or connecting socket and watches it. */
void wire_open(struct wire *w, int epoll, int fd, void *owner, bool connecting);
void wire_close(struct wire *w);

void wire_start_tls(struct wire *w, SSL_CTX *ctx, bool server);

/* Handles an epoll event: reads what is there into `in`, advancing the handshake, and writes what
 * waited for room. */
void wire_ready(struct wire *w, uint32_t events);

/* Makes a record of its own of what `out` holds, to be sent with those before. */
void wire_seal(struct wire *w);

/* Writes `out` as far as the socket takes it. */
void wire_flush(struct wire *w);

/* Says close_notify and shuts the sending side down; the peer's end comes as `ended`. */
void wire_finish(struct wire *w);

#endif
