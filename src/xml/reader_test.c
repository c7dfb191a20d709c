#include "base/buf.h"
#include "xml/reader_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEADER                                                                                     \
    "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xmlns='jabber:client' "    \
    "xmlns:stream='http://etherx.jabber.org/streams'>"

static const struct xml_limits tight = {
    .element_bytes = 100, .depth = 3, .attributes = 3, .children = 5, .name_bytes = 8};

static struct xml_reader *new_reader(void)
{
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    assert_non_null(r);
    return r;
}

/* Reads `text` as one piece and checks status and bytes used. */
static void expect(struct xml_reader *r, const char *text, enum xml_status status, size_t used)
{
    size_t consumed = 0;
    enum xml_status got = xml_reader_read(r, text, strlen(text), &consumed);
    if (got != status || consumed != used)
        fail_msg("%s: status %d, used %zu; wanted %d, %zu", text, got, consumed, status, used);
}

static void open_stream(struct xml_reader *r)
{
    expect(r, HEADER, XML_HEADER, strlen(HEADER));
    expect(r, "", XML_MORE, 0);
}

static void test_stops_at_exact_bytes(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    expect(r, HEADER "<a/>", XML_HEADER, strlen(HEADER));
    const struct element *e = xml_reader_element(r);
    assert_true(element_is(e, "http://etherx.jabber.org/streams", "stream"));
    assert_string_equal(element_attr(e, "to"), "example.org");
    assert_string_equal(element_attr(e, "version"), "1.0");
    assert_null(e->children);

    expect(r, "<a/><b/>", XML_ELEMENT, 4);
    assert_true(element_is(xml_reader_element(r), "jabber:client", "a"));
    expect(r, " <b>x</b >\x16\x03\x01", XML_ELEMENT, 10);
    assert_string_equal(element_text(xml_reader_element(r)).ptr, "x");
    expect(r, "</stream:stream >tail", XML_CLOSE, 17);
    assert_null(xml_reader_element(r));
    expect(r, "\n", XML_MORE, 1);
    expect(r, "<", XML_FAIL, 0);
    xml_reader_free(r);
}

static void test_empty_header_closes(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    expect(r, "<s/>x", XML_HEADER, 4);
    expect(r, "x", XML_CLOSE, 0);
    expect(r, "x", XML_FAIL, 0);
    xml_reader_free(r);
}

static void test_between_and_space(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    assert_true(xml_reader_between(r));
    expect(r, "<", XML_MORE, 1);
    assert_false(xml_reader_between(r));
    expect(r, "s>", XML_HEADER, 2);
    assert_true(xml_reader_between(r));
    expect(r, " ", XML_MORE, 1);
    assert_true(xml_reader_between(r));
    expect(r, "<a>  <b/>  ", XML_MORE, 11);
    assert_false(xml_reader_between(r));
    expect(r, "</a> ", XML_ELEMENT, 4);
    expect(r, "<c/>", XML_ELEMENT, 4);
    expect(r, "\t\r\n", XML_MORE, 3);
    expect(r, "!", XML_FAIL, 0);
    assert_false(xml_reader_between(r));
    xml_reader_free(r);
}

