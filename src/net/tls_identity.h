/*
 * tls_identity.h - whether a certificate names a domain (RFC 6125, RFC 9525, RFC 6120 §13.7).
 * Pure; any thread.
 *
 * Identities are subjectAltNames only; the subject's common name never counts (RFC 9525 §2).
 * A name that holds a NUL, or anything that is no host name, matches nothing.
 */
#ifndef NET_TLS_IDENTITY_H
#define NET_TLS_IDENTITY_H

#include "base/base.h"

#include <openssl/x509.h>

struct tls_identity {
    const char *host;        /* A-label form, or an IP literal without brackets */
    const char *srv_service; /* "xmpp-client": SRV-ID _xmpp-client.host counts; or NULL */
    bool xmpp_addr;          /* XmppAddr counts */
};

bool tls_identity_matches(X509 *cert, const struct tls_identity *id);

/* The identities a certificate holds, printable and cut to fit: "example.org, *.example.org". */
void tls_identity_list(X509 *cert, char *out, size_t out_size);

#endif
