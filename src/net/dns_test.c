#include "net/dns.h"

#include "net/dns_server_test.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct run {
    uv_loop_t loop;
    struct test_dns server;
    struct dns *dns;
    /* the last answers */
    struct dns_srv_answer srv;
    struct srv_record records[SRV_MAX_RECORDS];
    struct dns_address_answer addresses;
    struct dns_address address[DNS_MAX_ADDRESSES];
    int answers;
    struct dns_query *other; /* cancelled by an answer */
    bool free_dns;
};

static void run_open_for(struct run *r, struct test_dns_name *names, size_t count,
                         unsigned timeout_ms, unsigned tries)
{
    *r = (struct run){0};
    assert_true(loop_init(&r->loop));
    test_dns_open(&r->server, &r->loop, names, count);
    const struct dns_settings s = {r->server.servers, timeout_ms, tries};
    r->dns = dns_new(&r->loop, &s);
    assert_non_null(r->dns);
}

static void run_open(struct run *r, struct test_dns_name *names, size_t count)
{
    run_open_for(r, names, count, TEST_DNS_PATIENCE_MS, 2);
}

static void run_close(struct run *r)
{
    dns_free(r->dns);
    test_dns_close(&r->server);
    loop_finish(&r->loop);
}

static void srv_done(void *ctx, const struct dns_srv_answer *answer)
{
    struct run *r = ctx;
    r->srv = *answer;
    for (size_t i = 0; i < answer->count; i++)
        r->records[i] = answer->records[i];
    r->answers++;
    uv_stop(&r->loop);
}

static void addresses_done(void *ctx, const struct dns_address_answer *answer)
{
    struct run *r = ctx;
    r->addresses = *answer;
    memcpy(r->address, answer->addresses, answer->count * sizeof(r->address[0]));
    r->answers++;
    uv_stop(&r->loop);
}

static void ask_srv(struct run *r, const char *name)
{
    r->answers = 0;
    assert_non_null(dns_query_srv(r->dns, name, true, srv_done, r));
    assert_int_equal(r->answers, 0); /* never from within the call */
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(r->answers, 1);
}

static void ask_addresses(struct run *r, const char *name, int family)
{
    r->answers = 0;
    assert_non_null(dns_query_addresses(r->dns, name, family, addresses_done, r));
    assert_int_equal(r->answers, 0);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(r->answers, 1);
}

static struct test_dns_name zone[] = {
    {"_x._tcp.set.example",
     TEST_SRV_TYPE,
     TEST_ANSWERS,
     {{"a.example", 10, 20, 5222}, {"b.example", 5, 0, 5223}},
     0},
    {"_x._tcp.dot.example", TEST_SRV_TYPE, TEST_ANSWERS, {{".", 0, 0, 0}}, 0},
    {"_x._tcp.two.example",
     TEST_SRV_TYPE,
     TEST_ANSWERS,
     {{".", 0, 0, 0}, {"a.example", 1, 1, 1}},
     0},
    {"_x._tcp.odd.example", TEST_SRV_TYPE, TEST_ANSWERS, {{"a b.example", 1, 1, 1}}, 0},
    {"_x._tcp.empty.example", TEST_SRV_TYPE, TEST_ANSWERS, {{0}}, 0},
    {"_x._tcp.fail.example", TEST_SRV_TYPE, TEST_SERVFAIL, {{0}}, 0},
    {"_x._tcp.once.example", TEST_SRV_TYPE, TEST_SERVFAIL_ONCE, {{"a.example", 1, 1, 1}}, 0},
    {"_x._tcp.refused.example", TEST_SRV_TYPE, TEST_REFUSED, {{0}}, 0},
    {"_x._tcp.silent.example", TEST_SRV_TYPE, TEST_SILENT, {{0}}, 0},
    {"_x._tcp.lost.example", TEST_SRV_TYPE, TEST_SILENT_ONCE, {{"a.example", 1, 1, 1}}, 0},
    {"_x._tcp.garbage.example", TEST_SRV_TYPE, TEST_GARBAGE, {{"a.example", 1, 1, 1}}, 0},
    {"a.example", TEST_A, TEST_ANSWERS, {{"192.0.2.1", 0, 0, 0}, {"192.0.2.2", 0, 0, 0}}, 0},
    {"a.example", TEST_AAAA, TEST_ANSWERS, {{"2001:db8::1", 0, 0, 0}}, 0},
    {"b.example", TEST_A, TEST_ANSWERS, {{0}}, 0},
    {"c.example", TEST_A, TEST_SERVFAIL, {{0}}, 0},
    {"d.example", TEST_A, TEST_SILENT, {{0}}, 0},
};

