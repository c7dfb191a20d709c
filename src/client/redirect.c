#include "client/redirect.h"

#include "core/jid.h"

#include <stdio.h>

/* ":5222", or nothing at all, which gives 0. */
static bool parse_port(struct str text, uint16_t *ret)
{
    unsigned port = 0;
    *ret = 0;
    if (text.len == 0)
        return true;
    if (text.len < 2 || text.len > 6 || text.ptr[0] != ':' || text.ptr[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    *ret = (uint16_t)port;
    return port <= UINT16_MAX;
}

/* How much of `value` is the host: to the bracket that closes it, or to the first colon. An IPv6
 * address without brackets leaves colons behind, which are no port. */
static size_t host_len(struct str value)
{
    bool bracketed = value.len > 0 && value.ptr[0] == '[';
    const char *end = value.len > 0 ? memchr(value.ptr, bracketed ? ']' : ':', value.len) : NULL;
    return end ? (size_t)(end - value.ptr) + bracketed : value.len;
}

bool redirect_parse(struct str value, struct redirect *ret)
{
    char domain[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    *ret = (struct redirect){0};
    if (value.len > REDIRECT_VALUE_MAX_BYTES)
        return false;
    struct str host = str_of(value.ptr, host_len(value));
    return jid_prepare_domain(host, domain, &len) == JID_OK &&
           jid_domain_ascii(str_of(domain, len), ret->host) &&
           parse_port(str_of(value.ptr + host.len, value.len - host.len), &ret->port);
}

bool redirects_follow(struct redirects *r, const char *peer, const struct redirect *to)
{
    size_t used = strlen(r->visited);
    snprintf(r->visited + used, sizeof r->visited - used, "%s%s", used ? ", " : "", peer);
    if (r->count == REDIRECTS_MAX)
        return false;
    r->count++;
    r->to = *to;
    return true;
}
