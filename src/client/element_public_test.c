#include "client/element_public.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>
#include <stdlib.h>

static void expect_xml(struct linnet_element *e, const char *expected)
{
    char *xml = linnet_element_to_xml(e);
    assert_non_null(xml);
    assert_string_equal(xml, expected);
    free(xml);
    linnet_element_free(e);
}

static struct linnet_element *build(void)
{
    struct linnet_element *iq = linnet_iq_new("romeo@example.org", "set");
    struct linnet_element *query = linnet_element_add(iq, "urn:example", "query");
    char name[8] = "item"; /* names are copied */
    struct linnet_element *item = linnet_element_add(query, NULL, name);
    linnet_element_set(item, name, "1");
    linnet_element_set(item, name, "2");
    linnet_element_set(item, "gone", "x");
    linnet_element_set(item, "gone", NULL);
    memset(name, 'x', 4);
    linnet_element_add_leaf(query, "urn:other", "text", "a<b");
    linnet_element_add_text(item, "one ");
    linnet_element_add_text(item, "two");
    linnet_element_free(item); /* inside: left alone */
    return iq;
}

static void builds(void **state)
{
    (void)state;
    expect_xml(build(), "<iq to='romeo@example.org' type='set'><query xmlns='urn:example'>"
                        "<item item='2'>one two</item><text xmlns='urn:other'>a&lt;b</text></query>"
                        "</iq>");
}

static void reads(void **state)
{
    (void)state;
    struct linnet_element *iq = build();
    const struct linnet_element *query = linnet_element_child(iq, "urn:example", NULL);
    assert_true(linnet_element_is(query, "urn:example", "query"));
    assert_string_equal(linnet_element_name(query), "query");
    assert_string_equal(linnet_element_ns(query), "urn:example");
    const struct linnet_element *item = linnet_element_next(query, NULL);
    assert_string_equal(linnet_element_attr(item, "item"), "2");
    assert_null(linnet_element_attr(item, "gone"));
    assert_string_equal(linnet_element_text(item), "one two");
    assert_string_equal(linnet_element_child_text(query, "urn:other", "text"), "a<b");
    assert_null(linnet_element_next(query, linnet_element_next(query, item)));
    assert_int_equal(linnet_stanza_kind(iq), LINNET_STANZA_IQ);
    assert_int_equal(linnet_stanza_kind(query), LINNET_STANZA_NONE);
    struct linnet_element *copy = linnet_element_dup(query);
    linnet_element_free(iq);
    linnet_element_add(copy, NULL, "more"); /* a copy can be built upon */
    expect_xml(copy, "<query xmlns='urn:example'><item item='2'>one two</item>"
                     "<text xmlns='urn:other'>a&lt;b</text><more/></query>");
    assert_null(linnet_element_name(NULL));
    assert_null(linnet_element_text(NULL));
    assert_null(linnet_element_child(NULL, NULL, NULL));
    assert_null(linnet_element_next(NULL, NULL));
    assert_null(linnet_element_dup(NULL));
    assert_false(linnet_element_is(NULL, "", ""));
    assert_null(linnet_element_child_text(NULL, NULL, NULL));
}

static void refuses_what_is_not_xml(void **state)
{
    static const char *const texts[] = {"\a", "\xff", "\xed\xa0\x80", "\xef\xbf\xbf", "\xc3"};
    static const char *const names[] = {"", "a b", "<a", "a:b", "1a", "a=", "\xff"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct linnet_element *m = linnet_message_new("a@b", NULL, texts[i]);
        assert_int_equal(element_built(m), LINNET_ERROR_USAGE);
        assert_null(linnet_element_to_xml(m));
        assert_null(linnet_element_add(m, NULL, "more")); /* sticky */
        linnet_element_free(m);
        m = linnet_message_new(texts[i], NULL, NULL);
        assert_int_equal(element_built(m), LINNET_ERROR_USAGE);
        linnet_element_free(m);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct linnet_element *m = linnet_element_new("urn:x", names[i]);
        assert_int_equal(element_built(m), LINNET_ERROR_USAGE);
        linnet_element_free(m);
        m = linnet_element_new("urn:x", "good");
        linnet_element_set(m, names[i], "v");
        assert_int_equal(element_built(m), LINNET_ERROR_USAGE);
        struct linnet_element *parent = linnet_element_new("urn:x", "parent");
        linnet_element_add_copy(parent, m);
        assert_int_equal(element_built(parent), LINNET_ERROR_USAGE);
        linnet_element_free(parent);
        linnet_element_free(m);
    }
    assert_int_equal(element_built(NULL), LINNET_ERROR_NO_MEMORY);
}

