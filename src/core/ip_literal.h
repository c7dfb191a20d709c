/*
 * ip_literal.h - IP addresses as text, for the domainpart of an address. The socket library's own
 * reader is not for the core, and accepts less strictly. Pure; any thread.
 */
#ifndef CORE_IP_LITERAL_H
#define CORE_IP_LITERAL_H

#include "base/base.h"

/* Four decimal numbers without leading zeros (RFC 3986 §3.2.2). */
bool ip_literal_v4(struct str text, uint8_t ret[4]) MUST_USE;

/* IPv6 without brackets and zone (RFC 4291 §2.2). */
bool ip_literal_v6(struct str text, uint8_t ret[16]) MUST_USE;

/* The canonical text of RFC 5952, at most 39 bytes. Returns its length. */
size_t ip_literal_v6_print(const uint8_t ip[16], char out[40]);

#endif
