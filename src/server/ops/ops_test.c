#include "server/ops/ops.h"

#include "base/wipe.h"
#include "net/loop.h"
#include "server/ops/ops_accounts.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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

static struct gate *gate_of(struct store *s)
{
    return CONTAINER_OF(s, struct gate, base);
}

static enum store_result gate_commit(struct store *s, struct store_write *const *writes,
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

static void gate_set(struct gate *g, bool shut)
{
    pthread_mutex_lock(&g->lock);
    g->shut = shut;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* Returns when a commit stands at the shut gate. */
static void gate_await(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (g->waiting == 0)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static enum store_result gate_login(struct store *s, struct str domain, struct str user,
                                    struct str scheme, struct store_login *ret,
                                    struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->login(g->inner, domain, user, scheme, ret, fault);
}

static enum store_result gate_account(struct store *s, struct str domain, struct str user,
                                      struct arena *a, struct store_account *ret,
                                      struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->account(g->inner, domain, user, a, ret, fault);
}

static enum store_result gate_accounts(struct store *s, struct str domain, struct str prefix,
                                       struct str after, size_t limit, struct arena *a,
                                       struct store_page *ret, struct store_fault *fault)
{
    struct gate *g = gate_of(s);
    return g->inner->ops->accounts(g->inner, domain, prefix, after, limit, a, ret, fault);
}

static enum store_result gate_meta(struct store *s, struct str key, struct buf *out,
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

static void note_event(void *ctx, const struct ops_event *event)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->events);
    f->uid = event->actor.uid;
    snprintf(f->events + len, sizeof f->events - len, "%s %.*s@%.*s%s%.*s;",
             ops_event_name(event->kind), STR_ARG(event->user), STR_ARG(event->domain),
             event->reason.len ? " " : "", STR_ARG(event->reason));
}

static void start(struct fixture *f)
{
    assert_int_equal(ops_new(&f->config, &f->ops, NULL), LINNET_OK);
    f->port = ops_port_new(f->ops, &f->loop);
}

static void stop(struct fixture *f)
{
    ops_port_free(f->port);
    ops_free(f->ops);
    f->port = NULL;
    f->ops = NULL;
}

static int make(void **state)
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

static int unmake(void **state)
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

static void take(void *ctx, const struct ops_reply *reply)
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

static void wait_for(struct fixture *f, const struct answer *a)
{
    while (!a->came)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static struct ops_ask ask_of(struct answer *a, const char *address)
{
    *a = (struct answer){0};
    return (struct ops_ask){.address = str_from(address), .done = take, .ctx = a, .limit = 10};
}

/* Runs a change to its end. */
static enum ops_result change(struct fixture *f, const char *address, const char *password,
                              enum ops_result (*submit)(struct ops_port *, const struct ops_ask *,
                                                        struct ops_request **, const char **))
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

static struct answer login(struct fixture *f, const char *user, const char *scheme)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user);
    ask.scheme = str_from(scheme);
    assert_int_equal(ops_login(f->port, &ask, NULL), OPS_OK);
    wait_for(f, &a);
    return a;
}

/* --- tests --- */

/* Whether `c` is what `password` gives. */
static bool matches(const struct sasl_credential *c, enum hash_alg alg, const char *password)
{
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_credential expected;
    struct str salt = str_of(c->salt, c->salt_len);
    assert_true(hash_pbkdf2(alg, str_from(password), salt, c->iterations, salted));
    assert_true(sasl_scram_credential(alg, salted, salt, c->iterations, &expected));
    return c->key_len == expected.key_len && strcmp(c->scheme, expected.scheme) == 0 &&
           memcmp(c->stored_key, expected.stored_key, c->key_len) == 0 &&
           memcmp(c->server_key, expected.server_key, c->key_len) == 0;
}

static void adds_credentials(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(change(f, "Alice",
                            "secr\xc2\xaa"
                            "t",
                            ops_account_add),
                     OPS_OK);
    assert_string_equal(f->events, "account.added alice@example.org;");
    struct answer sha1 = login(f, "alice", "SCRAM-SHA-1");
    struct answer sha256 = login(f, "ALICE", "SCRAM-SHA-256");
    struct answer sha512 = login(f, "alice", "SCRAM-SHA-512");
    /* SASLprep maps the feminine ordinal to an a. */
    assert_true(matches(&sha1.credential, HASH_SHA1, "secrat"));
    assert_true(matches(&sha256.credential, HASH_SHA256, "secrat"));
    assert_true(matches(&sha512.credential, HASH_SHA512, "secrat"));
    assert_false(matches(&sha512.credential, HASH_SHA512, "secret"));
    assert_string_equal(sha256.address, "alice@example.org");
    assert_int_equal(sha1.credential.iterations, 4096);
    assert_int_equal(sha1.credential.salt_len, 16);
    assert_memory_not_equal(sha1.credential.salt, sha256.credential.salt, 16);
    assert_memory_not_equal(sha1.credential.salt, sha512.credential.salt, 16);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_NOT_FOUND);
    struct answer any = login(f, "alice", "");
    assert_string_equal(any.credential.scheme, "SCRAM-SHA-256");
}

