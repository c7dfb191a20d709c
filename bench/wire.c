#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What was just received. OpenSSL takes all of it before the next connection is read: a part of a
 * record stays in OpenSSL's buffer, never here. */
static char received[WIRE_READ_BYTES];

void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* --- OpenSSL's bytes come from `received` and go to the socket --- */

static int bio_read(BIO *bio, char *to, size_t len, size_t *ret_len)
{
    struct wire *w = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (w->raw.len == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *ret_len = len < w->raw.len ? len : w->raw.len;
    memcpy(to, w->raw.ptr, *ret_len);
    w->raw = str_of(w->raw.ptr + *ret_len, w->raw.len - *ret_len);
    return 1;
}

static int bio_write(BIO *bio, const char *from, size_t len, size_t *ret_len)
{
    struct wire *w = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(w->fd, from, len, MSG_NOSIGNAL);
    if (sent < 0) {
        if (would_block())
            BIO_set_retry_write(bio);
        else
            w->ended = true;
        return 0;
    }
    *ret_len = (size_t)sent;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr)
{
    (void)bio, (void)num, (void)ptr;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method(void)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "wire");
        BIO_meth_set_read_ex(method, bio_read);
        BIO_meth_set_write_ex(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    return method;
}

SSL_CTX *wire_tls_context(bool server, const char *cert_file, const char *key_file)
{
    SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(ctx, "P-256:X25519") != 1)
        die("OpenSSL cannot be set up");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (server && (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1 ||
                   SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1))
        die("cannot use %s with %s", cert_file, key_file);
    return ctx;
}

/* --- a connection --- */

static void watch(struct wire *w, int operation)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = w->owner};
    if (w->waits_for_room)
        e.events |= EPOLLOUT;
    if (epoll_ctl(w->epoll, operation, w->fd, &e) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

void wire_open(struct wire *w, int epoll, int fd, void *owner, bool connecting)
{
    *w = (struct wire){.fd = fd, .epoll = epoll, .owner = owner, .waits_for_room = connecting};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    watch(w, EPOLL_CTL_ADD);
}

void wire_close(struct wire *w)
{
    if (w->fd < 0)
        return;
    SSL_free(w->ssl);
    close(w->fd);
    buf_finish(&w->in);
    buf_finish(&w->out);
    *w = (struct wire){.fd = -1, .ended = true};
}

/* Whether another try can help; what cannot be helped has ended. */
static void note_failure(struct wire *w, int returned)
{
    int error = SSL_get_error(w->ssl, returned);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        w->ended = true;
    ERR_clear_error();
}

static void handshake(struct wire *w)
{
    int returned = SSL_do_handshake(w->ssl);
    if (returned == 1)
        w->secured = true;
    else
        note_failure(w, returned);
}

void wire_start_tls(struct wire *w, SSL_CTX *ctx, bool server)
{
    BIO *bio = BIO_new(bio_method());
    w->ssl = SSL_new(ctx);
    if (!w->ssl || !bio)
        die("out of memory");
    BIO_set_data(bio, w);
    BIO_set_init(bio, 1);
    SSL_set_bio(w->ssl, bio, bio);
    if (server)
        SSL_set_accept_state(w->ssl);
    else
        SSL_set_connect_state(w->ssl);
    if (!w->waits_for_room)
        handshake(w);
}

static void decrypt(struct wire *w)
{
    for (;;) {
        size_t got;
        uint8_t *to = buf_reserve(&w->in, 4096);
        if (!to)
            die("out of memory");
        int returned = SSL_read_ex(w->ssl, to, 4096, &got);
        if (returned != 1) {
            note_failure(w, returned);
            return;
        }
        buf_commit(&w->in, got);
    }
}

/* One recv: what is not read now is told again by epoll. */
static void receive(struct wire *w)
{
    ssize_t got = recv(w->fd, received, sizeof(received), 0);
    if (got <= 0) {
        w->ended = w->ended || got == 0 || !would_block();
        return;
    }
    w->raw = str_of(received, (size_t)got);
    if (!w->ssl) {
        buf_str(&w->in, w->raw);
        w->raw = STR_NONE;
        return;
    }
    if (!w->secured)
        handshake(w);
    if (w->secured)
        decrypt(w);
}

static size_t write_some(struct wire *w, struct str bytes)
{
    size_t written = 0;
    if (w->ssl) {
        int returned = SSL_write_ex(w->ssl, bytes.ptr, bytes.len, &written);
        if (returned != 1)
            note_failure(w, returned);
        return written;
    }
    ssize_t sent = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (sent < 0 && !would_block())
        w->ended = true;
    return sent < 0 ? 0 : (size_t)sent;
}

void wire_flush(struct wire *w)
{
    bool full = false;
    while (buf_len(&w->out) > 0 && !full && !w->ended) {
        size_t written = write_some(w, buf_peek(&w->out));
        full = written == 0;
        buf_consume(&w->out, written);
    }
    if (full != w->waits_for_room && !w->ended) {
        w->waits_for_room = full;
        watch(w, EPOLL_CTL_MOD);
    }
    buf_trim(&w->out);
}

void wire_ready(struct wire *w, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(w);
    if ((events & EPOLLOUT) && !w->ended) {
        if (w->ssl && !w->secured)
            handshake(w);
        wire_flush(w);
    }
}

void wire_finish(struct wire *w)
{
    if (w->ssl && w->secured && SSL_shutdown(w->ssl) < 0)
        ERR_clear_error();
    shutdown(w->fd, SHUT_WR);
}
