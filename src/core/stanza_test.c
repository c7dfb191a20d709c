#include "core/stanza.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What `e` looks like in a client's stream; "(null)" for none. */
static void assert_prints(const struct element *e, const char *expected)
{
    struct buf out = {0};
    if (e)
        xml_print(&out, e, NS_CLIENT);
    else
        buf_cstr(&out, "(null)");
    char *got = buf_take_cstr(&out);
    assert_string_equal(got, expected);
    free(got);
    buf_finish(&out);
}

/* Attributes in the order to, from, type, id; NULL for none. */
static struct element *received(struct arena *a, const char *name, const char *type, const char *id)
{
    struct element *e = element_new(a, NS_CLIENT, name);
    element_set(a, e, "from", "juliet@example.com/balcony");
    element_set(a, e, "to", "romeo@example.net");
    if (type)
        element_set(a, e, "type", type);
    if (id)
        element_set(a, e, "id", id);
    return e;
}

static void knows_the_three_kinds(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_int_equal(stanza_kind(element_new(&a, NS_CLIENT, "message"), NS_CLIENT), STANZA_MESSAGE);
    assert_int_equal(stanza_kind(element_new(&a, NS_CLIENT, "presence"), NS_CLIENT),
                     STANZA_PRESENCE);
    assert_int_equal(stanza_kind(element_new(&a, NS_CLIENT, "iq"), NS_CLIENT), STANZA_IQ);
    assert_int_equal(stanza_kind(element_new(&a, NS_SERVER, "iq"), NS_SERVER), STANZA_IQ);
    assert_int_equal(stanza_kind(element_new(&a, NS_SERVER, "iq"), NS_CLIENT), STANZA_NONE);
    assert_int_equal(stanza_kind(element_new(&a, NS_CLIENT, "query"), NS_CLIENT), STANZA_NONE);
    assert_int_equal(stanza_kind(element_new(&a, "", "iq"), NS_CLIENT), STANZA_NONE);
    assert_int_equal(stanza_kind(NULL, NS_CLIENT), STANZA_NONE);
    arena_finish(&a);
}

