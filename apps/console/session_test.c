#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { IDLE_MS = 1000, ABSOLUTE_MS = 3000 };

static int make(void **state)
{
    *state = sessions_new(IDLE_MS, ABSOLUTE_MS);
    return *state ? 0 : -1;
}

static int unmake(void **state)
{
    sessions_free(*state);
    return 0;
}

static void add(struct sessions *s, uint64_t now_ms, const char *user, char *ret_token)
{
    struct session who = {.full = true, .mark = 7};
    snprintf(who.user, sizeof who.user, "%s", user);
    assert_true(sessions_add(s, now_ms, &who, ret_token));
    assert_int_equal(strlen(ret_token), 64);
    assert_int_equal(strlen(who.csrf), 64);
    assert_string_not_equal(ret_token, who.csrf);
}

static void finds_what_was_added(void **state)
{
    char one[SESSION_TOKEN_BYTES], two[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", one);
    add(*state, 0, "two", two);
    assert_string_not_equal(one, two);
    assert_true(sessions_find(*state, 1, two, true, &who));
    assert_string_equal(who.user, "two");
    assert_int_equal(who.mark, 7);
    assert_true(who.full);
    for (size_t i = 0; i < 64; i++) {
        char kept = one[i];
        one[i] = kept == '0' ? '1' : '0';
        assert_false(sessions_find(*state, 1, one, true, &who));
        one[i] = kept;
    }
    assert_true(sessions_find(*state, 1, one, true, &who));
    assert_false(sessions_find(*state, 1, NULL, true, &who));
    assert_false(sessions_find(*state, 1, "", true, &who));
    assert_false(sessions_find(*state, 1, who.csrf, true, &who));
    sessions_remove(*state, two);
    assert_false(sessions_find(*state, 1, two, true, &who));
    sessions_remove(*state, two);
    sessions_remove(*state, NULL);
}

static void ends_when_unused(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    assert_true(sessions_find(*state, IDLE_MS - 1, token, true, &who));
    /* A look that is no use changes nothing. */
    assert_true(sessions_find(*state, 2 * IDLE_MS - 2, token, false, &who));
    assert_false(sessions_find(*state, 2 * IDLE_MS - 1, token, true, &who));
    assert_false(sessions_find(*state, IDLE_MS, token, true, &who));
}

static void ends_however_much_it_is_used(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    for (uint64_t now_ms = 0; now_ms < ABSOLUTE_MS; now_ms += IDLE_MS / 2)
        assert_true(sessions_find(*state, now_ms, token, true, &who));
    assert_false(sessions_find(*state, ABSOLUTE_MS, token, true, &who));
}

static void the_one_unused_longest_goes(void **state)
{
    char tokens[SESSIONS_MAX + 1][SESSION_TOKEN_BYTES];
    struct session who;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        add(*state, i, "x", tokens[i]);
    assert_true(sessions_find(*state, SESSIONS_MAX, tokens[0], true, &who));
    add(*state, SESSIONS_MAX, "last", tokens[SESSIONS_MAX]);
    for (size_t i = 0; i <= SESSIONS_MAX; i++)
        assert_int_equal(sessions_find(*state, SESSIONS_MAX, tokens[i], false, &who), i != 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(finds_what_was_added),
        TEST(ends_when_unused),
        TEST(ends_however_much_it_is_used),
        TEST(the_one_unused_longest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
