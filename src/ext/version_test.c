#include "ext/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct version linnet = {STR_LIT("Linnet"), STR_LIT("0.1 <a>"), STR_NONE};

static void asks_and_answers(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf out = {0};
    struct element *iq = version_request(&a, "example.com", "v1");
    assert_true(version_is_request(iq));
    xml_print(&out, iq, NS_CLIENT);
    assert_true(str_is(buf_peek(&out), "<iq to='example.com' type='get' id='v1'>"
                                       "<query xmlns='jabber:iq:version'/></iq>"));
    buf_reset(&out);
    xml_print(&out, version_result(&a, iq, &linnet), NS_CLIENT);
    assert_true(str_is(buf_peek(&out), "<iq from='example.com' id='v1' type='result'>"
                                       "<query xmlns='jabber:iq:version'><name>Linnet</name>"
                                       "<version>0.1 &lt;a&gt;</version></query></iq>"));
    element_set(&a, iq, "type", "result");
    assert_false(version_is_request(iq));
    buf_finish(&out);
    arena_finish(&a);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    struct arena a = {0};
    struct version back, full = linnet;
    full.os = STR_LIT("Debian 12");
    struct element *iq = version_request(&a, "d", "v1");
    assert_false(version_read(iq, &back));
    assert_true(version_read(version_result(&a, iq, &linnet), &back));
    assert_true(str_is(back.name, "Linnet"));
    assert_true(str_is(back.version, "0.1 <a>"));
    assert_null(back.os.ptr);
    assert_true(version_read(version_result(&a, iq, &full), &back));
    assert_true(str_is(back.os, "Debian 12"));
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_answers),
        cmocka_unit_test(reads_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