/* Each error is reported as soon as it is certain: after `bytes` one-byte pieces. */
static const struct {
    const char *doc;
    size_t bytes;
    enum xml_fault fault;
} faults[] = {
    {"HTTP/1.1", 1, XML_FAULT_NOT_XML},
    {"\x16\x03\x01", 1, XML_FAULT_NOT_XML},
    {"SSH-2.0", 1, XML_FAULT_NOT_XML},
    {"\r\n\r\nGET", 5, XML_FAULT_NOT_XML},
    {"\xef\xbb\xbf<s>", 1, XML_FAULT_NOT_WELL_FORMED},
    {"\xff\xfe<", 1, XML_FAULT_ENCODING},
    {"\xfe\xff", 1, XML_FAULT_ENCODING},
    {"<?xml version='1.1'?>", 18, XML_FAULT_NOT_WELL_FORMED},
    {"<?xml version='1.0' encoding='ISO-8859-1'?>", 31, XML_FAULT_ENCODING},
    {"<?xml version='1.0' encoding='UTF-16'?>", 35, XML_FAULT_ENCODING},
    {"<?xml version='1.0' encoding='UTF-80'?>", 36, XML_FAULT_ENCODING},
    {"<?xmlx", 6, XML_FAULT_RESTRICTED},
    {"<?php", 3, XML_FAULT_RESTRICTED},
    {" <?xml", 3, XML_FAULT_RESTRICTED},
    {"<?xml version='1.0'?>H", 22, XML_FAULT_NOT_WELL_FORMED},
    {"<?xml version='1.0'?><?", 23, XML_FAULT_RESTRICTED},
    {"<!DOCTYPE", 3, XML_FAULT_RESTRICTED},
    {"<!--", 3, XML_FAULT_RESTRICTED},
    {"<!x", 3, XML_FAULT_NOT_WELL_FORMED},
    {"</s>", 2, XML_FAULT_NOT_WELL_FORMED},
    {"<1", 2, XML_FAULT_NOT_WELL_FORMED},
    {"<s:1", 4, XML_FAULT_NOT_WELL_FORMED},
    {"<s a a", 6, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='<", 7, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='1'b", 9, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='1' a=", 11, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='\x01", 7, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='&n", 8, XML_FAULT_RESTRICTED},
    {"<s a='&#x110000", 15, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='\xc0", 7, XML_FAULT_ENCODING},
    {"<s a='\xe0\x9f", 8, XML_FAULT_ENCODING},
    {"<s a='\xed\xa0", 8, XML_FAULT_ENCODING},
    {"<s a='\xef\xbf\xbf", 9, XML_FAULT_NOT_WELL_FORMED},
    {"<s a='\xf0\x8f", 8, XML_FAULT_ENCODING},
    {"<s a='\xf4\x90", 8, XML_FAULT_ENCODING},
    {"<s a='\xf5", 7, XML_FAULT_ENCODING},
    {"<s\xc3\xb7", 4, XML_FAULT_NOT_WELL_FORMED},
    {"<s/ ", 4, XML_FAULT_NOT_WELL_FORMED},
    {"<a:s>", 5, XML_FAULT_BAD_PREFIX},
    {"<s a:b=''>", 10, XML_FAULT_BAD_PREFIX},
    {"<s xmlns:a=''>", 14, XML_FAULT_NOT_WELL_FORMED},
    {"<s xmlns:a='u' xmlns:b='u' a:c='' b:c=''>", 41, XML_FAULT_NOT_WELL_FORMED},
    {"<s></t>", 6, XML_FAULT_NOT_WELL_FORMED},
    {"<s></sx", 7, XML_FAULT_NOT_WELL_FORMED},
    {"<s></s x", 8, XML_FAULT_NOT_WELL_FORMED},
    {"<s>x", 4, XML_FAULT_NOT_WELL_FORMED},
    {"<s>&", 4, XML_FAULT_NOT_WELL_FORMED},
    {"<s><![CDATA[", 6, XML_FAULT_NOT_WELL_FORMED},
    {"<s><!-", 6, XML_FAULT_RESTRICTED},
    {"<s><!DOC", 6, XML_FAULT_RESTRICTED},
    {"<s><?", 5, XML_FAULT_RESTRICTED},
    {"<s><a></b>", 9, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>\x01", 7, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>\x80", 7, XML_FAULT_ENCODING},
    {"<s><a>\xed\xa0", 8, XML_FAULT_ENCODING},
    {"<s><a>\xef\xbf\xbe", 9, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>\xe2<", 8, XML_FAULT_ENCODING},
    {"<s><a>]]>", 9, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>&n", 8, XML_FAULT_RESTRICTED},
    {"<s><a>&lt ", 10, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>&ltt", 10, XML_FAULT_RESTRICTED},
    {"<s><a>&#0;", 10, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a>&#xD800;", 14, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a><!--", 9, XML_FAULT_RESTRICTED},
    {"<s><a><![CDATA(", 15, XML_FAULT_NOT_WELL_FORMED},
    {"<s><a><?x", 8, XML_FAULT_RESTRICTED},
    {"<s><b:a/>", 9, XML_FAULT_BAD_PREFIX},
    {"<s><xmlns:a/>", 13, XML_FAULT_BAD_PREFIX},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct arena a = {0};
        struct reader_cuts one = {.step = 1};
        struct reader_run run = reader_run(new_reader(), str_from(faults[i].doc), one, &a);
        if (run.fault != faults[i].fault || run.fed != faults[i].bytes)
            fail_msg("%s: fault %d (%s) after %zu", faults[i].doc, run.fault, run.text, run.fed);
        assert_true(strlen(run.text) > 0);
        arena_finish(&a);
    }
}

static void test_dead_stays_dead(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    expect(r, "H", XML_FAIL, 0);
    expect(r, HEADER, XML_FAIL, 0);
    assert_int_equal(xml_reader_fault(r), XML_FAULT_NOT_XML);
    assert_null(xml_reader_element(r));
    xml_reader_free(r);
    xml_reader_free(NULL);
}

/* --- limits --- */

static struct reader_run run_limited(const char *doc, const struct xml_limits *limits, size_t step)
{
    struct arena a = {0};
    struct reader_run run = reader_run(xml_reader_new(limits, false), str_from(doc),
                                       (struct reader_cuts){.step = step}, &a);
    run.root = NULL;
    arena_finish(&a);
    return run;
}

static void expect_limit(const char *doc, enum xml_fault fault)
{
    for (size_t step = 0; step < 4; step++) {
        struct reader_run run = run_limited(doc, &tight, step);
        if (run.fault != fault || (fault == XML_FAULT_NONE && run.status != XML_CLOSE))
            fail_msg("%s: %d %s", doc, run.fault, run.text);
    }
}

static void test_limits(void **state)
{
    (void)state;
    expect_limit("<s><a><b><c/></b></a></s>", XML_FAULT_NONE);
    expect_limit("<s><a><b><c><d/></c></b></a></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><a b='' c='' d=''/></s>", XML_FAULT_NONE);
    expect_limit("<s><a b='' c='' d='' e=''/></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><a xmlns='' c='' d='' e=''/></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s b='' c='' d='' e=''></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><a>x<b>y</b>z<c/></a><a/><a/><a/></s>", XML_FAULT_NONE);
    expect_limit("<s><a>x<b>y</b>z<c/>t</a></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><a><b/><b/><b/><b/><b/><b/></a></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><abcdefgh/></s>", XML_FAULT_NONE);
    expect_limit("<s><abcdefghi/></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><a abcdefghi='1'/></s>", XML_FAULT_TOO_COMPLEX);
    expect_limit("<s><x:efghij xmlns:x='u'/></s>", XML_FAULT_NONE);
    expect_limit("<s><x:efghijk xmlns:x='u'/></s>", XML_FAULT_TOO_COMPLEX);
}

static void test_byte_limit_is_exact(void **state)
{
    (void)state;
    char doc[256];
    for (int pad = 0; pad < 3; pad++) {
        /* 99, 100 and 101 bytes in all. */
        snprintf(doc, sizeof doc, "<s> <a b='%0*d'>%0*d</a> </s>", 40, 0, 47 + pad, 0);
        expect_limit(doc, pad < 2 ? XML_FAULT_NONE : XML_FAULT_TOO_BIG);
        snprintf(doc, sizeof doc, "<?xml version='1.0'?>  <s a='%0*d'></s>", 91 + pad, 0);
        expect_limit(doc, pad < 2 ? XML_FAULT_NONE : XML_FAULT_TOO_BIG);
    }
    /* It is certain with the first byte too many. */
    memset(doc, 'x', sizeof doc);
    memcpy(doc, "<s><a>", 6);
    doc[200] = '\0';
    assert_int_equal(run_limited(doc, &tight, 1).fed, 3 + 101);
    assert_int_equal(run_limited(doc, &tight, 0).fault, XML_FAULT_TOO_BIG);
}

/* White space between elements is never too much; a declaration may be. */
static void test_space_has_no_limit(void **state)
{
    (void)state;
    struct xml_reader *r = xml_reader_new(&tight, false);
    static char spaces[5000];
    size_t used;
    memset(spaces, ' ', sizeof spaces - 1);
    expect(r, "<s>", XML_HEADER, 3);
    assert_int_equal(xml_reader_read(r, spaces, sizeof spaces - 1, &used), XML_MORE);
    expect(r, "<a/>", XML_ELEMENT, 4);
    xml_reader_free(r);

    struct buf b = {0};
    buf_cstr(&b, "<?xml ");
    buf_str(&b, str_of(spaces, 300));
    r = new_reader();
    assert_int_equal(xml_reader_read(r, b.data, b.end, &used), XML_FAIL);
    assert_int_equal(xml_reader_fault(r), XML_FAULT_TOO_BIG);
    xml_reader_free(r);
    buf_finish(&b);
}

static void test_prefix_limit(void **state)
{
    (void)state;
    struct xml_limits limits = xml_limits_after_auth;
    limits.attributes = 1000;
    struct buf b = {0};
    buf_cstr(&b, "<s><a");
    for (int i = 0; i < 129; i++)
        buf_printf(&b, " xmlns:p%d='u'", i);
    buf_cstr(&b, "/>");
    struct arena a = {0};
    struct reader_run run =
        reader_run(xml_reader_new(&limits, false), buf_peek(&b), (struct reader_cuts){0}, &a);
    assert_int_equal(run.fault, XML_FAULT_TOO_COMPLEX);
    arena_finish(&a);
    buf_finish(&b);
}

static void test_set_limits(void **state)
{
    (void)state;
    struct xml_limits limits = tight;
    struct xml_reader *r = xml_reader_new(&limits, false);
    expect(r, "<s>", XML_HEADER, 3);
    expect(r, "<a><b>", XML_MORE, 6);
    limits.depth = 1;
    xml_reader_set_limits(r, &limits);
    expect(r, "<c/></b></a>", XML_ELEMENT, 12); /* the old ones hold within <a> */
    expect(r, "<a/>", XML_ELEMENT, 4);
    expect(r, "<a><b/></a>", XML_FAIL, 4);
    xml_reader_free(r);
}

/* --- other ways of use --- */

static void test_take(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    open_stream(r);
    expect(r, "<a xmlns:p='urn:p'><p:b q='1'>x</p:b></a>", XML_ELEMENT, 41);
    struct arena a;
    struct element *e = xml_reader_take(r, &a);
    assert_null(xml_reader_element(r));
    expect(r, "<c/>", XML_ELEMENT, 4);
    const struct element *b = element_child(e, "urn:p", "b");
    assert_non_null(b);
    assert_string_equal(element_attr(b, "q"), "1");
    assert_string_equal(e->ns, "jabber:client");
    arena_finish(&a);
    xml_reader_free(r);
}

static void test_framed(void **state)
{
    (void)state;
    struct xml_reader *r = xml_reader_new(&xml_limits_before_auth, true);
    expect(r, "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a'/>", XML_ELEMENT, 58);
    assert_true(element_is(xml_reader_element(r), "urn:ietf:params:xml:ns:xmpp-framing", "open"));
    expect(r, "<a/>", XML_ELEMENT, 4);
    assert_string_equal(xml_reader_element(r)->ns, "");
    expect(r, "<a xmlns:p='u'><p:b/></a>", XML_ELEMENT, 25);
    expect(r, "<p:b/>", XML_FAIL, 6);
    assert_int_equal(xml_reader_fault(r), XML_FAULT_BAD_PREFIX);
    xml_reader_free(r);

    static const struct {
        const char *text;
        size_t used;
        enum xml_fault fault;
    } refused[] = {{"</a>", 1, XML_FAULT_NOT_WELL_FORMED},
                   {"<?xml version='1.0'?><a/>", 1, XML_FAULT_RESTRICTED},
                   {"x", 0, XML_FAULT_NOT_XML}};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        r = xml_reader_new(&xml_limits_before_auth, true);
        expect(r, refused[i].text, XML_FAIL, refused[i].used);
        assert_int_equal(xml_reader_fault(r), refused[i].fault);
        xml_reader_free(r);
    }
}

/* An attribute and a text of 200 KB, byte by byte. */
static void test_large_in_small_pieces(void **state)
{
    enum { SIZE = 100000 };
    (void)state;
    struct buf b = {0};
    buf_cstr(&b, "<s><a b='");
    for (int i = 0; i < SIZE / 2; i++)
        buf_cstr(&b, "a>");
    buf_cstr(&b, "'>");
    for (int i = 0; i < SIZE / 2; i++)
        buf_cstr(&b, "]\xc3\xa9");
    buf_cstr(&b, "</a></s>");
    for (size_t step = 1; step < 3; step++) {
        struct arena a = {0};
        struct reader_run run =
            reader_run(new_reader(), buf_peek(&b), (struct reader_cuts){.step = step}, &a);
        assert_int_equal(run.status, XML_CLOSE);
        const struct element *e = element_child(run.root, NULL, "a");
        assert_int_equal(strlen(element_attr(e, "b")), SIZE);
        assert_int_equal(element_text(e).len, SIZE / 2 * 3);
        arena_finish(&a);
    }
    buf_finish(&b);
}

/* Namespaces of the header outlive it, known to us or not. */
static void test_header_namespaces_stay(void **state)
{
    (void)state;
    struct xml_reader *r = new_reader();
    const char *header = "<s:x xmlns:s='urn:stream' xmlns='urn:strange' xmlns:y='jabber:server'>";
    expect(r, header, XML_HEADER, strlen(header));
    expect(r, "<a s:q='1'><s:b/><y:c/><d xmlns=''/></a>", XML_ELEMENT, 40);
    const struct element *e = xml_reader_element(r);
    assert_string_equal(e->ns, "urn:strange");
    assert_string_equal(element_attr_ns(e, "urn:stream", "q"), "1");
    assert_non_null(element_child(e, "urn:stream", "b"));
    assert_non_null(element_child(e, "jabber:server", "c"));
    assert_non_null(element_child(e, "", "d"));
    expect(r, "</s:x>", XML_CLOSE, 6);
    xml_reader_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stops_at_exact_bytes),
        cmocka_unit_test(test_empty_header_closes),
        cmocka_unit_test(test_between_and_space),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_dead_stays_dead),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_byte_limit_is_exact),
        cmocka_unit_test(test_space_has_no_limit),
        cmocka_unit_test(test_prefix_limit),
        cmocka_unit_test(test_set_limits),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_framed),
        cmocka_unit_test(test_large_in_small_pieces),
        cmocka_unit_test(test_header_namespaces_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
