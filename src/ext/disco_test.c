#include "ext/disco.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_prints(const struct element *e, const char *expected)
{
    struct buf out = {0};
    xml_print(&out, e, NS_CLIENT);
    char *got = buf_take_cstr(&out);
    assert_string_equal(got, expected);
    free(got);
    buf_finish(&out);
}

static const struct disco_identity identities[] = {{"server", "im", "Linnet"},
                                                   {"pubsub", "pep", NULL}};
static const char *const features[] = {"urn:xmpp:ping", "jabber:iq:version"};
static const struct disco_info info = {identities, 2, features, 2};

static void asks(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_prints(disco_info_request(&a, "example.com", "1", NULL),
                  "<iq to='example.com' type='get' id='1'>"
                  "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    assert_prints(disco_items_request(&a, NULL, "2", "music"),
                  "<iq type='get' id='2'>"
                  "<query xmlns='http://jabber.org/protocol/disco#items' node='music'/></iq>");
    arena_finish(&a);
}

static void knows_who_asks(void **state)
{
    (void)state;
    struct arena a = {0};
    const char *node = "unset";
    struct element *iq = disco_info_request(&a, "d", "1", NULL);
    assert_true(disco_is_info_request(iq, &node));
    assert_null(node);
    assert_false(disco_is_items_request(iq, &node));
    iq = disco_items_request(&a, "d", "1", "n");
    assert_true(disco_is_items_request(iq, &node));
    assert_string_equal(node, "n");
    assert_false(disco_is_info_request(iq, &node));
    assert_null(node);
    element_set(&a, iq, "type", "set");
    assert_false(disco_is_items_request(iq, &node));
    arena_finish(&a);
}

static void answers(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_prints(disco_info_result(&a, disco_info_request(&a, "d", "1", "n"), &info),
                  "<iq from='d' id='1' type='result'>"
                  "<query xmlns='http://jabber.org/protocol/disco#info' node='n'>"
                  "<identity category='server' type='im' name='Linnet'/>"
                  "<identity category='pubsub' type='pep'/>"
                  "<feature var='http://jabber.org/protocol/disco#info'/>"
                  "<feature var='urn:xmpp:ping'/><feature var='jabber:iq:version'/>"
                  "</query></iq>");
    static const struct disco_item items[] = {{"rooms.d", NULL, "Rooms"}, {"d", "news", NULL}};
    struct disco_items list = {items, 2};
    assert_prints(disco_items_result(&a, disco_items_request(&a, "d", "1", NULL), &list),
                  "<iq from='d' id='1' type='result'>"
                  "<query xmlns='http://jabber.org/protocol/disco#items'>"
                  "<item jid='rooms.d' name='Rooms'/><item jid='d' node='news'/>"
                  "</query></iq>");
    arena_finish(&a);
}

static void names_its_own_feature_once(void **state)
{
    (void)state;
    struct arena a = {0};
    static const char *const own[] = {"a", NS_DISCO_INFO};
    struct disco_info with = {NULL, 0, own, 2}, back;
    struct element *iq = disco_info_result(&a, disco_info_request(&a, "d", "1", NULL), &with);
    assert_true(disco_info_read(&a, iq, &back));
    assert_int_equal(back.feature_count, 2);
    assert_true(disco_info_has(&back, NS_DISCO_INFO));
    arena_finish(&a);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    struct arena a = {0};
    struct disco_info back;
    struct element *iq = disco_info_result(&a, disco_info_request(&a, "d", "1", NULL), &info);
    assert_true(disco_info_read(&a, iq, &back));
    assert_int_equal(back.identity_count, 2);
    assert_string_equal(back.identities[0].category, "server");
    assert_string_equal(back.identities[0].type, "im");
    assert_string_equal(back.identities[0].name, "Linnet");
    assert_null(back.identities[1].name);
    assert_int_equal(back.feature_count, 3);
    assert_true(disco_info_has(&back, "urn:xmpp:ping"));
    assert_false(disco_info_has(&back, "urn:xmpp:pin"));

    static const struct disco_item items[] = {{"rooms.d", "n", "Rooms"}};
    struct disco_items list = {items, 1}, list_back;
    iq = disco_items_result(&a, disco_items_request(&a, "d", "1", NULL), &list);
    assert_true(disco_items_read(&a, iq, &list_back));
    assert_int_equal(list_back.count, 1);
    assert_string_equal(list_back.items[0].jid, "rooms.d");
    assert_string_equal(list_back.items[0].node, "n");
    assert_string_equal(list_back.items[0].name, "Rooms");
    arena_finish(&a);
}

static void leaves_out_what_is_incomplete(void **state)
{
    (void)state;
    struct arena a = {0};
    struct disco_info back;
    struct disco_items list;
    struct element *iq = stanza_new(&a, "iq", NULL, "result", "1");
    assert_false(disco_info_read(&a, iq, &back));
    assert_false(disco_items_read(&a, iq, &list));
    struct element *query = element_add(&a, iq, NS_DISCO_INFO, "query");
    element_set(&a, element_add(&a, query, NS_DISCO_INFO, "identity"), "category", "client");
    element_set(&a, element_add(&a, query, NS_DISCO_INFO, "identity"), "type", "pc");
    element_set(&a, element_add(&a, query, "urn:example", "feature"), "var", "x");
    element_add(&a, query, NS_DISCO_INFO, "feature");
    element_add_text(&a, query, STR_LIT("\n"));
    assert_true(disco_info_read(&a, iq, &back));
    assert_int_equal(back.identity_count, 0);
    assert_int_equal(back.feature_count, 0);
    query = element_add(&a, iq, NS_DISCO_ITEMS, "query");
    element_set(&a, element_add(&a, query, NS_DISCO_ITEMS, "item"), "name", "nobody");
    assert_true(disco_items_read(&a, iq, &list));
    assert_int_equal(list.count, 0);
    arena_finish(&a);
}

static bool exchange(void *ctx)
{
    (void)ctx;
    static const char *many[200];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = "urn:example:feature";
    struct disco_info with = {identities, 2, many, ARRAY_LEN(many)}, back;
    struct arena a = {0};
    struct element *iq = disco_info_result(&a, disco_info_request(&a, "d", "1", NULL), &with);
    bool ok = !a.failed && disco_info_read(&a, iq, &back);
    assert_true(!ok || back.feature_count == 201);
    arena_finish(&a);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(alloc_fail_sweep(exchange, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(knows_who_asks),
        cmocka_unit_test(answers),
        cmocka_unit_test(names_its_own_feature_once),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(leaves_out_what_is_incomplete),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
