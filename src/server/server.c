#include "server/server.h"

#include "server/c2s/blocks_end.h"
#include "server/c2s/listener.h"
#include "server/c2s/restart.h"
#include "server/c2s/session.h"
#include "server/certificate.h"
#include "server/memory.h"
#include "server/route/router.h"
#include "server/route/user.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    TICKET_KEYS_MS = 6 * 3600 * 1000,
    EARLY_TICKETS = 65536 /* that can have brought early data at one time: 1.5 MiB */
};

/* ---- settings in force ---- */

struct live *live_new(struct settings *settings)
{
    struct live *l = MEMORY_NEW(struct live);
    l->refs = 1;
    l->settings = *settings;
    *settings = (struct settings){0};
    return l;
}

struct live *live_ref(struct live *l)
{
    l->refs++;
    return l;
}

void live_unref(struct live *l)
{
    if (!l || --l->refs > 0)
        return;
    settings_finish(&l->settings);
    free(l);
}

/* ---- what the loops share ---- */

static void system_random(void *ctx, void *out, size_t len)
{
    uint8_t *at = out;
    (void)ctx;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* a system without entropy cannot keep anybody apart */
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

static unsigned count_loops(const struct settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (s->loops > 0)
        return (unsigned)s->loops;
    return cores > 0 ? (unsigned)cores : 1;
}

static void rotate_tickets(void *ctx)
{
    struct server *server = ctx;
    tls_tickets_rotate(server->tickets, &server->random);
    loop_timer_set(server->rotate, TICKET_KEYS_MS);
}

static void network_blocked(void *ctx, const struct network *network)
{
    blocks_end(ctx, network);
}

static struct server *server_new(const struct server_config *config)
{
    struct server *server = MEMORY_NEW(struct server);
    uint8_t key[16];
    server->loop = config->loop;
    server->live = config->live;
    server->log = config->log;
    server->ops = config->ops;
    server->random = (struct random_source){system_random, NULL};
    server->domain = strdup(config->live->settings.domain); /* outlives the first settings */
    if (!server->domain)
        memory_exhausted();
    server->domains[0] = server->domain;
    server->started_ms = loop_now_ms();
    random_fill(&server->random, server->home_key, sizeof server->home_key);
    random_fill(&server->random, key, sizeof key);
    addresses_init(&server->addresses, key);
    blocks_init(&server->blocks, network_blocked, server);
    weak_seen_init(&server->weak_seen, key);
    server->throttle = throttle_new(key);
    logins_init(&server->logins);
    server->tickets = tls_tickets_new(&server->random);
    server->rotate = loop_timer_new(server->loop, rotate_tickets, server);
    bool early = server->live->settings.tls_early_data;
    if (early)
        server->once = tls_once_new(EARLY_TICKETS, (int64_t)time(NULL), &server->random);
    if (!server->tickets || !server->rotate || (early && !server->once))
        memory_exhausted();
    loop_timer_set(server->rotate, TICKET_KEYS_MS);
    return server;
}

static enum linnet_error_code no_loop(struct linnet_error *error)
{
    return error_set(error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, "reason",
                     "the system refuses another loop or thread", NULL);
}

static enum linnet_error_code init_workers(struct server *server, struct linnet_error *error)
{
    unsigned count = count_loops(&server->live->settings);
    server->workers = memory_alloc(count * sizeof *server->workers);
    server->worker_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct tls_ctx *tls = NULL;
        enum linnet_error_code code =
            certificate_load(&server->live->settings, server->tickets, server->once, &tls, error);
        if (code == LINNET_OK && i == 0) {
            tls_ctx_certificate(tls, &server->certificate);
            server->certificate_fits = certificate_is_for(tls, server->domain);
        }
        /* Initialised in any case, so that all can be finished. */
        bool made = worker_init(&server->workers[i], server, i, live_ref(server->live), tls);
        if (code != LINNET_OK)
            return code;
        if (!made)
            return no_loop(error);
    }
    return LINNET_OK;
}

static enum linnet_error_code start_workers(struct server *server, struct linnet_error *error)
{
    for (unsigned i = 0; i < server->worker_count; i++)
        if (!worker_start(&server->workers[i]))
            return no_loop(error);
    return LINNET_OK;
}

enum linnet_error_code server_start(const struct server_config *config, struct server **ret,
                                    struct linnet_error *error)
{
    struct server *server = server_new(config);
    enum linnet_error_code code = certificate_prepare(&server->live->settings, &server->log, error);
    if (code == LINNET_OK)
        code = init_workers(server, error);
    if (code == LINNET_OK)
        code = blocks_load(&server->blocks, ops_store(server->ops), (int64_t)time(NULL),
                           &server->log, error);
    if (code == LINNET_OK)
        code = listeners_open(server, &server->listeners, error);
    if (code == LINNET_OK)
        code = restart_load(server, error);
    if (code == LINNET_OK)
        code = start_workers(server, error);
    if (code == LINNET_OK)
        *ret = server;
    else
        server_stop(server);
    return code;
}

/* A loop that ended early may have been sent stanzas by others: what a client may believe to be
 * handled is, before anything is written down. */
