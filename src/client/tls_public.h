/*
 * tls_public.h - facts of TLS in the form of linnet/tls.h. The strings are borrowed from the facts.
 * Pure; any thread.
 */
#ifndef CLIENT_TLS_PUBLIC_H
#define CLIENT_TLS_PUBLIC_H

#include "base/tls_facts.h"

#include <linnet/error.h>
#include <linnet/tls.h>

void tls_public_certificate(const struct tls_facts *facts, struct linnet_certificate *ret);
void tls_public(const struct tls_facts *facts, struct linnet_tls *ret);

/* The row of the catalogue for a verdict; LINNET_OK for a good one. */
enum linnet_error_code tls_public_fault(enum tls_verdict verdict);

/* That row in full, as a login that refuses this certificate of `domain` says it. `seen`: how it
 * compares with the one before; NULL. */
void tls_public_error(const struct tls_facts *facts, const char *domain, const char *seen,
                      struct linnet_error *error);

#endif
