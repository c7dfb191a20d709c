#include "client/fake_test.h"
#include "client/redirect.h"
#include "net/dns_server_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* ---- the value ---- */

static void reads_hosts_and_ports(void **state)
{
    static const struct {
        const char *value, *host;
        uint16_t port;
    } rows[] = {
        {"b.example", "b.example", 0},
        {"B.Example.", "b.example", 0},
        {"b.example:5222", "b.example", 5222},
        {"192.0.2.1:1", "192.0.2.1", 1},
        {"192.0.2.1:65535", "192.0.2.1", 65535},
        {"[2001:DB8:0::1]", "2001:db8::1", 0},
        {"[2001:db8::1]:5269", "2001:db8::1", 5269},
        {"b\xc3\xbc"
         "cher.example:9",
         "xn--bcher-kva.example", 9},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redirect to;
        assert_true(redirect_parse(str_from(rows[i].value), &to));
        assert_string_equal(to.host, rows[i].host);
        assert_int_equal(to.port, rows[i].port);
    }
}

static void refuses_all_else(void **state)
{
    static const char *const values[] = {
        "",
        ":",
        ":5222",
        "b.example:",
        "b.example:0",
        "b.example:05222",
        "b.example:65536",
        "b.example:99999999999",
        "b.example:-1",
        "b.example:+1",
        "b.example:5222 ",
        "b.example:5a",
        " b.example",
        "b.example ",
        "b.example\n",
        "b.example:5222:5222",
        "b.example/x",
        "a@b.example",
        "2001:db8::1",
        "2001:db8::1:5222",
        "[2001:db8::1",
        "[2001:db8::1]5222",
        "[2001:db8::1]:",
        "[2001:db8::1%eth0]",
        "[192.0.2.1]",
        "[]",
        "[b.example]:5222",
        "192.0.2.256",
        "192.0.2",
        "http://b.example",
        "-b.example",
        "b..example",
        "b_c.example",
        "b.example:\xd9\xa1",
        "\xff",
    };
    char big[REDIRECT_VALUE_MAX_BYTES + 2];
    struct redirect to;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (redirect_parse(str_from(values[i]), &to))
            fail_msg("taken for a host: \"%s\"", values[i]);
    assert_false(redirect_parse(STR_NONE, &to));
    assert_false(redirect_parse(str_of("b\0c", 3), &to));
    memset(big, 'a', sizeof big);
    for (size_t len = sizeof big - 4; len <= sizeof big; len++)
        assert_false(redirect_parse(str_of(big, len), &to));
}

static void counts_to_five(void **state)
{
    struct redirects r = {0};
    struct redirect to = {.host = "b.example"};
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(redirects_follow(&r, "192.0.2.1:5222", &to));
    to.port = 9;
    assert_false(redirects_follow(&r, "[2001:db8::1]:5222", &to));
    assert_int_equal(r.to.port, 0);
    assert_non_null(strstr(r.visited, "192.0.2.1:5222, 192.0.2.1:5222, "));
    assert_non_null(strstr(r.visited, ", [2001:db8::1]:5222"));
}

/* ---- a login that is sent on ---- */

/* A host of the domain "localhost", which sends on to wherever `to` says. */
struct host {
    struct fake fake;
    char to[32];
};

static void send_to(struct host *h, uint16_t port)
{
    snprintf(h->to, sizeof h->to, "127.0.0.1:%u", port);
    h->fake.redirect = h->to;
}

/* Runs all hosts and the client until the login has an outcome. */
static struct linnet_error run(struct host *hosts, size_t count, struct linnet_client *c)
{
    uint64_t end_ms = loop_now_ms() + 20000;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    while (loop_now_ms() < end_ms) {
        const struct linnet_event *e;
        linnet_client_wait(c, 1);
        for (size_t i = 0; i < count; i++)
            fake_step(&hosts[i].fake);
        while ((e = linnet_client_event(c)))
            if (e->kind == LINNET_EVENT_FAILED)
                return *e->error;
            else if (e->kind == LINNET_EVENT_ONLINE)
                return (struct linnet_error){0};
    }
    fail_msg("the login has no outcome");
    return (struct linnet_error){0};
}

/* The first host's certificate is what the client trusts; the others show the same. */
static void start_hosts(struct host *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fake_start(&hosts[i].fake);
        hosts[i].to[0] = '\0';
    }
    for (size_t i = 1; i < count; i++) {
        tls_ctx_unref(hosts[i].fake.tls);
        hosts[i].fake.tls = tls_ctx_ref(hosts[0].fake.tls);
    }
}

static void stop_hosts(struct host *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fake_stop(&hosts[i].fake);
}

