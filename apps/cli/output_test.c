#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failure.h"
#include "fingerprint.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/* ---- printable text ---- */

static void assert_prints(const char *text, size_t len, const char *expected)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    output_printable_bytes(to, text, len);
    fclose(to);
    assert_string_equal(out, expected);
    free(out);
}

#define ASSERT_PRINTS(text, expected) assert_prints(text, sizeof text - 1, expected)

static void test_text_stays_as_it_is(void **state)
{
    (void)state;
    ASSERT_PRINTS("", "");
    ASSERT_PRINTS("But soft! \\ \"x\"", "But soft! \\ \"x\"");
    ASSERT_PRINTS("日本 ♥ é 🌙", "日本 ♥ é 🌙");
}

static void test_control_characters_are_shown(void **state)
{
    (void)state;
    ASSERT_PRINTS("a\nb\tc", "a\\nb\\tc");
    ASSERT_PRINTS("\033[2J", "\\x1b[2J");
    ASSERT_PRINTS("\r\177\001", "\\x0d\\x7f\\x01");
    ASSERT_PRINTS("a\0b", "a\\x00b");
    ASSERT_PRINTS("\xc2\x9b[2J", "\\u009b[2J"); /* CSI as one character */
    ASSERT_PRINTS("\xc2\xa0", "\xc2\xa0");      /* a no-break space is none of them */
}

static void test_a_typed_escape_is_told_from_ours(void **state)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    (void)state;
    output_unambiguous(to, "\\a\nb\\n\\\\");
    fclose(to);
    assert_string_equal(out, "\\\\a\\nb\\\\n\\\\\\\\");
    free(out);
}

static void test_what_turns_the_direction_is_shown(void **state)
{
    (void)state;
    ASSERT_PRINTS("\u202e", "\\u202e");
    ASSERT_PRINTS("\u2066\u2069", "\\u2066\\u2069");
    ASSERT_PRINTS("\u200e\u200f", "\\u200e\\u200f");
    ASSERT_PRINTS("\u2028\u2029", "\\u2028\\u2029"); /* line ends of Unicode */
    ASSERT_PRINTS("\u2013\u2030", "\u2013\u2030");
}

static void test_bytes_cut_short(void **state)
{
    (void)state;
    ASSERT_PRINTS("\xc2", "\xc2");
    ASSERT_PRINTS("\xe2\x80", "\xe2\x80");
    assert_prints("\xe2\x80\xae", 2, "\xe2\x80"); /* what follows is not looked at */
}

/* A file is no terminal: lines stay whole, and there are no colours. */
static void test_no_terminal(void **state)
{
    char line[600];
    FILE *to = tmpfile();
    (void)state;
    assert_non_null(to);
    output_wrapped(to, 2,
                   "a sentence that is longer than any terminal of the last century was wide, and "
                   "then some more words\n");
    rewind(to);
    assert_non_null(fgets(line, sizeof line, to));
    assert_non_null(strstr(line, "more words\\n\n"));
    assert_string_equal(output_red(to), "");
    assert_string_equal(output_plain(to), "");
    fclose(to);
}

/* ---- JSON ---- */

/* Whoever reads it as JSON gets what was there; whoever looks at it is not deceived. */
static void test_json_steers_no_terminal(void **state)
{
    static const char text[] = "\u4e2d\u6587 \xc2\x9b"
                               "2J\u202e\u2066\u2028\x7f\033\n\"\\u\x7f";
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    (void)state;
    json_t *value = json_pack("{s:s}", "a", text);
    output_json_text(to, value);
    output_json_text(to, NULL);
    fclose(to);
    assert_string_equal(out, "{\"a\":\"\u4e2d\u6587 \\u009b2J\\u202e\\u2066\\u2028\\u007f\\u001B"
                             "\\n\\\"\\\\u\\u007f\"}");
    json_t *read = json_loads(out, 0, NULL);
    assert_true(json_equal(read, value));
    json_decref(read);
    json_decref(value);
    free(out);
}

static void test_json_leaves_out_what_is_not_there(void **state)
{
    (void)state;
    json_t *o = output_event("x");
    output_set(o, "null", NULL);
    output_set(o, "empty", "");
    output_set(o, "good", "ü");
    output_set(o, "bad", "a\xff");
    assert_int_equal(json_object_size(o), 3);
    assert_string_equal(json_string_value(json_object_get(o, "event")), "x");
    assert_string_equal(json_string_value(json_object_get(o, "good")), "ü");
    assert_string_equal(json_string_value(json_object_get(o, "bad")), "a?");
    json_decref(o);
}

/* ---- fingerprints ---- */

