/*
 * chan_tls.h - TLS as a layer over any channel, either side, and the contexts it needs.
 *
 * A struct tls_ctx is a loop's own: connections of one loop share it, and it may be released
 * (tls_ctx_unref) while connections still use it. Contexts are reloaded by building a new one; the
 * tickets (struct tls_tickets) are shared by all contexts of a server, so that a client may resume
 * on another loop. Tickets may be used from any thread; a channel by one thread at a time, which
 * may change between calls.
 *
 * Certificates never fail a client's handshake: the verdict (chain, then identity) is recorded in
 * struct tls_facts, and whoever reads it decides. So no byte of the application may be written
 * before the verdict was looked at.
 */
#ifndef NET_CHAN_TLS_H
#define NET_CHAN_TLS_H

#include "base/buf.h"
#include "net/chan.h"

/* ---- session tickets of a server ---- */

struct tls_tickets;

/* Fresh keys from `random`. NULL when out of memory. */
struct tls_tickets *tls_tickets_new(const struct random_source *random) MUST_USE;
struct tls_tickets *tls_tickets_ref(struct tls_tickets *t);
void tls_tickets_unref(struct tls_tickets *t); /* NULL is fine */

/* New keys for new tickets. Tickets under the keys before are still accepted, and renewed;
 * older ones are not. Call it every few hours. */
void tls_tickets_rotate(struct tls_tickets *t, const struct random_source *random);

/* ---- contexts ---- */

struct tls_ctx;

enum { TLS_REASON_BYTES = 256, TLS_PINS_MAX = 8 };

struct tls_server_settings {
    const char *cert_file;       /* PEM: the certificate, then its chain */
    const char *key_file;        /* PEM */
    const char *alpn;            /* "xmpp-client": chosen when offered; NULL for none */
    struct tls_tickets *tickets; /* referenced; NULL: no resumption */
};

/* NULL on failure, with one sentence in `reason` that names the file. Reads the files. */
struct tls_ctx *tls_ctx_new_server(const struct tls_server_settings *s,
                                   char reason[TLS_REASON_BYTES]) MUST_USE;

struct tls_client_settings {
    const char *ca_file; /* PEM anchors that replace the system's; NULL for the system's */
    /* SHA-256 of acceptable SubjectPublicKeyInfos. With any, the pin alone decides: a match needs
     * no chain, name or date (as DANE-EE, RFC 7671 §5.1), another key is untrusted. */
    uint8_t pins[TLS_PINS_MAX][32];
    size_t pin_count;
    /* "xmpp-client": an SRV-ID _xmpp-client.DOMAIN counts as identity; NULL: it does not. */
    const char *srv_service;
    bool xmpp_addr; /* so does an XmppAddr (RFC 6120 §13.7.1.4) */
};

struct tls_ctx *tls_ctx_new_client(const struct tls_client_settings *s,
                                   char reason[TLS_REASON_BYTES]) MUST_USE;

struct tls_ctx *tls_ctx_ref(struct tls_ctx *ctx);
void tls_ctx_unref(struct tls_ctx *ctx); /* NULL is fine */

/* The server's own certificate, for status pages and for a warning before it expires. */
void tls_ctx_certificate(const struct tls_ctx *ctx, struct tls_certificate *ret);

/* ---- channels ---- */

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
 * Only then may the channel be read or written. After CHAN_AGAIN from chan_write, the next
 * chan_write must begin with the same bytes and be no shorter; the buffer may have moved. */
enum chan_result chan_tls_handshake(struct chan *c);

/* What the finished handshake established, channel bindings included. */
void chan_tls_facts(const struct chan *c, struct tls_facts *ret_facts);

/* Fills `error` (code, origin, words) after CHAN_LOST from `c`: NOT_XMPP when the peer spoke
 * something other than TLS, CONNECTION_LOST when it went away after the handshake, else
 * TLS_FAILED. Returns the code. */
enum linnet_error_code chan_tls_error(const struct chan *c, struct linnet_error *error);

/* The name the client asked for (SNI), or "". Borrowed. */
const char *chan_tls_sni(const struct chan *c);

/* Client with keep_session: the newest session, serialised (secret); false when none came yet
 * (TLS 1.3 brings it after the handshake, with the first reads). */
bool chan_tls_session(const struct chan *c, struct buf *out);

#endif
