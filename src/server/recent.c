#include "server/recent.h"

static uint64_t second_of(uint64_t now_ms)
{
    return now_ms / 1000 + 1;
}

void recent_note(struct recent *r, uint64_t now_ms, uint64_t took_us)
{
    uint64_t second = second_of(now_ms);
    size_t i = second % RECENT_S;
    if (r->slots[i].second != second) {
        r->slots[i].second = second;
        r->slots[i].count = r->slots[i].sum_us = r->slots[i].worst_us = 0;
    }
    r->slots[i].count++;
    r->slots[i].sum_us += took_us;
    if (took_us > r->slots[i].worst_us)
        r->slots[i].worst_us = took_us;
}

struct recent_figures recent_read(const struct recent *r, uint64_t now_ms)
{
    struct recent_figures f = {0};
    uint64_t now = second_of(now_ms), sum_us = 0;
    for (size_t i = 0; i < RECENT_S; i++) {
        if (r->slots[i].second > now || r->slots[i].second + RECENT_S <= now)
            continue;
        f.count += r->slots[i].count;
        sum_us += r->slots[i].sum_us;
        if (r->slots[i].worst_us > f.worst_us)
            f.worst_us = r->slots[i].worst_us;
    }
    f.mean_us = f.count > 0 ? sum_us / f.count : 0;
    return f;
}
