/* What SRV records and names lead to. */
#include "net/connect_run_test.h"

/* ---- SRV ---- */

static void both_kinds_are_one_list(void **state)
{
    (void)state;
    struct place dead = place_dead("127.0.0.1", 0), live = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpps-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"direct.example", 5, 0, dead.port}, {"later.example", 30, 0, 1}},
         0},
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"plain.example", 10, 0, live.port}},
         0},
        {"direct.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        {"plain.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        {"later.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_connected(&r, "plain.example", "127.0.0.1", live.port, false);
    assert_true(r.target.from_srv);
    const struct connect_attempt *first = attempt_at(&r, "direct.example", "127.0.0.1");
    assert_int_equal(first->outcome, CONNECT_REFUSED);
    assert_true(first->target.direct_tls);
    const struct connect_report *report = connect_report(r.connect);
    assert_true(report->asked_srv);
    assert_int_equal(report->attempt_count, 2);
    assert_int_equal(report->record_count, 3);
    assert_string_equal(report->records[2].target, "later.example");
    assert_int_equal(report->srv_direct.status, DNS_OK);
    assert_int_equal(report->srv_starttls.count, 1);
    assert_int_equal(zone[4].asked, 0); /* another rank: not even resolved */
    assert_true(r.srv_step);
    run_close(&r);
    place_close(&dead);
    place_close(&live);
}

static void mode_asks_for_its_kind_only(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    for (int direct = 0; direct < 2; direct++) {
        struct test_dns_name zone[] = {
            {"_xmpps-client._tcp.example.org",
             TEST_SRV_TYPE,
             TEST_ANSWERS,
             {{"host.example", 1, 0, live.port}},
             0},
            {"_xmpp-client._tcp.example.org",
             TEST_SRV_TYPE,
             TEST_ANSWERS,
             {{"host.example", 1, 0, live.port}},
             0},
            {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        };
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone), "example.org");
        r.s.tls = direct ? CONNECT_TLS_DIRECT : CONNECT_TLS_STARTTLS;
        run_start(&r);
        assert_connected(&r, "host.example", "127.0.0.1", live.port, direct);
        assert_int_equal(zone[0].asked, direct);
        assert_int_equal(zone[1].asked, !direct);
        run_close(&r);
    }
    place_close(&live);
}

/* Nothing comes that answers the question. */
static bool is_silent(enum test_dns_behaviour b)
{
    return b == TEST_SILENT || b == TEST_GARBAGE;
}

/* What the answers to the two SRV questions lead to when the domain itself has an address. */
static void no_answer_means_the_domain_itself(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    static const struct {
        enum test_dns_behaviour direct, starttls;
        const char *direct_target, *starttls_target;
        bool falls_back;
    } cases[] = {
        {TEST_NXDOMAIN, TEST_NXDOMAIN, NULL, NULL, true},
        {TEST_ANSWERS, TEST_ANSWERS, NULL, NULL, true}, /* NODATA */
        {TEST_SERVFAIL, TEST_NXDOMAIN, NULL, NULL, true},
        {TEST_SILENT, TEST_SILENT, NULL, NULL, true},
        {TEST_REFUSED, TEST_GARBAGE, NULL, NULL, true},
        {TEST_ANSWERS, TEST_NXDOMAIN, ".", NULL, false},
        {TEST_NXDOMAIN, TEST_ANSWERS, NULL, ".", false},
        {TEST_ANSWERS, TEST_ANSWERS, ".", ".", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct test_dns_name zone[] = {
            {"_xmpps-client._tcp.example.org",
             TEST_SRV_TYPE,
             cases[i].direct,
             {{cases[i].direct_target, 0, 0, 0}},
             0},
            {"_xmpp-client._tcp.example.org",
             TEST_SRV_TYPE,
             cases[i].starttls,
             {{cases[i].starttls_target, 0, 0, 0}},
             0},
            {"example.org", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        };
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone), "example.org");
        if (is_silent(cases[i].direct) || is_silent(cases[i].starttls))
            r.dns.timeout_ms = 2000; /* for the address as well, which is answered */
        r.s.port_starttls = live.port;
        run_start(&r);
        if (cases[i].falls_back) {
            assert_connected(&r, "example.org", "127.0.0.1", live.port, false);
            assert_false(r.target.from_srv);
        } else {
            assert_failed(&r, LINNET_ERROR_DNS_NONE, LINNET_STAGE_RESOLVE,
                          "does not offer this service");
            assert_int_equal(zone[2].asked, 0);
        }
        run_close(&r);
    }
    place_close(&live);
}