static struct linnet_error login(struct host *hosts, size_t count, struct linnet_config *config)
{
    struct linnet_client *c = fake_client(config);
    struct linnet_error error = run(hosts, count, c);
    linnet_client_free(c);
    for (size_t i = 0; i < count; i++)
        fake_hang_up(&hosts[i].fake, false);
    return error;
}

/* A host that was configured is sent on like any other. */
static void follows_a_server_that_proved_itself(void **state)
{
    struct host hosts[3];
    (void)state;
    start_hosts(hosts, 3);
    send_to(&hosts[0], hosts[1].fake.port);
    send_to(&hosts[1], hosts[2].fake.port);
    struct linnet_client *c = fake_client(fake_config(&hosts[0].fake));
    struct linnet_error error = run(hosts, 3, c);
    assert_string_equal(error.sentence, "");
    assert_string_equal(linnet_client_jid(c), "juliet@localhost/r");
    char peer[32];
    snprintf(peer, sizeof peer, "127.0.0.1:%u", hosts[2].fake.port);
    assert_string_equal(linnet_client_peer(c), peer);
    char *text = linnet_client_recording(c);
    assert_non_null(strstr(text, "see-other-host"));
    assert_non_null(strstr(text, hosts[1].to));
    assert_null(strstr(text, "too many"));
    free(text);
    linnet_client_free(c);
    stop_hosts(hosts, 3);
}

static void stays_with_direct_tls(void **state)
{
    struct host hosts[2];
    (void)state;
    start_hosts(hosts, 2);
    hosts[0].fake.direct_tls = hosts[1].fake.direct_tls = true;
    send_to(&hosts[0], hosts[1].fake.port);
    assert_int_equal(login(hosts, 2, fake_config(&hosts[0].fake)).code, LINNET_OK);
    stop_hosts(hosts, 2);
}

/* Two that point at each other: five are followed, the sixth is the end. */
static void ends_a_loop(void **state)
{
    struct host hosts[2];
    (void)state;
    start_hosts(hosts, 2);
    send_to(&hosts[0], hosts[1].fake.port);
    send_to(&hosts[1], hosts[0].fake.port);
    struct linnet_error error = login(hosts, 2, fake_config(&hosts[0].fake));
    assert_int_equal(error.code, LINNET_ERROR_REDIRECT_LOOP);
    assert_int_equal(error.origin, LINNET_ORIGIN_PEER);
    assert_string_equal(error.condition, "see-other-host");
    assert_non_null(strstr(linnet_error_param(&error, "hosts"), hosts[1].to));
    assert_int_equal(hosts[0].fake.accepted + hosts[1].fake.accepted, 6);
    stop_hosts(hosts, 2);
}

/* The other host must prove the same identity by the same rules: nothing is sent to one that shows
 * a certificate of its own. */
static void an_evil_host_gains_nothing(void **state)
{
    struct host hosts[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        fake_start(&hosts[i].fake);
    send_to(&hosts[0], hosts[1].fake.port);
    struct linnet_error error = login(hosts, 2, fake_config(&hosts[0].fake));
    assert_int_equal(error.code, LINNET_ERROR_CERT_UNTRUSTED);
    assert_int_equal(hosts[1].fake.accepted, 1);
    stop_hosts(hosts, 2);
}

static void believes_nobody_in_clear(void **state)
{
    struct host hosts[2];
    (void)state;
    start_hosts(hosts, 2);
    hosts[0].fake.redirects_in_clear = true;
    send_to(&hosts[0], hosts[1].fake.port);
    for (int in_clear = 0; in_clear < 2; in_clear++) { /* where TLS is to come, and where not */
        hosts[0].fake.in_clear = in_clear;
        struct linnet_error error = login(hosts, 2, fake_config(&hosts[0].fake));
        assert_int_equal(error.code, LINNET_ERROR_PROTOCOL);
        assert_string_equal(error.condition, "see-other-host");
        assert_string_equal(error.peer_text, hosts[0].to);
    }
    assert_int_equal(hosts[1].fake.accepted, 0);
    stop_hosts(hosts, 2);
}

static void a_place_that_is_none(void **state)
{
    static const char *const values[] = {"", "b.example:0", "::1", "a b", "b.example:5222&#10;"};
    struct host h;
    (void)state;
    start_hosts(&h, 1);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        h.fake.redirect = values[i];
        struct linnet_error error = login(&h, 1, fake_config(&h.fake));
        assert_int_equal(error.code, LINNET_ERROR_PROTOCOL);
        assert_string_equal(error.condition, "see-other-host");
    }
    stop_hosts(&h, 1);
}

