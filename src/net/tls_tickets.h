/*
 * tls_tickets.h - the keys that encrypt a server's session tickets (RFC 5077, RFC 8446 §4.6.1),
 * shared by the contexts of all loops, so that a client may resume on any of them. Counted
 * references; any thread.
 */
#ifndef NET_TLS_TICKETS_H
#define NET_TLS_TICKETS_H

#include "base/base.h"

#include <openssl/ssl.h>

struct tls_tickets;

/* Fresh keys from `random`. NULL when out of memory. */
struct tls_tickets *tls_tickets_new(const struct random_source *random) MUST_USE;
struct tls_tickets *tls_tickets_ref(struct tls_tickets *t);
void tls_tickets_unref(struct tls_tickets *t); /* NULL is fine */

/* New keys for new tickets. Tickets under the keys before are still accepted, and renewed;
 * older ones are not. Call it every few hours. */
void tls_tickets_rotate(struct tls_tickets *t, const struct random_source *random);

/* Makes `ssl_ctx` use `t`, which must outlive it. False when out of memory. */
bool tls_tickets_install(struct tls_tickets *t, SSL_CTX *ssl_ctx) MUST_USE;

#endif
