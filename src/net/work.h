/*
 * work.h - a bounded pool of worker threads for what blocks: PBKDF2, SQL. One pool per kind, so
 * that a dead database never holds up a login.
 *
 *     pool = work_pool_new(threads, queue_max)      shared by all loops
 *     port = work_port_new(pool, loop)              one per loop: where answers arrive
 *     if (!work_submit(port, &job->work)) answer "try later"      the queue is full
 *
 * A struct work is embedded in the job that its owner allocates; from a submit that returned true
 * until its last callback it belongs to the pool. `run` is called on a worker; then exactly one of
 * `done`, on the port's loop, and `drop`, on any thread, when the work was abandoned. Both release
 * the job, and both may be the only one that ever runs (abandoned work that has not started is
 * dropped without `run`).
 */
#ifndef NET_WORK_H
#define NET_WORK_H

#include "base/list.h"

#include <uv.h>

struct work_pool;
struct work_port;

struct work {
    void (*run)(struct work *w);  /* on a worker: touches the job only */
    void (*done)(struct work *w); /* on the loop: answer, and free the job */
    void (*drop)(struct work *w); /* anywhere, nobody waits any more: free the job, no more */

    /* the pool's */
    struct list node;
    struct work_port *port;
    unsigned char state;
    bool abandoned;
};

/* Threads start when they are first needed. `queue_max` counts works not yet running. */
struct work_pool *work_pool_new(unsigned threads, size_t queue_max) MUST_USE;

/* Waits for running works (nothing interrupts them), drops queued ones. All ports must have been
 * freed before. NULL is fine. */
void work_pool_free(struct work_pool *pool);

/* NULL when out of memory. */
struct work_port *work_port_new(struct work_pool *pool, uv_loop_t *loop) MUST_USE;

/* Abandons all that was submitted through it; no `done` runs afterwards. NULL is fine. */
void work_port_free(struct work_port *port);

/* False when the queue is full or no thread can be started: `w` is still the caller's. Never
 * blocks. On the port's loop. */
bool work_submit(struct work_port *port, struct work *w) MUST_USE;

/* Nobody waits any more: `drop` runs instead of `done` (perhaps within this call). On the port's
 * loop, before `done`. */
void work_abandon(struct work *w);

/* Works waiting and running, for status pages. Any thread. */
void work_pool_load(struct work_pool *pool, size_t *ret_queued, size_t *ret_running);

#endif
