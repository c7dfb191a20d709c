#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 24 };

/* Parses "linnet" and the words that follow, up to NULL. */
static enum parsed parse(struct options *ret, ...)
{
    char *argv[WORDS_MAX + 2] = {(char[]){"linnet"}};
    static char kept[WORDS_MAX][128]; /* the options borrow from argv */
    int argc = 1;
    va_list ap;
    va_start(ap, ret);
    for (const char *word; (word = va_arg(ap, const char *)); argc++) {
        snprintf(kept[argc], sizeof kept[argc], "%s", word);
        argv[argc] = kept[argc];
    }
    va_end(ap);
    argv[argc] = NULL;
    struct linnet_error error;
    enum parsed parsed = options_parse(argc, argv, ret, &error);
    assert_int_equal(error.code, parsed == PARSED_WRONG ? LINNET_ERROR_USAGE : LINNET_OK);
    assert_int_equal(error.sentence[0] != '\0', parsed == PARSED_WRONG);
    return parsed;
}

static void test_commands(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", NULL), PARSED_RUN);
    assert_int_equal(o.command, COMMAND_LOGIN);
    assert_string_equal(o.address, "a@b");
    assert_null(o.to);
    assert_int_equal(parse(&o, "probe", "b", NULL), PARSED_RUN);
    assert_int_equal(o.command, COMMAND_PROBE);
    assert_int_equal(parse(&o, "send", "a@b", "c@d", NULL), PARSED_RUN);
    assert_int_equal(o.command, COMMAND_SEND);
    assert_string_equal(o.to, "c@d");
    assert_int_equal(parse(&o, "listen", "a@b", NULL), PARSED_RUN);
    assert_int_equal(o.command, COMMAND_LISTEN);
    assert_int_equal(parse(&o, "explain", "30", NULL), PARSED_RUN);
    assert_int_equal(o.command, COMMAND_EXPLAIN);
    assert_string_equal(o.address, "30");
    assert_int_equal(parse(&o, "explain", "--json", NULL), PARSED_RUN);
    assert_null(o.address);
    assert_true(o.json);
    assert_int_equal(parse(&o, "explain", "30", "31", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "explain", "--host", "x", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "send", "a@b", NULL), PARSED_WRONG);
}

static void test_defaults(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", NULL), PARSED_RUN);
    assert_int_equal(o.password_fd, -1);
    assert_int_equal(o.tls, LINNET_TLS_REQUIRE);
    assert_int_equal(o.timeout_ms, 0);
    assert_int_equal(o.port, 0);
    assert_false(o.legacy || o.direct_tls || o.json || o.quiet || o.verbose || o.trace);
    assert_null(o.host);
    assert_null(o.message);
}

static void test_every_option(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "--host", "h", "--port=5299", "a@b", "--direct-tls",
                           "--tls=off", "--cafile", "ca", "--pin", "p1", "--pin=p2", "--mech",
                           "PLAIN", "--legacy", "--resource", "r", "--json", "--trace=t", NULL),
                     PARSED_RUN);
    assert_string_equal(o.host, "h");
    assert_int_equal(o.port, 5299);
    assert_string_equal(o.address, "a@b");
    assert_true(o.direct_tls && o.legacy && o.json && o.trace && !o.trace_secrets);
    assert_int_equal(o.tls, LINNET_TLS_OFF);
    assert_string_equal(o.cafile, "ca");
    assert_int_equal(o.pin_count, 2);
    assert_string_equal(o.pins[1], "p2");
    assert_string_equal(o.mechanism, "PLAIN");
    assert_string_equal(o.resource, "r");
    assert_string_equal(o.trace_path, "t");
    assert_int_equal(parse(&o, "login", "a@b", "--timeout", "2.5", "--stage-timeout=1", "-v", NULL),
                     PARSED_RUN);
    assert_int_equal(o.timeout_ms, 2500);
    assert_int_equal(o.stage_timeout_ms, 1000);
    assert_true(o.verbose);
    assert_int_equal(
        parse(&o, "send", "a@b", "c", "-m", "text", "--trace", "--trace-secrets", NULL),
        PARSED_RUN);
    assert_string_equal(o.message, "text");
    assert_true(o.trace && o.trace_secrets && !o.trace_path);
    assert_int_equal(parse(&o, "listen", "a@b", "--count", "7", "--password-fd", "3", NULL),
                     PARSED_RUN);
    assert_int_equal(o.count, 7);
    assert_int_equal(o.password_fd, 3);
}

static void test_an_empty_message_is_told_from_none(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "send", "a@b", "c@d", "-m", "", NULL), PARSED_RUN);
    assert_non_null(o.message);
}

static void test_the_last_of_quiet_and_verbose_holds(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", "-q", "-v", NULL), PARSED_RUN);
    assert_true(o.verbose && !o.quiet);
    assert_int_equal(parse(&o, "login", "a@b", "-v", "-q", NULL), PARSED_RUN);
    assert_true(o.quiet && !o.verbose);
}

