#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { IDLE_MS = 1000, ABSOLUTE_MS = 3000, RENEW_MS = 400, RETRY_MS = 60, GRACE_MS = 50 };

static size_t added_count;

static int make(void **state)
{
    const struct session_times times = {IDLE_MS, ABSOLUTE_MS, RENEW_MS, RETRY_MS, GRACE_MS};
    added_count = 0;
    *state = sessions_new(&times);
    return *state ? 0 : -1;
}

static int unmake(void **state)
{
    sessions_free(*state);
    return 0;
}

/* What came with a cookie: of one that add() did not give, with the last that it gave. */
static struct {
    char cookie[SESSION_TOKEN_BYTES], csrf[SESSION_TOKEN_BYTES];
} added[256];

static void note_added(const char *cookie, const char *csrf)
{
    assert_true(added_count < ARRAY_LEN(added));
    snprintf(added[added_count].cookie, sizeof added[0].cookie, "%s", cookie);
    snprintf(added[added_count++].csrf, sizeof added[0].csrf, "%s", csrf);
}

static const char *csrf_of(const char *cookie)
{
    size_t i = 0;
    while (i + 1 < added_count && !(cookie && cstr_eq(added[i].cookie, cookie)))
        i++;
    return added[i].csrf;
}

static void add(struct sessions *s, uint64_t now_ms, const char *user, char *ret_token)
{
    char csrf[SESSION_TOKEN_BYTES];
    struct session who = {.full = true, .mark = 7};
    snprintf(who.user, sizeof who.user, "%s", user);
    snprintf(who.jid, sizeof who.jid, "%s@localhost", user);
    assert_true(sessions_add(s, now_ms, &who, ret_token, csrf));
    assert_int_equal(strlen(ret_token), 64);
    assert_int_equal(strlen(csrf), 64);
    assert_string_not_equal(ret_token, csrf);
    note_added(ret_token, csrf);
}

static enum sessions_found find(struct sessions *s, uint64_t now_ms, const char *token,
                                struct session *ret)
{
    return sessions_find(s, now_ms,
                         &(struct session_shown){.cookie = token, .csrf = csrf_of(token)}, ret);
}

