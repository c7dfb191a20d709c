#include "server/console_certificate.h"

#include "core/jid.h"
#include "net/tls_ctx.h"
#include "net/tls_selfsigned.h"
#include "server/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 256 };

/* Of the settings, or made here. */
struct files {
    struct buf dir, cert, key;
    bool own;
};

static void files_init(struct files *f, const struct settings *s)
{
    f->own = s->console_certificate[0] == '\0';
    buf_printf(&f->dir, "%s/console%c", s->data, '\0');
    buf_printf(&f->cert, "%s%s%c", f->own ? s->data : s->console_certificate,
               f->own ? "/console/cert.pem" : "", '\0');
    buf_printf(&f->key, "%s%s%c", f->own ? s->data : s->console_key,
               f->own ? "/console/key.pem" : "", '\0');
    if (f->dir.failed || f->cert.failed || f->key.failed)
        memory_exhausted();
}

static void files_finish(struct files *f)
{
    buf_finish(&f->dir);
    buf_finish(&f->cert);
    buf_finish(&f->key);
}

static const char *text_of(const struct buf *b)
{
    return buf_peek(b).ptr;
}

/* What people may call this machine: its domain once it has one, its name, itself. */
struct names {
    char domain[NAME_BYTES], host[NAME_BYTES];
    const char *more[3]; /* besides the first; ended by NULL */
    const char *first;
};

static void names_init(struct names *n, const struct settings *s)
{
    char host[NAME_BYTES] = "";
    size_t count = 0;
    *n = (struct names){.first = "localhost"};
    bool has_domain = s->domain[0] && jid_domain_ascii(str_from(s->domain), n->domain);
    bool has_host = gethostname(host, sizeof host - 1) == 0 && host[0] &&
                    jid_domain_ascii(str_from(host), n->host);
    if (has_host)
        n->first = n->host;
    if (has_domain)
        n->first = n->domain;
    if (has_host && !cstr_eq(n->host, n->first))
        n->more[count++] = n->host;
    if (!cstr_eq(n->first, "localhost") && !(has_host && cstr_eq(n->host, "localhost")))
        n->more[count++] = "localhost";
}

static struct tls_ctx *load(const struct files *f, char reason[TLS_REASON_BYTES])
{
    struct tls_server_settings tls = {.cert_file = text_of(&f->cert), .key_file = text_of(&f->key)};
    return tls_ctx_new_server(&tls, reason);
}

/* One that cannot be read is made anew too. */
static bool is_good(const struct files *f, const struct names *n)
{
    char reason[TLS_REASON_BYTES];
    struct tls_ctx *ctx = load(f, reason);
    bool good = ctx && tls_ctx_is_for(ctx, n->first, NULL);
    tls_ctx_unref(ctx);
    return good;
}

static bool make(const struct files *f, const struct names *n, const struct log_sink *log)
{
    char reason[256];
    struct tls_selfsigned_settings made = {.domain = n->first,
                                           .more_names = n->more,
                                           .cert_file = text_of(&f->cert),
                                           .key_file = text_of(&f->key)};
    if (mkdir(text_of(&f->dir), 0700) != 0 && errno != EEXIST)
        snprintf(reason, sizeof reason, "%.200s cannot be made: %m", text_of(&f->dir));
    else if (tls_selfsigned_create(&made, reason))
        reason[0] = '\0';
    if (reason[0])
        log_printf(log, LOG_WARNING, "console", 0, "no certificate for it: %s", reason);
    else
        log_printf(log, LOG_NOTICE, "console", 0, "made a certificate for it: %s",
                   text_of(&f->cert));
    return !reason[0];
}

static int open_file(const struct buf *path, const struct log_sink *log)
{
    int fd = open(text_of(path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        log_printf(log, LOG_WARNING, "console", 0, "%s cannot be opened: %m", text_of(path));
    return fd;
}

bool console_certificate_open(const struct settings *s, const struct log_sink *log, int ret_fds[2])
{
    struct files f = {0};
    struct names n;
    files_init(&f, s);
    names_init(&n, s);
    bool ok = !f.own || is_good(&f, &n) || make(&f, &n, log);
    ret_fds[0] = ok ? open_file(&f.cert, log) : -1;
    ret_fds[1] = ret_fds[0] >= 0 ? open_file(&f.key, log) : -1;
    if (ret_fds[0] >= 0 && ret_fds[1] < 0) {
        close(ret_fds[0]);
        ret_fds[0] = -1;
    }
    files_finish(&f);
    return ret_fds[0] >= 0;
}

bool console_certificate_check(const struct settings *s, const struct log_sink *log)
{
    char reason[TLS_REASON_BYTES];
    struct files f = {0};
    files_init(&f, s);
    struct tls_ctx *ctx = f.own ? NULL : load(&f, reason);
    bool ok = f.own || ctx;
    if (!ok)
        log_printf(log, LOG_WARNING, "console", 0, "its certificate is not taken: %s", reason);
    tls_ctx_unref(ctx);
    files_finish(&f);
    return ok;
}
