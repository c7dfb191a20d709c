/*
 * weak_seen.h - which accounts were noted in the last hour to use a weak mechanism, so that one
 * that signs in all day does not write all day. A table of fixed size, found by a keyed hash: where
 * two accounts share a place, both are noted more often. Any thread. Times are passed in.
 */
#ifndef SERVER_C2S_WEAK_SEEN_H
#define SERVER_C2S_WEAK_SEEN_H

#include "base/base.h"

#include <pthread.h>

enum { WEAK_SEEN_MS = 3600 * 1000, WEAK_SEEN_PLACES = 4096 };

struct weak_seen {
    pthread_mutex_t lock;
    uint8_t key[16];
    struct {
        uint64_t hash; /* 0 for nobody */
        uint64_t at_ms;
    } places[WEAK_SEEN_PLACES];
};

void weak_seen_init(struct weak_seen *w, const uint8_t key[16]);
void weak_seen_finish(struct weak_seen *w);

/* Whether this sign-in is to be noted; then the account has been. */
bool weak_seen_due(struct weak_seen *w, uint64_t now_ms, struct str user) MUST_USE;

#endif
