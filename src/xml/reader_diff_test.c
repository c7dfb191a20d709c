/* The reader beside expat: equal verdicts and equal trees, however the input is cut; and the
 * differences that are meant, each in one table. */
#include "xml/expat_oracle.h"
#include "xml/reader_run.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct xml_limits wide = {.element_bytes = 1 << 20,
                                       .depth = 200,
                                       .attributes = 1000,
                                       .children = 100000,
                                       .name_bytes = 4096};

#define OPEN                                                                                       \
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "        \
    "xml:lang='en' from='a.example'>"
#define CLOSE "</stream:stream>"
#define IN_STREAM(s) OPEN s CLOSE

static const char *const good[] = {
    IN_STREAM(""),
    "<?xml version='1.0'?>" IN_STREAM(""),
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n" IN_STREAM(""),
    "<?xml  version = '1.0'\tencoding= 'utf-8' standalone='yes' ?>" IN_STREAM(""),
    "<?xml version='1.0' standalone='no'?>" IN_STREAM(""),
    " \t\r\n" IN_STREAM(""),
    "<stream/>",
    "<s></s >",
    "<s><a/></s>",
    "<a:s xmlns:a='urn:a'><a:b/></a:s\t\r\n >",
    "<s xmlns='urn:one'><a xmlns=''><b xmlns='urn:two'/><c/></a><d/></s>",
    IN_STREAM("<message to='a@b' id=\"1\"><body>hello</body></message>"),
    IN_STREAM("  <presence/>\n\t<presence />\r\n"),
    IN_STREAM("<a b='1' c=\"2\"\n\td = '3'/>"),
    IN_STREAM("<a b='\"' c=\"'\" d='>' e=''/>"),
    IN_STREAM("<a>&lt;&gt;&amp;&apos;&quot;</a>"),
    IN_STREAM("<a b='&lt;&gt;&amp;&apos;&quot;'/>"),
    IN_STREAM("<a>&#65;&#x41;&#x0000000000041;&#x10FFFF;&#xd7ff;&#xe000;&#9;&#10;&#13;</a>"),
    IN_STREAM("<a b='&#65;&#x41;&#x10ffff;&#9;&#10;&#13;&#32;'/>"),
    IN_STREAM("<a b='1\t2\n3\r4\r\n5\r\r\n6'/>"),
    IN_STREAM("<a>1\t2\n3\r4\r\n5\r\r\n6\r</a>"),
    IN_STREAM("<a>\r\n</a><a>\r</a><a>&#13;\n</a><a>\r&#10;</a>"),
    IN_STREAM("<a>x<![CDATA[<b>&amp;]]]]>]</a>"),
    IN_STREAM("<a><![CDATA[]]></a><a><![CDATA[ ]]><![CDATA[]]></a>"),
    IN_STREAM("<a><![CDATA[]]]]><![CDATA[>]]></a>"),
    IN_STREAM("<a><![CDATA[]]]>]]</a><a>]]&gt;]>] ]></a>"),
    IN_STREAM("<a><![CDATA[x]>]] >\r]]>\n<![CDATA[\r\n\r]]>\r</a>"),
    IN_STREAM("<a>one<b/>two<c>three</c>four</a>"),
    IN_STREAM("<a>]]<b/>></a><a>]&#93;></a><a>]]<![CDATA[>]]></a>"),
    IN_STREAM("<a>\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \xee\x80\x80</a>"),
    IN_STREAM("<a b='\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80'/>"),
    IN_STREAM("<a>\xef\xbb\xbf</a><a>\x7f\xc2\x80\xc2\x85\xe2\x80\xa8</a>"),
    IN_STREAM("<\xc3\xa9t\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87='1'>x</\xc3\xa9t\xc3\xa9>"),
    IN_STREAM("<a-b.c_d1 _x='1' y.-0='2'/>"),
    IN_STREAM("<x:a xmlns:x='urn:x' x:b='1' b='2'><x:c xmlns:x='urn:y'/><x:d/></x:a>"),
    IN_STREAM("<x:a x:b='1' xmlns:x='urn:x'/>"),
    IN_STREAM("<a xmlns:x='urn:x' xmlns:y='urn:y' x:b='1' y:b='2' b='3'/>"),
    IN_STREAM("<a xmlns='urn:x' xmlns:x='urn:x' x:b='1' b='2'/>"),
    IN_STREAM("<a xml:lang='de' xml:space='preserve'/>"),
    IN_STREAM("<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>"),
    IN_STREAM("<xml:a/>"),
    IN_STREAM("<a xmlns='&#117;rn:&amp;'><b/></a>"),
    IN_STREAM("<a xmlns=' urn:\n x '/>"),
    IN_STREAM("<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
              "</stream:error>"),
    IN_STREAM("<XML/><xmlish/><a xmlnsx='1' xmln='2'/>"),
    IN_STREAM("<a><a><a><a><a><a><a><a><a><a><a><a>deep</a></a></a></a></a></a></a></a></a></a></a>"
              "</a>"),
    IN_STREAM("<a b1='' b2='' b3='' b4='' b5='' b6='' b7='' b8='' b9='' b10='' b11='' b12='' "
              "b13='' b14='' b15='' b16='' b17='' b18='' b19='' b20='' b21='' b22='' b23='' b24=''"
              "/>"),
    IN_STREAM("<a xmlns:b='b' xmlns:c='c' xmlns:d='d' xmlns:e='e' xmlns:f='f' xmlns:g='g'>"
              "<b:a/><g:a/><f:a xmlns:f='h' f:b='' c:b=''/><f:a/></a>"),
};

