#include "net/chan_tls_private.h"

#include "base/alloc_fail_test.h"
#include "net/chan_tls_pair_test.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
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

static struct tls_once *once_new(int64_t age_s)
{
    struct random_source random = entropy_source(&entropy);
    struct tls_once *o = tls_once_new(1000, (int64_t)time(NULL) - age_s, &random);
    assert_non_null(o);
    return o;
}

static struct tls_ctx *bounded_ctx(const struct test_cert *cert, const char *alpn,
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

static struct tls_ctx *loop_ctx(const struct test_cert *cert, const char *alpn,
                                struct tls_tickets *tickets, struct tls_once *once)
{
    return bounded_ctx(cert, alpn, tickets, once, MAX_BYTES);
}

static struct chan_tls_options client_options(const struct buf *session)
{
    return (struct chan_tls_options){.host = "example.org",
                                     .alpn = "xmpp-client",
                                     .session = buf_peek(session),
                                     .keep_session = true,
                                     .early_data = true};
}

/* The client's newest session, after the server wrote something. */
static void keep_session(struct pair *p, struct buf *session)
{
    send_all(p->server, p->client, (const uint8_t *)"brings the ticket", 17);
    buf_reset(session);
    assert_true(chan_tls_session(p->client, session));
}

static void meet_as(struct world *w, const struct chan_tls_options *options)
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
static void meet(struct world *w)
{
    buf_reset(&w->session);
    const struct chan_tls_options options = client_options(&w->session);
    meet_as(w, &options);
}

static struct world world_new(void)
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

static void world_drop(struct world *w)
{
    tls_ctx_unref(w->a);
    tls_ctx_unref(w->b);
    tls_ctx_unref(w->client);
    tls_tickets_unref(w->tickets);
    tls_once_unref(w->once);
    buf_finish(&w->session);
}

static struct pair pair_early(struct world *w, struct tls_ctx *server, bool trickle)
{
    const struct chan_tls_options options = client_options(&w->session);
    return pair_new_with(w->client, server, &options, trickle);
}

static void write_hello(struct chan *client)
{
    size_t n = 0;
    assert_int_equal(chan_tls_write_early(client, hello, strlen(hello), &n), CHAN_OK);
    assert_int_equal(n, strlen(hello));
}

/* What the client keeps, as somebody who changes it. */
static void session_edit(struct buf *session, long older_s, uint32_t max_bytes)
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
static enum chan_result serve(struct chan *server, struct talk *t)
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
static enum chan_result ask(struct chan *client, struct talk *t)
{
    enum chan_result result = chan_tls_handshake(client);
    size_t n = 0;
    if (result == CHAN_OK && chan_read(client, t->received + t->received_len,
                                       sizeof(t->received) - 1 - t->received_len, &n) == CHAN_OK)
        t->received_len += n;
    return result;
}

static bool talk(struct pair *p, struct talk *t)
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

static void receive(struct chan *c, const char *expected)
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

static void exporters_agree(struct pair *p, bool accepted)
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

/* ---- accepted ---- */

static void facts_before_the_handshake(struct chan *client)
{
    struct tls_facts f;
    uint8_t digest[32];
    X509_digest(leaf.cert, EVP_sha256(), digest, NULL);
    assert_true(chan_tls_early_facts(client, &f));
    assert_string_equal(f.version, "TLSv1.3");
    assert_string_equal(f.cipher, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(f.alpn, "xmpp-client");
    assert_true(f.resumed);
    assert_false(f.early_data);
    assert_int_equal(f.verdict, TLS_VERDICT_OK);
    assert_string_equal(f.peer.subject, "CN = example.org");
    assert_int_equal(f.end_point_len, 32);
    assert_memory_equal(f.end_point, digest, 32);
    assert_int_equal(f.exporter_len + f.unique_len, 0);
}

static void answer_comes_with_the_first_flight(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.b, false); /* another loop than it knows */
    struct talk t = {0};
    struct tls_facts f;
    size_t n;
    char c;
    assert_int_equal(chan_tls_early_max(p.client), MAX_BYTES);
    facts_before_the_handshake(p.client);
    assert_false(chan_tls_early_facts(p.server, &f));
    assert_int_equal(chan_tls_write_early(p.server, answer, 1, &n), CHAN_AGAIN);
    assert_int_equal(chan_tls_read_early(p.server, &c, 1, &n, &t.end), CHAN_AGAIN);
    write_hello(p.client);
    assert_int_equal(chan_tls_early_max(p.client), MAX_BYTES - strlen(hello));

    assert_int_equal(serve(p.server, &t), CHAN_AGAIN);
    assert_string_equal(t.early, hello);
    assert_false(t.end);
    assert_int_equal(t.answered, strlen(answer));
    assert_string_equal(t.facts.version, "TLSv1.3");
    assert_string_equal(t.facts.alpn, "xmpp-client");
    assert_true(t.facts.resumed);
    assert_int_equal(t.facts.end_point_len, 32);
    assert_int_equal(t.facts.exporter_len, 0);
    chan_tls_facts(p.server, &f);
    assert_string_equal(f.version, "");
    assert_int_equal(chan_read(p.server, &c, 1, &n), CHAN_LOST); /* not yet */

    assert_int_equal(chan_tls_handshake(p.client), CHAN_OK);
    assert_true(chan_tls_early_accepted(p.client));
    receive(p.client, answer);
    assert_int_equal(serve(p.server, &t), CHAN_OK);
    assert_true(t.end);
    assert_null(chan_tls(p.server)->early);
    exporters_agree(&p, true);
    send_all(p.client, p.server, (const uint8_t *)"and on", 6);
    send_all(p.server, p.client, (const uint8_t *)"and on", 6);
    assert_int_equal(chan_tls_write_early(p.server, answer, strlen(answer), &n), CHAN_OK);
    receive(p.client, answer);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    pair_free(&p);
    world_drop(&w);
}

static void a_byte_at_a_time(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, true);
    struct talk t;
    size_t n;
    for (size_t i = 0; i < strlen(hello); i++)
        assert_int_equal(chan_tls_write_early(p.client, hello + i, 1, &n), CHAN_OK);
    assert_true(chan_wants(p.client) & CHAN_WANTS_WRITE);
    assert_true(talk(&p, &t));
    assert_string_equal(t.early, hello);
    assert_string_equal(t.received, answer);
    exporters_agree(&p, true);
    send_all(p.client, p.server, (const uint8_t *)"and on", 6);
    keep_session(&p, &w.session);
    pair_free(&p);

    p = pair_early(&w, w.b, true); /* the next ticket is as good */
    write_hello(p.client);
    assert_true(talk(&p, &t));
    exporters_agree(&p, true);
    pair_free(&p);
    world_drop(&w);
}

