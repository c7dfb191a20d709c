/*
 * bare.c - the least that a server could cost: the same flights as an XMPP server's, on sockets
 * with OpenSSL, by one thread. No store, no checks, no XML but where an element ends: every login
 * succeeds, every message goes to whom it names. What a real server costs above this is its own.
 *
 *     bare PORT DIRECT-TLS-PORT CERT.pem KEY.pem [no-tls]
 *
 * Accounts are the generator's: a letter and a number, u0 to u99999. One session each.
 */
#include "wire.h"

#include "base/base64.h"
#include "base/list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { USERS_MAX = 100000, EVENTS = 256, NAME_BYTES = 16 };

struct peer {
    struct wire wire;
    struct list dirty; /* has output for the end of this turn */
    bool signed_in, leaving;
    char user[NAME_BYTES];
};

struct bare {
    int epoll;
    SSL_CTX *tls; /* NULL: logs in without */
    struct list dirty;
    struct peer *sessions[USERS_MAX];
};

struct door {
    int fd;
    bool direct;
};

#define STREAM                                                                                     \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                   \
    "xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='0123456789abcdef' "      \
    "version='1.0' xml:lang='en'><stream:features>"

static const char offer_tls[] = STREAM "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
                                       "<required/></starttls></stream:features>";
static const char offer_sasl[] =
    STREAM "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256"
           "</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
static const char offer_bind[] =
    STREAM "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
static const char proceed[] = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
/* A server signature of the right length, which nobody checks. */
static const char success[] =
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    "dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ==</success>";

static unsigned user_number(struct str name)
{
    unsigned number = 0;
    for (size_t i = 1; i < name.len && name.ptr[i] >= '0' && name.ptr[i] <= '9'; i++)
        number = number * 10 + (unsigned)(name.ptr[i] - '0');
    return number < USERS_MAX ? number : 0;
}

static struct str after(struct str text, const char *mark)
{
    const char *at = memmem(text.ptr, text.len, mark, strlen(mark));
    if (!at)
        return STR_NONE;
    at += strlen(mark);
    return str_of(at, text.len - (size_t)(at - text.ptr));
}

static struct str until(struct str text, char end)
{
    const char *at = text.ptr ? memchr(text.ptr, end, text.len) : NULL;
    return at ? str_of(text.ptr, (size_t)(at - text.ptr)) : text;
}

static void say(struct bare *b, struct peer *p, struct str text)
{
    buf_str(&p->wire.out, text);
    if (list_empty(&p->dirty))
        list_push(&b->dirty, &p->dirty);
}

static void say_text(struct bare *b, struct peer *p, const char *text)
{
    say(b, p, str_from(text));
}

/* --- what comes: each takes one whole element --- */

static void on_stream(struct bare *b, struct peer *p, struct str element)
{
    (void)element;
    if (p->signed_in)
        say_text(b, p, offer_bind);
    else
        say_text(b, p, b->tls && !p->wire.ssl ? offer_tls : offer_sasl);
}

static void on_starttls(struct bare *b, struct peer *p, struct str element)
{
    (void)element;
    buf_cstr(&p->wire.out, proceed);
    wire_flush(&p->wire);
    wire_start_tls(&p->wire, b->tls, true);
}

