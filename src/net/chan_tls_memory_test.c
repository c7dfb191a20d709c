/* Memory that OpenSSL does not get, at every place of a handshake: whatever it makes of that, a
 * server whose chain is not trusted is never taken for one whose chain is, and early data of one
 * ticket is never accepted twice. */
#include "net/chan_tls_private.h"

#include "net/certs_test.h"
#include "net/entropy.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Allocations of OpenSSL left before one fails; negative for none. */
static long left = -1;
static bool failed;

static bool fails_now(void)
{
    if (left < 0 || left-- > 0)
        return false;
    failed = true;
    return true;
}

static void *ssl_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : malloc(len);
}

static void *ssl_realloc(void *ptr, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : realloc(ptr, len);
}

static void ssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

static struct test_cert ours, theirs, leaf;

static struct chan *chan_over(struct tls_ctx *ctx, int fd)
{
    const struct chan_tls_options options = {.host = ctx->server ? NULL : "example.org"};
    return chan_tls_new(ctx, chan_tcp_new(fd), &options);
}

/* A handshake in which the client's `n`-th allocation fails. Returns whether one did. */
static bool handshake(struct tls_ctx *client_ctx, struct tls_ctx *server_ctx, long n,
                      unsigned *ret_finished)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct chan *client = chan_over(client_ctx, fds[0]), *server = chan_over(server_ctx, fds[1]);
    assert_non_null(client);
    assert_non_null(server);
    enum chan_result result = CHAN_AGAIN;
    failed = false;
    for (int i = 0; i < 8 && result == CHAN_AGAIN; i++) {
        left = failed ? -1 : n;
        result = chan_tls_handshake(client);
        n = left;
        left = -1;
        chan_tls_handshake(server);
    }
    if (result == CHAN_OK) {
        struct tls_facts facts;
        (*ret_finished)++;
        chan_tls_facts(client, &facts);
        assert_int_equal(facts.verdict, TLS_VERDICT_UNTRUSTED);
        assert_true(facts.verdict_reason[0]);
    }
    chan_free(client);
    chan_free(server);
    ERR_clear_error();
    return failed;
}

static void test_untrusted_stays_untrusted(void **state)
{
    (void)state;
    char reason[TLS_REASON_BYTES];
    const struct tls_server_settings theirs_set = {leaf.cert_file, leaf.key_file, NULL, NULL};
    const struct tls_client_settings ours_set = {.ca_file = ours.cert_file};
    struct tls_ctx *server = tls_ctx_new_server(&theirs_set, reason);
    struct tls_ctx *client = tls_ctx_new_client(&ours_set, reason);
    assert_non_null(server);
    assert_non_null(client);
    unsigned finished = 0;
    handshake(client, server, -1, &finished); /* what is fetched once is there */
    assert_int_equal(finished, 1);
    long n = 0;
    while (handshake(client, server, n, &finished))
        n++;
    print_message("%ld allocations failed, %u handshakes were finished\n", n, finished);
    assert_true(n > 100);
    tls_ctx_unref(client);
    tls_ctx_unref(server);
}

/* What an idle connection pays beside OpenSSL: every byte here counts as often as there are
 * sessions. */
static void test_layers_are_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct chan) <= 48);
    assert_true(sizeof(struct chan_tls) <= 176);
}

/* ---- early data ---- */

struct early {
    struct tls_ctx *client, *server, *other; /* the last two as on two loops */
    struct buf session;
};

static struct ends {
    struct chan *client, *server;
} connected(struct early *e, bool early_data)
{
    int fds[2];
    const struct chan_tls_options server = {0}, client = {.host = "example.org",
                                                          .session = buf_peek(&e->session),
                                                          .keep_session = true,
                                                          .early_data = early_data};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct ends p = {chan_tls_new(e->client, chan_tcp_new(fds[0]), &client),
                     chan_tls_new(e->server, chan_tcp_new(fds[1]), &server)};
    assert_non_null(p.client);
    assert_non_null(p.server);
    return p;
}

static void meet(struct early *e)
{
    size_t n;
    buf_reset(&e->session);
    struct ends p = connected(e, false);
    enum chan_result c = CHAN_AGAIN, s = CHAN_AGAIN;
    while (c == CHAN_AGAIN || s == CHAN_AGAIN) {
        c = chan_tls_handshake(p.client);
        s = chan_tls_handshake(p.server);
    }
    assert_int_equal(chan_write(p.server, "x", 1, &n), CHAN_OK);
    assert_int_equal(chan_read(p.client, &(char){0}, 1, &n), CHAN_OK);
    assert_true(chan_tls_session(p.client, &e->session));
    chan_free(p.client);
    chan_free(p.server);
}