static void what_is_left_early_is_read_later(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, false);
    char buf[100] = "";
    size_t n;
    write_hello(p.client);
    assert_true(pair_shake(&p)); /* the server never asks for early data */
    exporters_agree(&p, true);
    assert_true(chan_pending(p.server));
    assert_int_equal(chan_write(p.client, "later", 5, &n), CHAN_OK);
    assert_int_equal(chan_read(p.server, buf, 3, &n), CHAN_OK);
    assert_int_equal(n, 3);
    assert_int_equal(chan_read(p.server, buf + 3, sizeof(buf) - 3, &n), CHAN_OK);
    assert_string_equal(buf, hello);
    assert_null(chan_tls(p.server)->early);
    receive(p.server, "later");
    pair_free(&p);
    world_drop(&w);
}

/* A socket that is full holds the answer back, and then the handshake. */
static void an_answer_may_wait(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, false);
    struct talk t = {0};
    static uint8_t much[20000], buf[20000];
    size_t written = 0, received = 0, n;
    memset(much, 'a', sizeof(much));
    write_hello(p.client);
    assert_int_equal(serve(p.server, &t), CHAN_AGAIN);
    while (chan_tls_write_early(p.server, much, sizeof(much), &n) == CHAN_OK)
        written += n;
    assert_true(written > sizeof(much));
    assert_true(chan_wants(p.server) & CHAN_WANTS_WRITE);
    assert_int_equal(serve(p.server, &t), CHAN_AGAIN);
    assert_int_equal(chan_tls_handshake(p.client), CHAN_OK);
    while (received < written + strlen(answer)) {
        serve(p.server, &t);
        if (chan_read(p.client, buf, sizeof(buf), &n) == CHAN_OK)
            received += n;
    }
    assert_int_equal(received, written + strlen(answer));
    assert_int_equal(serve(p.server, &t), CHAN_OK);
    send_all(p.server, p.client, much, sizeof(much));
    pair_free(&p);
    world_drop(&w);
}

/* ---- rejected ---- */

