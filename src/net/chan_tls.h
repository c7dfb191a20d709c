/*
 * chan_tls.h - TLS as a layer over any channel, either side. Owns the channel below and a
 * reference to its context. One thread at a time, which may change between calls.
 *
 * Certificates never fail a client's handshake: the verdict (chain, then identity) is recorded in
 * struct tls_facts, and whoever reads it decides. So no byte of the application may be written
 * before the verdict was looked at.
 */
#ifndef NET_CHAN_TLS_H
#define NET_CHAN_TLS_H

#include "base/buf.h"
#include "net/chan.h"
#include "net/tls_ctx.h"

struct chan_tls_options {
    /* Client: the domain that the certificate must prove: A-label form, or an IP literal without
     * brackets. SNI unless it is an IP literal. NULL on a server. */
    const char *host;
    const char *alpn;    /* client: the protocol to offer (direct TLS only), or NULL */
    struct str leftover; /* bytes already read from `below`, the first of TLS; copied */
    /* Client: what chan_tls_session gave earlier, or STR_NONE. Ignored unless it was made for the
     * same host, anchors and pins. A ticket is used once. */
    struct str session;
    bool keep_session; /* client: chan_tls_session will be called */
};

/* Takes `below`. NULL when out of memory (`below` is then freed). The side is the context's. */
struct chan *chan_tls_new(struct tls_ctx *ctx, struct chan *below,
                          const struct chan_tls_options *options) MUST_USE;

/* CHAN_OK when finished (and ever after), CHAN_AGAIN (chan_wants), CHAN_LOST (chan_tls_error).
 * Only then may the channel be read or written. Bytes that chan_write did not take must be the
 * first of the next chan_write, and no fewer; the buffer may have moved. */
enum chan_result chan_tls_handshake(struct chan *c);

/* What the finished handshake established, channel bindings included. */
void chan_tls_facts(const struct chan *c, struct tls_facts *ret_facts);

/* Fills `error` after CHAN_LOST from `c`: NOT_XMPP when the peer spoke something other than TLS,
 * CONNECTION_LOST when it went away after the handshake, NO_MEMORY, else TLS_FAILED. `target`
 * ("host:port") may be NULL. Returns the code. */
enum linnet_error_code chan_tls_error(const struct chan *c, const char *target,
                                      struct linnet_error *error);

/* The name the client asked for (SNI), or "". Borrowed. */
const char *chan_tls_sni(const struct chan *c);

/* Client with keep_session: the newest session, serialised (secret); false when none came yet
 * (TLS 1.3 brings it after the handshake, with the first reads). */
bool chan_tls_session(const struct chan *c, struct buf *out);

#endif
