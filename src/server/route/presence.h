/*
 * presence.h - presence of the user's own resources (RFC 6121 §4), without subscriptions: each
 * available resource of an account sees the others, and whoever presence was directed to learns
 * when its sender goes. Home loop's thread.
 */
#ifndef SERVER_ROUTE_PRESENCE_H
#define SERVER_ROUTE_PRESENCE_H

#include "server/c2s/session.h"

/* Presence without `to`. */
void presence_broadcast(struct session *s, const struct element *e, enum parcel_type type);

/* Notes that `p` is directed presence; false when there is no room to remember it, and then it
 * must not be sent. */
bool presence_directed(struct session *s, const struct parcel *p) MUST_USE;

/* The session ends: as if it had sent unavailable. */
void presence_end(struct session *s);

#endif
