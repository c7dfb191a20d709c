/* What passes through TLS is in no block that OpenSSL gives back: neither what was read nor what
 * was written. Its memory functions are ours here. */
#include "net/chan_tls_pair_test.h"

#include <malloc.h>
#include <openssl/crypto.h>

static const char secret[] = "canary of moons, said over a wire that nobody else reads";
static unsigned freed, searched;

static void search(void *ptr)
{
    size_t size = ptr ? malloc_usable_size(ptr) : 0;
    searched++;
    freed += size > 0 && memmem(ptr, size, secret, 12) != NULL;
}

static void *ssl_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(len);
}

/* As realloc may do it: somewhere else, always. */
static void *ssl_realloc(void *ptr, size_t len, const char *file, int line)
{
    size_t old = ptr ? malloc_usable_size(ptr) : 0;
    void *grown = ssl_malloc(len, file, line);
    if (!grown)
        return NULL;
    if (old > 0)
        memcpy(grown, ptr, old < len ? old : len);
    search(ptr);
    free(ptr);
    return grown;
}

static void ssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    search(ptr);
    free(ptr);
}

/* The reader takes `step` bytes at once. */
static void say(struct chan *from, struct chan *to, size_t step)
{
    char got[sizeof secret];
    size_t len = sizeof secret, have = 0, n = 0;
    assert_int_equal(chan_write(from, secret, len, &n), CHAN_OK);
    assert_int_equal(n, len);
    while (have < len) {
        assert_int_equal(chan_read(to, got + have, step < len - have ? step : len - have, &n),
                         CHAN_OK);
        have += n;
    }
    assert_memory_equal(got, secret, len);
}

static void talk(int version, size_t step)
{
    struct tls_ctx *client = client_ctx(authority.cert_file), *server = server_ctx(&leaf, NULL);
    set_version(client, version);
    struct pair p = pair_new(client, server, "example.org");
    assert_true(pair_shake(&p));
    for (int i = 0; i < 3; i++) {
        say(p.client, p.server, step);
        say(p.server, p.client, step);
    }
    pair_free(&p);
    tls_ctx_unref(client);
    tls_ctx_unref(server);
}

static void nothing_that_was_said_is_freed(void **state)
{
    (void)state;
    char *control = ssl_malloc(sizeof secret, "", 0);
    assert_non_null(control);
    memcpy(control, secret, sizeof secret);
    ssl_free(control, "", 0);
    assert_int_equal(freed, 1); /* it would be found */
    freed = searched = 0;
    for (size_t step = 1; step <= sizeof secret; step += 11) {
        talk(TLS1_2_VERSION, step);
        talk(TLS1_3_VERSION, step);
    }
    assert_int_equal(freed, 0);
    assert_true(searched > 100);
}

/* After sign-in there is nothing to hide from whoever reads freed memory, and wiping costs. */
static void until_no_secret_is_left_to_come(void **state)
{
    (void)state;
    struct tls_ctx *client = client_ctx(authority.cert_file), *server = server_ctx(&leaf, NULL);
    struct pair p = pair_new(client, server, "example.org");
    assert_true(pair_shake(&p));
    freed = 0;
    say(p.client, p.server, sizeof secret);
    assert_int_equal(freed, 0);
    chan_tls_secrets_travelled(p.server);
    chan_tls_secrets_travelled(chan_tls(p.server)->chan.below); /* no TLS: nothing to do */
    say(p.client, p.server, sizeof secret);
    assert_int_equal(freed, 1);
    pair_free(&p);
    tls_ctx_unref(client);
    tls_ctx_unref(server);
}

/* What came and was never read. */
static void nor_is_what_was_left(void **state)
{
    (void)state;
    struct tls_ctx *client = client_ctx(authority.cert_file), *server = server_ctx(&leaf, NULL);
    struct pair p = pair_new(client, server, "example.org");
    size_t n;
    assert_true(pair_shake(&p));
    assert_int_equal(chan_write(p.client, secret, sizeof secret, &n), CHAN_OK);
    assert_int_equal(chan_read(p.server, &(char){0}, 1, &n), CHAN_OK);
    freed = 0;
    pair_free(&p);
    assert_int_equal(freed, 0);
    tls_ctx_unref(client);
    tls_ctx_unref(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_was_said_is_freed),
        cmocka_unit_test(nor_is_what_was_left),
        cmocka_unit_test(until_no_secret_is_left_to_come),
    };
    if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
