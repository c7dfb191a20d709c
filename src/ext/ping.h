/*
 * ping.h - XMPP Ping (XEP-0199). The answer is stanza_iq_result, without payload. Pure; any thread.
 */
#ifndef EXT_PING_H
#define EXT_PING_H

#include "core/stanza.h"

#define NS_PING "urn:xmpp:ping"

/* Asks `to` (NULL: the own server). */
struct element *ping_request(struct arena *a, const char *to, const char *id);

bool ping_is_request(const struct element *iq);

#endif
