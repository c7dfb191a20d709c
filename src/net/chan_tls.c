#include "net/chan_tls_private.h"

#include "base/wipe.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>

/* What is held back goes first and is all gone in the end; until then the peer is read from, too,
 * so that two ends that send do not wait for each other. */
static enum chan_result handshake_step(struct chan_tls *t)
{
    ERR_clear_error();
    enum chan_result result = chan_tls_push(t);
    if (result != CHAN_OK && result != CHAN_AGAIN)
        return result;
    if (t->early_due && (result = chan_tls_early_gather(t)) != CHAN_OK)
        return result;
    int returned = SSL_do_handshake(t->ssl);
    if (returned != 1)
        return chan_tls_result(t, returned, &t->read_wants);
    return chan_tls_push(t);
}

enum chan_result chan_tls_handshake(struct chan *c)
{
    struct chan_tls *t = chan_tls(c);
    if (t->finished)
        return CHAN_OK;
    if (t->fault != CHAN_TLS_FAULT_NONE)
        return CHAN_LOST;
    t->begun = true;
    t->read_wants = t->write_wants = 0;
    enum chan_result result = handshake_step(t);
    if (result == CHAN_AGAIN)
        return CHAN_AGAIN;
    if (result != CHAN_OK)
        return chan_tls_lost(t);
    t->finished = true;
    t->read_wants = t->write_wants = 0;
    if (!t->ctx->server)
        chan_tls_forget_early(t);
    if (t->early && buf_len(&t->early->received) == 0)
        chan_tls_early_free(t);
    return CHAN_OK;
}

static enum chan_result tls_read(struct chan *c, void *to, size_t len, size_t *ret_len)
{
    struct chan_tls *t = chan_tls(c);
    if (t->fault != CHAN_TLS_FAULT_NONE || !t->finished)
        return CHAN_LOST;
    if (t->early && len > 0) {
        chan_tls_early_take(t, to, len, ret_len);
        return CHAN_OK;
    }
    ERR_clear_error();
    t->read_wants = 0;
    int returned = SSL_read_ex(t->ssl, to, len, ret_len);
    if (returned != 1)
        return chan_tls_result(t, returned, &t->read_wants);
    c->bytes_in += *ret_len;
    return CHAN_OK;
}

/* Writes as many records as go. */
static enum chan_result tls_write(struct chan *c, const void *from, size_t len, size_t *ret_len)
{
    struct chan_tls *t = chan_tls(c);
    if (t->fault != CHAN_TLS_FAULT_NONE || !t->finished)
        return CHAN_LOST;
    ERR_clear_error();
    t->write_wants = 0;
    size_t total = 0;
    enum chan_result result = CHAN_OK;
    while (total < len && result == CHAN_OK) {
        size_t sent = 0;
        int returned = SSL_write_ex(t->ssl, (const char *)from + total, len - total, &sent);
        if (returned == 1)
            total += sent;
        else
            result = chan_tls_result(t, returned, &t->write_wants);
    }
    c->bytes_out += total;
    *ret_len = total;
    return total > 0 && result == CHAN_AGAIN ? CHAN_OK : result;
}

static enum chan_result tls_shutdown(struct chan *c)
{
    struct chan_tls *t = chan_tls(c);
    t->write_wants = 0;
    if (t->finished && t->fault == CHAN_TLS_FAULT_NONE) {
        ERR_clear_error();
        int returned = SSL_shutdown(t->ssl);
        if (returned < 0 && chan_tls_result(t, returned, &t->write_wants) == CHAN_AGAIN)
            return CHAN_AGAIN;
    }
    return chan_shutdown(c->below);
}

static unsigned tls_wants(const struct chan *c)
{
    const struct chan_tls *t = chan_tls_const(c);
    return (unsigned)t->read_wants | t->write_wants;
}

static bool tls_pending(const struct chan *c)
{
    const struct chan_tls *t = chan_tls_const(c);
    return t->ahead || (t->early && buf_len(&t->early->received) > 0) || SSL_pending(t->ssl) > 0 ||
           chan_pending(c->below);
}

static void tls_free(struct chan *c)
{
    struct chan_tls *t = chan_tls(c);
    SSL_free(t->ssl);
    tls_ctx_unref(t->ctx);
    free(t->host);
    wipe_free(t->ahead, t->ahead_end);
    buf_finish(&t->session);
    chan_tls_early_free(t);
    free(t);
}

static const struct chan_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .shutdown = tls_shutdown,
    .wants = tls_wants,
    .pending = tls_pending,
    .free = tls_free,
};

/* SNI names the domain, never an address (RFC 6066 §3). */
static bool client_set_host(struct chan_tls *t, const char *host)
{
    uint8_t ip[16];
    if (!host)
        return true;
    t->host = strdup(host);
    if (!t->host)
        return false;
    if (inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1)
        return true;
    return SSL_set_tlsext_host_name(t->ssl, t->host) == 1;
}

static bool client_set_alpn(struct chan_tls *t, const char *alpn)
{
    size_t len = alpn ? strlen(alpn) : 0;
    uint8_t wire[256];
    if (len == 0 || len > sizeof(wire) - 1)
        return len == 0;
    wire[0] = (uint8_t)len;
    memcpy(wire + 1, alpn, len);
    return SSL_set_alpn_protos(t->ssl, wire, (unsigned)len + 1) == 0; /* here 0 is success */
}

/* The SSL object and its BIO over `below`. */
static bool tls_attach(struct chan_tls *t)
{
    t->ssl = SSL_new(t->ctx->ssl_ctx);
    BIO *bio = t->ssl ? BIO_new(t->ctx->bio_method) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    if (t->ctx->server) {
        SSL_set_accept_state(t->ssl);
        return true;
    }
    SSL_set_connect_state(t->ssl);
    return SSL_set_app_data(t->ssl, t) == 1; /* for the callbacks, which a client has only */
}

struct chan *chan_tls_new(struct tls_ctx *ctx, struct chan *below,
                          const struct chan_tls_options *options)
{
    struct chan_tls *t = calloc(1, sizeof(*t));
    if (!t) {
        chan_free(below);
        return NULL;
    }
    t->chan.ops = &tls_ops;
    t->chan.below = below;
    t->chan.fd = below->fd;
    t->ctx = tls_ctx_ref(ctx);
    t->keep_session = options->keep_session && !ctx->server;
    t->early_due = ctx->early_max > 0;
    buf_init(&t->session, 0, true);
    struct str leftover = options->leftover;
    bool ok = tls_attach(t) && chan_tls_put_ahead(t, leftover.ptr, leftover.len);
    if (ok && !ctx->server) {
        ok = client_set_host(t, options->host) && client_set_alpn(t, options->alpn);
        if (ok && options->session.len > 0)
            chan_tls_resume(t, options->session);
        if (ok && options->early_data)
            ok = chan_tls_early_offer(t, options->alpn);
    }
    if (!ok) {
        ERR_clear_error();
        chan_free(&t->chan);
        return NULL;
    }
    return &t->chan;
}

void chan_tls_secrets_travelled(struct chan *c)
{
    if (c->ops == &tls_ops)
        SSL_clear_options(chan_tls(c)->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

const char *chan_tls_cipher(const struct chan *c)
{
    return c->ops == &tls_ops ? SSL_get_cipher_name(chan_tls_const(c)->ssl) : NULL;
}

const char *chan_tls_sni(const struct chan *c)
{
    const char *name = SSL_get_servername(chan_tls_const(c)->ssl, TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}
