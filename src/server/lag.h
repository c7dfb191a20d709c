/*
 * lag.h - how late a loop is: the worst of the last ten seconds. Two things show it: how long a
 * turn takes, since everybody else waits for its end, and how late the tick of each second comes,
 * which also shows that the machine gave the loop no time. The loop writes, any thread asks; times
 * are passed in, all of the same clock in milliseconds.
 */
#ifndef SERVER_LAG_H
#define SERVER_LAG_H

#include "server/recent.h"

struct lag {
    /* the loop's own */
    struct recent recent;
    uint64_t began_ms; /* the turn; 0: it is not known when */
    uint64_t due_ms;   /* the next tick; 0: there was none yet */

    /* for other threads */
    _Atomic uint64_t shown_worst_ms, shown_due_ms;
};

/* The loop has been woken. */
void lag_turn_began(struct lag *l, uint64_t now_ms);
/* It is about to sleep. */
void lag_turn_ended(struct lag *l, uint64_t now_ms);
/* The tick came; the next one is due at `due_ms`. */
void lag_ticked(struct lag *l, uint64_t now_ms, uint64_t due_ms);

/* Any thread. A loop that is stuck at this moment is as late as its tick. */
uint64_t lag_worst_ms(const struct lag *l, uint64_t now_ms);

#endif
