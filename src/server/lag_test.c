#include "server/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void turn(struct lag *l, uint64_t from_ms, uint64_t to_ms)
{
    lag_turn_began(l, from_ms);
    lag_turn_ended(l, to_ms);
}

static void knows_nothing_at_first(void **state)
{
    struct lag l = {0};
    (void)state;
    assert_int_equal(lag_worst_ms(&l, 0), 0);
    assert_int_equal(lag_worst_ms(&l, 99999), 0);
    lag_turn_ended(&l, 5000); /* the first turn has no beginning */
    lag_ticked(&l, 5000, 6000);
    assert_int_equal(lag_worst_ms(&l, 5000), 0);
}

static void shows_the_longest_turn(void **state)
{
    struct lag l = {0};
    (void)state;
    turn(&l, 1000, 1030);
    turn(&l, 1040, 1290);
    turn(&l, 1300, 1310);
    assert_int_equal(lag_worst_ms(&l, 1310), 0); /* at the tick, not before */
    lag_ticked(&l, 2000, 3000);
    assert_int_equal(lag_worst_ms(&l, 2000), 250);
    lag_ticked(&l, 10999, 20000);
    assert_int_equal(lag_worst_ms(&l, 10999), 7999); /* the tick was so late */
}

static void shows_a_late_tick(void **state)
{
    struct lag l = {0};
    (void)state;
    lag_ticked(&l, 1000, 2000);
    lag_ticked(&l, 2000, 3000);
    assert_int_equal(lag_worst_ms(&l, 2500), 0);
    lag_ticked(&l, 3400, 4400);
    assert_int_equal(lag_worst_ms(&l, 3400), 400);
}

static void forgets_after_ten_seconds(void **state)
{
    struct lag l = {0};
    (void)state;
    turn(&l, 1000, 1600);
    for (uint64_t now_ms = 2000; now_ms <= 11000; now_ms += 1000) {
        lag_ticked(&l, now_ms, now_ms + 1000);
        assert_int_equal(lag_worst_ms(&l, now_ms), now_ms < 11000 ? 600 : 0);
    }
}

/* Whoever asks while a loop hangs is not told how well it was before. */
static void sees_a_loop_that_is_stuck(void **state)
{
    struct lag l = {0};
    (void)state;
    lag_ticked(&l, 1000, 2000);
    lag_turn_began(&l, 1500);
    assert_int_equal(lag_worst_ms(&l, 2000), 0);
    assert_int_equal(lag_worst_ms(&l, 9000), 7000);
    lag_turn_ended(&l, 9000);
    lag_ticked(&l, 9000, 10000);
    assert_int_equal(lag_worst_ms(&l, 9000), 7500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_nothing_at_first),    cmocka_unit_test(shows_the_longest_turn),
        cmocka_unit_test(shows_a_late_tick),         cmocka_unit_test(forgets_after_ten_seconds),
        cmocka_unit_test(sees_a_loop_that_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