/* The client sends early data to `server`, in vain: it writes it again, and all is well. */
static void in_vain(struct world *w, struct tls_ctx *server, bool resumed)
{
    for (int trickle = 0; trickle < 2; trickle++) {
        struct pair p = pair_early(w, server, trickle);
        struct talk t;
        struct tls_facts f;
        write_hello(p.client);
        assert_true(talk(&p, &t));
        assert_int_equal(t.early_len, 0);
        assert_true(t.end);
        assert_false(chan_tls_early_facts(p.server, &f));
        exporters_agree(&p, false);
        chan_tls_facts(p.client, &f);
        assert_int_equal(f.resumed, resumed);
        send_all(p.client, p.server, (const uint8_t *)hello, strlen(hello));
        send_all(p.server, p.client, (const uint8_t *)answer, strlen(answer));
        pair_free(&p);
    }
}

static void once_is_needed(void **state)
{
    (void)state;
    struct world w = world_new();
    struct tls_ctx *none = loop_ctx(&leaf, "xmpp-client", w.tickets, NULL);
    in_vain(&w, none, true);
    /* A server that never allows it says so in its tickets. */
    struct pair p = pair_early(&w, none, false);
    assert_true(pair_shake(&p));
    keep_session(&p, &w.session);
    pair_free(&p);
    p = pair_early(&w, none, false);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    pair_free(&p);
    tls_ctx_unref(none);
    world_drop(&w);
}

static void it_is_off_by_default(void **state)
{
    (void)state;
    struct world w = world_new();
    struct tls_ctx *off = server_ctx(&leaf, w.tickets);
    in_vain(&w, off, true);
    tls_ctx_unref(off);
    world_drop(&w);
}

static void a_restart_forgets(void **state)
{
    (void)state;
    struct world w = world_new();
    /* A process that starts now has fresh keys: nothing is resumed. */
    struct tls_tickets *fresh = tls_tickets_new(&w.random);
    struct tls_once *now = once_new(0);
    struct tls_ctx *restarted = loop_ctx(&leaf, "xmpp-client", fresh, now);
    in_vain(&w, restarted, false);
    tls_ctx_unref(restarted);
    /* Even if the keys had survived. */
    restarted = loop_ctx(&leaf, "xmpp-client", w.tickets, now);
    in_vain(&w, restarted, true);
    tls_ctx_unref(restarted);
    tls_once_unref(now);
    tls_tickets_unref(fresh);
    world_drop(&w);
}

static void age_must_be_right(void **state)
{
    (void)state;
    struct world w = world_new();
    session_edit(&w.session, 60, 0);
    in_vain(&w, w.a, true);
    world_drop(&w);
}

static void another_first_flight_ends_it(void **state)
{
    (void)state;
    struct world w = world_new();
    /* The server asks for another key share: HelloRetryRequest (RFC 8446 §4.2.10). */
    SSL_CTX_set1_groups_list(w.client->ssl_ctx, (char[]){"P-521:X25519"});
    in_vain(&w, w.a, true);
    world_drop(&w);
}

static void another_certificate_ends_the_session(void **state)
{
    (void)state;
    struct world w = world_new();
    struct test_cert renewed = test_cert_new(&authority, "example.org", leaf_names, 2, 300);
    test_cert_write(&renewed);
    struct tls_ctx *ctx = loop_ctx(&renewed, "xmpp-client", w.tickets, w.once);
    in_vain(&w, ctx, false);
    tls_ctx_unref(ctx);
    test_cert_free(&renewed);
    world_drop(&w);
}

static void rotated_keys_serve_one_period(void **state)
{
    (void)state;
    struct world w = world_new();
    struct talk t;
    tls_tickets_rotate(w.tickets, &w.random);
    struct pair p = pair_early(&w, w.a, false);
    write_hello(p.client);
    assert_true(talk(&p, &t));
    exporters_agree(&p, true);
    pair_free(&p);
    meet(&w);
    tls_tickets_rotate(w.tickets, &w.random);
    tls_tickets_rotate(w.tickets, &w.random);
    in_vain(&w, w.a, false);
    world_drop(&w);
}

/* ---- another protocol ---- */

