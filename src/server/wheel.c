#include "server/wheel.h"

void wheel_init(struct wheel *w, uint64_t now_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
    w->tick = now_ms / WHEEL_TICK_MS;
}

void wheel_node_init(struct wheel_node *n)
{
    list_init(&n->link);
    n->at_ms = UINT64_MAX;
}

void wheel_remove(struct wheel_node *n)
{
    list_remove(&n->link);
    n->at_ms = UINT64_MAX;
}

/* The first tick at which `at_ms` has passed, or the farthest the wheel can hold. */
static uint64_t tick_of(const struct wheel *w, uint64_t at_ms)
{
    uint64_t tick = at_ms / WHEEL_TICK_MS + 1;
    if (tick <= w->tick)
        return w->tick + 1;
    uint64_t farthest = w->tick + WHEEL_SLOTS - 1;
    return tick < farthest ? tick : farthest;
}

void wheel_set(struct wheel *w, struct wheel_node *n, uint64_t at_ms)
{
    if (at_ms >= n->at_ms)
        return;
    list_remove(&n->link);
    n->at_ms = at_ms;
    list_push(&w->slots[tick_of(w, at_ms) % WHEEL_SLOTS], &n->link);
}

static void turn_slot(struct wheel *w, uint64_t now_ms,
                      void (*due)(struct wheel_node *n, void *ctx), void *ctx)
{
    struct list now;
    struct list *slot = &w->slots[w->tick % WHEEL_SLOTS];
    list_init(&now);
    while (!list_empty(slot))
        list_push(&now, list_pop(slot));
    while (!list_empty(&now)) {
        struct wheel_node *n = CONTAINER_OF(list_pop(&now), struct wheel_node, link);
        uint64_t at_ms = n->at_ms;
        n->at_ms = UINT64_MAX;
        if (at_ms <= now_ms)
            due(n, ctx);
        else
            wheel_set(w, n, at_ms);
    }
}

void wheel_turn(struct wheel *w, uint64_t now_ms, void (*due)(struct wheel_node *n, void *ctx),
                void *ctx)
{
    uint64_t until = now_ms / WHEEL_TICK_MS;
    while (w->tick < until) {
        w->tick++;
        turn_slot(w, now_ms, due, ctx);
    }
}
