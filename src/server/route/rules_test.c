#include "server/route/rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* RFC 6121 §8.5.4, table 1 and the sections before it, as they stand where there is no offline
 * storage ("O" becomes an error, as §8.5.2.2.1 allows) and nobody is subscribed. `off`: no resource
 * of non-negative priority; `on`: at least one. */
struct row {
    enum stanza_kind kind;
    enum parcel_type type;
    enum rules_verdict bare_off, bare_on, match_off, match_on, none_off, none_on;
};

#define D RULES_DELIVER
#define M RULES_BEST
#define N RULES_NON_NEGATIVE
#define A RULES_AVAILABLE
#define E RULES_BOUNCE
#define U RULES_DECLINE
#define S RULES_IGNORE

static const struct row rows[] = {
    {STANZA_MESSAGE, PARCEL_NORMAL, E, M, D, D, E, E},
    {STANZA_MESSAGE, PARCEL_CHAT, E, M, D, D, E, M},
    {STANZA_MESSAGE, PARCEL_GROUPCHAT, E, E, D, D, E, E},
    {STANZA_MESSAGE, PARCEL_HEADLINE, S, N, D, D, S, S},
    {STANZA_MESSAGE, PARCEL_ERROR, S, S, D, D, S, S},

    {STANZA_PRESENCE, PARCEL_AVAILABLE, A, A, D, D, S, S},
    {STANZA_PRESENCE, PARCEL_UNAVAILABLE, A, A, D, D, S, S},
    {STANZA_PRESENCE, PARCEL_PROBE, U, U, U, U, U, U},
    {STANZA_PRESENCE, PARCEL_SUBSCRIBE, U, U, U, U, U, U},
    {STANZA_PRESENCE, PARCEL_SUBSCRIBED, S, S, S, S, S, S},
    {STANZA_PRESENCE, PARCEL_UNSUBSCRIBE, S, S, S, S, S, S},
    {STANZA_PRESENCE, PARCEL_UNSUBSCRIBED, S, S, D, D, S, S},
    {STANZA_PRESENCE, PARCEL_ERROR, S, S, D, D, S, S},

    {STANZA_IQ, PARCEL_GET, E, E, D, D, E, E},
    {STANZA_IQ, PARCEL_SET, E, E, D, D, E, E},
    {STANZA_IQ, PARCEL_RESULT, S, S, D, D, S, S},
    {STANZA_IQ, PARCEL_ERROR, S, S, D, D, S, S},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const enum rules_verdict want[3][2] = {
            {r->bare_off, r->bare_on}, {r->match_off, r->match_on}, {r->none_off, r->none_on}};
        for (int target = RULES_BARE; target <= RULES_NO_MATCH; target++)
            for (int on = 0; on <= 1; on++)
                if (rules_decide(r->kind, r->type, (enum rules_target)target, on) !=
                    want[target][on])
                    fail_msg("row %zu, target %d, %s", i, target, on ? "on" : "off");
    }
}

/* No error is ever answered with an error (RFC 6120 §8.3.1), nor a result. */
static void test_never_bounces_answers(void **state)
{
    static const enum stanza_kind kinds[] = {STANZA_MESSAGE, STANZA_PRESENCE, STANZA_IQ};
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        for (int target = RULES_BARE; target <= RULES_NO_MATCH; target++) {
            struct parcel p = {.kind = kinds[k], .type = PARCEL_ERROR};
            assert_int_not_equal(
                rules_decide(kinds[k], PARCEL_ERROR, (enum rules_target)target, false),
                RULES_BOUNCE);
            assert_false(parcel_may_bounce(&p));
        }
    struct parcel result = {.kind = STANZA_IQ, .type = PARCEL_RESULT};
    assert_false(parcel_may_bounce(&result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_never_bounces_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