static void on_auth(struct bare *b, struct peer *p, struct str element)
{
    struct buf first = {0}, challenge = {0};
    struct str payload = until(after(element, ">"), '<');
    if (!base64_decode(&first, payload))
        die("a first message that is not base64");
    struct str user = until(after(buf_peek(&first), "n="), ',');
    struct str nonce = after(buf_peek(&first), "r=");
    snprintf(p->user, sizeof(p->user), "%.*s", STR_ARG(user));
    buf_printf(&challenge, "r=%.*s3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", STR_ARG(nonce));
    say_text(b, p, "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
    base64_encode(&p->wire.out, buf_peek(&challenge));
    say_text(b, p, "</challenge>");
    buf_finish(&first);
    buf_finish(&challenge);
}

static void on_response(struct bare *b, struct peer *p, struct str element)
{
    (void)element;
    p->signed_in = true;
    say_text(b, p, success);
}

/* The only request is the one to bind. */
static void on_iq(struct bare *b, struct peer *p, struct str element)
{
    struct str id = until(after(element, " id='"), '\'');
    b->sessions[user_number(str_from(p->user))] = p;
    say_text(b, p, "<iq type='result' id='");
    buf_printf(&p->wire.out,
               "%.*s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>%s@localhost/"
               "0123456789abcdef</jid></bind></iq>",
               STR_ARG(id), p->user);
}

static void on_message(struct bare *b, struct peer *p, struct str element)
{
    struct str to = until(after(element, " to='"), '@');
    struct peer *recipient = b->sessions[user_number(to)];
    if (!recipient)
        return;
    say_text(b, recipient, "<message from='");
    buf_printf(&recipient->wire.out, "%s@localhost/0123456789abcdef'", p->user);
    say(b, recipient, after(element, "<message"));
}

static void on_end(struct bare *b, struct peer *p, struct str element)
{
    (void)element;
    p->leaving = true;
    say_text(b, p, "</stream:stream>");
}

static const struct kind {
    const char *start, *end;
    void (*handle)(struct bare *b, struct peer *p, struct str element);
} kinds[] = {
    {"<message", "</message>", on_message},    {"<?xml", "'1.0'>", on_stream},
    {"<starttls", "/>", on_starttls},          {"<auth", "</auth>", on_auth},
    {"<response", "</response>", on_response}, {"<iq", "</iq>", on_iq},
    {"</stream:stream>", "", on_end},
};

/* One element from what was read; false when it is not whole yet. */
static bool take_element(struct bare *b, struct peer *p)
{
    struct str text = buf_peek(&p->wire.in);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t start = strlen(kinds[i].start), end = strlen(kinds[i].end);
        if (text.len < start || memcmp(text.ptr, kinds[i].start, start) != 0)
            continue;
        const char *last = memmem(text.ptr + start, text.len - start, kinds[i].end, end);
        if (!last)
            return false;
        size_t len = (size_t)(last - text.ptr) + end;
        kinds[i].handle(b, p, str_of(text.ptr, len));
        buf_consume(&p->wire.in, len);
        return true;
    }
    if (text.len > 16)
        die("cannot do without XML for: %.*s", STR_ARG(text));
    return false;
}

/* --- connections --- */

static void drop(struct bare *b, struct peer *p)
{
    struct peer **session = &b->sessions[user_number(str_from(p->user))];
    if (*session == p)
        *session = NULL;
    list_remove(&p->dirty);
    wire_close(&p->wire);
    free(p);
}

static void serve(struct bare *b, struct peer *p, uint32_t events)
{
    wire_ready(&p->wire, events);
    while (buf_len(&p->wire.in) > 0 && take_element(b, p)) {
    }
    buf_trim(&p->wire.in);
    if (p->wire.ended)
        drop(b, p);
}

static void flush_all(struct bare *b)
{
    struct list *node;
    while ((node = list_pop(&b->dirty))) {
        struct peer *p = CONTAINER_OF(node, struct peer, dirty);
        wire_flush(&p->wire);
        if (p->leaving)
            wire_finish(&p->wire);
    }
}

static void accept_all(struct bare *b, const struct door *door)
{
    for (;;) {
        int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct peer *p = calloc(1, sizeof(*p));
        if (!p)
            die("out of memory");
        list_init(&p->dirty);
        wire_open(&p->wire, b->epoll, fd, p, false);
        if (door->direct)
            wire_start_tls(&p->wire, b->tls, true);
    }
}

static void open_door(struct bare *b, struct door *door, const char *port, bool direct)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    door->direct = direct;
    setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = door};
    if (bind(door->fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(door->fd, 1024) != 0 ||
        epoll_ctl(b->epoll, EPOLL_CTL_ADD, door->fd, &e) != 0)
        die("port %s: %s", port, strerror(errno));
}

static void loop(struct bare *b, const struct door doors[2])
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(b->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            const void *owner = events[i].data.ptr;
            if (owner == &doors[0] || owner == &doors[1])
                accept_all(b, owner);
            else
                serve(b, events[i].data.ptr, events[i].events);
        }
        flush_all(b);
    }
}

int main(int argc, char **argv)
{
    static struct bare bare;
    static struct door doors[2];
    if (argc < 5)
        die("usage: bare PORT DIRECT-TLS-PORT CERT KEY [no-tls]");
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    list_init(&bare.dirty);
    bare.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (argc < 6)
        bare.tls = wire_tls_context(true, argv[3], argv[4]);
    open_door(&bare, &doors[0], argv[1], false);
    open_door(&bare, &doors[1], argv[2], true);
    loop(&bare, doors);
}
