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

/* --- OpenSSL's bytes come from `received` and go to `sealed` --- */

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
    buf_append(&w->sealed, from, len);
    *ret_len = len;
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
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1)
        die("OpenSSL cannot be set up");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
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
    buf_finish(&w->sealed);
    *w = (struct wire){.fd = -1, .ended = true};
}

/* --- writing --- */

static void send_some(struct wire *w, struct buf *from)
{
    bool full = false;
    while (buf_len(from) > 0 && !full && !w->ended) {
        struct str bytes = buf_peek(from);
        ssize_t sent = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        full = sent < 0 && would_block();
        w->ended = sent < 0 && !full;
        buf_consume(from, sent < 0 ? 0 : (size_t)sent);
    }
    if (full != w->waits_for_room && !w->ended) {
        w->waits_for_room = full;
        watch(w, EPOLL_CTL_MOD);
    }
    buf_trim(from);
}

void wire_seal(struct wire *w)
{
    struct str text = buf_peek(&w->out);
    if (!w->secured || text.len == 0)
        return;
    if (SSL_write(w->ssl, text.ptr, (int)text.len) != (int)text.len)
        w->ended = true;
    buf_consume(&w->out, text.len);
    buf_trim(&w->out);
}

void wire_flush(struct wire *w)
{
    wire_seal(w);
    send_some(w, w->ssl ? &w->sealed : &w->out);
    if (w->in.failed || w->out.failed || w->sealed.failed)
        die("out of memory");
}

void wire_finish(struct wire *w)
{
    if (w->secured && SSL_shutdown(w->ssl) < 0)
        ERR_clear_error();
    wire_flush(w);
    shutdown(w->fd, SHUT_WR);
}

/* --- TLS --- */

/* What another try cannot help has ended. */
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
    wire_flush(w);
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

void wire_ready(struct wire *w, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(w);
    if ((events & EPOLLOUT) && !w->ended)
        wire_flush(w);
}
