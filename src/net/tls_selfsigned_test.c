#include "net/tls_selfsigned.h"

#include "net/tls_ctx.h"
#include "net/tls_identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const services[] = {"xmpp-client", "xmpp-server", NULL};

struct folder {
    char path[64], cert[96], key[96];
};

static void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "/tmp/net-selfsigned-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->cert, sizeof(f->cert), "%s/cert.pem", f->path);
    snprintf(f->key, sizeof(f->key), "%s/key.pem", f->path);
}

/* Removes the two files; anything else that was left behind makes it fail. */
static void folder_drop(struct folder *f)
{
    unlink(f->cert);
    unlink(f->key);
    assert_int_equal(rmdir(f->path), 0);
}

static struct tls_certificate made_for(const char *domain, const char *expected_names)
{
    struct folder f;
    char reason[256] = "";
    folder_make(&f);
    const struct tls_selfsigned_settings s = {domain, services, true, f.cert, f.key};
    assert_true(tls_selfsigned_create(&s, reason));
    assert_string_equal(reason, "");

    struct stat st;
    assert_int_equal(stat(f.key, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(f.cert, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);

    const struct tls_server_settings server = {f.cert, f.key, NULL, NULL};
    struct tls_ctx *ctx = tls_ctx_new_server(&server, reason);
    assert_non_null(ctx);
    struct tls_certificate c;
    tls_ctx_certificate(ctx, &c);
    assert_string_equal(c.names, expected_names);
    assert_true(tls_ctx_is_for(ctx, domain, "xmpp-client"));
    assert_false(tls_ctx_is_for(ctx, "another.example", "xmpp-client"));
    tls_ctx_unref(ctx);

    FILE *file = fopen(f.cert, "r");
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    const struct tls_identity id = {domain, NULL, false};
    assert_true(tls_identity_matches(cert, &id));
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(X509_verify(cert, X509_get0_pubkey(cert)), 1);
    assert_int_equal(X509_check_ca(cert), 0);
    X509_free(cert);
    folder_drop(&f);
    return c;
}

static void domain_gets_all_names(void **state)
{
    (void)state;
    struct tls_certificate c =
        made_for("example.org", "example.org, _xmpp-client.example.org, _xmpp-server.example.org, "
                                "xmpp:example.org");
    assert_string_equal(c.subject, "CN = example.org");
    assert_string_equal(c.issuer, c.subject);
    int64_t days = (c.not_after_s - c.not_before_s) / 86400;
    assert_in_range(days, 3652, 3656);
}

static void international_domain_is_spelt_out(void **state)
{
    (void)state;
    made_for("xn--mnchen-3ya.example",
             "xn--mnchen-3ya.example, _xmpp-client.xn--mnchen-3ya.example, "
             "_xmpp-server.xn--mnchen-3ya.example, xmpp:münchen.example");
}

static void address_gets_an_ip_name(void **state)
{
    (void)state;
    made_for("127.0.0.1", "127.0.0.1");
    made_for("2001:db8::1", "2001:db8::1");
}

static void long_domain_has_another_subject(void **state)
{
    (void)state;
    struct tls_certificate c = made_for(
        "a-very-long-label-that-goes-on-and-on.another-long-label.yet-another.example",
        "a-very-long-label-that-goes-on-and-on.another-long-label.yet-another.example, "
        "_xmpp-client.a-very-long-label-that-goes-on-and-on.another-long-label.yet-another.example,"
        " "
        "_xmpp-server.a-very-long-label-that-goes-on-and-on.another-long-label.yet-another.example,"
        " "
        "xmpp:a-very-long-label-that-goes-on-and-on.another-long-label.yet-another.example");
    assert_string_equal(c.subject, "CN = self-signed certificate");
}

static void folder_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    char reason[256] = "";
    const struct tls_selfsigned_settings s = {"example.org", services, true,
                                              "/nonexistent/cert.pem", "/nonexistent/key.pem"};
    assert_false(tls_selfsigned_create(&s, reason));
    assert_string_equal(reason, "cannot create /nonexistent/key.pem: No such file or directory");
}

static void nothing_half_written_stays(void **state)
{
    (void)state;
    struct folder f;
    char reason[256] = "";
    folder_make(&f);
    assert_int_equal(mkdir(f.key, 0700), 0); /* rename onto a folder fails */
    const struct tls_selfsigned_settings s = {"example.org", services, true, f.cert, f.key};
    assert_false(tls_selfsigned_create(&s, reason));
    assert_non_null(strstr(reason, "cannot write"));
    assert_int_equal(rmdir(f.key), 0);
    assert_int_equal(access(f.cert, F_OK), -1);
    folder_drop(&f);
}

static void takes_more_names(void **state)
{
    static const char *const more[] = {"www.example.org", "localhost", NULL};
    struct folder f;
    char reason[256] = "";
    (void)state;
    folder_make(&f);
    const struct tls_selfsigned_settings s = {"example.org", NULL, false, f.cert, f.key, more};
    assert_true(tls_selfsigned_create(&s, reason));
    const struct tls_server_settings server = {f.cert, f.key, NULL, NULL};
    struct tls_ctx *ctx = tls_ctx_new_server(&server, reason);
    assert_non_null(ctx);
    assert_true(tls_ctx_is_for(ctx, "example.org", NULL));
    assert_true(tls_ctx_is_for(ctx, "www.example.org", NULL));
    assert_true(tls_ctx_is_for(ctx, "localhost", NULL));
    assert_false(tls_ctx_is_for(ctx, "mail.example.org", NULL));
    tls_ctx_unref(ctx);
    folder_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_more_names),
        cmocka_unit_test(domain_gets_all_names),
        cmocka_unit_test(international_domain_is_spelt_out),
        cmocka_unit_test(address_gets_an_ip_name),
        cmocka_unit_test(long_domain_has_another_subject),
        cmocka_unit_test(folder_that_cannot_be_written_is_named),
        cmocka_unit_test(nothing_half_written_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
