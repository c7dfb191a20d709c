/*
 * router.h - from a client's stanza to those it is for. What a session sends is checked and
 * stamped on its own loop; what is for a user is delivered on that user's home loop (user.h).
 *
 * Order (RFC 6120 §10.1): stanzas from one sender to one recipient take one way, the sender's loop,
 * the mail between the two loops, the recipient's loop, each in order, so none overtakes another.
 */
#ifndef SERVER_ROUTE_ROUTER_H
#define SERVER_ROUTE_ROUTER_H

#include "server/route/parcel.h"

struct session;
struct worker;

/* What a client sent. May end its session. */
void router_stanza(struct session *s, const struct element *e);

/* Answers a client's own stanza with an error, where one may be sent. */
void router_refuse(struct session *s, const struct element *e, enum stanza_condition c);

/* The name of a local user within the server, its bare JID, which decides the home loop. Borrowed
 * until the next call on `w`. */
struct str router_key_of_local(struct worker *w, struct str local);
void router_key(const char *domain, struct str local, struct buf *out);
unsigned router_home(const struct worker *w, struct str key);

/* Takes a parcel to its recipient's home. */
void router_send(struct worker *w, const struct parcel *p);

/* Answers the sender of `p` with an error, where one may be sent. */
void router_bounce(struct worker *w, const struct parcel *p, enum stanza_condition c);

/* Sends `reply` (kind and type given, its block's bytes in w->scratch) to the sender of `p`. */
void router_reply(struct worker *w, const struct parcel *p, struct parcel *reply);

#endif