static enum ops_result upgrade(struct fixture *f, const char *address, int64_t mark)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, address);
    struct sasl_credential c;
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    const char *why;
    assert_true(hash_pbkdf2(HASH_SHA512, STR_LIT("secret"), salt, 4096, salted));
    assert_true(sasl_scram_credential(HASH_SHA512, salted, salt, 4096, &c));
    ask.mark = mark;
    ask.credential = &c;
    enum ops_result result = ops_account_upgrade(f->port, &ask, NULL, &why);
    wipe(&c, sizeof c); /* it was copied */
    if (result != OPS_OK)
        return result;
    wait_for(f, &a);
    return a.result;
}

static void upgrades_what_was_proved(void **state)
{
    struct fixture *f = *state;
    struct store_fault fault;
    struct store_write purge = {.change = STORE_PURGE, .scheme = STR_LIT("SCRAM-SHA-512")};
    struct store_write *one = &purge;
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    int64_t mark = login(f, "alice", "SCRAM-SHA-1").mark;
    assert_int_equal(upgrade(f, "alice", mark), OPS_EXISTS);
    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-512").result, OPS_NOT_FOUND);

    f->events[0] = '\0';
    assert_int_equal(upgrade(f, "alice", mark + 1), OPS_NOT_FOUND);
    assert_int_equal(upgrade(f, "nobody", mark), OPS_NOT_FOUND);
    assert_int_equal(upgrade(f, "@", mark), OPS_BAD_NAME);
    assert_int_equal(upgrade(f, "Alice", mark), OPS_OK);
    struct answer sha512 = login(f, "alice", "SCRAM-SHA-512");
    assert_true(matches(&sha512.credential, HASH_SHA512, "secret"));
    assert_int_equal(sha512.mark, mark);
    assert_string_equal(f->events, ""); /* nothing that a session rests on has changed */

    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(change(f, "alice", "other", ops_account_passwd), OPS_OK);
    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(upgrade(f, "alice", mark), OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-512").result, OPS_NOT_FOUND);
}

static void unknown_users_come_as_answers(void **state)
{
    static const char *const names[] = {"nobody",  "",        "a b", "alice@example.org",
                                        "alice/x", "\xff\xfe"};
    struct fixture *f = *state;
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct answer a = login(f, names[i], "SCRAM-SHA-1");
        assert_int_equal(a.result, OPS_NOT_FOUND);
        assert_false(a.has_credential);
    }
}

