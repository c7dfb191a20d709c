#include "net/tls_once.h"

#include "base/alloc_fail_test.h"

#include <pthread.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The same bytes each time: what is tested does not depend on them. */
static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 0x5a, len);
}

static const struct random_source fixed = {fill, NULL};

enum { START_S = 1000, MADE_S = 1001, EXPIRES_S = 2000 };

static bool claim(struct tls_once *o, const char *secret, int64_t now_s)
{
    return tls_once_claim(o, str_from(secret), MADE_S, EXPIRES_S, now_s);
}

static void a_ticket_counts_once(void **state)
{
    (void)state;
    struct tls_once *o = tls_once_new(100, START_S, &fixed);
    assert_true(claim(o, "one", MADE_S));
    assert_false(claim(o, "one", MADE_S));
    assert_true(claim(o, "two", MADE_S));
    assert_false(claim(o, "one", EXPIRES_S - 1));
    assert_false(claim(o, "two", EXPIRES_S - 1));
    struct tls_once *again = tls_once_ref(o);
    tls_once_unref(o);
    assert_false(claim(again, "one", MADE_S));
    tls_once_unref(again);
    tls_once_unref(NULL);
}

static void what_came_before_it_is_refused(void **state)
{
    (void)state;
    struct tls_once *o = tls_once_new(100, START_S, &fixed);
    assert_false(tls_once_claim(o, STR_LIT("older"), START_S - 1, EXPIRES_S, START_S + 1));
    assert_false(tls_once_claim(o, STR_LIT("same second"), START_S, EXPIRES_S, START_S + 1));
    assert_true(tls_once_claim(o, STR_LIT("newer"), START_S + 1, EXPIRES_S, START_S + 1));
    tls_once_unref(o);
}

static void an_expired_ticket_is_refused_for_good(void **state)
{
    (void)state;
    struct tls_once *o = tls_once_new(100, START_S, &fixed);
    assert_true(claim(o, "one", MADE_S));
    assert_false(claim(o, "one", EXPIRES_S));
    assert_false(claim(o, "never seen", EXPIRES_S));
    /* The clock is set back: what expired may be forgotten by now. */
    assert_false(claim(o, "one", MADE_S));
    assert_false(claim(o, "never seen", MADE_S));
    assert_true(tls_once_claim(o, STR_LIT("lives longer"), MADE_S, EXPIRES_S + 1, MADE_S));
    tls_once_unref(o);
}

static unsigned claim_many(struct tls_once *o, unsigned first, unsigned count, int64_t expires_s,
                           int64_t now_s)
{
    unsigned accepted = 0;
    for (unsigned i = first; i < first + count; i++) {
        char secret[16];
        snprintf(secret, sizeof(secret), "%u", i);
        accepted += tls_once_claim(o, str_from(secret), MADE_S, expires_s, now_s);
    }
    return accepted;
}

static void a_full_one_refuses(void **state)
{
    (void)state;
    enum { CAPACITY = 64, MANY = 10000 };
    struct tls_once *o = tls_once_new(CAPACITY, START_S, &fixed);
    unsigned accepted = claim_many(o, 0, MANY, EXPIRES_S, MADE_S);
    assert_in_range(accepted, CAPACITY, CAPACITY + 8);
    assert_int_equal(claim_many(o, 0, MANY, EXPIRES_S, MADE_S), 0);
    /* There is room again when they expired. */
    assert_in_range(claim_many(o, MANY, MANY, EXPIRES_S + 10, EXPIRES_S), CAPACITY, CAPACITY + 8);
    tls_once_unref(o);
}

/* Somebody filled it; what he used expires little by little. */
static void room_comes_back_place_by_place(void **state)
{
    (void)state;
    enum { CAPACITY = 64, MANY = 10000, LATER_S = 100, STEP = 8 };
    struct tls_once *o = tls_once_new(CAPACITY, START_S, &fixed);
    unsigned filled = 0, refilled = 0;
    for (unsigned i = 0; i < MANY; i += STEP)
        filled += claim_many(o, i, STEP, EXPIRES_S + filled, MADE_S);
    assert_int_equal(claim_many(o, MANY, STEP, EXPIRES_S + LATER_S, EXPIRES_S - 1), 0);
    for (int64_t now_s = EXPIRES_S; refilled < filled; now_s++) {
        assert_true(now_s < EXPIRES_S + LATER_S);
        unsigned room = claim_many(o, MANY * (unsigned)(now_s - EXPIRES_S + 2), MANY,
                                   EXPIRES_S + 2 * LATER_S, now_s);
        assert_in_range(room, 0, STEP); /* as many as expired in this second */
        refilled += room;
    }
    tls_once_unref(o);
}

struct race {
    struct tls_once *once;
    pthread_barrier_t *start;
    unsigned accepted;
};

static void *run(void *arg)
{
    struct race *r = arg;
    pthread_barrier_wait(r->start);
    r->accepted = claim_many(r->once, 0, 500, EXPIRES_S, MADE_S);
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    struct tls_once *o = tls_once_new(100000, START_S, &fixed);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 4);
    struct race races[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        races[i] = (struct race){tls_once_ref(o), &start, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &races[i]), 0);
    }
    unsigned accepted = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        accepted += races[i].accepted;
        tls_once_unref(races[i].once);
    }
    assert_int_equal(accepted, 500);
    pthread_barrier_destroy(&start);
    tls_once_unref(o);
}

static bool scarce(void *ctx)
{
    (void)ctx;
    struct tls_once *o = tls_once_new(10, START_S, &fixed);
    bool ok = o && claim(o, "one", MADE_S);
    tls_once_unref(o);
    return ok;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    assert_int_equal(alloc_fail_sweep(scarce, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_counts_once),
        cmocka_unit_test(what_came_before_it_is_refused),
        cmocka_unit_test(an_expired_ticket_is_refused_for_good),
        cmocka_unit_test(a_full_one_refuses),
        cmocka_unit_test(room_comes_back_place_by_place),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
