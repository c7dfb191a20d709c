#include "places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TOTAL = 4, EACH = 2 };

static void nobody_gets_more_than_a_share(void **state)
{
    struct places p = {0};
    (void)state;
    int first = places_enter(&p, TOTAL, EACH, "one");
    assert_true(first >= 0);
    assert_true(places_enter(&p, TOTAL, EACH, "one") >= 0);
    assert_int_equal(places_enter(&p, TOTAL, EACH, "one"), -1);
    assert_true(places_enter(&p, TOTAL, EACH, "two") >= 0);
    places_leave(&p, first);
    assert_int_equal(places_enter(&p, TOTAL, EACH, "one"), first);
}

static void there_are_so_many(void **state)
{
    struct places p = {0};
    (void)state;
    int taken[TOTAL];
    static const char *const who[TOTAL] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < TOTAL; i++) {
        taken[i] = places_enter(&p, TOTAL, EACH, who[i]);
        assert_in_range(taken[i], 0, TOTAL - 1);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(taken[i], taken[j]);
    }
    assert_int_equal(places_enter(&p, TOTAL, EACH, "e"), -1);
    places_leave(&p, -1);
    places_leave(&p, taken[2]);
    assert_int_equal(places_enter(&p, TOTAL, EACH, "e"), taken[2]);
}

static void a_long_name_is_one_name(void **state)
{
    static char name[2 * PLACES_WHO_BYTES];
    struct places p = {0};
    (void)state;
    memset(name, 'x', sizeof name - 1);
    assert_true(places_enter(&p, TOTAL, 1, name) >= 0);
    assert_int_equal(places_enter(&p, TOTAL, 1, name), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_gets_more_than_a_share),
        cmocka_unit_test(there_are_so_many),
        cmocka_unit_test(a_long_name_is_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
