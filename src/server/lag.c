#include "server/lag.h"

#include <stdatomic.h>

static void note(struct lag *l, uint64_t since_ms, uint64_t now_ms)
{
    if (since_ms > 0 && now_ms > since_ms) /* most turns take less, and there are many */
        recent_note(&l->recent, now_ms, (now_ms - since_ms) * 1000);
}

void lag_turn_began(struct lag *l, uint64_t now_ms)
{
    l->began_ms = now_ms;
}

void lag_turn_ended(struct lag *l, uint64_t now_ms)
{
    note(l, l->began_ms, now_ms);
    l->began_ms = 0;
}

void lag_ticked(struct lag *l, uint64_t now_ms, uint64_t due_ms)
{
    note(l, l->due_ms, now_ms);
    l->due_ms = due_ms;
    uint64_t worst_ms = recent_read(&l->recent, now_ms).worst_us / 1000;
    atomic_store_explicit(&l->shown_worst_ms, worst_ms, memory_order_relaxed);
    atomic_store_explicit(&l->shown_due_ms, due_ms, memory_order_relaxed);
}

uint64_t lag_worst_ms(const struct lag *l, uint64_t now_ms)
{
    uint64_t worst_ms = atomic_load_explicit(&l->shown_worst_ms, memory_order_relaxed);
    uint64_t due_ms = atomic_load_explicit(&l->shown_due_ms, memory_order_relaxed);
    uint64_t late_ms = due_ms > 0 && now_ms > due_ms ? now_ms - due_ms : 0;
    return late_ms > worst_ms ? late_ms : worst_ms;
}
