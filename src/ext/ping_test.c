#include "ext/ping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void asks_as_the_xep_shows(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf out = {0};
    xml_print(&out, ping_request(&a, "capulet.lit", "c2s1"), NS_CLIENT);
    assert_true(str_is(buf_peek(&out), "<iq to='capulet.lit' type='get' id='c2s1'>"
                                       "<ping xmlns='urn:xmpp:ping'/></iq>"));
    buf_finish(&out);
    arena_finish(&a);
}

static void knows_a_ping(void **state)
{
    (void)state;
    struct arena a = {0};
    struct element *iq = ping_request(&a, NULL, "1");
    assert_true(ping_is_request(iq));
    element_set(&a, iq, "type", "set");
    assert_false(ping_is_request(iq));
    assert_false(ping_is_request(stanza_iq_get(&a, NULL, "1", NS_PING, "pong", NULL)));
    assert_false(ping_is_request(stanza_iq_get(&a, NULL, NULL, NS_PING, "ping", NULL)));
    assert_false(ping_is_request(NULL));
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_as_the_xep_shows),
        cmocka_unit_test(knows_a_ping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