static void finds_what_was_added(void **state)
{
    char one[SESSION_TOKEN_BYTES], two[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", one);
    add(*state, 0, "two", two);
    assert_string_not_equal(one, two);
    assert_int_equal(find(*state, 1, two, &who), SESSIONS_FOUND);
    assert_string_equal(who.user, "two");
    assert_int_equal(who.mark, 7);
    assert_true(who.full);
    for (size_t i = 0; i < 64; i++) {
        char kept = one[i];
        one[i] = kept == '0' ? '1' : '0';
        assert_int_equal(find(*state, 1, one, &who), SESSIONS_NONE);
        one[i] = kept;
    }
    assert_int_equal(find(*state, 1, one, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, 1, NULL, &who), SESSIONS_NONE);
    assert_int_equal(find(*state, 1, "", &who), SESSIONS_NONE);
    assert_int_equal(find(*state, 1, csrf_of(one), &who), SESSIONS_NONE);
    assert_int_equal(find(*state, 1, two, &who), SESSIONS_FOUND);
    sessions_remove(*state, who.id);
    assert_int_equal(find(*state, 1, two, &who), SESSIONS_NONE);
    assert_false(sessions_watch(*state, 1, who.id, &who));
    sessions_remove(*state, who.id);
    assert_int_equal(find(*state, 1, one, &who), SESSIONS_FOUND);
}

/* A session whose first cookie is `ret_old`, in use, and whose next is `ret_new`, not seen yet. */
static uint64_t rotate(struct sessions *s, char *ret_old, char *ret_new)
{
    struct session who;
    add(s, 0, "one", ret_old);
    assert_int_equal(find(s, 0, ret_old, &who), SESSIONS_FOUND);
    assert_false(sessions_renew(s, RENEW_MS - 1, who.id, ret_new));
    assert_true(sessions_renew(s, RENEW_MS, who.id, ret_new));
    assert_false(sessions_renew(s, RENEW_MS, who.id, ret_new));
    assert_string_not_equal(ret_old, ret_new);
    return who.id;
}

static void a_cookie_alone_is_nothing(void **state)
{
    char old[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES], other[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "other", other);
    uint64_t id = rotate(*state, old, new), late_ms = RENEW_MS + GRACE_MS;
    assert_int_equal(find(*state, RENEW_MS, new, &who), SESSIONS_FOUND);
    const char *const wrong[] = {NULL, "", csrf_of(other), old};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(sessions_find(*state, late_ms,
                                       &(struct session_shown){.cookie = old, .csrf = wrong[i]},
                                       &who),
                         SESSIONS_FORGED);
    /* With its token it would have ended the session. */
    assert_int_equal(find(*state, late_ms, new, &who), SESSIONS_FOUND);
    assert_int_equal(who.id, id);
}

static void a_sign_in_displaces_what_the_cookie_named(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    sessions_displace(*state, NULL);
    sessions_displace(*state, "x");
    assert_int_equal(find(*state, 0, token, &who), SESSIONS_FOUND);
    sessions_displace(*state, token);
    assert_int_equal(find(*state, 0, token, &who), SESSIONS_NONE);
}

static void is_kept_to_its_listeners(void **state)
{
    char clear[SESSION_TOKEN_BYTES], tls[SESSION_TOKEN_BYTES], csrf[SESSION_TOKEN_BYTES];
    struct session who = {.user = "two", .tls = true};
    add(*state, 0, "one", clear);
    assert_true(sessions_add(*state, 0, &who, tls, csrf));
    const struct session_shown wrong[] = {{.cookie = clear, .csrf = csrf_of(clear), .tls = true},
                                          {.cookie = tls, .csrf = csrf}};
    const struct session_shown right = {.cookie = tls, .csrf = csrf, .tls = true};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(sessions_find(*state, 1, &wrong[i], &who), SESSIONS_NONE);
    /* And that does them no harm. */
    assert_int_equal(find(*state, 1, clear, &who), SESSIONS_FOUND);
    assert_int_equal(sessions_find(*state, 1, &right, &who), SESSIONS_FOUND);
}

static void ends_when_unused(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    const struct session_shown automatic = {token, csrf_of(token), .automatic = true};
    assert_int_equal(find(*state, IDLE_MS - 1, token, &who), SESSIONS_FOUND);
    /* What is no use of it changes nothing. */
    assert_true(sessions_watch(*state, 2 * IDLE_MS - 2, who.id, &who));
    assert_int_equal(sessions_find(*state, 2 * IDLE_MS - 2, &automatic, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, 2 * IDLE_MS - 1, token, &who), SESSIONS_NONE);
    assert_int_equal(find(*state, IDLE_MS, token, &who), SESSIONS_NONE);
}

static void ends_however_much_it_is_used(void **state)
{
    char token[SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "one", token);
    for (uint64_t now_ms = 0; now_ms < ABSOLUTE_MS; now_ms += IDLE_MS / 2)
        assert_int_equal(find(*state, now_ms, token, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, ABSOLUTE_MS, token, &who), SESSIONS_NONE);
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
    assert_int_equal(find(*state, SESSIONS_MAX, tokens[0], &who), SESSIONS_FOUND);
    add(*state, SESSIONS_MAX, "last", tokens[SESSIONS_MAX]);
    for (size_t i = 0; i <= SESSIONS_MAX; i++)
        assert_int_equal(find(*state, SESSIONS_MAX, tokens[i], &who),
                         i == 1 ? SESSIONS_NONE : SESSIONS_FOUND);
}

static void one_whose_page_is_open_stays(void **state)
{
    char tokens[SESSIONS_MAX + 1][SESSION_TOKEN_BYTES];
    struct session first, who;
    fill(*state, tokens);
    assert_int_equal(find(*state, 0, tokens[0], &first), SESSIONS_FOUND);
    assert_true(sessions_watch(*state, SESSIONS_MAX, first.id, &who));
    add(*state, SESSIONS_MAX, "last", tokens[SESSIONS_MAX]);
    assert_int_equal(find(*state, SESSIONS_MAX, tokens[0], &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, SESSIONS_MAX, tokens[1], &who), SESSIONS_NONE);
}

static void an_account_displaces_its_own(void **state)
{
    char victim[SESSION_TOKEN_BYTES], tokens[2 * SESSIONS_MAX][SESSION_TOKEN_BYTES];
    struct session who;
    add(*state, 0, "victim", victim);
    for (size_t i = 0; i < 2 * SESSIONS_MAX; i++)
        add(*state, 1 + i, "many", tokens[i]);
    for (size_t i = 0; i < 2 * SESSIONS_MAX; i++)
        assert_int_equal(find(*state, 1 + i, tokens[i], &who),
                         i < 2 * SESSIONS_MAX - SESSIONS_EACH_MAX ? SESSIONS_NONE : SESSIONS_FOUND);
    assert_int_equal(find(*state, 2 * SESSIONS_MAX, victim, &who), SESSIONS_FOUND);
}

static void an_old_cookie_counts_until_the_new_one_came(void **state)
{
    char old[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, new), came_ms = RENEW_MS + 300;
    assert_int_equal(find(*state, came_ms, old, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, came_ms, new, &who), SESSIONS_FOUND);
    assert_int_equal(who.id, id);
    assert_int_equal(find(*state, came_ms + GRACE_MS - 1, old, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, came_ms + GRACE_MS - 1, new, &who), SESSIONS_FOUND);
}

static void a_cookie_that_two_have_ends_the_session(void **state)
{
    char old[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, new);
    assert_int_equal(find(*state, RENEW_MS, new, &who), SESSIONS_FOUND);
    memset(&who, 0, sizeof who);
    assert_int_equal(find(*state, RENEW_MS + GRACE_MS, old, &who), SESSIONS_COPIED);
    assert_string_equal(who.user, "one");
    assert_int_equal(find(*state, RENEW_MS + GRACE_MS, new, &who), SESSIONS_NONE);
    assert_int_equal(find(*state, RENEW_MS + GRACE_MS, old, &who), SESSIONS_NONE);
    assert_false(sessions_watch(*state, RENEW_MS + GRACE_MS, id, &who));
}

static void a_lost_answer_signs_nobody_out(void **state)
{
    char old[SESSION_TOKEN_BYTES], lost[SESSION_TOKEN_BYTES], new[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, lost), again_ms = RENEW_MS + RETRY_MS;
    assert_int_equal(find(*state, again_ms, old, &who), SESSIONS_FOUND);
    assert_false(sessions_renew(*state, again_ms - 1, id, new));
    assert_true(sessions_renew(*state, again_ms, id, new));
    assert_int_equal(find(*state, again_ms, old, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, again_ms, new, &who), SESSIONS_FOUND);
    /* Rotation does not make a session younger. */
    assert_int_equal(find(*state, again_ms + IDLE_MS, new, &who), SESSIONS_NONE);
}

/* Two tabs ask at once, and the answer to the first is read after that to the second. */
static void answers_may_come_in_any_order(void **state)
{
    char old[SESSION_TOKEN_BYTES], one[SESSION_TOKEN_BYTES], two[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, one), now_ms = RENEW_MS + RETRY_MS;
    assert_true(sessions_renew(*state, now_ms, id, two));
    assert_int_equal(find(*state, now_ms, one, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, now_ms, old, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, now_ms + GRACE_MS, two, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, now_ms + GRACE_MS, one, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, now_ms + 2 * GRACE_MS, two, &who), SESSIONS_FOUND);
    assert_int_equal(find(*state, now_ms + 2 * GRACE_MS, one, &who), SESSIONS_COPIED);
}

/* Takes `count` successors, none of which comes. The time of the last. */
static uint64_t take_successors(struct sessions *s, uint64_t id, size_t count, char *ret_last)
{
    uint64_t now_ms = RENEW_MS;
    for (size_t i = 0; i < count; i++) {
        now_ms += RETRY_MS;
        assert_true(sessions_renew(s, now_ms, id, ret_last));
    }
    return now_ms;
}

static void who_takes_successors_ends_the_session(void **state)
{
    char old[SESSION_TOKEN_BYTES], last[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, last);
    uint64_t now_ms = take_successors(*state, id, SESSION_OFFERS_MAX - 1, last);
    assert_int_equal(find(*state, now_ms + RETRY_MS - 1, old, &who), SESSIONS_FOUND);
    assert_false(sessions_renew(*state, now_ms + RETRY_MS, id, last));
    memset(&who, 0, sizeof who);
    assert_int_equal(find(*state, now_ms + RETRY_MS, old, &who), SESSIONS_UNCLAIMED);
    assert_string_equal(who.user, "one");
    assert_int_equal(find(*state, now_ms + RETRY_MS, old, &who), SESSIONS_NONE);
    assert_int_equal(find(*state, now_ms + RETRY_MS, last, &who), SESSIONS_NONE);
}

static void the_last_successor_may_come_late(void **state)
{
    char old[SESSION_TOKEN_BYTES], last[SESSION_TOKEN_BYTES], next[SESSION_TOKEN_BYTES];
    struct session who;
    uint64_t id = rotate(*state, old, last);
    uint64_t now_ms = take_successors(*state, id, SESSION_OFFERS_MAX - 1, last) + RETRY_MS;
    assert_int_equal(find(*state, now_ms, last, &who), SESSIONS_FOUND);
    assert_false(sessions_renew(*state, now_ms, id, next));
    assert_int_equal(find(*state, now_ms + RENEW_MS, last, &who), SESSIONS_FOUND);
    assert_true(sessions_renew(*state, now_ms + RENEW_MS, id, next));
    assert_int_equal(find(*state, now_ms + RENEW_MS, next, &who), SESSIONS_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(finds_what_was_added),
        TEST(a_cookie_alone_is_nothing),
        TEST(a_sign_in_displaces_what_the_cookie_named),
        TEST(is_kept_to_its_listeners),
        TEST(ends_when_unused),
        TEST(ends_however_much_it_is_used),
        TEST(the_one_unused_longest_goes),
        TEST(one_whose_page_is_open_stays),
        TEST(an_account_displaces_its_own),
        TEST(an_old_cookie_counts_until_the_new_one_came),
        TEST(a_cookie_that_two_have_ends_the_session),
        TEST(a_lost_answer_signs_nobody_out),
        TEST(answers_may_come_in_any_order),
        TEST(who_takes_successors_ends_the_session),
        TEST(the_last_successor_may_come_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
