#include "server/c2s/throttle.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MINUTE_MS = 60 * 1000 };

static uint64_t now_ms;

static int make(void **state)
{
    static const uint8_t key[16] = {7};
    now_ms = 1000;
    *state = throttle_new(key);
    return 0;
}

static int unmake(void **state)
{
    throttle_free(*state);
    return 0;
}

/* "192.0.2.1" or "2001:db8::1". */
static const struct peer *peer(const char *ip)
{
    static struct peer p;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
        p = peer_of((const struct sockaddr *)&v4);
    else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
        p = peer_of((const struct sockaddr *)&v6);
    else
        fail();
    return &p;
}

static void fails(struct throttle *t, const char *ip, const char *user, unsigned times)
{
    struct throttle_who who = {peer(ip), str_from(user)};
    for (unsigned i = 0; i < times; i++)
        throttle_failed(t, now_ms, &who);
}

static void succeeds(struct throttle *t, const char *ip, const char *user)
{
    struct throttle_who who = {peer(ip), str_from(user)};
    throttle_succeeded(t, now_ms, &who);
}

/* How long the next attempt would be held. */
static uint32_t held(struct throttle *t, const char *ip, const char *user)
{
    struct throttle_who who = {peer(ip), str_from(user)};
    uint32_t ms = 0;
    assert_true(throttle_enter(t, now_ms, &who, &ms));
    if (ms > 0)
        throttle_go_on(t, &who);
    throttle_left(t, &who);
    return ms;
}

/* An attempt begins, and goes on once it was held; for how long it had to be. */
static uint32_t begins(struct throttle *t, const char *ip, const char *user)
{
    struct throttle_who who = {peer(ip), str_from(user)};
    uint32_t ms = 0;
    assert_true(throttle_enter(t, now_ms, &who, &ms));
    if (ms > 0)
        throttle_go_on(t, &who);
    return ms;
}

static void ends(struct throttle *t, const char *ip, const char *user)
{
    struct throttle_who who = {peer(ip), str_from(user)};
    throttle_left(t, &who);
}

static void an_address_slows_down(void **state)
{
    static const uint32_t expected[] = {0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000};
    char user[16];
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++) {
        snprintf(user, sizeof user, "user%u", i); /* whatever it guesses at */
        assert_int_equal(held(*state, "192.0.2.1", user), expected[i]);
        fails(*state, "192.0.2.1", user, 1);
    }
    assert_int_equal(held(*state, "192.0.2.2", "user1"), 0);
}

static void an_account_slows_down(void **state)
{
    static const uint32_t expected[] = {1000, 2000, 4000, 4000, 4000};
    char ip[24];
    for (unsigned i = 0; i < 10 + ARRAY_LEN(expected); i++) {
        snprintf(ip, sizeof ip, "192.0.2.%u", i); /* whoever guesses */
        assert_int_equal(held(*state, ip, "juliet"), i < 10 ? 0 : expected[i - 10]);
        fails(*state, ip, "juliet", 1);
    }
    assert_int_equal(held(*state, "198.51.100.1", "romeo"), 0);
}

static void ipv6_counts_by_its_64(void **state)
{
    fails(*state, "2001:db8:1:2::1", "a", 3);
    fails(*state, "2001:db8:1:2:ffff::9", "b", 3);
    assert_int_equal(held(*state, "2001:db8:1:2:3::", "c"), 2000);
    assert_int_equal(held(*state, "2001:db8:1:3::1", "c"), 0);
}

static void debts_decay(void **state)
{
    fails(*state, "192.0.2.1", "a", 1000); /* no more can be owed than 9 */
    assert_int_equal(held(*state, "192.0.2.1", "x"), 8000);
    now_ms += 2 * MINUTE_MS + MINUTE_MS / 2; /* 9 -> 6.75 */
    assert_int_equal(held(*state, "192.0.2.1", "x"), 4000);
    now_ms += 2 * MINUTE_MS + MINUTE_MS / 2; /* 4.5 */
    assert_int_equal(held(*state, "192.0.2.1", "x"), 1000);
    now_ms += MINUTE_MS;
    assert_int_equal(held(*state, "192.0.2.1", "x"), 0);
    now_ms += (uint64_t)1000 * 86400 * 1000;
    assert_int_equal(held(*state, "192.0.2.1", "a"), 0);
}

static void time_that_stands_still_or_turns_back(void **state)
{
    fails(*state, "192.0.2.1", "a", 6);
    now_ms -= 500; /* the clock of another loop */
    assert_int_equal(held(*state, "192.0.2.1", "b"), 2000);
    fails(*state, "192.0.2.1", "a", 1);
    assert_int_equal(held(*state, "192.0.2.1", "b"), 4000);
}

