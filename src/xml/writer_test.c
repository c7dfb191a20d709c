#include "xml/expat_oracle.h"
#include "xml/reader_run.h"
#include "xml/writer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STREAM "http://etherx.jabber.org/streams"

static void expect(struct buf *b, const char *text)
{
    assert_false(b->failed);
    struct str got = buf_peek(b);
    if (!str_is(got, text))
        fail_msg("got    %.*s\nwanted %s", STR_ARG(got), text);
    buf_finish(b);
}

static void test_fewest_declarations(void **state)
{
    (void)state;
    struct buf b = {0};
    struct xml_writer w;
    xml_writer_init(&w, &b, "jabber:client");
    xml_start(&w, NULL, "message");
    xml_attr(&w, "to", "a@b");
    xml_attr(&w, "id", NULL);
    xml_attr(&w, "xml:lang", "en");
    xml_leaf(&w, "jabber:client", "body", STR_LIT("a < b"));
    xml_start(&w, "urn:x", "x");
    xml_leaf(&w, NULL, "y", STR_NONE);
    xml_leaf(&w, "jabber:client", "z", STR_LIT(""));
    xml_leaf(&w, "", "none", STR_NONE);
    xml_end(&w);
    xml_end(&w);
    expect(&b, "<message to='a@b' xml:lang='en'><body>a &lt; b</body><x xmlns='urn:x'><y/>"
               "<z xmlns='jabber:client'/><none xmlns=''/></x></message>");
    assert_int_equal(w.depth, 0);
}

static void test_stream_prefix(void **state)
{
    (void)state;
    struct buf b = {0};
    struct xml_writer w;
    xml_writer_init(&w, &b, "jabber:client");
    xml_start(&w, STREAM, "error");
    xml_leaf(&w, "urn:ietf:params:xml:ns:xmpp-streams", "reset", STR_NONE);
    xml_leaf(&w, "jabber:client", "a", STR_NONE);
    xml_leaf(&w, NULL, "b", STR_NONE);
    xml_end(&w);
    expect(&b, "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><a/><stream:b/>"
               "</stream:error>");

    /* Standing alone, as in a WebSocket message (RFC 7395). */
    xml_writer_init(&w, &b, NULL);
    xml_start(&w, STREAM, "features");
    xml_leaf(&w, "urn:x", "x", STR_NONE);
    xml_leaf(&w, NULL, "b", STR_NONE);
    xml_end(&w);
    xml_leaf(&w, "jabber:client", "presence", STR_NONE);
    expect(&b, "<stream:features xmlns:stream='" STREAM "'><x xmlns='urn:x'/><stream:b/>"
               "</stream:features><presence xmlns='jabber:client'/>");
}

static void test_escapes(void **state)
{
    (void)state;
    struct buf b = {0};
    xml_escape_text(&b, STR_LIT("a&b<c>d]]>'\"\r\n\t\xc3\xa9\xf0\x9f\x98\x80 tail"));
    expect(&b, "a&amp;b&lt;c&gt;d]]&gt;'\"&#13;\n\t\xc3\xa9\xf0\x9f\x98\x80 tail");
    xml_escape_attr(&b, STR_LIT("a&b<c>d'e\"f\r\n\t\xc3\xa9 tail of some length"));
    expect(&b, "a&amp;b&lt;c>d&apos;e&quot;f&#13;&#10;&#9;\xc3\xa9 tail of some length");
    xml_escape_text(&b, STR_NONE);
    expect(&b, "");
}

/* What the reader would refuse makes the buf fail. */
static void test_refuses(void **state)
{
    static const struct str texts[] = {
        STR_LIT("\x01"),         STR_LIT("a\0b"),
        STR_LIT("\x80"),         STR_LIT("\xc0\x80"),
        STR_LIT("\xed\xa0\x80"), STR_LIT("\xef\xbf\xbf"),
        STR_LIT("abcdefgh\xc3"), STR_LIT("\xf4\x90\x80\x80"),
    };
    static const char *const names[] = {"", "a b", "1", "a:b", "a>", "\xff", "xmlns", "xml:"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf b = {0};
        xml_escape_text(&b, texts[i]);
        assert_true(b.failed);
        buf_reset(&b);
        xml_escape_attr(&b, texts[i]);
        assert_true(b.failed);
        buf_finish(&b);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf b = {0};
        struct xml_writer w;
        xml_writer_init(&w, &b, "");
        xml_start(&w, "", "e");
        xml_attr(&w, names[i], "v");
        assert_true(b.failed);
        buf_reset(&b);
        xml_writer_init(&w, &b, "");
        xml_start(&w, "", names[i]);
        assert_int_equal(b.failed, strcmp(names[i], "xmlns") != 0);
        buf_finish(&b);
    }
}

