#include "net/chan_tls_private.h"

#include "base/alloc_fail_test.h"
#include "net/chan_tls_pair_test.h"
#include "net/tls_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <pthread.h>

/* ---- facts ---- */

static void both_ends_agree(int version)
{
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    set_version(c, version);
    struct pair p = pair_new_with(
        c, s, &(struct chan_tls_options){.host = "example.org", .alpn = "xmpp-client"}, false);
    assert_true(pair_shake(&p));
    struct tls_facts fc, fs;
    chan_tls_facts(p.client, &fc);
    chan_tls_facts(p.server, &fs);

    assert_int_equal(fc.verdict, TLS_VERDICT_OK);
    assert_string_equal(fc.verdict_reason, "");
    assert_int_equal(fs.verdict, TLS_VERDICT_NOT_CHECKED);
    assert_string_equal(fc.version, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    assert_string_equal(fs.version, fc.version);
    assert_string_equal(fs.cipher, fc.cipher);
    assert_string_equal(fs.group, fc.group);
    assert_string_equal(fc.group, "x25519");
    assert_string_equal(fc.alpn, "xmpp-client");
    assert_string_equal(fs.alpn, "xmpp-client");
    assert_string_equal(chan_tls_sni(p.server), "example.org");
    assert_false(fc.resumed || fs.resumed);

    assert_true(fc.peer.present);
    assert_false(fs.peer.present);
    assert_string_equal(fc.peer.subject, "CN = example.org");
    assert_string_equal(fc.peer.issuer, "CN = Test Authority");
    assert_string_equal(fc.peer.names, "example.org, *.wild.example");
    assert_int_equal(fc.peer.not_after_s - fc.peer.not_before_s, 330 * 86400);
    struct tls_certificate own;
    tls_ctx_certificate(s, &own);
    assert_memory_equal(&own, &fc.peer, sizeof(own));

    assert_int_equal(fc.exporter_len, 32);
    assert_int_equal(fs.exporter_len, 32);
    assert_memory_equal(fc.exporter, fs.exporter, 32);
    uint8_t with[32], without[32];
    SSL_export_keying_material(ssl_of(p.client), with, 32, "EXPORTER-Channel-Binding", 24,
                               (const uint8_t *)"", 0, 1);
    SSL_export_keying_material(ssl_of(p.client), without, 32, "EXPORTER-Channel-Binding", 24, NULL,
                               0, 0);
    assert_memory_equal(fc.exporter, with, 32);
    assert_int_equal(memcmp(with, without, 32) == 0, version == TLS1_3_VERSION);

    uint8_t digest[32];
    X509_digest(leaf.cert, EVP_sha256(), digest, NULL);
    assert_int_equal(fc.end_point_len, 32);
    assert_int_equal(fs.end_point_len, 32);
    assert_memory_equal(fc.end_point, digest, 32);
    assert_memory_equal(fs.end_point, digest, 32);

    assert_int_equal(fc.unique_len, version == TLS1_3_VERSION ? 0 : 12);
    assert_int_equal(fs.unique_len, fc.unique_len);
    assert_memory_equal(fc.unique, fs.unique, sizeof(fc.unique));
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void facts_on_both_ends_agree(void **state)
{
    (void)state;
    both_ends_agree(TLS1_3_VERSION);
    both_ends_agree(TLS1_2_VERSION);
}

static void no_exporter_without_extended_master_secret(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    set_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c->ssl_ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    struct chan *ends[] = {p.client, p.server};
    for (int i = 0; i < 2; i++) {
        struct tls_facts f;
        chan_tls_facts(ends[i], &f);
        assert_int_equal(f.exporter_len, 0);
        assert_int_equal(f.unique_len, 0);
        assert_int_equal(f.end_point_len, 32);
    }
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void facts_are_empty_before_the_end(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    struct tls_facts f;
    assert_int_equal(chan_tls_handshake(p.client), CHAN_AGAIN);
    assert_int_equal(chan_wants(p.client), CHAN_WANTS_READ);
    chan_tls_facts(p.client, &f);
    assert_string_equal(f.version, "");
    assert_int_equal(f.verdict, TLS_VERDICT_NOT_CHECKED);
    size_t n;
    assert_int_equal(chan_write(p.client, "x", 1, &n), CHAN_LOST);
    assert_int_equal(chan_read(p.client, &(char){0}, 1, &n), CHAN_LOST);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

/* ---- verdicts ---- */

struct verdict_case {
    const char *what;
    struct test_name names[2];
    size_t name_count;
    int days;
    bool trusted;
    const char *host;
    enum tls_verdict expected;
    const char *reason;
};

static const struct verdict_case verdict_cases[] = {
    {"exact", {{TEST_DNS, "a.example", 0}}, 1, 10, true, "a.example", TLS_VERDICT_OK, ""},
    {"wrong name",
     {{TEST_DNS, "b.example", 0}},
     1,
     10,
     true,
     "a.example",
     TLS_VERDICT_NAME,
     "it names another domain"},
    {"wildcard", {{TEST_DNS, "*.a.example", 0}}, 1, 10, true, "x.a.example", TLS_VERDICT_OK, ""},
    {"wildcard, too deep",
     {{TEST_DNS, "*.a.example", 0}},
     1,
     10,
     true,
     "y.x.a.example",
     TLS_VERDICT_NAME,
     "it names another domain"},
    {"common name only",
     {{TEST_DNS, "", 0}},
     0,
     10,
     true,
     "cn.example",
     TLS_VERDICT_NAME,
     "it names another domain"},
    {"NUL in name",
     {{TEST_DNS, "a.example\0.evil", 15}},
     1,
     10,
     true,
     "a.example",
     TLS_VERDICT_NAME,
     "it names another domain"},
    {"IP", {{TEST_IP, "\x7f\0\0\x01", 4}}, 1, 10, true, "127.0.0.1", TLS_VERDICT_OK, ""},
    {"IP as DNS name",
     {{TEST_DNS, "127.0.0.1", 0}},
     1,
     10,
     true,
     "127.0.0.1",
     TLS_VERDICT_NAME,
     "it names another domain"},
    {"SRV-ID",
     {{TEST_SRV, "_xmpp-client.a.example", 0}},
     1,
     10,
     true,
     "a.example",
     TLS_VERDICT_OK,
     ""},
    {"XmppAddr", {{TEST_XMPP, "a.example", 0}}, 1, 10, true, "a.example", TLS_VERDICT_OK, ""},
    {"expired",
     {{TEST_DNS, "a.example", 0}},
     1,
     -1,
     true,
     "a.example",
     TLS_VERDICT_EXPIRED,
     "it has expired"},
    {"untrusted",
     {{TEST_DNS, "a.example", 0}},
     1,
     10,
     false,
     "a.example",
     TLS_VERDICT_UNTRUSTED,
     "its issuer is not a trusted authority"},
    {"untrusted before wrong name",
     {{TEST_DNS, "b.example", 0}},
     1,
     10,
     false,
     "a.example",
     TLS_VERDICT_UNTRUSTED,
     "its issuer is not a trusted authority"},
    {"untrusted before expired",
     {{TEST_DNS, "a.example", 0}},
     1,
     -1,
     false,
     "a.example",
     TLS_VERDICT_UNTRUSTED,
     "its issuer is not a trusted authority"},
    {"wrong name before expired",
     {{TEST_DNS, "b.example", 0}},
     1,
     -1,
     true,
     "a.example",
     TLS_VERDICT_NAME,
     "it names another domain"},
};

/* The verdict of a client with `ctx` on a server that shows `cert`. The handshake itself always
 * succeeds. */
static void judge(struct tls_ctx *c, struct test_cert *cert, const char *host,
                  struct tls_facts *ret_facts)
{
    test_cert_write(cert);
    struct tls_ctx *s = server_ctx(cert, NULL);
    struct pair p = pair_new(c, s, host);
    assert_true(pair_shake(&p));
    chan_tls_facts(p.client, ret_facts);
    pair_free(&p);
    tls_ctx_unref(s);
}

static void verdict_is_recorded(void **state)
{
    (void)state;
    struct test_cert other = test_cert_new(NULL, "Other Authority", NULL, 0, 300);
    struct tls_ctx *c = client_ctx(authority.cert_file);
    for (size_t i = 0; i < ARRAY_LEN(verdict_cases); i++) {
        const struct verdict_case *v = &verdict_cases[i];
        struct test_cert cert = test_cert_new(v->trusted ? &authority : &other, "cn.example",
                                              v->names, v->name_count, v->days);
        struct tls_facts f;
        judge(c, &cert, v->host, &f);
        if (f.verdict != v->expected)
            print_error("%s\n", v->what);
        assert_int_equal(f.verdict, v->expected);
        assert_string_equal(f.verdict_reason, v->reason);
        test_cert_free(&cert);
    }
    tls_ctx_unref(c);
    test_cert_free(&other);
}

static void self_signed_is_trusted_when_given(void **state)
{
    (void)state;
    const struct test_name name = {TEST_DNS, "a.example", 0};
    struct test_cert self = test_cert_new(NULL, "a.example", &name, 1, 10);
    struct tls_facts f;
    struct tls_ctx *c = client_ctx(authority.cert_file);
    judge(c, &self, "a.example", &f);
    assert_int_equal(f.verdict, TLS_VERDICT_UNTRUSTED);
    assert_string_equal(f.verdict_reason, "it is self-signed");
    tls_ctx_unref(c);
    struct test_cert copy = self; /* judge writes its own files */
    test_cert_write(&copy);
    c = client_ctx(copy.cert_file);
    judge(c, &self, "a.example", &f);
    assert_int_equal(f.verdict, TLS_VERDICT_OK);
    tls_ctx_unref(c);
    unlink(copy.cert_file);
    unlink(copy.key_file);
    unlink(self.cert_file);
    unlink(self.key_file);
    self.cert_file[0] = 0;
    test_cert_free(&self);
}

static void leaf_of_given_file_is_an_anchor(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(leaf.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    struct tls_facts f;
    chan_tls_facts(p.client, &f);
    assert_int_equal(f.verdict, TLS_VERDICT_OK);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void pin_alone_decides(void **state)
{
    (void)state;
    char reason[TLS_REASON_BYTES];
    struct tls_client_settings settings = {.pin_count = 2};
    struct test_cert expired = test_cert_new(NULL, "x", NULL, 0, -1);
    assert_true(tls_certificate_spki_sha256(expired.cert, settings.pins[1]));
    struct tls_ctx *c = tls_ctx_new_client(&settings, reason);
    assert_non_null(c);
    struct tls_facts f;
    judge(c, &expired, "any.example", &f);
    assert_int_equal(f.verdict, TLS_VERDICT_OK);
    assert_memory_equal(f.peer.spki_sha256, settings.pins[1], 32);
    tls_ctx_unref(c);
    test_cert_free(&expired);

    /* A good chain does not help against a pin. */
    settings.ca_file = authority.cert_file;
    c = tls_ctx_new_client(&settings, reason);
    struct tls_ctx *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    chan_tls_facts(p.client, &f);
    assert_int_equal(f.verdict, TLS_VERDICT_UNTRUSTED);
    assert_string_equal(f.verdict_reason, "its key is not the pinned one");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void no_sni_for_addresses(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "::1");
    assert_true(pair_shake(&p));
    assert_string_equal(chan_tls_sni(p.server), "");
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

static void end_point_needs_a_single_hash(void **state)
{
    (void)state;
    uint8_t out[64];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *cert = X509_dup(leaf.cert);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, NULL) > 0);
    assert_int_equal(tls_certificate_end_point(cert, out), 0);
    X509_free(cert);
    cert = X509_dup(leaf.cert);
    assert_true(X509_sign(cert, authority.key, EVP_sha384()) > 0);
    assert_int_equal(tls_certificate_end_point(cert, out), 48);
    X509_free(cert);
    cert = X509_dup(leaf.cert);
    assert_true(X509_sign(cert, authority.key, EVP_sha1()) > 0);
    assert_int_equal(tls_certificate_end_point(cert, out), 32); /* RFC 5929 §4.1 */
    X509_free(cert);
    EVP_PKEY_free(key);
    assert_int_equal(tls_certificate_end_point(NULL, out), 0);
}

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
    assert_string_equal(p.server->fault,
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
        assert_non_null(strstr(c->fault, cases[i / 2].looks_like));
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
    assert_string_equal(p.client->fault, "the peer sent the alert \"no application protocol\"");
    struct linnet_error e = {0};
    assert_int_equal(chan_tls_error(p.client, NULL, &e), LINNET_ERROR_TLS_FAILED);
    assert_int_equal(e.origin, LINNET_ORIGIN_PEER);
    assert_string_equal(p.server->fault, "no application protocol");
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
    assert_string_equal(p.client->fault, "the peer sent the alert \"protocol version\"");
    assert_string_equal(p.server->fault, "the peer speaks no TLS version from 1.2 on");
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
    assert_string_equal(p.server->fault, "there is no common cipher suite");
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
    assert_string_not_equal(p.server->fault, "");
    assert_int_equal(chan_read(p.client, buf, sizeof(buf), &n), CHAN_LOST);
    assert_string_equal(p.client->fault, "the peer sent the alert \"bad record mac\"");
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
    refused_server("/dev/null", leaf.key_file, "cannot use /dev/null: no start line");

    FILE *f = fopen(authority.key_file, "w");
    PEM_write_PKCS8PrivateKey(f, leaf.key, EVP_aes_128_cbc(), "pass", 4, NULL, NULL);
    fclose(f);
    refused_server(leaf.cert_file, authority.key_file, authority.key_file);

    const struct tls_client_settings s = {.ca_file = "/nonexistent/ca.pem"};
    assert_null(tls_ctx_new_client(&s, reason));
    assert_non_null(strstr(reason, "/nonexistent/ca.pem"));
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

/* ---- tickets ---- */

/* One connection of `c` to `s`, offering and keeping `session`. */
static bool connect_resuming(struct tls_ctx *c, struct tls_ctx *s, const char *host,
                             struct buf *session)
{
    struct pair p =
        pair_new_with(c, s,
                      &(struct chan_tls_options){
                          .host = host, .session = buf_peek(session), .keep_session = true},
                      false);
    assert_true(pair_shake(&p));
    send_all(p.server, p.client, (const uint8_t *)"brings the ticket", 17);
    struct tls_facts fc, fs;
    chan_tls_facts(p.client, &fc);
    chan_tls_facts(p.server, &fs);
    assert_int_equal(fc.resumed, fs.resumed);
    assert_int_equal(fc.exporter_len, 32);
    assert_memory_equal(fc.exporter, fs.exporter, 32);
    assert_memory_equal(fc.unique, fs.unique, sizeof(fc.unique));
    assert_int_equal(fc.unique_len, fs.unique_len);
    assert_memory_equal(fc.end_point, fs.end_point, sizeof(fc.end_point));
    assert_int_equal(fc.end_point_len, 32);
    assert_int_equal(fc.verdict, TLS_VERDICT_OK);
    assert_string_equal(fc.peer.subject, "CN = example.org");
    buf_reset(session);
    assert_true(chan_tls_session(p.client, session));
    pair_free(&p);
    return fc.resumed;
}

static void resume_with(int version)
{
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct tls_ctx *c = client_ctx(authority.cert_file);
    struct tls_ctx *a = server_ctx(&leaf, tickets), *b = server_ctx(&leaf, tickets);
    set_version(c, version);
    struct buf session = {.secret = true};
    assert_false(connect_resuming(c, a, "example.org", &session));
    assert_true(connect_resuming(c, b, "example.org", &session)); /* another loop's context */
    assert_true(connect_resuming(c, a, "example.org", &session));
    tls_tickets_rotate(tickets, &random);
    assert_true(connect_resuming(c, b, "example.org", &session)); /* the key before */
    tls_tickets_rotate(tickets, &random);
    assert_true(connect_resuming(c, b, "example.org", &session)); /* it was renewed */
    tls_tickets_rotate(tickets, &random);
    tls_tickets_rotate(tickets, &random);
    assert_false(connect_resuming(c, a, "example.org", &session)); /* too old */

    /* A client that resumes is shown no certificate, so the server must still have the same. */
    struct test_cert renewed = test_cert_new(&authority, "example.org", leaf_names, 2, 300);
    test_cert_write(&renewed);
    struct tls_ctx *reloaded = server_ctx(&renewed, tickets);
    assert_false(connect_resuming(c, reloaded, "example.org", &session));
    assert_true(connect_resuming(c, reloaded, "example.org", &session));
    tls_ctx_unref(reloaded);
    test_cert_free(&renewed);
    assert_false(connect_resuming(c, a, "example.org", &session));

    /* never for another host, nor under other anchors: the server is not verified again */
    assert_false(connect_resuming(c, a, "x.wild.example", &session));
    assert_false(connect_resuming(c, a, "example.org", &session));
    struct tls_ctx *other = client_ctx(leaf.cert_file);
    set_version(other, version);
    assert_false(connect_resuming(other, a, "example.org", &session));
    assert_true(connect_resuming(other, a, "example.org", &session));

    /* rubbish is ignored */
    struct buf rubbish = {0};
    buf_append(&rubbish, buf_peek(&session).ptr, 32);
    buf_cstr(&rubbish, "rubbish");
    assert_false(connect_resuming(other, a, "example.org", &rubbish));
    buf_finish(&rubbish);

    buf_finish(&session);
    tls_ctx_unref(other);
    tls_ctx_unref(a);
    tls_ctx_unref(b);
    tls_ctx_unref(c);
    tls_tickets_unref(tickets);
}

static void tickets_work_across_contexts(void **state)
{
    (void)state;
    resume_with(TLS1_3_VERSION);
    resume_with(TLS1_2_VERSION);
}

static void unverified_sessions_are_not_kept(void **state)
{
    (void)state;
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, tickets);
    struct pair p = pair_new_with(
        c, s, &(struct chan_tls_options){.host = "other.example", .keep_session = true}, false);
    assert_true(pair_shake(&p));
    send_all(p.server, p.client, (const uint8_t *)"brings the ticket", 17);
    struct buf session = {0};
    assert_false(chan_tls_session(p.client, &session));
    assert_int_equal(buf_len(&session), 0);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
    tls_tickets_unref(tickets);
}

/* ---- threads and memory ---- */

struct thread_job {
    struct chan *chan;
    bool ok;
};

static void *thread_echo(void *arg)
{
    struct thread_job *j = arg;
    uint8_t buf[100];
    size_t n = 0, m = 0;
    enum chan_result r;
    do
        r = chan_read(j->chan, buf, sizeof(buf), &n);
    while (r == CHAN_AGAIN);
    j->ok = r == CHAN_OK && chan_write(j->chan, buf, n, &m) == CHAN_OK && m == n;
    return NULL;
}

static void works_on_another_thread(void **state)
{
    (void)state;
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, NULL);
    struct pair p = pair_new(c, s, "example.org");
    assert_true(pair_shake(&p));
    struct thread_job job = {.chan = p.server};
    pthread_t thread;
    size_t n;
    char buf[16];
    assert_int_equal(pthread_create(&thread, NULL, thread_echo, &job), 0);
    assert_int_equal(chan_write(p.client, "moved", 5, &n), CHAN_OK);
    pthread_join(thread, NULL);
    assert_true(job.ok);
    assert_int_equal(chan_read(p.client, buf, sizeof(buf), &n), CHAN_OK);
    assert_memory_equal(buf, "moved", 5);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
}

struct scarce {
    struct tls_ctx *client, *server;
};

static bool scarce_new(struct tls_ctx *ctx, int fd, const struct chan_tls_options *o,
                       struct chan **ret)
{
    struct chan *tcp = chan_tcp_new(fd);
    *ret = tcp ? chan_tls_new(ctx, tcp, o) : NULL;
    return *ret;
}

/* A whole connection, with something left over on the server's side. */
static bool scarce_scenario(void *arg)
{
    struct scarce *s = arg;
    int fds[2];
    uint8_t first[5];
    struct buf session = {0};
    struct pair p = {0};
    socket_pair(fds);
    const struct chan_tls_options client = {.host = "example.org", .keep_session = true};
    bool ok = scarce_new(s->client, fds[0], &client, &p.client);
    ok = ok && chan_tls_handshake(p.client) == CHAN_AGAIN && recv(fds[1], first, 5, 0) == 5;
    const struct chan_tls_options server = {.leftover = str_of(first, 5)};
    if (!ok)
        close(fds[1]);
    ok = ok && scarce_new(s->server, fds[1], &server, &p.server) && pair_shake(&p);
    size_t n;
    char buf[16];
    ok = ok && chan_write(p.server, "x", 1, &n) == CHAN_OK &&
         chan_read(p.client, buf, sizeof(buf), &n) == CHAN_OK &&
         chan_tls_session(p.client, &session) && !session.failed;
    if (!ok && p.client && chan_tls(p.client)->fault == CHAN_TLS_FAULT_MEMORY) {
        struct linnet_error e = {0};
        assert_int_equal(chan_tls_error(p.client, NULL, &e), LINNET_ERROR_NO_MEMORY);
    }
    buf_finish(&session);
    pair_free(&p);
    return ok;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct scarce s = {client_ctx(authority.cert_file), server_ctx(&leaf, tickets)};
    assert_true(alloc_fail_sweep(scarce_scenario, &s) > 5);
    tls_ctx_unref(s.client);
    tls_ctx_unref(s.server);
    tls_tickets_unref(tickets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_on_both_ends_agree),
        cmocka_unit_test(no_exporter_without_extended_master_secret),
        cmocka_unit_test(facts_are_empty_before_the_end),
        cmocka_unit_test(verdict_is_recorded),
        cmocka_unit_test(self_signed_is_trusted_when_given),
        cmocka_unit_test(leaf_of_given_file_is_an_anchor),
        cmocka_unit_test(pin_alone_decides),
        cmocka_unit_test(no_sni_for_addresses),
        cmocka_unit_test(end_point_needs_a_single_hash),
        cmocka_unit_test(many_bytes_pass),
        cmocka_unit_test(bytes_pass_one_at_a_time),
        cmocka_unit_test(write_that_waits_may_move),
        cmocka_unit_test(pending_tells_what_poll_cannot),
        cmocka_unit_test(leftover_is_read_first),
        cmocka_unit_test(close_is_told_from_cut),
        cmocka_unit_test(other_protocols_are_named),
        cmocka_unit_test(alert_is_named),
        cmocka_unit_test(old_versions_are_refused),
        cmocka_unit_test(no_common_cipher_is_said),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(garbage_ends_the_connection),
        cmocka_unit_test(context_outlives_its_owner),
        cmocka_unit_test(tickets_work_across_contexts),
        cmocka_unit_test(unverified_sessions_are_not_kept),
        cmocka_unit_test(works_on_another_thread),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(contexts_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
