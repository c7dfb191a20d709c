#include "server/c2s/listener.h"

#include "server/c2s/conn.h"
#include "server/listen.h"
#include "server/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPT_TURN = 64, PAUSE_MS = 100 };

struct listener {
    struct listeners *all;
    int fd;
    bool direct_tls;
    char text[LISTENER_TEXT_BYTES];
    struct loop_poll *poll;
};

struct listeners {
    struct server *server;
    struct loop_timer *pause; /* runs while there are no descriptors left */
    int reserve_fd;           /* given up to turn one away when there is no other */
    size_t count;
    struct listener items[];
};

/* ---- handing out ---- */

struct accept_mail {
    struct mail mail;
    int fd;
    struct peer peer;
    bool direct_tls;
    struct addresses *addresses;
};

static void accept_delivered(struct mail *m, void *receiver)
{
    struct accept_mail *a = CONTAINER_OF(m, struct accept_mail, mail);
    conn_accept(receiver, a->fd, &a->peer, a->direct_tls);
    free(a);
}

static void accept_discarded(struct mail *m)
{
    struct accept_mail *a = CONTAINER_OF(m, struct accept_mail, mail);
    close(a->fd);
    addresses_leave(a->addresses, &a->peer);
    free(a);
}

/* The loop with the fewest strangers; among equals the one with the fewest connections. */
static struct worker *idlest(const struct server *server)
{
    struct worker *best = &server->workers[0];
    for (unsigned i = 1; i < server->worker_count; i++) {
        struct worker *w = &server->workers[i];
        if (w->shown_young < best->shown_young ||
            (w->shown_young == best->shown_young && w->shown_conns < best->shown_conns))
            best = w;
    }
    return best;
}

static void hand_out(struct listener *l, int fd, const struct peer *peer)
{
    struct server *server = l->all->server;
    struct worker *w = idlest(server);
    struct accept_mail *a = MEMORY_NEW(struct accept_mail);
    *a = (struct accept_mail){.mail = {.deliver = accept_delivered, .discard = accept_discarded},
                              .fd = fd,
                              .peer = *peer,
                              .direct_tls = l->direct_tls,
                              .addresses = &server->addresses};
    w->shown_young++; /* counted from here, so that a burst is spread; conn_accept takes it over */
    worker_mail(w, &a->mail);
}

static void accepted(struct listener *l, int fd, const struct sockaddr *sa)
{
    struct server *server = l->all->server;
    struct peer peer = peer_of(sa);
    char text[PEER_TEXT_BYTES];
    if (blocks_hit(&server->blocks, &peer.ip, (int64_t)time(NULL))) {
        log_printf(&server->log, LOG_DEBUG, "c2s", 0, "blocked: from=%s", peer_text(&peer, text));
        close(fd);
        return;
    }
    if (!addresses_enter(&server->addresses, &peer,
                         server->live->settings.limits_connections_per_address)) {
        log_printf(&server->log, LOG_NOTICE, "c2s", 0, "too many connections from %s: turned away",
                   peer_text(&peer, text));
        close(fd);
        return;
    }
    hand_out(l, fd, &peer);
}

/* ---- accepting ---- */

/* No descriptor is left: the first in the queue is turned away, so that it need not wait in vain,
 * and then nobody is accepted for a moment. */
static void turn_away(struct listener *l)
{
    struct listeners *all = l->all;
    log_printf(&all->server->log, LOG_WARNING, "c2s", 0,
               "no file descriptor is left for another connection: raise the limit (LimitNOFILE)");
    close(all->reserve_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    all->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < all->count; i++)
        loop_poll_set(all->items[i].poll, 0);
    loop_timer_set(all->pause, PAUSE_MS);
}

static void pause_over(void *ctx)
{
    struct listeners *all = ctx;
    for (size_t i = 0; i < all->count; i++)
        loop_poll_set(all->items[i].poll, CHAN_WANTS_READ);
}

static void listener_ready(void *ctx, unsigned events)
{
    struct listener *l = ctx;
    (void)events;
    for (int i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accepted(l, fd, (const struct sockaddr *)&from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            turn_away(l);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } /* else this one is gone already (accept(2)); the next may be well */
    }
}

/* ---- opening ---- */

