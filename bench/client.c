#include "client.h"

#include "base/base64.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void open_stream(struct client *c)
{
    buf_printf(&c->wire.out,
               "<?xml version='1.0'?><stream:stream to='%s' xml:lang='en' xmlns='jabber:client' "
               "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
               c->config->domain);
}

/* --- SCRAM (RFC 5802), without a channel binding --- */

static void hmac(const struct client *c, const uint8_t *key, struct str text, uint8_t *out)
{
    if (!hash_hmac(c->config->hash, str_of(key, hash_size(c->config->hash)), &text, 1, out))
        die("OpenSSL refused an HMAC");
}

/* The keys cost thousands of hashes: once for each account. */
static void derive_keys(struct client *c, struct str salt, unsigned iterations)
{
    struct client_account *a = c->account;
    uint8_t salted[HASH_MAX_BYTES];
    if (a->iterations == iterations && str_eq(a->salt, salt))
        return;
    const EVP_MD *md = c->config->hash == HASH_SHA1 ? EVP_sha1() : EVP_sha256();
    if (PKCS5_PBKDF2_HMAC(c->config->password, -1, (const uint8_t *)salt.ptr, (int)salt.len,
                          (int)iterations, md, EVP_MD_get_size(md), salted) != 1)
        die("OpenSSL refused PBKDF2");
    hmac(c, salted, STR_LIT("Client Key"), a->client_key);
    struct str key = str_of(a->client_key, hash_size(c->config->hash));
    if (!hash_digest(c->config->hash, &key, 1, a->stored_key))
        die("OpenSSL refused a digest");
    char *copy = malloc(salt.len);
    if (!copy)
        die("out of memory");
    memcpy(copy, salt.ptr, salt.len);
    free((char *)(uintptr_t)a->salt.ptr);
    a->salt = str_of(copy, salt.len);
    a->iterations = iterations;
}

static void send_auth(struct client *c)
{
    static uint64_t serial;
    struct buf first = {0};
    snprintf(c->nonce, sizeof(c->nonce), "fyko+d2lbbFgONRv9qkx%08x", (unsigned)++serial);
    buf_printf(&first, "n,,n=%s,r=%s", c->account->name, c->nonce);
    buf_printf(&c->wire.out, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='%s'>",
               c->config->mechanism);
    base64_encode(&c->wire.out, buf_peek(&first));
    buf_cstr(&c->wire.out, "</auth>");
    buf_finish(&first);
}

/* The value of attribute `name` ("s=") in a SCRAM message. */
static struct str scram_value(struct str message, const char *name)
{
    for (size_t at = 0; at + 2 <= message.len;) {
        const char *comma = memchr(message.ptr + at, ',', message.len - at);
        size_t end = comma ? (size_t)(comma - message.ptr) : message.len;
        if (memcmp(message.ptr + at, name, 2) == 0)
            return str_of(message.ptr + at + 2, end - at - 2);
        at = end + 1;
    }
    die("a challenge without %s: %.*s", name, STR_ARG(message));
}

static void add_proof(struct client *c, struct str server_first, struct buf *final)
{
    struct buf message = {0};
    uint8_t proof[HASH_MAX_BYTES];
    buf_printf(&message, "n=%s,r=%s,%.*s,%.*s", c->account->name, c->nonce, STR_ARG(server_first),
               STR_ARG(buf_peek(final)));
    hmac(c, c->account->stored_key, buf_peek(&message), proof);
    for (size_t i = 0; i < hash_size(c->config->hash); i++)
        proof[i] ^= c->account->client_key[i];
    buf_cstr(final, ",p=");
    base64_encode(final, str_of(proof, hash_size(c->config->hash)));
    buf_finish(&message);
}

