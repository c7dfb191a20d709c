#include "session.h"

#include "base/hash.h"
#include "base/wipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

/* Of a cookie's value; all zero when there is none, which no value has. */
struct hash {
    uint8_t bytes[32];
};

struct entry {
    bool taken;
    /* Values of its cookie, the oldest first: those before the one at `current`, which was
     * succeeded by it, that one, and its successors, which have not come. */
    struct hash values[1 + SESSION_OFFERS_MAX];
    size_t current, count;
    struct hash csrf;
    uint64_t before_until_ms; /* how long those before count still */
    uint64_t made_ms, renewed_ms, used_ms;
    uint64_t seen_ms; /* used, or its page was open */
    struct session who;
};

struct sessions {
    pthread_mutex_t lock;
    struct session_times times;
    uint64_t last_id;
    struct entry entries[SESSIONS_MAX];
};

struct sessions *sessions_new(const struct session_times *times)
{
    struct sessions *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->times = *times;
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

static bool hash_of(const char *token, struct hash *ret)
{
    struct str text = str_from(token);
    return text.len == SESSION_TOKEN_BYTES - 1 && hash_digest(HASH_SHA256, &text, 1, ret->bytes);
}

static bool same(const struct hash *a, const struct hash *b)
{
    return wipe_equal(a->bytes, b->bytes, sizeof a->bytes);
}

static bool expired(const struct sessions *s, const struct entry *e, uint64_t now_ms)
{
    /* Another thread's clock may have been read a little later than ours. */
    uint64_t unused_ms = now_ms > e->used_ms ? now_ms - e->used_ms : 0;
    uint64_t age_ms = now_ms > e->made_ms ? now_ms - e->made_ms : 0;
    return unused_ms >= s->times.idle_ms || age_ms >= s->times.absolute_ms;
}

static struct entry *find_id(struct sessions *s, uint64_t id)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (s->entries[i].taken && s->entries[i].who.id == id)
            return &s->entries[i];
    return NULL;
}

/* All values are looked at, each compared in full. */
static struct entry *find_hash(struct sessions *s, const struct hash *hash, size_t *ret_value)
{
    struct entry *found = NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct entry *e = &s->entries[i];
        for (size_t j = 0; j < ARRAY_LEN(e->values); j++) {
            if (same(&e->values[j], hash) && e->taken) {
                found = e;
                *ret_value = j;
            }
        }
    }
    return found;
}

static size_t offers(const struct entry *e)
{
    return e->count - 1 - e->current;
}

static bool is_due(const struct sessions *s, const struct entry *e, uint64_t now_ms)
{
    uint64_t wait_ms = offers(e) > 0 ? s->times.retry_ms : s->times.renew_ms;
    return now_ms >= e->renewed_ms + wait_ms && now_ms >= e->before_until_ms;
}

/* What the value at `value` tells by coming. */
static enum sessions_found note_rotation(const struct sessions *s, struct entry *e, size_t value,
                                         uint64_t now_ms)
{
    if (value < e->current)
        return now_ms < e->before_until_ms ? SESSIONS_FOUND : SESSIONS_COPIED;
    if (value > e->current)
        e->before_until_ms = now_ms + s->times.grace_ms;
    e->current = value;
    return offers(e) == SESSION_OFFERS_MAX && is_due(s, e, now_ms) ? SESSIONS_UNCLAIMED
                                                                   : SESSIONS_FOUND;
}

/* The one that was seen longest ago, of all or of `jid` alone. */
static struct entry *find_oldest(struct sessions *s, const char *jid, size_t *ret_count)
{
    struct entry *oldest = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct entry *e = &s->entries[i];
        if (!e->taken || (jid && !cstr_eq(e->who.jid, jid)))
            continue;
        (*ret_count)++;
        if (!oldest || e->seen_ms < oldest->seen_ms)
            oldest = e;
    }
    return oldest;
}

static void clear_expired(struct sessions *s, uint64_t now_ms)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (s->entries[i].taken && expired(s, &s->entries[i], now_ms))
            wipe(&s->entries[i], sizeof s->entries[i]);
}

/* An account that has its share gives one of its own. */
static struct entry *place_for(struct sessions *s, const char *jid, uint64_t now_ms)
{
    size_t count;
    clear_expired(s, now_ms);
    struct entry *own = find_oldest(s, jid, &count);
    if (count >= SESSIONS_EACH_MAX)
        return own;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (!s->entries[i].taken)
            return &s->entries[i];
    return find_oldest(s, NULL, &count);
}