static void a_place_where_nobody_listens(void **state)
{
    struct host hosts[2];
    (void)state;
    start_hosts(hosts, 2);
    send_to(&hosts[0], hosts[1].fake.port);
    fake_go_deaf(&hosts[1].fake);
    struct linnet_error error = login(hosts, 1, fake_config(&hosts[0].fake));
    assert_int_equal(error.code, LINNET_ERROR_REFUSED);
    assert_non_null(strstr(linnet_error_param(&error, "targets"), hosts[0].to));
    stop_hosts(hosts, 2);
}

/* A host without a port is a domain to be resolved anew, SRV first (RFC 6120 §4.9.3.19). */
static void resolves_a_name(void **state)
{
    struct host hosts[2];
    struct test_dns dns;
    (void)state;
    start_hosts(hosts, 2);
    hosts[0].fake.redirect = "other.test";
    struct test_dns_name names[] = {
        {.name = "_xmpp-client._tcp.other.test",
         .type = TEST_SRV_TYPE,
         .records = {{"chat.other.test", 1, 0, hosts[1].fake.port}}},
        {.name = "chat.other.test", .type = TEST_A, .records = {{.target = "127.0.0.1"}}},
    };
    for (size_t known = ARRAY_LEN(names); known-- > 0;) { /* first all of them, then too few */
        struct linnet_client *c = fake_client(fake_config(&hosts[0].fake));
        test_dns_open(&dns, &c->loop, names, known ? ARRAY_LEN(names) : 0);
        struct dns_settings settings = {.servers = dns.servers};
        c->dns = &settings;
        struct linnet_error error = run(hosts, 2, c);
        assert_int_equal(error.code, known ? LINNET_OK : LINNET_ERROR_DNS_NONE);
        if (!known)
            assert_non_null(strstr(error.sentence, "The host other.test that the server of "
                                                   "localhost names has no address"));
        test_dns_close(&dns);
        linnet_client_free(c);
        for (int i = 0; i < 2; i++)
            fake_hang_up(&hosts[i].fake, false);
    }
    stop_hosts(hosts, 2);
}

/* ---- a token on its way from host to host ---- */

struct sent {
    char text[8192];
    size_t len;
};

static void on_trace(void *ctx, enum linnet_direction direction, const char *xml, size_t len)
{
    struct sent *sent = ctx;
    if (direction != LINNET_SENT || len >= sizeof sent->text - sent->len)
        return;
    memcpy(sent->text + sent->len, xml, len);
    sent->len += len;
    sent->text[sent->len] = '\0';
}

static struct linnet_config *config_with_memory(const struct fake *f, struct str memory,
                                                struct sent *sent)
{
    struct linnet_config *config = fake_config(f);
    linnet_config_set_memory(config, memory.ptr ? memory.ptr : "", memory.len);
    linnet_config_set_trace(config, on_trace, sent, false);
    return config;
}

/* The first host sees the token, which leaves with the header, before it sends the login on: the
 * second gets another count. */
static void no_count_for_two_hosts(void **state)
{
    static struct sent sent;
    struct host hosts[2];
    size_t len;
    (void)state;
    sent = (struct sent){.len = 0};
    start_hosts(hosts, 2);
    for (int i = 0; i < 2; i++)
        hosts[i].fake.fast = true;
    struct linnet_client *c = fake_client(config_with_memory(&hosts[0].fake, STR_NONE, &sent));
    assert_int_equal(run(hosts, 2, c).code, LINNET_OK);
    const char *text = linnet_client_memory(c, &len);
    char *memory = strndup(text, len);
    linnet_client_free(c);
    fake_hang_up(&hosts[0].fake, false);
    hosts[1].fake.token = hosts[0].fake.token;

    send_to(&hosts[0], hosts[1].fake.port);
    c = fake_client(config_with_memory(&hosts[0].fake, str_of(memory, len), &sent));
    assert_int_equal(run(hosts, 2, c).code, LINNET_OK);
    assert_true(linnet_client_path(c) & LINNET_PATH_TOKEN);
    assert_non_null(strstr(sent.text, "count='1'"));
    assert_null(strstr(strstr(sent.text, "count='1'") + 1, "count='1'"));
    assert_int_equal(hosts[1].fake.token.count, 2);
    linnet_client_free(c);
    free(memory);
    stop_hosts(hosts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_hosts_and_ports),
        cmocka_unit_test(refuses_all_else),
        cmocka_unit_test(counts_to_five),
        cmocka_unit_test(follows_a_server_that_proved_itself),
        cmocka_unit_test(stays_with_direct_tls),
        cmocka_unit_test(ends_a_loop),
        cmocka_unit_test(an_evil_host_gains_nothing),
        cmocka_unit_test(believes_nobody_in_clear),
        cmocka_unit_test(a_place_that_is_none),
        cmocka_unit_test(a_place_where_nobody_listens),
        cmocka_unit_test(resolves_a_name),
        cmocka_unit_test(no_count_for_two_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
