#include "net/connect.h"

#include "base/alloc_fail_test.h"
#include "net/dns_server_test.h"
#include "net/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- what there is to connect to ---- */

struct place {
    int fd;
    uint16_t port;
    int fill[8]; /* connections that use up a backlog */
};

static int socket_at(const char *ip, uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof(a);
    inet_pton(AF_INET, ip, &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* Accepts connections (the kernel does). Port 0 chooses one. */
static struct place place_open(const char *ip, uint16_t port)
{
    struct place p = {.port = port, .fill = {-1, -1, -1, -1, -1, -1, -1, -1}};
    p.fd = socket_at(ip, &p.port);
    assert_int_equal(listen(p.fd, 16), 0);
    return p;
}

/* A port on which nothing listens, and which nobody else can take. */
static struct place place_dead(const char *ip, uint16_t port)
{
    struct place p = {.port = port, .fill = {-1, -1, -1, -1, -1, -1, -1, -1}};
    p.fd = socket_at(ip, &p.port);
    return p;
}

/* A full backlog: Linux drops further SYNs, so a connection neither succeeds nor fails. */
static struct place place_blackhole(const char *ip, uint16_t port)
{
    struct place p = {.port = port};
    p.fd = socket_at(ip, &p.port);
    assert_int_equal(listen(p.fd, 0), 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(p.port)};
    inet_pton(AF_INET, ip, &a.sin_addr);
    for (size_t i = 0; i < ARRAY_LEN(p.fill); i++) {
        p.fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int result = connect(p.fill[i], (struct sockaddr *)&a, sizeof(a));
        assert_true(result == 0 || errno == EINPROGRESS);
    }
    return p;
}

static void place_close(struct place *p)
{
    for (size_t i = 0; i < ARRAY_LEN(p->fill); i++)
        if (p->fill[i] >= 0)
            close(p->fill[i]);
    close(p->fd);
}

/* ---- one run ---- */

struct run {
    uv_loop_t loop;
    struct test_dns server;
    struct dns_settings dns;
    struct entropy entropy;
    struct connect *connect;
    struct connect_settings s;

    int done;
    struct chan *chan;
    struct connect_target target;
    struct linnet_error error;
    bool free_from_done;
    int steps[3]; /* progress seen, by kind */
    bool srv_step;
};

static void run_progress(void *ctx, enum connect_step step, const struct connect_target *target,
                         const char *reason)
{
    struct run *r = ctx;
    r->steps[step]++;
    r->srv_step |= step == CONNECT_STEP_RESOLVING && !target;
    assert_int_equal(step == CONNECT_STEP_FAILED, reason != NULL);
}

static void run_done(void *ctx, struct chan *chan, const struct connect_target *target,
                     const struct linnet_error *error)
{
    struct run *r = ctx;
    r->done++;
    assert_true(!chan == !target && !chan == !!error);
    chan_free(r->chan);
    r->chan = chan;
    if (chan)
        r->target = *target;
    else
        r->error = *error;
    if (r->free_from_done) {
        connect_free(r->connect);
        r->connect = NULL;
    }
    uv_stop(&r->loop);
}

static const struct connect_events run_events = {run_progress, run_done};

static void run_open(struct run *r, struct test_dns_name *names, size_t count, const char *domain)
{
    *r = (struct run){0};
    assert_true(loop_init(&r->loop));
    entropy_init(&r->entropy);
    test_dns_open(&r->server, &r->loop, names, count);
    r->dns = (struct dns_settings){r->server.servers, 100, 1};
    r->s = (struct connect_settings){
        .domain = domain,
        .srv_starttls = "_xmpp-client._tcp",
        .srv_direct = "_xmpps-client._tcp",
        .port_starttls = 5222,
        .port_direct = 5223,
        .random = entropy_source(&r->entropy),
        .dns = &r->dns,
    };
}

static void run_wait(struct run *r)
{
    int before = r->done;
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(r->done, before + 1);
}

static void run_start(struct run *r)
{
    r->connect = connect_start(&r->loop, &r->s, &run_events, r);
    assert_non_null(r->connect);
    assert_int_equal(r->done, 0); /* never from within the call */
    run_wait(r);
}

static void run_close(struct run *r)
{
    connect_free(r->connect);
    chan_free(r->chan);
    test_dns_close(&r->server);
    loop_finish(&r->loop);
}

/* The attempt at `address` (or, for NULL, at an unresolved `host`). */
static const struct connect_attempt *attempt_at(struct run *r, const char *host,
                                                const char *address)
{
    const struct connect_report *report = connect_report(r->connect);
    for (size_t i = 0; i < report->attempt_count; i++) {
        const struct connect_attempt *a = &report->attempts[i];
        if ((!host || strcmp(a->target.host, host) == 0) &&
            strcmp(a->target.address, address ? address : "") == 0)
            return a;
    }
    static const struct connect_attempt none;
    fail_msg("no attempt at %s %s", host ? host : "any", address ? address : "none");
    return &none;
}

static void assert_connected(struct run *r, const char *host, const char *address, uint16_t port,
                             bool direct_tls)
{
    assert_non_null(r->chan);
    assert_string_equal(r->target.host, host);
    assert_string_equal(r->target.address, address);
    assert_int_equal(r->target.port, port);
    assert_int_equal(r->target.direct_tls, direct_tls);
    assert_int_equal(attempt_at(r, host, address)->outcome, CONNECT_CONNECTED);
    struct sockaddr_in peer;
    assert_int_equal(getpeername(r->chan->fd, (struct sockaddr *)&peer, &(socklen_t){sizeof(peer)}),
                     0);
    assert_int_equal(ntohs(peer.sin_port), port);
    int flags = fcntl(r->chan->fd, F_GETFL);
    assert_true(flags & O_NONBLOCK);
    assert_true(fcntl(r->chan->fd, F_GETFD) & FD_CLOEXEC);
}

static void assert_failed(struct run *r, enum linnet_error_code code, enum linnet_stage stage,
                          const char *words)
{
    assert_null(r->chan);
    if (r->error.code != code || !strstr(r->error.sentence, words))
        print_error("%s\n", r->error.sentence);
    assert_int_equal(r->error.code, code);
    assert_int_equal(r->error.stage, stage);
    assert_non_null(strstr(r->error.sentence, words));
}

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
    r.dns.timeout_ms = 1000000;
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
    r.dns.timeout_ms = 1000000;
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
    r.dns.timeout_ms = 1000000;
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
        connected = r.done > 0;
        assert_true(!connected || r.chan);
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
    for (bool failed = true; failed; n++) {
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
        r.dns.timeout_ms = 20;
        alloc_failed = false;
        alloc_fail_after = n;
        r.connect = connect_start(&r.loop, &r.s, &run_events, &r);
        if (r.connect)
            uv_run(&r.loop, UV_RUN_DEFAULT);
        alloc_fail_after = -1;
        failed = alloc_failed;
        assert_int_equal(r.done, r.connect != NULL);
        assert_true(failed || r.chan);
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
        cmocka_unit_test(both_kinds_are_one_list),
        cmocka_unit_test(mode_asks_for_its_kind_only),
        cmocka_unit_test(no_answer_means_the_domain_itself),
        cmocka_unit_test(one_kind_not_offered_leaves_the_other),
        cmocka_unit_test(answered_srv_forbids_fallback),
        cmocka_unit_test(silent_kind_does_not_hold_up_the_other),
        cmocka_unit_test(missing_names_are_told_from_failing_ones),
        cmocka_unit_test(blackhole_loses_to_the_next_address),
        cmocka_unit_test(many_addresses_leave_each_attempt_its_place),
        cmocka_unit_test(families_alternate),
        cmocka_unit_test(silent_family_does_not_hold_up_the_other),
        cmocka_unit_test(silence_everywhere_is_a_timeout),
        cmocka_unit_test(next_target_comes_after_a_rejected_one),
        cmocka_unit_test(last_failure_after_next_is_told),
        cmocka_unit_test(outrun_target_gets_its_turn),
        cmocka_unit_test(deadline_may_be_moved),
        cmocka_unit_test(may_be_freed_at_any_time),
        cmocka_unit_test(may_be_freed_from_done),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(outcomes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
