#include "server/c2s/network.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { MAPPED_BITS = 96, IPV6_BITS = 128 };

struct in6_addr network_mask(const struct in6_addr *ip, unsigned bits)
{
    struct in6_addr masked = *ip;
    for (unsigned i = 0; i < sizeof masked.s6_addr; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        masked.s6_addr[i] &= kept >= 8 ? 0xff : (uint8_t)(0xff00u >> kept);
    }
    return masked;
}

bool network_has(const struct network *n, const struct in6_addr *ip)
{
    struct in6_addr masked = network_mask(ip, n->bits);
    return memcmp(&masked, &n->base, sizeof masked) == 0;
}

/* Of two networks either one holds the other, or they have nothing in common. */
static bool overlap(const struct network *a, const struct network *b)
{
    return a->bits < b->bits ? network_has(a, &b->base) : network_has(b, &a->base);
}

bool network_has_loopback(const struct network *n)
{
    static const struct network v4 = {{{{[10] = 0xff, [11] = 0xff, [12] = 127}}}, 104};
    static const struct network v6 = {IN6ADDR_LOOPBACK_INIT, 128};
    return overlap(n, &v4) || overlap(n, &v6);
}

/* ---- text ---- */

/* Returns how many bits of the mapped form stand before the address; -1: it is none. */
static int read_address(const char *text, struct in6_addr *ret)
{
    struct in_addr v4;
    if (inet_pton(AF_INET6, text, ret) == 1)
        return 0;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return -1;
    *ret = (struct in6_addr){{{[10] = 0xff, [11] = 0xff}}};
    memcpy(ret->s6_addr + 12, &v4, sizeof v4);
    return MAPPED_BITS;
}

/* One to three digits, without leading zeros. */
static bool read_bits(struct str text, unsigned *ret)
{
    unsigned bits = 0;
    if (text.len < 1 || text.len > 3 || (text.ptr[0] == '0' && text.len > 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        bits = 10 * bits + (unsigned)(text.ptr[i] - '0');
    }
    *ret = bits;
    return true;
}

enum network_fault network_parse(struct str text, struct network *ret)
{
    char address[INET6_ADDRSTRLEN] = "";
    struct in6_addr ip;
    unsigned bits;
    const char *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    if (len == 0 || len >= sizeof address || memchr(text.ptr, '\0', text.len))
        return NETWORK_MALFORMED;
    memcpy(address, text.ptr, len);
    int before = read_address(address, &ip);
    if (before < 0)
        return NETWORK_MALFORMED;
    bits = IPV6_BITS - (unsigned)before;
    if (slash && !read_bits(str_of(slash + 1, text.len - len - 1), &bits))
        return NETWORK_MALFORMED;
    if (bits > IPV6_BITS - (unsigned)before)
        return NETWORK_MALFORMED;
    bits += (unsigned)before;
    *ret = (struct network){network_mask(&ip, bits), (uint8_t)bits};
    return memcmp(&ret->base, &ip, sizeof ip) == 0 ? NETWORK_OK : NETWORK_HAS_HOST;
}

const char *network_text(const struct network *n, char out[NETWORK_TEXT_BYTES])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool v4 = IN6_IS_ADDR_V4MAPPED(&n->base) && n->bits >= MAPPED_BITS;
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? n->base.s6_addr + 12 : n->base.s6_addr, ip, sizeof ip);
    snprintf(out, NETWORK_TEXT_BYTES, "%s/%d", ip, v4 ? n->bits - MAPPED_BITS : n->bits);
    return out;
}
