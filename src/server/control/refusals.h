/*
 * refusals.h - sign-ins to the console that failed, told in few rows of the audit trail however
 * many there are: strangers cause them.
 *
 * The first one of a name, from an address (an IPv6 peer counts by its /64), for a reason, is told
 * at once. Those that follow within REFUSALS_WINDOW_MS are counted, and told together when that
 * time is over. While REFUSALS_MAX are counted so, everything else is one count. So all guessers of
 * the world cause at most 2 * REFUSALS_MAX + 1 rows in that time, and take no memory.
 *
 * Pure: times are passed in, monotonic milliseconds. One thread.
 */
#ifndef SERVER_CONTROL_REFUSALS_H
#define SERVER_CONTROL_REFUSALS_H

#include "server/c2s/addresses.h"

#include <sys/types.h>

enum { REFUSALS_MAX = 32, REFUSALS_WINDOW_MS = 10 * 60 * 1000, REFUSALS_NAME_BYTES = 64 };

struct refusal {
    char user[REFUSALS_NAME_BYTES]; /* as error_copy_text leaves it; "" for one that is no name */
    struct peer peer;               /* of the first */
    uid_t uid;                      /* of the process that asked */
    const char *why;                /* never freed; NULL: others, of any name, address and reason */
    unsigned more;                  /* how many followed */
    uint64_t end_ms;
};

/* A zeroed struct has none. */
struct refusals {
    struct refusal rows[REFUSALS_MAX];
    size_t count;
    struct refusal others;
};

/* Counts what `first` describes (its more and end_ms are not read). Whether it is to be told now.
 */
bool refusals_note(struct refusals *r, uint64_t now_ms, const struct refusal *first) MUST_USE;

/* Forgets those whose time is over, but for one that counted more, which it gives: to be told.
 * False when there is none left. */
bool refusals_take(struct refusals *r, uint64_t now_ms, struct refusal *ret) MUST_USE;

/* When refusals_take has something to do next; 0 when nothing is counted. */
uint64_t refusals_due_ms(const struct refusals *r);

#endif
