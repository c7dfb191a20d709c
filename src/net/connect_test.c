#include "net/connect_run_test.h"

#include "base/alloc_fail_test.h"

/* ---- without SRV ---- */

static void address_needs_no_dns(void **state)
{
    (void)state;
    struct run r;
    struct place p = place_open("127.0.0.1", 0);
    run_open(&r, NULL, 0, "127.0.0.1");
    r.s.port_starttls = p.port;
    run_start(&r);
    assert_connected(&r, "127.0.0.1", "127.0.0.1", p.port, false);
    assert_false(r.target.from_srv);
    assert_false(connect_report(r.connect)->asked_srv);
    assert_int_equal(r.server.asked, 0);
    run_close(&r);
    place_close(&p);
}

static void given_host_and_port_skip_srv(void **state)
{
    (void)state;
    struct test_dns_name zone[] = {
        {"chat.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        {"example.org", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
    };
    struct place p = place_open("127.0.0.1", 0);
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone), "example.org");
    r.s.host = "chat.example";
    r.s.port = p.port;
    run_start(&r);
    assert_connected(&r, "chat.example", "127.0.0.1", p.port, false);
    assert_int_equal(r.server.asked, 2); /* A and AAAA */
    run_close(&r);

    run_open(&r, zone, ARRAY_LEN(zone), "example.org"); /* a port alone */
    r.s.port = p.port;
    run_start(&r);
    assert_connected(&r, "example.org", "127.0.0.1", p.port, false);
    assert_false(connect_report(r.connect)->asked_srv);
    run_close(&r);
    place_close(&p);
}

static void kind_without_srv_is_that_of_mode_and_port(void **state)
{
    (void)state;
    struct place p = place_open("127.0.0.1", 0);
    const struct {
        enum connect_tls tls;
        uint16_t port, port_starttls, port_direct;
        bool direct;
    } cases[] = {
        {CONNECT_TLS_ANY, 0, p.port, 1, false},
        {CONNECT_TLS_ANY, p.port, 1, 1, false},
        {CONNECT_TLS_ANY, p.port, 1, p.port, true},
        {CONNECT_TLS_DIRECT, 0, 1, p.port, true},
        {CONNECT_TLS_DIRECT, p.port, 1, 1, true},
        {CONNECT_TLS_STARTTLS, 0, p.port, 1, false},
        {CONNECT_TLS_STARTTLS, p.port, 1, p.port, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct run r;
        run_open(&r, NULL, 0, "127.0.0.1");
        r.s.tls = cases[i].tls;
        r.s.port = cases[i].port;
        r.s.port_starttls = cases[i].port_starttls;
        r.s.port_direct = cases[i].port_direct;
        run_start(&r);
        assert_connected(&r, "127.0.0.1", "127.0.0.1", p.port, cases[i].direct);
        run_close(&r);
    }
    place_close(&p);
}

static void refusal_names_the_target(void **state)
{
    (void)state;
    struct place dead = place_dead("127.0.0.1", 0);
    struct run r;
    char words[64];
    run_open(&r, NULL, 0, "127.0.0.1");
    r.s.port = dead.port;
    run_start(&r);
    snprintf(words, sizeof(words), "127.0.0.1:%u (connection refused)", dead.port);
    assert_failed(&r, LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT, words);
    assert_int_equal(attempt_at(&r, NULL, "127.0.0.1")->outcome, CONNECT_REFUSED);
    assert_false(connect_next(r.connect, "there was no winner"));
    assert_int_equal(r.steps[CONNECT_STEP_CONNECTING], 1);
    assert_int_equal(r.steps[CONNECT_STEP_FAILED], 1);
    run_close(&r);
    place_close(&dead);
}

/* TCP has no broadcast: the kernel answers ENETUNREACH and sends nothing. */
static void no_network_at_all_is_offline(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, NULL, 0, "255.255.255.255");
    run_start(&r);
    assert_failed(&r, LINNET_ERROR_OFFLINE, LINNET_STAGE_CONNECT, "no connection to the network");
    assert_int_equal(attempt_at(&r, NULL, "255.255.255.255")->outcome, CONNECT_UNREACHABLE);
    run_close(&r);
}

