/* The one value that decides what a login may do: what a client chooses, what a server offers. */
#include "core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TLS_NONE, TLS_UNVERIFIED, TLS_UNBOUND, TLS_13, TLS_12 };

static struct tls_facts facts_of(int tls)
{
    struct tls_facts f = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK};
    if (tls == TLS_13 || tls == TLS_12)
        f.exporter_len = sizeof f.exporter;
    if (tls == TLS_12)
        f.unique_len = 12;
    return f;
}

/* Splits "A B C" into `to`. */
static size_t words(const char *text, struct str *to)
{
    size_t n = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        to[n++] = str_of(text, len);
        text += len + (text[len] == ' ');
    }
    return n;
}

static struct policy_choice choose(const struct login_policy *policy, int tls, const char *offered,
                                   const char *types)
{
    static struct policy_choice choice;
    struct str names[16], bindings[8];
    struct tls_facts facts = facts_of(tls);
    struct policy_offer offer = {
        .mechanisms = names,
        .mechanism_count = words(offered, names),
        .binding_types = bindings,
        .binding_type_count = words(types, bindings),
        .tls = tls == TLS_NONE ? NULL : &facts,
        .verified = tls >= TLS_UNBOUND,
    };
    policy_choose(policy, &offer, &choice);
    return choice;
}

/* What an account has used before is the least it accepts, unless a person names something else. */
static void test_never_weaker(void **state)
{
    (void)state;
    struct login_policy scram = {.had_scram = true};
    struct login_policy bound = {.had_scram = true, .had_binding = true};
    struct policy_choice c = choose(&scram, TLS_13, "PLAIN", "");
    assert_null(c.mech);
    assert_true(c.downgrade);
    scram.legacy = true;
    assert_null(choose(&scram, TLS_13, "PLAIN DIGEST-MD5", "").mech);
    c = choose(&scram, TLS_13, "PLAIN SCRAM-SHA-1", "");
    assert_string_equal(sasl_mech_name(c.mech), "SCRAM-SHA-1");
    assert_false(c.downgrade);
    assert_null(choose(&bound, TLS_13, "SCRAM-SHA-256 PLAIN", "").mech);
    assert_true(choose(&bound, TLS_13, "SCRAM-SHA-256 PLAIN", "").downgrade);
    assert_non_null(choose(&bound, TLS_13, "SCRAM-SHA-1-PLUS", "tls-exporter").mech);
    snprintf(bound.mechanism, sizeof bound.mechanism, "PLAIN");
    assert_string_equal(sasl_mech_name(choose(&bound, TLS_13, "PLAIN", "").mech), "PLAIN");
    struct login_policy fresh = {0};
    assert_false(choose(&fresh, TLS_13, "X-UNKNOWN", "").downgrade);
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        int tls;
        const char *offered, *types, *mechanism, *binding;
        enum sasl_gs2 gs2;
    } rows[] = {
        /* bound where both ends can, by the best type that both have */
        {TLS_13, "PLAIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "tls-exporter", "SCRAM-SHA-1-PLUS",
         "tls-exporter", SASL_GS2_BINDS},
        {TLS_12, "SCRAM-SHA-256-PLUS", "tls-unique tls-exporter", "SCRAM-SHA-256-PLUS",
         "tls-exporter", SASL_GS2_BINDS},
        /* no types listed: the default of RFC 5802, which TLS 1.3 does not have */
        {TLS_12, "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "", "SCRAM-SHA-1-PLUS", "tls-unique",
         SASL_GS2_BINDS},
        {TLS_13, "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "", "SCRAM-SHA-1", NULL, SASL_GS2_CANNOT},
        /* -PLUS was taken off the list: the server learns that we could have bound */
        {TLS_13, "SCRAM-SHA-1", "", "SCRAM-SHA-1", NULL, SASL_GS2_CAN},
        {TLS_13, "SCRAM-SHA-1", "tls-exporter", "SCRAM-SHA-1", NULL, SASL_GS2_CANNOT},
        {TLS_UNBOUND, "SCRAM-SHA-1", "", "SCRAM-SHA-1", NULL, SASL_GS2_CANNOT},
        /* no type in common */
        {TLS_13, "SCRAM-SHA-512 SCRAM-SHA-512-PLUS", "tls-unique", "SCRAM-SHA-512", NULL,
         SASL_GS2_CANNOT},
        /* the password in clear: behind verified TLS only */
        {TLS_13, "PLAIN", "", "PLAIN", NULL, SASL_GS2_CAN},
        {TLS_UNVERIFIED, "PLAIN", "", NULL, NULL, SASL_GS2_CANNOT},
        {TLS_NONE, "PLAIN", "", NULL, NULL, SASL_GS2_CANNOT},
        {TLS_NONE, "PLAIN SCRAM-SHA-1", "", "SCRAM-SHA-1", NULL, SASL_GS2_CANNOT},
        /* weak, unknown, none */
        {TLS_13, "DIGEST-MD5", "", NULL, NULL, SASL_GS2_CAN},
        {TLS_13, "X-ODD", "", NULL, NULL, SASL_GS2_CAN},
        {TLS_13, "", "", NULL, NULL, SASL_GS2_CAN},
    };
    static const struct login_policy policy;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy_choice c = choose(&policy, rows[i].tls, rows[i].offered, rows[i].types);
        print_message("row %zu\n", i);
        assert_true(cstr_eq(c.mech ? sasl_mech_name(c.mech) : NULL, rows[i].mechanism));
        assert_true(cstr_eq(c.binding.type, rows[i].binding));
        assert_int_equal(c.gs2, rows[i].gs2);
    }
}

