#include "core/precis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <utf8proc.h>

typedef enum precis_fault profile_fn(struct str in, char *out, size_t *ret_len);

static profile_fn *const profiles[] = {precis_username, precis_opaque, precis_map_domain};

/* Applies `profile` and checks that its result is stable; returns the fault. */
static enum precis_fault apply(profile_fn *profile, struct str in, char *out, size_t *ret_len)
{
    char again[PRECIS_MAX_BYTES + 1];
    size_t again_len = 0;
    enum precis_fault fault = profile(in, out, ret_len);
    if (fault || *ret_len == 0)
        return fault;
    assert_true(*ret_len <= PRECIS_MAX_BYTES);
    assert_int_equal(out[*ret_len], '\0');
    assert_int_equal(profile(str_of(out, *ret_len), again, &again_len), PRECIS_OK);
    assert_int_equal(again_len, *ret_len);
    assert_memory_equal(again, out, again_len);
    return PRECIS_OK;
}

static void every_code_point_is_stable_and_free_of_controls(void **state)
{
    (void)state;
    for (utf8proc_int32_t c = 0; c < 0x110000; c++) {
        utf8proc_uint8_t in[4];
        char out[PRECIS_MAX_BYTES + 1];
        if (c >= 0xd800 && c < 0xe000)
            continue;
        struct str s = str_of(in, (size_t)utf8proc_encode_char(c, in));
        utf8proc_category_t category = utf8proc_category(c);
        bool never = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
                     category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO;
        for (size_t p = 0; p < ARRAY_LEN(profiles); p++) {
            size_t len = 0;
            enum precis_fault fault = apply(profiles[p], s, out, &len);
            assert_true(fault == PRECIS_OK || fault == PRECIS_CHARACTER);
            if (never && profiles[p] != precis_map_domain)
                assert_int_equal(fault, PRECIS_CHARACTER);
        }
    }
}

/* Strings out of the characters that rules are about. */
static void mixed_strings_are_stable(void **state)
{
    (void)state;
    static const utf8proc_int32_t pool[] = {
        'l',    'L',    '1',    '-',    0xb7,   0x130,  0x300,  0x301,  0x307,  0x323,  0x345,
        0x375,  0x3a3,  0x3b1,  0x5d0,  0x5f3,  0x627,  0x644,  0x64b,  0x660,  0x6f0,  0x94d,
        0x915,  0x1100, 0x1161, 0x11a8, 0x1e9e, 0x1fb3, 0x200c, 0x200d, 0x3000, 0x3002, 0x304b,
        0x3099, 0x30fb, 0x4e00, 0xac00, 0xff21, 0xff76, 0xff9e, 0x1d165};
    unsigned seed = 11, accepted[ARRAY_LEN(profiles)] = {0};
    for (int round = 0; round < 200000; round++) {
        utf8proc_uint8_t in[64];
        char out[PRECIS_MAX_BYTES + 1];
        size_t len = 0, out_len = 0;
        seed = seed * 1103515245 + 12345;
        for (unsigned n = 1 + (seed >> 20) % 7; n > 0; n--) {
            seed = seed * 1103515245 + 12345;
            len += (size_t)utf8proc_encode_char(pool[(seed >> 16) % ARRAY_LEN(pool)], in + len);
        }
        for (size_t p = 0; p < ARRAY_LEN(profiles); p++)
            accepted[p] += apply(profiles[p], str_of(in, len), out, &out_len) == PRECIS_OK;
    }
    for (size_t p = 0; p < ARRAY_LEN(profiles); p++)
        assert_true(accepted[p] > 1000);
}

static void hostile_runs_of_marks_are_bounded(void **state)
{
    (void)state;
    static char in[16384];
    char out[PRECIS_MAX_BYTES + 1];
    size_t len = 0, out_len = 0;
    /* Every second mark goes before its neighbour: all of them move. */
    in[len++] = 'a';
    while (len + 4 < sizeof in) {
        memcpy(in + len, "\u0301\u0323", 4);
        len += 4;
    }
    assert_int_equal(precis_opaque(str_of(in, len), out, &out_len), PRECIS_TOO_LONG);
    assert_int_equal(apply(precis_opaque, str_of(in, 1021), out, &out_len), PRECIS_OK);
    assert_memory_equal(out, "\u1ea1\u0323", 5);
    assert_memory_equal(out + out_len - 4, "\u0301\u0301", 4);
}

static void empty_is_for_the_caller(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(profiles); p++) {
        char out[PRECIS_MAX_BYTES + 1];
        size_t len = 1;
        assert_int_equal(profiles[p](STR_LIT(""), out, &len), PRECIS_OK);
        assert_int_equal(len, 0);
    }
}

static void domains_are_mapped(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"B\u00dcCHER.Example", "b\u00fccher.example"},
        {"\uff45\uff58\uff61\u3002\uff0e", "ex..."},
        {"u\u0308", "\u00fc"},
        {"\u0130", "i\u0307"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[PRECIS_MAX_BYTES + 1];
        size_t len = 0;
        assert_int_equal(apply(precis_map_domain, str_from(rows[i][0]), out, &len), PRECIS_OK);
        assert_string_equal(out, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_stable_and_free_of_controls),
        cmocka_unit_test(mixed_strings_are_stable),
        cmocka_unit_test(hostile_runs_of_marks_are_bounded),
        cmocka_unit_test(empty_is_for_the_caller),
        cmocka_unit_test(domains_are_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
