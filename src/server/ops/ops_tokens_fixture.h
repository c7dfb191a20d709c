/*
 * ops_tokens_fixture.h - accounts with tokens over a store in memory, and a file for their key.
 * For tests; included by one file of each.
 */
#ifndef SERVER_OPS_OPS_TOKENS_FIXTURE_H
#define SERVER_OPS_OPS_TOKENS_FIXTURE_H

#include "net/loop.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_token_key.h"
#include "server/ops/ops_tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_S = 86400, LIFE_S = 30 * DAY_S };

static const struct str none_mech = {"HT-SHA-256-NONE", 15};

struct fixture {
    char dir[40], key[64];
    struct store *store;
    uv_loop_t loop;
    struct ops *ops;
    struct ops_port *port;
    struct ops_config config;
    char events[256]; /* "tokens.revoked alice;" */
};

static inline void note_event(void *ctx, const struct ops_event *event)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->events);
    snprintf(f->events + len, sizeof f->events - len, "%s %.*s;", ops_event_name(event->kind),
             STR_ARG(event->user));
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
}

static inline void write_key(const struct fixture *f, size_t len)
{
    FILE *file = fopen(f->key, "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc((int)i, file);
    fclose(file);
    assert_int_equal(chmod(f->key, 0600), 0);
}

static inline int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f || !loop_init(&f->loop) || store_mem_new(&f->store) != STORE_OK)
        return -1;
    snprintf(f->dir, sizeof f->dir, "/tmp/linnet-tokens-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->key, sizeof f->key, "%s/token.key", f->dir);
    f->config = (struct ops_config){.store = f->store,
                                    .domain = "example.org",
                                    .iterations = 4096,
                                    .token_key_file = f->key,
                                    .token_life_s = LIFE_S,
                                    .derive_threads = 1,
                                    .read_threads = 1,
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
    stop(f);
    loop_finish(&f->loop);
    store_free(f->store);
    unlink(f->key);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* --- asking and waiting --- */

struct answer {
    bool came, disabled;
    enum ops_result result;
    struct ops_token tokens[STORE_SLOTS];
    size_t token_count;
    struct ops_token_outcome outcome;
    char reason[64];
    int64_t mark;
    char list[256]; /* "client software device slot;" */
};

static inline void take(void *ctx, const struct ops_reply *reply)
{
    struct answer *a = ctx;
    assert_false(a->came);
    *a = (struct answer){.came = true,
                         .result = reply->result,
                         .disabled = reply->disabled,
                         .mark = reply->mark,
                         .token_count = reply->token_count};
    snprintf(a->reason, sizeof a->reason, "%s", reply->reason ? reply->reason : "");
    if (reply->tokens)
        memcpy(a->tokens, reply->tokens, sizeof a->tokens);
    if (reply->outcome)
        a->outcome = *reply->outcome;
    for (size_t i = 0; reply->clients && i < reply->clients->count; i++) {
        const struct store_token *t = &reply->clients->tokens[i];
        size_t len = strlen(a->list);
        snprintf(a->list + len, sizeof a->list - len, "%s %s %s %d;", t->client, t->software,
                 t->device, (int)t->slot);
    }
}

static inline struct answer await(struct fixture *f, struct answer *a)
{
    while (!a->came)
        uv_run(&f->loop, UV_RUN_ONCE);
    return *a;
}

static inline struct ops_ask ask_of(struct answer *a, const char *user, const char *client)
{
    *a = (struct answer){0};
    return (struct ops_ask){
        .address = str_from(user), .token = {.client = str_from(client)}, .done = take, .ctx = a};
}

/* A call that says why. */
typedef enum ops_result submit_fn(struct ops_port *, const struct ops_ask *, struct ops_request **,
                                  const char **);

static inline struct answer run(struct fixture *f, submit_fn *submit, const struct ops_ask *ask)
{
    const char *why;
    struct answer *a = ask->ctx;
    enum ops_result result = submit(f->port, ask, NULL, &why);
    if (result == OPS_OK)
        return await(f, a);
    assert_true((why[0] != '\0') == (result == OPS_BAD_NAME || result == OPS_BAD_CLIENT));
    return (struct answer){.result = result};
}

static inline void set_password(struct fixture *f, submit_fn *submit, const char *user)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    ask.password = STR_LIT("secret");
    assert_int_equal(run(f, submit, &ask).result, OPS_OK);
}

static inline int64_t mark_of(struct fixture *f, const char *user)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    assert_int_equal(ops_login(f->port, &ask, NULL), OPS_OK);
    return await(f, &a).mark;
}

static inline struct answer commit(struct fixture *f, const struct ops_ask *ask)
{
    enum ops_result result = ops_token_commit(f->port, ask, NULL);
    return result == OPS_OK ? await(f, ask->ctx) : (struct answer){.result = result};
}

/* A login with a password that asks for a token. */
static inline struct ops_token_outcome issue(struct fixture *f, const char *user,
                                             const char *client)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, client);
    ask.token.mark = mark_of(f, user);
    ask.token.issue_mechanism = none_mech;
    ask.token.software = STR_LIT("Soft");
    ask.token.device = STR_LIT("Device");
    commit(f, &ask);
    assert_int_equal(a.result, OPS_OK);
    return a.outcome;
}

static inline struct answer login(struct fixture *f, const char *user, struct str client,
                                  const char *mechanism)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    ask.token.client = client;
    ask.token.mechanism = str_from(mechanism);
    assert_int_equal(ops_token_login(f->port, &ask, NULL), OPS_OK);
    return await(f, &a);
}

static inline struct answer phone_login(struct fixture *f)
{
    return login(f, "alice", STR_LIT("phone"), "HT-SHA-256-NONE");
}

static inline struct ops_token_outcome use(struct fixture *f, const char *id)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.used_id = str_from(id);
    assert_int_equal(commit(f, &ask).result, OPS_OK);
    return a.outcome;
}

/* Puts a token of a past time into the store. */
static inline void plant(struct fixture *f, const char *id, int64_t age_s)
{
    struct store_token_change c = {.client = STR_LIT("phone"),
                                   .mark = mark_of(f, "alice"),
                                   .new_id = str_from(id),
                                   .issue_mechanism = none_mech,
                                   .life_s = LIFE_S};
    struct store_write w = {.change = STORE_TOKEN,
                            .domain = STR_LIT("example.org"),
                            .user = STR_LIT("alice"),
                            .token = &c,
                            .now_s = (int64_t)time(NULL) - age_s},
                       *one = &w;
    assert_int_equal(f->store->ops->commit(f->store, &one, 1, NULL), STORE_OK);
    assert_int_equal(w.result, STORE_OK);
}

#endif
