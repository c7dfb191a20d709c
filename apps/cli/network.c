#include "network.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- which addresses there are ---- */

/* FNV-1a: it tells changes apart, nothing more. */
static uint64_t digest(uint64_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len--)
        h = (h ^ *p++) * 0x100000001b3;
    return h;
}

/* The bytes of an address that reaches beyond this machine and its cable; NULL for others. */
static const void *bytes_of(const struct sockaddr *a, size_t *ret_len)
{
    if (a && a->sa_family == AF_INET) {
        *ret_len = sizeof(struct in_addr);
        return (const uint8_t *)a + offsetof(struct sockaddr_in, sin_addr);
    }
    if (!a || a->sa_family != AF_INET6)
        return NULL;
    const uint8_t *six = (const uint8_t *)a + offsetof(struct sockaddr_in6, sin6_addr);
    *ret_len = sizeof(struct in6_addr);
    return six[0] == 0xfe && (six[1] & 0xc0) == 0x80 ? NULL : six;
}

/* Sums, so that the order in which the kernel lists them does not matter. */
static uint64_t addresses(void)
{
    const unsigned wanted = IFF_UP | IFF_RUNNING;
    struct ifaddrs *all;
    uint64_t sum = 0;
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        size_t len;
        const void *bytes = bytes_of(i->ifa_addr, &len);
        if (bytes && (i->ifa_flags & wanted) == wanted && !(i->ifa_flags & IFF_LOOPBACK))
            sum += digest(digest(0xcbf29ce484222325, i->ifa_name, strlen(i->ifa_name)), bytes, len);
    }
    freeifaddrs(all);
    return sum;
}

/* ---- what the kernel says ---- */

static bool is_default_route(const struct nlmsghdr *m)
{
    struct rtmsg route;
    if ((m->nlmsg_type != RTM_NEWROUTE && m->nlmsg_type != RTM_DELROUTE) ||
        m->nlmsg_len < NLMSG_LENGTH(sizeof route))
        return false;
    memcpy(&route, (const char *)m + NLMSG_HDRLEN, sizeof route);
    return route.rtm_dst_len == 0 && route.rtm_table == RT_TABLE_MAIN &&
           route.rtm_type == RTN_UNICAST;
}

bool network_tells_route(const void *messages, size_t len)
{
    const char *at = messages;
    while (len >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)at;
        if (m->nlmsg_len < sizeof *m || m->nlmsg_len > len)
            break;
        if (is_default_route(m))
            return true;
        size_t step = NLMSG_ALIGN(m->nlmsg_len);
        if (step > len)
            break;
        at += step;
        len -= step;
    }
    return false;
}

void network_open(struct network *n)
{
    struct sockaddr_nl own = {.nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                           RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (n->fd >= 0 && bind(n->fd, (struct sockaddr *)&own, sizeof own) != 0)
        network_close(n);
    n->addresses = addresses();
}

void network_close(struct network *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

bool network_read(struct network *n, bool *ret_up)
{
    _Alignas(struct nlmsghdr) char messages[16384];
    bool changed = false;
    ssize_t got;
    while ((got = recv(n->fd, messages, sizeof messages, 0)) > 0)
        changed |= network_tells_route(messages, (size_t)got);
    if (got < 0 && errno == ENOBUFS) /* there were more than it keeps: anything may have changed */
        changed = true;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        network_close(n);
    uint64_t now = addresses();
    changed |= now != n->addresses;
    n->addresses = now;
    *ret_up = now != 0;
    return changed;
}
