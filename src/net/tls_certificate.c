#include "net/tls_certificate.h"

#include "base/error.h"
#include "net/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <time.h>

static void certificate_name(const X509_NAME *name, char *out, size_t out_size)
{
    out[0] = 0;
    BIO *text = BIO_new(BIO_s_mem());
    if (!text)
        return;
    char *data;
    if (X509_NAME_print_ex(text, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(text, &data);
        error_copy_text(out, out_size, str_of(data, len > 0 ? (size_t)len : 0));
    }
    BIO_free(text);
}

static int64_t certificate_time_s(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

bool tls_certificate_spki_sha256(X509 *cert, uint8_t ret[32])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    bool ok = len > 0 && EVP_Digest(der, (size_t)len, ret, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return ok;
}

void tls_certificate_read(X509 *cert, struct tls_certificate *ret)
{
    *ret = (struct tls_certificate){0};
    if (!cert)
        return;
    certificate_name(X509_get_subject_name(cert), ret->subject, sizeof(ret->subject));
    certificate_name(X509_get_issuer_name(cert), ret->issuer, sizeof(ret->issuer));
    tls_identity_list(cert, ret->names, sizeof(ret->names));
    ret->not_before_s = certificate_time_s(X509_get0_notBefore(cert));
    ret->not_after_s = certificate_time_s(X509_get0_notAfter(cert));
    ret->present = X509_digest(cert, EVP_sha256(), ret->sha256, NULL) == 1 &&
                   tls_certificate_spki_sha256(cert, ret->spki_sha256);
}

/* The hash of the certificate's signature, where MD5 and SHA-1 count as SHA-256. A signature that
 * uses no single hash (Ed25519) leaves the binding undefined. */
size_t tls_certificate_end_point(X509 *cert, uint8_t ret[64])
{
    int hash;
    if (!cert || X509_get_signature_info(cert, &hash, NULL, NULL, NULL) != 1)
        return 0;
    if (hash == NID_md5 || hash == NID_sha1)
        hash = NID_sha256;
    const EVP_MD *md = EVP_get_digestbynid(hash);
    unsigned len = 0;
    if (!md || EVP_MD_get_size(md) > 64 || X509_digest(cert, md, ret, &len) != 1)
        return 0;
    return len;
}
