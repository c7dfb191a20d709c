/*
 * tls_once.h - which session tickets have brought early data already, shared by the contexts of all
 * loops, so that a ticket's early data is accepted at most once on all of them (RFC 8446 §8.1).
 * Counted references; any thread.
 *
 * It remembers in memory only, and a bounded number. Whatever it cannot know is refused: a ticket
 * made before its start, and any ticket while there is no room. To refuse costs the client a round
 * trip, to accept a second time lets an attacker replay what it saw.
 *
 * So whoever does enough handshakes can fill it, an account is not needed, and then nobody's early
 * data passes: sign-ins take one round trip more, and nothing else happens. Room comes back by
 * itself, place by place, as what fills it expires: with the lifetime of a ticket (OpenSSL's
 * default, two hours). To forget sooner would mean to rely on the check of a ticket's age alone.
 */
#ifndef NET_TLS_ONCE_H
#define NET_TLS_ONCE_H

#include "base/base.h"

struct tls_once;

/* Room for at least `capacity` unexpired tickets, of which a few find none before it is full; 24
 * bytes each. `start_s` is the Unix time now. NULL when out of memory. */
struct tls_once *tls_once_new(size_t capacity, int64_t start_s,
                              const struct random_source *random) MUST_USE;
struct tls_once *tls_once_ref(struct tls_once *o);
void tls_once_unref(struct tls_once *o); /* NULL is fine */

/* True for the first call with `secret`, which no other ticket shares; false from then on, and
 * whenever it is not certain. `made_s` and `expires_s` are the ticket's, in Unix time as `now_s`
 * is. A clock that was set back causes refusals, never a second acceptance. */
bool tls_once_claim(struct tls_once *o, struct str secret, int64_t made_s, int64_t expires_s,
                    int64_t now_s) MUST_USE;

#endif
