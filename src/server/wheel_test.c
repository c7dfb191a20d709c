#include "server/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct thing {
    struct wheel_node node;
    uint64_t fired_ms;
    unsigned fired;
};

static uint64_t now_ms;

static void due(struct wheel_node *n, void *ctx)
{
    struct thing *t = CONTAINER_OF(n, struct thing, node);
    (void)ctx;
    t->fired++;
    t->fired_ms = now_ms;
}

static void turn_to(struct wheel *w, uint64_t until_ms, uint64_t step_ms)
{
    while (now_ms < until_ms) {
        now_ms += step_ms;
        wheel_turn(w, now_ms, due, NULL);
    }
}

static void start(struct wheel *w, struct thing *t)
{
    now_ms = 5000 * WHEEL_TICK_MS + 123;
    wheel_init(w, now_ms);
    *t = (struct thing){0};
    wheel_node_init(&t->node);
}

/* Never before its time, at most a tick after; near, far, and past the wheel's whole turn. */
static void test_in_time(void **state)
{
    static const uint64_t delays_ms[] = {0,     1,     999,   1000,  1001,
                                         60000, 62999, 63000, 64000, 1800000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(delays_ms); i++) {
        struct wheel w;
        struct thing t;
        start(&w, &t);
        uint64_t at_ms = now_ms + delays_ms[i];
        wheel_set(&w, &t.node, at_ms);
        turn_to(&w, at_ms + 3 * WHEEL_TICK_MS, 100);
        assert_int_equal(t.fired, 1);
        assert_true(t.fired_ms >= at_ms);
        assert_true(t.fired_ms <= at_ms + 2 * WHEEL_TICK_MS);
    }
}

static void test_earlier_wins_later_does_not(void **state)
{
    struct wheel w;
    struct thing t;
    (void)state;
    start(&w, &t);
    uint64_t begin_ms = now_ms;
    wheel_set(&w, &t.node, begin_ms + 50000);
    wheel_set(&w, &t.node, begin_ms + 3000);
    wheel_set(&w, &t.node, begin_ms + 40000); /* looked at in 3 s all the same */
    turn_to(&w, begin_ms + 6000, 1000);
    assert_int_equal(t.fired, 1);
}

static void test_removed(void **state)
{
    struct wheel w;
    struct thing t;
    (void)state;
    start(&w, &t);
    wheel_set(&w, &t.node, now_ms + 2000);
    wheel_remove(&t.node);
    wheel_remove(&t.node);
    turn_to(&w, now_ms + 10000, 1000);
    assert_int_equal(t.fired, 0);
    wheel_set(&w, &t.node, UINT64_MAX);
    turn_to(&w, now_ms + 200000, 1000);
    assert_int_equal(t.fired, 0);
}

/* The loop slept for long: all that is due fires at once. */
static void test_late_turn(void **state)
{
    struct wheel w;
    struct thing a, b;
    (void)state;
    start(&w, &a);
    b = a;
    wheel_node_init(&a.node);
    wheel_node_init(&b.node);
    wheel_set(&w, &a.node, now_ms + 1000);
    wheel_set(&w, &b.node, now_ms + 50000);
    turn_to(&w, now_ms + 100000, 100000);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_earlier_wins_later_does_not),
        cmocka_unit_test(test_removed),
        cmocka_unit_test(test_late_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
