/*
 * places.h - places for threads that wait, of which nobody gets more than a share. Any thread.
 */
#ifndef CONSOLE_PLACES_H
#define CONSOLE_PLACES_H

#include "base/base.h"

enum { PLACES_MAX = 16, PLACES_WHO_BYTES = 3072 };

/* Zeroed before the first use. */
struct places {
    char who[PLACES_MAX][PLACES_WHO_BYTES]; /* "" for a free one */
};

/* Takes one of `total` places (at most PLACES_MAX) for `who`, which is not "" and is cut where it
 * is longer than can be kept. -1 when all are taken, or `who` has `each` of them. */
int places_enter(struct places *p, unsigned total, unsigned each, const char *who) MUST_USE;

/* What places_enter gave; -1 is fine. */
void places_leave(struct places *p, int place);

#endif
