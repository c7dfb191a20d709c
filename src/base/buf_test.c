#include "base/buf.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define assert_holds(b, text) assert_true(str_is(buf_peek(b), text))

static void appends_and_consumes(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_holds(&b, "");
    buf_cstr(&b, "<a");
    buf_byte(&b, ' ');
    buf_str(&b, STR_LIT("b='"));
    buf_str(&b, STR_NONE);
    buf_printf(&b, "%d'/>", 42);
    assert_holds(&b, "<a b='42'/>");
    buf_consume(&b, 3);
    assert_holds(&b, "b='42'/>");
    buf_truncate(&b, 6);
    buf_truncate(&b, 100);
    assert_holds(&b, "b='42'");
    buf_consume(&b, buf_len(&b));
    assert_int_equal(b.end, 0);
    buf_trim(&b);
    assert_null(b.data);
}

static void limit_counts_what_is_held(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8, false);
    buf_cstr(&b, "12345678");
    assert_false(b.failed);
    buf_consume(&b, 4);
    buf_cstr(&b, "abcd");
    assert_false(b.failed);
    assert_holds(&b, "5678abcd");
    buf_byte(&b, '!');
    assert_true(b.failed);
    assert_null(buf_reserve(&b, 0));
    buf_consume(&b, 8);
    buf_byte(&b, '!');
    assert_holds(&b, "");
    assert_null(buf_take_cstr(&b));
    buf_reset(&b);
    buf_cstr(&b, "again");
    assert_holds(&b, "again");
    buf_finish(&b);
    assert_int_equal(b.limit_bytes, 8);
}

static void printf_may_fill_the_limit_exactly(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4, false);
    buf_printf(&b, "%s", "full");
    assert_false(b.failed);
    assert_holds(&b, "full");
    buf_finish(&b);
}

static void refuses_sizes_that_would_wrap(void **state)
{
    (void)state;
    struct buf b = {0};
    volatile size_t huge = SIZE_MAX - 8;
    buf_byte(&b, 'x');
    assert_null(buf_reserve(&b, huge));
    assert_true(b.failed);
    buf_finish(&b);
}

static void take_gives_a_string_and_empties(void **state)
{
    (void)state;
    struct buf b = {0};
    char *empty = buf_take_cstr(&b);
    assert_string_equal(empty, "");
    buf_cstr(&b, "juliet");
    char *s = buf_take_cstr(&b);
    assert_string_equal(s, "juliet");
    assert_int_equal(buf_len(&b), 0);
    free(empty);
    free(s);
    buf_finish(&b);
}

static void fit_leaves_no_room_beyond_what_is_held(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_fit(&b);
    assert_null(b.data);
    buf_cstr(&b, "good night, good night");
    buf_consume(&b, 6);
    buf_fit(&b);
    assert_holds(&b, "ight, good night");
    assert_int_equal(b.cap, buf_len(&b));
    const uint8_t *kept = b.data;
    buf_fit(&b);
    assert_ptr_equal(b.data, kept);
    buf_cstr(&b, "!");
    assert_holds(&b, "ight, good night!");
    buf_consume(&b, buf_len(&b));
    buf_fit(&b);
    assert_null(b.data);
}

static void a_secret_buffer_wipes_what_it_drops(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0, true);
    buf_cstr(&b, "secret and more");
    const uint8_t *data = b.data;
    buf_consume(&b, 6);
    assert_memory_equal(data, "\0\0\0\0\0\0 and more", 15);
    buf_truncate(&b, 4);
    assert_memory_equal(data, "\0\0\0\0\0\0 and\0\0\0\0\0", 15);
    buf_reset(&b);
    assert_memory_equal(data, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    buf_finish(&b);
}

/* Against the plainest queue that can be written, moves and growth included. */
static void behaves_like_a_plain_queue(void **state)
{
    (void)state;
    enum { MODEL_MAX = 1 << 16 };
    static uint8_t model[MODEL_MAX];
    struct buf b = {0};
    size_t start = 0, end = 0;
    unsigned seed = 1;
    while (end < MODEL_MAX - 1000) {
        seed = seed * 1103515245 + 12345;
        size_t len = (seed >> 16) % 900;
        switch ((seed >> 8) % 4) {
        case 0:
        case 1:
            for (size_t i = 0; i < len; i++)
                model[end + i] = (uint8_t)(seed + i);
            buf_append(&b, model + end, len);
            end += len;
            break;
        case 2:
            len = len < end - start ? len : end - start;
            buf_consume(&b, len);
            start += len;
            break;
        case 3:
            len = len < end - start ? len : end - start;
            buf_truncate(&b, end - start - len);
            end -= len;
            break;
        }
        assert_int_equal(buf_len(&b), end - start);
        assert_memory_equal(buf_peek(&b).ptr, model + start, end - start);
    }
    assert_false(b.failed);
    buf_finish(&b);
}

static bool scenario(void *ctx)
{
    (void)ctx;
    struct buf b = {0};
    buf_cstr(&b, "a");
    buf_printf(&b, "%600d", 1);
    char *s = buf_take_cstr(&b);
    bool ok = s != NULL;
    free(s);
    buf_finish(&b);
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
        cmocka_unit_test(appends_and_consumes),
        cmocka_unit_test(limit_counts_what_is_held),
        cmocka_unit_test(printf_may_fill_the_limit_exactly),
        cmocka_unit_test(refuses_sizes_that_would_wrap),
        cmocka_unit_test(take_gives_a_string_and_empties),
        cmocka_unit_test(fit_leaves_no_room_beyond_what_is_held),
        cmocka_unit_test(a_secret_buffer_wipes_what_it_drops),
        cmocka_unit_test(behaves_like_a_plain_queue),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
