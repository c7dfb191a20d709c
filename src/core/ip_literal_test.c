#include "core/ip_literal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void reads_ipv4(void **state)
{
    (void)state;
    static const char *const good[] = {"0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.3.100"};
    static const char *const bad[] = {"",          "1",         "1.2.3",     "1.2.3.4.",
                                      "1.2.3.4.5", "256.1.1.1", "1.1.1.999", "01.2.3.4",
                                      "1.2.3.00",  ".1.2.3.4",  "1..2.3",    "1.2.3.a",
                                      "0x1.2.3.4", "1.2.3.-4",  "1.2.3. 4",  "1.2.3.0004"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint8_t ours[4], theirs[4];
        assert_true(ip_literal_v4(str_from(good[i]), ours));
        assert_int_equal(inet_pton(AF_INET, good[i], theirs), 1);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t ip[4];
        assert_false(ip_literal_v4(str_from(bad[i]), ip));
    }
}

static void reads_and_prints_ipv6(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"2001:DB8::0001", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"::FFFF:c000:201", "::ffff:192.0.2.1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"::1.2.3.4", "::102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t ours[16], theirs[16];
        char text[40];
        if (!ip_literal_v6(str_from(rows[i].in), ours))
            fail_msg("refused: %s", rows[i].in);
        assert_int_equal(inet_pton(AF_INET6, rows[i].in, theirs), 1);
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_int_equal(ip_literal_v6_print(ours, text), strlen(rows[i].out));
        assert_string_equal(text, rows[i].out);
    }
}

static void refuses_what_is_no_ipv6(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ":",
        ":::",
        "1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "::1::",
        ":1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:",
        "12345::",
        "::g",
        "1:2:3:4::5:6:7:8",
        "::1%lo",
        "::1.2.3",
        "::256.1.1.1",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4",
        "::1/64",
        " ::1",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t ip[16];
        if (ip_literal_v6(str_from(bad[i]), ip))
            fail_msg("accepted: %s", bad[i]);
    }
}

/* What is printed reads back, and the system's reader agrees; zero groups are common. */
static void prints_what_reads_back(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 20000; round++) {
        uint8_t ip[16], back[16], theirs[16];
        char text[40];
        for (int i = 0; i < 16; i += 2) {
            seed = seed * 1103515245 + 12345;
            ip[i] = seed & 0x10000 ? (uint8_t)(seed >> 24) : 0;
            ip[i + 1] = seed & 0x30000 ? (uint8_t)(seed >> 20) : 0;
        }
        ip_literal_v6_print(ip, text);
        assert_true(ip_literal_v6(str_from(text), back));
        assert_memory_equal(ip, back, sizeof ip);
        assert_int_equal(inet_pton(AF_INET6, text, theirs), 1);
        assert_memory_equal(ip, theirs, sizeof ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_ipv4),
        cmocka_unit_test(reads_and_prints_ipv6),
        cmocka_unit_test(refuses_what_is_no_ipv6),
        cmocka_unit_test(prints_what_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