static void test_reconnect(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "listen", "a@b", NULL), PARSED_RUN);
    assert_int_equal(o.reconnect, RECONNECT_DEFAULT);
    assert_int_equal(parse(&o, "listen", "a@b", "--no-reconnect", NULL), PARSED_RUN);
    assert_int_equal(o.reconnect, RECONNECT_NEVER);
    assert_int_equal(parse(&o, "listen", "a@b", "--no-reconnect", "--reconnect", NULL), PARSED_RUN);
    assert_int_equal(o.reconnect, RECONNECT_ALWAYS);
    assert_int_equal(parse(&o, "send", "a@b", "c@d", "--reconnect", NULL), PARSED_RUN);
    assert_int_equal(o.reconnect, RECONNECT_ALWAYS);
    assert_int_equal(parse(&o, "send", "a@b", "c@d", "--no-reconnect", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "--reconnect", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "listen", "a@b", "--reconnect-cap", "1.5", NULL), PARSED_RUN);
    assert_int_equal(o.reconnect_cap_ms, 1500);
    assert_int_equal(parse(&o, "listen", "a@b", "--reconnect-cap", "0", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "send", "a@b", "c@d", "--lines", NULL), PARSED_RUN);
    assert_true(o.lines);
    assert_int_equal(parse(&o, "listen", "a@b", "--lines", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "probe", "b", "--reconnect", NULL), PARSED_WRONG);
}

static void test_wrong_values(void **state)
{
    static const char *const wrong[][2] = {
        {"--port", "0"},
        {"--port", "65536"},
        {"--port", "-1"},
        {"--port", "5222x"},
        {"--port", ""},
        {"--port", "99999999999999999999"},
        {"--tls", "maybe"},
        {"--tls", "REQUIRE"},
        {"--timeout", "0"},
        {"--timeout", "-1"},
        {"--timeout", "nan"},
        {"--timeout", "1e9"},
        {"--timeout", "3s"},
        {"--timeout", ""},
        {"--stage-timeout", "inf"},
        {"--password-fd", "-1"},
        {"--password-fd", "x"},
        {"--host", ""},
        {"--mech", ""},
        {"--cafile", ""},
        {"--resource", ""},
        {"--password-file", ""},
        {"--password-command", ""},
    };
    struct options o;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(parse(&o, "login", "a@b", wrong[i][0], wrong[i][1], NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "listen", "a@b", "--count", "0", NULL), PARSED_WRONG);
}

static void test_nine_pins_are_too_many(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", "--pin=1", "--pin=2", "--pin=3", "--pin=4",
                           "--pin=5", "--pin=6", "--pin=7", "--pin=8", NULL),
                     PARSED_RUN);
    assert_int_equal(parse(&o, "login", "a@b", "--pin=1", "--pin=2", "--pin=3", "--pin=4",
                           "--pin=5", "--pin=6", "--pin=7", "--pin=8", "--pin=9", NULL),
                     PARSED_WRONG);
}

static void test_wrong_lines(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "frobnicate", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "c@d", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "send", "a@b", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "--no-such", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "--host", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "--json=1", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "-x", NULL), PARSED_WRONG);
}

/* A program that asked for objects gets one, wherever it asked. */
static void test_json_of_wrong_lines(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", "--bogus", "--json", NULL), PARSED_WRONG);
    assert_true(o.json);
    assert_int_equal(parse(&o, "--json", NULL), PARSED_WRONG);
    assert_true(o.json);
    assert_int_equal(parse(&o, "login", "a@b", "--bogus", "--", "--json", NULL), PARSED_WRONG);
    assert_false(o.json);
}

/* An option of one command is none of the others. */
static void test_options_of_other_commands(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", "--count", "1", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "-m", "x", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "probe", "b", "--password-fd", "0", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "probe", "b", "--resource", "r", NULL), PARSED_WRONG);
}

static void test_a_password_is_never_an_argument(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "login", "a@b", "--password", "secret", NULL), PARSED_WRONG);
    assert_int_equal(parse(&o, "login", "a@b", "--password=secret", NULL), PARSED_WRONG);
}

static void test_help_and_version(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "--help", NULL), PARSED_DONE);
    assert_int_equal(parse(&o, "help", "send", NULL), PARSED_DONE);
    assert_int_equal(parse(&o, "--version", NULL), PARSED_DONE);
    assert_int_equal(parse(&o, "login", "--help", NULL), PARSED_DONE);
    assert_int_equal(parse(&o, "listen", "-h", NULL), PARSED_DONE);
    assert_int_equal(parse(&o, "probe", "--version", NULL), PARSED_DONE);
}

static void test_words_after_two_dashes(void **state)
{
    struct options o;
    (void)state;
    assert_int_equal(parse(&o, "probe", "--", "--odd", NULL), PARSED_RUN);
    assert_string_equal(o.address, "--odd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_an_empty_message_is_told_from_none),
        cmocka_unit_test(test_the_last_of_quiet_and_verbose_holds),
        cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_nine_pins_are_too_many),
        cmocka_unit_test(test_wrong_lines),
        cmocka_unit_test(test_json_of_wrong_lines),
        cmocka_unit_test(test_options_of_other_commands),
        cmocka_unit_test(test_a_password_is_never_an_argument),
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_words_after_two_dashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
