#include "net/tls_ctx_private.h"

#include "base/hash.h"
#include "net/tls_certificate.h"
#include "net/tls_identity.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

/* Forward secrecy and authenticated encryption only (BCP 195); AES-128 first, since it is the
 * cheapest where there is AES hardware, and a client without it moves ChaCha20 to the front. */
static const char tls12_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char tls13_ciphers[] =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

static struct tls_ctx *ctx_failed(struct tls_ctx *ctx, char reason[TLS_REASON_BYTES],
                                  const char *text)
{
    snprintf(reason, TLS_REASON_BYTES, "%s", text);
    ERR_clear_error();
    tls_ctx_unref(ctx);
    return NULL;
}

/* Whether OpenSSL found nothing of the kind in a file of PEM. */
static bool is_nothing_in_it(unsigned long e)
{
    return (ERR_GET_LIB(e) == ERR_LIB_OSSL_DECODER && ERR_GET_REASON(e) == ERR_R_UNSUPPORTED) ||
           (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE) ||
           (ERR_GET_LIB(e) == ERR_LIB_X509 &&
            ERR_GET_REASON(e) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
}

/* Whether a passphrase was asked for, which no_passphrase refuses. */
static bool is_locked(unsigned long e)
{
    return ERR_GET_REASON(e) == ERR_R_INTERRUPTED_OR_CANCELLED;
}

/* Names the file, and why OpenSSL or the system refused it; `kind` is what should be in it. */
static struct tls_ctx *ctx_failed_file(struct tls_ctx *ctx, char reason[TLS_REASON_BYTES],
                                       const char *file, const char *kind)
{
    unsigned long e = ERR_peek_error();
    char told[96];
    const char *why = told;
    if (is_nothing_in_it(e))
        snprintf(told, sizeof(told), "there is no %s in PEM in it", kind);
    else if (is_locked(e))
        why = "it is under a passphrase, and must not be";
    else if (ERR_SYSTEM_ERROR(e))
        why = strerror_r(ERR_GET_REASON(e), told, sizeof(told));
    else
        why = ERR_reason_error_string(e);
    char text[TLS_REASON_BYTES];
    snprintf(text, sizeof(text), "cannot use %.160s: %.80s", file, why ? why : "unknown reason");
    return ctx_failed(ctx, reason, text);
}

/* A key under a passphrase is refused: OpenSSL would ask for it on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static bool ctx_set_policy(SSL_CTX *s)
{
    /* Measured: OpenSSL's X25519 keys take 0.1 ms and 3.4 KiB a connection less than P-256's. */
    char groups[] = "X25519:P-256:P-384";
    /* OpenSSL would free what was decrypted as it is: chan_tls_secrets_travelled ends the wiping.
     */
    SSL_CTX_set_options(s, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(s, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(s, no_passphrase);
    return SSL_CTX_set_min_proto_version(s, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(s, tls12_ciphers) == 1 &&
           SSL_CTX_set_ciphersuites(s, tls13_ciphers) == 1 &&
           SSL_CTX_set1_groups_list(s, groups) == 1;
}

static struct tls_ctx *ctx_new(bool server)
{
    struct tls_ctx *ctx = calloc(1, sizeof(*ctx));
    if (!ctx)
        return NULL;
    ERR_clear_error();
    atomic_init(&ctx->refs, 1);
    ctx->server = server;
    ctx->bio_method = chan_tls_bio_method();
    ctx->ssl_ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!ctx->bio_method || !ctx->ssl_ctx || !ctx_set_policy(ctx->ssl_ctx)) {
        tls_ctx_unref(ctx);
        return NULL;
    }
    return ctx;
}

/* ---- server ---- */

/* A client that asks for other protocols only was sent here by mistake or by an attacker (ALPACA):
 * no_application_protocol (RFC 7301 §3.2). One that asks for none is fine. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
    const struct tls_ctx *ctx = arg;
    (void)ssl;
    for (unsigned i = 0; i < offered_len; i += 1u + offered[i]) {
        size_t len = 1u + offered[i];
        if (len <= offered_len - i && len == strlen(ctx->alpn) &&
            memcmp(offered + i, ctx->alpn, len) == 0) {
            *out = offered + i + 1;
            *out_len = offered[i];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool ctx_set_alpn(struct tls_ctx *ctx, const char *alpn)
{
    if (!alpn)
        return true;
    size_t len = strlen(alpn);
    if (len == 0 || len > sizeof(ctx->alpn) - 2)
        return false;
    snprintf(ctx->alpn, sizeof(ctx->alpn), "%c%s", (int)len, alpn);
    SSL_CTX_set_alpn_select_cb(ctx->ssl_ctx, choose_alpn, ctx);
    return true;
}

/* Sessions live in tickets only, never in memory of ours. One ticket per handshake suffices: a
 * client opens one connection at a time. */
static bool ctx_set_tickets(struct tls_ctx *ctx, struct tls_tickets *tickets)
{
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_OFF);
    if (!tickets) {
        SSL_CTX_set_options(ctx->ssl_ctx, SSL_OP_NO_TICKET);
        return SSL_CTX_set_num_tickets(ctx->ssl_ctx, 0) == 1;
    }
    ctx->tickets = tls_tickets_ref(tickets);
    return SSL_CTX_set_num_tickets(ctx->ssl_ctx, 1) == 1 &&
           tls_tickets_install(tickets, ctx->ssl_ctx);
}

/* OpenSSL's own protection against replays is a cache for each context, which a client of another
 * loop would miss, so ours replaces it (chan_tls_allow_early). Its check of the ticket's age stays:
 * within ten seconds of what the client says (RFC 8446 §8.3). Early data that is not accepted is
 * skipped, up to what tickets under other settings may allow. */
static bool ctx_set_early(struct tls_ctx *ctx, const struct tls_server_settings *s)
{
    if (!s->tickets || !s->once || s->early_data_max_bytes == 0)
        return true;
    ctx->once = tls_once_ref(s->once);
    ctx->early_max = s->early_data_max_bytes;
    uint32_t skip_max = SSL3_RT_MAX_PLAIN_LENGTH; /* OpenSSL's own */
    if (skip_max < ctx->early_max)
        skip_max = ctx->early_max;
    SSL_CTX_set_options(ctx->ssl_ctx, SSL_OP_NO_ANTI_REPLAY);
    SSL_CTX_set_allow_early_data_cb(ctx->ssl_ctx, chan_tls_allow_early, ctx);
    return SSL_CTX_set_max_early_data(ctx->ssl_ctx, ctx->early_max) == 1 &&
           SSL_CTX_set_recv_max_early_data(ctx->ssl_ctx, skip_max) == 1;
}

/* A session is resumed under its own certificate only: a client that resumes is shown none, and
 * would bind to another one than the server does (RFC 5929 §4). */
static bool ctx_note_certificate(struct tls_ctx *ctx)
{
    X509 *cert = SSL_CTX_get0_certificate(ctx->ssl_ctx);
    uint8_t digest[32];
    ctx->end_point_len = tls_certificate_end_point(cert, ctx->end_point);
    return X509_digest(cert, EVP_sha256(), digest, NULL) == 1 &&
           SSL_CTX_set_session_id_context(ctx->ssl_ctx, digest, sizeof(digest)) == 1;
}

struct tls_ctx *tls_ctx_new_server(const struct tls_server_settings *s,
                                   char reason[TLS_REASON_BYTES])
{
    struct tls_ctx *ctx = ctx_new(true);
    if (!ctx)
        return ctx_failed(NULL, reason, "TLS cannot be set up: out of memory");
    if (!ctx_set_alpn(ctx, s->alpn) || !ctx_set_tickets(ctx, s->tickets) || !ctx_set_early(ctx, s))
        return ctx_failed(ctx, reason, "TLS cannot be set up");
    if (SSL_CTX_use_certificate_chain_file(ctx->ssl_ctx, s->cert_file) != 1)
        return ctx_failed_file(ctx, reason, s->cert_file, "certificate");
    if (SSL_CTX_use_PrivateKey_file(ctx->ssl_ctx, s->key_file, SSL_FILETYPE_PEM) != 1 &&
        ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
        return ctx_failed_file(ctx, reason, s->key_file, "private key");
    if (SSL_CTX_check_private_key(ctx->ssl_ctx) != 1) {
        char text[TLS_REASON_BYTES];
        snprintf(text, sizeof(text), "the key in %.90s does not belong to the certificate in %.90s",
                 s->key_file, s->cert_file);
        return ctx_failed(ctx, reason, text);
    }
    if (!ctx_note_certificate(ctx))
        return ctx_failed(ctx, reason, "TLS cannot be set up");
    return ctx;
}

void tls_ctx_certificate(const struct tls_ctx *ctx, struct tls_certificate *ret)
{
    tls_certificate_read(SSL_CTX_get0_certificate(ctx->ssl_ctx), ret);
}

bool tls_ctx_is_for(const struct tls_ctx *ctx, const char *host, const char *srv_service)
{
    const struct tls_identity id = {host, srv_service, true};
    return tls_identity_matches(SSL_CTX_get0_certificate(ctx->ssl_ctx), &id);
}

/* ---- client ---- */

/* Anchors given by a file replace the system's (RFC 6120 §13.6), and any certificate in the file
 * is one, so that the certificate of a single server will do. */
static bool ctx_set_anchors(struct tls_ctx *ctx, const char *ca_file)
{
    if (!ca_file)
        return SSL_CTX_set_default_verify_paths(ctx->ssl_ctx) == 1;
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx->ssl_ctx), X509_V_FLAG_PARTIAL_CHAIN);
    return SSL_CTX_load_verify_file(ctx->ssl_ctx, ca_file) == 1;
}

