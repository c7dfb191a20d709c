#include "client/detect.h"
#include "client/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>
#include <stdlib.h>

static char *wire(const char *xml, bool masked)
{
    struct recorder r;
    recorder_init(&r);
    recorder_start(&r, 1000);
    recorder_wire(&r, 1012, true, str_from(xml), masked);
    char *text = recorder_text(&r);
    recorder_finish(&r);
    assert_non_null(text);
    return text;
}

static void masks_what_the_stream_did_not(void **state)
{
    static const char *const secrets[] = {
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>CANARY</auth>",
        "<response xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\">CANARY</response>",
        "<iq type='set'><query xmlns='jabber:iq:auth'><password>CANARY</password></query></iq>",
        "<iq type='set'><query xmlns='jabber:iq:register'><password>CANARY</password></query></iq>",
        "<authenticate xmlns='urn:xmpp:sasl:2' token='CANARY'/>",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        char *text = wire(secrets[i], false);
        assert_null(strstr(text, "CANARY"));
        assert_non_null(strstr(text, "     12 ms  C: <"));
        free(text);
        text = wire(secrets[i], true); /* the stream's business then */
        assert_non_null(strstr(text, "CANARY"));
        free(text);
    }
    char *text = wire("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                      "<mechanism>PLAIN</mechanism></mechanisms></stream:features>",
                      false);
    assert_non_null(strstr(text, "PLAIN"));
    free(text);
}

static void is_bounded(void **state)
{
    struct recorder r;
    (void)state;
    recorder_init(&r);
    recorder_start(&r, 0);
    for (int i = 0; i < 5000; i++)
        recorder_printf(&r, (uint64_t)i, "line %d\nwith a break and some more words", i);
    char *text = recorder_text(&r);
    assert_true(strlen(text) < 65536);
    assert_non_null(strstr(text, "line 4999 with a break"));
    assert_null(strstr(text, "line 0 "));
    assert_non_null(strstr(text, "made room"));
    free(text);
    char *huge = calloc(1, 200001);
    memset(huge, 'x', 200000);
    recorder_wire(&r, 9, false, str_from(huge), true);
    text = recorder_text(&r);
    assert_true(strlen(text) < 65536 + RECORDER_LINE_BYTES);
    assert_non_null(strstr(text, "[cut]"));
    free(text);
    free(huge);
    recorder_start(&r, 0); /* the next login begins with nothing */
    text = recorder_text(&r);
    assert_string_equal(text, "");
    free(text);
    recorder_finish(&r);
}

static void records_a_failure(void **state)
{
    struct recorder r;
    struct linnet_error error = {.code = LINNET_ERROR_BAD_CREDENTIALS,
                                 .stage = LINNET_STAGE_SIGN_IN,
                                 .origin = LINNET_ORIGIN_PEER,
                                 .condition = "not-authorized",
                                 .peer_text = "no",
                                 .sentence = "It failed."};
    (void)state;
    recorder_init(&r);
    recorder_start(&r, 0);
    recorder_error(&r, 5, &error);
    error.peer_text[0] = '\0';
    recorder_error(&r, 6, &error);
    char *text = recorder_text(&r);
    assert_non_null(strstr(text, "the peer said: not-authorized\n"));
    assert_non_null(strstr(text, "stage \"sign in\": bad-credentials, found by peer: It failed."));
    assert_non_null(strstr(text, "the peer said: not-authorized \"no\""));
    free(text);
    recorder_finish(&r);
}

static void knows_other_protocols(void **state)
{
    (void)state;
    assert_non_null(strstr(detect_protocol(STR_LIT("HTTP/1.1 400"), false), "HTTP"));
    assert_non_null(strstr(detect_protocol(STR_LIT("\x15\x03\x03"), false), "TLS"));
    assert_null(detect_protocol(STR_LIT("\x15\x03\x03"), true));
    assert_non_null(strstr(detect_protocol(STR_LIT("<?xml "), true), "STARTTLS"));
    assert_null(detect_protocol(STR_LIT("<?xml "), false));
    assert_null(detect_protocol(STR_LIT(""), false));
    assert_null(detect_protocol(STR_LIT("\x15"), false));
    assert_null(detect_protocol(STR_LIT("HTTP"), false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_what_the_stream_did_not),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(records_a_failure),
        cmocka_unit_test(knows_other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
