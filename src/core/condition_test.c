#include "core/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 6120 §4.9.3 */
static const char *const stream_names[] = {
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
};

/* RFC 6120 §8.3.3, with the default type */
static const char *const stanza_names[][2] = {
    {"bad-request", "modify"},
    {"conflict", "cancel"},
    {"feature-not-implemented", "cancel"},
    {"forbidden", "auth"},
    {"gone", "cancel"},
    {"internal-server-error", "cancel"},
    {"item-not-found", "cancel"},
    {"jid-malformed", "modify"},
    {"not-acceptable", "modify"},
    {"not-allowed", "cancel"},
    {"not-authorized", "auth"},
    {"policy-violation", "wait"},
    {"recipient-unavailable", "wait"},
    {"redirect", "modify"},
    {"registration-required", "auth"},
    {"remote-server-not-found", "cancel"},
    {"remote-server-timeout", "wait"},
    {"resource-constraint", "wait"},
    {"service-unavailable", "cancel"},
    {"subscription-required", "auth"},
    {"undefined-condition", "cancel"},
    {"unexpected-request", "wait"},
};

static void knows_all_stream_errors(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(stream_names), STREAM_CONDITION_COUNT - 1);
    for (size_t i = 0; i < ARRAY_LEN(stream_names); i++) {
        enum stream_condition c = (enum stream_condition)(i + 1);
        assert_string_equal(stream_condition_name(c), stream_names[i]);
        assert_int_equal(stream_condition_from_name(stream_names[i]), c);
        assert_non_null(linnet_error_info(stream_condition_code(c)));
    }
    assert_int_equal(stream_condition_from_name("xml-not-well-formed"), STREAM_NOT_WELL_FORMED);
    assert_int_equal(stream_condition_from_name("news"), STREAM_UNDEFINED_CONDITION);
    assert_int_equal(stream_condition_from_name(""), STREAM_UNDEFINED_CONDITION);
    assert_int_equal(stream_condition_from_name(NULL), STREAM_UNDEFINED_CONDITION);
}

static void a_client_reacts_to_each(void **state)
{
    (void)state;
    assert_int_equal(stream_condition_code(STREAM_OK), LINNET_OK);
    assert_int_equal(stream_condition_code(STREAM_CONFLICT), LINNET_ERROR_CONFLICT);
    assert_int_equal(stream_condition_code(STREAM_HOST_UNKNOWN), LINNET_ERROR_HOST_UNKNOWN);
    assert_int_equal(stream_condition_code(STREAM_SYSTEM_SHUTDOWN), LINNET_ERROR_SHUTDOWN);
    assert_int_equal(stream_condition_code(STREAM_POLICY_VIOLATION), LINNET_ERROR_POLICY);
    assert_int_equal(stream_condition_code(STREAM_INVALID_XML), LINNET_ERROR_PROTOCOL);
    /* Those that a server may leave behind by itself are tried again; no other is. */
    static const enum stream_condition passing[] = {
        STREAM_CONNECTION_TIMEOUT,  STREAM_INTERNAL_SERVER_ERROR, STREAM_REMOTE_CONNECTION_FAILED,
        STREAM_RESOURCE_CONSTRAINT, STREAM_SYSTEM_SHUTDOWN,       STREAM_RESET,
        STREAM_UNDEFINED_CONDITION, STREAM_SEE_OTHER_HOST};
    for (int c = 1; c < STREAM_CONDITION_COUNT; c++) {
        bool passes = false;
        for (size_t i = 0; i < ARRAY_LEN(passing); i++)
            passes = passes || (int)passing[i] == c;
        assert_int_equal(stream_condition_retry((enum stream_condition)c),
                         passes                         ? LINNET_RETRY_YES
                         : c == STREAM_POLICY_VIOLATION ? LINNET_RETRY_LONG
                                                        : LINNET_RETRY_NO);
    }
}

