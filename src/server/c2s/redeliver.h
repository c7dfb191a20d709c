/*
 * redeliver.h - what a session left unacknowledged when it ended (XEP-0198 §8): delivered anew by
 * the rules of RFC 6121, with the time when it was first sent (XEP-0203), or answered with an
 * error. Messages of a session whose client has bound a new one wait for the new one's initial
 * presence: it is the heir. Home loop's thread.
 */
#ifndef SERVER_C2S_REDELIVER_H
#define SERVER_C2S_REDELIVER_H

#include "core/sm.h"
#include "server/route/parcel.h"

struct session;
struct user;
struct worker;

/* A stanza as it was written to a session's stream, into `a`; NULL when it is not exactly one. */
struct element *redeliver_read_back(struct arena *a, struct str xml);

/* Delivers what `sm` holds. The session is none of its user's any more. NULL is fine. */
void redeliver_all(struct worker *w, const struct sm *sm);

/* The same, but messages are added to *estate, which is made when there is none. */
void redeliver_bequeath(struct worker *w, const struct sm *sm, struct sm **estate);

/* `s` became available, or the server stops: its estate, if it has one, is sent to it. */
void redeliver_inherit(struct session *s);

/* A message that nobody of the user takes: whether an heir will. */
bool redeliver_later(struct user *u, const struct parcel *p);

#endif
