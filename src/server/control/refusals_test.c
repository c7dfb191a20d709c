#include "server/control/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>

static const char wrong[] = "bad-credentials", disabled[] = "account-disabled";

static struct refusal failure(const char *user, const char *address, const char *why)
{
    struct refusal f = {.why = why};
    snprintf(f.user, sizeof f.user, "%s", user);
    assert_int_equal(inet_pton(AF_INET6, address, &f.peer.ip), 1);
    return f;
}

static bool notes(struct refusals *r, uint64_t now_ms, const char *user, const char *address,
                  const char *why)
{
    struct refusal f = failure(user, address, why);
    return refusals_note(r, now_ms, &f);
}

#define HERE "::ffff:192.0.2.7"

static void tells_the_first_and_counts_the_rest(void **state)
{
    struct refusals r = {0};
    struct refusal told;
    (void)state;
    assert_int_equal(refusals_due_ms(&r), 0);
    assert_true(notes(&r, 1000, "admin", HERE, wrong));
    for (int i = 1; i <= 57; i++)
        assert_false(notes(&r, 1000 + i, "admin", HERE, wrong));
    assert_int_equal(refusals_due_ms(&r), 1000 + REFUSALS_WINDOW_MS);
    assert_false(refusals_take(&r, 999 + REFUSALS_WINDOW_MS, &told));
    assert_true(refusals_take(&r, 1000 + REFUSALS_WINDOW_MS, &told));
    assert_string_equal(told.user, "admin");
    assert_string_equal(told.why, wrong);
    assert_int_equal(told.more, 57);
    assert_false(refusals_take(&r, 1000 + REFUSALS_WINDOW_MS, &told));
    assert_int_equal(refusals_due_ms(&r), 0);
    assert_true(notes(&r, 1000 + REFUSALS_WINDOW_MS, "admin", HERE, wrong)); /* and anew */
}

/* What stood alone was told when it came. */
static void forgets_what_stood_alone(void **state)
{
    struct refusals r = {0};
    struct refusal told;
    (void)state;
    assert_true(notes(&r, 0, "a", HERE, wrong));
    assert_true(notes(&r, 1, "b", HERE, wrong));
    assert_true(notes(&r, 2, "c", HERE, wrong));
    assert_false(notes(&r, 3, "b", HERE, wrong));
    assert_true(refusals_take(&r, REFUSALS_WINDOW_MS + 1, &told));
    assert_string_equal(told.user, "b");
    assert_false(refusals_take(&r, REFUSALS_WINDOW_MS + 1, &told));
    assert_int_equal(refusals_due_ms(&r), REFUSALS_WINDOW_MS + 2);
    assert_false(refusals_take(&r, REFUSALS_WINDOW_MS + 2, &told));
    assert_int_equal(r.count, 0);
}

static void tells_apart(void **state)
{
    static const struct {
        const char *user, *address, *why;
        bool is_new;
    } rows[] = {
        {"admin", HERE, wrong, true},
        {"Admin", HERE, wrong, true},
        {"", HERE, wrong, true},
        {"admin", "::ffff:192.0.2.8", wrong, true},
        {"admin", HERE, disabled, true}, /* that password was right */
        {"admin", "2001:db8::1", wrong, true},
        {"admin", "2001:db8::ffff:2", wrong, false}, /* the same /64 */
        {"admin", "2001:db8:0:1::1", wrong, true},
        {"admin", "::1", wrong, true},
        {"", HERE, wrong, false},
        {"admin", HERE, disabled, false},
    };
    struct refusals r = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (notes(&r, i, rows[i].user, rows[i].address, rows[i].why) != rows[i].is_new)
            fail_msg("row %zu", i);
}

static void counts_a_flood_as_one(void **state)
{
    struct refusals r = {0};
    struct refusal told;
    char name[16];
    unsigned rows = 0, told_rows = 0;
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "n%u", i);
        rows += notes(&r, i, name, HERE, wrong);
    }
    assert_int_equal(rows, REFUSALS_MAX);
    assert_false(notes(&r, 100000, "n31", HERE, wrong)); /* is still counted by itself */
    uint64_t end_ms = REFUSALS_MAX + REFUSALS_WINDOW_MS;
    while (refusals_take(&r, end_ms, &told)) {
        told_rows++;
        assert_true(told.why ? told.more == 1 && strcmp(told.user, "n31") == 0
                             : told.more == 100000 - REFUSALS_MAX);
    }
    assert_int_equal(told_rows, 2);
    assert_int_equal(refusals_due_ms(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_first_and_counts_the_rest),
        cmocka_unit_test(forgets_what_stood_alone),
        cmocka_unit_test(tells_apart),
        cmocka_unit_test(counts_a_flood_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
