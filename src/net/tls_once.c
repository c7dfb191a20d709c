#include "net/tls_once.h"

#include "base/hash.h"
#include "base/wipe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A digest belongs to one bucket and to any of its slots: nothing is ever moved or swept, and what
 * expired is overwritten when room is needed. */
enum { DIGEST_BYTES = 16, BUCKET_SLOTS = 8 };

struct slot {
    uint8_t digest[DIGEST_BYTES];
    int64_t expires_s; /* 0: never used */
};

struct bucket {
    struct slot slots[BUCKET_SLOTS];
};

struct tls_once {
    atomic_uint refs;
    uint8_t key[32]; /* nobody can aim tickets at one bucket, nor find secrets in memory */
    int64_t start_s;
    size_t bucket_count;
    pthread_mutex_t lock; /* guards what follows */
    int64_t latest_s;     /* the latest time seen: a ticket expires for good */
    struct bucket *buckets;
};

struct tls_once *tls_once_new(size_t capacity, int64_t start_s, const struct random_source *random)
{
    struct tls_once *o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    o->bucket_count = capacity / BUCKET_SLOTS + 1;
    o->buckets = calloc(o->bucket_count, sizeof(*o->buckets));
    if (!o->buckets) {
        free(o);
        return NULL;
    }
    atomic_init(&o->refs, 1);
    pthread_mutex_init(&o->lock, NULL);
    random_fill(random, o->key, sizeof(o->key));
    o->start_s = o->latest_s = start_s;
    return o;
}

struct tls_once *tls_once_ref(struct tls_once *o)
{
    atomic_fetch_add(&o->refs, 1);
    return o;
}

void tls_once_unref(struct tls_once *o)
{
    if (!o || atomic_fetch_sub(&o->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&o->lock);
    free(o->buckets);
    wipe_free(o, sizeof(*o));
}

static bool once_digest(const struct tls_once *o, struct str secret, uint8_t ret[DIGEST_BYTES])
{
    uint8_t mac[HASH_MAX_BYTES];
    if (!hash_hmac(HASH_SHA256, str_of(o->key, sizeof(o->key)), &secret, 1, mac))
        return false;
    memcpy(ret, mac, DIGEST_BYTES);
    return true;
}

static struct bucket *bucket_of(const struct tls_once *o, const uint8_t digest[DIGEST_BYTES])
{
    uint64_t place;
    memcpy(&place, digest, sizeof(place));
    return &o->buckets[place % o->bucket_count];
}

/* A slot for `digest`, or NULL: it is there already, or there is no room. The digest is keyed, so
 * that the time of comparing tells nothing. */
static struct slot *bucket_room(struct bucket *b, const uint8_t digest[DIGEST_BYTES], int64_t now_s)
{
    struct slot *room = NULL;
    for (size_t i = 0; i < BUCKET_SLOTS; i++) {
        struct slot *s = &b->slots[i];
        if (s->expires_s <= now_s)
            room = s;
        else if (memcmp(s->digest, digest, DIGEST_BYTES) == 0)
            return NULL;
    }
    return room;
}

bool tls_once_claim(struct tls_once *o, struct str secret, int64_t made_s, int64_t expires_s,
                    int64_t now_s)
{
    uint8_t digest[DIGEST_BYTES];
    /* In the second of the start, a process before this one may have accepted it. */
    if (made_s <= o->start_s || !once_digest(o, secret, digest))
        return false;
    pthread_mutex_lock(&o->lock);
    if (o->latest_s < now_s)
        o->latest_s = now_s;
    struct slot *room = NULL;
    if (expires_s > o->latest_s)
        room = bucket_room(bucket_of(o, digest), digest, o->latest_s);
    if (room) {
        memcpy(room->digest, digest, DIGEST_BYTES);
        room->expires_s = expires_s;
    }
    pthread_mutex_unlock(&o->lock);
    return room;
}
