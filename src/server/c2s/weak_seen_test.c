#include "server/c2s/weak_seen.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct weak_seen seen;

static int make(void **state)
{
    (void)state;
    weak_seen_init(&seen, (const uint8_t[16]){3});
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    weak_seen_finish(&seen);
    return 0;
}

static bool due(uint64_t now_ms, const char *user)
{
    return weak_seen_due(&seen, now_ms, str_from(user));
}

static void once_an_hour_for_each(void **state)
{
    (void)state;
    assert_true(due(1000, "juliet"));
    assert_true(due(1000, "romeo"));
    assert_false(due(1001, "juliet"));
    assert_false(due(999, "juliet")); /* the clock of another loop */
    assert_false(due(999 + WEAK_SEEN_MS, "juliet"));
    assert_true(due(1000 + WEAK_SEEN_MS, "juliet"));
    assert_false(due(1001 + WEAK_SEEN_MS, "juliet"));
    assert_true(due(1001 + WEAK_SEEN_MS, "romeo"));
}

static void many_accounts_take_no_more_memory(void **state)
{
    char name[3] = "";
    (void)state;
    for (unsigned i = 0; i < 255 * 255; i++) {
        name[0] = (char)(1 + i / 255);
        name[1] = (char)(1 + i % 255);
        assert_true(due(1, name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_an_hour_for_each, make, unmake),
        cmocka_unit_test_setup_teardown(many_accounts_take_no_more_memory, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
