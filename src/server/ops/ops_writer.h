/*
 * ops_writer.h - group commit: changes that wait while one transaction is written go into the
 * next, together. Submitted on any loop, committed on the one thread of the write pool, answered
 * on the loop that submitted.
 */
#ifndef SERVER_OPS_OPS_WRITER_H
#define SERVER_OPS_OPS_WRITER_H

#include "base/log.h"
#include "net/work.h"
#include "server/ops/ops.h"
#include "server/store/store.h"

#include <pthread.h>

enum { OPS_BATCH_MAX = 256 };

struct ops_writer {
    /* Guards `waiting` and the figures, and `state` and `dropped` of the writes. */
    pthread_mutex_t lock;
    struct list waiting;
    struct recent recent; /* how long commits took */
    uint64_t commits;     /* that have ended */
    uint64_t began_ns;    /* the one that runs; 0 for none */
    struct store *store;
    const struct log_sink *log;
};

/* One change, embedded in its request. The caller fills the first three. */
struct ops_write {
    struct store_write store;
    void (*done)(struct ops_write *w); /* on the loop: store.result holds; frees the request */
    void (*drop)(struct ops_write *w); /* anywhere: frees the request */

    /* the writer's */
    struct work work;
    struct ops_writer *writer;
    struct list node;
    unsigned char state;
    bool dropped;
};

void ops_writer_init(struct ops_writer *writer, struct store *store, const struct log_sink *log);
void ops_writer_finish(struct ops_writer *writer);

/* False when too much waits; then `w` is still the caller's. `port` is one of a pool with exactly
 * one thread. */
bool ops_writer_submit(struct ops_writer *writer, struct work_port *port,
                       struct ops_write *w) MUST_USE;

/* Any thread. */
struct ops_commits ops_writer_commits(struct ops_writer *writer);

#endif
