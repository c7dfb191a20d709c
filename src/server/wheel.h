/*
 * wheel.h - deadlines of many connections, to the second: a node costs 32 bytes, setting one a few
 * instructions. A node whose deadline moved later is not touched; it is looked at when its old time
 * comes. One thread at a time; a zeroed node is in no wheel.
 */
#ifndef SERVER_WHEEL_H
#define SERVER_WHEEL_H

#include "base/list.h"

enum { WHEEL_SLOTS = 64, WHEEL_TICK_MS = 1000 };

struct wheel_node {
    struct list link;
    uint64_t at_ms; /* UINT64_MAX while in no wheel */
};

struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t tick; /* all before it were looked at */
};

void wheel_init(struct wheel *w, uint64_t now_ms);
void wheel_node_init(struct wheel_node *n);

/* Looks at `n` no later than one tick after `at_ms`. UINT64_MAX: leaves it as it is. */
void wheel_set(struct wheel *w, struct wheel_node *n, uint64_t at_ms);
void wheel_remove(struct wheel_node *n);

/* Takes out each node whose time has come and calls `due`, which sets it again, or removes and
 * frees it. */
void wheel_turn(struct wheel *w, uint64_t now_ms, void (*due)(struct wheel_node *n, void *ctx),
                void *ctx);

#endif
