#include "xml/element.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_build_and_find(void **state)
{
    (void)state;
    struct arena a = {0};
    struct element *iq = element_new(&a, "jabber:client", "iq");
    element_set(&a, iq, "type", "get");
    element_set(&a, iq, "xml:lang", "en");
    struct element *query = element_add(&a, iq, "jabber:iq:roster", "query");
    struct element *one = element_add(&a, query, NULL, "item");
    element_add_text(&a, query, STR_LIT("between"));
    struct element *two = element_add(&a, query, NULL, "item");
    element_add(&a, two, "urn:other", "item");
    assert_false(a.failed);

    assert_true(element_is(iq, "jabber:client", "iq"));
    assert_false(element_is(iq, "jabber:server", "iq"));
    assert_false(element_is(NULL, "jabber:client", "iq"));
    assert_string_equal(element_attr(iq, "type"), "get");
    assert_null(element_attr(iq, "id"));
    assert_null(element_attr(iq, "lang"));
    assert_string_equal(element_attr(iq, "xml:lang"), "en");
    assert_string_equal(element_attr_ns(iq, "http://www.w3.org/XML/1998/namespace", "lang"), "en");
    assert_ptr_equal(element_child(iq, NULL, NULL), query);
    assert_ptr_equal(element_child(iq, "jabber:iq:roster", NULL), query);
    assert_null(element_child(iq, "jabber:client", "query"));
    assert_ptr_equal(element_next(query, NULL), one);
    assert_ptr_equal(element_next(query, one), two);
    assert_null(element_next(query, two));
    assert_null(element_next(query, iq));
    assert_string_equal(two->ns, "jabber:iq:roster");
    arena_finish(&a);
}

static void test_text(void **state)
{
    (void)state;
    struct arena a = {0};
    struct element *m = element_new(&a, "jabber:client", "message");
    struct element *body = element_add(&a, m, NULL, "body");
    assert_true(str_is(element_text(body), ""));
    element_add_text(&a, body, STR_LIT("one"));
    element_add_text(&a, body, STR_LIT(""));
    element_add_text(&a, body, STR_LIT(" two"));
    assert_true(str_is(element_text(body), "one two"));
    assert_string_equal(element_text(body).ptr, "one two");
    assert_true(str_is(element_child_text(m, "jabber:client", "body"), "one two"));
    assert_null(element_child_text(m, "jabber:client", "subject").ptr);
    assert_null(element_text(m).ptr); /* an element is inside */
    assert_null(element_text(NULL).ptr);
    arena_finish(&a);
}

static void test_set_replaces_and_removes(void **state)
{
    (void)state;
    struct arena a = {0};
    struct element *e = element_new(&a, "", "e");
    element_set(&a, e, "one", "1");
    element_set(&a, e, "two", "2");
    element_set(&a, e, "two", "zwei");
    element_set(&a, e, "three", "3");
    assert_string_equal(element_attr(e, "two"), "zwei");
    element_set(&a, e, "three", NULL);
    element_set(&a, e, "absent", NULL);
    assert_null(element_attr(e, "three"));
    element_set(&a, e, "four", "4");
    element_set(&a, e, "one", NULL);
    assert_string_equal(e->attrs->name, "two");
    assert_string_equal(e->attrs->next->name, "four");
    assert_null(e->attrs->next->next);
    element_set_str(&a, e, "five", STR_LIT(""));
    assert_string_equal(element_attr(e, "five"), "");
    arena_finish(&a);
}

static void test_copy_is_deep(void **state)
{
    (void)state;
    struct arena a = {0}, b = {0};
    char ns[] = "urn:x", name[] = "e";
    struct element *e = element_new(&a, ns, name);
    element_set(&a, e, "q", "1");
    element_add_text(&a, element_add(&a, e, NULL, "child"), STR_LIT("text"));
    struct element *copy = element_copy(&b, e);
    ns[0] = name[0] = '!';
    arena_finish(&a);
    assert_true(element_is(copy, "urn:x", "e"));
    assert_string_equal(element_attr(copy, "q"), "1");
    assert_null(element_copy(&b, NULL));
    assert_true(str_is(element_text(element_child(copy, NULL, "child")), "text"));
    arena_finish(&b);
}

/* Builders go on without a parent; the arena tells. */
static void test_builders_are_sticky(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 300, false);
    struct element *e = element_new(&a, "", "e");
    for (int i = 0; i < 10; i++) {
        struct element *child = element_add(&a, e, NULL, "child");
        element_set(&a, child, "a", "b");
        element_add_text(&a, child, STR_LIT("text"));
        element_link(&a, child, element_new(&a, "", "x"));
    }
    assert_true(a.failed);
    assert_null(element_add(&a, e, NULL, "late"));
    assert_null(element_copy(&a, e));
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_and_find),           cmocka_unit_test(test_text),
        cmocka_unit_test(test_set_replaces_and_removes), cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_builders_are_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