/* Both refuse. */
static const char *const bad[] = {
    "",
    " ",
    "<",
    "<s>",
    "<s",
    "x<s/>",
    "</s>",
    "<s></t>",
    "<s></sx>",
    "<s></>",
    "<s></ s>",
    "<s></s x>",
    "<stream></strea>",
    "<s:a xmlns:s='u'></a>",
    "< s/>",
    "<s / >",
    "<s a/>",
    "<s a=/>",
    "<s a=b/>",
    "<s a='b/>",
    "<s a='1'b='2'/>",
    "<s a='1' a='2'/>",
    "<s 1='1'/>",
    "<1/>",
    "<-s/>",
    "<.s/>",
    "<s:/>",
    "<:s/>",
    "<s xmlns:a='u'><a:b:c/></s>",
    "<s xmlns:a='u' a:='1'/>",
    "<s :a='1'/>",
    "<s xmlns:a='u'><a:1/></s>",
    "<s/a>",
    "<s a='<'/>",
    "<s a='&'/>",
    "<s a='&;'/>",
    "<s>& </s>",
    "<s>&</s>",
    "<s>&amp</s>",
    "<s>&am;</s>",
    "<s>&AMP;</s>",
    "<s>&nbsp;</s>",
    "<s>&ampx;</s>",
    "<s>&1;</s>",
    "<s>&#;</s>",
    "<s>&#x;</s>",
    "<s>&#X41;</s>",
    "<s>&#6a;</s>",
    "<s>&#xg;</s>",
    "<s>&#0;</s>",
    "<s>&#1;</s>",
    "<s>&#x1f;</s>",
    "<s>&#xD800;</s>",
    "<s>&#xDFFF;</s>",
    "<s>&#xFFFE;</s>",
    "<s>&#xFFFF;</s>",
    "<s>&#x110000;</s>",
    "<s>&#99999999999999999999;</s>",
    "<s a='&#0;'/>",
    "<s a='&#xFFFF;'/>",
    "<s a='&nbsp;'/>",
    "<s>]]></s>",
    "<s>]]]]></s>",
    "<s><a>x]]>y</a></s>",
    "<s><a><![CDATA[x]]</a></s>",
    "<s><a><![CDATA [x]]></a></s>",
    "<s><a><![cdata[x]]></a></s>",
    "<s><a><!x></a></s>",
    "<s>\x01</s>",
    "<s><a>\x1f</a></s>",
    "<s a='\x01'/>",
    "<s \x01='1'/>",
    "<s><a>\x80</a></s>",
    "<s><a>\xc0\x80</a></s>",
    "<s><a>\xc1\xbf</a></s>",
    "<s><a>\xc3(</a></s>",
    "<s><a>\xe0\x80\x80</a></s>",
    "<s><a>\xe0\x9f\xbf</a></s>",
    "<s><a>\xed\xa0\x80</a></s>",
    "<s><a>\xed\xbf\xbf</a></s>",
    "<s><a>\xef\xbf\xbe</a></s>",
    "<s><a>\xef\xbf\xbf</a></s>",
    "<s><a>\xf0\x8f\xbf\xbf</a></s>",
    "<s><a>\xf4\x90\x80\x80</a></s>",
    "<s><a>\xf5\x80\x80\x80</a></s>",
    "<s><a>\xff</a></s>",
    "<s><a>\xe2\x82</a></s>",
    "<s><a>\xf0\x9f\x98</a></s>",
    "<s a='\xc0\x80'/>",
    "<s a='\xed\xa0\x80'/>",
    "<s a='\xef\xbf\xbf'/>",
    "<s a='\xe2\x82'/>",
    "<\xc3/>",
    "<s\xff/>",
    "<\xc2\xa0/>",
    "<s><a\xc3\x97/></s>",
    "<\xcc\x81/>",
    "<a:s/>",
    "<s a:b='1'/>",
    "<s><x:a xmlns:x='u'/><x:a/></s>",
    "<s xmlns:a=''/>",
    "<s xmlns:xmlns='u'/>",
    "<s xmlns:xml='u'/>",
    "<s xmlns:a='http://www.w3.org/XML/1998/namespace'/>",
    "<s xmlns='http://www.w3.org/XML/1998/namespace'/>",
    "<s xmlns:a='http://www.w3.org/2000/xmlns/'/>",
    "<s xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<s xmlns='u' xmlns='u'/>",
    "<s xmlns:a='u' xmlns:a='u'/>",
    "<s xmlns:a='u' xmlns:b='u' a:c='1' b:c='1'/>",
    "<xmlns:s/>",
    "<s xmlns:a='u' a:b='1' a:b='2'/>",
    " <?xml version='1.0'?><s/>",
    "<?xml?><s/>",
    "<?xml ?><s/>",
    "<?xml encoding='UTF-8'?><s/>",
    "<?xml version='1.0' version='1.0'?><s/>",
    "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><s/>",
    "<?xml version='1.0'encoding='UTF-8'?><s/>",
    "<?xml version='1.0' standalone='maybe'?><s/>",
    "<?xml version='1.0\"?><s/>",
    "<?xml version=1.0?><s/>",
    "<?xml version='1.0'><s/>",
    "<?xml version='1.0' encoding='no-such-thing'?><s/>",
    "<?xml version='1.0' encoding='UTF-16'?><s/>",
    "<?XML version='1.0'?><s/>",
    "<?xml version='1.0'?><?xml version='1.0'?><s/>",
    "<s><?xml version='1.0'?></s>",
    "\xfe\xff",
    "\xff\xfe<",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "GET / HTTP/1.1\r\n",
    "\x16\x03\x01",
};