static void refuses_at_once(void **state)
{
    struct fixture *f = *state;
    char longest[1200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(change(f, "", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a b", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a@example.org/r", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "@example.org", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, longest, "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a@example.com", "secret", ops_account_add), OPS_WRONG_DOMAIN);
    assert_int_equal(change(f, "a", "", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", "\x07", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", "\xff", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", longest, ops_account_add), OPS_BAD_PASSWORD);
    assert_string_equal(f->events, "");
    assert_int_equal(change(f, "a@EXAMPLE.org", "secret", ops_account_add), OPS_OK);
}

static void goes_through_a_life(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(change(f, "alice", "one", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "alice@example.org", "two", ops_account_add), OPS_EXISTS);
    assert_int_equal(change(f, "bob", "two", ops_account_passwd), OPS_NOT_FOUND);
    assert_int_equal(change(f, "alice", "two", ops_account_passwd), OPS_OK);
    struct answer a = login(f, "alice", "SCRAM-SHA-1");
    assert_true(matches(&a.credential, HASH_SHA1, "two"));

    struct ops_ask ask = ask_of(&a, "alice");
    const char *why;
    ask.reason = STR_LIT("gone");
    ask.actor.uid = 1234;
    assert_int_equal(ops_account_disable(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(f->uid, 1234);
    a = login(f, "alice", "SCRAM-SHA-1");
    assert_int_equal(a.result, OPS_OK);
    assert_true(a.disabled && a.has_credential);
    assert_string_equal(a.reason, "gone");
    assert_int_equal(change(f, "alice", NULL, ops_account_enable), OPS_OK);
    assert_false(login(f, "alice", "SCRAM-SHA-1").disabled);
    assert_int_equal(change(f, "alice", NULL, ops_account_remove), OPS_OK);
    assert_int_equal(change(f, "alice", NULL, ops_account_remove), OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-1").result, OPS_NOT_FOUND);
    assert_string_equal(f->events, "account.added alice@example.org;"
                                   "account.password alice@example.org;"
                                   "account.disabled alice@example.org gone;"
                                   "account.enabled alice@example.org;"
                                   "account.removed alice@example.org;");
}

static void lists_and_shows(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    const char *why;
    assert_int_equal(change(f, "c", "x", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "a", "x", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "b", "x", ops_account_add), OPS_OK);
    struct ops_ask ask = ask_of(&a, NULL);
    ask.limit = 2;
    assert_int_equal(ops_account_list(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.names, "a b ");
    assert_true(a.more);
    ask = ask_of(&a, NULL);
    ask.after = STR_LIT("b");
    assert_int_equal(ops_account_list(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.names, "c ");
    assert_false(a.more);
    ask = ask_of(&a, "b");
    assert_int_equal(ops_account_show(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.schemes, "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512");
    ask = ask_of(&a, "d");
    assert_int_equal(ops_account_show(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(a.result, OPS_NOT_FOUND);
}

static void keeps_legacy_rows_while_on(void **state)
{
    struct fixture *f = *state;
    struct sasl_credential expected;
    stop(f);
    f->config.legacy = true;
    start(f);
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    struct answer a = login(f, "alice", "DIGEST-MD5");
    assert_int_equal(a.result, OPS_OK);
    assert_true(sasl_digest_credential(STR_LIT("alice"), STR_LIT("example.org"), STR_LIT("secret"),
                                       &expected));
    assert_memory_equal(a.credential.stored_key, expected.stored_key, 16);
    stop(f);
    start(f);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_OK);
    stop(f);
    f->config.legacy = false;
    start(f);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-1").result, OPS_OK);
}

static void fake_key_persists(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zero[32];
    uint8_t key[32];
    memcpy(key, ops_fake_key(f->ops), sizeof key);
    assert_memory_not_equal(key, zero, sizeof key);
    stop(f);
    start(f);
    assert_memory_equal(key, ops_fake_key(f->ops), sizeof key);
}

/* While one transaction waits, the changes that come go into the next, all of them together. */
static void commits_in_groups(void **state)
{
    enum { WAITING = 40 };
    struct fixture *f = *state;
    struct answer answers[WAITING + 1] = {0};
    const char *why;
    assert_int_equal(change(f, "alice", "x", ops_account_add), OPS_OK);
    gate_set(&f->gate, true);
    size_t before = f->gate.commits;
    uint64_t total = ops_commits(f->ops).total;
    for (int i = 0; i <= WAITING; i++) {
        struct ops_ask ask = ask_of(&answers[i], "alice");
        ask.reason = STR_LIT("r");
        assert_int_equal(
            (i % 2 ? ops_account_enable : ops_account_disable)(f->port, &ask, NULL, &why), OPS_OK);
        if (i == 0)
            gate_await(&f->gate);
    }
    assert_int_equal(ops_commits(f->ops).total, total); /* one runs */
    gate_set(&f->gate, false);
    for (int i = 0; i <= WAITING; i++) {
        wait_for(f, &answers[i]);
        assert_int_equal(answers[i].result, OPS_OK);
    }
    assert_int_equal(f->gate.commits, before + 2);
    assert_int_equal(ops_commits(f->ops).total, total + 2);
    assert_int_equal(f->gate.largest, WAITING);
    assert_true(login(f, "alice", "").disabled); /* the last one was first in, last out */
}

static void full_pool_refuses_at_once(void **state)
{
    struct fixture *f = *state;
    struct answer answers[100] = {0};
    const char *why;
    size_t accepted = 0;
    assert_int_equal(change(f, "alice", "x", ops_account_add), OPS_OK);
    gate_set(&f->gate, true);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct ops_ask ask = ask_of(&answers[i], "alice");
        enum ops_result result = ops_account_enable(f->port, &ask, NULL, &why);
        if (result == OPS_OK)
            accepted++;
        else
            assert_int_equal(result, OPS_TEMPORARY);
    }
    assert_in_range(accepted, 64, 66);
    /* Reads have a pool of their own. */
    assert_int_equal(login(f, "alice", "").result, OPS_OK);
    gate_set(&f->gate, false);
    for (size_t i = 0; i < accepted; i++)
        wait_for(f, &answers[i]);
    assert_int_equal(change(f, "alice", NULL, ops_account_enable), OPS_OK);
}

static void failure_is_told(void **state)
{
    struct fixture *f = *state;
    f->gate.broken = true;
    assert_int_equal(change(f, "alice", "x", ops_account_add), OPS_STORE);
    assert_string_equal(f->events, "");
    f->gate.broken = false;
    assert_int_equal(login(f, "alice", "").result, OPS_NOT_FOUND);
}

/* Whoever forgets a change does not stop it: its event still comes. */
static void forgotten_changes_happen(void **state)
{
    struct fixture *f = *state;
    struct answer forgotten, a;
    struct ops_request *request;
    const char *why;
    assert_int_equal(change(f, "alice", "x", ops_account_add), OPS_OK);
    struct ops_ask ask = ask_of(&forgotten, "alice");
    assert_int_equal(ops_account_remove(f->port, &ask, &request, &why), OPS_OK);
    ops_forget(request);
    ask = ask_of(&a, "alice");
    assert_int_equal(ops_account_remove(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(a.result, OPS_NOT_FOUND);
    assert_false(forgotten.came);
    assert_non_null(strstr(f->events, "account.removed alice@example.org;"));
}

/* A port that goes while its requests are in every stage leaks nothing and answers nobody. */
static void port_goes_in_the_middle(void **state)
{
    struct fixture *f = *state;
    struct answer answers[12] = {0};
    const char *why;
    assert_int_equal(change(f, "alice", "x", ops_account_add), OPS_OK);
    gate_set(&f->gate, true);
    for (size_t i = 0; i < 6; i++) {
        struct ops_ask ask = ask_of(&answers[i], "alice");
        assert_int_equal(ops_account_enable(f->port, &ask, NULL, &why), OPS_OK);
        if (i == 0)
            gate_await(&f->gate);
    }
    /* The rest of the first batch now waits in the list; let it be taken by a second commit. */
    gate_set(&f->gate, false);
    wait_for(f, &answers[0]);
    gate_set(&f->gate, true);
    for (size_t i = 6; i < 12; i++) {
        struct ops_ask ask = ask_of(&answers[i], i < 9 ? "alice" : "new");
        ask.password = STR_LIT("y");
        assert_int_equal((i < 9 ? ops_account_enable : ops_account_add)(f->port, &ask, NULL, &why),
                         OPS_OK);
    }
    gate_await(&f->gate);
    bool came[12];
    for (size_t i = 0; i < 12; i++)
        came[i] = answers[i].came;
    ops_port_free(f->port);
    gate_set(&f->gate, false);
    f->port = ops_port_new(f->ops, &f->loop);
    assert_int_equal(login(f, "alice", "").result, OPS_OK);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(answers[i].came, came[i]);
}

static void failures_have_sentences(void **state)
{
    (void)state;
    struct linnet_error e = {0};
    assert_int_equal(ops_error(OPS_EXISTS, "a@b", "", &e), LINNET_ERROR_REGISTER_TAKEN);
    assert_non_null(strstr(e.sentence, "a@b"));
    assert_int_equal(ops_error(OPS_NOT_FOUND, "a@b", "", &e), LINNET_ERROR_USAGE);
    assert_string_equal(e.sentence, "There is no account a@b.");
    assert_int_equal(ops_error(OPS_BAD_NAME, "a b", "no spaces", &e), LINNET_ERROR_BAD_ADDRESS);
    assert_int_equal(ops_error(OPS_WRONG_DOMAIN, "a@b", "", &e), LINNET_ERROR_HOST_UNKNOWN);
    assert_non_null(strstr(e.sentence, "b"));
    assert_int_equal(ops_error(OPS_BAD_PASSWORD, "a@b", "why", &e), LINNET_ERROR_USAGE);
    assert_int_equal(ops_error(OPS_TEMPORARY, "", "", &e), LINNET_ERROR_STORE);
    assert_int_equal(ops_error(OPS_STORE, "", "", &e), LINNET_ERROR_STORE);
    assert_int_equal(ops_error(OPS_OK, "", "", &e), LINNET_OK);
}

/* --- several loops at once --- */

enum { LOOPS = 3, ACCOUNTS = 12 };

struct runner {
    struct ops *ops;
    int number;
    int left;
    int faults;
};

static void count(void *ctx, const struct ops_reply *reply)
{
    struct runner *r = ctx;
    r->faults += reply->result != OPS_OK;
    r->left--;
}

static void *run_loop(void *arg)
{
    struct runner *r = arg;
    uv_loop_t loop;
    if (!loop_init(&loop))
        abort();
    struct ops_port *port = ops_port_new(r->ops, &loop);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < ACCOUNTS; i++) {
            char user[32];
            const char *why;
            snprintf(user, sizeof user, "u%d-%d", r->number, i);
            struct ops_ask ask = {
                .address = str_from(user), .password = STR_LIT("secret"), .done = count, .ctx = r};
            r->left++;
            enum ops_result result =
                round == 0 ? ops_account_add(port, &ask, NULL, &why) : ops_login(port, &ask, NULL);
            if (result != OPS_OK) {
                r->faults++;
                r->left--;
            }
        }
        while (r->left > 0)
            uv_run(&loop, UV_RUN_ONCE);
    }
    ops_port_free(port);
    loop_finish(&loop);
    return NULL;
}

static void count_event(void *ctx, const struct ops_event *event)
{
    (void)event;
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void loops_share_it(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[LOOPS];
    struct runner runners[LOOPS];
    atomic_int events = 0;
    stop(f);
    f->config.event = count_event;
    f->config.ctx = &events;
    start(f);
    for (int i = 0; i < LOOPS; i++) {
        runners[i] = (struct runner){.ops = f->ops, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &runners[i]), 0);
    }
    for (int i = 0; i < LOOPS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(runners[i].faults, 0);
    }
    assert_int_equal(events, LOOPS * ACCOUNTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(adds_credentials),
        TEST(upgrades_what_was_proved),
        TEST(unknown_users_come_as_answers),
        TEST(refuses_at_once),
        TEST(goes_through_a_life),
        TEST(lists_and_shows),
        TEST(keeps_legacy_rows_while_on),
        TEST(fake_key_persists),
        TEST(commits_in_groups),
        TEST(full_pool_refuses_at_once),
        TEST(failure_is_told),
        TEST(forgotten_changes_happen),
        TEST(port_goes_in_the_middle),
        TEST(loops_share_it),
        cmocka_unit_test(failures_have_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