static unsigned asked(const char *name)
{
    unsigned count = 0;
    for (size_t i = 0; i < ARRAY_LEN(zone); i++)
        if (strcmp(zone[i].name, name) == 0)
            count += zone[i].asked;
    return count;
}

static void srv_records_are_read(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone));
    ask_srv(&r, "_x._tcp.set.example");
    assert_int_equal(r.srv.status, DNS_OK);
    assert_int_equal(r.srv.answer, SRV_RECORDS);
    assert_int_equal(r.srv.count, 2);
    const struct srv_record *a = &r.records[strcmp(r.records[0].target, "a.example") != 0];
    assert_string_equal(a->target, "a.example");
    assert_int_equal(a->priority, 10);
    assert_int_equal(a->weight, 20);
    assert_int_equal(a->port, 5222);
    assert_true(a->direct_tls);
    run_close(&r);
}

static void srv_answers_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum dns_status status;
        enum srv_answer answer;
        bool none;
        unsigned asked;
    } cases[] = {
        {"_x._tcp.dot.example", DNS_OK, SRV_NOT_OFFERED, false, 1},
        {"_x._tcp.two.example", DNS_OK, SRV_RECORDS, false, 1},
        {"_x._tcp.odd.example", DNS_BAD_ANSWER, SRV_NO_ANSWER, false, 1},
        {"_x._tcp.empty.example", DNS_NODATA, SRV_NO_ANSWER, true, 1},
        {"_x._tcp.none.example", DNS_NXDOMAIN, SRV_NO_ANSWER, true, 0},
        {"_x._tcp.fail.example", DNS_SERVFAIL, SRV_NO_ANSWER, false, 3},
        {"_x._tcp.once.example", DNS_OK, SRV_RECORDS, false, 2},
        {"_x._tcp.refused.example", DNS_REFUSED, SRV_NO_ANSWER, false, 3},
    };
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned before = asked(cases[i].name);
        ask_srv(&r, cases[i].name);
        if (r.srv.status != cases[i].status)
            print_error("%s: %s\n", cases[i].name, dns_status_text(r.srv.status));
        assert_int_equal(r.srv.status, cases[i].status);
        assert_int_equal(r.srv.answer, cases[i].answer);
        assert_int_equal(dns_status_is_none(r.srv.status), cases[i].none);
        assert_int_equal(asked(cases[i].name) - before, cases[i].asked);
        assert_string_not_equal(dns_status_text(r.srv.status), "");
    }
    run_close(&r);
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    static const char *const names[] = {"_x._tcp.silent.example",
                                        "_x._tcp.garbage.example"}; /* not our question */
    struct run r;
    run_open_for(&r, zone, ARRAY_LEN(zone), TEST_DNS_SILENCE_MS, 2);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        unsigned before = asked(names[i]);
        ask_srv(&r, names[i]);
        assert_int_equal(r.srv.status, DNS_TIMEOUT);
        assert_int_equal(r.srv.answer, SRV_NO_ANSWER);
        assert_false(dns_status_is_none(r.srv.status));
        test_dns_hear(&r.server); /* what it had no time to hear */
        assert_int_equal(asked(names[i]) - before, 2);
    }
    ask_addresses(&r, "d.example", AF_INET);
    assert_int_equal(r.addresses.status, DNS_TIMEOUT);
    run_close(&r);
}

/* It waits twice as long each time: so often that the second answer, or a later one, is in time. */
static void lost_question_is_asked_again(void **state)
{
    (void)state;
    struct run r;
    run_open_for(&r, zone, ARRAY_LEN(zone), TEST_DNS_SILENCE_MS, 12);
    unsigned before = asked("_x._tcp.lost.example");
    ask_srv(&r, "_x._tcp.lost.example");
    assert_int_equal(r.srv.status, DNS_OK);
    assert_int_equal(r.srv.answer, SRV_RECORDS);
    assert_true(asked("_x._tcp.lost.example") - before >= 2);
    run_close(&r);
}

static void addresses_are_read(void **state)
{
    (void)state;
    struct run r;
    char text[64];
    run_open(&r, zone, ARRAY_LEN(zone));
    ask_addresses(&r, "a.example", AF_INET);
    assert_int_equal(r.addresses.status, DNS_OK);
    assert_int_equal(r.addresses.count, 2);
    assert_int_equal(r.address[1].family, AF_INET);
    inet_ntop(AF_INET, &r.address[1].ip, text, sizeof(text));
    assert_string_equal(text, "192.0.2.2");
    ask_addresses(&r, "a.example", AF_INET6);
    assert_int_equal(r.addresses.count, 1);
    assert_int_equal(r.address[0].family, AF_INET6);
    inet_ntop(AF_INET6, &r.address[0].ip, text, sizeof(text));
    assert_string_equal(text, "2001:db8::1");

    ask_addresses(&r, "b.example", AF_INET);
    assert_true(dns_status_is_none(r.addresses.status));
    assert_int_equal(r.addresses.count, 0);
    ask_addresses(&r, "nobody.example", AF_INET);
    assert_int_equal(r.addresses.status, DNS_NXDOMAIN);
    ask_addresses(&r, "c.example", AF_INET);
    assert_int_equal(r.addresses.status, DNS_SERVFAIL);
    run_close(&r);
}

