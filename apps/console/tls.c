#include "tls.h"

#include "console.h"

#include "base/wipe.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 256 * 1024 };

static bool read_file(int fd, const char *what, struct buf *out)
{
    char block[4096];
    ssize_t len;
    while ((len = read(fd, block, sizeof block)) > 0 || (len < 0 && errno == EINTR))
        if (len > 0)
            buf_append(out, block, (size_t)len);
    wipe(block, sizeof block);
    close(fd);
    buf_byte(out, '\0');
    bool ok = len == 0 && !out->failed;
    if (!ok)
        console_say("%s cannot be read: %s", what,
                    len < 0 ? strerror(errno) : "it is larger than 256 KiB");
    return ok;
}

/* A name with a NUL in it is none. */
static bool add_name(struct tls *t, const GENERAL_NAME *name)
{
    const char *text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
    size_t len = (size_t)ASN1_STRING_length(name->d.dNSName);
    if (t->count == TLS_NAMES_MAX || len == 0 || memchr(text, '\0', len))
        return true;
    char *copy = strndup(text, len);
    if (copy)
        t->names[t->count++] = copy;
    return copy != NULL;
}

static bool take_names(struct tls *t)
{
    struct str pem = buf_peek(&t->certificate);
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len - 1);
    X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    GENERAL_NAMES *names = x509 ? X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL) : NULL;
    bool ok = x509 != NULL;
    for (int i = 0; ok && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        ok = name->type != GEN_DNS || add_name(t, name);
    }
    if (!x509)
        console_say("the certificate is not PEM");
    GENERAL_NAMES_free(names);
    X509_free(x509);
    BIO_free(bio);
    return ok;
}

void tls_read(struct tls *ret, int certificate_fd, int key_fd)
{
    *ret = (struct tls){0};
    buf_init(&ret->certificate, FILE_MAX_BYTES, false);
    buf_init(&ret->key, FILE_MAX_BYTES, true);
    bool ok = read_file(certificate_fd, "the certificate", &ret->certificate);
    ok = read_file(key_fd, "the key of the certificate", &ret->key) && ok;
    if (!ok || !take_names(ret))
        tls_forget_key(ret);
}

void tls_forget_key(struct tls *tls)
{
    buf_finish(&tls->key);
}

void tls_finish(struct tls *tls)
{
    buf_finish(&tls->certificate);
    buf_finish(&tls->key);
    for (size_t i = 0; i < tls->count; i++)
        free((char *)(uintptr_t)tls->names[i]);
    *tls = (struct tls){0};
}
