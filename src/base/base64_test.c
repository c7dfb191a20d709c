#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool decode(const char *text, size_t len, struct buf *out)
{
    buf_init(out, 0, true);
    return base64_decode(out, str_of(text, len));
}

/* RFC 4648 §10, and the digits that differ from base64url. */
static void test_vectors(void **unused)
{
    (void)unused;
    static const struct {
        const char *plain, *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        base64_encode(&out, str_from(rows[i].plain));
        assert_true(str_is(buf_peek(&out), rows[i].text));
        buf_finish(&out);
        assert_true(decode(rows[i].text, strlen(rows[i].text), &out));
        assert_true(str_eq(buf_peek(&out), str_from(rows[i].plain)));
        buf_finish(&out);
    }
}

/* RFC 6120 §13.9.1: nothing but the canonical form. */
static void test_strict(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "Z",         "Zg",       "Zg=",      "Z===",       "====", "=",      "Zh==",     "Zm9=",
        "Zm8",       "Zm9v=",    "Zg==Zg==", "Zm9v Zm9",   " Zm9", "Zm9v\n", "Zm9v\r\n", "Zm\n9vYm",
        "Zg=a",      "Zg==\n",   "Z=g=",     "=Zg=",       "Zm9-", "Zm9_",   "Zm9!",     "Zm9\x80",
        "Zm9vZm8==", "Zg==Zm9v", "Zm=v",     "\xc3\xa9==", "Zm9,", "Zm9.",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf out;
        buf_init(&out, 0, i % 2 == 0);
        buf_cstr(&out, "kept");
        assert_false(base64_decode(&out, str_from(bad[i])));
        assert_false(out.failed);
        assert_true(str_is(buf_peek(&out), "kept"));
        buf_finish(&out);
    }
    struct buf out;
    assert_false(decode("Zm\0v", 4, &out));
    buf_finish(&out);
}

/* Of all four-character strings with one varied place, exactly the alphabet decodes. */
static void test_alphabet(void **unused)
{
    (void)unused;
    for (size_t place = 0; place < 4; place++) {
        size_t accepted = 0;
        for (int c = 0; c < 256; c++) {
            char text[4] = {'A', 'A', 'A', 'A'};
            struct buf out;
            text[place] = (char)c;
            if (decode(text, 4, &out)) {
                struct buf again = {0};
                base64_encode(&again, buf_peek(&out));
                assert_true(str_eq(buf_peek(&again), str_of(text, 4)));
                buf_finish(&again);
                accepted++;
            }
            buf_finish(&out);
        }
        assert_int_equal(accepted, place == 3 ? 65 : 64); /* "AAA=" */
    }
}

/* Every length and, in the last group, every value survives the way there and back; every other
 * last digit for a padded group is refused, so that a value has one encoding. */
static void test_round_trip(void **unused)
{
    (void)unused;
    uint8_t plain[300];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    for (size_t len = 0; len <= sizeof plain; len++) {
        struct buf text = {0}, out;
        base64_encode(&text, str_of(plain, len));
        assert_int_equal(buf_len(&text), (len + 2) / 3 * 4);
        assert_true(decode(buf_peek(&text).ptr, buf_len(&text), &out));
        assert_true(str_eq(buf_peek(&out), str_of(plain, len)));
        buf_finish(&text);
        buf_finish(&out);
    }
    size_t accepted = 0;
    for (int c = 0; c < 256; c++) {
        struct buf out;
        accepted += decode((const char[]){'A', (char)c, '=', '='}, 4, &out);
        buf_finish(&out);
        accepted += decode((const char[]){'A', 'A', (char)c, '='}, 4, &out);
        buf_finish(&out);
    }
    assert_int_equal(accepted, 4 + 16 + 1); /* and "AA==" once more */
}

static void test_limits(void **unused)
{
    (void)unused;
    struct buf out;
    buf_init(&out, 4, false);
    base64_encode(&out, STR_LIT("foo"));
    assert_false(out.failed);
    base64_encode(&out, STR_LIT("f"));
    assert_true(out.failed);
    buf_finish(&out);

    buf_init(&out, 2, false);
    assert_true(base64_decode(&out, STR_LIT("Zm9v"))); /* strict, but no room */
    assert_true(out.failed);
    assert_int_equal(buf_len(&out), 0);
    buf_finish(&out);

    buf_init(&out, 0, false);
    base64_encode(&out, str_of("x", SIZE_MAX));
    assert_true(out.failed);
    buf_finish(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),  cmocka_unit_test(test_strict),
        cmocka_unit_test(test_alphabet), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
