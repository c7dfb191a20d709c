/*
 * loop.h - small glue over libuv: watching a descriptor, timers, wake-ups, the clock.
 *
 * Objects belong to one loop and its thread; loop_wake_send is the only call for other threads.
 * Freeing is immediate for the caller: no callback runs afterwards (libuv closes the handle on a
 * later turn). All frees take NULL. NULL from a `new` means out of memory, or that the system
 * refused the descriptor.
 *
 * A channel moves to another loop so: loop_poll_free on the old, hand the channel over,
 * loop_poll_new on the new.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/base.h"

#include <uv.h>

/* A monotonic clock in milliseconds. Any thread. */
uint64_t loop_now_ms(void);

/* A loop with nothing on it. loop_finish turns it until freed objects are closed; whatever lives
 * on the loop must have been freed before. */
bool loop_init(uv_loop_t *loop) MUST_USE;
void loop_finish(uv_loop_t *loop);

/* ---- a descriptor ---- */

struct loop_poll;

/* Beside CHAN_WANTS_*: that the peer has ended, with what it said before still unread. For whoever
 * does not read, and wants to know that nobody waits any more. */
enum { LOOP_WANTS_END = 4 };

/* `ready` gets the bits that are watched and true; an error or hang-up counts as every bit that is
 * watched, so that the next read or write finds it. It may free the poll. */
struct loop_poll *loop_poll_new(uv_loop_t *loop, int fd, void (*ready)(void *ctx, unsigned events),
                                void *ctx) MUST_USE;

/* What to watch from now on; 0 pauses. Cheap when nothing changes. */
void loop_poll_set(struct loop_poll *p, unsigned wants);

/* Call it before the descriptor is closed. */
void loop_poll_free(struct loop_poll *p);

/* ---- a timer, which fires once each time it is set ---- */

struct loop_timer;

struct loop_timer *loop_timer_new(uv_loop_t *loop, void (*fire)(void *ctx), void *ctx) MUST_USE;
void loop_timer_set(struct loop_timer *t, uint64_t delay_ms); /* replaces the earlier setting */
void loop_timer_set_at(struct loop_timer *t, uint64_t at_ms); /* on loop_now_ms's clock */
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* ---- a wake-up from other threads ---- */

struct loop_wake;

/* `woken` runs on the loop once or more after loop_wake_send; several sends may become one. */
struct loop_wake *loop_wake_new(uv_loop_t *loop, void (*woken)(void *ctx), void *ctx) MUST_USE;
void loop_wake_send(struct loop_wake *w); /* any thread; never blocks; not during or after free */
/* Whether it keeps uv_run running; it does when new. */
void loop_wake_hold(struct loop_wake *w, bool keeps_loop_alive);
void loop_wake_free(struct loop_wake *w);

#endif
