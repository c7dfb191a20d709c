#include "net/work.h"

#include "net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { WORK_QUEUED = 1, WORK_RUNNING, WORK_DONE };

struct work_pool {
    pthread_mutex_t lock; /* guards all below, every port's `finished`, and state of works */
    pthread_cond_t more;
    struct list queue;
    size_t queued, queue_max;
    unsigned threads_max, threads, idle, running;
    bool stopping;
    pthread_t ids[];
};

struct work_port {
    struct work_pool *pool;
    struct loop_wake *wake;
    struct list finished; /* ran, waiting for `done` on the loop */
    size_t running;       /* works on a thread that refer to this port */
    bool closed;
    /* the loop's own */
    size_t awaited;  /* submitted, neither done nor abandoned */
    bool *ret_freed; /* set while delivering, to notice work_port_free */
};

/* Frees a closed port when the last work that refers to it is through. Under the lock. */
static void port_release(struct work_port *port)
{
    if (port->closed && port->running == 0)
        free(port);
}

/* After `run`: hands the work to its loop, or drops it. Called and returns under the lock. */
static void work_finish(struct work_pool *pool, struct work *w)
{
    struct work_port *port = w->port;
    port->running--;
    if (!w->abandoned && !port->closed) {
        w->state = WORK_DONE;
        bool first = list_empty(&port->finished);
        list_push(&port->finished, &w->node);
        if (first)
            loop_wake_send(port->wake); /* under the lock: the port cannot be freed meanwhile */
        return;
    }
    port_release(port);
    pthread_mutex_unlock(&pool->lock);
    w->drop(w);
    pthread_mutex_lock(&pool->lock);
}

static void *worker(void *arg)
{
    struct work_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct list *node = list_pop(&pool->queue);
        if (!node) {
            if (pool->stopping)
                break;
            pool->idle++;
            pthread_cond_wait(&pool->more, &pool->lock);
            pool->idle--;
            continue;
        }
        struct work *w = CONTAINER_OF(node, struct work, node);
        w->state = WORK_RUNNING;
        w->port->running++;
        pool->queued--;
        pool->running++;
        pthread_mutex_unlock(&pool->lock);
        w->run(w);
        pthread_mutex_lock(&pool->lock);
        pool->running--;
        work_finish(pool, w);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct work_pool *work_pool_new(unsigned threads, size_t queue_max)
{
    struct work_pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->ids[0]));
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    list_init(&pool->queue);
    pool->threads_max = threads;
    pool->queue_max = queue_max;
    return pool;
}

void work_pool_free(struct work_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->ids[i], NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* One more thread, which takes no signals: they belong to the program's own threads. */
static bool pool_grow(struct work_pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool grown = pthread_create(&pool->ids[pool->threads], NULL, worker, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (grown)
        pool->threads++;
    return grown;
}

/* ---- ports ---- */

static void port_woken(void *ctx);

struct work_port *work_port_new(struct work_pool *pool, uv_loop_t *loop)
{
    struct work_port *port = calloc(1, sizeof(*port));
    if (!port)
        return NULL;
    port->wake = loop_wake_new(loop, port_woken, port);
    if (!port->wake) {
        free(port);
        return NULL;
    }
    loop_wake_hold(port->wake, false);
    port->pool = pool;
    list_init(&port->finished);
    return port;
}

static void port_await(struct work_port *port, int change)
{
    size_t before = port->awaited;
    port->awaited += (size_t)change;
    if ((before == 0) != (port->awaited == 0))
        loop_wake_hold(port->wake, port->awaited > 0);
}

/* `done` may submit, abandon and free the port, so each work is taken out by itself. */
static void port_woken(void *ctx)
{
    struct work_port *port = ctx;
    struct work_pool *pool = port->pool;
    bool freed = false;
    port->ret_freed = &freed;
    for (int batch = 0; batch < 64; batch++) {
        pthread_mutex_lock(&pool->lock);
        struct list *node = list_pop(&port->finished);
        pthread_mutex_unlock(&pool->lock);
        if (!node)
            break;
        port_await(port, -1);
        struct work *w = CONTAINER_OF(node, struct work, node);
        w->done(w);
        if (freed)
            return;
    }
    port->ret_freed = NULL;
    pthread_mutex_lock(&pool->lock);
    if (!list_empty(&port->finished))
        loop_wake_send(port->wake); /* the loop's other work comes first */
    pthread_mutex_unlock(&pool->lock);
}

void work_port_free(struct work_port *port)
{
    if (!port)
        return;
    struct work_pool *pool = port->pool;
    struct list dropped;
    list_init(&dropped);
    if (port->ret_freed)
        *port->ret_freed = true;
    pthread_mutex_lock(&pool->lock);
    LIST_EACH_SAFE(&pool->queue, node)
    {
        if (CONTAINER_OF(node, struct work, node)->port != port)
            continue;
        list_remove(node);
        list_push(&dropped, node);
        pool->queued--;
    }
    for (struct list *node; (node = list_pop(&port->finished));)
        list_push(&dropped, node);
    loop_wake_free(port->wake);
    port->closed = true;
    port_release(port);
    pthread_mutex_unlock(&pool->lock);
    for (struct list *node; (node = list_pop(&dropped));) {
        struct work *w = CONTAINER_OF(node, struct work, node);
        w->drop(w);
    }
}

bool work_submit(struct work_port *port, struct work *w)
{
    struct work_pool *pool = port->pool;
    list_init(&w->node);
    w->port = port;
    w->state = WORK_QUEUED;
    w->abandoned = false;
    pthread_mutex_lock(&pool->lock);
    if (pool->queued >= pool->idle && pool->threads < pool->threads_max)
        pool_grow(pool);
    /* A thread that is not running anything will take one at once, beyond the queue's limit. */
    bool accepted =
        pool->threads > 0 && pool->queued < pool->queue_max + pool->threads - pool->running;
    if (accepted) {
        list_push(&pool->queue, &w->node);
        pool->queued++;
        pthread_cond_signal(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    if (accepted)
        port_await(port, +1);
    return accepted;
}

void work_abandon(struct work *w)
{
    struct work_port *port = w->port;
    struct work_pool *pool = port->pool;
    pthread_mutex_lock(&pool->lock);
    bool drop = w->state != WORK_RUNNING;
    if (drop) {
        list_remove(&w->node);
        pool->queued -= w->state == WORK_QUEUED;
    }
    w->abandoned = true;
    pthread_mutex_unlock(&pool->lock);
    port_await(port, -1);
    if (drop)
        w->drop(w);
}

void work_pool_load(struct work_pool *pool, size_t *ret_queued, size_t *ret_running)
{
    pthread_mutex_lock(&pool->lock);
    *ret_queued = pool->queued;
    *ret_running = pool->running;
    pthread_mutex_unlock(&pool->lock);
}
