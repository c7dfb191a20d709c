#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect_v6(const char *typed, const char *text, const char *network)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
    struct address address;
    assert_int_equal(inet_pton(AF_INET6, typed, &sa.sin6_addr), 1);
    address_read(&address, (const struct sockaddr *)&sa);
    assert_string_equal(address.text, text);
    assert_string_equal(address.network, network);
}

static void a_v4_address_is_its_network(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    struct address address;
    (void)state;
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &sa.sin_addr), 1);
    address_read(&address, (const struct sockaddr *)&sa);
    assert_string_equal(address.text, "192.0.2.7");
    assert_string_equal(address.network, "192.0.2.7");
}

static void a_v6_address_has_its_64(void **state)
{
    (void)state;
    expect_v6("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
    expect_v6("2001:db8:1:2:ffff::", "2001:db8:1:2:ffff::", "2001:db8:1:2::/64");
    expect_v6("2001:db8:1:3::1", "2001:db8:1:3::1", "2001:db8:1:3::/64");
    expect_v6("::1", "::1", "::/64");
    expect_v6("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7");
}

static void one_that_is_not_known_is_all_zero(void **state)
{
    struct address address;
    (void)state;
    address_read(&address, NULL);
    assert_string_equal(address.text, "::");
    assert_string_equal(address.network, "::/64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_v4_address_is_its_network),
        cmocka_unit_test(a_v6_address_has_its_64),
        cmocka_unit_test(one_that_is_not_known_is_all_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
