/* Which address wins, and which one follows. */
#include "net/connect_run_test.h"

/* ---- the race ---- */

static void blackhole_loses_to_the_next_address(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    struct place hole = place_blackhole("127.0.0.2", live.port);
    struct test_dns_name zone[] = {
        {"host.example",
         TEST_A,
         TEST_ANSWERS,
         {{"127.0.0.2", 0, 0, 0}, {"127.0.0.3", 0, 0, 0}, {"127.0.0.1", 0, 0, 0}},
         0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.host = "host.example";
    r.s.port = live.port;
    run_start(&r);
    assert_connected(&r, "host.example", "127.0.0.1", live.port, false);
    assert_int_equal(attempt_at(&r, NULL, "127.0.0.2")->outcome, CONNECT_LOST_RACE);
    assert_int_equal(attempt_at(&r, NULL, "127.0.0.3")->outcome, CONNECT_REFUSED);
    run_close(&r);
    place_close(&hole);
    place_close(&live);
}

/* The log is full, and what ends then takes no place from what is still under way. */
static void many_addresses_leave_each_attempt_its_place(void **state)
{
    (void)state;
    struct place dead = place_dead("127.0.0.1", 0), live = place_open("127.0.0.1", 0);
    struct place hole = place_blackhole("127.0.0.2", live.port);
    struct test_dns_name zone[6] = {
        {"_xmpp-client._tcp.example.org", TEST_SRV_TYPE, TEST_ANSWERS, {{0}}, 0},
        {"last.example", TEST_A, TEST_ANSWERS, {{"127.0.0.2"}, {"127.0.0.3"}, {"127.0.0.1"}}, 0},
    };
    static const char *const hosts[] = {"a.example", "b.example", "c.example", "d.example"};
    char text[TEST_RECORDS][16];
    for (unsigned i = 0; i < TEST_RECORDS; i++)
        snprintf(text[i], sizeof(text[i]), "127.0.1.%u", i + 1);
    for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
        zone[0].records[h] = (struct test_dns_record){hosts[h], 1, 0, dead.port};
        zone[2 + h] = (struct test_dns_name){.name = hosts[h], .type = TEST_A};
        for (unsigned i = 0; i < TEST_RECORDS; i++)
            zone[2 + h].records[i].target = text[i];
    }
    zone[0].records[ARRAY_LEN(hosts)] = (struct test_dns_record){"last.example", 2, 0, live.port};
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_int_equal(connect_report(r.connect)->attempt_count, CONNECT_MAX_ATTEMPTS);
    assert_connected(&r, "last.example", "127.0.0.1", live.port, false);
    assert_int_equal(attempt_at(&r, NULL, "127.0.0.2")->outcome, CONNECT_LOST_RACE);
    run_close(&r);
    place_close(&hole);
    place_close(&live);
    place_close(&dead);
}

/* AAAA is tried first, then A, whatever the order of the answers. */
static void families_alternate(void **state)
{
    (void)state;
    struct place dead = place_dead("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}, {"127.0.0.2", 0, 0, 0}}, 0},
        {"host.example", TEST_AAAA, TEST_ANSWERS, {{"::1", 0, 0, 0}, {"::2", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.host = "host.example";
    r.s.port = dead.port;
    run_start(&r);
    const struct connect_report *report = connect_report(r.connect);
    assert_int_equal(report->attempt_count, 4);
    static const char *const order[] = {"::1", "127.0.0.1", "::2", "127.0.0.2"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(report->attempts[i].target.address, order[i]);
    run_close(&r);
    place_close(&dead);
}

/* A waits for AAAA no longer than the resolution delay. */
static void silent_family_does_not_hold_up_the_other(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        {"host.example", TEST_AAAA, TEST_SILENT, {{0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.host = "host.example";
    r.s.port = live.port;
    run_start(&r);
    assert_connected(&r, "host.example", "127.0.0.1", live.port, false);
    run_close(&r);
    place_close(&live);
}

static void silence_everywhere_is_a_timeout(void **state)
{
    (void)state;
    struct place hole = place_blackhole("127.0.0.1", 0);
    for (int i = 0; i < 2; i++) {
        struct run r;
        run_open(&r, NULL, 0, "127.0.0.1");
        r.s.port = hole.port;
        if (i == 0)
            r.s.attempt_timeout_ms = 50;
        else
            r.s.deadline_ms = loop_now_ms() + 50;
        run_start(&r);
        assert_failed(&r, LINNET_ERROR_TIMEOUT, LINNET_STAGE_CONNECT, "stage: connect");
        assert_int_equal(attempt_at(&r, NULL, "127.0.0.1")->outcome, CONNECT_TIMED_OUT);
        assert_false(connect_next(r.connect, "too late"));
        run_close(&r);
    }
    place_close(&hole);
    struct test_dns_name zone[] = {
        {"_xmpp-client._tcp.example.org", TEST_SRV_TYPE, TEST_SILENT, {{0}}, 0}};
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.deadline_ms = loop_now_ms() + 50;
    run_start(&r);
    assert_failed(&r, LINNET_ERROR_TIMEOUT, LINNET_STAGE_RESOLVE, "stage: resolve");
    run_close(&r);
}

/* ---- after TLS failed ---- */

static void next_target_comes_after_a_rejected_one(void **state)
{
    (void)state;
    struct place a = place_open("127.0.0.1", 0), b = place_open("127.0.0.1", 0);
    struct place c = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpps-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 1, 0, a.port}},
         0},
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 2, 0, b.port}, {"host.example", 3, 0, c.port}},
         0},
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}, {"127.0.0.2", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_connected(&r, "host.example", "127.0.0.1", a.port, true);
    assert_true(connect_next(r.connect, "no TLS there"));
    assert_int_equal(r.done, 1);
    run_wait(&r);
    assert_int_equal(r.target.port, b.port);
    assert_false(r.target.direct_tls);
    assert_true(connect_next(r.connect, "nor there"));
    run_wait(&r);
    assert_int_equal(r.target.port, c.port);
    const struct connect_report *report = connect_report(r.connect);
    assert_int_equal(report->attempt_count, 3); /* not the second addresses of rejected targets */
    assert_int_equal(report->attempts[0].outcome, CONNECT_REJECTED);
    assert_string_equal(report->attempts[0].reason, "no TLS there");
    assert_false(connect_next(r.connect, "nowhere"));
    assert_int_equal(r.done, 3);
    run_close(&r);
    place_close(&a);
    place_close(&b);
    place_close(&c);
}

static void last_failure_after_next_is_told(void **state)
{
    (void)state;
    struct place a = place_open("127.0.0.1", 0), dead = place_dead("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 1, 0, a.port}, {"host.example", 2, 0, dead.port}},
         0},
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    char words[128];
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    run_start(&r);
    assert_true(connect_next(r.connect, "no TLS there"));
    chan_free(r.chan);
    r.chan = NULL;
    run_wait(&r);
    snprintf(words, sizeof(words), "host.example:%u at 127.0.0.1 (no TLS there), host.example:%u",
             a.port, dead.port);
    assert_failed(&r, LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT, words);
    run_close(&r);
    place_close(&a);
    place_close(&dead);
}

/* A target that lost the race is tried again when the winner proves useless. */
static void outrun_target_gets_its_turn(void **state)
{
    (void)state;
    struct place slow = place_blackhole("127.0.0.2", 0), quick = place_open("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"slow.example", 1, 0, slow.port}, {"quick.example", 1, 65535, quick.port}},
         0},
        {"slow.example", TEST_A, TEST_ANSWERS, {{"127.0.0.2", 0, 0, 0}}, 0},
        {"quick.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    static const uint8_t zeros[sizeof(r.entropy.bytes)];
    memcpy(r.entropy.bytes, zeros, sizeof(zeros)); /* draws 0: the weightless one first */
    r.entropy.left = sizeof(zeros);
    r.entropy.pid = getpid();
    run_start(&r);
    assert_connected(&r, "quick.example", "127.0.0.1", quick.port, false);
    assert_int_equal(attempt_at(&r, "slow.example", "127.0.0.2")->outcome, CONNECT_LOST_RACE);

    place_close(&slow);
    slow = place_open("127.0.0.2", slow.port); /* now it is quick */
    assert_true(connect_next(r.connect, "no TLS there"));
    run_wait(&r);
    assert_string_equal(r.target.host, "slow.example");
    assert_non_null(r.chan);
    run_close(&r);
    place_close(&slow);
    place_close(&quick);
}

static void deadline_may_be_moved(void **state)
{
    (void)state;
    struct place a = place_open("127.0.0.1", 0), hole = place_blackhole("127.0.0.1", 0);
    struct test_dns_name zone[] = {
        {"_xmpp-client._tcp.example.org",
         TEST_SRV_TYPE,
         TEST_ANSWERS,
         {{"host.example", 1, 0, a.port}, {"host.example", 2, 0, hole.port}},
         0},
        {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.deadline_ms = loop_now_ms() + 100000;
    run_start(&r);
    assert_true(connect_next(r.connect, "no TLS there"));
    connect_set_deadline(r.connect, loop_now_ms() + 20);
    chan_free(r.chan);
    r.chan = NULL;
    run_wait(&r);
    assert_failed(&r, LINNET_ERROR_TIMEOUT, LINNET_STAGE_CONNECT, "did not answer");
    run_close(&r);
    place_close(&a);
    place_close(&hole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blackhole_loses_to_the_next_address),
        cmocka_unit_test(many_addresses_leave_each_attempt_its_place),
        cmocka_unit_test(families_alternate),
        cmocka_unit_test(silent_family_does_not_hold_up_the_other),
        cmocka_unit_test(silence_everywhere_is_a_timeout),
        cmocka_unit_test(next_target_comes_after_a_rejected_one),
        cmocka_unit_test(last_failure_after_next_is_told),
        cmocka_unit_test(outrun_target_gets_its_turn),
        cmocka_unit_test(deadline_may_be_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