static void ipv6_loopback_works_where_it_exists(void **state)
{
    (void)state;
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        if (fd >= 0)
            close(fd);
        skip();
    }
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    struct run r;
    run_open(&r, NULL, 0, "::1");
    r.s.port = ntohs(a.sin6_port);
    run_start(&r);
    assert_connected(&r, "::1", "::1", ntohs(a.sin6_port), false);
    run_close(&r);
    close(fd);
}

/* ---- leaving ---- */

static void may_be_freed_at_any_time(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0), dead = place_dead("127.0.0.1", 0);
    struct place hole = place_blackhole("127.0.0.2", dead.port);
    bool connected = false;
    for (int turns = 0; !connected; turns++) {
        struct test_dns_name zone[] = {
            {"_xmpp-client._tcp.example.org",
             TEST_SRV_TYPE,
             TEST_ANSWERS,
             {{"dead.example", 1, 0, dead.port}, {"live.example", 2, 0, live.port}},
             0},
            {"dead.example",
             TEST_A,
             TEST_ANSWERS,
             {{"127.0.0.1", 0, 0, 0}, {"127.0.0.2", 0, 0, 0}},
             0},
            {"live.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        };
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone), "example.org");
        r.s.attempt_timeout_ms = 20;
        r.connect = connect_start(&r.loop, &r.s, &run_events, &r);
        assert_non_null(r.connect);
        for (int i = 0; i < turns && r.done == 0; i++)
            uv_run(&r.loop, UV_RUN_ONCE);
        connected = r.chan; /* or 20 ms were too short on a slow machine */
        run_close(&r);
    }
    place_close(&live);
    place_close(&dead);
    place_close(&hole);
    connect_free(NULL);
}

static void may_be_freed_from_done(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0), dead = place_dead("127.0.0.1", 0);
    const uint16_t ports[] = {live.port, dead.port};
    for (int i = 0; i < 2; i++) {
        struct run r;
        run_open(&r, NULL, 0, "127.0.0.1");
        r.s.port = ports[i];
        r.free_from_done = true;
        run_start(&r);
        assert_null(r.connect);
        run_close(&r);
    }
    struct run r;
    run_open(&r, NULL, 0, "nowhere.example");
    r.free_from_done = true;
    run_start(&r);
    run_close(&r);
    place_close(&live);
    place_close(&dead);
}

/* Whatever allocation fails, there is one outcome and nothing is left behind. */
static void memory_may_run_out(void **state)
{
    (void)state;
    struct place live = place_open("127.0.0.1", 0);
    int n = 0;
    for (bool whole = false; !whole; n++) {
        struct test_dns_name zone[] = {
            {"_xmpp-client._tcp.example.org",
             TEST_SRV_TYPE,
             TEST_ANSWERS,
             {{"host.example", 1, 0, live.port}},
             0},
            {"host.example", TEST_A, TEST_ANSWERS, {{"127.0.0.1", 0, 0, 0}}, 0},
        };
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone), "example.org");
        r.dns.timeout_ms = 20; /* nobody may be there to hear the answer */
        alloc_failed = false;
        alloc_fail_after = n;
        r.connect = connect_start(&r.loop, &r.s, &run_events, &r);
        if (r.connect)
            uv_run(&r.loop, UV_RUN_DEFAULT);
        alloc_fail_after = -1;
        assert_int_equal(r.done, r.connect != NULL);
        whole = r.chan && !alloc_failed; /* with neither, 20 ms were too short for this machine */
        run_close(&r);
    }
    assert_true(n > 15);
    place_close(&live);
}

static void outcomes_have_names(void **state)
{
    (void)state;
    assert_string_equal(connect_outcome_name(CONNECT_TRYING), "trying");
    assert_string_equal(connect_outcome_name(CONNECT_FAILED), "failed");
    assert_string_equal(connect_outcome_name(CONNECT_FAILED + 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_needs_no_dns),
        cmocka_unit_test(given_host_and_port_skip_srv),
        cmocka_unit_test(kind_without_srv_is_that_of_mode_and_port),
        cmocka_unit_test(refusal_names_the_target),
        cmocka_unit_test(no_network_at_all_is_offline),
        cmocka_unit_test(ipv6_loopback_works_where_it_exists),
        cmocka_unit_test(may_be_freed_at_any_time),
        cmocka_unit_test(may_be_freed_from_done),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(outcomes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
