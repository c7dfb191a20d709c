/* What else may be at the other end, and what contexts are refused. */
#include "net/chan_tls_pair_test.h"

#include <openssl/err.h>

/* ---- faults ---- */

/* What a TLS channel over a peer that sends `text` says. */
static enum linnet_error_code speak(struct tls_ctx *ctx, const char *text, struct chan **ret_chan,
                                    int *ret_fd, struct linnet_error *e)
{
    int fds[2];
    socket_pair(fds);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    *ret_chan =
        chan_tls_new(ctx, chan_tcp_new(fds[0]), &(struct chan_tls_options){.host = "example.org"});
    *ret_fd = fds[1];
    assert_int_equal(chan_tls_handshake(*ret_chan), CHAN_LOST);
    return chan_tls_error(*ret_chan, "example.org:9090", e);
}

static void other_protocols_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *looks_like;
        enum linnet_error_code code;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP", LINNET_ERROR_NOT_XMPP},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP", LINNET_ERROR_NOT_XMPP},
        {"SSH-2.0-OpenSSH_9\r\n", "SSH", LINNET_ERROR_NOT_XMPP},
        {"220 mail.example.org ESMTP\r\n", "mail", LINNET_ERROR_NOT_XMPP},
        {"anything else at all", "another protocol", LINNET_ERROR_NOT_XMPP},
        {"<?xml version='1.0'?><stream:stream>", "XML without TLS", LINNET_ERROR_TLS_FAILED},
    };
    struct tls_ctx *ends[] = {client_ctx(authority.cert_file), server_ctx(&leaf, NULL)};
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        struct chan *c;
        int fd;
        struct linnet_error e = {0};
        assert_int_equal(speak(ends[i % 2], cases[i / 2].text, &c, &fd, &e), cases[i / 2].code);
        assert_non_null(strstr(chan_fault(c), cases[i / 2].looks_like));
        assert_non_null(strstr(e.sentence, cases[i / 2].looks_like));
        assert_non_null(strstr(e.sentence, "example.org:9090"));
        assert_int_equal(chan_tls_handshake(c), CHAN_LOST);
        chan_free(c);
        close(fd);
    }
    tls_ctx_unref(ends[0]);
    tls_ctx_unref(ends[1]);
}

