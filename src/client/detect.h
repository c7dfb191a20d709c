/*
 * detect.h - what another protocol looks like from its first bytes. Pure; any thread.
 */
#ifndef CLIENT_DETECT_H
#define CLIENT_DETECT_H

#include "base/base.h"

enum { DETECT_BYTES = 64 };

/* "a web server (HTTP)", for the sentence of LINNET_ERROR_NOT_XMPP; NULL when it may be XMPP or
 * says nothing. `expected_tls`: TLS was to begin with the first byte. */
const char *detect_protocol(struct str first_bytes, bool expected_tls);

#endif