static void test_misuse(void **state)
{
    (void)state;
    struct buf b = {0};
    struct xml_writer w;
    xml_writer_init(&w, &b, "");
    xml_end(&w);
    assert_true(b.failed);
    buf_reset(&b);
    xml_writer_init(&w, &b, "");
    xml_start(&w, "", "e");
    xml_text(&w, STR_LIT("x"));
    xml_attr(&w, "late", "v");
    assert_true(b.failed);
    buf_reset(&b);
    xml_writer_init(&w, &b, "");
    for (int i = 0; i < XML_WRITER_DEPTH; i++)
        xml_start(&w, "", "e");
    assert_false(b.failed);
    xml_start(&w, "", "e");
    assert_true(b.failed);
    buf_reset(&b);
    xml_writer_init(&w, &b, "");
    xml_start(&w, "http://www.w3.org/2000/xmlns/", "e");
    assert_true(b.failed);
    buf_finish(&b);
}

/* --- random trees --- */

static uint64_t seed;

static unsigned dice(unsigned sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % sides;
}

static const char *const namespaces[] = {"jabber:client", "",
                                         "urn:one",       "urn:two'&<",
                                         STREAM,          "http://www.w3.org/XML/1998/namespace",
                                         " spaced\n\t",   "\xc3\xa9"};
static const char *const names[] = {"a", "body", "_", "x-y.z", "\xe4\xb8\xad", "stream", "item"};
static const char *const bits[] = {
    "a",     "hello ", "<", ">",  "&", "]]>", "\r",       "\n",
    "\r\n",  "\t",     "'", "\"", " ", "]",   "\xc3\xa9", "\xf0\x9f\x98\x80",
    "&amp;", "]]"};

#define PICK(table) ((table)[dice(ARRAY_LEN(table))])

static struct str random_text(struct buf *b)
{
    buf_reset(b);
    for (unsigned n = dice(8); n > 0; n--)
        buf_cstr(b, PICK(bits));
    return buf_peek(b);
}

static void random_attrs(struct arena *a, struct element *e, struct buf *b)
{
    for (unsigned n = dice(4); n > 0; n--) {
        const char *ns = PICK(namespaces), *name = PICK(names);
        if (element_attr_ns(e, ns, name))
            continue;
        struct attr *attr = ARENA_NEW(a, struct attr);
        assert_non_null(attr);
        struct str value = random_text(b);
        attr->ns = ns;
        attr->name = name;
        attr->value = arena_dup(a, value);
        attr->value_len = value.len;
        element_link_attr(e, attr);
    }
}

static struct element *random_tree(struct arena *a, unsigned depth, struct buf *b)
{
    struct element *e = element_new(a, PICK(namespaces), PICK(names));
    random_attrs(a, e, b);
    for (unsigned n = depth ? dice(5) : 0; n > 0; n--) {
        if (dice(2))
            element_add_text(a, e, random_text(b));
        else
            element_link(a, e, random_tree(a, depth - 1, b));
    }
    assert_false(a->failed);
    return e;
}

static void check_round_trip(const struct element *tree, struct arena *a, const char *default_ns)
{
    struct buf out = {0};
    if (*default_ns)
        buf_printf(&out, "<stream:s xmlns='%s' xmlns:stream='" STREAM "'>", default_ns);
    else
        buf_cstr(&out, "<s>");
    xml_print(&out, tree, default_ns);
    buf_cstr(&out, *default_ns ? "</stream:s>" : "</s>");
    assert_false(out.failed);
    struct str doc = buf_peek(&out);
    struct reader_cuts cuts = {.seed = seed};
    struct reader_run run = reader_run(xml_reader_new(&xml_limits_after_auth, false), doc, cuts, a);
    if (run.status != XML_CLOSE || !tree_same(element_next(run.root, NULL), tree))
        fail_msg("%s: %.*s", run.text, STR_ARG(doc));
    struct oracle o;
    assert_true(oracle_init(&o, a));
    assert_int_equal(XML_Parse(o.parser, doc.ptr, (int)doc.len, 1), XML_STATUS_OK);
    assert_true(tree_same(element_next(o.root, NULL), tree));
    oracle_finish(&o);
    buf_finish(&out);
}

/* Written and read again, by the reader and by expat, a tree is what it was. */
static void test_round_trip(void **state)
{
    (void)state;
    seed = 0x2545F4914F6CDD1D;
    struct buf scratch = {0};
    for (int i = 0; i < 2000; i++) {
        struct arena a = {0};
        const struct element *tree = random_tree(&a, 4, &scratch);
        check_round_trip(tree, &a, "jabber:client");
        check_round_trip(tree, &a, "");
        assert_true(tree_same(element_copy(&a, tree), tree));
        arena_finish(&a);
    }
    buf_finish(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fewest_declarations),
        cmocka_unit_test(test_stream_prefix),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
