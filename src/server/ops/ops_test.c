/* What all operations share: transactions, pools that are full, failures, ports that go, loops. */
#include "server/ops/ops_fixture.h"

#include <stdatomic.h>

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
    char longest[1024];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ops_error(OPS_EXISTS, "a@b", "", &e), LINNET_ERROR_REGISTER_TAKEN);
    assert_non_null(strstr(e.sentence, "a@b"));
    assert_int_equal(ops_error(OPS_NOT_FOUND, "a@b", "", &e), LINNET_ERROR_USAGE);
    assert_string_equal(e.sentence, "There is no account a@b.");
    assert_int_equal(ops_error(OPS_BAD_NAME, "a b", "no spaces", &e), LINNET_ERROR_BAD_ADDRESS);
    assert_int_equal(ops_error(OPS_BAD_NAME, longest, "too long", &e), LINNET_ERROR_BAD_ADDRESS);
    assert_non_null(strstr(e.sentence, "too long"));
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
        TEST(fake_key_persists),
        TEST(commits_in_groups),
        TEST(full_pool_refuses_at_once),
        TEST(failure_is_told),
        TEST(forgotten_changes_happen),
        TEST(port_goes_in_the_middle),
        cmocka_unit_test(failures_have_sentences),
        TEST(loops_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
