/*
 * recent.h - how long things took in the last ten seconds: how many there were, the mean, the
 * worst. A ring of seconds, so that memory and time are constant; the clock is the caller's. Pure;
 * one thread at a time.
 */
#ifndef SERVER_RECENT_H
#define SERVER_RECENT_H

#include "base/base.h"

enum { RECENT_S = 10 };

/* Zeroed, it is empty. */
struct recent {
    struct {
        uint64_t second; /* which one it is of, plus one; 0 for none */
        uint64_t count, sum_us, worst_us;
    } slots[RECENT_S];
};

struct recent_figures {
    uint64_t count, mean_us, worst_us;
};

/* Something ended at `now_ms` that took so long. */
void recent_note(struct recent *r, uint64_t now_ms, uint64_t took_us);

/* Of the second that `now_ms` is in, and the nine before it. */
struct recent_figures recent_read(const struct recent *r, uint64_t now_ms);

#endif
