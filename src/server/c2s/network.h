/*
 * network.h - networks as people write them (CIDR, RFC 4632, RFC 4291 §2.3), and whether an address
 * is in one. Pure; any thread.
 */
#ifndef SERVER_C2S_NETWORK_H
#define SERVER_C2S_NETWORK_H

#include "base/base.h"

#include <netinet/in.h>

/* An IPv4 network is kept as its mapped IPv6 one, as a struct peer is: 192.0.2.0/24 has 120 bits.
 * The bits after the first `bits` are 0. */
struct network {
    struct in6_addr base;
    uint8_t bits;
};

enum network_fault {
    NETWORK_OK = 0,
    NETWORK_MALFORMED,
    NETWORK_HAS_HOST /* *ret is the network that the address is in */
};

enum { NETWORK_TEXT_BYTES = 56 };

/* Reads "192.0.2.0/24", "2001:db8::/32", or an address alone, which is the network of that one.
 * "::ffff:192.0.2.0/120" is 192.0.2.0/24. Numbers have no leading zeros, addresses no zone. Where
 * bits after the prefix are set somebody has mistaken one or the other: NETWORK_HAS_HOST. */
enum network_fault network_parse(struct str text, struct network *ret) MUST_USE;

/* The one way to write it, always with the length: "192.0.2.7/32". Returns `out`. */
const char *network_text(const struct network *n, char out[NETWORK_TEXT_BYTES]);

bool network_has(const struct network *n, const struct in6_addr *ip);

/* Whether addresses of this machine itself (127.0.0.0/8, ::1) are in it. */
bool network_has_loopback(const struct network *n);

/* `ip` with all bits after the first `bits` 0. */
struct in6_addr network_mask(const struct in6_addr *ip, unsigned bits);

#endif
