/*
 * bench_xml.c - how many megabytes per second the reader takes, beside expat in the same run.
 *
 * Every mix is a stream of stanzas read in pieces of 4,096 bytes, as they come from a socket, and
 * in one piece. Three readers take it: ours; expat in namespace mode building the same trees in the
 * same arenas; expat with handlers that only count. Each is timed for CPU several times in turn and
 * the best is kept. One JSON object per line.
 */
#include "xml/expat_oracle.h"
#include "xml/reader.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char header[] =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' from='example.org' id='++TR84Sm6A3hnt3Q065S' "
    "version='1.0' xml:lang='en'>";

static const char message[] =
    "<message from='juliet@example.com/balcony' to='romeo@example.net/orchard' id='ju2ba41c' "
    "type='chat' xml:lang='en'><body>Art thou not Romeo, and a Montague?</body>"
    "<active xmlns='http://jabber.org/protocol/chatstates'/>"
    "<request xmlns='urn:xmpp:receipts'/>"
    "<origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4-431b-adb2'/></message>";

static const char presence[] =
    "<presence from='juliet@example.com/balcony' to='romeo@example.net'><show>away</show>"
    "<status>be right back</status><priority>5</priority>"
    "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://linnet.example' "
    "ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>";

static const char chinese[] =
    "<message from='juliet@example.com/balcony' to='romeo@example.net/orchard' id='ju2ba41d' "
    "type='chat' xml:lang='zh'><body>\xe7\xbd\x97\xe5\xaf\x86\xe6\xac\xa7\xef\xbc\x8c\xe7\xbd\x97"
    "\xe5\xaf\x86\xe6\xac\xa7\xef\xbc\x81\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xbd\xa0\xe6\x98"
    "\xaf\xe7\xbd\x97\xe5\xaf\x86\xe6\xac\xa7\xe5\x91\xa2\xef\xbc\x9f</body></message>";

static void roster(struct buf *b)
{
    buf_cstr(b, "<iq to='juliet@example.com/balcony' id='bv1bs71f' type='result'>"
                "<query xmlns='jabber:iq:roster' ver='ver7'>");
    for (int i = 0; i < 40; i++)
        buf_printf(b,
                   "<item jid='contact%d@example.net' name='Contact %d' subscription='both'>"
                   "<group>Friends</group></item>",
                   i, i);
    buf_cstr(b, "</query></iq>");
}

/* 100 KB in one element: an avatar, as PEP carries it. */
static void large(struct buf *b)
{
    static const char base64[] = "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgCAMAAADVRocKAAAABGdBTUEAALGP";
    buf_cstr(b, "<iq type='set' id='publish1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
                "<publish node='urn:xmpp:avatar:data'><item id='111f4b3c'>"
                "<data xmlns='urn:xmpp:avatar:data'>");
    for (int i = 0; i < 1600; i++)
        buf_cstr(b, base64);
    buf_cstr(b, "</data></item></publish></pubsub></iq>");
}

/* As traffic is: mostly messages and presence, now and then a roster, once an avatar. */
static void mixed(struct buf *b)
{
    for (int group = 0; group < 10; group++) {
        for (int i = 0; i < 40; i++) {
            buf_cstr(b, i % 8 == 7 ? chinese : message);
            if (i % 2)
                buf_cstr(b, presence);
        }
        roster(b);
    }
    large(b);
}

static void messages(struct buf *b)
{
    buf_cstr(b, message);
}

static void presences(struct buf *b)
{
    buf_cstr(b, presence);
}

static void chineses(struct buf *b)
{
    buf_cstr(b, chinese);
}

static const struct mix {
    const char *name;
    void (*add)(struct buf *b);
} mixes[] = {{"message", messages}, {"presence", presences}, {"chinese", chineses},
             {"roster", roster},    {"large", large},        {"mixed", mixed}};

enum { MIX_BYTES = 2000000, ROUNDS = 7 };

static double cpu_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void die(const char *why)
{
    fprintf(stderr, "bench_xml: %s\n", why);
    exit(1);
}

/* --- the three readers: each returns the number of elements, as proof of work --- */

static size_t run_linnet(struct str in, size_t piece)
{
    struct xml_reader *r = xml_reader_new(&xml_limits_after_auth, false);
    size_t elements = 0, used;
    for (size_t at = 0; r && at < in.len;) {
        size_t len = in.len - at < piece ? in.len - at : piece;
        enum xml_status status;
        for (size_t done = 0;
             (status = xml_reader_read(r, in.ptr + at + done, len - done, &used)) != XML_MORE;) {
            done += used;
            if (status == XML_FAIL)
                die(xml_reader_fault_text(r));
            elements += status == XML_ELEMENT;
        }
        at += len;
    }
    xml_reader_free(r);
    return elements;
}

static size_t counted;

static void count_item(struct oracle *o, struct element *e)
{
    counted += e != NULL;
    arena_reset(o->arena);
}