static void settle(struct server *server)
{
    bool any = true;
    while (any) {
        any = false;
        for (unsigned i = 0; i < server->worker_count; i++)
            any = (server->workers[i].has_loop && worker_settle(&server->workers[i])) || any;
    }
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    listeners_close(server->listeners);
    for (unsigned i = 0; i < server->worker_count; i++)
        if (server->workers[i].running)
            worker_stop(&server->workers[i]);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_join(&server->workers[i]);
    settle(server);
    restart_save(server);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_finish(&server->workers[i]);
    free(server->workers);
    loop_timer_free(server->rotate);
    tls_tickets_unref(server->tickets);
    tls_once_unref(server->once);
    addresses_finish(&server->addresses);
    blocks_finish(&server->blocks);
    weak_seen_finish(&server->weak_seen);
    throttle_free(server->throttle);
    logins_finish(&server->logins);
    free(server->domain);
    live_unref(server->live);
    free(server);
}

/* ---- reload ---- */

struct reload_mail {
    struct mail mail;
    struct live *live;
    struct tls_ctx *tls;
};

static void reload_free(struct mail *m)
{
    struct reload_mail *r = CONTAINER_OF(m, struct reload_mail, mail);
    live_unref(r->live);
    tls_ctx_unref(r->tls);
    free(r);
}

/* The worker gets the new ones, the mail takes the old ones away. */
static void reload_delivered(struct mail *m, void *receiver)
{
    struct reload_mail *r = CONTAINER_OF(m, struct reload_mail, mail);
    struct worker *w = receiver;
    struct live *old_live = w->live;
    struct tls_ctx *old_tls = w->tls;
    w->live = r->live;
    w->tls = r->tls;
    r->live = old_live;
    r->tls = old_tls;
    reload_free(m);
}

static struct mail *reload_mail_new(struct live *live, struct tls_ctx *tls)
{
    struct reload_mail *r = MEMORY_NEW(struct reload_mail);
    *r = (struct reload_mail){
        {.deliver = reload_delivered, .discard = reload_free}, live_ref(live), tls};
    return &r->mail;
}

enum linnet_error_code server_reload(struct server *server, struct live *live,
                                     struct linnet_error *error)
{
    /* All contexts are made before any is used: a bad file changes nothing. */
    struct mail_batch all = {0};
    struct tls_certificate certificate = {0};
    bool fits = false;
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct tls_ctx *tls;
        enum linnet_error_code code =
            certificate_load(&live->settings, server->tickets, server->once, &tls, error);
        if (code != LINNET_OK) {
            mail_discard_all(all.first);
            live_unref(live);
            return code;
        }
        tls_ctx_certificate(tls, &certificate);
        fits = certificate_is_for(tls, server->domain);
        mail_batch_add(&all, reload_mail_new(live, tls));
    }
    struct mail *m = all.first;
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct mail *next = m->next;
        worker_mail(&server->workers[i], m);
        m = next;
    }
    live_unref(server->live);
    server->live = live;
    server->certificate = certificate;
    server->certificate_fits = fits;
    server->log.level = (enum log_level)live->settings.log_level;
    return LINNET_OK;
}

/* ---- accounts ---- */

struct account_mail {
    struct mail mail;
    const char *text;
    size_t user_len;
    char user[];
};

static void account_delivered(struct mail *m, void *receiver)
{
    struct account_mail *a = CONTAINER_OF(m, struct account_mail, mail);
    struct worker *w = receiver;
    struct user *u;
    while ((u = user_find(w, router_key_of_local(w, str_of(a->user, a->user_len)))))
        session_close(session_of_link(u->sessions.next), STREAM_NOT_AUTHORIZED, a->text);
    free(a);
}

static size_t change_slot(const struct server *server, struct str user)
{
    return map_hash(server->home_key, user) % SERVER_CHANGE_SLOTS;
}

uint32_t server_account_changes(const struct server *server, struct str user)
{
    return server->account_changes[change_slot(server, user)];
}

void server_account_changed(struct server *server, const struct ops_event *event)
{
    const char *text = NULL;
    switch (event->kind) {
    case OPS_ACCOUNT_REMOVED: /* XEP-0077 §3.2 */
        text = "the account was removed";
        break;
    case OPS_ACCOUNT_DISABLED:
        text = "the account was disabled";
        break;
    case OPS_PASSWORD_CHANGED:
        text = "the password was changed";
        break;
    case OPS_LOGGED_OUT:
        text = "logged out everywhere";
        break;
    case OPS_ACCOUNT_ADDED:
    case OPS_ACCOUNT_ENABLED:
    case OPS_TOKENS_REVOKED:
    case OPS_ROLE_CHANGED:
        return;
    }
    /* Before the mail: who binds without having seen the change is found by the mail. */
    server->account_changes[change_slot(server, event->user)]++;
    struct account_mail *a = memory_alloc(sizeof *a + event->user.len);
    a->mail.deliver = account_delivered;
    a->text = text;
    a->user_len = event->user.len;
    memcpy(a->user, event->user.ptr, event->user.len);
    struct worker *any = &server->workers[0];
    struct buf key;
    buf_init(&key, 0, false);
    router_key(server->domain, event->user, &key);
    worker_mail(&server->workers[router_home(any, buf_peek(&key))], &a->mail);
    buf_finish(&key);
}