static void protocol_must_be_the_same(void **state)
{
    (void)state;
    struct world w = world_new();
    struct chan_tls_options options = client_options(&w.session);
    options.alpn = NULL;
    struct pair p = pair_new_with(w.client, w.a, &options, false);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    pair_free(&p);
    options.alpn = "other";
    p = pair_new_with(w.client, w.a, &options, false);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    pair_free(&p);

    /* A session without, then a connection with: only the server can tell. */
    struct buf none = {0};
    options = client_options(&none);
    options.alpn = NULL;
    meet_as(&w, &options);
    in_vain(&w, w.a, true);

    /* A server that knows none does not mind. */
    struct tls_ctx *plain = loop_ctx(&leaf, NULL, w.tickets, w.once);
    struct talk t;
    p = pair_early(&w, plain, false);
    write_hello(p.client);
    assert_true(talk(&p, &t));
    exporters_agree(&p, true);
    pair_free(&p);
    tls_ctx_unref(plain);
    world_drop(&w);
}

/* ---- the bound ---- */

static void no_more_is_taken_than_allowed(void **state)
{
    (void)state;
    struct world w = world_new();
    uint8_t much[MAX_BYTES + 1] = {0};
    struct pair p = pair_early(&w, w.a, false);
    struct talk t;
    size_t n;
    assert_int_equal(chan_tls_write_early(p.client, much, sizeof(much), &n), CHAN_OK);
    assert_int_equal(n, MAX_BYTES);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    assert_int_equal(chan_tls_write_early(p.client, much, 1, &n), CHAN_OK);
    assert_int_equal(n, 0);
    assert_true(talk(&p, &t));
    assert_int_equal(t.early_len, MAX_BYTES);
    exporters_agree(&p, true);
    pair_free(&p);

    meet(&w);
    session_edit(&w.session, 0, UINT32_MAX);
    p = pair_early(&w, w.a, false);
    assert_int_equal(chan_tls_early_max(p.client), CHAN_TLS_EARLY_BYTES);
    assert_int_equal(chan_tls_write_early(p.client, much, sizeof(much), &n), CHAN_OK);
    assert_int_equal(n, sizeof(much));
    assert_false(talk(&p, &t));
    assert_int_equal(chan_tls_handshake(p.server), CHAN_LOST);
    assert_string_not_equal(p.server->fault, "");
    bool end;
    assert_int_equal(chan_tls_read_early(p.server, much, 1, &n, &end), CHAN_LOST);
    assert_int_equal(chan_tls_write_early(p.server, much, 1, &n), CHAN_LOST);
    pair_free(&p);
    world_drop(&w);
}

static void a_lower_bound_refuses_older_tickets(void **state)
{
    (void)state;
    struct world w = world_new();
    struct tls_ctx *lower = bounded_ctx(&leaf, "xmpp-client", w.tickets, w.once, MAX_BYTES - 1);
    in_vain(&w, lower, true);
    tls_ctx_unref(lower);
    world_drop(&w);
}

/* ---- what a client does not send ---- */

static void offers_none(struct world *w, struct tls_ctx *client, struct chan_tls_options options)
{
    struct pair p = pair_new_with(client, w->a, &options, false);
    struct tls_facts f;
    size_t n = 1;
    assert_int_equal(chan_tls_early_max(p.client), 0);
    assert_false(chan_tls_early_facts(p.client, &f));
    assert_string_equal(f.version, "");
    assert_int_equal(chan_tls_write_early(p.client, hello, 5, &n), CHAN_OK);
    assert_int_equal(n, 0);
    assert_int_equal(recv(p.server->fd, &(char){0}, 1, MSG_PEEK), -1); /* not a byte */
    assert_true(pair_shake(&p));
    assert_int_equal(SSL_get_early_data_status(chan_tls(p.client)->ssl), SSL_EARLY_DATA_NOT_SENT);
    pair_free(&p);
}

static void a_client_sends_none_without_cause(void **state)
{
    (void)state;
    struct world w = world_new();
    struct chan_tls_options options = client_options(&w.session);
    options.early_data = false;
    offers_none(&w, w.client, options);
    options = client_options(&w.session);
    options.host = "x.wild.example";
    offers_none(&w, w.client, options);
    options.host = "example.org";
    options.session = STR_NONE;
    offers_none(&w, w.client, options);
    options.session = buf_peek(&w.session);
    struct tls_ctx *other = client_ctx(leaf.cert_file);
    offers_none(&w, other, options); /* other anchors */
    tls_ctx_unref(other);

    session_edit(&w.session, 3 * 3600, 0); /* past the ticket's lifetime */
    offers_none(&w, w.client, client_options(&w.session));
    session_edit(&w.session, -6 * 3600, 0); /* or from the future */
    offers_none(&w, w.client, client_options(&w.session));

    set_version(w.client, TLS1_2_VERSION);
    meet(&w);
    offers_none(&w, w.client, client_options(&w.session));
    world_drop(&w);
}