static void the_right_password_clears_what_it_is_about(void **state)
{
    fails(*state, "192.0.2.1", "mine", 9);
    succeeds(*state, "192.0.2.1", "mine");
    assert_int_equal(held(*state, "192.0.2.1", "mine"), 0);
    assert_int_equal(held(*state, "192.0.2.1", "other"), 0);
    fails(*state, "192.0.2.1", "mine", 5);
    assert_int_equal(held(*state, "192.0.2.1", "mine"), 1000); /* but not for good */
}

static void a_guesser_s_own_account_does_not_help_him(void **state)
{
    fails(*state, "192.0.2.1", "juliet", 9);
    fails(*state, "192.0.2.1", "mine", 50); /* cannot make the debt larger, nor so smaller */
    succeeds(*state, "192.0.2.1", "mine");
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 8000);
}

static void strangers_do_not_slow_the_owner_down(void **state)
{
    char ip[24];
    succeeds(*state, "203.0.113.5", "juliet");
    for (unsigned i = 0; i < 40; i++) {
        snprintf(ip, sizeof ip, "192.0.2.%u", i);
        fails(*state, ip, "juliet", 1);
    }
    assert_int_equal(held(*state, "203.0.113.5", "juliet"), 0);
    assert_int_equal(held(*state, "203.0.113.6", "juliet"), 4000);
    fails(*state, "203.0.113.5", "juliet", 6); /* its own failures count all the same */
    assert_int_equal(held(*state, "203.0.113.5", "juliet"), 2000);
}

static void a_name_of_no_account_counts_for_the_address(void **state)
{
    fails(*state, "192.0.2.1", "", 6);
    succeeds(*state, "192.0.2.1", "");
    assert_int_equal(held(*state, "192.0.2.1", ""), 2000);
    assert_int_equal(held(*state, "192.0.2.2", ""), 0);
}

static void attempts_of_one_address_at_once(void **state)
{
    static const uint32_t expected[] = {0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 8000};
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++)
        assert_int_equal(begins(*state, "192.0.2.1", "juliet"), expected[i]);
    assert_int_equal(held(*state, "192.0.2.1", "romeo"), 0);
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++)
        ends(*state, "192.0.2.1", "juliet");
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 0);
}

static void attempts_at_one_account_at_once(void **state)
{
    char ip[24];
    succeeds(*state, "203.0.113.5", "juliet");
    for (unsigned i = 0; i < 11; i++) {
        snprintf(ip, sizeof ip, "192.0.2.%u", i);
        assert_int_equal(begins(*state, ip, "juliet"), i < 10 ? 0 : 1000);
    }
    assert_int_equal(held(*state, "203.0.113.5", "juliet"), 0); /* the owner */
    for (unsigned i = 0; i < 11; i++) {
        snprintf(ip, sizeof ip, "192.0.2.%u", i);
        ends(*state, ip, "juliet");
        ends(*state, ip, "juliet"); /* more than began: nothing is made of it */
    }
    assert_int_equal(held(*state, "198.51.100.1", "juliet"), 0);
}

static void what_is_owed_and_what_is_open_add_up(void **state)
{
    fails(*state, "192.0.2.1", "juliet", 3);
    assert_int_equal(begins(*state, "192.0.2.1", "juliet"), 0);
    assert_int_equal(begins(*state, "192.0.2.1", "juliet"), 0);
    assert_int_equal(begins(*state, "192.0.2.1", "juliet"), 1000);
    for (int i = 0; i < 3; i++) {
        fails(*state, "192.0.2.1", "juliet", 1);
        ends(*state, "192.0.2.1", "juliet");
    }
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 2000);
    succeeds(*state, "192.0.2.1", "juliet");
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 0);
}

static void everybody_behind_one_address_at_once(void **state)
{
    char user[16];
    for (unsigned i = 0; i < 500; i++) {
        snprintf(user, sizeof user, "user%u", i);
        assert_int_equal(begins(*state, "192.0.2.1", user), 0);
    }
}

