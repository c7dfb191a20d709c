/*
 * chan_tls_early_world_test.h - a server of two loops, and a client that knows it and may send
 * early data: for the chan_tls_early*_test.c files. Included by the test that uses it. Everything
 * asserts.
 */
#ifndef NET_CHAN_TLS_EARLY_WORLD_TEST_H
#define NET_CHAN_TLS_EARLY_WORLD_TEST_H

#include "net/chan_tls_pair_test.h"

#include <time.h>

static const char hello[] = "<stream:stream><authenticate/>";
static const char answer[] = "<stream:stream><success/>";

enum { MAX_BYTES = 1000, PAST_S = 100 };

/* ---- a server of two loops, and a client that knows it ---- */

struct world {
    struct random_source random;
    struct tls_tickets *tickets;
    struct tls_once *once;
    struct tls_ctx *a, *b, *client;
    struct buf session;
};

static inline struct tls_once *once_new(int64_t age_s)
{
    struct random_source random = entropy_source(&entropy);
    struct tls_once *o = tls_once_new(1000, (int64_t)time(NULL) - age_s, &random);
    assert_non_null(o);
    return o;
}

static inline struct tls_ctx *bounded_ctx(const struct test_cert *cert, const char *alpn,
                                          struct tls_tickets *tickets, struct tls_once *once,
                                          uint32_t max_bytes)
{
    char reason[TLS_REASON_BYTES] = "";
    const struct tls_server_settings s = {.cert_file = cert->cert_file,
                                          .key_file = cert->key_file,
                                          .alpn = alpn,
                                          .tickets = tickets,
                                          .early_data_max_bytes = max_bytes,
                                          .once = once};
    struct tls_ctx *ctx = tls_ctx_new_server(&s, reason);
    assert_string_equal(reason, "");
    assert_non_null(ctx);
    return ctx;
}

static inline struct tls_ctx *loop_ctx(const struct test_cert *cert, const char *alpn,
                                       struct tls_tickets *tickets, struct tls_once *once)
{
    return bounded_ctx(cert, alpn, tickets, once, MAX_BYTES);
}

static inline struct chan_tls_options client_options(const struct buf *session)
{
    return (struct chan_tls_options){.host = "example.org",
                                     .alpn = "xmpp-client",
                                     .session = buf_peek(session),
                                     .keep_session = true,
                                     .early_data = true};
}

/* The client's newest session, after the server wrote something. */
static inline void keep_session(struct pair *p, struct buf *session)
{
    send_all(p->server, p->client, (const uint8_t *)"brings the ticket", 17);
    buf_reset(session);
    assert_true(chan_tls_session(p->client, session));
}

static inline void meet_as(struct world *w, const struct chan_tls_options *options)
{
    struct pair p = pair_new_with(w->client, w->a, options, false);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    assert_true(pair_shake(&p));
    assert_false(chan_tls_early_accepted(p.client));
    assert_false(chan_tls_early_accepted(p.server));
    keep_session(&p, &w->session);
    pair_free(&p);
}

/* A first connection, from which the client has a session. */
static inline void meet(struct world *w)
{
    buf_reset(&w->session);
    const struct chan_tls_options options = client_options(&w->session);
    meet_as(w, &options);
}

static inline struct world world_new(void)
{
    struct world w = {.random = entropy_source(&entropy), .once = once_new(PAST_S)};
    w.tickets = tls_tickets_new(&w.random);
    w.a = loop_ctx(&leaf, "xmpp-client", w.tickets, w.once);
    w.b = loop_ctx(&leaf, "xmpp-client", w.tickets, w.once);
    w.client = client_ctx(authority.cert_file);
    buf_init(&w.session, 0, true);
    meet(&w);
    return w;
}

static inline void world_drop(struct world *w)
{
    tls_ctx_unref(w->a);
    tls_ctx_unref(w->b);
    tls_ctx_unref(w->client);
    tls_tickets_unref(w->tickets);
    tls_once_unref(w->once);
    buf_finish(&w->session);
}

static inline struct pair pair_early(struct world *w, struct tls_ctx *server, bool trickle)
{
    const struct chan_tls_options options = client_options(&w->session);
    return pair_new_with(w->client, server, &options, trickle);
}

static inline void write_hello(struct chan *client)
{
    size_t n = 0;
    assert_int_equal(chan_tls_write_early(client, hello, strlen(hello), &n), CHAN_OK);
    assert_int_equal(n, strlen(hello));
}

