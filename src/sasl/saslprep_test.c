#include "sasl/saslprep.h"

#include <pr29.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stringprep.h>

#include <cmocka.h>
#include <utf8proc.h>

/* RFC 4013 §3, and one row for each rule. NULL: refused. */
static void test_vectors(void **unused)
{
    (void)unused;
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"I\xc2\xadX", "IX"},                     /* SOFT HYPHEN to nothing */
        {"user", "user"},                         /* */
        {"USER", "USER"},                         /* case kept */
        {"\xc2\xaa", "a"},                        /* NFKC */
        {"\xe2\x85\xa8", "IX"},                   /* NFKC */
        {"\x07", NULL},                           /* control */
        {"\xd8\xa7\x31", NULL},                   /* bidi */
        {"", ""},                                 /* */
        {"\xc2\xad", ""},                         /* nothing left */
        {"a b~", "a b~"},                         /* U+0020 stays */
        {"a\xc2\xa0\xe3\x80\x80z", "a  z"},       /* spaces to U+0020 */
        {"\xe2\x80\x8b", " "},                    /* U+200B is in both tables */
        {"a\x7f", NULL},                          /* DELETE */
        {"a\xc2\x85", NULL},                      /* C1 control */
        {"e\xcc\x81", "\xc3\xa9"},                /* composed */
        {"\xcc\x81\xcc\xa7", "\xcc\xa7\xcc\x81"}, /* ordered */
        {"\xee\x80\x80", NULL},                   /* private use */
        {"\xef\xbf\xbe", NULL},                   /* noncharacter */
        {"\xf3\xa0\x80\x81", NULL},               /* language tag */
        {"\xc8\xa1", NULL},                       /* U+0221: unassigned in 3.2 */
        {"\xf0\x9f\x98\x80", NULL},               /* an emoji: unassigned in 3.2 */
        {"\xd8\xa7", "\xd8\xa7"},                 /* alef alone */
        {"\xd8\xa7\x31\xd8\xa8", "\xd8\xa7\x31\xd8\xa8"},
        {"\xd8\xa7"
         "a"
         "\xd8\xa8",
         NULL},                 /* L inside */
        {"\x31\xd8\xa7", NULL}, /* begins neither R nor AL */
        {"\x80", NULL},         /* not UTF-8 from here on */
        {"a\xc3", NULL},
        {"\xc0\xaf", NULL},
        {"\xed\xa0\x80", NULL},
        {"\xf4\x90\x80\x80", NULL},
        {"\xff", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        buf_cstr(&out, "kept");
        bool ok = saslprep(str_from(rows[i].in), &out);
        assert_int_equal(ok, rows[i].want != NULL);
        assert_false(out.failed);
        buf_consume(&out, 4);
        assert_true(str_eq(buf_peek(&out), str_from(rows[i].want)));
        buf_finish(&out);
    }
    struct buf out = {0};
    assert_false(saslprep(str_of("a\0b", 3), &out));
    assert_false(saslprep(str_of("\0\xc3\xa9", 3), &out));
    assert_true(saslprep(STR_NONE, &out));
    buf_finish(&out);
}

static void test_bounds(void **unused)
{
    (void)unused;
    char text[SASLPREP_MAX_BYTES + 1];
    memset(text, 'a', sizeof text);
    struct buf out = {0};
    assert_true(saslprep(str_of(text, SASLPREP_MAX_BYTES), &out));
    assert_false(saslprep(str_of(text, sizeof text), &out));
    assert_int_equal(buf_len(&out), SASLPREP_MAX_BYTES);
    buf_reset(&out);
    for (size_t i = 0; i + 3 <= SASLPREP_MAX_BYTES; i += 3)
        memcpy(text + i, "\xef\xb7\xba", 3); /* U+FDFA grows eleven-fold */
    assert_false(saslprep(str_of(text, SASLPREP_MAX_BYTES), &out));
    assert_int_equal(buf_len(&out), 0);
    assert_false(out.failed);
    buf_finish(&out);

    buf_init(&out, 1, false); /* no room is not "refused" */
    assert_false(saslprep(STR_LIT("\xc3\xa9\xc3\xa9"), &out));
    assert_true(out.failed);
    buf_finish(&out);
}

/* libidn's answer for `points`, or NULL when it refuses them. */
static char *libidn(const uint32_t *points, size_t count)
{
    char *out = NULL, *in = stringprep_ucs4_to_utf8(points, (ssize_t)count, NULL, NULL);
    assert_non_null(in);
    if (stringprep_profile(in, &out, "SASLprep", STRINGPREP_NO_UNASSIGNED) != STRINGPREP_OK)
        out = NULL;
    free(in);
    return out;
}

static void compare(const uint32_t *points, size_t count)
{
    struct buf in = {0}, out = {0};
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        buf_append(&in, bytes, (size_t)utf8proc_encode_char((int32_t)points[i], bytes));
    }
    char *want = libidn(points, count);
    bool ok = saslprep(buf_peek(&in), &out);
    if (ok != (want != NULL) || (ok && !str_eq(buf_peek(&out), str_from(want)))) {
        print_error("U+%04X (of %zu): libidn \"%s\", ours %s \"%.*s\"\n", points[count / 2], count,
                    want ? want : "refuses", ok ? "" : "refuses", STR_ARG(buf_peek(&out)));
        fail();
    }
    free(want);
    buf_finish(&in);
    buf_finish(&out);
}

/* Every code point, alone and between two right-to-left letters. */
static void test_every_code_point(void **unused)
{
    (void)unused;
    for (uint32_t point = 1; point <= 0x10FFFF; point++) {
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        compare(&point, 1);
        if (!saslprep_unassigned((int32_t)point)) /* else refused anywhere, as just seen */
            compare((const uint32_t[]){0x0627, point, 0x0628}, 3);
    }
}

/* Strings of the characters that matter to normalization and direction. */
static void test_random_strings(void **unused)
{
    (void)unused;
    uint32_t seed = 11;
    for (unsigned round = 0; round < 200000; round++) {
        uint32_t points[6];
        size_t count = 1 + round % ARRAY_LEN(points);
        for (size_t i = 0; i < count; i++) {
            static const uint32_t from[] = {0x20,   0xA0,   0x300,  0x590,  0x900,  0x1100,
                                            0x1E00, 0x3040, 0xAC00, 0xFB00, 0x1D160};
            seed = seed * 1664525 + 1013904223;
            points[i] = from[(seed >> 8) % ARRAY_LEN(from)] + (seed >> 16) % 0xC0;
        }
        /* Unicode 3.2 composed some sequences wrongly (Public Review Issue 29); these differ. */
        if (pr29_4(points, count) == PR29_SUCCESS)
            compare(points, count);
    }
}

static void test_utf8(void **unused)
{
    (void)unused;
    assert_true(saslprep_is_utf8(STR_NONE));
    assert_true(saslprep_is_utf8(STR_LIT("a\xc3\xa9\xf0\x9f\x98\x80")));
    assert_false(saslprep_is_utf8(STR_LIT("a\xc3")));
    assert_false(saslprep_is_utf8(STR_LIT("\xed\xa0\x80")));
    assert_false(saslprep_is_utf8(STR_LIT("\xc0\x80")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_random_strings),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