/* --- what differs by design: expat accepts --- */

static const struct difference {
    const char *doc;
    enum xml_fault fault; /* NONE: we accept what expat refuses */
    const char *why;
} differences[] = {
    /* RFC 6120 §11.1: restricted XML. */
    {"<s><!-- x --></s>", XML_FAULT_RESTRICTED, "comment"},
    {"<!-- x --><s/>", XML_FAULT_RESTRICTED, "comment"},
    {"<s><a><!-- x --></a></s>", XML_FAULT_RESTRICTED, "comment"},
    {"<s><?x y?></s>", XML_FAULT_RESTRICTED, "processing instruction"},
    {"<?x y?><s/>", XML_FAULT_RESTRICTED, "processing instruction"},
    {"<?xml-stylesheet href='x'?><s/>", XML_FAULT_RESTRICTED, "processing instruction"},
    {"<s><a><?x?></a></s>", XML_FAULT_RESTRICTED, "processing instruction"},
    {"<!DOCTYPE s><s/>", XML_FAULT_RESTRICTED, "document type"},
    {"<!DOCTYPE s [<!ENTITY e 'x'>]><s>&e;</s>", XML_FAULT_RESTRICTED, "entity"},
    {"<?xml version='1.0'?><!DOCTYPE s><s/>", XML_FAULT_RESTRICTED, "document type"},
    /* RFC 6120 §11.6: UTF-8 only, no byte order mark. */
    {"\xef\xbb\xbf<s/>", XML_FAULT_NOT_WELL_FORMED, "byte order mark"},
    {"\xef\xbb\xbf<?xml version='1.0'?><s/>", XML_FAULT_NOT_WELL_FORMED, "byte order mark"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?><s/>", XML_FAULT_ENCODING, "encoding"},
    {"<?xml version='1.0' encoding='US-ASCII'?><s/>", XML_FAULT_ENCODING, "encoding"},
    /* XML 1.0 is what RFC 6120 speaks of; expat looks at no version. */
    {"<?xml version='1.1'?><s/>", XML_FAULT_NOT_WELL_FORMED, "version"},
    {"<?xml version='2.0'?><s/>", XML_FAULT_NOT_WELL_FORMED, "version"},
    /* RFC 6120 §4.1: a stream holds stanzas; text stands inside them. */
    {"<s>text</s>", XML_FAULT_NOT_WELL_FORMED, "text beside stanzas"},
    {"<s><a/>x<b/></s>", XML_FAULT_NOT_WELL_FORMED, "text beside stanzas"},
    {"<s>&#32;</s>", XML_FAULT_NOT_WELL_FORMED, "a reference beside stanzas"},
    {"<s><![CDATA[ ]]></s>", XML_FAULT_NOT_WELL_FORMED, "CDATA beside stanzas"},
    /* Names by the fifth edition of XML 1.0; expat follows the fourth, of which they are a
     * superset. */
    {"<\xf0\x90\x80\x80/>", XML_FAULT_NONE, "U+10000 in a name"},
    {"<s><\xe2\xb0\x80/></s>", XML_FAULT_NONE, "U+2C00 in a name"},
    {"<s a\xe2\x80\xbf='1'/>", XML_FAULT_NONE, "U+203F in a name"},
    {"<s><\xc4\xb2/></s>", XML_FAULT_NONE, "U+0132, a letter since the fifth edition"},
    {"<s><\xd9\xa0/></s>", XML_FAULT_NONE, "U+0660, a digit, begins a name"},
};

/* --- running both --- */

static const struct element *run_expat(struct str doc, struct arena *a, bool *ret_ok)
{
    struct oracle o;
    assert_true(oracle_init(&o, a));
    *ret_ok = XML_Parse(o.parser, doc.ptr, (int)doc.len, 1) == XML_STATUS_OK;
    assert_false(o.too_deep);
    oracle_finish(&o);
    return o.root;
}

static struct reader_run run_cut(struct str doc, struct reader_cuts cuts, struct arena *a)
{
    return reader_run(xml_reader_new(&wide, false), doc, cuts, a);
}

static void check_cut(struct str doc, struct reader_cuts cuts, const struct reader_run *whole)
{
    struct arena a = {0};
    struct reader_run run = run_cut(doc, cuts, &a);
    if (run.status != whole->status || run.fault != whole->fault ||
        run.elements != whole->elements || !tree_same(run.root, whole->root))
        fail_msg("cut %zu step %zu seed %llu of: %.*s", cuts.first, cuts.step,
                 (unsigned long long)cuts.seed, STR_ARG(doc));
    if (run.status == XML_CLOSE)
        assert_int_equal(run.consumed, whole->consumed);
    assert_true(run.idle_memory <= 400);
    arena_finish(&a);
}

/* However it is cut, the outcome is that of one piece. */
static void check_cuts(struct str doc, const struct reader_run *whole)
{
    check_cut(doc, (struct reader_cuts){.step = 1}, whole);
    check_cut(doc, (struct reader_cuts){.step = 2}, whole);
    check_cut(doc, (struct reader_cuts){.step = 7}, whole);
    for (size_t at = 1; at < doc.len; at++)
        check_cut(doc, (struct reader_cuts){.first = at}, whole);
    for (uint64_t seed = 1; seed <= 40; seed++)
        check_cut(doc, (struct reader_cuts){.seed = seed * 0x9E3779B97F4A7C15}, whole);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena a = {0};
        struct str doc = str_from(good[i]);
        bool ok;
        const struct element *expected = run_expat(doc, &a, &ok);
        struct reader_run run = run_cut(doc, (struct reader_cuts){0}, &a);
        if (!ok || run.status != XML_CLOSE || !tree_same(run.root, expected))
            fail_msg("%s: expat %d, reader %d: %s", good[i], ok, run.status, run.text);
        assert_int_equal(run.consumed, doc.len);
        check_cuts(doc, &run);
        arena_finish(&a);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = {0};
        struct str doc = str_from(bad[i]);
        bool ok;
        run_expat(doc, &a, &ok);
        struct reader_run run = run_cut(doc, (struct reader_cuts){0}, &a);
        if (ok || run.status == XML_CLOSE)
            fail_msg("%s: expat %d, reader %d", bad[i], ok, run.status);
        check_cuts(doc, &run);
        arena_finish(&a);
    }
}

