#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { IDLE_MS = 1000, ABSOLUTE_MS = 3000, RENEW_MS = 400, GRACE_MS = 50 };

static int make(void **state)
{
    const struct session_times times = {IDLE_MS, ABSOLUTE_MS, RENEW_MS, GRACE_MS};
    *state = sessions_new(&times);
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
    snprintf(who.jid, sizeof who.jid, "%s@localhost", user);
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
    assert_int_equal(sessions_find(*state, 1, two, &who), SESSIONS_FOUND);
    assert_string_equal(who.user, "two");
    assert_int_equal(who.mark, 7);
    assert_true(who.full);
    for (size_t i = 0; i < 64; i++) {
        char kept = one[i];
        one[i] = kept == '0' ? '1' : '0';
        assert_int_equal(sessions_find(*state, 1, one, &who), SESSIONS_NONE);
        one[i] = kept;
    }
    assert_int_equal(sessions_find(*state, 1, one, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, 1, NULL, &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, 1, "", &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, 1, who.csrf, &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, 1, two, &who), SESSIONS_FOUND);
    sessions_remove(*state, who.id);
    assert_int_equal(sessions_find(*state, 1, two, &who), SESSIONS_NONE);
    assert_false(sessions_watch(*state, 1, who.id, &who));
    sessions_remove(*state, who.id);
    assert_int_equal(sessions_find(*state, 1, one, &who), SESSIONS_FOUND);
}

static void ends_when_unused(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    assert_int_equal(sessions_find(*state, IDLE_MS - 1, token, &who), SESSIONS_FOUND);
    /* A look that is no use changes nothing. */
    assert_true(sessions_watch(*state, 2 * IDLE_MS - 2, who.id, &who));
    assert_int_equal(sessions_find(*state, 2 * IDLE_MS - 1, token, &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, IDLE_MS, token, &who), SESSIONS_NONE);
}

static void ends_however_much_it_is_used(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    for (uint64_t now_ms = 0; now_ms < ABSOLUTE_MS; now_ms += IDLE_MS / 2)
        assert_int_equal(sessions_find(*state, now_ms, token, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, ABSOLUTE_MS, token, &who), SESSIONS_NONE);
}

/* As many as there can be, of as many accounts as that takes: "a" has the first ones. */
static void fill(struct sessions *s, char tokens[][SESSION_TOKEN_BYTES])
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        const char user[] = {(char)('a' + i / SESSIONS_EACH_MAX), '\0'};
        add(s, i, user, tokens[i]);
    }
}

static void the_one_unused_longest_goes(void **state)
{
    char tokens[SESSIONS_MAX + 1][SESSION_TOKEN_BYTES];
    struct session who;
    fill(*state, tokens);
    assert_int_equal(sessions_find(*state, SESSIONS_MAX, tokens[0], &who), SESSIONS_FOUND);
    add(*state, SESSIONS_MAX, "last", tokens[SESSIONS_MAX]);
    for (size_t i = 0; i <= SESSIONS_MAX; i++)
        assert_int_equal(sessions_find(*state, SESSIONS_MAX, tokens[i], &who),
                         i == 1 ? SESSIONS_NONE : SESSIONS_FOUND);
}

static void one_whose_page_is_open_stays(void **state)
{
    char tokens[SESSIONS_MAX + 1][SESSION_TOKEN_BYTES];
    struct session first, who;
    fill(*state, tokens);
    assert_int_equal(sessions_find(*state, 0, tokens[0], &first), SESSIONS_FOUND);
    assert_true(sessions_watch(*state, SESSIONS_MAX, first.id, &who));
    add(*state, SESSIONS_MAX, "last", tokens[SESSIONS_MAX]);
    assert_int_equal(sessions_find(*state, SESSIONS_MAX, tokens[0], &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, SESSIONS_MAX, tokens[1], &who), SESSIONS_NONE);
}

static void an_account_displaces_its_own(void **state)
{
    char victim[SESSION_TOKEN_BYTES], tokens[2 * SESSIONS_MAX][SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "victim", victim);
    for (size_t i = 0; i < 2 * SESSIONS_MAX; i++)
        add(*state, 1 + i, "many", tokens[i]);
    for (size_t i = 0; i < 2 * SESSIONS_MAX; i++)
        assert_int_equal(sessions_find(*state, 1 + i, tokens[i], &who),
                         i < 2 * SESSIONS_MAX - SESSIONS_EACH_MAX ? SESSIONS_NONE : SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, 2 * SESSIONS_MAX, victim, &who), SESSIONS_FOUND);
}

/* A session whose first cookie is `ret_old`, in use, and whose next is `ret_new`, not seen yet. */
static uint64_t rotate(struct sessions *s, char *ret_old, char *ret_new)
{
    struct session who;
    add(s, 0, "one", ret_old);
    assert_int_equal(sessions_find(s, 0, ret_old, &who), SESSIONS_FOUND);
    assert_false(sessions_renew(s, RENEW_MS - 1, who.id, ret_new));
    assert_true(sessions_renew(s, RENEW_MS, who.id, ret_new));
    assert_false(sessions_renew(s, RENEW_MS, who.id, ret_new));
    assert_string_not_equal(ret_old, ret_new);
    return who.id;
}

static void an_old_cookie_counts_until_the_new_one_came(void **state)
{
    char old[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, new), came_ms = RENEW_MS + 300;
    assert_int_equal(sessions_find(*state, came_ms, old, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, came_ms, new, &who), SESSIONS_FOUND);
    assert_int_equal(who.id, id);
    assert_int_equal(sessions_find(*state, came_ms + GRACE_MS - 1, old, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, came_ms + GRACE_MS - 1, new, &who), SESSIONS_FOUND);
}

static void a_cookie_that_two_have_ends_the_session(void **state)
{
    char old[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, new);
    assert_int_equal(sessions_find(*state, RENEW_MS, new, &who), SESSIONS_FOUND);
    memset(&who, 0, sizeof who);
    assert_int_equal(sessions_find(*state, RENEW_MS + GRACE_MS, old, &who), SESSIONS_COPIED);
    assert_string_equal(who.user, "one");
    assert_int_equal(sessions_find(*state, RENEW_MS + GRACE_MS, new, &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, RENEW_MS + GRACE_MS, old, &who), SESSIONS_NONE);
    assert_false(sessions_watch(*state, RENEW_MS + GRACE_MS, id, &who));
}

static void a_lost_answer_signs_nobody_out(void **state)
{
    char old[SESSION_TOKEN_BYTES], lost[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, lost);
    assert_int_equal(sessions_find(*state, 2 * RENEW_MS, old, &who), SESSIONS_FOUND);
    assert_true(sessions_renew(*state, 2 * RENEW_MS, id, new));
    assert_int_equal(sessions_find(*state, 2 * RENEW_MS, lost, &who), SESSIONS_NONE);
    assert_int_equal(sessions_find(*state, 2 * RENEW_MS, old, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, 2 * RENEW_MS, new, &who), SESSIONS_FOUND);
    /* Rotation does not make a session younger. */
    assert_int_equal(sessions_find(*state, 2 * RENEW_MS + IDLE_MS, new, &who), SESSIONS_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(finds_what_was_added),
        TEST(ends_when_unused),
        TEST(ends_however_much_it_is_used),
        TEST(the_one_unused_longest_goes),
        TEST(one_whose_page_is_open_stays),
        TEST(an_account_displaces_its_own),
        TEST(an_old_cookie_counts_until_the_new_one_came),
        TEST(a_cookie_that_two_have_ends_the_session),
        TEST(a_lost_answer_signs_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
