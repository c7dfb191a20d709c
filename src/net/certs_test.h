/*
 * certs_test.h - certificates made by tests: an authority, and leaves with any names and dates.
 * Included by the test that uses it. Everything asserts.
 */
#ifndef NET_CERTS_TEST_H
#define NET_CERTS_TEST_H

#include <assert.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test_cert {
    X509 *cert;
    EVP_PKEY *key;
    char cert_file[64], key_file[64]; /* "" until written */
};

enum test_name_kind { TEST_DNS, TEST_IP, TEST_SRV, TEST_XMPP };

struct test_name {
    enum test_name_kind kind;
    const char *data;
    size_t len; /* 0: strlen */
};

static inline void test_names_add(GENERAL_NAMES *names, const struct test_name *n)
{
    static const int types[] = {V_ASN1_IA5STRING, V_ASN1_OCTET_STRING, V_ASN1_IA5STRING,
                                V_ASN1_UTF8STRING};
    ASN1_STRING *s = ASN1_STRING_type_new(types[n->kind]);
    ASN1_STRING_set(s, n->data, n->len ? (int)n->len : (int)strlen(n->data));
    GENERAL_NAME *g = GENERAL_NAME_new();
    if (n->kind == TEST_DNS || n->kind == TEST_IP) {
        GENERAL_NAME_set0_value(g, n->kind == TEST_DNS ? GEN_DNS : GEN_IPADD, s);
    } else {
        ASN1_TYPE *value = ASN1_TYPE_new();
        ASN1_TYPE_set(value, types[n->kind], s);
        GENERAL_NAME_set0_othername(
            g, OBJ_txt2obj(n->kind == TEST_SRV ? "1.3.6.1.5.5.7.8.7" : "1.3.6.1.5.5.7.8.5", 1),
            value);
    }
    sk_GENERAL_NAME_push(names, g);
}

/* A leaf signed by `issuer`, or an authority signed by itself for NULL. `days` from now until it
 * ends; it began 30 days ago. */
static inline struct test_cert test_cert_new(const struct test_cert *issuer, const char *cn,
                                             const struct test_name *names, size_t count, int days)
{
    struct test_cert t = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
    X509 *c = t.cert;
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), (uint64_t)rand());
    X509_NAME_add_entry_by_NID(X509_get_subject_name(c), NID_commonName, MBSTRING_UTF8,
                               (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer->cert : c));
    X509_time_adj_ex(X509_getm_notBefore(c), -30, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(c), days, 0, NULL);
    X509_set_pubkey(c, t.key);
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    bc->ca = issuer ? 0 : 0xff;
    X509_add1_ext_i2d(c, NID_basic_constraints, bc, 1, 0);
    BASIC_CONSTRAINTS_free(bc);
    if (count) {
        GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
        for (size_t i = 0; i < count; i++)
            test_names_add(list, &names[i]);
        X509_add1_ext_i2d(c, NID_subject_alt_name, list, 0, 0);
        GENERAL_NAMES_free(list);
    }
    int len = X509_sign(c, issuer ? issuer->key : t.key, EVP_sha256());
    assert(len > 0);
    (void)len;
    return t;
}

static inline void test_cert_write(struct test_cert *t)
{
    snprintf(t->cert_file, sizeof(t->cert_file), "/tmp/net-test-cert-XXXXXX");
    snprintf(t->key_file, sizeof(t->key_file), "/tmp/net-test-key-XXXXXX");
    FILE *f = fdopen(mkstemp(t->cert_file), "w");
    PEM_write_X509(f, t->cert);
    fclose(f);
    f = fdopen(mkstemp(t->key_file), "w");
    PEM_write_PrivateKey(f, t->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

static inline void test_cert_free(struct test_cert *t)
{
    if (t->cert_file[0]) {
        unlink(t->cert_file);
        unlink(t->key_file);
    }
    X509_free(t->cert);
    EVP_PKEY_free(t->key);
}

#endif
