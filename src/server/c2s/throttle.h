/*
 * throttle.h - makes guessing at passwords slow. Nobody is locked out by what others do.
 *
 * A wrong proof is a debt of the address it came from (an IPv6 peer counts by its /64) and of the
 * account it was for; debts halve every five minutes. While an address owes fewer than 5 failures
 * and an account fewer than 10, nothing happens. From then on an attempt is held before its
 * credential is looked up, 1, 2, 4 and so on seconds: up to 8 s for its address, up to 4 s for its
 * account, whichever is longer. Names of no account are held like any other.
 *
 * An attempt counts as a failure from its beginning until it has ended, so that guesses made all at
 * once are no cheaper than one after another: for its account, and for those at the same account
 * from the same address. Not for others of the address: when a network comes back, everybody behind
 * one address signs in at once, and nobody of them should wait.
 *
 * The right password takes back what this address owed because of this account, and no more: a
 * guesser does not get rid of a debt with an account of his own. Where an account has signed in
 * from before, its own debt does not count: strangers who guess at it do not slow its owner down.
 *
 * What is held is bounded: so many attempts of an address at the clients' door, as many at the
 * console's, and at either door as many of an account that has signed in from there before. So what
 * clients of an address guess at (a gateway's, or those of a shell) takes no place of the
 * console's, and guesses at other names take none of whoever is known there.
 *
 * The tables have a fixed size and are found by a keyed hash. When they are full, what owes the
 * least is forgotten first, so many addresses at once cost a guesser's debts sooner; memory never.
 *
 * Beside the hash stands who it is, for the operator: the address, and the name as long as it has
 * less than THROTTLE_WHO_BYTES. An operator may take a debt away.
 *
 * Any thread: the lock is held for a few comparisons, or to copy the tables. Times are passed in,
 * monotonic milliseconds.
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
    THROTTLE_WAITING_MAX = 32 /* attempts that are held at once: see above, of what */
};

/* Where an attempt is made. */
enum throttle_door { THROTTLE_CLIENTS, THROTTLE_CONSOLE };

/* Never NULL. */
struct throttle *throttle_new(const uint8_t key[16]);
void throttle_free(struct throttle *t); /* NULL is fine */

/* Who tries; both borrowed. */
struct throttle_who {
    const struct peer *peer;
    struct str user; /* prepared; "" for a name that no account can have */
    enum throttle_door door;
};

/* An attempt begins. How long it must be held; when that is not 0 it counts as waiting until
 * throttle_go_on. False when too many of its address wait already: it is refused, as one that may
 * be made later, and has not begun. All three of an attempt say the same door. */
bool throttle_enter(struct throttle *t, uint64_t now_ms, const struct throttle_who *who,
                    uint32_t *ret_held_ms) MUST_USE;
void throttle_go_on(struct throttle *t, const struct throttle_who *who);

/* Somebody's proof was wrong, or right. */
void throttle_failed(struct throttle *t, uint64_t now_ms, const struct throttle_who *who);
void throttle_succeeded(struct throttle *t, uint64_t now_ms, const struct throttle_who *who);

/* An attempt that began, and waits no longer, has ended; after its outcome was told, if it had one.
 */
void throttle_left(struct throttle *t, const struct throttle_who *who);

/* ---- for the operator ---- */

enum { THROTTLE_WHO_BYTES = 64, THROTTLE_DEBTS_MAX = 200 };

enum throttle_kind { THROTTLE_ADDRESS, THROTTLE_ACCOUNT };

struct throttle_debt {
    enum throttle_kind kind;
    /* "192.0.2.7", "2001:db8:1:2::/64"; or a user, with an ellipsis where it was cut */
    char who[THROTTLE_WHO_BYTES];
    uint32_t failures; /* that are owed now */
    uint32_t hold_ms;  /* what the next attempt would wait because of it */
    uint32_t waiting;  /* attempts that are held, or (of an account) under way */
};

/* Whom the address of a debt stands for, as `who` says it. */
void throttle_peer_text(const struct peer *peer, char out[THROTTLE_WHO_BYTES]);

/* Fills `ret` with who owes anything, the worst first, and returns how many. */
size_t throttle_debts(struct throttle *t, uint64_t now_ms,
                      struct throttle_debt ret[THROTTLE_DEBTS_MAX]);

/* The debt of that address, or of that account when `peer` is NULL, is gone; false when there was
 * none. Attempts that wait already go on when their time has come. */
bool throttle_forgive(struct throttle *t, uint64_t now_ms, const struct throttle_who *who);

#endif