static void what_waits_is_bounded(void **state)
{
    struct throttle_who who = {peer("192.0.2.1"), STR_LIT("a")};
    uint32_t ms;
    fails(*state, "192.0.2.1", "a", 6);
    for (int i = 0; i < THROTTLE_WAITING_MAX; i++)
        assert_true(throttle_enter(*state, now_ms, &who, &ms));
    assert_false(throttle_enter(*state, now_ms, &who, &ms));
    throttle_go_on(*state, &who);
    assert_true(throttle_enter(*state, now_ms, &who, &ms));
    assert_false(throttle_enter(*state, now_ms, &who, &ms));
    for (int i = 0; i < THROTTLE_WAITING_MAX + 5; i++) /* more than came: nothing is made of it */
        throttle_go_on(*state, &who);
    assert_true(throttle_enter(*state, now_ms, &who, &ms));
}

/* Takes places of `ip` until there is no more; how many there were. */
static unsigned fills(struct throttle *t, const char *ip, const char *user, enum throttle_door door)
{
    struct throttle_who who = {peer(ip), str_from(user), door};
    unsigned count = 0;
    uint32_t ms;
    while (count < 1000 && throttle_enter(t, now_ms, &who, &ms))
        count++;
    return count;
}

static void a_door_has_places_of_its_own(void **state)
{
    struct throttle_who who = {peer("192.0.2.1"), STR_LIT("a"), THROTTLE_CLIENTS};
    fails(*state, "192.0.2.1", "", 6);
    assert_int_equal(fills(*state, "192.0.2.1", "a", THROTTLE_CLIENTS), THROTTLE_WAITING_MAX);
    assert_int_equal(fills(*state, "192.0.2.1", "a", THROTTLE_CONSOLE), THROTTLE_WAITING_MAX);
    throttle_go_on(*state, &who);
    assert_int_equal(fills(*state, "192.0.2.1", "a", THROTTLE_CONSOLE), 0);
    assert_int_equal(fills(*state, "192.0.2.1", "a", THROTTLE_CLIENTS), 1);
}

static void who_is_known_finds_a_place(void **state)
{
    struct throttle_who who = {peer("192.0.2.1"), STR_LIT("juliet"), THROTTLE_CONSOLE};
    succeeds(*state, "192.0.2.1", "juliet");
    fails(*state, "192.0.2.1", "", 6);
    assert_int_equal(fills(*state, "192.0.2.1", "nobody", THROTTLE_CONSOLE), THROTTLE_WAITING_MAX);
    assert_int_equal(fills(*state, "192.0.2.1", "romeo", THROTTLE_CONSOLE), 0);
    assert_int_equal(fills(*state, "192.0.2.1", "", THROTTLE_CONSOLE), 0);
    assert_int_equal(fills(*state, "192.0.2.1", "juliet", THROTTLE_CONSOLE), THROTTLE_WAITING_MAX);
    throttle_go_on(*state, &who);
    assert_int_equal(fills(*state, "192.0.2.1", "romeo", THROTTLE_CONSOLE), 0);
    assert_int_equal(fills(*state, "192.0.2.1", "juliet", THROTTLE_CONSOLE), 1);
}

static void who_owes_most_is_forgotten_last(void **state)
{
    char ip[24];
    fails(*state, "192.0.2.1", "a", 9);
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(ip, sizeof ip, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        fails(*state, ip, "b", 1);
    }
    assert_int_equal(held(*state, "192.0.2.1", "x"), 8000);
}

/* "address 192.0.2.1 6 2000 0; " for each debt. */
static const char *debts(struct throttle *t)
{
    static char text[1024];
    static struct throttle_debt all[THROTTLE_DEBTS_MAX];
    size_t len = 0, count = throttle_debts(t, now_ms, all);
    text[0] = '\0';
    for (size_t i = 0; i < count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s %u %u %u; ",
                                all[i].kind == THROTTLE_ADDRESS ? "address" : "account", all[i].who,
                                all[i].failures, all[i].hold_ms, all[i].waiting);
    return text;
}

static void the_worst_debt_comes_first(void **state)
{
    assert_string_equal(debts(*state), "");
    fails(*state, "2001:db8:1:2:3::4", "juliet", 2);
    fails(*state, "192.0.2.1", "romeo", 6);
    assert_string_equal(debts(*state), "address 192.0.2.1 6 2000 0; account romeo 6 0 0; "
                                       "address 2001:db8:1:2::/64 2 0 0; account juliet 2 0 0; ");
    now_ms += 5 * MINUTE_MS;
    assert_string_equal(debts(*state), "address 192.0.2.1 3 0 0; account romeo 3 0 0; "
                                       "address 2001:db8:1:2::/64 1 0 0; account juliet 1 0 0; ");
    now_ms += 60 * MINUTE_MS;
    assert_string_equal(debts(*state), "");
}

