#include "connections.h"

#include "address.h"
#include "console.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { TURN_MS = 250 };

struct entry {
    int fd;                      /* -1 for none */
    char network[ADDRESS_BYTES]; /* "" without TLS */
    uint64_t until_ms;
};

struct connections {
    pthread_mutex_t lock; /* also held while a descriptor is shut down, so that it is still ours */
    pthread_cond_t stopped;
    bool stop;
    pthread_t thread;
    struct entry entries[CONNECTIONS_MAX];
};

static struct entry *find(struct connections *c, int fd)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (c->entries[i].fd == fd)
            return &c->entries[i];
    return NULL;
}

static void end_late(struct connections *c, uint64_t now_ms)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct entry *e = &c->entries[i];
        if (e->fd >= 0 && e->until_ms > 0 && e->until_ms <= now_ms)
            shutdown(e->fd, SHUT_RDWR);
    }
}

static void *watch(void *ctx)
{
    struct connections *c = ctx;
    pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TURN_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_clockwait(&c->stopped, &c->lock, CLOCK_MONOTONIC, &until);
        end_late(c, console_now_ms());
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

struct connections *connections_new(void)
{
    struct connections *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->stopped, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        c->entries[i].fd = -1;
    if (pthread_create(&c->thread, NULL, watch, c) != 0) {
        free(c);
        return NULL;
    }
    return c;
}

void connections_free(struct connections *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->stopped);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->stopped);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static bool fits(const struct connections *c, const char *network)
{
    size_t tls = 0, own = 0;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct entry *e = &c->entries[i];
        tls += e->fd >= 0 && e->network[0];
        own += e->fd >= 0 && cstr_eq(e->network, network);
    }
    return tls < CONNECTIONS_TLS_MAX && own < CONNECTIONS_EACH_MAX;
}

bool connections_enter(struct connections *c, int fd, const char *network, uint64_t until_ms)
{
    pthread_mutex_lock(&c->lock);
    struct entry *e = !network || fits(c, network) ? find(c, -1) : NULL;
    if (e) {
        *e = (struct entry){.fd = fd, .until_ms = until_ms};
        snprintf(e->network, sizeof e->network, "%s", network ? network : "");
    }
    pthread_mutex_unlock(&c->lock);
    return e != NULL;
}

void connections_extend(struct connections *c, int fd, uint64_t until_ms)
{
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, fd);
    if (e)
        e->until_ms = until_ms;
    pthread_mutex_unlock(&c->lock);
}

void connections_leave(struct connections *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, fd);
    if (e)
        e->fd = -1;
    pthread_mutex_unlock(&c->lock);
}

void connections_end(struct connections *c)
{
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (c->entries[i].fd >= 0)
            shutdown(c->entries[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&c->lock);
}
