#include "server/c2s/addresses.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct peer peer(const char *ip, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
        return peer_of((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
    return peer_of((const struct sockaddr *)&v6);
}

static void test_text(void **state)
{
    char text[PEER_TEXT_BYTES];
    struct peer p = peer("192.0.2.7", 5000);
    (void)state;
    assert_string_equal(peer_text(&p, text), "192.0.2.7:5000");
    p = peer("2001:db8::1", 5001);
    assert_string_equal(peer_text(&p, text), "[2001:db8::1]:5001");
    p = peer("::ffff:192.0.2.7", 1); /* how a dual-stack socket shows an IPv4 peer */
    assert_string_equal(peer_text(&p, text), "192.0.2.7:1");
}

static void test_limit(void **state)
{
    static const uint8_t key[16] = {1};
    struct addresses a;
    struct peer one = peer("192.0.2.7", 1), two = peer("192.0.2.7", 2),
                other = peer("192.0.2.8", 1);
    (void)state;
    addresses_init(&a, key);
    assert_true(addresses_enter(&a, &one, 2));
    assert_true(addresses_enter(&a, &two, 2));
    assert_false(addresses_enter(&a, &one, 2));
    assert_true(addresses_enter(&a, &other, 2));
    addresses_leave(&a, &two);
    assert_true(addresses_enter(&a, &one, 2));
    addresses_finish(&a);
}

/* A subscriber has a whole /64, so it counts as one. */
static void test_ipv6_by_network(void **state)
{
    static const uint8_t key[16] = {1};
    struct addresses a;
    struct peer one = peer("2001:db8:1:2::1", 1), same = peer("2001:db8:1:2:ffff::9", 1),
                other = peer("2001:db8:1:3::1", 1);
    (void)state;
    addresses_init(&a, key);
    assert_true(addresses_enter(&a, &one, 1));
    assert_false(addresses_enter(&a, &same, 1));
    assert_true(addresses_enter(&a, &other, 1));
    addresses_leave(&a, &one);
    addresses_leave(&a, &other);
    assert_int_equal(a.counts.count, 0);
    addresses_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_ipv6_by_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
