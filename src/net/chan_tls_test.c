#include "net/chan_tls_private.h"

#include "base/alloc_fail_test.h"
#include "net/chan_tls_pair_test.h"
#include "net/tls_certificate.h"

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
        cmocka_unit_test(works_on_another_thread),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
