/* What a handshake established: verdict, certificate, channel bindings. */
#include "net/chan_tls_private.h"
#include "net/tls_certificate.h"
#include "net/tls_identity.h"

#include <openssl/err.h>
#include <stdio.h>
#include <time.h>

/* ---- the verdict on the server's certificate ---- */

static bool is_matter_of_dates(int error)
{
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

/* OpenSSL's verify callback: notes every fault of the chain and lets the handshake go on. */
int chan_tls_verified(int ok, X509_STORE_CTX *store)
{
    struct chan_tls *t =
        SSL_get_app_data(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    int error = X509_STORE_CTX_get_error(store);
    if (ok && X509_STORE_CTX_get_error_depth(store) == 0)
        t->chain_walked = true;
    if (!ok && is_matter_of_dates(error))
        t->chain_expired = true;
    else if (!ok && t->chain_error == X509_V_OK)
        t->chain_error = error;
    return 1;
}

/* What is wrong with the chain, but for dates. That nothing was noted is no proof that all is well:
 * where OpenSSL lacks memory it gives up without a word to the callback, and the handshake goes on.
 * So the chain must have been walked to its end, and OpenSSL's own result must be good. A session
 * that is resumed was good when it was made (chan_tls_session.c). */
static int chain_fault(const struct chan_tls *t, bool resumed)
{
    long result = SSL_get_verify_result(t->ssl);
    if (t->chain_error != X509_V_OK)
        return t->chain_error;
    if (!t->chain_walked && !resumed)
        return X509_V_ERR_UNSPECIFIED;
    return t->chain_expired && is_matter_of_dates((int)result) ? X509_V_OK : (int)result;
}

static void say(char *out, size_t size, const char *text)
{
    if (out)
        snprintf(out, size, "%s", text);
}

static enum tls_verdict verdict_by_pin(const struct chan_tls *t, X509 *cert, char *reason,
                                       size_t reason_size)
{
    uint8_t spki[32];
    if (tls_certificate_spki_sha256(cert, spki))
        for (size_t i = 0; i < t->ctx->pin_count; i++)
            if (memcmp(spki, t->ctx->pins[i], sizeof(spki)) == 0)
                return TLS_VERDICT_OK;
    say(reason, reason_size, "its key is not the pinned one");
    return TLS_VERDICT_UNTRUSTED;
}

/* OpenSSL's words are for programmers: "unable to get local issuer certificate". */
static const char *chain_error_text(int error)
{
    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "it is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "the authority at the end of its chain is not a trusted one";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "its issuer is not a trusted authority";
    case X509_V_ERR_UNSPECIFIED:
        return "it could not be checked";
    default:
        return X509_verify_cert_error_string(error);
    }
}

/* The dates are looked at again even in a resumed session, whose chain was verified earlier. */
static bool dates_are_good(const struct chan_tls *t, X509 *cert, char *reason, size_t reason_size)
{
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
        say(reason, reason_size, "it is not yet valid");
    else if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
        say(reason, reason_size, "it has expired");
    else if (t->chain_expired)
        say(reason, reason_size, "the certificate of its issuer is not valid today");
    else
        return true;
    return false;
}

static enum tls_verdict judge(const struct chan_tls *t, bool resumed, char *reason,
                              size_t reason_size)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    if (t->ctx->server)
        return TLS_VERDICT_NOT_CHECKED;
    if (!cert) {
        say(reason, reason_size, "the server showed none");
        return TLS_VERDICT_UNTRUSTED;
    }
    if (t->ctx->pin_count > 0)
        return verdict_by_pin(t, cert, reason, reason_size);
    int fault = chain_fault(t, resumed);
    if (fault != X509_V_OK) {
        say(reason, reason_size, chain_error_text(fault));
        return TLS_VERDICT_UNTRUSTED;
    }
    const struct tls_identity id = {t->host, t->ctx->srv_service[0] ? t->ctx->srv_service : NULL,
                                    t->ctx->xmpp_addr};
    if (!t->host || !tls_identity_matches(cert, &id)) {
        say(reason, reason_size, "it names another domain");
        return TLS_VERDICT_NAME;
    }
    return dates_are_good(t, cert, reason, reason_size) ? TLS_VERDICT_OK : TLS_VERDICT_EXPIRED;
}

enum tls_verdict chan_tls_verdict(const struct chan_tls *t, char *reason, size_t reason_size)
{
    return judge(t, SSL_session_reused(t->ssl) == 1, reason, reason_size);
}

/* The certificate that OpenSSL gives before a handshake is the one in the session offered. */
enum tls_verdict chan_tls_early_verdict(const struct chan_tls *t, char *reason, size_t reason_size)
{
    return judge(t, true, reason, reason_size);
}

/* ---- channel bindings (RFC 5929, RFC 9266) ---- */