static void feed_expat(XML_Parser parser, struct str in, size_t piece)
{
    for (size_t at = 0; at < in.len;) {
        size_t len = in.len - at < piece ? in.len - at : piece;
        if (XML_Parse(parser, in.ptr + at, (int)len, 0) != XML_STATUS_OK)
            die(XML_ErrorString(XML_GetErrorCode(parser)));
        at += len;
    }
}

static size_t run_expat_tree(struct str in, size_t piece)
{
    struct arena arena = {0};
    struct oracle o;
    if (!oracle_init(&o, &arena))
        die("out of memory");
    o.item = count_item;
    counted = 0;
    feed_expat(o.parser, in, piece);
    oracle_finish(&o);
    arena_finish(&arena);
    return counted;
}

struct counter {
    unsigned depth;
    size_t elements, bytes;
};

static void count_start(void *ctx, const char *name, const char **atts)
{
    (void)name, (void)atts;
    ((struct counter *)ctx)->depth++;
}

static void count_end(void *ctx, const char *name)
{
    struct counter *c = ctx;
    (void)name;
    c->elements += --c->depth == 1;
}

static void count_text(void *ctx, const char *s, int len)
{
    (void)s;
    ((struct counter *)ctx)->bytes += (size_t)len;
}

static size_t run_expat_events(struct str in, size_t piece)
{
    struct counter c = {0};
    XML_Parser parser = XML_ParserCreateNS(NULL, '\1');
    if (!parser)
        die("out of memory");
    XML_SetUserData(parser, &c);
    XML_SetElementHandler(parser, count_start, count_end);
    XML_SetCharacterDataHandler(parser, count_text);
    feed_expat(parser, in, piece);
    XML_ParserFree(parser);
    return c.elements;
}

typedef size_t run_fn(struct str in, size_t piece);

static const struct {
    const char *name;
    run_fn *run;
} readers[] = {
    {"linnet", run_linnet}, {"expat-tree", run_expat_tree}, {"expat-events", run_expat_events}};

static void measure(const struct mix *mix, size_t piece)
{
    double best[ARRAY_LEN(readers)] = {0};
    struct buf b = {0};
    buf_cstr(&b, header);
    while (buf_len(&b) < MIX_BYTES && !b.failed)
        mix->add(&b);
    struct str in = buf_peek(&b);
    size_t elements = run_linnet(in, piece);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
            double start = cpu_seconds();
            if (readers[i].run(in, piece) != elements)
                die("the readers disagree");
            double took = cpu_seconds() - start, rate = (double)in.len / 1e6 / took;
            best[i] = rate > best[i] ? rate : best[i];
        }
    }
    const char *how = piece < in.len ? "4096-byte pieces" : "one piece";
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        printf("{\"name\":\"xml/%s/%s\",\"value\":%.1f,\"unit\":\"MB/s\",\"input\":\"%s\","
               "\"times_slower\":%.2f}\n",
               mix->name, readers[i].name, best[i], how, best[0] / best[i]);
    buf_finish(&b);
}

/* --- what an idle reader holds --- */

static size_t heap_bytes(void)
{
    return mallinfo2().uordblks;
}

static void measure_idle(void)
{
    enum { COUNT = 1000 };
    static struct xml_reader *readers_held[COUNT];
    struct buf b = {0};
    buf_cstr(&b, header);
    buf_cstr(&b, message);
    struct str in = buf_peek(&b);
    size_t before = heap_bytes(), used;
    for (int i = 0; i < COUNT; i++) {
        struct xml_reader *r = readers_held[i] = xml_reader_new(&xml_limits_after_auth, false);
        if (!r)
            die("out of memory");
        for (size_t at = 0; xml_reader_read(r, in.ptr + at, in.len - at, &used) != XML_MORE;)
            at += used;
    }
    printf("{\"name\":\"xml/idle/linnet\",\"value\":%zu,\"unit\":\"bytes\",\"heap\":%zu}\n",
           xml_reader_memory(readers_held[0]), (heap_bytes() - before) / COUNT);
    for (int i = 0; i < COUNT; i++)
        xml_reader_free(readers_held[i]);

    static XML_Parser parsers[COUNT];
    before = heap_bytes();
    for (int i = 0; i < COUNT; i++) {
        parsers[i] = XML_ParserCreateNS(NULL, '\1');
        if (!parsers[i] || XML_Parse(parsers[i], in.ptr, (int)in.len, 0) != XML_STATUS_OK)
            die("expat");
    }
    printf("{\"name\":\"xml/idle/expat\",\"value\":%zu,\"unit\":\"bytes\"}\n",
           (heap_bytes() - before) / COUNT);
    for (int i = 0; i < COUNT; i++)
        XML_ParserFree(parsers[i]);
    buf_finish(&b);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mixes); i++) {
        measure(&mixes[i], 4096);
        measure(&mixes[i], SIZE_MAX);
    }
    measure_idle();
    return 0;
}