/* What the client keeps, as somebody who changes it. */
static inline void session_edit(struct buf *session, long older_s, uint32_t max_bytes)
{
    struct str held = buf_peek(session);
    const uint8_t *der = (const uint8_t *)held.ptr + 32;
    SSL_SESSION *s = d2i_SSL_SESSION(NULL, &der, (long)held.len - 32);
    assert_non_null(s);
    SSL_SESSION_set_time(s, SSL_SESSION_get_time(s) - older_s);
    if (max_bytes > 0)
        SSL_SESSION_set_max_early_data(s, max_bytes);
    uint8_t out[8192];
    uint8_t *end = out;
    int len = i2d_SSL_SESSION(s, NULL);
    assert_in_range(len, 1, sizeof(out));
    i2d_SSL_SESSION(s, &end);
    SSL_SESSION_free(s);
    buf_truncate(session, 32);
    buf_append(session, out, (size_t)len);
}

/* ---- both ends in turn ---- */

struct talk {
    char early[MAX_BYTES + 1]; /* that the server received early */
    size_t early_len;
    bool end;
    size_t answered; /* bytes of the answer that it wrote before the client had finished */
    struct tls_facts facts;
    char received[100]; /* by the client */
    size_t received_len;
};

/* The server reads early data, and answers `answer` as soon as it has `hello`. */
static inline enum chan_result serve(struct chan *server, struct talk *t)
{
    enum chan_result result = chan_tls_handshake(server);
    size_t n = 0;
    if (result == CHAN_LOST || t->end)
        return result;
    if (result == CHAN_AGAIN && chan_tls_early_facts(server, &t->facts))
        assert_true(t->facts.early_data);
    while (!t->end && chan_tls_read_early(server, t->early + t->early_len, MAX_BYTES - t->early_len,
                                          &n, &t->end) == CHAN_OK)
        t->early_len += n;
    size_t left = strlen(answer) - t->answered;
    if (result == CHAN_AGAIN && t->early_len == strlen(hello) && left > 0 &&
        chan_tls_write_early(server, answer + t->answered, left, &n) == CHAN_OK)
        t->answered += n;
    return result;
}

/* The client reads when it may, for the server's last bytes must go somewhere. */
static inline enum chan_result ask(struct chan *client, struct talk *t)
{
    enum chan_result result = chan_tls_handshake(client);
    size_t n = 0;
    if (result == CHAN_OK && chan_read(client, t->received + t->received_len,
                                       sizeof(t->received) - 1 - t->received_len, &n) == CHAN_OK)
        t->received_len += n;
    return result;
}

static inline bool talk(struct pair *p, struct talk *t)
{
    *t = (struct talk){0};
    for (int turn = 0; turn < 100000; turn++) {
        enum chan_result s = serve(p->server, t), c = ask(p->client, t);
        if (c == CHAN_OK && s == CHAN_OK && t->received_len == t->answered)
            return true;
        if (c == CHAN_LOST || s == CHAN_LOST)
            return false;
    }
    fail_msg("the handshake does not end");
    return false;
}

static inline void receive(struct chan *c, const char *expected)
{
    char buf[100];
    size_t len = strlen(expected), got = 0, n;
    while (got < len) {
        enum chan_result r = chan_read(c, buf + got, sizeof(buf) - got, &n);
        assert_true(r == CHAN_OK || r == CHAN_AGAIN);
        got += r == CHAN_OK ? n : 0;
    }
    assert_int_equal(got, len);
    assert_memory_equal(buf, expected, len);
}

static inline void exporters_agree(struct pair *p, bool accepted)
{
    struct tls_facts fc, fs;
    chan_tls_facts(p->client, &fc);
    chan_tls_facts(p->server, &fs);
    assert_int_equal(fc.early_data, accepted);
    assert_int_equal(fs.early_data, accepted);
    assert_int_equal(chan_tls_early_accepted(p->client), accepted);
    assert_int_equal(chan_tls_early_accepted(p->server), accepted);
    assert_int_equal(fc.verdict, TLS_VERDICT_OK);
    assert_int_equal(fc.exporter_len, 32);
    assert_memory_equal(fc.exporter, fs.exporter, 32);
    assert_int_equal(fc.end_point_len, 32);
    assert_memory_equal(fc.end_point, fs.end_point, 32);
    assert_null(chan_tls(p->client)->early);
}

#endif