static enum policy_verdict verdict_of(const struct policy_choice *c, const char *name)
{
    for (size_t i = 0; i < c->row_count; i++)
        if (strcmp(c->rows[i].name, name) == 0)
            return c->rows[i].verdict;
    fail_msg("no row for %s", name);
    return POLICY_NOT_OFFERED;
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct login_policy policy;
    struct policy_choice c =
        choose(&policy, TLS_UNVERIFIED, "PLAIN DIGEST-MD5 X-ODD SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "");
    assert_int_equal(verdict_of(&c, "SCRAM-SHA-1"), POLICY_CHOSEN);
    assert_int_equal(verdict_of(&c, "SCRAM-SHA-256"), POLICY_NOT_OFFERED);
    assert_int_equal(verdict_of(&c, "SCRAM-SHA-1-PLUS"), POLICY_NO_BINDING);
    assert_int_equal(verdict_of(&c, "PLAIN"), POLICY_NEEDS_TLS);
    assert_int_equal(verdict_of(&c, "DIGEST-MD5"), POLICY_IS_LEGACY);
    assert_int_equal(verdict_of(&c, "X-ODD"), POLICY_UNKNOWN_MECHANISM);
    c = choose(&policy, TLS_13, "PLAIN SCRAM-SHA-1", "");
    assert_int_equal(verdict_of(&c, "PLAIN"), POLICY_LESS_PREFERRED);
}

/* By name: the order and the legacy switch give way, verified TLS does not. */
static void test_by_name(void **state)
{
    (void)state;
    struct login_policy policy = {.mechanism = "DIGEST-MD5"};
    struct policy_choice c = choose(&policy, TLS_NONE, "SCRAM-SHA-1 DIGEST-MD5", "");
    assert_string_equal(sasl_mech_name(c.mech), "DIGEST-MD5");
    assert_int_equal(verdict_of(&c, "SCRAM-SHA-1"), POLICY_NOT_ASKED_FOR);
    policy = (struct login_policy){.mechanism = "PLAIN"};
    c = choose(&policy, TLS_13, "SCRAM-SHA-1 PLAIN", "");
    assert_string_equal(sasl_mech_name(c.mech), "PLAIN");
    c = choose(&policy, TLS_UNVERIFIED, "SCRAM-SHA-1 PLAIN", "");
    assert_null(c.mech);
}

/* A name that does not fit is cut between characters: it is shown to people. */
static void test_long_names(void **state)
{
    (void)state;
    static const struct login_policy policy;
    struct policy_choice c = choose(&policy, TLS_13,
                                    "X-\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
                                    "");
    const char *name = c.rows[c.row_count - 1].name;
    size_t lead = 0;
    for (const char *p = name; *p; p++)
        lead += (*p & 0xc0) == 0xc0;
    size_t rest = 0;
    for (const char *p = name; *p; p++)
        rest += (*p & 0xc0) == 0x80;
    assert_true(lead > 0);
    assert_true(strlen(name) < sizeof c.rows[0].name);
    assert_int_equal(strncmp(name, "X-\xc3\xa9", 4), 0);
    /* each two-byte letter is whole, and so is the ellipsis of three bytes */
    assert_true(rest == lead || rest == lead + 1);
}

static bool server_offers(const struct login_policy *policy, const char *name, int tls)
{
    struct tls_facts facts = facts_of(tls);
    return policy_offers(policy, sasl_mech_find(str_from(name)), tls == TLS_NONE ? NULL : &facts);
}

static void test_server(void **state)
{
    (void)state;
    struct login_policy policy = {.tls = POLICY_TLS_REQUIRE};
    assert_false(server_offers(&policy, "SCRAM-SHA-1", TLS_NONE));
    assert_true(server_offers(&policy, "SCRAM-SHA-1", TLS_UNBOUND));
    assert_false(server_offers(&policy, "SCRAM-SHA-1-PLUS", TLS_UNBOUND));
    assert_true(server_offers(&policy, "SCRAM-SHA-1-PLUS", TLS_13));
    assert_true(server_offers(&policy, "PLAIN", TLS_13));
    assert_false(server_offers(&policy, "DIGEST-MD5", TLS_13));
    policy.tls = POLICY_TLS_OFF;
    assert_true(server_offers(&policy, "SCRAM-SHA-1", TLS_NONE));
    assert_false(server_offers(&policy, "PLAIN", TLS_NONE));
    policy.no_channel_binding = policy.legacy = true;
    assert_false(server_offers(&policy, "SCRAM-SHA-1-PLUS", TLS_13));
    assert_true(server_offers(&policy, "DIGEST-MD5", TLS_13));
    memcpy(policy.mechanisms[0], "PLAIN", 6);
    assert_true(server_offers(&policy, "PLAIN", TLS_13));
    assert_false(server_offers(&policy, "SCRAM-SHA-1", TLS_13));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),     cmocka_unit_test(test_never_weaker),
        cmocka_unit_test(test_verdicts),   cmocka_unit_test(test_by_name),
        cmocka_unit_test(test_long_names), cmocka_unit_test(test_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