/* The session is for the same host and anchors, but the server would not be trusted today. */
static void a_client_sends_none_without_a_good_verdict(void **state)
{
    (void)state;
    struct world w = world_new();
    const struct test_name srv = {TEST_SRV, "_xmpp-client.example.org", 0};
    struct test_cert cert = test_cert_new(&authority, "example.org", &srv, 1, 300);
    test_cert_write(&cert);
    tls_ctx_unref(w.a);
    w.a = loop_ctx(&cert, "xmpp-client", w.tickets, w.once);
    meet(&w);
    struct pair p = pair_early(&w, w.a, false);
    assert_int_equal(chan_tls_early_max(p.client), MAX_BYTES);
    pair_free(&p);
    char reason[TLS_REASON_BYTES];
    const struct tls_client_settings strict = {.ca_file = authority.cert_file};
    struct tls_ctx *client = tls_ctx_new_client(&strict, reason);
    assert_non_null(client);
    offers_none(&w, client, client_options(&w.session));
    tls_ctx_unref(client);
    test_cert_free(&cert);
    world_drop(&w);
}

static void early_is_over_when_the_handshake_began(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, false);
    size_t n;
    assert_int_equal(chan_tls_handshake(p.client), CHAN_AGAIN);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    assert_int_equal(chan_tls_write_early(p.client, hello, 5, &n), CHAN_OK);
    assert_int_equal(n, 0);
    assert_true(pair_shake(&p));
    exporters_agree(&p, false);
    pair_free(&p);
    world_drop(&w);
}

static void a_used_ticket_is_not_kept(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, false);
    write_hello(p.client);
    assert_true(pair_shake(&p));
    struct buf again = {0};
    assert_false(chan_tls_session(p.client, &again)); /* the new one has not been read */
    keep_session(&p, &again);
    assert_false(str_eq(buf_peek(&again), buf_peek(&w.session)));
    buf_finish(&again);
    pair_free(&p);
    world_drop(&w);
}

/* The newest ticket counts, and what it says of early data. */
static void each_ticket_speaks_for_itself(void **state)
{
    (void)state;
    struct world w = world_new();
    struct pair p = pair_early(&w, w.a, false);
    assert_true(pair_shake(&p));
    keep_session(&p, &w.session);
    SSL *server = chan_tls(p.server)->ssl;
    SSL_set_max_early_data(server, 0);
    assert_int_equal(SSL_new_session_ticket(server), 1);
    keep_session(&p, &w.session);
    pair_free(&p);
    p = pair_early(&w, w.a, false);
    assert_int_equal(chan_tls_early_max(p.client), 0);
    assert_true(pair_shake(&p));
    exporters_agree(&p, false);
    pair_free(&p);
    world_drop(&w);
}

/* ---- replays ---- */

struct flight {
    uint8_t bytes[8192];
    size_t len;
};

/* What a client sends first, as somebody on the way sees it. */
static void capture(struct world *w, struct flight *ret)
{
    int fds[2];
    socket_pair(fds);
    const struct chan_tls_options options = client_options(&w->session);
    struct chan *client = chan_tls_new(w->client, chan_tcp_new(fds[0]), &options);
    assert_non_null(client);
    write_hello(client);
    ssize_t len = recv(fds[1], ret->bytes, sizeof(ret->bytes), 0);
    assert_true(len > 0);
    ret->len = (size_t)len;
    chan_free(client);
    close(fds[1]);
}

/* Whether `ctx` accepts the early data in `f`, sent by somebody who does not know the secret. */
static bool replay(struct tls_ctx *ctx, const struct flight *f)
{
    int fds[2];
    struct talk t = {0};
    socket_pair(fds);
    assert_int_equal(write(fds[0], f->bytes, f->len), f->len);
    struct chan *server = chan_tls_new(ctx, chan_tcp_new(fds[1]), &(struct chan_tls_options){0});
    assert_non_null(server);
    assert_int_equal(serve(server, &t), CHAN_AGAIN);
    assert_true(t.early_len == 0 ? t.end : t.early_len == strlen(hello));
    chan_free(server);
    close(fds[0]);
    return t.early_len > 0;
}

static void a_replay_is_refused(void **state)
{
    (void)state;
    struct world w = world_new();
    struct flight f;
    capture(&w, &f);
    assert_true(replay(w.a, &f));
    assert_false(replay(w.a, &f));
    assert_false(replay(w.b, &f)); /* another loop */
    in_vain(&w, w.b, true);        /* nor may the client use it again */
    world_drop(&w);
}

