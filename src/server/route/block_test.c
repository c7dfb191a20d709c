#include "server/route/parcel.h"

#include "xml/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Reads one stanza as it would stand in a stream. */
struct stanza {
    struct xml_reader *reader;
    const struct element *e;
};

static struct stanza stanza_of(const char *xml)
{
    static const char header[] = "<stream:stream xmlns='jabber:client' "
                                 "xmlns:stream='http://etherx.jabber.org/streams'>";
    struct stanza s = {xml_reader_new(&xml_limits_after_auth, false), NULL};
    size_t used;
    assert_int_equal(xml_reader_read(s.reader, header, strlen(header), &used), XML_HEADER);
    assert_int_equal(xml_reader_read(s.reader, xml, strlen(xml), &used), XML_ELEMENT);
    assert_int_equal(used, strlen(xml));
    s.e = xml_reader_element(s.reader);
    return s;
}

/* What a recipient at `to` gets of `xml` from romeo. */
static void expect(const char *xml, const char *to, struct str lang, const char *expected)
{
    struct stanza s = stanza_of(xml);
    struct buf rest = {0}, all = {0};
    block_write(&rest, s.e, STR_LIT("romeo@a.lit/x"), lang);
    struct block *b = block_new(buf_peek(&rest));
    block_head(&all, stanza_kind(s.e, NS_CLIENT), str_from(to), STREAM_FRAMING_TCP);
    buf_str(&all, block_str(b));
    buf_byte(&all, '\0');
    assert_false(all.failed);
    assert_string_equal(buf_peek(&all).ptr, expected);
    block_unref(b);
    buf_finish(&rest);
    buf_finish(&all);
    xml_reader_free(s.reader);
}

static void test_rewrites(void **state)
{
    (void)state;
    expect("<message to='j@a.lit' id='1' type='chat'><body>hi</body></message>", "j@a.lit",
           STR_NONE,
           "<message to='j@a.lit' from='romeo@a.lit/x' id='1' type='chat'><body>hi</body>"
           "</message>");
    /* a `from` of the client's own is replaced, never doubled */
    expect("<message from='romeo@a.lit' to='j@a.lit'><body/></message>", "j@a.lit", STR_NONE,
           "<message to='j@a.lit' from='romeo@a.lit/x'><body/></message>");
    /* no children; another head */
    expect("<presence to='J@A.lit/R'/>", "j@a.lit/R", STR_NONE,
           "<presence to='j@a.lit/R' from='romeo@a.lit/x'/>");
}

/* RFC 6120 §4.7.4, §8.1.5: added when lacking, never altered. */
static void test_lang(void **state)
{
    (void)state;
    expect("<message to='j@a.lit'><body/></message>", "j@a.lit", STR_LIT("de"),
           "<message to='j@a.lit' from='romeo@a.lit/x' xml:lang='de'><body/></message>");
    expect("<message to='j@a.lit' xml:lang='fr'><body xml:lang='cs'/></message>", "j@a.lit",
           STR_LIT("de"),
           "<message to='j@a.lit' from='romeo@a.lit/x' xml:lang='fr'><body xml:lang='cs'/>"
           "</message>");
}

static void test_escapes_and_namespaces(void **state)
{
    (void)state;
    expect("<message to='j@a.lit' id='a&apos;&lt;&amp;'><body>1 &lt; 2 &amp; 3</body></message>",
           "j@a.lit/it's", STR_NONE,
           "<message to='j@a.lit/it&apos;s' from='romeo@a.lit/x' id='a&apos;&lt;&amp;'>"
           "<body>1 &lt; 2 &amp; 3</body></message>");
    expect("<message to='j@a.lit'><x xmlns='urn:x'><y/><z xmlns=''/></x><p:q xmlns:p='urn:p'/>"
           "</message>",
           "j@a.lit", STR_NONE,
           "<message to='j@a.lit' from='romeo@a.lit/x'><x xmlns='urn:x'><y/><z xmlns=''/></x>"
           "<q xmlns='urn:p'/></message>");
}

static void test_websocket_head(void **state)
{
    struct buf out = {0};
    (void)state;
    block_head(&out, STANZA_IQ, STR_NONE, STREAM_FRAMING_WEBSOCKET);
    assert_true(str_is(buf_peek(&out), "<iq xmlns='jabber:client'"));
    buf_finish(&out);
}

static void test_error(void **state)
{
    struct buf out = {0};
    (void)state;
    block_write_error(&out, STANZA_IQ, STR_LIT("j@a.lit/r"), STR_LIT("i<"),
                      STANZA_SERVICE_UNAVAILABLE);
    assert_true(str_is(buf_peek(&out),
                       " from='j@a.lit/r' id='i&lt;' type='error'><error type='cancel'>"
                       "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                       "</error></iq>"));
    buf_finish(&out);
}

static void test_types(void **state)
{
    static const struct {
        const char *xml;
        enum parcel_type type;
    } rows[] = {
        {"<message/>", PARCEL_NORMAL},
        {"<message type='whatever'/>", PARCEL_NORMAL},
        {"<message type='headline'/>", PARCEL_HEADLINE},
        {"<message type='error'/>", PARCEL_ERROR},
        {"<presence/>", PARCEL_AVAILABLE},
        {"<presence type='available'/>", PARCEL_INVALID},
        {"<presence type='probe'/>", PARCEL_PROBE},
        {"<presence type='error'/>", PARCEL_ERROR},
        {"<iq type='get' id='1'><q xmlns='u'/></iq>", PARCEL_GET},
        {"<iq type='set' id='1'/>", PARCEL_INVALID},
        {"<iq type='get'><q xmlns='u'/></iq>", PARCEL_INVALID},
        {"<iq type='result' id='1'/>", PARCEL_RESULT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stanza s = stanza_of(rows[i].xml);
        assert_int_equal(parcel_type_of(stanza_kind(s.e, NS_CLIENT), s.e), rows[i].type);
        xml_reader_free(s.reader);
    }
}

static void nothing(struct mail *m, void *receiver)
{
    (void)m;
    (void)receiver;
}

/* What travels owns all it needs: the sender's may go. */
static void test_mail_owns(void **state)
{
    char to[] = "j@a.lit/r", from[] = "romeo@a.lit/x";
    struct block *b = block_new(STR_LIT("/>"));
    struct parcel p = {.kind = STANZA_MESSAGE,
                       .type = PARCEL_CHAT,
                       .key = str_of(to, 7),
                       .to = str_from(to),
                       .resource = str_of(to + 8, 1),
                       .from = str_from(from),
                       .block = b,
                       .sender = {7, 1}};
    (void)state;
    struct mail *m = parcel_mail_new(&p, nothing);
    memset(to, 'z', sizeof to - 1);
    memset(from, 'z', sizeof from - 1);
    block_unref(b);
    const struct parcel *got = parcel_of_mail(m);
    assert_true(str_is(got->key, "j@a.lit"));
    assert_true(str_is(got->to, "j@a.lit/r"));
    assert_true(str_is(got->resource, "r"));
    assert_true(str_is(got->from, "romeo@a.lit/x"));
    assert_null(got->id.ptr);
    assert_true(str_is(block_str(got->block), "/>"));
    assert_int_equal(got->sender.conn, 7);
    assert_true(m->bytes >= sizeof *got);
    parcel_mail_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewrites),
        cmocka_unit_test(test_lang),
        cmocka_unit_test(test_escapes_and_namespaces),
        cmocka_unit_test(test_websocket_head),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_mail_owns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
