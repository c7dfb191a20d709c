#include "net/chan_tls_early_world_test.h"

#include "base/alloc_fail_test.h"

#include <openssl/err.h>

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
        cmocka_unit_test(a_client_sends_none_without_cause),
        cmocka_unit_test(a_client_sends_none_without_a_good_verdict),
        cmocka_unit_test(early_is_over_when_the_handshake_began),
        cmocka_unit_test(a_used_ticket_is_not_kept),
        cmocka_unit_test(each_ticket_speaks_for_itself),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
