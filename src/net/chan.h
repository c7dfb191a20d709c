/*
 * chan.h - a two-way channel of bytes over one socket, as a stack of layers: tcp at the bottom,
 * tls on top, later others. Nothing blocks. A channel lives on one loop at a time and may change
 * loop between calls (server connections move home once). net knows no XMPP.
 */
#ifndef NET_CHAN_H
#define NET_CHAN_H

#include "base/base.h"
#include "base/error.h"
#include "base/tls_facts.h"

enum chan_result {
    CHAN_OK = 0,
    CHAN_AGAIN, /* nothing now: wait for what chan_wants says */
    CHAN_EOF,   /* the peer ended cleanly (for tls: close_notify) */
    CHAN_LOST   /* reset, cut without close_notify, or a TLS fault: chan_fault */
};

enum { CHAN_WANTS_READ = 1, CHAN_WANTS_WRITE = 2 };

struct chan;

struct chan_ops {
    enum chan_result (*read)(struct chan *c, void *to, size_t len, size_t *ret_len);
    enum chan_result (*write)(struct chan *c, const void *from, size_t len, size_t *ret_len);
    /* Sends the orderly end (close_notify, FIN) without closing the socket. */
    enum chan_result (*shutdown)(struct chan *c);
    unsigned (*wants)(const struct chan *c);
    bool (*pending)(const struct chan *c);
    void (*free)(struct chan *c);
};

struct chan {
    const struct chan_ops *ops;
    struct chan *below; /* owned; NULL for tcp */
    int fd;             /* of the whole stack */
    uint64_t bytes_in, bytes_out;
    char *fault; /* see chan_fault; owned; NULL on the many that have none */
};

static inline enum chan_result chan_read(struct chan *c, void *to, size_t len, size_t *ret_len)
{
    return c->ops->read(c, to, len, ret_len);
}

static inline enum chan_result chan_write(struct chan *c, const void *from, size_t len,
                                          size_t *ret_len)
{
    return c->ops->write(c, from, len, ret_len);
}

static inline enum chan_result chan_shutdown(struct chan *c)
{
    return c->ops->shutdown(c);
}

/* What poll must watch for the last CHAN_AGAIN to change (TLS may read in order to write). */
static inline unsigned chan_wants(const struct chan *c)
{
    return c->ops->wants(c);
}

/* Whether chan_read can give bytes without the socket becoming readable. */
static inline bool chan_pending(const struct chan *c)
{
    return c->ops->pending(c);
}

/* Why CHAN_LOST, for people; "" when nothing is known. Borrowed from `c`. */
static inline const char *chan_fault(const struct chan *c)
{
    return c->fault ? c->fault : "";
}

/* For the layers: says so, in place of what was said before. Without memory nothing is known. */
void chan_explain(struct chan *c, const char *fmt, ...) PRINTF(2, 3);

/* Frees the whole stack and closes the socket. NULL is fine. */
void chan_free(struct chan *c);

/* Takes a connected, non-blocking socket. NULL when out of memory (the socket is then closed). */
struct chan *chan_tcp_new(int fd);

#endif
