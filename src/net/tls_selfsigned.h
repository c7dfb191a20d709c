/*
 * tls_selfsigned.h - a key and a self-signed certificate for a server that was given none:
 * P-256, ten years, subjectAltNames for the domain (DNS-ID or IP; SRV-ID, XmppAddr and more
 * names beside it).
 * Blocks for file writes; any thread.
 */
#ifndef NET_TLS_SELFSIGNED_H
#define NET_TLS_SELFSIGNED_H

#include "base/base.h"

struct tls_selfsigned_settings {
    const char *domain;              /* A-label form, or an IP literal without brackets */
    const char *const *srv_services; /* "xmpp-client", "xmpp-server", NULL; or NULL */
    bool xmpp_addr;                  /* add an XmppAddr */
    const char *cert_file;           /* mode 0644 */
    const char *key_file;            /* mode 0600 */
    const char *const *more_names;   /* DNS-IDs beside it, then NULL; or NULL */
};

/* Each file appears whole or not at all, and survives a crash once this returned true; the key is
 * written first. On false `reason` holds one sentence. */
bool tls_selfsigned_create(const struct tls_selfsigned_settings *s, char reason[256]) MUST_USE;

#endif
