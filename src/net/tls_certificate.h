/*
 * tls_certificate.h - what a certificate says, as plain data. Pure; any thread.
 */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include "base/tls_facts.h"

#include <openssl/x509.h>

/* `cert` NULL gives an absent one. */
void tls_certificate_read(X509 *cert, struct tls_certificate *ret);

/* SHA-256 of the SubjectPublicKeyInfo; false when out of memory. */
bool tls_certificate_spki_sha256(X509 *cert, uint8_t ret[32]) MUST_USE;

/* Channel binding tls-server-end-point (RFC 5929 §4.1) into `ret`, or length 0 where undefined. */
size_t tls_certificate_end_point(X509 *cert, uint8_t ret[64]);

#endif
