#include "server/certificate.h"

#include "base/datetime.h"
#include "core/jid.h"
#include "net/tls_selfsigned.h"
#include "server/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EARLY_DATA_BYTES = 16384, WARN_S = 14 * 86400 };

/* Where the files are. */
struct paths {
    struct buf dir, cert, key;
    bool own; /* the server's own making */
};

static void paths_init(struct paths *p, const struct settings *s)
{
    *p = (struct paths){.own = s->tls_certificate[0] == '\0'};
    buf_printf(&p->dir, "%s/tls%c", s->data, '\0');
    if (p->own) {
        buf_printf(&p->cert, "%s/tls/cert.pem%c", s->data, '\0');
        buf_printf(&p->key, "%s/tls/key.pem%c", s->data, '\0');
    } else {
        buf_printf(&p->cert, "%s%c", s->tls_certificate, '\0');
        buf_printf(&p->key, "%s%c", s->tls_key, '\0');
    }
    if (p->dir.failed || p->cert.failed || p->key.failed)
        memory_exhausted();
}

static void paths_finish(struct paths *p)
{
    buf_finish(&p->dir);
    buf_finish(&p->cert);
    buf_finish(&p->key);
}

static const char *text_of(const struct buf *b)
{
    return buf_peek(b).ptr;
}

static enum linnet_error_code unusable(struct linnet_error *error, const char *reason)
{
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static enum linnet_error_code make(const struct paths *p, const struct settings *s,
                                   struct linnet_error *error)
{
    static const char *const services[] = {"xmpp-client", NULL};
    char domain[256], reason[256];
    struct tls_selfsigned_settings made = {.domain = domain,
                                           .srv_services = services,
                                           .xmpp_addr = true,
                                           .cert_file = text_of(&p->cert),
                                           .key_file = text_of(&p->key)};
    if (!jid_domain_ascii(str_from(s->domain), domain))
        return unusable(error, "domain: has no form for a certificate");
    if (mkdir(text_of(&p->dir), 0700) != 0 && errno != EEXIST) {
        snprintf(reason, sizeof reason, "data: %s cannot be made: %s", text_of(&p->dir),
                 strerror(errno));
        return unusable(error, reason);
    }
    return tls_selfsigned_create(&made, reason) ? LINNET_OK : unusable(error, reason);
}

/* A domain that has no form for a certificate is refused elsewhere. */
bool certificate_is_for(const struct tls_ctx *ctx, const char *domain)
{
    char ascii[256];
    return !jid_domain_ascii(str_from(domain), ascii) || tls_ctx_is_for(ctx, ascii, "xmpp-client");
}

/* What a client will refuse, said where it can still be mended. */
static void warn(const struct tls_ctx *ctx, const struct settings *s, const struct paths *p,
                 const struct log_sink *log)
{
    struct tls_certificate cert;
    char domain[256], until[DATETIME_BYTES];
    int64_t now_s = time(NULL);
    tls_ctx_certificate(ctx, &cert);
    datetime_format(cert.not_after_s, until);
    if (!certificate_is_for(ctx, s->domain) && jid_domain_ascii(str_from(s->domain), domain))
        log_printf(log, LOG_WARNING, "tls", 0,
                   "the certificate %s is not for %s, so clients will refuse it; it names %s%s",
                   text_of(&p->cert), domain, cert.names[0] ? cert.names : "nobody",
                   p->own ? "; remove it, and one is made at the next start" : "");
    if (cert.not_after_s < now_s + WARN_S)
        log_printf(log, LOG_WARNING, "tls", 0, "the certificate %s %s on %.10s%s",
                   text_of(&p->cert), cert.not_after_s < now_s ? "expired" : "expires", until,
                   cert.not_after_s < now_s ? ", so clients refuse it" : "");
}

enum linnet_error_code certificate_prepare(const struct settings *s, const struct log_sink *log,
                                           struct linnet_error *error)
{
    struct paths p;
    enum linnet_error_code code = LINNET_OK;
    paths_init(&p, s);
    if (p.own && access(text_of(&p.cert), F_OK) != 0) {
        code = make(&p, s, error);
        if (code == LINNET_OK)
            log_printf(log, LOG_NOTICE, "tls", 0, "made a certificate: %s", text_of(&p.cert));
    }
    struct tls_ctx *ctx = NULL;
    if (code == LINNET_OK)
        code = certificate_load(s, NULL, NULL, &ctx, error);
    if (code == LINNET_OK)
        warn(ctx, s, &p, log);
    tls_ctx_unref(ctx);
    paths_finish(&p);
    return code;
}

enum linnet_error_code certificate_check(const struct settings *s, struct linnet_error *error)
{
    struct paths p;
    struct tls_ctx *ctx = NULL;
    paths_init(&p, s);
    bool missing = p.own && access(text_of(&p.cert), F_OK) != 0;
    paths_finish(&p);
    enum linnet_error_code code =
        missing ? LINNET_OK : certificate_load(s, NULL, NULL, &ctx, error);
    tls_ctx_unref(ctx);
    return code;
}

enum linnet_error_code certificate_load(const struct settings *s, struct tls_tickets *tickets,
                                        struct tls_once *once, struct tls_ctx **ret,
                                        struct linnet_error *error)
{
    struct paths p;
    char reason[TLS_REASON_BYTES];
    paths_init(&p, s);
    struct tls_server_settings tls = {.cert_file = text_of(&p.cert),
                                      .key_file = text_of(&p.key),
                                      .alpn = "xmpp-client",
                                      .tickets = tickets,
                                      .early_data_max_bytes = once ? EARLY_DATA_BYTES : 0,
                                      .once = once};
    *ret = tls_ctx_new_server(&tls, reason);
    paths_finish(&p);
    return *ret ? LINNET_OK : unusable(error, reason);
}