/* `printf '' | openssl dgst -sha256 -binary | base64` */
static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_pin(void **state)
{
    uint8_t sha256[32];
    char pin[PIN_SIZE];
    (void)state;
    assert_true(fingerprint_parse(empty_hex, sha256));
    fingerprint_pin(sha256, pin);
    assert_string_equal(pin, "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

static void test_fingerprint_in_two_lines(void **state)
{
    uint8_t sha256[32];
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    (void)state;
    assert_true(fingerprint_parse(empty_hex, sha256));
    fingerprint_print(to, 3, sha256);
    fclose(to);
    assert_string_equal(out, "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24\n"
                             "   27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55\n");
    free(out);
}

static void test_fingerprints_that_are_none(void **state)
{
    uint8_t sha256[32];
    char text[128];
    (void)state;
    assert_false(fingerprint_parse("", sha256));
    assert_false(fingerprint_parse("e3", sha256));
    snprintf(text, sizeof text, "%s0", empty_hex);
    assert_false(fingerprint_parse(text, sha256));
    snprintf(text, sizeof text, "%s", empty_hex);
    text[63] = 'g';
    assert_false(fingerprint_parse(text, sha256));
    text[63] = '\0';
    assert_false(fingerprint_parse(text, sha256));
}

/* ---- failures ---- */

static void test_hints_know_what_was_asked(void **state)
{
    struct options o = {.password_fd = -1};
    struct linnet_error e = {.code = LINNET_ERROR_TLS_MISSING};
    (void)state;
    assert_non_null(strstr(failure_hint(&o, &e), "--tls=prefer"));
    o.tls = LINNET_TLS_PREFER;
    assert_null(failure_hint(&o, &e));
    e = (struct linnet_error){.code = LINNET_ERROR_CONNECTION_LOST, .stage = LINNET_STAGE_SECURE};
    assert_non_null(strstr(failure_hint(&o, &e), "--direct-tls"));
    o.direct_tls = true;
    assert_null(failure_hint(&o, &e));
    e.code = LINNET_ERROR_CERT_UNTRUSTED;
    assert_non_null(strstr(failure_hint(&o, &e), "--pin"));
    o.pin_count = 1;
    assert_null(failure_hint(&o, &e));
    e.code = LINNET_ERROR_BAD_CREDENTIALS;
    assert_null(failure_hint(&o, &e));
}

static void test_a_failure_is_told_with_the_peers_words_and_the_remedy(void **state)
{
    struct options o = {.password_fd = -1};
    struct linnet_error e = {.code = LINNET_ERROR_BAD_CREDENTIALS,
                             .sentence = "No.",
                             .condition = "not-authorized",
                             .peer_text = "go\naway\033[2J"};
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    (void)state;
    failure_body(to, &o, &e);
    fclose(to);
    char expected[1024];
    snprintf(expected, sizeof expected,
             "  No.\n  The server said: not-authorized, \"go\\naway\\x1b[2J\"\n  %s\n",
             linnet_error_info(LINNET_ERROR_BAD_CREDENTIALS)->remedy);
    assert_string_equal(out, expected);
    free(out);
}

/* People compare a certificate line by line, not in one breath. */
static void test_a_certificate_is_told_in_facts(void **state)
{
    struct options o = {.password_fd = -1};
    struct linnet_error e = {.code = LINNET_ERROR_CERT_UNTRUSTED,
                             .sentence = "It is not trusted: self-signed; it names a; and so on."};
    static const char params[] = "names\0a, b\0not_before\0002026-01-01\0not_after\0002027-01-01\0"
                                 "pin\0sha256//x\0";
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    (void)state;
    memcpy(e.params, params, sizeof params);
    failure_body(to, &o, &e);
    fclose(to);
    assert_ptr_equal(strstr(out, "  It is not trusted: self-signed.\n"
                                 "    for      a, b\n"
                                 "    valid    2026-01-01 to 2027-01-01\n"
                                 "    pin      sha256//x\n"),
                     out);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stays_as_it_is),
        cmocka_unit_test(test_control_characters_are_shown),
        cmocka_unit_test(test_a_typed_escape_is_told_from_ours),
        cmocka_unit_test(test_what_turns_the_direction_is_shown),
        cmocka_unit_test(test_bytes_cut_short),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_json_leaves_out_what_is_not_there),
        cmocka_unit_test(test_json_steers_no_terminal),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_fingerprint_in_two_lines),
        cmocka_unit_test(test_fingerprints_that_are_none),
        cmocka_unit_test(test_hints_know_what_was_asked),
        cmocka_unit_test(test_a_failure_is_told_with_the_peers_words_and_the_remedy),
        cmocka_unit_test(test_a_certificate_is_told_in_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
