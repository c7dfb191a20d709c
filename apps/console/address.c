#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void read_v4(struct address *ret, const void *ip)
{
    inet_ntop(AF_INET, ip, ret->text, sizeof ret->text);
    memcpy(ret->network, ret->text, sizeof ret->network);
}

static void read_v6(struct address *ret, const struct in6_addr *ip)
{
    struct in6_addr network = {0};
    char text[INET6_ADDRSTRLEN];
    memcpy(&network, ip, 8);
    inet_ntop(AF_INET6, ip, ret->text, sizeof ret->text);
    inet_ntop(AF_INET6, &network, text, sizeof text);
    snprintf(ret->network, sizeof ret->network, "%s/64", text);
}

void address_read(struct address *ret, const struct sockaddr *sa)
{
    const struct in6_addr *v6 = &in6addr_any;
    *ret = (struct address){0};
    if (sa && sa->sa_family == AF_INET6)
        v6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;
    if (sa && sa->sa_family == AF_INET)
        read_v4(ret, &((const struct sockaddr_in *)sa)->sin_addr);
    else if (IN6_IS_ADDR_V4MAPPED(v6)) /* a socket for both kinds got it */
        read_v4(ret, v6->s6_addr + 12);
    else
        read_v6(ret, v6);
}