static void a_replay_of_what_was_accepted_is_refused(void **state)
{
    (void)state;
    struct world w = world_new();
    struct flight f;
    struct pair p = pair_early(&w, w.a, false);
    struct talk t;
    write_hello(p.client);
    ssize_t len = recv(p.server->fd, f.bytes, sizeof(f.bytes), MSG_PEEK);
    assert_true(len > 0);
    f.len = (size_t)len;
    assert_true(talk(&p, &t));
    exporters_agree(&p, true);
    assert_false(replay(w.b, &f));
    pair_free(&p);
    world_drop(&w);
}

struct race {
    struct tls_ctx *ctx;
    const struct flight *flight;
    pthread_barrier_t *start;
    bool accepted;
};

static void *race(void *arg)
{
    struct race *r = arg;
    pthread_barrier_wait(r->start);
    r->accepted = replay(r->ctx, r->flight);
    return NULL;
}

static void one_of_two_loops_accepts(void **state)
{
    (void)state;
    struct world w = world_new();
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    for (int round = 0; round < 50; round++) {
        struct flight f;
        meet(&w);
        capture(&w, &f);
        struct race races[2] = {{w.a, &f, &start, false}, {w.b, &f, &start, false}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, race, &races[i]), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(races[0].accepted + races[1].accepted, 1);
    }
    pthread_barrier_destroy(&start);
    world_drop(&w);
}

/* ---- memory ---- */

static struct chan *scarce_chan(struct tls_ctx *ctx, int fd, const struct chan_tls_options *o)
{
    struct chan *tcp = chan_tcp_new(fd);
    return tcp ? chan_tls_new(ctx, tcp, o) : NULL;
}

/* Without assertions that would fail for lack of memory. */
static bool scarce_talk(struct pair *p)
{
    struct talk t = {0};
    size_t n;
    enum chan_result s = CHAN_AGAIN, c = CHAN_AGAIN;
    if (chan_tls_write_early(p->client, hello, strlen(hello), &n) != CHAN_OK || n == 0)
        return false;
    while (s == CHAN_AGAIN || c == CHAN_AGAIN) {
        s = serve(p->server, &t);
        c = chan_tls_handshake(p->client);
        if (s == CHAN_LOST || c == CHAN_LOST)
            return false;
    }
    return t.early_len == strlen(hello) && t.answered == strlen(answer) && t.end;
}

static bool scarce_scenario(void *arg)
{
    struct world *w = arg;
    int fds[2];
    struct pair p = {0};
    long after = alloc_fail_after;
    alloc_fail_after = -1; /* each time a new ticket */
    meet(w);
    const struct chan_tls_options client = client_options(&w->session), server = {0};
    socket_pair(fds);
    alloc_fail_after = after;
    p.client = scarce_chan(w->client, fds[0], &client);
    p.server = scarce_chan(w->a, fds[1], &server);
    bool ok = p.client && p.server && scarce_talk(&p);
    pair_free(&p);
    return ok;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct world w = world_new();
    assert_true(alloc_fail_sweep(scarce_scenario, &w) > 8);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_comes_with_the_first_flight),
        cmocka_unit_test(a_byte_at_a_time),
        cmocka_unit_test(what_is_left_early_is_read_later),
        cmocka_unit_test(an_answer_may_wait),
        cmocka_unit_test(once_is_needed),
        cmocka_unit_test(it_is_off_by_default),
        cmocka_unit_test(a_restart_forgets),
        cmocka_unit_test(age_must_be_right),
        cmocka_unit_test(another_first_flight_ends_it),
        cmocka_unit_test(another_certificate_ends_the_session),
        cmocka_unit_test(rotated_keys_serve_one_period),
        cmocka_unit_test(protocol_must_be_the_same),
        cmocka_unit_test(no_more_is_taken_than_allowed),
        cmocka_unit_test(a_lower_bound_refuses_older_tickets),
        cmocka_unit_test(a_client_sends_none_without_cause),
        cmocka_unit_test(a_client_sends_none_without_a_good_verdict),
        cmocka_unit_test(early_is_over_when_the_handshake_began),
        cmocka_unit_test(a_used_ticket_is_not_kept),
        cmocka_unit_test(each_ticket_speaks_for_itself),
        cmocka_unit_test(a_replay_is_refused),
        cmocka_unit_test(a_replay_of_what_was_accepted_is_refused),
        cmocka_unit_test(one_of_two_loops_accepts),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
