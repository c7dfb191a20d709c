/* Why TLS failed, in plain words. */
#include "net/chan_tls_private.h"

#include <openssl/err.h>

static bool first_bytes_are(const struct chan_tls *t, const char *prefix)
{
    size_t len = strlen(prefix);
    return t->first_len >= len && memcmp(t->first, prefix, len) == 0;
}

/* Handshake, alert: the records that can come first (RFC 8446 §5.1). */
static bool first_bytes_are_tls(const struct chan_tls *t)
{
    return t->first_len == 0 || t->first[0] == 0x16 || t->first[0] == 0x15;
}

static const char *first_bytes_look_like(const struct chan_tls *t)
{
    static const char *const http[] = {"HTTP/", "GET ",    "POST ",  "HEAD ",
                                       "PUT ",  "OPTIONS", "CONNECT"};
    for (size_t i = 0; i < ARRAY_LEN(http); i++)
        if (first_bytes_are(t, http[i]))
            return "HTTP";
    if (t->first[0] == '<')
        return "XML without TLS";
    if (first_bytes_are(t, "SSH-"))
        return "SSH";
    if (first_bytes_are(t, "220") || first_bytes_are(t, "* OK") || first_bytes_are(t, "+OK"))
        return "mail";
    return "another protocol";
}

static void explain_tls(struct chan_tls *t, unsigned long e)
{
    int reason = ERR_GET_REASON(e);
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
        t->peer_alert = true;
        chan_explain(&t->chan, "the peer sent the alert \"%s\"",
                     SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
        return;
    }
    const char *why = ERR_reason_error_string(e);
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW)
        why = "the peer speaks no TLS version from 1.2 on";
    else if (reason == SSL_R_NO_SHARED_CIPHER)
        why = "there is no common cipher suite";
    chan_explain(&t->chan, "%s", why ? why : "TLS failed");
}

enum chan_result chan_tls_lost(struct chan_tls *t)
{
    unsigned long e = ERR_peek_error();
    t->read_wants = t->write_wants = 0;
    if (t->fault == CHAN_TLS_FAULT_NONE && ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
        t->fault = CHAN_TLS_FAULT_MEMORY;
    if (t->fault == CHAN_TLS_FAULT_MEMORY)
        chan_explain(&t->chan, "out of memory");
    if (t->fault == CHAN_TLS_FAULT_NONE && !t->finished && !first_bytes_are_tls(t)) {
        t->fault = CHAN_TLS_FAULT_NOT_TLS;
        chan_explain(&t->chan, "the peer does not speak TLS: its first bytes look like %s",
                     first_bytes_look_like(t));
    }
    if (t->fault == CHAN_TLS_FAULT_NONE) {
        t->fault = CHAN_TLS_FAULT_TLS;
        explain_tls(t, e);
    }
    ERR_clear_error();
    return CHAN_LOST;
}

enum chan_result chan_tls_result(struct chan_tls *t, int returned, uint8_t *wants)
{
    switch (SSL_get_error(t->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        *wants = CHAN_WANTS_READ;
        return CHAN_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        *wants = CHAN_WANTS_WRITE;
        return CHAN_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return CHAN_EOF;
    default:
        return chan_tls_lost(t);
    }
}

enum linnet_error_code chan_tls_error(const struct chan *c, const char *target,
                                      struct linnet_error *error)
{
    const struct chan_tls *t = chan_tls_const(c);
    enum linnet_origin origin = t->peer_alert ? LINNET_ORIGIN_PEER : LINNET_ORIGIN_NETWORK;
    switch ((enum chan_tls_fault)t->fault) {
    case CHAN_TLS_FAULT_MEMORY:
        return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    case CHAN_TLS_FAULT_NOT_TLS:
        /* A server that answers with XML does speak XMPP, but not TLS from the first byte. */
        if (t->first[0] != '<')
            return error_set(error, LINNET_ERROR_NOT_XMPP, LINNET_ORIGIN_PEER, "target", target,
                             "found", first_bytes_look_like(t), NULL);
        return error_set(error, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_PEER, "target", target,
                         "reason", chan_fault(c), NULL);
    case CHAN_TLS_FAULT_CUT:
        if (t->finished)
            return error_set(error, LINNET_ERROR_CONNECTION_LOST, origin, "target", target,
                             "reason", chan_fault(c), NULL);
        break;
    default:
        break;
    }
    return error_set(error, LINNET_ERROR_TLS_FAILED, origin, "target", target, "reason",
                     chan_fault(c), NULL);
}
