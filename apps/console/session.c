#include "session.h"

#include "base/hash.h"
#include "base/wipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

struct entry {
    bool taken;
    uint8_t hash[32]; /* of the cookie's value */
    uint64_t made_ms, used_ms;
    struct session who;
};

struct sessions {
    pthread_mutex_t lock;
    uint64_t idle_ms, absolute_ms;
    struct entry entries[SESSIONS_MAX];
};

struct sessions *sessions_new(uint64_t idle_ms, uint64_t absolute_ms)
{
    struct sessions *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->idle_ms = idle_ms;
    s->absolute_ms = absolute_ms;
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    wipe_free(s, sizeof *s);
}

static bool draw(char token[SESSION_TOKEN_BYTES])
{
    uint8_t random[32];
    ssize_t got;
    do
        got = getrandom(random, sizeof random, 0);
    while (got < 0 && errno == EINTR);
    hash_hex(str_of(random, sizeof random), token);
    wipe(random, sizeof random);
    return got == (ssize_t)sizeof random;
}

static bool hash_of(const char *token, uint8_t ret[32])
{
    struct str text = str_from(token);
    return text.len == SESSION_TOKEN_BYTES - 1 && hash_digest(HASH_SHA256, &text, 1, ret);
}

static bool expired(const struct sessions *s, const struct entry *e, uint64_t now_ms)
{
    /* Another thread's clock may have been read a little later than ours. */
    uint64_t unused_ms = now_ms > e->used_ms ? now_ms - e->used_ms : 0;
    uint64_t age_ms = now_ms > e->made_ms ? now_ms - e->made_ms : 0;
    return unused_ms >= s->idle_ms || age_ms >= s->absolute_ms;
}

/* All entries are looked at, each compared in full. */
static struct entry *find(struct sessions *s, const char *token)
{
    struct entry *found = NULL;
    uint8_t hash[32];
    if (!token || !hash_of(token, hash))
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (wipe_equal(s->entries[i].hash, hash, sizeof hash) && s->entries[i].taken)
            found = &s->entries[i];
    return found;
}

static struct entry *place_for_one(struct sessions *s, uint64_t now_ms)
{
    struct entry *oldest = &s->entries[0];
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct entry *e = &s->entries[i];
        if (!e->taken || expired(s, e, now_ms))
            return e;
        if (e->used_ms < oldest->used_ms)
            oldest = e;
    }
    return oldest;
}

bool sessions_add(struct sessions *s, uint64_t now_ms, struct session *who,
                  char ret_token[SESSION_TOKEN_BYTES])
{
    struct entry fresh = {.taken = true, .made_ms = now_ms, .used_ms = now_ms};
    bool ok = draw(ret_token) && draw(who->csrf) && hash_of(ret_token, fresh.hash);
    if (!ok)
        return false;
    fresh.who = *who;
    pthread_mutex_lock(&s->lock);
    *place_for_one(s, now_ms) = fresh;
    pthread_mutex_unlock(&s->lock);
    wipe(&fresh, sizeof fresh);
    return true;
}

bool sessions_find(struct sessions *s, uint64_t now_ms, const char *token, bool used,
                   struct session *ret)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, token);
    if (e && expired(s, e, now_ms)) {
        wipe(e, sizeof *e);
        e = NULL;
    }
    if (e && used)
        e->used_ms = now_ms;
    if (e)
        *ret = e->who;
    pthread_mutex_unlock(&s->lock);
    return e != NULL;
}

void sessions_remove(struct sessions *s, const char *token)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, token);
    if (e)
        wipe(e, sizeof *e);
    pthread_mutex_unlock(&s->lock);
}
