#include "server/c2s/weak_seen.h"

#include "base/map.h"

void weak_seen_init(struct weak_seen *w, const uint8_t key[16])
{
    *w = (struct weak_seen){0};
    pthread_mutex_init(&w->lock, NULL);
    memcpy(w->key, key, sizeof w->key);
}

void weak_seen_finish(struct weak_seen *w)
{
    pthread_mutex_destroy(&w->lock);
}

bool weak_seen_due(struct weak_seen *w, uint64_t now_ms, struct str user)
{
    uint64_t hash = map_hash(w->key, user) | 1;
    pthread_mutex_lock(&w->lock);
    uint64_t *known = &w->places[hash / 2 % WEAK_SEEN_PLACES].hash;
    uint64_t *at_ms = &w->places[hash / 2 % WEAK_SEEN_PLACES].at_ms;
    /* The clock of another loop may be a little ahead. */
    bool due = *known != hash || (now_ms > *at_ms && now_ms - *at_ms >= WEAK_SEEN_MS);
    if (due) {
        *known = hash;
        *at_ms = now_ms;
    }
    pthread_mutex_unlock(&w->lock);
    return due;
}
