#include "server/setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Gives 0, 1, 2... */
static void counting(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx, *at = out;
    while (len-- > 0)
        *at++ = (*next)++;
}

static void begin(struct setup *s, uint8_t first, char key[SETUP_KEY_BYTES])
{
    struct random_source random = {counting, &first};
    *s = (struct setup){0};
    assert_true(setup_begin(s, &random, key));
    assert_int_equal(strlen(key), SETUP_KEY_BYTES - 1);
}

static void takes_its_key_alone(void **state)
{
    struct setup s;
    char key[SETUP_KEY_BYTES], other[SETUP_KEY_BYTES];
    uint64_t wait_ms;
    (void)state;
    begin(&s, 7, other);
    begin(&s, 0, key);
    assert_string_equal(key, "000102030405060708090a0b0c0d0e0f10111213");
    assert_int_equal(setup_try(&s, str_from(other), 0, &wait_ms), SETUP_WRONG);
    assert_int_equal(setup_try(&s, STR_LIT(""), 0, &wait_ms), SETUP_WRONG);
    assert_int_equal(setup_try(&s, STR_NONE, 0, &wait_ms), SETUP_WRONG);
    assert_int_equal(setup_try(&s, str_of(key, 39), 0, &wait_ms), SETUP_WRONG);
    assert_int_equal(setup_try(&s, str_from(key), 0, &wait_ms), SETUP_RIGHT);
    assert_true(s.needed);
    setup_end(&s);
    assert_false(s.needed);
    assert_int_equal(setup_try(&s, str_from(key), 0, &wait_ms), SETUP_WRONG);
}

/* What is kept is not the key. */
static void keeps_no_key(void **state)
{
    struct setup s;
    char key[SETUP_KEY_BYTES];
    (void)state;
    begin(&s, 0, key);
    for (size_t i = 0; i + 4 <= sizeof s; i++)
        assert_memory_not_equal((const char *)&s + i, "\x00\x01\x02\x03", 4);
}

static void bounds_guesses(void **state)
{
    struct setup s;
    char key[SETUP_KEY_BYTES];
    uint64_t wait_ms, now_ms = 5000;
    (void)state;
    begin(&s, 0, key);
    for (int i = 0; i < SETUP_WRONG_MAX; i++)
        assert_int_equal(setup_try(&s, STR_LIT("no"), now_ms + (uint64_t)i, &wait_ms), SETUP_WRONG);
    assert_int_equal(setup_try(&s, STR_LIT("no"), now_ms + 10, &wait_ms), SETUP_TOO_MANY);
    assert_int_equal(wait_ms, SETUP_WINDOW_MS - 10);
    for (int i = 0; i < 2 * SETUP_WRONG_MAX; i++) { /* the right one never waits */
        assert_int_equal(setup_try(&s, str_from(key), now_ms + 10, &wait_ms), SETUP_RIGHT);
        assert_int_equal(wait_ms, 0);
    }
    assert_int_equal(setup_try(&s, STR_LIT("no"), now_ms + SETUP_WINDOW_MS - 1, &wait_ms),
                     SETUP_TOO_MANY);
    assert_int_equal(wait_ms, 1);
    assert_int_equal(setup_try(&s, STR_LIT("no"), now_ms + SETUP_WINDOW_MS, &wait_ms), SETUP_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_its_key_alone),
        cmocka_unit_test(keeps_no_key),
        cmocka_unit_test(bounds_guesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