static void a_debt_tells_who_waits(void **state)
{
    struct throttle_who who = {peer("192.0.2.1"), STR_LIT("juliet")};
    uint32_t ms;
    fails(*state, "192.0.2.1", "juliet", 10);
    assert_true(throttle_enter(*state, now_ms, &who, &ms));
    assert_true(throttle_enter(*state, now_ms, &who, &ms));
    assert_string_equal(debts(*state), "account juliet 10 4000 2; address 192.0.2.1 9 8000 2; ");
    throttle_go_on(*state, &who);
    throttle_left(*state, &who);
    assert_string_equal(debts(*state), "account juliet 10 2000 1; address 192.0.2.1 9 8000 1; ");
}

static void who_just_signs_in_owes_nothing(void **state)
{
    for (int i = 0; i < 4; i++)
        begins(*state, "192.0.2.1", "juliet");
    assert_string_equal(debts(*state), "");
    for (int i = 4; i < 10; i++)
        begins(*state, "192.0.2.1", "juliet");
    assert_string_equal(debts(*state), "account juliet 0 1000 10; ");
}

static void names_are_cut(void **state)
{
    char user[200], expected[300];
    memset(user, 'a', sizeof user);
    user[sizeof user - 1] = '\0';
    fails(*state, "192.0.2.1", user, 1);
    snprintf(expected, sizeof expected, "address 192.0.2.1 1 0 0; account %.*s\u2026 1 0 0; ", 60,
             user);
    assert_string_equal(debts(*state), expected);
}

static void all_debts_are_too_many(void **state)
{
    static struct throttle_debt all[THROTTLE_DEBTS_MAX];
    char ip[24];
    for (unsigned i = 0; i < 2 * THROTTLE_DEBTS_MAX; i++) {
        snprintf(ip, sizeof ip, "10.0.%u.%u", i >> 8, i & 255);
        fails(*state, ip, "", 1);
    }
    fails(*state, "192.0.2.1", "", 2);
    assert_int_equal(throttle_debts(*state, now_ms, all), THROTTLE_DEBTS_MAX);
    assert_string_equal(all[0].who, "192.0.2.1");
}

static bool forgives(struct throttle *t, const char *ip, const char *user)
{
    struct throttle_who who = {ip ? peer(ip) : NULL, str_from(user)};
    return throttle_forgive(t, now_ms, &who);
}

static void an_operator_may_forgive(void **state)
{
    assert_false(forgives(*state, "192.0.2.1", ""));
    fails(*state, "192.0.2.1", "juliet", 20);
    fails(*state, "2001:db8:1:2:3::4", "juliet", 20);
    assert_int_equal(held(*state, "192.0.2.1", "romeo"), 8000);
    assert_true(forgives(*state, "192.0.2.1", ""));
    assert_false(forgives(*state, "192.0.2.1", ""));
    assert_int_equal(held(*state, "192.0.2.1", "romeo"), 0);
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 4000); /* what the account owes stays */
    assert_true(forgives(*state, NULL, "juliet"));
    assert_false(forgives(*state, NULL, "romeo"));
    assert_int_equal(held(*state, "192.0.2.1", "juliet"), 0);
    assert_string_equal(debts(*state), "address 2001:db8:1:2::/64 9 8000 0; ");
    assert_true(forgives(*state, "2001:db8:1:2:ffff::", ""));
    fails(*state, "192.0.2.1", "romeo", 6); /* it may owe again */
    assert_int_equal(held(*state, "192.0.2.1", "romeo"), 2000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(an_address_slows_down),
        TEST(an_account_slows_down),
        TEST(ipv6_counts_by_its_64),
        TEST(debts_decay),
        TEST(time_that_stands_still_or_turns_back),
        TEST(the_right_password_clears_what_it_is_about),
        TEST(a_guesser_s_own_account_does_not_help_him),
        TEST(strangers_do_not_slow_the_owner_down),
        TEST(a_name_of_no_account_counts_for_the_address),
        TEST(attempts_of_one_address_at_once),
        TEST(attempts_at_one_account_at_once),
        TEST(what_is_owed_and_what_is_open_add_up),
        TEST(everybody_behind_one_address_at_once),
        TEST(what_waits_is_bounded),
        TEST(a_door_has_places_of_its_own),
        TEST(who_is_known_finds_a_place),
        TEST(who_owes_most_is_forgotten_last),
        TEST(the_worst_debt_comes_first),
        TEST(a_debt_tells_who_waits),
        TEST(who_just_signs_in_owes_nothing),
        TEST(names_are_cut),
        TEST(all_debts_are_too_many),
        TEST(an_operator_may_forgive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
