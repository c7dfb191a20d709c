/* Bytes that pass, and how a connection ends. */
#include "net/chan_tls_pair_test.h"

/* ---- bytes ---- */

static void bytes_pass(bool trickle, int version, size_t len)
{
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    set_version(c, version);
    struct pair p = pair_new_with(c, s, &(struct chan_tls_options){.host = "example.org"}, trickle);
    assert_true(pair_shake(&p));
    uint8_t *data = malloc(len);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    send_all(p.client, p.server, data, len);
    send_all(p.server, p.client, data, len);
    assert_int_equal(p.client->bytes_out, len);
    assert_int_equal(p.client->bytes_in, len);
    assert_true(p.client->below->bytes_out > len || trickle);
    free(data);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void many_bytes_pass(void **state)
{
    (void)state;
    bytes_pass(false, TLS1_3_VERSION, 1000000);
    bytes_pass(false, TLS1_2_VERSION, 1000000);
}

static void bytes_pass_one_at_a_time(void **state)
{
    (void)state;
    bytes_pass(true, TLS1_3_VERSION, 40000);
    bytes_pass(true, TLS1_2_VERSION, 40000);
}

static void write_that_waits_may_move(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    static uint8_t first[64 * 1024], second[64 * 1024 + 10];
    memset(first, 'a', sizeof(first));
    memset(second, 'a', sizeof(second));
    size_t taken = 0, n;
    enum chan_result r;
    while ((r = chan_write(p.client, first, sizeof(first), &n)) == CHAN_OK && n == sizeof(first))
        taken += n;
    taken += r == CHAN_OK ? n : 0;
    size_t left = sizeof(first) - (r == CHAN_OK ? n : 0);
    assert_true(chan_wants(p.client) & CHAN_WANTS_WRITE);
    assert_int_equal(chan_write(p.client, first, left, &n), CHAN_AGAIN);
    size_t received = 0;
    uint8_t buf[20000];
    while (chan_read(p.server, buf, sizeof(buf), &n) == CHAN_OK)
        received += n;
    /* another buffer, the same bytes, and some more behind them */
    size_t offered = left + 10;
    for (const uint8_t *at = second; offered > 0;) {
        r = chan_write(p.client, at, offered, &n);
        assert_true(r == CHAN_OK || r == CHAN_AGAIN);
        if (r == CHAN_OK) {
            at += n;
            offered -= n;
            taken += n;
        }
        while (chan_read(p.server, buf, sizeof(buf), &n) == CHAN_OK)
            received += n;
    }
    assert_int_equal(chan_wants(p.client) & CHAN_WANTS_WRITE, 0);
    assert_int_equal(received, taken);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void pending_tells_what_poll_cannot(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    size_t n;
    char buf[16];
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_AGAIN);
    assert_false(chan_pending(p.server));
    assert_int_equal(chan_wants(p.server), CHAN_WANTS_READ);
    assert_int_equal(chan_write(p.client, "one", 3, &n), CHAN_OK);
    assert_int_equal(chan_write(p.client, "two", 3, &n), CHAN_OK);
    assert_int_equal(chan_read(p.server, buf, 1, &n), CHAN_OK);
    assert_int_equal(chan_wants(p.server), 0);
    assert_true(chan_pending(p.server)); /* the rest of a record */
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(n, 2);
    assert_true(chan_pending(p.server)); /* a whole record that was read with the first */
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_OK);
    assert_memory_equal(buf, "two", 3);
    assert_false(chan_pending(p.server));

    /* half a record is not pending */
    uint8_t record[200];
    assert_int_equal(chan_write(p.client, "three", 5, &n), CHAN_OK);
    ssize_t len = recv(p.server->fd, record, sizeof(record), 0);
    assert_true(len > 10);
    struct chan *server_tcp = p.server->below;
    int feed[2], old = server_tcp->fd;
    socket_pair(feed);
    server_tcp->fd = feed[0];
    assert_int_equal(write(feed[1], record, 9), 9);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_AGAIN);
    assert_false(chan_pending(p.server));
    assert_int_equal(write(feed[1], record + 9, (size_t)len - 9), len - 9);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_OK);
    assert_memory_equal(buf, "three", 5);
    close(feed[1]);
    close(old);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void leftover_is_read_first(void **state)
{
    (void)state;
    for (int part = 0; part < 3; part++) {
        struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
        int fds[2];
        uint8_t hello[4096];
        socket_pair(fds);
        struct pair p = {.client = chan_tls_new(c, chan_tcp_new(fds[0]),
                                                &(struct chan_tls_options){.host = "example.org"})};
        assert_int_equal(chan_tls_handshake(p.client), CHAN_AGAIN);
        size_t want[] = {1, 100, sizeof(hello)};
        ssize_t len = recv(fds[1], hello, want[part], 0);
        assert_true(len > 0);
        assert_int_equal(hello[0], 0x16);
        p.server = chan_tls_new(s, chan_tcp_new(fds[1]),
                                &(struct chan_tls_options){.leftover = str_of(hello, (size_t)len)});
        assert_true(chan_pending(p.server));
        memset(hello, 0, sizeof(hello)); /* it was copied */
        assert_true(pair_shake(&p));
        send_all(p.client, p.server, (const uint8_t *)"hello", 5);
        pair_free(&p);
        tls_ctx_unref(c);
        tls_ctx_unref(s);
    }
}

/* ---- the end ---- */

static void close_is_told_from_cut(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    char buf[16];
    size_t n;
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    assert_int_equal(chan_write(p.client, "bye", 3, &n), CHAN_OK);
    assert_int_equal(chan_shutdown(p.client), CHAN_OK);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_EOF);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_EOF);
    /* the other direction is still open */
    assert_int_equal(chan_write(p.server, "last", 4, &n), CHAN_OK);
    assert_int_equal(chan_shutdown(p.server), CHAN_OK);
    assert_int_equal(chan_read(p.client, buf, sizeof(buf), &n), CHAN_OK);
    assert_int_equal(chan_read(p.client, buf, sizeof(buf), &n), CHAN_EOF);
    pair_free(&p);

    p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    chan_shutdown(p.client->below); /* a FIN, as an attacker can send */
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_LOST);
    assert_string_equal(chan_fault(p.server),
                        "the peer closed the connection without the end that TLS prescribes");
    struct linnet_error e = {0};
    assert_int_equal(chan_tls_error(p.server, NULL, &e), LINNET_ERROR_CONNECTION_LOST);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_LOST);
    assert_int_equal(chan_write(p.server, "x", 1, &n), CHAN_LOST);
    pair_free(&p);

    p = pair_new(c, s, "example.org");
    assert_int_equal(chan_tls_handshake(p.client), CHAN_AGAIN);
    chan_free(p.server);
    p.server = NULL;
    assert_int_equal(chan_tls_handshake(p.client), CHAN_LOST);
    assert_int_equal(chan_tls_error(p.client, "example.org:5222", &e), LINNET_ERROR_TLS_FAILED);
    assert_non_null(strstr(e.sentence, "example.org:5222"));
    assert_int_equal(chan_shutdown(p.client), CHAN_OK);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_bytes_pass),
        cmocka_unit_test(bytes_pass_one_at_a_time),
        cmocka_unit_test(write_that_waits_may_move),
        cmocka_unit_test(pending_tells_what_poll_cannot),
        cmocka_unit_test(leftover_is_read_first),
        cmocka_unit_test(close_is_told_from_cut),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
