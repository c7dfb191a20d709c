/*
 * tls.h - the certificate of the console and its key. linnetd opens the files and hands descriptors
 * over, for the console itself can open none. Read before the sandbox; one thread.
 */
#ifndef CONSOLE_TLS_H
#define CONSOLE_TLS_H

#include "base/buf.h"

enum { TLS_NAMES_MAX = 64 };

struct tls {
    struct buf certificate, key;      /* PEM, NUL-terminated; the key is wiped */
    const char *names[TLS_NAMES_MAX]; /* of the certificate, in DNS; those beyond are not known */
    size_t count;
};

/* Reads to the end and closes both descriptors. The key is empty after it said why it cannot. */
void tls_read(struct tls *ret, int certificate_fd, int key_fd);

/* The key is in the hands of the TLS library. */
void tls_forget_key(struct tls *tls);

void tls_finish(struct tls *tls);

#endif