/* Digest of what decides about trust: the pins, and either "system" or the anchors themselves. */
static bool ctx_set_trust_id(struct tls_ctx *ctx, bool system)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, ctx->pins, sizeof(ctx->pins)) == 1 &&
              EVP_DigestUpdate(md, system ? "system" : "file", system ? 6 : 4) == 1;
    STACK_OF(X509_OBJECT) *anchors = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx->ssl_ctx));
    for (int i = 0; ok && !system && i < sk_X509_OBJECT_num(anchors); i++) {
        X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(anchors, i));
        uint8_t digest[32];
        if (cert)
            ok = X509_digest(cert, EVP_sha256(), digest, NULL) == 1 &&
                 EVP_DigestUpdate(md, digest, sizeof(digest)) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(md, ctx->trust_id, NULL) == 1;
    EVP_MD_CTX_free(md);
    return ok;
}

struct tls_ctx *tls_ctx_new_client(const struct tls_client_settings *s,
                                   char reason[TLS_REASON_BYTES])
{
    struct tls_ctx *ctx = ctx_new(false);
    if (!ctx)
        return ctx_failed(NULL, reason, "TLS cannot be set up: out of memory");
    /* The verdict is recorded, and the handshake goes on (chan_tls.h). */
    SSL_CTX_set_verify(ctx->ssl_ctx, SSL_VERIFY_NONE, chan_tls_verified);
    SSL_CTX_set_session_cache_mode(ctx->ssl_ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx->ssl_ctx, chan_tls_new_session);
    ctx->pin_count = s->pin_count < TLS_PINS_MAX ? s->pin_count : TLS_PINS_MAX;
    memcpy(ctx->pins, s->pins, ctx->pin_count * sizeof(ctx->pins[0]));
    ctx->xmpp_addr = s->xmpp_addr;
    if (s->srv_service)
        snprintf(ctx->srv_service, sizeof(ctx->srv_service), "%s", s->srv_service);
    if (!ctx_set_anchors(ctx, s->ca_file))
        return ctx_failed_file(ctx, reason, s->ca_file ? s->ca_file : "the system's certificates",
                               "certificate");
    if (!ctx_set_trust_id(ctx, !s->ca_file))
        return ctx_failed(ctx, reason, "TLS cannot be set up: out of memory");
    return ctx;
}

struct tls_ctx *tls_ctx_ref(struct tls_ctx *ctx)
{
    atomic_fetch_add(&ctx->refs, 1);
    return ctx;
}

void tls_ctx_unref(struct tls_ctx *ctx)
{
    if (!ctx || atomic_fetch_sub(&ctx->refs, 1) != 1)
        return;
    SSL_CTX_free(ctx->ssl_ctx);
    BIO_meth_free(ctx->bio_method);
    tls_tickets_unref(ctx->tickets);
    tls_once_unref(ctx->once);
    free(ctx);
}
