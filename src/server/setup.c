#include "server/setup.h"

#include "base/wipe.h"

enum { RANDOM_BYTES = (SETUP_KEY_BYTES - 1) / 2, DIGEST_BYTES = 32 };

bool setup_begin(struct setup *s, const struct random_source *random, char ret_key[SETUP_KEY_BYTES])
{
    uint8_t bytes[RANDOM_BYTES];
    random_fill(random, bytes, sizeof bytes);
    hash_hex(str_of(bytes, sizeof bytes), ret_key);
    wipe(bytes, sizeof bytes);
    struct str key = str_from(ret_key);
    s->needed = hash_digest(HASH_SHA256, &key, 1, s->digest);
    s->wrong = 0;
    return s->needed;
}

static bool is_key(const struct setup *s, struct str key)
{
    uint8_t digest[HASH_MAX_BYTES];
    return s->needed && hash_digest(HASH_SHA256, &key, 1, digest) &&
           wipe_equal(digest, s->digest, DIGEST_BYTES);
}

enum setup_verdict setup_try(struct setup *s, struct str key, uint64_t now_ms,
                             uint64_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    if (is_key(s, key))
        return SETUP_RIGHT;
    if (s->wrong == 0 || now_ms - s->since_ms >= SETUP_WINDOW_MS) {
        s->wrong = 0;
        s->since_ms = now_ms;
    }
    if (s->wrong >= SETUP_WRONG_MAX) {
        *ret_wait_ms = s->since_ms + SETUP_WINDOW_MS - now_ms;
        return SETUP_TOO_MANY;
    }
    s->wrong++;
    return SETUP_WRONG;
}

void setup_end(struct setup *s)
{
    s->needed = false;
    wipe(s->digest, sizeof s->digest);
}
