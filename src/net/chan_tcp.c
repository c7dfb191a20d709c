#include "net/chan.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct chan_tcp {
    struct chan chan;
    unsigned wants;
};

/* Turns errno after a failed call into a result. `want` is what an EAGAIN waits for. */
static enum chan_result tcp_failed(struct chan_tcp *t, unsigned want)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        t->wants |= want;
        return CHAN_AGAIN;
    }
    char buf[96];
    chan_explain(&t->chan, "%s", strerror_r(errno, buf, sizeof(buf)));
    return CHAN_LOST;
}

static enum chan_result tcp_read(struct chan *c, void *to, size_t len, size_t *ret_len)
{
    struct chan_tcp *t = CONTAINER_OF(c, struct chan_tcp, chan);
    t->wants &= ~(unsigned)CHAN_WANTS_READ;
    ssize_t got;
    do
        got = recv(c->fd, to, len, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return tcp_failed(t, CHAN_WANTS_READ);
    if (got == 0 && len > 0)
        return CHAN_EOF;
    c->bytes_in += (uint64_t)got;
    *ret_len = (size_t)got;
    return CHAN_OK;
}

static enum chan_result tcp_write(struct chan *c, const void *from, size_t len, size_t *ret_len)
{
    struct chan_tcp *t = CONTAINER_OF(c, struct chan_tcp, chan);
    t->wants &= ~(unsigned)CHAN_WANTS_WRITE;
    ssize_t sent;
    do
        sent = send(c->fd, from, len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return tcp_failed(t, CHAN_WANTS_WRITE);
    c->bytes_out += (uint64_t)sent;
    *ret_len = (size_t)sent;
    return CHAN_OK;
}

static enum chan_result tcp_shutdown(struct chan *c)
{
    struct chan_tcp *t = CONTAINER_OF(c, struct chan_tcp, chan);
    t->wants &= ~(unsigned)CHAN_WANTS_WRITE;
    return shutdown(c->fd, SHUT_WR) == 0 ? CHAN_OK : tcp_failed(t, CHAN_WANTS_WRITE);
}

static unsigned tcp_wants(const struct chan *c)
{
    return ((const struct chan_tcp *)c)->wants; /* its first member */
}

static bool tcp_pending(const struct chan *c)
{
    (void)c;
    return false;
}

static void tcp_free(struct chan *c)
{
    close(c->fd);
    free(CONTAINER_OF(c, struct chan_tcp, chan));
}

static const struct chan_ops tcp_ops = {
    .read = tcp_read,
    .write = tcp_write,
    .shutdown = tcp_shutdown,
    .wants = tcp_wants,
    .pending = tcp_pending,
    .free = tcp_free,
};

struct chan *chan_tcp_new(int fd)
{
    struct chan_tcp *t = calloc(1, sizeof(*t));
    if (!t) {
        close(fd);
        return NULL;
    }
    t->chan.ops = &tcp_ops;
    t->chan.fd = fd;
    /* Every write is a whole flight already; waiting for more only adds delay. A socket that is
     * not TCP refuses, which is fine. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return &t->chan;
}