static void localhost_needs_no_server(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone));
    ask_addresses(&r, "localhost", AF_INET);
    assert_int_equal(r.addresses.status, DNS_OK);
    assert_int_equal(r.address[0].ip.v4.s_addr, htonl(INADDR_LOOPBACK));
    ask_addresses(&r, "chat.LocalHost.", AF_INET6);
    assert_int_equal(r.addresses.status, DNS_OK);
    assert_int_equal(r.addresses.count, 1);
    assert_memory_equal(&r.address[0].ip.v6, &in6addr_loopback, sizeof in6addr_loopback);
    ask_srv(&r, "_xmpp-client._tcp.localhost");
    assert_int_equal(r.srv.status, DNS_NXDOMAIN);
    assert_int_equal(r.server.asked, 0);
    ask_addresses(&r, "notlocalhost", AF_INET); /* another name altogether */
    assert_true(r.server.asked > 0);
    run_close(&r);
}

static void impossible_names_are_refused_here(void **state)
{
    (void)state;
    struct run r;
    char long_name[400];
    run_open(&r, zone, ARRAY_LEN(zone));
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = 0;
    ask_srv(&r, long_name);
    assert_int_equal(r.srv.status, DNS_BAD_NAME);
    ask_srv(&r, "a..example");
    assert_int_equal(r.srv.status, DNS_BAD_NAME);
    assert_int_equal(r.server.asked, 0);
    run_close(&r);
}

static void never(void *ctx, const struct dns_srv_answer *answer)
{
    (void)ctx;
    (void)answer;
    fail_msg("an answer came that nobody waits for");
}

static void cancelled_answers_do_not_come(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone));
    dns_cancel(dns_query_srv(r.dns, "_x._tcp.set.example", false, never, NULL));
    dns_cancel(NULL);
    struct dns_query *immediate = dns_query_srv(r.dns, "a..example", false, never, NULL);
    dns_cancel(immediate); /* answered, but not yet delivered */
    ask_srv(&r, "_x._tcp.two.example");
    /* what is under way when the object goes */
    assert_non_null(dns_query_srv(r.dns, "_x._tcp.silent.example", false, never, NULL));
    assert_non_null(dns_query_srv(r.dns, "a..example", false, never, NULL));
    run_close(&r);
    dns_free(NULL);
}

static void cancels_the_other(void *ctx, const struct dns_srv_answer *answer)
{
    struct run *r = ctx;
    (void)answer;
    r->answers++;
    dns_cancel(r->other);
    r->other = NULL;
    if (r->free_dns) {
        dns_free(r->dns);
        r->dns = NULL;
    }
    uv_stop(&r->loop);
}

static void answers_may_cancel_and_free(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct run r;
        run_open(&r, zone, ARRAY_LEN(zone));
        r.free_dns = i == 1;
        /* both are delivered in the same turn */
        assert_non_null(dns_query_srv(r.dns, "a..example", false, cancels_the_other, &r));
        r.other = dns_query_srv(r.dns, "b..example", false, never, NULL);
        uv_run(&r.loop, UV_RUN_DEFAULT);
        assert_int_equal(r.answers, 1);
        run_close(&r);
    }
}

static void nobody_there_is_said(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, zone, ARRAY_LEN(zone));
    /* Connected to somebody else its port is dead for us, and nobody else can have it. */
    const struct sockaddr_in other = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(r.server.fd, (const struct sockaddr *)&other, sizeof(other)), 0);
    ask_srv(&r, "_x._tcp.set.example");
    assert_int_equal(r.srv.status, DNS_UNREACHABLE);
    run_close(&r);
    uv_loop_t loop;
    assert_true(loop_init(&loop));
    assert_null(dns_new(&loop, &(struct dns_settings){"not a server", 0, 0}));
    loop_finish(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srv_records_are_read),
        cmocka_unit_test(srv_answers_are_told_apart),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(lost_question_is_asked_again),
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(localhost_needs_no_server),
        cmocka_unit_test(impossible_names_are_refused_here),
        cmocka_unit_test(cancelled_answers_do_not_come),
        cmocka_unit_test(answers_may_cancel_and_free),
        cmocka_unit_test(nobody_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