static void knows_all_stanza_errors(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(stanza_names), STANZA_CONDITION_COUNT - 1);
    for (size_t i = 0; i < ARRAY_LEN(stanza_names); i++) {
        enum stanza_condition c = (enum stanza_condition)(i + 1);
        assert_string_equal(stanza_condition_name(c), stanza_names[i][0]);
        assert_string_equal(stanza_condition_type(c), stanza_names[i][1]);
        assert_int_equal(stanza_condition_from_name(stanza_names[i][0]), c);
    }
    assert_int_equal(stanza_condition_from_name("payment-required"), STANZA_UNDEFINED_CONDITION);
    assert_int_equal(stanza_condition_from_name(NULL), STANZA_UNDEFINED_CONDITION);
}

static void assert_written(const char *expected, enum stream_condition c, struct str text,
                           const char *app_ns, const char *app_name)
{
    struct buf out = {0};
    struct xml_writer w;
    xml_writer_init(&w, &out, NS_CLIENT);
    const struct element app = {.ns = app_ns, .name = app_name};
    stream_condition_write(&w, c, text, app_name ? &app : NULL);
    assert_false(out.failed);
    char *got = buf_take_cstr(&out);
    assert_string_equal(got, expected);
    free(got);
    buf_finish(&out);
}

static void writes_stream_errors(void **state)
{
    (void)state;
    assert_written("<stream:error>"
                   "<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                   "</stream:error>",
                   STREAM_RESET, STR_NONE, NULL, NULL);
    assert_written("<stream:error>"
                   "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                   "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>too &lt;big&gt;</text>"
                   "<stanza-too-big xmlns='urn:xmpp:errors'/>"
                   "</stream:error>",
                   STREAM_POLICY_VIOLATION, STR_LIT("too <big>"), "urn:xmpp:errors",
                   "stanza-too-big");
}

static void reads_stream_errors(void **state)
{
    (void)state;
    struct arena a = {0};
    struct str text, value;
    struct element *e = element_new(&a, NS_STREAM, "error");
    assert_int_equal(stream_condition_read(e, &text, &value), STREAM_UNDEFINED_CONDITION);
    assert_null(text.ptr);
    assert_null(value.ptr);

    /* The text may come first, and other namespaces may say what they like. */
    element_add(&a, e, "urn:example", "conflict");
    element_add_text(&a, element_add(&a, e, NS_STREAM_ERRORS, "text"), STR_LIT("Gone there"));
    element_add_text(&a, element_add(&a, e, NS_STREAM_ERRORS, "see-other-host"),
                     STR_LIT("[2001:db8::1]:5222"));
    element_add(&a, e, NS_STREAM_ERRORS, "reset");
    assert_int_equal(stream_condition_read(e, &text, &value), STREAM_SEE_OTHER_HOST);
    assert_true(str_is(text, "Gone there"));
    assert_true(str_is(value, "[2001:db8::1]:5222"));

    e = element_new(&a, NS_STREAM, "error");
    element_add(&a, e, NS_STREAM_ERRORS, "new-in-this-century");
    assert_int_equal(stream_condition_read(e, &text, &value), STREAM_UNDEFINED_CONDITION);
    assert_null(text.ptr);
    assert_true(str_is(value, ""));
    arena_finish(&a);
}

static void reads_how_long_to_wait(void **state)
{
    static const struct {
        const char *text;
        unsigned seconds;
    } rows[] = {{"30", 30},
                {"0", 0},
                {"604800", 604800},
                {"604801", 604800},
                {"9999999999999999999999", 604800},
                {"", 0},
                {"-5", 0},
                {" 5", 0},
                {"5s", 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct element *e = element_new(&a, NS_STREAM, "error");
        element_set(&a, element_add(&a, e, NS_STREAM_ERRORS, "reset"), "retry-after", "7");
        assert_int_equal(condition_retry_after_s(e), 0); /* not of an application */
        element_add(&a, e, "urn:example", "other");
        element_set(&a, element_add(&a, e, "urn:xmpp:channel-search:0:error", "rate-limit"),
                    "retry-after", rows[i].text);
        assert_int_equal(condition_retry_after_s(e), rows[i].seconds);
        arena_finish(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_all_stream_errors), cmocka_unit_test(a_client_reacts_to_each),
        cmocka_unit_test(knows_all_stanza_errors), cmocka_unit_test(writes_stream_errors),
        cmocka_unit_test(reads_stream_errors),     cmocka_unit_test(reads_how_long_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
