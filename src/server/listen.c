#include "server/listen.h"

#include "server/c2s/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t fill_address(const struct settings_address *a, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, a->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(a->port);
        return sizeof *v4;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(a->port);
    if (strcmp(a->host, "*") != 0 && inet_pton(AF_INET6, a->host, &v6->sin6_addr) != 1)
        return 0;
    return sizeof *v6;
}

static int open_socket(const struct settings_address *a, const struct sockaddr_storage *sa,
                       socklen_t len, int backlog)
{
    int on = 1, only_v6 = strcmp(a->host, "*") != 0;
    int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (sa->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
    if (bind(fd, (const struct sockaddr *)sa, len) == 0 && listen(fd, backlog) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* "*" on a machine without IPv6 is every IPv4 address. */
int listen_open(const struct settings_address *a, int backlog)
{
    struct sockaddr_storage sa;
    socklen_t len = fill_address(a, &sa);
    int fd = len ? open_socket(a, &sa, len, backlog) : (errno = EINVAL, -1);
    if (fd < 0 && strcmp(a->host, "*") == 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        struct settings_address v4 = {.host = "0.0.0.0", .port = a->port};
        len = fill_address(&v4, &sa);
        fd = open_socket(&v4, &sa, len, backlog);
    }
    return fd;
}

const char *listen_text(const struct settings_address *a, uint16_t port,
                        char out[LISTEN_TEXT_BYTES])
{
    bool v6 = strchr(a->host, ':') != NULL;
    snprintf(out, LISTEN_TEXT_BYTES, "%s%s%s:%u", v6 ? "[" : "", a->host, v6 ? "]" : "", port);
    return out;
}

uint16_t listen_port(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    bool ok = getsockname(fd, (struct sockaddr *)&sa, &len) == 0;
    return ok ? peer_of((const struct sockaddr *)&sa).port : 0;
}

void listen_advice(int error, const char *settings, char *out, size_t out_size)
{
    switch (error) {
    case EADDRINUSE:
        snprintf(out, out_size,
                 "another program listens there: stop it, or choose another port with --set %s",
                 settings);
        return;
    case EACCES:
    case EPERM:
        snprintf(out, out_size,
                 "it is not permitted: ports below 1024 need root or CAP_NET_BIND_SERVICE");
        return;
    case EADDRNOTAVAIL:
        snprintf(out, out_size, "this machine has no such address: correct %s", settings);
        return;
    default:
        snprintf(out, out_size, "%s", strerror(error));
    }
}
