/* Early data of TLS 1.3 (RFC 8446 §2.3, §4.2.10). */
#include "base/wipe.h"
#include "net/chan_tls_private.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>

static bool early_new(struct chan_tls *t, size_t received_max)
{
    t->early = calloc(1, sizeof(*t->early));
    if (!t->early)
        return false;
    buf_init(&t->early->received, received_max, true);
    buf_init(&t->early->flight, 0, false);
    return true;
}

void chan_tls_early_free(struct chan_tls *t)
{
    if (!t->early)
        return;
    buf_finish(&t->early->received);
    buf_finish(&t->early->flight);
    free(t->early);
    t->early = NULL;
}

bool chan_tls_early_accepted(const struct chan *c)
{
    const struct chan_tls *t = chan_tls_const(c);
    return t->finished && SSL_get_early_data_status(t->ssl) == SSL_EARLY_DATA_ACCEPTED;
}

/* One SSL_write_early_data, whose records are gathered, then sent as far as they go: on a client
 * with the ClientHello, in one segment. */
static enum chan_result write_gathered(struct chan_tls *t, const void *data, size_t len,
                                       size_t *ret_len)
{
    ERR_clear_error();
    t->early->corked = true;
    int returned = SSL_write_early_data(t->ssl, data, len, ret_len);
    t->early->corked = false;
    if (returned != 1 || t->fault != CHAN_TLS_FAULT_NONE) {
        *ret_len = 0;
        return chan_tls_lost(t);
    }
    t->chan.bytes_out += *ret_len;
    t->write_wants = 0;
    enum chan_result result = chan_tls_push(t);
    return result == CHAN_OK || result == CHAN_AGAIN ? CHAN_OK : chan_tls_lost(t);
}

/* ---- client ---- */

/* What OpenSSL does not look at, or breaks the connection over: a ticket past its lifetime is not
 * offered, but early data still would be; so it is with another protocol than the session's. */
static bool session_fits(SSL_SESSION *s, const char *alpn)
{
    const unsigned char *chosen;
    size_t chosen_len;
    SSL_SESSION_get0_alpn_selected(s, &chosen, &chosen_len);
    if (chosen_len > 0 && !str_eq(str_of(chosen, chosen_len), str_from(alpn)))
        return false;
    int64_t age_s = (int64_t)time(NULL) - SSL_SESSION_get_time(s);
    return SSL_SESSION_get_protocol_version(s) == TLS1_3_VERSION && age_s >= 0 &&
           (uint64_t)age_s < SSL_SESSION_get_ticket_lifetime_hint(s);
}

bool chan_tls_early_offer(struct chan_tls *t, const char *alpn)
{
    SSL_SESSION *s = SSL_get0_session(t->ssl);
    size_t max = s ? SSL_SESSION_get_max_early_data(s) : 0;
    if (max == 0 || !session_fits(s, alpn) || chan_tls_early_verdict(t, NULL, 0) != TLS_VERDICT_OK)
        return true;
    if (!early_new(t, 0))
        return false;
    t->early->left = max < CHAN_TLS_EARLY_BYTES ? max : CHAN_TLS_EARLY_BYTES;
    return true;
}

size_t chan_tls_early_max(const struct chan *c)
{
    const struct chan_tls *t = chan_tls_const(c);
    return t->early && !t->begun && t->fault == CHAN_TLS_FAULT_NONE ? t->early->left : 0;
}

static enum chan_result client_write(struct chan_tls *t, const void *data, size_t len,
                                     size_t *ret_len)
{
    size_t max = chan_tls_early_max(&t->chan);
    if (len > max)
        len = max;
    if (len == 0)
        return CHAN_OK;
    t->early->left -= len;
    return write_gathered(t, data, len, ret_len);
}

/* ---- server ---- */

/* OpenSSL asks when all else is good: the ticket is ours, its binder proves that the client has its
 * secret, and the age that the client claims is right. */
