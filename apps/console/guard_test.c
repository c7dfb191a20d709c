#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const names[] = {"example.org", "*.Example.com"};
static const struct guard_names clear = {0}, tls = {true, names, ARRAY_LEN(names)};

static void knows_its_hosts(void **state)
{
    static const char *const ours[] = {"localhost",    "LocalHost:9090",  "127.0.0.1",
                                       "127.0.0.1:80", "127.9.9.9:65535", "[::1]",
                                       "[::1]:9090"};
    static const char *const others[] = {"",
                                         ":9090",
                                         "example.org",
                                         "localhost.example.org",
                                         "localhost:",
                                         "localhost:x",
                                         "localhost:9090x",
                                         "127.0.0.1.",
                                         "127.0.0.1.example.org",
                                         "10.0.0.1",
                                         "[::2]",
                                         "[::1",
                                         "::1",
                                         "127.1",
                                         "0x7f.0.0.1",
                                         "0.0.0.0",
                                         "localhost:123456",
                                         "evil@localhost",
                                         "localhost/",
                                         "127.0.0.1:90:90"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (!guard_host(&clear, ours[i]))
            fail_msg("refused: %s", ours[i]);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (guard_host(&clear, others[i]))
            fail_msg("taken: %s", others[i]);
    assert_false(guard_host(&clear, NULL));
}

static void knows_its_origin(void **state)
{
    (void)state;
    assert_true(guard_origin(&clear, "http://localhost:9090", "localhost:9090"));
    assert_false(guard_origin(&clear, "http://localhost:9091", "localhost:9090"));
    assert_false(guard_origin(&clear, "https://localhost:9090", "localhost:9090"));
    assert_false(guard_origin(&clear, "http://localhost:9090/", "localhost:9090"));
    assert_false(guard_origin(&clear, "http://127.0.0.1:9090", "localhost:9090"));
    assert_false(guard_origin(&clear, "null", "localhost:9090"));
    assert_false(guard_origin(&clear, "", "localhost:9090"));
}

/* With TLS the certificate says who we are, and an address is nobody's to point elsewhere. */
static void knows_its_names(void **state)
{
    static const char *const ours[] = {"example.org",     "Example.ORG:9091", "a.example.com",
                                       "A.EXAMPLE.COM:1", "127.0.0.1",        "192.0.2.7",
                                       "192.0.2.7:9091",  "[2001:db8::1]",    "[2001:db8::1]:9091"};
    static const char *const others[] = {"",
                                         "localhost",
                                         "evil.example",
                                         "example.org.evil.example",
                                         "evil-example.org",
                                         "a.example.org",
                                         "example.com",
                                         ".example.com",
                                         "a.b.example.com",
                                         "*.example.com.",
                                         "evil@localhost.example.com",
                                         "*.example.com",
                                         "example.org.",
                                         "example.org:",
                                         "example.org:9091x",
                                         "[example.org]",
                                         "[192.0.2.7]",
                                         "2001:db8::1",
                                         "[2001:db8::1",
                                         "[2001:db8::1]x",
                                         "192.0.2.7.",
                                         "192.0.2",
                                         "0x7f.0.0.1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (!guard_host(&tls, ours[i]))
            fail_msg("refused: %s", ours[i]);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (guard_host(&tls, others[i]))
            fail_msg("taken: %s", others[i]);
    assert_false(guard_host(&tls, NULL));
    assert_true(guard_origin(&tls, "https://example.org:9091", "example.org:9091"));
    assert_false(guard_origin(&tls, "http://example.org:9091", "example.org:9091"));
    assert_false(guard_origin(&clear, "https://localhost", "localhost"));
}

static void bounds_a_host(void **state)
{
    char long_host[300];
    (void)state;
    memset(long_host, 'a', sizeof long_host - 1);
    long_host[sizeof long_host - 1] = '\0';
    assert_false(guard_host(&tls, long_host));
    assert_false(guard_host(&clear, long_host));
}

struct head {
    const char *name, *value;
};

static bool ends_clearly(const struct head *heads)
{
    struct guard_frame frame = {0};
    for (size_t i = 0; i < 3 && heads[i].name; i++)
        guard_frame_take(&frame, heads[i].name, heads[i].value);
    return !frame.unclear;
}

static void knows_where_it_ends(void **state)
{
    static const struct head clear_ones[][3] = {
        {{NULL, NULL}},
        {{"Content-Length", "5"}},
        {{"content-length", "05"}, {"Content-Type", "application/json"}},
        {{"Content-Length", "0"}, {"X-8-bit", "\xff\xfe"}, {"X-Tab", "a\tb"}},
        {{"Content-Length", "999999999999999999"}},
        {{"Content-Length-2", "x"}, {"Transfer", "chunked"}, {"X", ""}},
    };
    static const struct head unclear_ones[][3] = {
        {{"Content-Length", "5"}, {"Content-Length", "6"}},
        {{"Content-Length", "5"}, {"X", "y"}, {"content-LENGTH", "5"}},
        {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
        {{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
        {{"transfer-encoding", "identity"}},
        {{"Transfer-Encoding", ""}},
        {{"Content-Length", ""}},
        {{"Content-Length", "+5"}},
        {{"Content-Length", "5, 5"}},
        {{"Content-Length", "0x5"}},
        {{"Content-Length", "18446744073709551615"}},
        {{"Content-Length ", "5"}},
        {{"Content-Length\t", "5"}},
        {{"", "5"}},
        {{"Content\xc2\xadLength", "5"}},
        {{"X", "a\rContent-Length: 5"}},
        {{"X", "\177"}, {"Content-Length", "5"}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(clear_ones); i++)
        if (!ends_clearly(clear_ones[i]))
            fail_msg("refused: row %zu", i);
    for (size_t i = 0; i < ARRAY_LEN(unclear_ones); i++)
        if (ends_clearly(unclear_ones[i]))
            fail_msg("taken: row %zu", i);
}

static void knows_json(void **state)
{
    (void)state;
    assert_true(guard_json("application/json"));
    assert_true(guard_json("Application/JSON; charset=UTF-8"));
    assert_false(guard_json("text/plain"));
    assert_false(guard_json("application/json; x=text/plain"));
    assert_false(guard_json("application/x-www-form-urlencoded"));
    assert_false(guard_json(NULL));
}

static void finds_a_cookie(void **state)
{
    static const struct {
        const char *header, *value;
    } rows[] = {
        {"s=1", "1"},       {"a=b; s=1; c=d", "1"}, {"a=b;s=1", "1"},   {"s=", ""}, {"xs=1", NULL},
        {"s", NULL},        {"a=s=1", NULL},        {"s=1; s=2", NULL}, {"", NULL}, {"S=1", NULL},
        {"; ; s=1;;", "1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str found = guard_cookie(rows[i].header, "s");
        if (rows[i].value ? !found.ptr || !str_is(found, rows[i].value) : found.ptr != NULL)
            fail_msg("%s", rows[i].header);
    }
    assert_null(guard_cookie(NULL, "s").ptr);
}

static void measures_depth(void **state)
{
    (void)state;
    assert_true(guard_depth(STR_LIT("{\"a\":[[],[]]}"), 3));
    assert_false(guard_depth(STR_LIT("{\"a\":[[],[]]}"), 2));
    assert_true(guard_depth(STR_LIT("{\"[[[[\\\"[[\":\"{{{{\"}"), 1));
    assert_false(guard_depth(STR_LIT("[[[[[[[["), 7));
    assert_true(guard_depth(STR_LIT("]]]][\"\\"), 1));
}

static void decodes(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},       {"a+b", "a b"}, {"%41%2b", "A+"}, {"%C3%a9", "\xc3\xa9"},
        {"%00", NULL},  {"%", NULL},    {"%4", NULL},     {"%4x", NULL},
        {"%%41", NULL}, {"a%2", NULL},  {"%0a", "\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", rows[i].in);
        assert_int_equal(guard_decode(text), rows[i].out != NULL);
        if (rows[i].out)
            assert_string_equal(text, rows[i].out);
    }
}

static void asks_whose_page_it_is(void **state)
{
    static const char *const others[] = {"cross-site", "same-site", "", "Same-Origin", "none "};
    (void)state;
    assert_true(guard_site(NULL));
    assert_true(guard_site("same-origin"));
    assert_true(guard_site("none"));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(guard_site(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_its_hosts),
        cmocka_unit_test(knows_its_origin),
        cmocka_unit_test(knows_its_names),
        cmocka_unit_test(bounds_a_host),
        cmocka_unit_test(knows_where_it_ends),
        cmocka_unit_test(knows_json),
        cmocka_unit_test(finds_a_cookie),
        cmocka_unit_test(measures_depth),
        cmocka_unit_test(decodes),
        cmocka_unit_test(asks_whose_page_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
