/* Bytes between OpenSSL and the channel below. */
#include "net/chan_tls_private.h"

#include <openssl/bio.h>
#include <stdlib.h>

/* OpenSSL asks for five bytes of record header first, then for the record: reading more than is
 * asked for saves a system call per record. */
enum { AHEAD_BYTES = 8192 };

static size_t ahead_take(struct chan_tls *t, void *to, size_t len)
{
    size_t held = t->ahead_end - t->ahead_start;
    if (len > held)
        len = held;
    memcpy(to, t->ahead + t->ahead_start, len);
    t->ahead_start += len;
    if (t->ahead_start == t->ahead_end) {
        free(t->ahead);
        t->ahead = NULL;
        t->ahead_start = t->ahead_end = 0;
    }
    return len;
}

bool chan_tls_put_ahead(struct chan_tls *t, const void *data, size_t len)
{
    if (len == 0)
        return true;
    t->ahead = malloc(len);
    if (!t->ahead)
        return false;
    memcpy(t->ahead, data, len);
    t->ahead_end = len;
    return true;
}

static void note_first_bytes(struct chan_tls *t, const uint8_t *data, size_t len)
{
    if (t->finished || t->first_len == sizeof(t->first))
        return;
    if (len > sizeof(t->first) - t->first_len)
        len = sizeof(t->first) - t->first_len;
    memcpy(t->first + t->first_len, data, len);
    t->first_len += (uint8_t)len;
}

static void below_failed(struct chan_tls *t, enum chan_result result)
{
    if (t->fault != CHAN_TLS_FAULT_NONE)
        return;
    t->fault = CHAN_TLS_FAULT_CUT;
    const char *why = chan_fault(t->chan.below);
    if (result == CHAN_LOST && why[0])
        chan_explain(&t->chan, "%s", why);
    else
        chan_explain(&t->chan, "the peer closed the connection %s",
                     t->finished ? "without the end that TLS prescribes"
                                 : "during the TLS handshake");
}

static int bio_read(BIO *bio, char *to, size_t len, size_t *ret_len)
{
    struct chan_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->ahead) {
        *ret_len = ahead_take(t, to, len);
        return 1;
    }
    uint8_t more[AHEAD_BYTES];
    bool direct = len >= sizeof(more);
    size_t got = 0;
    enum chan_result result =
        chan_read(t->chan.below, direct ? (void *)to : more, direct ? len : sizeof(more), &got);
    if (result == CHAN_AGAIN) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (result != CHAN_OK) {
        below_failed(t, result);
        return 0;
    }
    *ret_len = got < len ? got : len;
    if (!direct) {
        memcpy(to, more, *ret_len);
        if (!chan_tls_put_ahead(t, more + *ret_len, got - *ret_len)) {
            t->fault = CHAN_TLS_FAULT_MEMORY;
            return 0;
        }
    }
    note_first_bytes(t, (const uint8_t *)to, *ret_len);
    return 1;
}

enum chan_result chan_tls_push(struct chan_tls *t)
{
    struct buf *flight = t->early ? &t->early->flight : NULL;
    enum chan_result result = CHAN_OK;
    while (result == CHAN_OK && flight && buf_len(flight) > 0) {
        struct str held = buf_peek(flight);
        size_t sent = 0;
        result = chan_write(t->chan.below, held.ptr, held.len, &sent);
        if (result == CHAN_OK)
            buf_consume(flight, sent);
    }
    if (result == CHAN_AGAIN)
        t->write_wants = CHAN_WANTS_WRITE;
    else if (result != CHAN_OK)
        below_failed(t, result);
    return result;
}

static int gather(struct chan_tls *t, const char *from, size_t len, size_t *ret_len)
{
    buf_append(&t->early->flight, from, len);
    if (t->early->flight.failed)
        t->fault = CHAN_TLS_FAULT_MEMORY;
    *ret_len = len;
    return !t->early->flight.failed;
}

/* Around early data OpenSSL cannot wait: a client that tries again counts its bytes twice, a server
 * does not look whether they were sent. So what is written then is gathered, and sent by us. */
static int bio_write(BIO *bio, const char *from, size_t len, size_t *ret_len)
{
    struct chan_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->early && t->early->corked)
        return gather(t, from, len, ret_len);
    enum chan_result result = chan_tls_push(t);
    if (result == CHAN_OK)
        result = chan_write(t->chan.below, from, len, ret_len);
    if (result == CHAN_OK)
        return 1;
    if (result == CHAN_AGAIN)
        BIO_set_retry_write(bio);
    else
        below_failed(t, result);
    return 0;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *chan_tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "channel");
    if (m && BIO_meth_set_read_ex(m, bio_read) == 1 && BIO_meth_set_write_ex(m, bio_write) == 1 &&
        BIO_meth_set_ctrl(m, bio_ctrl) == 1)
        return m;
    BIO_meth_free(m);
    return NULL;
}
