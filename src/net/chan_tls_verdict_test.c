/* What is said of a certificate, and by whom it is trusted. */
#include "net/chan_tls_pair_test.h"
#include "net/tls_certificate.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_is_recorded),
        cmocka_unit_test(self_signed_is_trusted_when_given),
        cmocka_unit_test(leaf_of_given_file_is_an_anchor),
        cmocka_unit_test(pin_alone_decides),
        cmocka_unit_test(no_sni_for_addresses),
        cmocka_unit_test(end_point_needs_a_single_hash),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
