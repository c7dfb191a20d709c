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

/* Serialised at once: OpenSSL makes a session unusable when its connection is freed without a
 * shutdown. Only a connection whose server was verified may be resumed. */
int chan_tls_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct chan_tls *t = SSL_get_app_data(ssl);
    if (!t->keep_session || chan_tls_verdict(t, NULL, 0) != TLS_VERDICT_OK)
        return 0;
    int len = i2d_SSL_SESSION(session, NULL);
    uint8_t tag[SESSION_TAG_BYTES];
    if (len <= 0 || !session_tag(t, tag))
        return 0;
    buf_reset(&t->session);
    buf_append(&t->session, tag, sizeof(tag));
    uint8_t *der = buf_reserve(&t->session, (size_t)len);
    if (der)
        buf_commit(&t->session, (size_t)i2d_SSL_SESSION(session, &der));
    return 0; /* no reference is kept */
}

bool chan_tls_session(const struct chan *c, struct buf *out)
{
    struct str session = buf_peek(&chan_tls_const(c)->session);
    if (session.len <= SESSION_TAG_BYTES)
        return false;
    buf_str(out, session);
    return true;
}