static void one_kind_not_offered_leaves_the_other(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpps-client._tcp.example.org", TEST_SRV_TYPE, TEST_ANSWERS, {{".", 0, 0, 0}}, 0},
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 1, 0, live.port}},
         0},
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_connected(&r, "host.example", "127.0.0.1", live.port, false);
    run_close(&r);
    place_close(&live);
}

static void answered_srv_forbids_fallback(void **state)
{
    (void)state;
    struct place dead = place_dead("127.0.0.1", 0), live = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"one.example", 1, 0, dead.port}, {"none.example", 2, 0, 5222}},
         0},
        {"one.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        {"example.org", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    char words[128];
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.port_starttls = live.port;
    run_start(&r);
    snprintf(words, sizeof(words),
             "one.example:%u at 127.0.0.1 (connection refused), none.example:5222 (there is no "
             "such name)",
             dead.port);
    assert_failed(&r, LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT, words);
    assert_int_equal(attempt_at(&r, "none.example", NULL)->outcome, CONNECT_UNRESOLVED);
    run_close(&r);
    place_close(&dead);
    place_close(&live);
}

/* One question is never answered: the other's records are not held up for good. */
static void silent_kind_does_not_hold_up_the_other(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpps-client._tcp.example.org", TEST_SRV_TYPE, TEST_SILENT, {{0}}, 0},
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 1, 0, live.port}},
         0},
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_connected(&r, "host.example", "127.0.0.1", live.port, false);
    assert_int_equal(connect_report(r.connect)->srv_direct.status, DNS_TIMEOUT);
    run_close(&r);
    place_close(&live);
}

/* ---- names ---- */

static void missing_names_are_told_from_failing_ones(void **state)
{
    (void)state;
    static const struct {
        enum test_dns_behaviour a;
        enum linnet_error_code code;
        const char *words;
    } cases[] = {
        {TEST_NXDOMAIN, LINNET_ERROR_DNS_NONE, "example.org: there is no such name"},
        {TEST_ANSWERS, LINNET_ERROR_DNS_NONE, "example.org"}, /* no records */
        {TEST_SERVFAIL, LINNET_ERROR_DNS_FAILED, "could not find out"},
        {TEST_SILENT, LINNET_ERROR_DNS_FAILED, "did not answer"},
        {TEST_REFUSED, LINNET_ERROR_DNS_FAILED, "refused to answer"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct test_dns_name zone[] = {
            {"example.org", TEST_A, cases[i].a, {{0}}, 0},
        };
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone), "example.org");
        if (is_silent(cases[i].a))
            r.dns.timeout_ms = TEST_DNS_SILENCE_MS;
        run_start(&r);
        assert_failed(&r, cases[i].code, LINNET_STAGE_RESOLVE, cases[i].words);
        assert_string_equal(linnet_error_param(&r.error, "domain"), "example.org");
        run_close(&r);
    }
    struct test_dns_name zone[] = {{"_xmpp-client._tcp.example.org",
                                    TEST_SRV_TYPE,
                                    TEST_ANSWERS,
                                    {{"gone.example", 1, 1, 5222}},
                                    0}};
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_failed(&r, LINNET_ERROR_DNS_NONE, LINNET_STAGE_RESOLVE,
                  "its server is gone.example, and there is no such name");
    run_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_are_one_list),
        cmocka_unit_test(mode_asks_for_its_kind_only),
        cmocka_unit_test(no_answer_means_the_domain_itself),
        cmocka_unit_test(one_kind_not_offered_leaves_the_other),
        cmocka_unit_test(answered_srv_forbids_fallback),
        cmocka_unit_test(silent_kind_does_not_hold_up_the_other),
        cmocka_unit_test(missing_names_are_told_from_failing_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
