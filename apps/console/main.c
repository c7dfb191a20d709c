/* linnet-console: starts, gives up what it does not need, serves, and ends on SIGTERM. */
#include "console.h"

#include "backend.h"
#include "connections.h"
#include "guard.h"
#include "http.h"
#include "options.h"
#include "sandbox.h"
#include "session.h"
#include "tls.h"

#include "base/wipe.h"

#include <arpa/inet.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 64 };

uint64_t console_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One write of up to PIPE_BUF bytes, so that lines stay whole; what is longer is cut. */
void console_say(const char *fmt, ...)
{
    static const char name[] = "linnet-console: ";
    size_t len = sizeof name - 1;
    char line[PIPE_BUF];
    va_list ap;
    memcpy(line, name, len);
    va_start(ap, fmt);
    int more = vsnprintf(line + len, sizeof line - len, fmt, ap);
    va_end(ap);
    if (more > 0)
        len += (size_t)more < sizeof line - len ? (size_t)more : sizeof line - len - 1;
    line[len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
}

/* Bodies and answers hold passwords, and jansson keeps copies of them. */
static void free_wiped(void *p)
{
    if (p)
        wipe_free(p, malloc_usable_size(p));
}

/* --- the socket, when none was handed over --- */

static socklen_t address_of(const char *text, struct sockaddr_storage *ret)
{
    char ip[64] = "";
    unsigned port = 0;
    int end = 0;
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (!guard_host(&(struct guard_names){0}, text))
        return 0;
    if (sscanf(text, "[%45[0-9a-f:]]:%5u%n", ip, &port, &end) == 2 && !text[end] && port < 65536 &&
        inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return sizeof *v6;
    }
    if (sscanf(text, "%15[0-9.]:%5u%n", ip, &port, &end) == 2 && !text[end] && port < 65536 &&
        inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof *v4;
    }
    return 0;
}

static bool open_socket(struct options *o)
{
    struct sockaddr_storage address;
    int on = 1;
    socklen_t len = address_of(o->listen, &address);
    if (len == 0) {
        console_say("--listen takes a loopback address and a port, such as 127.0.0.1:9090");
        return false;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0) {
        console_say("cannot listen on %s: %m", o->listen);
        return false;
    }
    o->fds[o->fd_count++] = fd;
    return true;
}

/* Whoever started us may have left more open than is meant for us. */
static void close_others(const struct options *o)
{
    int last = STDERR_FILENO;
    for (size_t i = 0; i < o->fd_count; i++)
        last = o->fds[i] > last ? o->fds[i] : last;
    for (int fd = STDERR_FILENO + 1; fd < last; fd++) {
        bool ours = false;
        for (size_t i = 0; i < o->fd_count; i++)
            ours = ours || o->fds[i] == fd;
        if (!ours)
            close(fd);
    }
    close_range((unsigned)last + 1, ~0u, 0);
}

/* --- life --- */

/* All threads leave signals to the one that waits for them. */
static void prepare_signals(sigset_t *ret)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static bool make(struct console *c, const struct options *o)
{
    json_set_alloc_funcs(malloc, free_wiped);
    c->arrive_ms = o->request_ms;
    c->backend = backend_new(o->control);
    c->sessions = sessions_new(&o->times);
    c->connections = connections_new();
    return c->backend && c->sessions && c->connections;
}

struct listeners {
    struct listener listeners[CONSOLE_LISTEN_MAX];
    struct MHD_Daemon *daemons[CONSOLE_LISTEN_MAX];
};

/* A certificate that cannot be used takes nothing away from who comes without TLS. Whether anybody
 * can come. */
static bool listen_all(struct listeners *l, struct console *c, const struct options *o,
                       struct tls *tls)
{
    bool any = false, all = true;
    for (size_t i = 0; i < o->fd_count; i++) {
        l->listeners[i] = (struct listener){.console = c};
        if (o->tls[i])
            l->listeners[i] = (struct listener){.console = c,
                                                .names = {true, tls->names, tls->count},
                                                .certificate = buf_peek(&tls->certificate).ptr,
                                                .key = buf_peek(&tls->key).ptr};
        bool can = !o->tls[i] || buf_len(&tls->key) > 0;
        l->daemons[i] = can ? http_start(&l->listeners[i], o->fds[i]) : NULL;
        l->listeners[i].key = NULL;
        any = any || l->daemons[i];
        all = all && l->daemons[i];
    }
    tls_forget_key(tls);
    if (!all)
        console_say("not every socket is served; for TLS the key must be that of the certificate");
    return any;
}

static bool serve(struct console *c, const struct options *o, struct tls *tls,
                  const sigset_t *signals)
{
    struct listeners all = {0};
    struct MHD_Daemon **daemons = all.daemons;
    int number;
    bool ok = listen_all(&all, c, o, tls);
    if (ok)
        sigwait(signals, &number);
    else
        console_say("the sockets cannot be served");
    c->stopping = true;
    /* The sockets are linnetd's too: they are left before anything is shut down. */
    for (size_t i = 0; i < o->fd_count; i++)
        if (daemons[i])
            (void)MHD_quiesce_daemon(daemons[i]);
    connections_end(c->connections);
    for (size_t i = 0; i < o->fd_count; i++)
        if (daemons[i])
            MHD_stop_daemon(daemons[i]);
    return ok;
}

/* False when it is gone already. */
static bool stays_with(long parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent;
}

int main(int argc, char **argv)
{
    static struct console console;
    struct options options;
    struct tls tls = {0};
    sigset_t signals;
    enum options_outcome outcome = options_read(&options, argc, argv);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_WRONG ? 2 : 0;
    prepare_signals(&signals);
    if (options.parent && !stays_with(options.parent))
        return 1;
    if (options.listen && !open_socket(&options))
        return 1;
    if (options.key_fd >= 0)
        tls_read(&tls, options.certificate_fd, options.key_fd);
    close_others(&options);
    json_object_seed(0); /* from /dev/urandom, while that can be opened */
    sandbox_enter();
    bool ok = make(&console, &options) && serve(&console, &options, &tls, &signals);
    tls_finish(&tls);
    connections_free(console.connections);
    sessions_free(console.sessions);
    backend_free(console.backend);
    return ok ? 0 : 1;
}
