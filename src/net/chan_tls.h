/*
 * chan_tls.h - TLS as a layer over any channel, either side. Owns the channel below and a
 * reference to its context. One thread at a time, which may change between calls.
 *
 * Certificates never fail a client's handshake: the verdict (chain, then identity) is recorded in
 * struct tls_facts, and whoever reads it decides. So no byte of the application may be written
 * before the verdict was looked at.
 *
 * Early data (TLS 1.3, RFC 8446 §2.3) is what a client with a session sends behind its first
 * message, without waiting. It can be replayed by whoever saw it, so a server accepts that of a
 * ticket once (net/tls_once.h), and what it carries must bear being seen before the client proved
 * to be there. Off unless asked for on both sides. A server that lost TLS 1.3 since then breaks the
 * handshake of a client that sent early data: it may dial again, without a session (§4.2.10). The
 * order of calls:
 *
 *   client                                     server
 *     chan_tls_new      .session, .early_data    chan_tls_new
 *     chan_tls_early_max      > 0: it may        chan_tls_handshake     ... CHAN_AGAIN:
 *     chan_tls_early_facts    to decide            chan_tls_early_facts   true: early data comes
 *     chan_tls_write_early    all of it            chan_tls_read_early    until CHAN_AGAIN, end
 *     chan_tls_handshake      until CHAN_OK        chan_tls_write_early   the answer
 *     chan_tls_early_accepted                    chan_tls_handshake     CHAN_OK
 *       false: chan_write the same again         chan_read, chan_write
 *     chan_read, chan_write
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
     * same host, anchors and pins. On TLS 1.3 a ticket serves once, or observers can tell that two
     * connections are one client's (RFC 8446 §C.4): forget it when chan_tls_handshake was called,
     * however that ends. */
    struct str session;
    bool keep_session; /* client: chan_tls_session will be called */
    bool early_data;   /* client: allow early data, if the session does */
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

/* The cipher alone, which costs nothing: "TLS_AES_128_GCM_SHA256"; static. NULL without TLS. */
const char *chan_tls_cipher(const struct chan *c);

/* ---- early data ---- */

enum { CHAN_TLS_EARLY_BYTES = 16384 }; /* a client never sends more of it, whatever it may */

/* Client, before the first chan_tls_handshake: how many bytes may (still) be sent early. 0 when
 * early data was not asked for or the session does not allow it: none was given, it is not of TLS
 * 1.3, it is too old, it is for another ALPN protocol, or its server would not be TLS_VERDICT_OK
 * today. */
size_t chan_tls_early_max(const struct chan *c);

/* What is known before the handshake is finished; false, and nothing, where there is no early data.
 * Client: as chan_tls_early_max is above 0, what the session says: verdict, certificate and
 * end-point binding are those of the server it was made with, the only one that can read what is
 * sent early. Server: from the first early bytes on. There is no exporter yet. */
bool chan_tls_early_facts(const struct chan *c, struct tls_facts *ret_facts);

/* Client, before the first chan_tls_handshake: takes up to chan_tls_early_max bytes and always that
 * many; they are sent with the first message, at once or by chan_tls_handshake. So a caller whose
 * message is longer sends it whole after the handshake. What the server did not accept
 * (chan_tls_early_accepted) is lost: the caller writes it again.
 * Server, while chan_tls_early_facts is true: sends to a client that has not proved yet that it is
 * there. CHAN_AGAIN as from chan_write, and while no early data was accepted. After the handshake
 * it is chan_write. CHAN_LOST: as from chan_tls_handshake. */
enum chan_result chan_tls_write_early(struct chan *c, const void *data, size_t len,
                                      size_t *ret_len);

/* Server: early bytes that chan_tls_handshake received, at most the context's
 * early_data_max_bytes. CHAN_AGAIN: none yet. CHAN_OK: some, or with `ret_end` none any more. Those
 * not taken before the handshake is finished are the first that chan_read gives: the client has
 * proved then that it is there, so they are like any others. */
enum chan_result chan_tls_read_early(struct chan *c, void *data, size_t cap, size_t *ret_len,
                                     bool *ret_end);

/* After the handshake, either side: whether early data was sent and accepted. */
bool chan_tls_early_accepted(const struct chan *c);

/* ---- the rest ---- */

/* Fills `error` after CHAN_LOST from `c`: NOT_XMPP when the peer spoke something other than TLS,
 * CONNECTION_LOST when it went away after the handshake, NO_MEMORY, else TLS_FAILED. `target`
 * ("host:port") may be NULL. Returns the code. */
enum linnet_error_code chan_tls_error(const struct chan *c, const char *target,
                                      struct linnet_error *error);

/* Sign-in is over: what is read from now on holds no secret of it. Until then OpenSSL wipes what it
 * decrypted before it gives the memory back, at 1.1 us a read. A channel that is not TLS is fine.
 */
void chan_tls_secrets_travelled(struct chan *c);

/* The name the client asked for (SNI), or "". Borrowed. */
const char *chan_tls_sni(const struct chan *c);

/* Client with keep_session: the newest session, serialised (secret); false when none came yet
 * (TLS 1.3 brings it after the handshake, with the first reads). One that was offered on TLS 1.3 is
 * never given again. */
bool chan_tls_session(const struct chan *c, struct buf *out);

#endif
