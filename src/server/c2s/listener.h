/*
 * listener.h - accepts connections on one loop and hands them out.
 *
 * One acceptor rather than a listening socket per loop with SO_REUSEPORT, for three reasons. The
 * kernel spreads those by a hash of addresses, so a loop that is deep in handshakes is given as
 * many as an idle one; here each goes to the loop with the fewest that have not signed in, where
 * the work is. SO_REUSEPORT lets a second server of the same user bind the same port in silence and
 * take half of the clients. And one place counts connections per address before anything is spent
 * on them. Accepting costs some microseconds, a sign-in several hundred, so one acceptor feeds
 * more loops than a machine has cores.
 *
 * Whom it turns away has no record among the sign-ins: nothing was spent on it, it never said what
 * it wanted, and one address could push everybody else's out of the ring by knocking. Too many
 * connections of an address, and no descriptor left, have a line in the log; an address that is
 * blocked (blocks.h) is counted, and said at level debug only.
 */
#ifndef SERVER_C2S_LISTENER_H
#define SERVER_C2S_LISTENER_H

#include "server/server.h"

struct listeners;

/* Binds every address of c2s.listen and c2s.listen_tls. On failure all are closed and `error` says
 * which address could not be had and what to do. */
enum linnet_error_code listeners_open(struct server *server, struct listeners **ret,
                                      struct linnet_error *error) MUST_USE;

/* Stops accepting. NULL is fine. */
void listeners_close(struct listeners *l);

/* "*:5222", "127.0.0.1:5223 TLS": where the socket number `i` listens, for people, with the port it
 * has; NULL after the last. Borrowed. */
enum { LISTENER_TEXT_BYTES = 72 };
const char *listeners_text(const struct listeners *l, size_t i);

/* The port the first socket of that kind is bound to; 0 when there is none. */
uint16_t listeners_port(const struct listeners *l, bool direct_tls);

#endif
