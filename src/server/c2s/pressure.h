/*
 * pressure.h - what happens when a client reads more slowly than others write to it.
 *
 * Of limits.send_queue_bytes, past a quarter: whoever sends to it is not read from (held) until an
 * eighth is left. A hold lasts five seconds at most; then nobody waits for this client any more
 * until it has caught up, and at the limit its stream is ended with resource-constraint.
 * So a client that merely lags slows its senders down, as TCP would, and one that does not read
 * at all delays each of them once.
 */
#ifndef SERVER_C2S_PRESSURE_H
#define SERVER_C2S_PRESSURE_H

#include "server/route/parcel.h"

enum { PRESSURE_HOLD_MS = 5000, PRESSURE_HELD_MAX = 256 };

struct session;
struct worker;

struct pressure_hold {
    struct parcel_sender sender; /* who waits */
    bool for_ack;                /* and for an acknowledgement, not for a reader */
};

struct pressure {
    struct pressure_hold *held;
    unsigned count, cap;
    uint64_t until_ms; /* of the holds; UINT64_MAX when there is none */
    bool spent;        /* holds ran out: none until it has caught up */
};

void pressure_init(struct pressure *p);

/* `s` goes on with another connection, which may owe acknowledgements from the start, and is waited
 * for as if it were new. */
void pressure_resumed(struct session *s);

/* Something was queued for `s` by `sender` (NULL or conn 0: by the server). */
void pressure_sent(struct session *s, const struct parcel_sender *sender);

/* Its output was written as far as the socket took it. May end its stream. */
void pressure_relieve(struct session *s);

uint64_t pressure_deadline_ms(const struct session *s); /* NULL: never */
void pressure_due(struct session *s, uint64_t now_ms);

/* The session ends: nobody waits for it any more. */
void pressure_end(struct session *s);

#endif
