#include "net/tls_identity.h"

#include "net/certs_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool matches(const struct test_name *names, size_t count, const char *host)
{
    struct test_cert t = test_cert_new(NULL, "cn.example.org", names, count, 30);
    const struct tls_identity id = {host, "xmpp-client", true};
    bool result = tls_identity_matches(t.cert, &id);
    test_cert_free(&t);
    return result;
}

static bool dns_matches_host(const char *name, const char *host)
{
    const struct test_name n = {TEST_DNS, name, 0};
    return matches(&n, 1, host);
}

static void test_dns_id(void **state)
{
    (void)state;
    assert_true(dns_matches_host("example.org", "example.org"));
    assert_true(dns_matches_host("EXAMPLE.org", "example.ORG"));
    assert_true(dns_matches_host("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"));
    assert_false(dns_matches_host("example.org", "example.com"));
    assert_false(dns_matches_host("example.org", "chat.example.org"));
    assert_false(dns_matches_host("chat.example.org", "example.org"));
    assert_false(dns_matches_host("example.org.", "example.org"));
    assert_false(dns_matches_host("xample.org", "example.org"));
}

static void test_wildcard(void **state)
{
    (void)state;
    assert_true(dns_matches_host("*.example.org", "chat.example.org"));
    assert_true(dns_matches_host("*.Example.Org", "chat.example.org"));
    assert_false(dns_matches_host("*.example.org", "example.org"));
    assert_false(dns_matches_host("*.example.org", "a.chat.example.org"));
    assert_false(dns_matches_host("*.example.org", ".example.org"));
    assert_false(dns_matches_host("c*.example.org", "chat.example.org"));
    assert_false(dns_matches_host("*t.example.org", "chat.example.org"));
    assert_false(dns_matches_host("chat.*.org", "chat.example.org"));
    assert_false(dns_matches_host("*.*.org", "chat.example.org"));
    assert_false(dns_matches_host("*", "localhost"));
    assert_false(dns_matches_host("*.", "localhost."));
    assert_false(dns_matches_host("*.org", "example.org"));
    assert_false(dns_matches_host("*.example.org", "*.example.org.evil"));
}

static void test_embedded_nul(void **state)
{
    (void)state;
    const struct test_name dns = {TEST_DNS, "example.org\0.evil.com", 21};
    const struct test_name nul_only = {TEST_DNS, "example.org\0", 12};
    const struct test_name srv = {TEST_SRV, "_xmpp-client.example.org\0.evil.com", 34};
    const struct test_name xmpp = {TEST_XMPP, "example.org\0.evil.com", 21};
    assert_false(matches(&dns, 1, "example.org"));
    assert_false(matches(&nul_only, 1, "example.org"));
    assert_false(matches(&srv, 1, "example.org"));
    assert_false(matches(&xmpp, 1, "example.org"));
}

static void test_common_name_never_counts(void **state)
{
    (void)state;
    const struct test_name other = {TEST_DNS, "other.example.org", 0};
    assert_false(matches(NULL, 0, "cn.example.org"));
    assert_false(matches(&other, 1, "cn.example.org"));
}

static void test_srv_id(void **state)
{
    (void)state;
    const struct test_name client = {TEST_SRV, "_xmpp-client.example.org", 0};
    const struct test_name server = {TEST_SRV, "_xmpp-server.example.org", 0};
    const struct test_name wild = {TEST_SRV, "_xmpp-client.*.example.org", 0};
    const struct test_name bare = {TEST_SRV, "_xmpp-client.", 0};
    assert_true(matches(&client, 1, "example.org"));
    assert_false(matches(&client, 1, "chat.example.org"));
    assert_false(matches(&server, 1, "example.org"));
    assert_false(matches(&wild, 1, "chat.example.org"));
    assert_false(matches(&bare, 1, "example.org"));

    struct test_cert t = test_cert_new(NULL, "x", &client, 1, 30);
    assert_false(tls_identity_matches(t.cert, &(struct tls_identity){"example.org", NULL, true}));
    test_cert_free(&t);
}

