/*
 * chan_tls_pair_test.h - both ends of TLS over a socket pair, for the chan_tls_*_test.c files.
 * Included by the test that uses it. Everything asserts.
 */
#ifndef NET_CHAN_TLS_PAIR_TEST_H
#define NET_CHAN_TLS_PAIR_TEST_H

#include "net/chan_tls_private.h"

#include "net/certs_test.h"
#include "net/entropy.h"

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- a channel that carries one byte at a time, and only every second time ---- */

struct trickle {
    struct chan chan;
    bool read_skips, write_skips;
    unsigned wants;
};

static inline enum chan_result trickle_read(struct chan *c, void *to, size_t len, size_t *ret_len)
{
    struct trickle *t = CONTAINER_OF(c, struct trickle, chan);
    t->read_skips = !t->read_skips;
    return t->read_skips ? CHAN_AGAIN : chan_read(c->below, to, len ? 1 : 0, ret_len);
}

static inline enum chan_result trickle_write(struct chan *c, const void *from, size_t len,
                                             size_t *ret_len)
{
    struct trickle *t = CONTAINER_OF(c, struct trickle, chan);
    t->write_skips = !t->write_skips;
    return t->write_skips ? CHAN_AGAIN : chan_write(c->below, from, len ? 1 : 0, ret_len);
}

static inline enum chan_result trickle_shutdown(struct chan *c)
{
    return chan_shutdown(c->below);
}

static inline unsigned trickle_wants(const struct chan *c)
{
    return chan_wants(c->below);
}

static inline bool trickle_pending(const struct chan *c)
{
    return chan_pending(c->below);
}

static inline void trickle_free(struct chan *c)
{
    free(CONTAINER_OF(c, struct trickle, chan));
}

static const struct chan_ops trickle_ops = {trickle_read,  trickle_write,   trickle_shutdown,
                                            trickle_wants, trickle_pending, trickle_free};

static inline struct chan *trickle_new(struct chan *below)
{
    struct trickle *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->chan.ops = &trickle_ops;
    t->chan.below = below;
    t->chan.fd = below->fd;
    return &t->chan;
}

/* ---- fixtures ---- */

static struct test_cert authority, leaf;
static struct entropy entropy;
static const struct test_name leaf_names[] = {{TEST_DNS, "example.org", 0},
                                              {TEST_DNS, "*.wild.example", 0}};

static inline int fixtures_make(void **state)
{
    (void)state;
    entropy_init(&entropy);
    authority = test_cert_new(NULL, "Test Authority", NULL, 0, 300);
    leaf = test_cert_new(&authority, "example.org", leaf_names, 2, 300);
    test_cert_write(&authority);
    test_cert_write(&leaf);
    return 0;
}

static inline int fixtures_drop(void **state)
{
    (void)state;
    test_cert_free(&authority);
    test_cert_free(&leaf);
    return 0;
}

static inline struct tls_ctx *server_ctx(const struct test_cert *cert, struct tls_tickets *tickets)
{
    char reason[TLS_REASON_BYTES] = "";
    const struct tls_server_settings s = {cert->cert_file, cert->key_file, "xmpp-client", tickets};
    struct tls_ctx *ctx = tls_ctx_new_server(&s, reason);
    assert_string_equal(reason, "");
    assert_non_null(ctx);
    return ctx;
}

static inline struct tls_ctx *client_ctx(const char *ca_file)
{
    char reason[TLS_REASON_BYTES] = "";
    const struct tls_client_settings s = {
        .ca_file = ca_file, .srv_service = "xmpp-client", .xmpp_addr = true};
    struct tls_ctx *ctx = tls_ctx_new_client(&s, reason);
    assert_string_equal(reason, "");
    assert_non_null(ctx);
    return ctx;
}

static inline void socket_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

struct pair {
    struct chan *client, *server;
};

static inline struct pair pair_new_with(struct tls_ctx *client, struct tls_ctx *server,
                                        const struct chan_tls_options *options, bool trickle)
{
    int fds[2];
    socket_pair(fds);
    struct chan *c = chan_tcp_new(fds[0]), *s = chan_tcp_new(fds[1]);
    if (trickle) {
        c = trickle_new(c);
        s = trickle_new(s);
    }
    struct pair p = {chan_tls_new(client, c, options),
                     chan_tls_new(server, s, &(struct chan_tls_options){0})};
    assert_non_null(p.client);
    assert_non_null(p.server);
    return p;
}

static inline struct pair pair_new(struct tls_ctx *client, struct tls_ctx *server, const char *host)
{
    return pair_new_with(client, server, &(struct chan_tls_options){.host = host}, false);
}

static inline void pair_free(struct pair *p)
{
    chan_free(p->client);
    chan_free(p->server);
}

/* Both ends in turn until both are finished or one is lost. */
static inline bool pair_shake(struct pair *p)
{
    for (int turn = 0; turn < 100000; turn++) {
        enum chan_result c = chan_tls_handshake(p->client), s = chan_tls_handshake(p->server);
        if (c == CHAN_OK && s == CHAN_OK)
            return true;
        if (c == CHAN_LOST || s == CHAN_LOST) {
            chan_tls_handshake(p->client); /* let the other hear of it */
            chan_tls_handshake(p->server);
            return false;
        }
    }
    fail_msg("the handshake does not end");
    return false;
}

static inline void send_all(struct chan *from, struct chan *to, const uint8_t *data, size_t len)
{
    uint8_t buf[3000];
    size_t sent = 0, received = 0;
    while (received < len) {
        size_t n = 0;
        if (sent < len && chan_write(from, data + sent, len - sent, &n) == CHAN_OK)
            sent += n;
        enum chan_result r = chan_read(to, buf, sizeof(buf), &n);
        assert_true(r == CHAN_OK || r == CHAN_AGAIN);
        if (r == CHAN_OK) {
            assert_memory_equal(buf, data + received, n);
            received += n;
        }
    }
    assert_int_equal(sent, received);
}

static inline void set_version(struct tls_ctx *ctx, int version)
{
    SSL_CTX_set_min_proto_version(ctx->ssl_ctx, version);
    SSL_CTX_set_max_proto_version(ctx->ssl_ctx, version);
}

static inline SSL *ssl_of(struct chan *c)
{
    return chan_tls(c)->ssl;
}

#endif