static enum linnet_error_code cannot_listen(const struct settings_address *a, int error,
                                            struct linnet_error *ret)
{
    char reason[300], advice[200], text[LISTEN_TEXT_BYTES];
    listen_advice(error, "c2s.listen or c2s.listen_tls", advice, sizeof advice);
    snprintf(reason, sizeof reason, "cannot listen on %s: %s", listen_text(a, a->port, text),
             advice);
    return error_set(ret, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

static void name_listener(struct listener *l, const struct settings_address *a)
{
    char text[LISTEN_TEXT_BYTES];
    listen_text(a, listen_port(l->fd), text);
    snprintf(l->text, sizeof l->text, "%s%s", text, l->direct_tls ? " TLS" : "");
    log_printf(&l->all->server->log, LOG_NOTICE, "c2s", 0, "listening on %s%s", text,
               l->direct_tls ? " direct-tls" : "");
}

static const char *setting_of(bool direct_tls)
{
    return direct_tls ? "c2s.listen_tls" : "c2s.listen";
}

/* Set while a server ran. */
static bool is_stored(const struct server *server, bool direct_tls)
{
    size_t index;
    return settings_row_find(setting_of(direct_tls), &index) &&
           server->live->settings.origin[index].source == SETTINGS_CONSOLE;
}

static enum linnet_error_code add(struct listeners *all, const struct settings_address *a,
                                  bool direct_tls, struct linnet_error *error)
{
    struct listener *l = &all->items[all->count];
    int fd = listen_open(a, BACKLOG);
    if (fd < 0)
        return cannot_listen(a, errno, error);
    *l = (struct listener){.all = all, .fd = fd, .direct_tls = direct_tls};
    l->poll = loop_poll_new(all->server->loop, fd, listener_ready, l);
    if (!l->poll)
        memory_exhausted();
    all->count++;
    name_listener(l, a);
    return LINNET_OK;
}

static enum linnet_error_code add_all(struct listeners *all, const struct settings_listen *list,
                                      bool direct_tls, struct linnet_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        struct linnet_error why = {0};
        if (add(all, &list->items[i], direct_tls, &why) == LINNET_OK)
            continue;
        if (!is_stored(all->server, direct_tls)) {
            *error = why;
            return why.code;
        }
        log_printf(&all->server->log, LOG_WARNING, "settings", 0,
                   "what is stored for %s is passed over: %s", setting_of(direct_tls),
                   why.sentence);
    }
    return LINNET_OK;
}

static enum linnet_error_code add_lists(struct listeners *all, bool stored,
                                        struct linnet_error *error)
{
    const struct settings *s = &all->server->live->settings;
    const struct settings_listen *lists[] = {&s->c2s_listen, &s->c2s_listen_tls};
    enum linnet_error_code code = LINNET_OK;
    for (size_t i = 0; code == LINNET_OK && i < ARRAY_LEN(lists); i++)
        if (is_stored(all->server, i == 1) == stored)
            code = add_all(all, lists[i], i == 1, error);
    return code;
}

/* What was set while a server ran must not keep this one from starting, for it could not be set
 * right: it gets what the others leave, and what it cannot get is passed over. */
enum linnet_error_code listeners_open(struct server *server, struct listeners **ret,
                                      struct linnet_error *error)
{
    const struct settings *s = &server->live->settings;
    size_t count = s->c2s_listen.count + s->c2s_listen_tls.count;
    struct listeners *all = memory_alloc(sizeof *all + count * sizeof all->items[0]);
    all->server = server;
    all->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    all->pause = loop_timer_new(server->loop, pause_over, all);
    if (!all->pause)
        memory_exhausted();
    enum linnet_error_code code = add_lists(all, false, error);
    if (code == LINNET_OK)
        code = add_lists(all, true, error);
    if (code != LINNET_OK) {
        listeners_close(all);
        return code;
    }
    pause_over(all);
    *ret = all;
    return LINNET_OK;
}

void listeners_close(struct listeners *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->count; i++) {
        loop_poll_free(all->items[i].poll);
        close(all->items[i].fd);
    }
    loop_timer_free(all->pause);
    if (all->reserve_fd >= 0)
        close(all->reserve_fd);
    free(all);
}

const char *listeners_text(const struct listeners *all, size_t i)
{
    return all && i < all->count ? all->items[i].text : NULL;
}

uint16_t listeners_port(const struct listeners *all, bool direct_tls)
{
    for (size_t i = 0; all && i < all->count; i++)
        if (all->items[i].direct_tls == direct_tls)
            return listen_port(all->items[i].fd);
    return 0;
}
