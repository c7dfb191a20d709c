/* Resuming sessions as a client. A serialised session begins with a digest of the host and of the
 * trust it was made under: the server is not verified again when it is resumed, so it must serve
 * no other host and no other anchors. */
#include "base/hash.h"
#include "base/wipe.h"
#include "net/chan_tls_private.h"

#include <stdlib.h>

enum { SESSION_TAG_BYTES = 32 };

static bool session_tag(const struct chan_tls *t, uint8_t ret[SESSION_TAG_BYTES])
{
    const struct str parts[] = {str_of(t->ctx->trust_id, sizeof(t->ctx->trust_id)),
                                str_from(t->host ? t->host : "")};
    return hash_digest(HASH_SHA256, parts, ARRAY_LEN(parts), ret);
}

void chan_tls_resume(struct chan_tls *t, struct str session)
{
    uint8_t tag[SESSION_TAG_BYTES];
    if (session.len <= sizeof(tag) || !session_tag(t, tag) ||
        memcmp(session.ptr, tag, sizeof(tag)) != 0)
        return;
    const unsigned char *der = (const unsigned char *)session.ptr + sizeof(tag);
    SSL_SESSION *s = d2i_SSL_SESSION(NULL, &der, (long)(session.len - sizeof(tag)));
    if (s && SSL_SESSION_is_resumable(s))
        SSL_set_session(t->ssl, s);
    SSL_SESSION_free(s);
}

static bool session_write(const struct chan_tls *t, SSL_SESSION *session, struct buf *out)
{
    int len = i2d_SSL_SESSION(session, NULL);
    uint8_t tag[SESSION_TAG_BYTES];
    if (len <= 0 || !session_tag(t, tag))
        return false;
    buf_append(out, tag, sizeof(tag));
    uint8_t *der = buf_reserve(out, (size_t)len);
    if (der)
        buf_commit(out, (size_t)i2d_SSL_SESSION(session, &der));
    return der;
}

/* OpenSSL makes the session of a new ticket by copying the one before, and with it how much early
 * data that allowed; a ticket that allows none does not say so. */
void chan_tls_forget_early(struct chan_tls *t)
{
    SSL_SESSION *s = SSL_get0_session(t->ssl);
    if (s)
        SSL_SESSION_set_max_early_data(s, 0);
}

/* Serialised at once: OpenSSL makes a session unusable when its connection is freed without a
 * shutdown. Only a connection whose server was verified may be resumed. */
int chan_tls_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct chan_tls *t = SSL_get_app_data(ssl);
    if (t->keep_session && chan_tls_verdict(t, NULL, 0) == TLS_VERDICT_OK) {
        buf_reset(&t->session);
        if (!session_write(t, session, &t->session))
            buf_reset(&t->session);
    }
    chan_tls_forget_early(t);
    return 0; /* no reference is kept */
}

bool chan_tls_session(const struct chan *c, struct buf *out)
{
    const struct chan_tls *t = chan_tls_const(c);
    struct str session = buf_peek(&t->session);
    if (session.len > 0) {
        buf_str(out, session);
        return !out->failed;
    }
    /* On TLS 1.2 a resumed session goes on being good until a new ticket replaces it. */
    return t->keep_session && t->finished && SSL_version(t->ssl) == TLS1_2_VERSION &&
           SSL_session_reused(t->ssl) == 1 && chan_tls_verdict(t, NULL, 0) == TLS_VERDICT_OK &&
           session_write(t, SSL_get_session(t->ssl), out);
}