static void bind_exporter(SSL *ssl, struct tls_facts *f)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    /* An empty context, not an absent one: the two differ on TLS 1.2 (RFC 5705 §4). */
    if (SSL_export_keying_material(ssl, f->exporter, sizeof(f->exporter), label, sizeof(label) - 1,
                                   (const unsigned char *)"", 0, 1) == 1)
        f->exporter_len = sizeof(f->exporter);
}

/* The first Finished of the handshake: the client's, or the server's when resumed (RFC 5929 §3). */
static void bind_unique(SSL *ssl, bool server, struct tls_facts *f)
{
    bool own = server == f->resumed;
    f->unique_len = own ? SSL_get_finished(ssl, f->unique, sizeof(f->unique))
                        : SSL_get_peer_finished(ssl, f->unique, sizeof(f->unique));
    if (f->unique_len > sizeof(f->unique))
        f->unique_len = 0;
}

static void bind_end_point(const struct chan_tls *t, struct tls_facts *f)
{
    if (t->ctx->server) {
        memcpy(f->end_point, t->ctx->end_point, sizeof(f->end_point));
        f->end_point_len = t->ctx->end_point_len;
    } else {
        f->end_point_len =
            tls_certificate_end_point(SSL_get0_peer_certificate(t->ssl), f->end_point);
    }
}

static void facts_bindings(const struct chan_tls *t, struct tls_facts *f)
{
    bool tls13 = SSL_version(t->ssl) == TLS1_3_VERSION;
    /* Below 1.3 both depend on the extended master secret (RFC 9266 §4.2, RFC 7627 §1): without it
     * an attacker can make two connections agree. */
    bool bound_secret = tls13 || SSL_get_extms_support(t->ssl) == 1;
    if (bound_secret)
        bind_exporter(t->ssl, f);
    if (bound_secret && !tls13)
        bind_unique(t->ssl, t->ctx->server, f);
    bind_end_point(t, f);
}

/* ---- the rest ---- */

static void facts_alpn(SSL *ssl, struct tls_facts *f)
{
    const unsigned char *alpn;
    unsigned len;
    SSL_get0_alpn_selected(ssl, &alpn, &len);
    if (len > 0 && len < sizeof(f->alpn))
        memcpy(f->alpn, alpn, len);
}

static void facts_group(SSL *ssl, struct tls_facts *f)
{
    const char *group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
    snprintf(f->group, sizeof(f->group), "%s", group ? group : "");
}

/* What an accepted early handshake has settled, and a finished one too. */
static void facts_settled(const struct chan_tls *t, struct tls_facts *f)
{
    snprintf(f->version, sizeof(f->version), "%s", SSL_get_version(t->ssl));
    snprintf(f->cipher, sizeof(f->cipher), "%s", SSL_get_cipher_name(t->ssl));
    f->resumed = SSL_session_reused(t->ssl) == 1;
    f->early_data = SSL_get_early_data_status(t->ssl) == SSL_EARLY_DATA_ACCEPTED;
    facts_group(t->ssl, f);
    facts_alpn(t->ssl, f);
}

/* What a client knows from the session that it offers. */
static void facts_of_session(const struct chan_tls *t, struct tls_facts *f)
{
    SSL_SESSION *s = SSL_get0_session(t->ssl);
    const unsigned char *alpn;
    size_t alpn_len;
    SSL_SESSION_get0_alpn_selected(s, &alpn, &alpn_len);
    if (alpn_len > 0 && alpn_len < sizeof(f->alpn))
        memcpy(f->alpn, alpn, alpn_len);
    snprintf(f->version, sizeof(f->version), "TLSv1.3");
    snprintf(f->cipher, sizeof(f->cipher), "%s", SSL_CIPHER_get_name(SSL_SESSION_get0_cipher(s)));
    f->resumed = true;
    f->verdict = chan_tls_early_verdict(t, f->verdict_reason, sizeof(f->verdict_reason));
    tls_certificate_read(SSL_get0_peer_certificate(t->ssl), &f->peer);
}

bool chan_tls_early_facts(const struct chan *c, struct tls_facts *ret_facts)
{
    const struct chan_tls *t = chan_tls_const(c);
    *ret_facts = (struct tls_facts){0};
    if (t->ctx->server ? !t->early || t->finished : chan_tls_early_max(c) == 0)
        return false;
    if (t->ctx->server)
        facts_settled(t, ret_facts);
    else
        facts_of_session(t, ret_facts);
    bind_end_point(t, ret_facts);
    ERR_clear_error();
    return true;
}

void chan_tls_facts(const struct chan *c, struct tls_facts *ret_facts)
{
    const struct chan_tls *t = chan_tls_const(c);
    struct tls_facts *f = ret_facts;
    *f = (struct tls_facts){0};
    if (!t->finished)
        return;
    facts_settled(t, f);
    f->verdict = chan_tls_verdict(t, f->verdict_reason, sizeof(f->verdict_reason));
    tls_certificate_read(SSL_get0_peer_certificate(t->ssl), &f->peer);
    facts_bindings(t, f);
    ERR_clear_error();
}
