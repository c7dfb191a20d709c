/*
 * worker.h - one event loop with its thread, and everything that lives on it alone: connections,
 * the users whose home it is, its TLS context, its share of memory. Only its mailbox is touched by
 * other threads.
 *
 * A turn of the loop ends (before it sleeps) with: output of all connections that have some, one
 * write each; the mail for other loops, one post each; the budget of memory.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "base/list.h"
#include "base/map.h"
#include "net/chan_tls.h"
#include "net/loop.h"
#include "server/figures.h"
#include "server/lag.h"
#include "server/mailbox.h"
#include "server/ops/ops.h"
#include "server/server.h"
#include "server/wheel.h"

struct conn;

/* The copies (c2s/session.h) that somebody got: of which moments, and with which priority. */
struct copies_had {
    uint64_t after, until;
    int8_t priority;
};

enum { WORKER_INPUT_BYTES = 32 * 1024 };

struct worker {
    struct server *server;
    unsigned index;
    struct live *live; /* a reference */
    struct tls_ctx *tls;

    uv_loop_t loop;
    pthread_t thread;
    bool has_loop, running; /* what there is to finish */
    uv_check_t turn_began;
    uv_prepare_t turn_end;
    uv_idle_t more; /* active while `again` holds someone */
    struct loop_timer *tick, *grace;
    struct loop_wake *wake;
    struct ops_port *ops;

    struct mailbox inbox;
    struct mail_batch *outbox; /* to each worker */
    struct list *stalled;      /* for each worker: connections that wait until it took its mail */

    struct map conns; /* by id */
    struct map users; /* by router_key: those with sessions */
    struct list dirty, again, young, doomed;
    struct wheel wheel;
    struct list parted;       /* sessions without a connection (c2s/resume.h) ... */
    struct wheel parting;     /* ... and when they end */
    unsigned handshakes_left; /* in this turn */
    bool stopping;
    uint64_t order; /* counts the moments that session_copies tells apart */

    uint8_t *input;     /* what was just read */
    struct buf scratch; /* what is just being written */
    struct buf key;     /* the last of router_key_of_local */
    struct arena arena; /* what is just being built */

    size_t memory_bytes;          /* that the connections hold */
    _Atomic size_t shown_memory;  /* the same, for other threads */
    _Atomic unsigned shown_young; /* connections that have not signed in */
    _Atomic unsigned shown_conns, shown_sessions;
    struct figures figures;
    struct lag lag;
};

static inline uint64_t worker_now_ms(const struct worker *w)
{
    return uv_now(&w->loop);
}

static inline const struct settings *worker_settings(const struct worker *w)
{
    return &w->live->settings;
}

/* Prepares everything but the thread; the reference of `live` and `tls` are taken. False when the
 * system refuses a descriptor. */
bool worker_init(struct worker *w, struct server *server, unsigned index, struct live *live,
                 struct tls_ctx *tls) MUST_USE;
bool worker_start(struct worker *w) MUST_USE;

/* Every stream is told system-shutdown; the thread ends when all are closed, or a few seconds
 * later. Any thread. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);

/* Delivers what the other workers have sent, ends the connections that are left, and gives each
 * session what it was to inherit. False when there was nothing to do. No worker runs any more. */
bool worker_settle(struct worker *w);

/* Frees all. No other worker runs any more. */
void worker_finish(struct worker *w);

/* The connection with that id, if it lives here. */
struct conn *worker_conn(const struct worker *w, uint64_t id);

/* Puts mail into the post for worker `to`; it leaves at the end of the turn. Returns true when so
 * much waits there that whoever caused it should wait as well. */
bool worker_post(struct worker *w, unsigned to, struct mail *m);

/* The same from threads that are no worker, at once. `poster` is none. */
void worker_mail(struct worker *to, struct mail *m);

#endif