bool sessions_add(struct sessions *s, uint64_t now_ms, struct session *who,
                  char ret_cookie[SESSION_TOKEN_BYTES], char ret_csrf[SESSION_TOKEN_BYTES])
{
    struct entry fresh = {.taken = true,
                          .count = 1,
                          .made_ms = now_ms,
                          .renewed_ms = now_ms,
                          .used_ms = now_ms,
                          .seen_ms = now_ms};
    bool ok = draw(ret_cookie) && draw(ret_csrf) && hash_of(ret_cookie, &fresh.values[0]) &&
              hash_of(ret_csrf, &fresh.csrf);
    if (!ok)
        return false;
    pthread_mutex_lock(&s->lock);
    who->id = ++s->last_id;
    fresh.who = *who;
    *place_for(s, who->jid, now_ms) = fresh;
    pthread_mutex_unlock(&s->lock);
    wipe(&fresh, sizeof fresh);
    return true;
}

static bool has_csrf(const struct entry *e, const char *csrf)
{
    struct hash hash;
    return csrf && hash_of(csrf, &hash) && same(&e->csrf, &hash);
}

static enum sessions_found use(const struct sessions *s, struct entry *e, size_t value,
                               const struct session_shown *shown, uint64_t now_ms)
{
    if (expired(s, e, now_ms))
        return SESSIONS_NONE;
    if (!has_csrf(e, shown->csrf))
        return SESSIONS_FORGED;
    enum sessions_found found = note_rotation(s, e, value, now_ms);
    if (found == SESSIONS_FOUND)
        e->seen_ms = now_ms;
    if (found == SESSIONS_FOUND && !shown->automatic)
        e->used_ms = now_ms;
    return found;
}

enum sessions_found sessions_find(struct sessions *s, uint64_t now_ms,
                                  const struct session_shown *shown, struct session *ret)
{
    struct hash hash;
    enum sessions_found found = SESSIONS_NONE;
    if (!shown->cookie || !hash_of(shown->cookie, &hash))
        return SESSIONS_NONE;
    pthread_mutex_lock(&s->lock);
    size_t value = 0;
    struct entry *e = find_hash(s, &hash, &value);
    if (e && e->who.tls != shown->tls)
        e = NULL;
    if (e)
        found = use(s, e, value, shown, now_ms);
    if (e && found != SESSIONS_FORGED)
        *ret = e->who;
    if (e && found != SESSIONS_FORGED && found != SESSIONS_FOUND)
        wipe(e, sizeof *e);
    pthread_mutex_unlock(&s->lock);
    return found;
}

void sessions_displace(struct sessions *s, const char *cookie)
{
    struct hash hash;
    size_t value;
    if (!cookie || !hash_of(cookie, &hash))
        return;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find_hash(s, &hash, &value);
    if (e)
        wipe(e, sizeof *e);
    pthread_mutex_unlock(&s->lock);
}

bool sessions_watch(struct sessions *s, uint64_t now_ms, uint64_t id, struct session *ret)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find_id(s, id);
    bool found = e && !expired(s, e, now_ms);
    if (found) {
        *ret = e->who;
        e->seen_ms = now_ms;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* Those that were succeeded have had their time by now. */
static void succeed(struct entry *e, const struct hash *next, uint64_t now_ms)
{
    e->count -= e->current;
    memmove(e->values, e->values + e->current, e->count * sizeof e->values[0]);
    memset(e->values + e->count, 0, (ARRAY_LEN(e->values) - e->count) * sizeof e->values[0]);
    e->current = 0;
    e->values[e->count++] = *next;
    e->renewed_ms = now_ms;
}

bool sessions_renew(struct sessions *s, uint64_t now_ms, uint64_t id,
                    char ret_token[SESSION_TOKEN_BYTES])
{
    struct hash next;
    bool due = false;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find_id(s, id);
    if (e && offers(e) < SESSION_OFFERS_MAX && is_due(s, e, now_ms))
        due = draw(ret_token) && hash_of(ret_token, &next);
    if (due)
        succeed(e, &next, now_ms);
    pthread_mutex_unlock(&s->lock);
    return due;
}

void sessions_remove(struct sessions *s, uint64_t id)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find_id(s, id);
    if (e)
        wipe(e, sizeof *e);
    pthread_mutex_unlock(&s->lock);
}
