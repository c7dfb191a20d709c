#include "server/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const struct recent *r, uint64_t now_ms, uint64_t count, uint64_t mean_us,
                   uint64_t worst_us)
{
    struct recent_figures f = recent_read(r, now_ms);
    assert_int_equal(f.count, count);
    assert_int_equal(f.mean_us, mean_us);
    assert_int_equal(f.worst_us, worst_us);
}

static void is_empty_at_first(void **state)
{
    struct recent r = {0};
    (void)state;
    expect(&r, 0, 0, 0, 0);
    expect(&r, 1000000, 0, 0, 0);
}

static void counts_what_was_noted(void **state)
{
    struct recent r = {0};
    (void)state;
    recent_note(&r, 0, 10);
    recent_note(&r, 999, 20);
    recent_note(&r, 5000, 90);
    expect(&r, 5000, 3, 40, 90);
}

static void forgets_after_ten_seconds(void **state)
{
    struct recent r = {0};
    (void)state;
    recent_note(&r, 1500, 700);
    recent_note(&r, 6000, 5);
    expect(&r, 10999, 2, 352, 700);
    expect(&r, 11000, 1, 5, 5);
    expect(&r, 15999, 1, 5, 5);
    expect(&r, 16000, 0, 0, 0);
}

/* The slot of a second is used again for the one ten seconds later, and only for that. */
static void uses_its_slots_again(void **state)
{
    struct recent r = {0};
    (void)state;
    for (uint64_t second = 0; second < 25; second++)
        recent_note(&r, second * 1000, second);
    expect(&r, 24999, 10, 19, 24);
    recent_note(&r, 34000, 3);
    expect(&r, 34000, 1, 3, 3);
}

/* A reader whose clock is behind the writer's sees nothing of its future. */
static void takes_times_that_go_back(void **state)
{
    struct recent r = {0};
    (void)state;
    recent_note(&r, 50000, 8);
    expect(&r, 49999, 0, 0, 0);
    expect(&r, 50000, 1, 8, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),         cmocka_unit_test(counts_what_was_noted),
        cmocka_unit_test(forgets_after_ten_seconds), cmocka_unit_test(uses_its_slots_again),
        cmocka_unit_test(takes_times_that_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