static void alert_is_named(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new_with(
        c, s, &(struct chan_tls_options){.host = "example.org", .alpn = "http/1.1"}, false);
    assert_false(pair_shake(&p));
    assert_string_equal(chan_fault(p.client),
                        "the peer sent the alert \"no application protocol\"");
    struct linnet_error e = {0};
    assert_int_equal(chan_tls_error(p.client, NULL, &e), LINNET_ERROR_TLS_FAILED);
    assert_int_equal(e.origin, LINNET_ORIGIN_PEER);
    assert_string_equal(chan_fault(p.server), "no application protocol");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void old_versions_are_refused(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    SSL_CTX_set_security_level(c->ssl_ctx, 0);
    SSL_CTX_set_cipher_list(c->ssl_ctx, "ALL@SECLEVEL=0");
    set_version(c, TLS1_1_VERSION);
    struct pair p = pair_new(c, s, "example.org");
    assert_false(pair_shake(&p));
    assert_string_equal(chan_fault(p.client), "the peer sent the alert \"protocol version\"");
    assert_string_equal(chan_fault(p.server), "the peer speaks no TLS version from 1.2 on");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void no_common_cipher_is_said(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    set_version(c, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c->ssl_ctx, "AES128-SHA");
    struct pair p = pair_new(c, s, "example.org");
    assert_false(pair_shake(&p));
    assert_string_equal(chan_fault(p.server), "there is no common cipher suite");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void renegotiation_is_refused(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    set_version(c, TLS1_2_VERSION);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    SSL *client = ssl_of(p.client);
    SSL_clear_options(client, SSL_OP_NO_RENEGOTIATION);
    assert_int_equal(SSL_renegotiate(client), 1);
    char buf[16];
    size_t n;
    for (int i = 0; i < 10; i++) {
        ERR_clear_error();
        SSL_do_handshake(client);
        if (chan_read(p.server, buf, sizeof(buf), &n) == CHAN_LOST)
            break;
    }
    assert_int_equal(SSL_num_renegotiations(ssl_of(p.server)), 0);
    ERR_clear_error();
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void garbage_ends_the_connection(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    static const char record[] = "\x17\x03\x03\0\x20garbage garbage garbage garbage garbage";
    char buf[16];
    size_t n;
    assert_int_equal(write(p.client->fd, record, 37), 37);
    assert_int_equal(chan_read(p.server, buf, sizeof(buf), &n), CHAN_LOST);
    struct linnet_error e = {0};
    assert_int_equal(chan_tls_error(p.server, NULL, &e), LINNET_ERROR_TLS_FAILED);
    assert_string_not_equal(chan_fault(p.server), "");
    assert_int_equal(chan_read(p.client, buf, sizeof(buf), &n), CHAN_LOST);
    assert_string_equal(chan_fault(p.client), "the peer sent the alert \"bad record mac\"");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

/* ---- contexts ---- */

static void refused_server(const char *cert, const char *key, const char *expected)
{
    char reason[TLS_REASON_BYTES] = "";
    const struct tls_server_settings s = {cert, key, NULL, NULL};
    assert_null(tls_ctx_new_server(&s, reason));
    if (!strstr(reason, expected))
        print_error("%s\n", reason);
    assert_non_null(strstr(reason, expected));
}

static void contexts_say_what_is_wrong(void **state)
{
    (void)state;
    char reason[TLS_REASON_BYTES] = "";
    refused_server("/nonexistent/cert.pem", leaf.key_file,
                   "cannot use /nonexistent/cert.pem: No such file");
    refused_server(leaf.cert_file, "/nonexistent/key.pem",
                   "cannot use /nonexistent/key.pem: No such file");
    refused_server(leaf.key_file, leaf.key_file, leaf.key_file);
    refused_server(leaf.cert_file, authority.key_file, "does not belong to the certificate");
    refused_server("/dev/null", leaf.key_file, "there is no certificate in PEM in it");
    refused_server(leaf.cert_file, "/dev/null", "there is no private key in PEM in it");

    FILE *f = fopen(authority.key_file, "w");
    PEM_write_PKCS8PrivateKey(f, leaf.key, EVP_aes_128_cbc(), "pass", 4, NULL, NULL);
    fclose(f);
    refused_server(leaf.cert_file, authority.key_file, "it is under a passphrase");

    const struct tls_client_settings s = {.ca_file = "/nonexistent/ca.pem"};
    assert_null(tls_ctx_new_client(&s, reason));
    assert_non_null(strstr(reason, "/nonexistent/ca.pem"));
    const struct tls_client_settings empty = {.ca_file = leaf.key_file};
    assert_null(tls_ctx_new_client(&empty, reason));
    assert_non_null(strstr(reason, "there is no certificate in PEM in it"));
    const struct tls_client_settings system = {0};
    struct tls_ctx *c = tls_ctx_new_client(&system, reason);
    assert_non_null(c);
    tls_ctx_unref(c);
}

static void context_outlives_its_owner(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    tls_ctx_unref(c);
    tls_ctx_unref(s);
    assert_true(pair_shake(&p));
    send_all(p.client, p.server, (const uint8_t *)"hello", 5);
    pair_free(&p);
    tls_ctx_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_protocols_are_named),  cmocka_unit_test(alert_is_named),
        cmocka_unit_test(old_versions_are_refused),   cmocka_unit_test(no_common_cipher_is_said),
        cmocka_unit_test(renegotiation_is_refused),   cmocka_unit_test(garbage_ends_the_connection),
        cmocka_unit_test(context_outlives_its_owner), cmocka_unit_test(contexts_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