int chan_tls_allow_early(SSL *ssl, void *ctx_ptr)
{
    struct tls_ctx *ctx = ctx_ptr;
    SSL_SESSION *s = SSL_get0_session(ssl);
    uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH]; /* of TLS 1.3 each ticket has its own */
    size_t len = s ? SSL_SESSION_get_master_key(s, secret, sizeof(secret)) : 0;
    bool first = false;
    if (len > 0 && SSL_SESSION_get_max_early_data(s) <= ctx->early_max) {
        int64_t made_s = SSL_SESSION_get_time(s), lifetime_s = SSL_SESSION_get_timeout(s);
        first = tls_once_claim(ctx->once, str_of(secret, len), made_s, made_s + lifetime_s,
                               (int64_t)time(NULL));
    }
    wipe(secret, sizeof(secret));
    return first;
}

static bool early_keep(struct chan_tls *t, const uint8_t *data, size_t len)
{
    if (!t->early && !early_new(t, t->ctx->early_max))
        return false;
    buf_append(&t->early->received, data, len);
    t->chan.bytes_in += len;
    return !t->early->received.failed;
}

enum chan_result chan_tls_early_gather(struct chan_tls *t)
{
    uint8_t data[2048];
    enum chan_result result = CHAN_OK;
    while (t->early_due && result == CHAN_OK) {
        size_t len = 0;
        switch (SSL_read_early_data(t->ssl, data, sizeof(data), &len)) {
        case SSL_READ_EARLY_DATA_FINISH:
            t->early_due = false;
            break;
        case SSL_READ_EARLY_DATA_SUCCESS:
            if (!early_keep(t, data, len)) {
                t->fault = CHAN_TLS_FAULT_MEMORY;
                result = CHAN_LOST;
            }
            break;
        default:
            result = chan_tls_result(t, 0, &t->read_wants);
        }
    }
    wipe(data, sizeof(data));
    return result;
}

void chan_tls_early_take(struct chan_tls *t, void *to, size_t len, size_t *ret_len)
{
    struct str held = buf_peek(&t->early->received);
    *ret_len = len < held.len ? len : held.len;
    memcpy(to, held.ptr, *ret_len);
    buf_consume(&t->early->received, *ret_len);
    if (t->finished && buf_len(&t->early->received) == 0)
        chan_tls_early_free(t);
}

enum chan_result chan_tls_read_early(struct chan *c, void *data, size_t cap, size_t *ret_len,
                                     bool *ret_end)
{
    struct chan_tls *t = chan_tls(c);
    *ret_len = 0;
    *ret_end = false;
    if (t->fault != CHAN_TLS_FAULT_NONE)
        return CHAN_LOST;
    if (t->early)
        chan_tls_early_take(t, data, cap, ret_len);
    bool held = t->early && buf_len(&t->early->received) > 0;
    *ret_end = !t->early_due && !held;
    return *ret_len > 0 || *ret_end ? CHAN_OK : CHAN_AGAIN;
}

/* One record at a time, and none while an earlier one waits: that bounds what is held. */
static enum chan_result server_write(struct chan_tls *t, const void *data, size_t len,
                                     size_t *ret_len)
{
    if (!t->early)
        return CHAN_AGAIN;
    t->write_wants = 0;
    enum chan_result result = chan_tls_push(t);
    if (result != CHAN_OK)
        return result == CHAN_AGAIN ? CHAN_AGAIN : chan_tls_lost(t);
    return write_gathered(t, data, len < SSL3_RT_MAX_PLAIN_LENGTH ? len : SSL3_RT_MAX_PLAIN_LENGTH,
                          ret_len);
}

enum chan_result chan_tls_write_early(struct chan *c, const void *data, size_t len, size_t *ret_len)
{
    struct chan_tls *t = chan_tls(c);
    *ret_len = 0;
    if (t->fault != CHAN_TLS_FAULT_NONE)
        return CHAN_LOST;
    if (!t->ctx->server)
        return client_write(t, data, len, ret_len);
    return t->finished ? chan_write(c, data, len, ret_len) : server_write(t, data, len, ret_len);
}
