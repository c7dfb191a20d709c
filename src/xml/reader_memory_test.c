/* What the reader holds, what it does when there is no memory, and what is left in memory that it
 * gives back: malloc and free are ours here (linked with --wrap). */
#include "base/buf.h"
#include "xml/reader_run.h"
#include "xml/writer.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *ptr);

enum { HEAD = alignof(max_align_t) };

static size_t held;         /* bytes */
static unsigned fail_after; /* allocations that succeed; 0: all do */
static unsigned allocations;

/* Parts of a secret: a piece of input may have cut it. */
static const char *const secrets[] = {"canary", "of moo", "yellow"};
static unsigned secrets_freed;

void *__wrap_malloc(size_t size)
{
    allocations++;
    if (fail_after && allocations >= fail_after)
        return NULL;
    char *p = __real_malloc(size + HEAD);
    if (!p)
        return NULL;
    memcpy(p, &size, sizeof size);
    held += size;
    return p + HEAD;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = __wrap_malloc(count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

void __wrap_free(void *ptr)
{
    size_t size;
    if (!ptr)
        return;
    char *p = (char *)ptr - HEAD;
    memcpy(&size, p, sizeof size);
    held -= size;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        secrets_freed += memmem(ptr, size, secrets[i], strlen(secrets[i])) != NULL;
    __real_free(p);
}

static const char stream[] =
    "<?xml version='1.0'?><stream:stream from='juliet@im.example.com' to='im.example.com' "
    "version='1.0' xml:lang='en' xmlns='jabber:client' id='t7AMCin9zjMNwQKDnplntZPIDEI=' "
    "xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "
    "xmlns:odd='urn:example:odd:namespace'>"
    "<stream:features><a xmlns='urn:a'/></stream:features>"
    "<message to='a@b' q='&lt;'><body>one &amp; \xe2\x82\xac two<![CDATA[]]]]></body></message>"
    "<iq a='1' b='2' c='3' d='4' e='5' f='6' g='7' h='8' i='9' j='10' k='11' l='12' m='13' "
    "xmlns:a='1' xmlns:b='2' xmlns:c='3' xmlns:d='4' xmlns:e='5' xmlns:f='6'>"
    "<a><a><a><a><a><a><a><a><a><a>deep</a></a></a></a></a></a></a></a></a></a></iq>"
    "</stream:stream>";

/* At most 400 bytes while nothing is half-read, and xml_reader_memory tells the truth. */
static void test_idle(void **state)
{
    (void)state;
    assert_int_equal(held, 0);
    for (size_t step = 0; step < 8; step++) {
        struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
        size_t at = 0, len = sizeof stream - 1, idle = 0;
        while (at < len) {
            size_t used, piece = step && step < len - at ? step : len - at;
            enum xml_status status = xml_reader_read(r, stream + at, piece, &used);
            assert_int_not_equal(status, XML_FAIL);
            at += used;
            if (status == XML_HEADER || status == XML_ELEMENT)
                assert_int_equal(xml_reader_read(r, "", 0, &used), XML_MORE);
            if (xml_reader_between(r)) {
                assert_true(held <= 400);
                assert_int_equal(held, xml_reader_memory(r));
                idle++;
            }
        }
        assert_true(idle >= 5);
        xml_reader_free(r);
        assert_int_equal(held, 0);
    }
}

#define USUAL "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"

/* What the header leaves behind until the end: nothing, where it is the usual one. */
static void test_usual_header(void **state)
{
    (void)state;
    static const struct {
        const char *header, *end;
        bool usual;
    } cases[] = {
        {USUAL " to='example.org' version='1.0'>", "</stream:stream>", true},
        {USUAL " xmlns:x='urn:x'>", "</stream:stream>", false},
        {"<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>",
         "</s:stream>", false},
        {"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x'>", "</stream:stream>", false},
        {"<stream:stream xmlns='jabber:server' "
         "xmlns:stream='http://etherx.jabber.org/streams'>",
         "</stream:stream>", false},
        {"<stream xmlns='http://etherx.jabber.org/streams'>", "</stream>", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct xml_reader *r = xml_reader_new(&xml_limits_before_auth, false);
        size_t used, begun = held;
        assert_int_equal(xml_reader_read(r, cases[i].header, strlen(cases[i].header), &used),
                         XML_HEADER);
        assert_int_equal(xml_reader_read(r, "", 0, &used), XML_MORE);
        assert_int_equal(held, xml_reader_memory(r));
        assert_true((held == begun) == cases[i].usual);
        assert_int_equal(xml_reader_read(r, "<a/>", 4, &used), XML_ELEMENT);
        assert_int_equal(xml_reader_read(r, cases[i].end, strlen(cases[i].end), &used), XML_CLOSE);
        xml_reader_free(r);
        assert_int_equal(held, 0);
    }
}

/* A taken element leaves nothing behind in the reader. */
static void test_taken(void **state)
{
    (void)state;
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    struct arena a;
    size_t used;
    assert_int_equal(xml_reader_read(r, "<s>", 3, &used), XML_HEADER);
    assert_int_equal(xml_reader_read(r, "<a>text</a>", 11, &used), XML_ELEMENT);
    assert_non_null(xml_reader_take(r, &a));
    assert_true(xml_reader_memory(r) <= 400);
    arena_finish(&a);
    assert_int_equal(held, xml_reader_memory(r));
    xml_reader_free(r);
    assert_int_equal(held, 0);
}

/* Every allocation fails once, and all later ones with it. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t step = 0; step < 4; step++) {
        bool done = false;
        for (unsigned n = 1; !done; n++) {
            allocations = 0;
            fail_after = n;
            struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
            size_t at = 0, len = sizeof stream - 1, used;
            enum xml_status status = r ? XML_MORE : XML_FAIL;
            while (status != XML_FAIL && status != XML_CLOSE) {
                size_t piece = step && step < len - at ? step : len - at;
                status = xml_reader_read(r, stream + at, piece, &used);
                at += used;
            }
            if (r && status == XML_FAIL)
                assert_int_equal(xml_reader_fault(r), XML_FAULT_NO_MEMORY);
            done = status == XML_CLOSE;
            xml_reader_free(r);
            fail_after = 0;
            assert_int_equal(held, 0);
            assert_true(n < 1000);
        }
    }
}

/* A password in every place that text can have, by itself and with what makes the reader keep it;
 * in one that grows past any block; and in one that is never finished. */
static const char *const secret_places[] = {
    "<auth>canary of moons, yellow</auth>",
    "<auth>canary&lt;of moo&gt;yellow</auth>",
    "<auth><![CDATA[canary]] of moons]]>\xe2\x82\xacyellow\r\n</auth>",
    "<a token='canary of moons' b='&amp;yellow' xmlns:x='canary'><x:b canary=''/></a>",
    "<a><b><c><d><e><f><g><h><i><j>canary</j>yellow</i></h></g></f></e></d></c></b></a>",
    "<auth>canary &nothing;",
    "<auth>canary of moons",
    "<auth token='canary of moons",
    "<auth canary='a' canary='b'/>",
    "<auth>canary</other>",
    "canary",
};

static void read_secret(const char *text, size_t pad, size_t step)
{
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    struct buf doc;
    buf_init(&doc, 0, true);
    buf_cstr(&doc, "<s xmlns:x='y'>");
    for (size_t i = 0; i < pad; i++)
        buf_cstr(&doc, "<b/>");
    buf_cstr(&doc, pad ? "<a>" : "");
    for (size_t i = 0; i < pad; i++)
        buf_cstr(&doc, "yellow canary &amp; ");
    buf_cstr(&doc, pad ? "</a>" : "");
    buf_cstr(&doc, text);
    enum xml_status status = XML_MORE;
    for (size_t at = 0, used; at < buf_len(&doc) && status != XML_FAIL; at += used) {
        size_t left = buf_len(&doc) - at;
        status = xml_reader_read(r, buf_peek(&doc).ptr + at, step < left ? step : left, &used);
    }
    xml_reader_free(r);
    buf_finish(&doc);
}

static void test_no_secret_is_freed(void **state)
{
    (void)state;
    void *control = __wrap_malloc(16);
    memcpy(control, "the canary flies", 16);
    __wrap_free(control);
    assert_int_equal(secrets_freed, 1); /* it would be found */
    secrets_freed = 0;
    for (size_t i = 0; i < ARRAY_LEN(secret_places); i++)
        for (size_t step = 1; step < 100; step++)
            read_secret(secret_places[i], step % 3 * 60, step);
    assert_int_equal(secrets_freed, 0);
}

static bool build_and_print(void)
{
    struct arena a = {0};
    struct buf out = {0};
    struct element *e = element_new(&a, "jabber:client", "message");
    element_set(&a, e, "to", "a@b");
    struct element *body = element_add(&a, e, NULL, "body");
    element_add_text(&a, body, STR_LIT("one"));
    element_add_text(&a, body, STR_LIT(" & two"));
    for (int i = 0; i < 100; i++)
        element_set(&a, element_add(&a, e, "urn:x", "x"), "xml:lang", "en");
    struct element *copy = element_copy(&a, e);
    if (!a.failed)
        xml_print(&out, copy, "jabber:client");
    bool ok = !a.failed && !out.failed;
    if (ok)
        assert_true(buf_len(&out) > 1000);
    arena_finish(&a);
    buf_finish(&out);
    return ok;
}

static void test_builders_without_memory(void **state)
{
    (void)state;
    bool ok = false;
    for (unsigned n = 1; !ok; n++) {
        allocations = 0;
        fail_after = n;
        ok = build_and_print();
        fail_after = 0;
        assert_int_equal(held, 0);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_usual_header),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_secret_is_freed),
        cmocka_unit_test(test_builders_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