static void test_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(differences); i++) {
        const struct difference *d = &differences[i];
        struct arena a = {0};
        struct str doc = str_from(d->doc);
        bool ok;
        run_expat(doc, &a, &ok);
        struct reader_run run = run_cut(doc, (struct reader_cuts){0}, &a);
        bool accepted = run.status == XML_CLOSE;
        if (run.fault != d->fault || accepted != (d->fault == XML_FAULT_NONE) || ok == accepted)
            fail_msg("%s (%s): expat %d, reader %d: %s", d->doc, d->why, ok, run.fault, run.text);
        check_cuts(doc, &run);
        arena_finish(&a);
    }
}

/* What stands after the close tag is not ours to look at; expat refuses it. */
static void test_after_close(void **state)
{
    (void)state;
    struct arena a = {0};
    bool ok;
    run_expat(STR_LIT("<s></s>junk<"), &a, &ok);
    assert_false(ok);
    struct reader_run run = run_cut(STR_LIT("<s></s>junk<"), (struct reader_cuts){0}, &a);
    assert_int_equal(run.status, XML_CLOSE);
    assert_int_equal(run.consumed, 7);
    arena_finish(&a);
}

/* Every good document cut short is refused or incomplete in both, and never a crash. */
static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        for (size_t len = 0; len + 1 < strlen(good[i]); len++) {
            struct arena a = {0};
            struct reader_run run = run_cut(str_of(good[i], len), (struct reader_cuts){0}, &a);
            if (run.status == XML_FAIL)
                fail_msg("refused a prefix of what is right: %.*s", (int)len, good[i]);
            arena_finish(&a);
        }
    }
}

