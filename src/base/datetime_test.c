#include "base/datetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void check(const char *text, int64_t want_s)
{
    int64_t got_s;
    assert_true(datetime_parse(str_from(text), &got_s));
    assert_int_equal(got_s, want_s);
}

static void test_reads(void **state)
{
    (void)state;
    check("1970-01-01T00:00:00Z", 0);
    check("1969-07-21T02:56:15Z", -14159025); /* XEP-0082, in its two forms */
    check("1969-07-20T21:56:15-05:00", -14159025);
    check("2026-11-27T03:08:01Z", 1795748881);
    check("2000-02-29T23:59:59.123456Z", 951868799);
    check("2020-03-12T14:36:15+02:30", 1584014775);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-27",
        "2026-11-27T03:08:01",
        "2026-11-27 03:08:01Z",
        "2026-13-27T03:08:01Z",
        "2026-02-29T03:08:01Z",
        "2100-02-29T03:08:01Z",
        "2026-11-27T24:08:01Z",
        "2026-11-27T03:08:61Z",
        "2026-11-27T03:08:01.Z",
        "2026-11-27T03:08:01+15:00",
        "2026-11-27T03:08:01Zx",
        "0000-11-27T03:08:01Z",
        "+026-11-27T03:08:01Z",
        "20261127T03:08:01Z",
    };
    int64_t s;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (datetime_parse(str_from(bad[i]), &s))
            fail_msg("%s was read", bad[i]);
    assert_false(datetime_parse(STR_NONE, &s));
}

/* The C library's calendar is the oracle, in steps that meet every day of the year. */
static void test_like_the_library(void **state)
{
    (void)state;
    for (int64_t s = -62135596800; s < 253402300800; s += 86399 * 37) {
        char ours[DATETIME_BYTES], theirs[DATETIME_BYTES];
        struct tm tm;
        time_t at = (time_t)s;
        int64_t back;
        gmtime_r(&at, &tm);
        strftime(theirs, sizeof theirs, "%FT%TZ", &tm);
        datetime_format(s, ours);
        if (tm.tm_year + 1900 >= 1000)
            assert_string_equal(ours, theirs);
        assert_true(datetime_parse(str_from(ours), &back));
        assert_int_equal(back, s);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char out[DATETIME_BYTES];
    datetime_format(INT64_MIN, out);
    assert_string_equal(out, "0001-01-01T00:00:00Z");
    datetime_format(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_like_the_library),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
