#include "client/backoff.h"

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t draw(uint64_t window_ms, const struct random_source *random)
{
    uint64_t n;
    random_fill(random, &n, sizeof n);
    return n % (window_ms + 1);
}

void backoff_init(struct backoff *b, uint32_t cap_ms)
{
    *b = (struct backoff){.cap_ms = cap_ms ? cap_ms : BACKOFF_CAP_MS};
}

void backoff_online(struct backoff *b, uint64_t now_ms)
{
    b->online = true;
    b->online_ms = now_ms;
}

/* The window after so many failures in a row. */
static uint64_t exponential(const struct backoff *b)
{
    uint64_t window_ms = BACKOFF_BASE_MS;
    if (b->failures == 0)
        return 0;
    for (unsigned i = 1; i < b->failures && window_ms < b->cap_ms; i++)
        window_ms *= 2;
    return window_ms < b->cap_ms ? window_ms : b->cap_ms;
}

/* Who may be affected decides how widely the attempts are spread. A login that merely failed has
 * no such window: whoever was lost with it was spread before. */
static uint64_t spread(const struct linnet_error *error, bool was_online, bool own_network)
{
    bool signed_in = was_online || error->stage >= LINNET_STAGE_BIND;
    if (error->code == LINNET_ERROR_SHUTDOWN || (signed_in && !own_network))
        return BACKOFF_SERVER_MS;
    return signed_in ? BACKOFF_OWN_MS : 0;
}

static uint64_t least_ms(const struct linnet_error *error)
{
    unsigned hint_s = error->retry_after_s;
    if (hint_s > BACKOFF_HINT_MAX_S)
        hint_s = BACKOFF_HINT_MAX_S;
    return max_u64(hint_s * UINT64_C(1000),
                   error->retry == LINNET_RETRY_LONG ? BACKOFF_LONG_MS : 0);
}

/* Whether it was well. */
static bool count(struct backoff *b, uint64_t now_ms)
{
    bool was_online = b->online;
    if (was_online && now_ms - b->online_ms >= BACKOFF_HEALTHY_MS)
        b->attempts = b->failures = 0;
    else
        b->failures++;
    b->attempts++;
    b->online = false;
    return was_online;
}

enum backoff_next backoff_ended(struct backoff *b, const struct linnet_error *error,
                                bool own_network, uint64_t now_ms,
                                const struct random_source *random, uint64_t *ret_delay_ms)
{
    *ret_delay_ms = 0;
    if (error->retry == LINNET_RETRY_NO) {
        backoff_init(b, b->cap_ms);
        return BACKOFF_GIVE_UP;
    }
    bool was_online = count(b, now_ms);
    uint64_t window_ms = max_u64(spread(error, was_online, own_network), exponential(b));
    if (window_ms > b->cap_ms)
        window_ms = b->cap_ms;
    uint64_t least = least_ms(error);
    b->not_before = now_ms + least;
    if (error->retry == LINNET_RETRY_ON_NETWORK) {
        /* Only the network's return is worth an attempt; the cap is for hosts that never say so. */
        *ret_delay_ms = max_u64(least, b->cap_ms / 2) + draw(b->cap_ms / 2, random);
        return BACKOFF_ON_NETWORK;
    }
    *ret_delay_ms = least + draw(window_ms, random);
    return BACKOFF_RETRY;
}

uint64_t backoff_hurry(struct backoff *b, uint64_t due_ms, uint64_t now_ms,
                       const struct random_source *random)
{
    uint64_t apart_ms = exponential(b), earliest_ms = b->not_before;
    if (apart_ms > BACKOFF_HURRY_MAX_MS)
        apart_ms = BACKOFF_HURRY_MAX_MS;
    if (b->hurried_ms)
        earliest_ms = max_u64(earliest_ms, b->hurried_ms + apart_ms);
    earliest_ms = max_u64(earliest_ms, now_ms + draw(BACKOFF_OWN_MS, random));
    if (earliest_ms >= due_ms)
        return due_ms;
    b->hurried_ms = earliest_ms;
    return earliest_ms;
}