static size_t read_early(struct chan *server)
{
    char got[8];
    size_t n = 0;
    bool end;
    return chan_tls_read_early(server, got, sizeof(got), &n, &end) == CHAN_OK ? n : 0;
}

static bool accepts_replay(struct tls_ctx *ctx, const uint8_t *flight, size_t len)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(write(fds[0], flight, len), len);
    struct chan *server = chan_over(ctx, fds[1]);
    chan_tls_handshake(server);
    bool accepted = read_early(server) > 0;
    chan_free(server);
    close(fds[0]);
    return accepted;
}

/* Early data while the `n`-th allocation of one end fails. Returns whether one did. */
static bool early(struct early *e, bool client_fails, long n, unsigned *ret_accepted)
{
    uint8_t flight[4096];
    size_t written = 0, got = 0;
    meet(e);
    struct ends p = connected(e, true);
    failed = false;
    left = client_fails ? n : -1;
    enum chan_result c = chan_tls_write_early(p.client, "early", 5, &written);
    n = client_fails ? left : n;
    left = -1;
    ssize_t len = recv(p.server->fd, flight, sizeof(flight), MSG_PEEK);
    for (int i = 0; i < 8 && c != CHAN_LOST; i++) {
        left = client_fails ? n : -1;
        c = chan_tls_handshake(p.client);
        n = client_fails ? left : n;
        left = client_fails ? -1 : n;
        chan_tls_handshake(p.server);
        n = client_fails ? n : left;
        left = -1;
        got += read_early(p.server);
    }
    assert_true(got == 0 || got == 5);
    /* A server may fail behind the flight in which it accepted. */
    if (c == CHAN_OK && written == 5 && (client_fails || got == 5))
        assert_int_equal(chan_tls_early_accepted(p.client), got == 5);
    bool again = len > 0 && accepts_replay(e->other, flight, (size_t)len);
    assert_false(got == 5 && again);
    *ret_accepted += got == 5;
    chan_free(p.client);
    chan_free(p.server);
    ERR_clear_error();
    return failed;
}

static void test_early_data_counts_once(void **state)
{
    (void)state;
    char reason[TLS_REASON_BYTES];
    struct entropy entropy;
    entropy_init(&entropy);
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct tls_once *once = tls_once_new(100000, (int64_t)time(NULL) - 100, &random);
    const struct tls_server_settings server = {leaf.cert_file, leaf.key_file, NULL,
                                               tickets,        1000,          once};
    const struct tls_client_settings client = {.ca_file = theirs.cert_file};
    struct early e = {tls_ctx_new_client(&client, reason),
                      tls_ctx_new_server(&server, reason),
                      tls_ctx_new_server(&server, reason),
                      {0}};
    unsigned accepted = 0;
    early(&e, true, -1, &accepted);
    assert_int_equal(accepted, 1);
    for (int client_fails = 0; client_fails < 2; client_fails++) {
        long n = 0;
        while (early(&e, client_fails, n, &accepted))
            n++;
        print_message("%ld allocations failed, early data was accepted %u times\n", n, accepted);
        assert_true(n > 50);
    }
    tls_ctx_unref(e.client);
    tls_ctx_unref(e.server);
    tls_ctx_unref(e.other);
    tls_tickets_unref(tickets);
    tls_once_unref(once);
    buf_finish(&e.session);
}

int main(void)
{
    static const struct test_name names[] = {{TEST_DNS, "example.org", 0}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layers_are_small),
                                       cmocka_unit_test(test_untrusted_stays_untrusted),
                                       cmocka_unit_test(test_early_data_counts_once)};
    if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
        return 1;
    ours = test_cert_new(NULL, "Our Authority", NULL, 0, 300);
    theirs = test_cert_new(NULL, "Their Authority", NULL, 0, 300);
    leaf = test_cert_new(&theirs, "example.org", names, 1, 300);
    test_cert_write(&ours);
    test_cert_write(&theirs);
    test_cert_write(&leaf);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    test_cert_free(&ours);
    test_cert_free(&theirs);
    test_cert_free(&leaf);
    return result;
}