static void test_xmpp_addr(void **state)
{
    (void)state;
    const struct test_name plain = {TEST_XMPP, "example.org", 0};
    const struct test_name unicode = {TEST_XMPP, "münchen.example", 0};
    const struct test_name wild = {TEST_XMPP, "*.example.org", 0};
    const struct test_name user = {TEST_XMPP, "juliet@example.org", 0};
    assert_true(matches(&plain, 1, "example.org"));
    assert_true(matches(&unicode, 1, "xn--mnchen-3ya.example"));
    assert_false(matches(&unicode, 1, "munchen.example"));
    assert_false(matches(&wild, 1, "chat.example.org"));
    assert_false(matches(&user, 1, "example.org"));

    struct test_cert t = test_cert_new(NULL, "x", &plain, 1, 30);
    assert_false(
        tls_identity_matches(t.cert, &(struct tls_identity){"example.org", "xmpp-client", false}));
    test_cert_free(&t);
}

static void test_ip(void **state)
{
    (void)state;
    const struct test_name v4 = {TEST_IP, "\x7f\x00\x00\x01", 4};
    const struct test_name v6 = {TEST_IP, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16};
    const struct test_name dns = {TEST_DNS, "127.0.0.1", 0};
    const struct test_name raw_dns = {TEST_DNS, "\x7f\x00\x00\x01", 4};
    const struct test_name short_ip = {TEST_IP, "\x7f\x00\x00", 3};
    assert_true(matches(&v4, 1, "127.0.0.1"));
    assert_true(matches(&v6, 1, "::1"));
    assert_true(matches(&v6, 1, "0:0::1"));
    assert_false(matches(&v4, 1, "127.0.0.2"));
    assert_false(matches(&v6, 1, "127.0.0.1"));
    assert_false(matches(&dns, 1, "127.0.0.1"));
    assert_false(matches(&raw_dns, 1, "127.0.0.1"));
    assert_false(matches(&short_ip, 1, "127.0.0.0"));
}

static void test_any_of_several(void **state)
{
    (void)state;
    const struct test_name names[] = {{TEST_DNS, "a.example", 0},
                                      {TEST_IP, "\x7f\x00\x00\x01", 4},
                                      {TEST_XMPP, "b.example", 0},
                                      {TEST_DNS, "c.example", 0}};
    assert_true(matches(names, 4, "a.example"));
    assert_true(matches(names, 4, "b.example"));
    assert_true(matches(names, 4, "c.example"));
    assert_true(matches(names, 4, "127.0.0.1"));
    assert_false(matches(names, 4, "d.example"));
}

static void test_list(void **state)
{
    (void)state;
    char text[512];
    const struct test_name names[] = {{TEST_DNS, "*.example.org", 0},
                                      {TEST_IP, "\x7f\x00\x00\x01", 4},
                                      {TEST_XMPP, "münchen.example", 0},
                                      {TEST_SRV, "_xmpp-client.a.example", 0},
                                      {TEST_DNS, "evil\0\n.example", 14}};
    struct test_cert t = test_cert_new(NULL, "x", names, 5, 30);
    tls_identity_list(t.cert, text, sizeof(text));
    assert_string_equal(
        text, "*.example.org, 127.0.0.1, xmpp:münchen.example, _xmpp-client.a.example, evil? "
              ".example");
    tls_identity_list(t.cert, text, 40);
    assert_string_equal(text, "*.example.org, 127.0.0.1, ...");
    test_cert_free(&t);
    t = test_cert_new(NULL, "x", NULL, 0, 30);
    tls_identity_list(t.cert, text, sizeof(text));
    assert_string_equal(text, "");
    test_cert_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dns_id),       cmocka_unit_test(test_wildcard),
        cmocka_unit_test(test_embedded_nul), cmocka_unit_test(test_common_name_never_counts),
        cmocka_unit_test(test_srv_id),       cmocka_unit_test(test_xmpp_addr),
        cmocka_unit_test(test_ip),           cmocka_unit_test(test_any_of_several),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