static void replies(void **state)
{
    struct linnet_error error = {0};
    (void)state;
    struct linnet_element *iq = linnet_iq_new("juliet@localhost", "get");
    linnet_element_set(iq, "from", "romeo@localhost/x");
    linnet_element_set(iq, "id", "7");
    linnet_element_add(iq, "urn:x", "q");
    struct linnet_element *reply = linnet_iq_result_new(iq);
    assert_string_equal(linnet_element_attr(reply, "to"), "romeo@localhost/x");
    assert_string_equal(linnet_element_attr(reply, "from"), "juliet@localhost");
    assert_string_equal(linnet_element_attr(reply, "type"), "result");
    assert_string_equal(linnet_element_attr(reply, "id"), "7");
    linnet_element_add(reply, "urn:x", "q");
    linnet_element_free(reply);
    reply = linnet_stanza_error_new(iq, "item-not-found", "never heard of it");
    assert_true(linnet_stanza_error(reply, &error));
    assert_int_equal(error.code, LINNET_ERROR_STANZA);
    assert_string_equal(error.condition, "item-not-found");
    assert_string_equal(error.peer_text, "never heard of it");
    assert_int_equal(error.retry, LINNET_RETRY_NO);
    assert_false(linnet_stanza_error(iq, &error));
    assert_null(linnet_stanza_error_new(reply, "item-not-found", NULL)); /* RFC 6120 §8.3.1 */
    linnet_element_free(reply);
    linnet_element_free(iq);
}

/* Of type "wait" are the errors that pass, and some say when (XEP-0433). */
static void errors_that_pass(void **state)
{
    struct arena a = {0};
    struct linnet_error error = {0};
    (void)state;
    struct element *m = element_new(&a, NS_CLIENT, "message");
    struct element *child = element_add(&a, m, NS_CLIENT, "error");
    element_set(&a, m, "type", "error");
    element_set(&a, child, "type", "wait");
    element_add(&a, child, NS_STANZA_ERRORS, "resource-constraint");
    assert_true(linnet_stanza_error(element_public(m), &error));
    assert_int_equal(error.retry, LINNET_RETRY_YES);
    assert_int_equal(error.retry_after_s, 0);
    element_set(&a, element_add(&a, child, "urn:x", "rate-limit"), "retry-after", "30");
    assert_true(linnet_stanza_error(element_public(m), &error));
    assert_int_equal(error.retry_after_s, 30);
    assert_true(linnet_stanza_error(element_public(m), NULL));
    arena_finish(&a);
}

static void bodies(void **state)
{
    (void)state;
    struct linnet_element *m = linnet_message_new(NULL, NULL, NULL);
    assert_null(linnet_message_body(m));
    linnet_element_add_leaf(m, "urn:x", "body", "not this");
    assert_null(linnet_message_body(m));
    linnet_element_add_leaf(m, NULL, "body", "this");
    assert_string_equal(linnet_message_body(m), "this");
    linnet_element_free(m);
    expect_xml(linnet_presence_new(NULL, NULL), "<presence/>");
    assert_null(linnet_message_body(NULL));
}

static bool build_and_print(void *ctx)
{
    (void)ctx;
    struct linnet_element *iq = build(), *copy = linnet_element_dup(iq);
    struct linnet_element *result = linnet_iq_result_new(iq);
    linnet_element_add_copy(result, copy);
    char *xml = linnet_element_to_xml(result);
    bool good = xml && element_built(iq) == LINNET_OK;
    free(xml);
    linnet_element_free(result);
    linnet_element_free(copy);
    linnet_element_free(iq);
    return good;
}

static void survives_without_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_sweep(build_and_print, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds),
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses_what_is_not_xml),
        cmocka_unit_test(replies),
        cmocka_unit_test(errors_that_pass),
        cmocka_unit_test(bodies),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
