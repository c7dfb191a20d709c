/* Early data that a server does not take: of another time, another server or protocol, or again. */
#include "net/chan_tls_early_world_test.h"

#include <pthread.h>

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
    assert_string_not_equal(chan_fault(p.server), "");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(a_replay_is_refused),
        cmocka_unit_test(a_replay_of_what_was_accepted_is_refused),
        cmocka_unit_test(one_of_two_loops_accepts),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
