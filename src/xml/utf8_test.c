#include "xml/utf8.h"

#include "xml/names.h"
#include "xml/ref.h"
#include "xml/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every scalar value is read back; every beginning of it asks for more. */
static void test_all_code_points(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char out[UTF8_MAX_BYTES];
        uint32_t back = 0;
        int n = utf8_encode(cp, out);
        const uint8_t *p = (const uint8_t *)out;
        if (cp >= 0xD800 && cp <= 0xDFFF) {
            assert_int_equal(utf8_decode(p, 2, &back), UTF8_INVALID);
            continue;
        }
        for (int len = 0; len < n; len++)
            assert_int_equal(utf8_decode(p, (size_t)len, &back), UTF8_SHORT);
        assert_int_equal(utf8_decode(p, UTF8_MAX_BYTES, &back), n);
        assert_int_equal(back, cp);
    }
}

/* Of all three-byte strings, exactly the shortest forms of scalar values are taken. */
static void test_all_three_bytes(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1 << 24; bits++) {
        const uint8_t in[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
        uint32_t cp = 0;
        int n = utf8_decode(in, 3, &cp);
        if (n <= 0)
            continue;
        char out[UTF8_MAX_BYTES];
        if (utf8_encode(cp, out) != n || memcmp(out, in, (size_t)n) != 0 ||
            (cp >= 0xD800 && cp <= 0xDFFF))
            fail_msg("%06x", bits);
    }
}

static void test_invalid_at_once(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } invalid[] = {
        {"\x80", 1},         {"\xbf", 1},          {"\xc0", 1},     {"\xc1", 1},
        {"\xf5", 1},         {"\xff", 1},          {"\xe0\x9f", 2}, {"\xed\xa0", 2},
        {"\xf0\x8f", 2},     {"\xf4\x90", 2},      {"\xc3\x28", 2}, {"\xe2\x82\x28", 3},
        {"\xf0\x9f\x28", 3}, {"\xf0\x9f\x98(", 4}, {"\xe1\xc0", 2},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
        uint32_t cp;
        const uint8_t *p = (const uint8_t *)invalid[i].bytes;
        assert_int_equal(utf8_decode(p, invalid[i].len, &cp), UTF8_INVALID);
        assert_int_equal(utf8_decode(p, invalid[i].len - 1, &cp), UTF8_SHORT);
    }
}

static void test_xml_char(void **state)
{
    static const uint32_t yes[] = {9,      10,     13,     0x20,    0x7F,    0x85,    0xD7FF,
                                   0xE000, 0xFEFF, 0xFFFD, 0x10000, 0x1FFFE, 0x10FFFF};
    static const uint32_t no[] = {0,    1,      8,      11,     12,     14,
                                  0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x110000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(xml_char(yes[i]));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(xml_char(no[i]));
}

/* The eight-byte scan against the definition, for every byte at every place. */
static void test_scan(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 20; at++) {
            uint8_t text[20];
            memset(text, 'x', sizeof text);
            text[at] = (uint8_t)byte;
            if (at + 1 < sizeof text)
                text[at + 1] = 0x1F; /* nothing above a stop may hide it */
            bool stops = byte < 0x20 || byte >= 0x80 || byte == '<' || byte == '&' || byte == ']' ||
                         byte == '"';
            size_t expected = stops ? at : at + 1 < sizeof text ? at + 1 : sizeof text;
            const uint8_t *end = text + sizeof text;
            assert_int_equal(scan_plain(text, end, '<', '&', ']', '"') - text, expected);
        }
    }
}

static void test_names(void **state)
{
    static const char *const yes[] = {
        "a",         "_",         "a-b.c1",      "\xc3\xa9", "\xf0\x90\x80\x80",
        "a\xc2\xb7", "a\xcc\x80", "\xe2\x81\xb0"};
    static const char *const no[] = {"",         "1a",       "-a",           ".a",       "a b",
                                     "a:b",      ":",        "a\xc3",        "\xc3\x97", "\xcc\x80",
                                     "\xc2\xb7", "\xcd\xbe", "\xef\xbf\xbe", "a/"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(name_valid(str_from(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(name_valid(str_from(no[i])));
}

static void test_refs(void **state)
{
    static const struct {
        const char *text;
        enum ref_result result;
        uint32_t value;
    } refs[] = {
        {"amp;", REF_DONE, '&'},
        {"lt;", REF_DONE, '<'},
        {"gt;", REF_DONE, '>'},
        {"apos;", REF_DONE, '\''},
        {"quot;", REF_DONE, '"'},
        {"#65;", REF_DONE, 'A'},
        {"#x1F600;", REF_DONE, 0x1F600},
        {"#x0000000041;", REF_DONE, 'A'},
        {"#x10FFFF;", REF_DONE, 0x10FFFF},
        {"#x110000", REF_BAD, 0},
        {"#;", REF_BAD, 0},
        {"#x;", REF_BAD, 0},
        {"#X", REF_BAD, 0},
        {"#-", REF_BAD, 0},
        {"#0;", REF_BAD, 0},
        {"#xFFFE;", REF_BAD, 0},
        {";", REF_BAD, 0},
        {" ", REF_BAD, 0},
        {"1", REF_BAD, 0},
        {"b", REF_UNKNOWN, 0},
        {"am;", REF_UNKNOWN, 0},
        {"amp.", REF_UNKNOWN, 0},
        {"quot1", REF_UNKNOWN, 0},
        {"lt", REF_MORE, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
        struct ref ref;
        enum ref_result result = REF_MORE;
        ref_begin(&ref);
        for (const char *p = refs[i].text; *p; p++) {
            assert_int_equal(result, REF_MORE);
            result = ref_byte(&ref, (uint8_t)*p);
        }
        if (result != refs[i].result || (result == REF_DONE && ref.value != refs[i].value))
            fail_msg("%s: %d", refs[i].text, result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_code_points),
        cmocka_unit_test(test_all_three_bytes),
        cmocka_unit_test(test_invalid_at_once),
        cmocka_unit_test(test_xml_char),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