static void send_response(struct client *c, struct str payload)
{
    struct buf challenge = {0}, salt = {0}, final = {0};
    if (!base64_decode(&challenge, payload))
        die("a challenge that is not base64: %.*s", STR_ARG(payload));
    struct str first = buf_peek(&challenge);
    if (!base64_decode(&salt, scram_value(first, "s=")))
        die("a salt that is not base64");
    buf_byte(&challenge, '\0');
    first.ptr = buf_peek(&challenge).ptr;
    derive_keys(c, buf_peek(&salt), (unsigned)atoi(scram_value(first, "i=").ptr));
    buf_printf(&final, "c=biws,r=%.*s", STR_ARG(scram_value(first, "r=")));
    add_proof(c, first, &final);
    buf_cstr(&c->wire.out, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
    base64_encode(&c->wire.out, buf_peek(&final));
    buf_cstr(&c->wire.out, "</response>");
    buf_finish(&challenge);
    buf_finish(&salt);
    buf_finish(&final);
}

/* --- negotiation: in each state one element is awaited, known by its end --- */

static const char *const awaited[] = {
    [CLIENT_OFFER_TLS] = "</stream:features>",
    [CLIENT_PROCEED] = "/>",
    [CLIENT_OFFER_SASL] = "</stream:features>",
    [CLIENT_CHALLENGE] = "</challenge>",
    [CLIENT_SUCCESS] = "</success>",
    [CLIENT_OFFER_BIND] = "</stream:features>",
    [CLIENT_BINDING] = "</iq>",
    [CLIENT_LEAVING] = "</stream:stream>",
};

/* The text of the one element with text that `awaited` ends, "<a><b>TEXT</b></a>" included. */
static struct str text_of(struct str element, const char *start)
{
    const char *end = element.ptr + element.len;
    const char *at = memmem(element.ptr, element.len, start, strlen(start));
    const char *text = at ? memchr(at, '>', (size_t)(end - at)) : NULL;
    const char *stop = text ? memchr(text, '<', (size_t)(end - text)) : NULL;
    if (!stop)
        die("no text in: %.*s", STR_ARG(element));
    return str_of(text + 1, (size_t)(stop - text - 1));
}

static void on_secured(struct client *c)
{
    if (c->config->handshake_only) {
        c->state = CLIENT_BOUND;
        return;
    }
    open_stream(c);
    c->state = CLIENT_OFFER_SASL;
}

static void on_element(struct client *c, struct str element)
{
    switch (c->state) {
    case CLIENT_OFFER_TLS:
        buf_cstr(&c->wire.out, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        c->state = CLIENT_PROCEED;
        break;
    case CLIENT_PROCEED:
        c->state = CLIENT_SECURING;
        break;
    case CLIENT_OFFER_SASL:
        send_auth(c);
        c->state = CLIENT_CHALLENGE;
        break;
    case CLIENT_CHALLENGE:
        send_response(c, text_of(element, "<challenge"));
        c->state = CLIENT_SUCCESS;
        break;
    case CLIENT_SUCCESS:
        open_stream(c);
        c->state = CLIENT_OFFER_BIND;
        break;
    case CLIENT_OFFER_BIND:
        buf_cstr(&c->wire.out, "<iq type='set' id='bind'><bind "
                               "xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        c->state = CLIENT_BINDING;
        break;
    case CLIENT_BINDING:
        snprintf(c->jid, sizeof(c->jid), "%.*s", STR_ARG(text_of(element, "<jid")));
        c->state = CLIENT_BOUND;
        break;
    default:
        wire_close(&c->wire);
        c->state = CLIENT_GONE;
        break;
    }
}

static void refuse_failure(const struct client *c, struct str text)
{
    if (memmem(text.ptr, text.len, "<failure", 8) ||
        memmem(text.ptr, text.len, "<stream:error", 13) ||
        memmem(text.ptr, text.len, "type='error'", 12))
        die("%s in state %d: %.*s", c->account->name, (int)c->state, STR_ARG(text));
}

/* One awaited element from what was read; false when it has not come. */
static bool take_element(struct client *c)
{
    if (c->state >= ARRAY_LEN(awaited) || !awaited[c->state])
        return false;
    struct str text = buf_peek(&c->wire.in);
    size_t len = strlen(awaited[c->state]);
    const char *end = memmem(text.ptr, text.len, awaited[c->state], len);
    if (!end) {
        refuse_failure(c, text);
        return false;
    }
    struct str element = str_of(text.ptr, (size_t)(end - text.ptr) + len);
    refuse_failure(c, element);
    on_element(c, element);
    if (c->state != CLIENT_GONE)
        buf_consume(&c->wire.in, element.len);
    return true;
}

void client_connect(struct client *c, const struct client_config *config, int epoll,
                    struct client_account *account)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(config->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS))
        die("cannot connect: %s", strerror(errno));
    *c = (struct client){.config = config, .account = account};
    wire_open(&c->wire, epoll, fd, c, true);
    if (config->tls == CLIENT_TLS_DIRECT) {
        wire_start_tls(&c->wire, config->tls_context, false);
        c->state = CLIENT_SECURING;
    } else {
        open_stream(c);
        c->state = config->tls == CLIENT_TLS_START ? CLIENT_OFFER_TLS : CLIENT_OFFER_SASL;
    }
}

static void on_ended(struct client *c)
{
    if (c->state != CLIENT_LEAVING)
        die("%s: the server closed the connection in state %d: %.*s", c->account->name,
            (int)c->state, STR_ARG(buf_peek(&c->wire.in)));
    wire_close(&c->wire);
    c->state = CLIENT_GONE;
}

void client_ready(struct client *c, uint32_t events)
{
    wire_ready(&c->wire, events);
    while (buf_len(&c->wire.in) > 0 && take_element(c)) {
        if (c->state == CLIENT_SECURING)
            wire_start_tls(&c->wire, c->config->tls_context, false);
    }
    if (c->state == CLIENT_SECURING && c->wire.secured)
        on_secured(c);
    if (c->state != CLIENT_GONE && buf_len(&c->wire.out) > 0)
        wire_flush(&c->wire);
    if (c->wire.ended && c->state != CLIENT_GONE)
        on_ended(c);
}

void client_leave(struct client *c)
{
    c->state = CLIENT_LEAVING;
    if (c->config->handshake_only) {
        wire_finish(&c->wire);
        return;
    }
    buf_cstr(&c->wire.out, "</stream:stream>");
    wire_flush(&c->wire);
}
