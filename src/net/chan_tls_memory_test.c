/* Memory that OpenSSL does not get, at every place of a handshake: whatever it makes of that, a
 * server whose chain is not trusted is never taken for one whose chain is. */
#include "net/chan_tls_private.h"

#include "net/certs_test.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/socket.h>

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

int main(void)
{
    static const struct test_name names[] = {{TEST_DNS, "example.org", 0}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_untrusted_stays_untrusted)};
    if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
        return 1;
    ours = test_cert_new(NULL, "Our Authority", NULL, 0, 300);
    theirs = test_cert_new(NULL, "Their Authority", NULL, 0, 300);
    leaf = test_cert_new(&theirs, "example.org", names, 1, 300);
    test_cert_write(&ours);
    test_cert_write(&leaf);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    test_cert_free(&ours);
    test_cert_free(&theirs);
    test_cert_free(&leaf);
    return result;
}
