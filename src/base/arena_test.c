#include "base/arena.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

static void gives_aligned_zeroed_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0, false);
    for (size_t len = 0; len < 3000; len = len * 2 + 1) {
        char *odd = arena_bytes(&a, 1);
        uint8_t *p = arena_alloc(&a, len);
        assert_non_null(odd);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, len);
    }
    assert_false(a.failed);
    arena_finish(&a);
}

static void zeroes_memory_that_was_used_before(void **state)
{
    (void)state;
    struct arena a = {0};
    memset(arena_bytes(&a, 64), 0xff, 64);
    arena_reset(&a);
    const uint8_t *p = arena_alloc(&a, 64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
    arena_finish(&a);
}

static void keeps_what_it_gave(void **state)
{
    (void)state;
    struct arena a = {0};
    char *all[500];
    for (int i = 0; i < 500; i++) {
        all[i] = arena_bytes(&a, 100);
        memset(all[i], i, 100);
    }
    for (int i = 0; i < 500; i++)
        for (int j = 0; j < 100; j++)
            assert_int_equal((uint8_t)all[i][j], (uint8_t)i);
    assert_int_equal(a.used_bytes, 50000);
    arena_finish(&a);
    assert_null(a.head);
    assert_int_equal(a.used_bytes, 0);
}

static void failure_past_the_limit_sticks(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100, false);
    assert_non_null(arena_alloc(&a, 100));
    assert_non_null(arena_alloc(&a, 0));
    assert_null(arena_alloc(&a, 1));
    assert_true(a.failed);
    assert_null(arena_bytes(&a, 0));
    arena_reset(&a);
    assert_false(a.failed);
    assert_non_null(arena_alloc(&a, 100));
    arena_finish(&a);
    assert_int_equal(a.limit_bytes, 100);
}

static void refuses_sizes_that_would_wrap(void **state)
{
    (void)state;
    struct arena a = {0};
    /* Not SIZE_MAX itself, which a compiler would warn about. */
    volatile size_t huge = SIZE_MAX - 8;
    assert_null(arena_alloc(&a, huge));
    assert_true(a.failed);
    arena_finish(&a);
}

static void copies_strings(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_string_equal(arena_dup(&a, STR_LIT("juliet")), "juliet");
    assert_string_equal(arena_dup(&a, STR_LIT("")), "");
    assert_null(arena_dup(&a, STR_NONE));
    assert_false(a.failed);
    assert_string_equal(arena_printf(&a, "%s/%d", "balcony", 7), "balcony/7");
    const char *long_one = arena_printf(&a, "%2000d", 1);
    assert_int_equal(strlen(long_one), 2000);
    arena_finish(&a);
}

static void reset_keeps_a_small_block_only(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_non_null(arena_alloc(&a, 10));
    arena_reset(&a);
    assert_non_null(a.head);
    assert_non_null(arena_alloc(&a, 100000));
    arena_reset(&a);
    assert_null(a.head);
    arena_finish(&a);
}

static void a_secret_arena_wipes_on_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0, true);
    char *p = arena_dup(&a, STR_LIT("pencil"));
    arena_reset(&a);
    /* The block is kept, so its memory may still be looked at. */
    assert_memory_equal(p, "\0\0\0\0\0\0\0", 7);
    arena_finish(&a);
    assert_true(a.secret);
}

static bool scenario(void *ctx)
{
    (void)ctx;
    struct arena a = {0};
    const char *s = arena_printf(&a, "%s", "x");
    void *big = arena_alloc(&a, 5000);
    bool ok = s && big && arena_dup(&a, STR_LIT("y"));
    assert_true(ok != a.failed);
    arena_finish(&a);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(alloc_fail_sweep(scenario, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_zeroed_memory),
        cmocka_unit_test(zeroes_memory_that_was_used_before),
        cmocka_unit_test(keeps_what_it_gave),
        cmocka_unit_test(failure_past_the_limit_sticks),
        cmocka_unit_test(refuses_sizes_that_would_wrap),
        cmocka_unit_test(copies_strings),
        cmocka_unit_test(reset_keeps_a_small_block_only),
        cmocka_unit_test(a_secret_arena_wipes_on_reset),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
