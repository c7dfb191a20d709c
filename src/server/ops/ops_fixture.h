/*
 * ops_fixture.h - accounts over a store in memory whose commits wait at a gate, and what is asked
 * of them. For tests; included by one file of each.
 */
#ifndef SERVER_OPS_OPS_FIXTURE_H
#define SERVER_OPS_OPS_FIXTURE_H

#include "net/loop.h"
#include "server/ops/ops.h"
#include "server/ops/ops_accounts.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* --- a store whose commits wait at a gate, and are counted --- */

struct gate {
    struct store base;
    struct store *inner;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool shut, broken;
    size_t waiting; /* commits at the gate */
    size_t commits, largest;
};

static inline struct gate *gate_of(struct store *s)
{
    return CONTAINER_OF(s, struct gate, base);
}

static inline enum store_result gate_commit(struct store *s, struct store_write *const *writes,
                                            size_t count, struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    pthread_mutex_lock(&g->lock);
    g->waiting++;
    pthread_cond_broadcast(&g->changed);
    while (g->shut)
        pthread_cond_wait(&g->changed, &g->lock);
    g->waiting--;
    g->commits++;
    g->largest = count > g->largest ? count : g->largest;
    bool broken = g->broken;
    pthread_mutex_unlock(&g->lock);
    if (!broken)
        return g->inner->ops->commit(g->inner, writes, count, fault);
    for (size_t i = 0; i < count; i++)
        writes[i]->result = STORE_FAILED;
    return STORE_FAILED;
}

static inline void gate_set(struct gate *g, bool shut)
{
    pthread_mutex_lock(&g->lock);
    g->shut = shut;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* Returns when a commit stands at the shut gate. */
static inline void gate_await(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (g->waiting == 0)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static inline enum store_result gate_login(struct store *s, struct str domain, struct str user,
                                           struct str scheme, struct store_login *ret,
                                           struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->login(g->inner, domain, user, scheme, ret, fault);
}

static inline enum store_result gate_account(struct store *s, struct str domain, struct str user,
                                             struct arena *a, struct store_account *ret,
                                             struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->account(g->inner, domain, user, a, ret, fault);
}

static inline enum store_result gate_accounts(struct store *s, struct str domain, struct str prefix,
                                              struct str after, size_t limit, struct arena *a,
                                              struct store_page *ret, struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->accounts(g->inner, domain, prefix, after, limit, a, ret, fault);
}

static inline enum store_result gate_last_admin(struct store *s, struct str domain, struct str user,
                                                struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->last_admin(g->inner, domain, user, fault);
}

static inline enum store_result gate_meta(struct store *s, struct str key, struct buf *out,
                                          struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->meta(g->inner, key, out, fault);
}

static const struct store_ops gate_ops = {
    .name = "gate",
    .login = gate_login,
    .account = gate_account,
    .accounts = gate_accounts,
    .last_admin = gate_last_admin,
    .meta = gate_meta,
    .commit = gate_commit,
};

/* --- the fixture --- */

struct fixture {
    struct gate gate;
    uv_loop_t loop;
    struct ops *ops;
    struct ops_port *port;
    struct ops_config config;
    char events[512]; /* "account.added alice@example.org;" */
    uid_t uid;        /* of the last event's actor */
};

static inline void note_event(void *ctx, const struct ops_event *event)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->events);
    f->uid = event->actor.uid;
    snprintf(f->events + len, sizeof f->events - len, "%s %.*s@%.*s%s%.*s;",
             ops_event_name(event->kind), STR_ARG(event->user), STR_ARG(event->domain),
             event->reason.len ? " " : "", STR_ARG(event->reason));
}

static inline void start(struct fixture *f)
{
    assert_int_equal(ops_new(&f->config, &f->ops, NULL), LINNET_OK);
    f->port = ops_port_new(f->ops, &f->loop);
}

static inline void stop(struct fixture *f)
{
    ops_port_free(f->port);
    ops_free(f->ops);
    f->port = NULL;
    f->ops = NULL;
}

static inline int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f || !loop_init(&f->loop))
        return -1;
    f->gate.base.ops = &gate_ops;
    pthread_mutex_init(&f->gate.lock, NULL);
    pthread_cond_init(&f->gate.changed, NULL);
    if (store_mem_new(&f->gate.inner) != STORE_OK)
        return -1;
    f->config = (struct ops_config){.store = &f->gate.base,
                                    .domain = "example.org",
                                    .iterations = 4096,
                                    .derive_threads = 2,
                                    .read_threads = 2,
                                    .queue_max = 64,
                                    .event = note_event,
                                    .ctx = f};
    start(f);
    *state = f;
    return 0;
}

static inline int unmake(void **state)
{
    struct fixture *f = *state;
    gate_set(&f->gate, false);
    stop(f);
    loop_finish(&f->loop);
    store_free(f->gate.inner);
    pthread_mutex_destroy(&f->gate.lock);
    pthread_cond_destroy(&f->gate.changed);
    free(f);
    return 0;
}

/* --- asking and waiting --- */

/* The answer, copied out of the reply. */
struct answer {
    bool came;
    enum ops_result result;
    char address[64];
    struct sasl_credential credential;
    int64_t mark;
    bool has_credential, disabled;
    char reason[64];
    char schemes[128];
    char names[256]; /* of a page */
    bool more;
};

static inline void take(void *ctx, const struct ops_reply *reply)
{
    struct answer *a = ctx;
    assert_false(a->came);
    *a = (struct answer){.came = true, .result = reply->result, .disabled = reply->disabled};
    snprintf(a->address, sizeof a->address, "%s", reply->address);
    snprintf(a->reason, sizeof a->reason, "%s", reply->reason ? reply->reason : "");
    if (reply->credential) {
        a->has_credential = true;
        a->credential = *reply->credential;
        a->mark = reply->mark;
    }
    if (reply->account)
        snprintf(a->schemes, sizeof a->schemes, "%s", reply->account->schemes);
    for (size_t i = 0; reply->page && i < reply->page->count; i++) {
        strcat(a->names, reply->page->accounts[i].user);
        strcat(a->names, " ");
    }
    a->more = reply->page && reply->page->more;
}

static inline void wait_for(struct fixture *f, const struct answer *a)
{
    while (!a->came)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static inline struct ops_ask ask_of(struct answer *a, const char *address)
{
    *a = (struct answer){0};
    return (struct ops_ask){.address = str_from(address), .done = take, .ctx = a, .limit = 10};
}

/* Runs a change to its end. */
static inline enum ops_result
change(struct fixture *f, const char *address, const char *password,
       enum ops_result (*submit)(struct ops_port *, const struct ops_ask *, struct ops_request **,
                                 const char **))
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, address);
    const char *why;
    ask.password = str_from(password);
    enum ops_result result = submit(f->port, &ask, NULL, &why);
    if (result != OPS_OK) {
        assert_true((why[0] != '\0') == (result == OPS_BAD_NAME || result == OPS_BAD_PASSWORD));
        return result;
    }
    wait_for(f, &a);
    return a.result;
}

static inline struct answer login(struct fixture *f, const char *user, const char *scheme)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user);
    ask.scheme = str_from(scheme);
    assert_int_equal(ops_login(f->port, &ask, NULL), OPS_OK);
    wait_for(f, &a);
    return a;
}

#endif
