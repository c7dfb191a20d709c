/*
 * throttle.h - makes guessing at passwords slow. Nobody is ever locked out.
 *
 * A wrong proof is a debt of the address it came from (an IPv6 peer counts by its /64) and of the
 * account it was for; debts halve every five minutes. While an address owes fewer than 5 failures
 * and an account fewer than 10, nothing happens. From then on an attempt is held before its
 * credential is looked up, 1, 2, 4 and so on seconds: up to 8 s for its address, up to 4 s for its
 * account, whichever is longer. Names of no account are held like any other.
 *
 * The right password takes back what this address owed because of this account, and no more: a
 * guesser does not get rid of a debt with an account of his own. Where an account has signed in
 * from before, its own debt does not count: strangers who guess at it do not slow its owner down.
 *
 * The tables have a fixed size and are found by a keyed hash. When they are full, what owes the
 * least is forgotten first, so many addresses at once cost a guesser's debts sooner; memory never.
 *
 * Any thread: the lock is held for a few comparisons. Times are passed in, monotonic milliseconds.
 */
#ifndef SERVER_C2S_THROTTLE_H
#define SERVER_C2S_THROTTLE_H

#include "server/c2s/addresses.h"

struct throttle;

enum {
    THROTTLE_ADDRESS_FREE = 5,
    THROTTLE_ADDRESS_MAX_MS = 8000,
    THROTTLE_ACCOUNT_FREE = 10,
    THROTTLE_ACCOUNT_MAX_MS = 4000,
    THROTTLE_HALF_LIFE_MS = 5 * 60 * 1000,
    THROTTLE_WAITING_MAX = 32 /* attempts of one address that are held at once */
};

/* Never NULL. */
struct throttle *throttle_new(const uint8_t key[16]);
void throttle_free(struct throttle *t); /* NULL is fine */

/* Who tries; both borrowed. */
struct throttle_who {
    const struct peer *peer;
    struct str user; /* prepared; "" for a name that no account can have */
};

/* How long the attempt must be held; when that is not 0 it counts as waiting until throttle_leave.
 * False when too many of its address wait already: it is refused, as one that may be made later. */
bool throttle_enter(struct throttle *t, uint64_t now_ms, const struct throttle_who *who,
                    uint32_t *ret_held_ms) MUST_USE;
void throttle_leave(struct throttle *t, const struct throttle_who *who);

/* How the attempt ended: with a wrong proof, or a right one. */
void throttle_failed(struct throttle *t, uint64_t now_ms, const struct throttle_who *who);
void throttle_succeeded(struct throttle *t, uint64_t now_ms, const struct throttle_who *who);

#endif
