#include "server/ops/ops_writer.h"

/* Every write is a work of the pool. The first one to run takes all that wait with it; those find
 * at their own turn that they are done. A write whose port was freed meanwhile is freed by whoever
 * touches it last. */
enum { WAITING, COMMITTING, COMMITTED };

void ops_writer_init(struct ops_writer *writer, struct store *store, const struct log_sink *log)
{
    *writer = (struct ops_writer){.store = store, .log = log};
    pthread_mutex_init(&writer->lock, NULL);
    list_init(&writer->waiting);
}

void ops_writer_finish(struct ops_writer *writer)
{
    pthread_mutex_destroy(&writer->lock);
}

static struct ops_write *write_of(struct work *work)
{
    return CONTAINER_OF(work, struct ops_write, work);
}

/* Takes what waits, oldest first. Under the lock. */
static size_t take_batch(struct ops_writer *writer, struct ops_write *batch[OPS_BATCH_MAX])
{
    size_t count = 0;
    while (count < OPS_BATCH_MAX) {
        struct list *node = list_pop(&writer->waiting);
        if (!node)
            break;
        batch[count] = CONTAINER_OF(node, struct ops_write, node);
        batch[count++]->state = COMMITTING;
    }
    return count;
}

static void commit(struct ops_writer *writer, struct ops_write *const *batch, size_t count)
{
    struct store_write *writes[OPS_BATCH_MAX];
    struct store_fault fault = {""};
    for (size_t i = 0; i < count; i++)
        writes[i] = &batch[i]->store;
    enum store_result result = writer->store->ops->commit(writer->store, writes, count, &fault);
    if (result != STORE_OK || fault.text[0])
        log_printf(writer->log, LOG_ERROR, "store", 0, "%s: %s",
                   result == STORE_OK ? "a change failed" : "a transaction failed", fault.text);
}

/* Under the lock, as the next. */
static void commit_begins(struct ops_writer *writer)
{
    writer->began_ns = uv_hrtime();
}

static void commit_ended(struct ops_writer *writer)
{
    uint64_t now_ns = uv_hrtime();
    recent_note(&writer->recent, now_ns / 1000000, (now_ns - writer->began_ns) / 1000);
    writer->began_ns = 0;
    writer->commits++;
}

struct ops_commits ops_writer_commits(struct ops_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t now_ns = uv_hrtime();
    uint64_t runs_us = writer->began_ns > 0 ? (now_ns - writer->began_ns) / 1000 : 0;
    struct ops_commits ret = {writer->commits, recent_read(&writer->recent, now_ns / 1000000)};
    pthread_mutex_unlock(&writer->lock);
    if (runs_us > ret.recent.worst_us) /* a disk that hangs shows before it goes on */
        ret.recent.worst_us = runs_us;
    return ret;
}

static void run(struct work *work)
{
    struct ops_writer *writer = write_of(work)->writer;
    struct ops_write *batch[OPS_BATCH_MAX];
    struct list dropped;
    list_init(&dropped);

    pthread_mutex_lock(&writer->lock);
    size_t count = write_of(work)->state == WAITING ? take_batch(writer, batch) : 0;
    if (count > 0)
        commit_begins(writer);
    pthread_mutex_unlock(&writer->lock);
    if (count == 0)
        return;
    commit(writer, batch, count);
    pthread_mutex_lock(&writer->lock);
    commit_ended(writer);
    for (size_t i = 0; i < count; i++) {
        batch[i]->state = COMMITTED;
        if (batch[i]->dropped)
            list_push(&dropped, &batch[i]->node);
    }
    pthread_mutex_unlock(&writer->lock);
    for (struct list *node; (node = list_pop(&dropped));) {
        struct ops_write *w = CONTAINER_OF(node, struct ops_write, node);
        w->drop(w);
    }
}

static void done(struct work *work)
{
    write_of(work)->done(write_of(work));
}

static void drop(struct work *work)
{
    struct ops_write *w = write_of(work);
    struct ops_writer *writer = w->writer;
    pthread_mutex_lock(&writer->lock);
    bool in_use = w->state == COMMITTING;
    w->dropped = true;
    list_remove(&w->node);
    pthread_mutex_unlock(&writer->lock);
    if (!in_use)
        w->drop(w);
}

bool ops_writer_submit(struct ops_writer *writer, struct work_port *port, struct ops_write *w)
{
    w->work = (struct work){.run = run, .done = done, .drop = drop};
    w->writer = writer;
    w->state = WAITING;
    w->dropped = false;
    list_init(&w->node);
    /* Under the lock, so that no batch takes it before the pool has. */
    pthread_mutex_lock(&writer->lock);
    bool accepted = work_submit(port, &w->work);
    if (accepted)
        list_push(&writer->waiting, &w->node);
    pthread_mutex_unlock(&writer->lock);
    return accepted;
}
