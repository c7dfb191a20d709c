#include "server/control/refusals.h"

#include <string.h>

static bool is_same_peer(const struct peer *a, const struct peer *b)
{
    size_t bytes = IN6_IS_ADDR_V4MAPPED(&a->ip) ? 16 : 8;
    return memcmp(&a->ip, &b->ip, bytes) == 0;
}

static struct refusal *find(struct refusals *r, const struct refusal *what)
{
    for (size_t i = 0; i < r->count; i++) {
        struct refusal *row = &r->rows[i];
        if (strcmp(row->why, what->why) == 0 && strcmp(row->user, what->user) == 0 &&
            is_same_peer(&row->peer, &what->peer))
            return row;
    }
    return NULL;
}

static void count_other(struct refusals *r, uint64_t now_ms, uid_t uid)
{
    r->others.uid = uid;
    if (r->others.more++ == 0)
        r->others.end_ms = now_ms + REFUSALS_WINDOW_MS;
}

bool refusals_note(struct refusals *r, uint64_t now_ms, const struct refusal *first)
{
    struct refusal *row = find(r, first);
    if (row) {
        row->more++;
        return false;
    }
    if (r->count == REFUSALS_MAX) {
        count_other(r, now_ms, first->uid);
        return false;
    }
    row = &r->rows[r->count++];
    *row = *first;
    row->more = 0;
    row->end_ms = now_ms + REFUSALS_WINDOW_MS;
    return true;
}

bool refusals_take(struct refusals *r, uint64_t now_ms, struct refusal *ret)
{
    for (size_t i = r->count; i-- > 0;) {
        if (r->rows[i].end_ms > now_ms)
            continue;
        *ret = r->rows[i];
        r->rows[i] = r->rows[--r->count];
        if (ret->more > 0)
            return true;
    }
    if (r->others.more == 0 || r->others.end_ms > now_ms)
        return false;
    *ret = r->others;
    r->others = (struct refusal){0};
    return true;
}

uint64_t refusals_due_ms(const struct refusals *r)
{
    uint64_t due_ms = r->others.end_ms;
    for (size_t i = 0; i < r->count; i++)
        if (due_ms == 0 || r->rows[i].end_ms < due_ms)
            due_ms = r->rows[i].end_ms;
    return due_ms;
}
