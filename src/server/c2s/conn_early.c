#include "server/c2s/conn.h"

/* Early data of TLS 1.3 (RFC 8446 §2.3, XEP-0484 §3.4): the stream goes on while the handshake
 * does. The connection is open as any other; only its bytes take another way through TLS, and what
 * came before the client proved to be there is told to the stream as such. */

bool conn_early_begin(struct conn *c)
{
    uint64_t want_id = c->newcomer->want_id;
    struct tls_facts facts;
    if (c->early_asked || !chan_tls_early_facts(c->chan, &facts))
        return false;
    c->early_asked = true;
    /* Refused, what came early is the first that is read after the handshake. */
    if (!stream_answer_tls(c->stream, worker_now_ms(c->worker), want_id, STREAM_TLS_EARLY, &facts,
                           NULL))
        return false;
    c->early_want = want_id;
    c->early = true;
    conn_login_tls(c, &facts);
    conn_secured(c, &facts);
    conn_go_on(c);
    return true;
}

static void finished(struct conn *c)
{
    struct tls_facts facts;
    c->early = false;
    chan_tls_facts(c->chan, &facts);
    stream_answer_tls(c->stream, worker_now_ms(c->worker), c->early_want, STREAM_TLS_FINISHED,
                      &facts, NULL);
    conn_touch(c);
}

enum chan_result conn_early_read(struct conn *c, void *data, size_t cap, size_t *ret_len)
{
    bool end;
    enum chan_result r = chan_tls_handshake(c->chan);
    *ret_len = 0;
    if (r == CHAN_OK) {
        finished(c);
        return chan_read(c->chan, data, cap, ret_len);
    }
    if (r != CHAN_AGAIN)
        return CHAN_LOST;
    r = chan_tls_read_early(c->chan, data, cap, ret_len, &end);
    return r == CHAN_OK && *ret_len == 0 ? CHAN_AGAIN : r;
}