static void judges_the_type_of_an_iq(void **state)
{
    (void)state;
    static const struct {
        const char *type, *id;
        int children;
        enum iq_type expected;
    } rows[] = {
        {"get", "1", 1, IQ_GET},       {"set", "1", 1, IQ_SET},         {"get", "1", 0, IQ_INVALID},
        {"get", "1", 2, IQ_INVALID},   {"set", "1", 0, IQ_INVALID},     {"set", "1", 2, IQ_INVALID},
        {"result", "1", 0, IQ_RESULT}, {"result", "1", 1, IQ_RESULT},   {"error", "1", 2, IQ_ERROR},
        {"get", NULL, 1, IQ_INVALID},  {"result", NULL, 0, IQ_INVALID}, {NULL, "1", 1, IQ_INVALID},
        {"GET", "1", 1, IQ_INVALID},   {"", "1", 1, IQ_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct element *iq = received(&a, "iq", rows[i].type, rows[i].id);
        element_add_text(&a, iq, STR_LIT("\n"));
        for (int n = 0; n < rows[i].children; n++)
            element_add(&a, iq, "urn:example", "query");
        assert_int_equal(stanza_iq_type(iq), rows[i].expected);
        arena_finish(&a);
    }
}

static void builds_stanzas(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_prints(stanza_new(&a, "iq", "example.com", "get", "7"),
                  "<iq to='example.com' type='get' id='7'/>");
    assert_prints(stanza_new(&a, "presence", NULL, NULL, NULL), "<presence/>");
    assert_prints(stanza_message(&a, "r@d", "chat", STR_LIT("a < b")),
                  "<message to='r@d' type='chat'><body>a &lt; b</body></message>");
    assert_prints(stanza_message(&a, "r@d", NULL, STR_NONE), "<message to='r@d'/>");
    assert_false(a.failed);
    arena_finish(&a);
}

static void asks_and_finds_the_payload(void **state)
{
    (void)state;
    struct arena a = {0};
    struct element *payload = NULL;
    struct element *iq = stanza_iq_get(&a, "example.com", "1", "urn:example", "query", &payload);
    element_set(&a, payload, "node", "n");
    assert_prints(iq, "<iq to='example.com' type='get' id='1'>"
                      "<query xmlns='urn:example' node='n'/></iq>");
    assert_ptr_equal(stanza_iq_payload(iq, IQ_GET, "urn:example", "query"), payload);
    assert_null(stanza_iq_payload(iq, IQ_SET, "urn:example", "query"));
    assert_null(stanza_iq_payload(iq, IQ_GET, "urn:example:2", "query"));
    assert_null(stanza_iq_payload(payload, IQ_GET, "urn:example", "query"));
    assert_null(stanza_iq_payload(NULL, IQ_GET, "urn:example", "query"));
    element_set(&a, iq, "type", "result");
    assert_ptr_equal(stanza_iq_payload(iq, IQ_RESULT, "urn:example", "query"), payload);
    assert_prints(stanza_iq_get(&a, NULL, "2", "urn:example", "x", NULL),
                  "<iq type='get' id='2'><x xmlns='urn:example'/></iq>");
    arena_finish(&a);
}

static void answers_an_iq(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_prints(stanza_iq_result(&a, received(&a, "iq", "get", "p1")),
                  "<iq from='romeo@example.net' to='juliet@example.com/balcony' id='p1'"
                  " type='result'/>");
    struct element *bare = element_new(&a, NS_CLIENT, "iq");
    element_set(&a, bare, "id", "p2");
    assert_prints(stanza_iq_result(&a, bare), "<iq id='p2' type='result'/>");
    arena_finish(&a);
}

static void answers_with_an_error(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_prints(
        stanza_error(&a, received(&a, "iq", "get", "x"), STANZA_SERVICE_UNAVAILABLE, NULL, NULL),
        "<iq from='romeo@example.net' to='juliet@example.com/balcony' id='x' type='error'>"
        "<error type='cancel'>"
        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "</error></iq>");
    assert_prints(
        stanza_error(&a, received(&a, "message", NULL, NULL), STANZA_FORBIDDEN, "wait", "No & no"),
        "<message from='romeo@example.net' to='juliet@example.com/balcony' type='error'>"
        "<error type='wait'>"
        "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No &amp; no</text>"
        "</error></message>");
    arena_finish(&a);
}

static void never_answers_an_answer(void **state)
{
    (void)state;
    struct arena a = {0};
    static const char *const names[] = {"message", "presence", "iq"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct element *e = received(&a, names[i], "error", "1");
        assert_null(stanza_error(&a, e, STANZA_BAD_REQUEST, NULL, NULL));
    }
    assert_null(
        stanza_error(&a, received(&a, "iq", "result", "1"), STANZA_BAD_REQUEST, NULL, NULL));
    assert_null(
        stanza_error(&a, element_new(&a, NS_CLIENT, "query"), STANZA_BAD_REQUEST, NULL, NULL));
    /* A presence or message may be called "result"; an iq without a type is a bad request. */
    assert_non_null(
        stanza_error(&a, received(&a, "message", "result", "1"), STANZA_BAD_REQUEST, NULL, NULL));
    assert_non_null(
        stanza_error(&a, received(&a, "iq", NULL, "1"), STANZA_BAD_REQUEST, NULL, NULL));
    arena_finish(&a);
}

static void answers_keep_the_namespace_of_servers(void **state)
{
    (void)state;
    struct arena a = {0};
    char ns[] = NS_SERVER;
    struct element *e = element_new(&a, ns, "iq");
    element_set(&a, e, "id", "1");
    struct element *result = stanza_iq_result(&a, e);
    struct element *error = stanza_error(&a, e, STANZA_GONE, NULL, NULL);
    memset(ns, 'x', sizeof ns - 1);
    assert_string_equal(result->ns, NS_SERVER);
    assert_true(element_is(element_next(error, NULL), NS_SERVER, "error"));
    arena_finish(&a);
}

static void reads_the_error_it_wrote(void **state)
{
    (void)state;
    for (int c = 1; c < STANZA_CONDITION_COUNT; c++) {
        struct arena a = {0};
        struct str text;
        struct element *e = stanza_error(&a, received(&a, "iq", "set", "1"),
                                         (enum stanza_condition)c, NULL, c % 2 ? "why" : NULL);
        assert_int_equal(stanza_error_read(e, &text), c);
        assert_true(c % 2 ? str_is(text, "why") : text.ptr == NULL);
        arena_finish(&a);
    }
}

static void reads_poor_errors(void **state)
{
    (void)state;
    struct arena a = {0};
    struct str text;
    struct element *e = received(&a, "message", "error", NULL);
    assert_int_equal(stanza_error_read(e, &text), STANZA_UNDEFINED_CONDITION);
    assert_null(text.ptr);
    struct element *error = element_add(&a, e, NS_CLIENT, "error");
    element_add(&a, error, "urn:example", "gone");
    assert_int_equal(stanza_error_read(e, &text), STANZA_UNDEFINED_CONDITION);
    element_add_text(&a, element_add(&a, error, NS_STANZA_ERRORS, "text"), STR_LIT("t"));
    element_add(&a, error, NS_STANZA_ERRORS, "conflict");
    assert_int_equal(stanza_error_read(e, &text), STANZA_CONFLICT);
    assert_true(str_is(text, "t"));
    arena_finish(&a);
}

static void matches_replies_by_id(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_true(stanza_is_reply(received(&a, "iq", "result", "1"), "1"));
    assert_true(stanza_is_reply(received(&a, "iq", "error", "1"), "1"));
    assert_false(stanza_is_reply(received(&a, "iq", "result", "2"), "1"));
    assert_false(stanza_is_reply(received(&a, "iq", "result", NULL), "1"));
    assert_false(stanza_is_reply(received(&a, "iq", "get", "1"), "1"));
    assert_false(stanza_is_reply(received(&a, "iq", "set", "1"), "1"));
    assert_false(stanza_is_reply(received(&a, "message", "error", "1"), "1"));
    assert_false(stanza_is_reply(element_new(&a, "urn:example", "iq"), "1"));
    arena_finish(&a);
}

static bool build(void *ctx)
{
    (void)ctx;
    struct arena a = {0};
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    struct element *e = stanza_message(&a, "r@d", "chat", str_from(text));
    stanza_error(&a, received(&a, "iq", "get", "1"), STANZA_CONFLICT, NULL, text);
    stanza_iq_result(&a, received(&a, "iq", "get", text));
    bool ok = !a.failed && e;
    arena_finish(&a);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(alloc_fail_sweep(build, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_three_kinds),
        cmocka_unit_test(judges_the_type_of_an_iq),
        cmocka_unit_test(builds_stanzas),
        cmocka_unit_test(asks_and_finds_the_payload),
        cmocka_unit_test(answers_an_iq),
        cmocka_unit_test(answers_with_an_error),
        cmocka_unit_test(never_answers_an_answer),
        cmocka_unit_test(answers_keep_the_namespace_of_servers),
        cmocka_unit_test(reads_the_error_it_wrote),
        cmocka_unit_test(reads_poor_errors),
        cmocka_unit_test(matches_replies_by_id),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
