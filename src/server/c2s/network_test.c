#include "server/c2s/network.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct network parsed(const char *text)
{
    struct network n;
    if (network_parse(str_from(text), &n) != NETWORK_OK)
        fail_msg("%s is refused", text);
    return n;
}

static void has_one_form(void **state)
{
    static const char *const forms[][2] = {
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"192.0.2.7", "192.0.2.7/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"192.0.2.128/25", "192.0.2.128/25"},
        {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
        {"::ffff:c000:207", "192.0.2.7/32"},
        {"::ffff:0:0/96", "0.0.0.0/0"},
        {"2001:DB8:0:0::/32", "2001:db8::/32"},
        {"2001:db8::1", "2001:db8::1/128"},
        {"::/0", "::/0"},
        {"fe80::/10", "fe80::/10"},
    };
    char text[NETWORK_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct network n = parsed(forms[i][0]);
        assert_string_equal(network_text(&n, text), forms[i][1]);
    }
}

static void refuses_what_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        "/",
        "/24",
        "192.0.2.0/",
        "192.0.2.0/33",
        "192.0.2.0/024",
        "192.0.2.0/+24",
        "192.0.2.0/24/24",
        "192.0.2.0/255.255.255.0",
        "192.0.2/24",
        "192.0.02.0/24",
        "192.0.2.0 /24",
        " 192.0.2.0/24",
        "2001:db8::/129",
        "2001:db8::/4294967328",
        "2001:db8:::/32",
        "fe80::1%lo/128",
        "example.org",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255/1",
    };
    struct network n;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (network_parse(str_from(texts[i]), &n) != NETWORK_MALFORMED)
            fail_msg("\"%s\" is taken", texts[i]);
    assert_int_equal(network_parse(STR_NONE, &n), NETWORK_MALFORMED);
    assert_int_equal(network_parse(str_of("192.0.2.7\0", 10), &n), NETWORK_MALFORMED);
    assert_int_equal(network_parse(str_of("192.0.2.0/2\0", 12), &n), NETWORK_MALFORMED);
}

static void says_which_network_a_host_is_in(void **state)
{
    static const char *const hosts[][2] = {{"192.0.2.7/24", "192.0.2.0/24"},
                                           {"192.0.2.1/0", "0.0.0.0/0"},
                                           {"2001:db8::1/32", "2001:db8::/32"},
                                           {"2001:db8:8000::/32", "2001:db8::/32"}};
    char text[NETWORK_TEXT_BYTES];
    struct network n;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_int_equal(network_parse(str_from(hosts[i][0]), &n), NETWORK_HAS_HOST);
        assert_string_equal(network_text(&n, text), hosts[i][1]);
    }
}

static bool has(const char *network, const char *address)
{
    struct network n = parsed(network), host = parsed(address);
    return network_has(&n, &host.base);
}

static void knows_its_addresses(void **state)
{
    (void)state;
    assert_true(has("192.0.2.0/24", "192.0.2.0"));
    assert_true(has("192.0.2.0/24", "192.0.2.255"));
    assert_false(has("192.0.2.0/24", "192.0.3.0"));
    assert_false(has("192.0.2.0/24", "192.0.1.255"));
    assert_true(has("192.0.2.128/25", "192.0.2.128"));
    assert_false(has("192.0.2.128/25", "192.0.2.127"));
    assert_true(has("192.0.2.7", "::ffff:192.0.2.7"));
    assert_false(has("192.0.2.7", "192.0.2.6"));
    assert_true(has("0.0.0.0/0", "203.0.113.1"));
    assert_false(has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::"));
    assert_true(has("::/0", "2001:db8::1"));
}

static void knows_this_machine(void **state)
{
    static const char *const yes[] = {"127.0.0.1",    "127.0.0.0/8",   "127.255.255.255",
                                      "0.0.0.0/0",    "126.0.0.0/7",   "::1",
                                      "::/0",         "::/127",        "::/64",
                                      "::/96",        "::8000:0:0/81", "::ffff:127.0.0.1",
                                      "::ffff:0:0/96"};
    static const char *const no[] = {"126.0.0.0/8", "128.0.0.0/1", "192.0.2.1",
                                     "::2",         "::2/127",     "2001:db8::/32",
                                     "1000::/4",    "::",          "::ffff:128.0.0.0/104"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        struct network n = parsed(yes[i]);
        if (!network_has_loopback(&n))
            fail_msg("%s has no loopback", yes[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        struct network n = parsed(no[i]);
        if (network_has_loopback(&n))
            fail_msg("%s has loopback", no[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_form),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(says_which_network_a_host_is_in),
        cmocka_unit_test(knows_its_addresses),
        cmocka_unit_test(knows_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