static void check_mutation(struct str doc, uint64_t seed)
{
    struct arena a = {0};
    struct reader_run run = run_cut(doc, (struct reader_cuts){.seed = seed}, &a);
    bool accepted = run.status == XML_CLOSE;
    if (accepted)
        doc.len = run.consumed;
    struct oracle o;
    assert_true(oracle_init(&o, &a));
    bool ok = XML_Parse(o.parser, doc.ptr, (int)doc.len, 1) == XML_STATUS_OK;
    if (accepted != ok &&
        !oracle_differs_by_design(doc, accepted, run.fault, run.text, XML_GetErrorCode(o.parser)))
        fail_msg("%.*s: expat %d, reader %d: %s", STR_ARG(doc), ok, accepted, run.text);
    if (accepted && ok && !tree_same(run.root, o.root))
        fail_msg("%.*s: other trees", STR_ARG(doc));
    oracle_finish(&o);
    arena_finish(&a);
}

/* Mutations of good documents: replaced, removed, repeated bytes. */
static void test_mutations(void **state)
{
    static const char spice[] = "<>&;'\"/=:!?[]x \r\n\t\x01\x80\xc3\xe2\xef\xbf\xf0#0";
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char doc[2048];
        const char *from = good[seed % ARRAY_LEN(good)];
        size_t len = strlen(from), at = (seed >> 8) % len;
        memcpy(doc, from, len);
        switch (seed >> 32 & 3) {
        case 0:
            memmove(doc + at, doc + at + 1, len-- - at - 1);
            break;
        case 1:
            memmove(doc + at + 1, doc + at, len++ - at);
            break;
        default:
            doc[at] = spice[(seed >> 40) % (sizeof spice - 1)];
        }
        check_mutation(str_of(doc, len), seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_after_close),
        cmocka_unit_test(test_prefixes),    cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
