#include "net/tls_selfsigned.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_S = 24 * 60 * 60, VALID_DAYS = 3653 };

/* ---- subjectAltNames ---- */

/* Adds a name of `type` that holds `value`, which it takes when it returns true. `value` may be
 * NULL after a failed allocation. */
static bool names_push(GENERAL_NAMES *names, int type, void *value)
{
    GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;
    if (!name)
        return false;
    if (sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return true;
}

static ASN1_STRING *asn1_string(int type, const void *data, size_t len)
{
    ASN1_STRING *s = ASN1_STRING_type_new(type);
    if (s && ASN1_STRING_set(s, data, (int)len) == 1)
        return s;
    ASN1_STRING_free(s);
    return NULL;
}

static bool names_push_string(GENERAL_NAMES *names, int type, int asn1_type, const void *data,
                              size_t len)
{
    ASN1_STRING *value = asn1_string(asn1_type, data, len);
    if (names_push(names, type, value))
        return true;
    ASN1_STRING_free(value);
    return false;
}

static bool names_push_other(GENERAL_NAMES *names, const char *oid, int asn1_type, const char *text)
{
    OTHERNAME *other = OTHERNAME_new();
    ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
    ASN1_STRING *value = asn1_string(asn1_type, text, strlen(text));
    if (!other || !type || !value) {
        ASN1_STRING_free(value);
        ASN1_OBJECT_free(type);
        OTHERNAME_free(other);
        return false;
    }
    ASN1_OBJECT_free(other->type_id);
    other->type_id = type;
    ASN1_TYPE_set(other->value, asn1_type, value);
    if (names_push(names, GEN_OTHERNAME, other))
        return true;
    OTHERNAME_free(other);
    return false;
}

static bool names_push_srv(GENERAL_NAMES *names, const char *const *services, const char *domain)
{
    for (; services && *services; services++) {
        char text[400];
        int len = snprintf(text, sizeof(text), "_%s.%s", *services, domain);
        if (len < 0 || (size_t)len >= sizeof(text) ||
            !names_push_other(names, "1.3.6.1.5.5.7.8.7", V_ASN1_IA5STRING, text))
            return false;
    }
    return true;
}

/* An XmppAddr holds the domain as people write it, in UTF-8 (RFC 6120 §13.7.1.4). */
static bool names_push_xmpp(GENERAL_NAMES *names, const char *domain)
{
    char *utf8 = NULL;
    if (idn2_to_unicode_8z8z(domain, &utf8, 0) != IDN2_OK)
        return false;
    bool ok = names_push_other(names, "1.3.6.1.5.5.7.8.5", V_ASN1_UTF8STRING, utf8);
    idn2_free(utf8);
    return ok;
}

static bool names_push_dns(GENERAL_NAMES *names, const char *const *more)
{
    for (; more && *more; more++)
        if (!names_push_string(names, GEN_DNS, V_ASN1_IA5STRING, *more, strlen(*more)))
            return false;
    return true;
}

static bool names_fill(GENERAL_NAMES *names, const struct tls_selfsigned_settings *s)
{
    uint8_t ip[16];
    size_t ip_len = inet_pton(AF_INET, s->domain, ip) == 1    ? 4
                    : inet_pton(AF_INET6, s->domain, ip) == 1 ? 16
                                                              : 0;
    if (ip_len)
        return names_push_string(names, GEN_IPADD, V_ASN1_OCTET_STRING, ip, ip_len) &&
               names_push_dns(names, s->more_names);
    return names_push_string(names, GEN_DNS, V_ASN1_IA5STRING, s->domain, strlen(s->domain)) &&
           names_push_srv(names, s->srv_services, s->domain) &&
           (!s->xmpp_addr || names_push_xmpp(names, s->domain)) &&
           names_push_dns(names, s->more_names);
}

/* ---- the certificate ---- */

static bool cert_add(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = e && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool cert_set_names(X509 *cert, const struct tls_selfsigned_settings *s)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names && names_fill(names, s) &&
              X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

/* For people who look at it; programs look at the subjectAltNames. A common name has at most 64
 * characters (RFC 5280, appendix A). */
static bool cert_set_subject(X509 *cert, const char *domain)
{
    const char *text = strlen(domain) <= 64 ? domain : "self-signed certificate";
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)text, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1;
}

static bool cert_set_serial(X509 *cert)
{
    uint8_t bytes[16];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and of full length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

static X509 *cert_new(EVP_PKEY *key, const struct tls_selfsigned_settings *s)
{
    X509 *cert = X509_new();
    if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && cert_set_serial(cert) &&
        cert_set_subject(cert, s->domain) &&
        /* a day early, for peers whose clock is behind */
        X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
        X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) &&
        X509_set_pubkey(cert, key) == 1 && cert_set_names(cert, s) &&
        cert_add(cert, NID_basic_constraints, "critical,CA:FALSE") &&
        cert_add(cert, NID_key_usage, "critical,digitalSignature") &&
        cert_add(cert, NID_ext_key_usage, "serverAuth,clientAuth") &&
        X509_sign(cert, key, EVP_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

/* ---- files ---- */

static bool file_failed(char reason[256], const char *what, const char *path)
{
    char why[96];
    snprintf(reason, 256, "cannot %s %.120s: %s", what, path, strerror_r(errno, why, sizeof(why)));
    return false;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* Makes a rename durable. */
static bool sync_folder_of(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, sizeof(folder), ".");
    else
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

static bool file_write(const char *path, mode_t mode, BIO *pem, char reason[256])
{
    char temporary[4096];
    char *data;
    long len = BIO_get_mem_data(pem, &data);
    int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return file_failed(reason, "create", path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 until it is complete */
    if (fd < 0)
        return file_failed(reason, "create", path);
    bool ok = write_all(fd, data, (size_t)len) && fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
              rename(temporary, path) == 0 && sync_folder_of(path);
    if (!ok) {
        file_failed(reason, "write", path);
        unlink(temporary);
    }
    close(fd);
    return ok;
}

bool tls_selfsigned_create(const struct tls_selfsigned_settings *s, char reason[256])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? cert_new(key, s) : NULL;
    BIO *key_pem = BIO_new(BIO_s_secmem());
    BIO *cert_pem = BIO_new(BIO_s_mem());
    bool ok = cert && key_pem && cert_pem &&
              PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              PEM_write_bio_X509(cert_pem, cert) == 1;
    if (!ok)
        snprintf(reason, 256, "cannot make a certificate for %.180s", s->domain);
    ok = ok && file_write(s->key_file, 0600, key_pem, reason) &&
         file_write(s->cert_file, 0644, cert_pem, reason);
    BIO_free(cert_pem);
    BIO_free(key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}
