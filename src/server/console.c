#include "server/console.h"

#include "net/loop.h"
#include "server/console_certificate.h"
#include "server/listen.h"
#include "server/memory.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A console that ran for CALM_MS ends by accident: the next starts soon. */
enum { FIRST_MS = 250, LAST_MS = 60 * 1000, CALM_MS = 60 * 1000, PATIENCE_MS = 2000 };
enum { RENEW_MS = 1000 }; /* for what is being answered when the certificate changes */
enum { AGAIN_MS = 5000 }; /* until an address that could not be had is tried again */
enum { BACKLOG = 64, PLACES_MAX = 2 * SETTINGS_CONSOLE_ADDRESSES_MAX };
enum { FIRST_FD = 3, FDS_MAX = PLACES_MAX + 2, ARGS_MAX = 5 + 2 * FDS_MAX };
enum { LINE_MAX_BYTES = PIPE_BUF }; /* what it writes at once, so that lines stay whole */

/* Where it is to answer. */
struct place {
    const struct settings_address *address; /* borrowed */
    bool tls;
    int fd; /* that listens, or -1 */
};

/* Which file a descriptor is of, and of when. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct console {
    uv_loop_t *loop;
    const struct settings *settings; /* borrowed */
    const struct log_sink *log;
    char *program, *socket; /* of the control socket */
    struct place places[PLACES_MAX];
    size_t place_count;
    struct loop_timer *timer; /* to start it again; while it is to end, to kill it */
    struct loop_timer
        *again;            /* to try the places that could not be had, or for a new certificate */
    struct stamp files[2]; /* certificate and key of the last run */
    bool outdated;         /* there are others */
    uint64_t started_ms, delay_ms;
    bool stopping;
    bool renewing; /* it was told to end, for there is another place */

    /* One run: closed when both are. */
    uv_process_t process;
    uv_pipe_t words; /* its standard error */
    unsigned open;   /* handles of these two */
    bool exited;
    bool too_long; /* the line is: what comes up to its end is dropped */
    size_t line_len;
    char line[LINE_MAX_BYTES];
};

/* ---- what it says goes to the log ---- */

static void log_line(struct console *c)
{
    static const char name[] = "linnet-console: ";
    char clean[LINE_MAX_BYTES];
    struct str line = str_of(c->line, c->line_len);
    if (line.len >= sizeof name - 1 && memcmp(line.ptr, name, sizeof name - 1) == 0)
        line = str_of(line.ptr + sizeof name - 1, line.len - (sizeof name - 1));
    error_copy_text(clean, sizeof clean, line);
    if (line.len > 0 && !c->too_long)
        log_printf(c->log, LOG_NOTICE, "console", 0, "%s", clean);
    c->line_len = 0;
}

static void end_line(struct console *c)
{
    log_line(c);
    c->too_long = false;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct console *c = handle->data;
    (void)suggested;
    if (c->line_len == sizeof c->line) {
        log_line(c);
        c->too_long = true;
    }
    *ret = uv_buf_init(c->line + c->line_len, (unsigned)(sizeof c->line - c->line_len));
}

static void take_words(struct console *c, size_t len)
{
    size_t end = c->line_len + len, at = c->line_len;
    char *newline;
    while ((newline = memchr(c->line + at, '\n', end - at))) {
        size_t used = (size_t)(newline - c->line);
        c->line_len = used;
        end_line(c);
        memmove(c->line, newline + 1, end - used - 1);
        end -= used + 1;
        at = 0;
    }
    c->line_len = end;
}

static void closed(uv_handle_t *handle);

static void got_words(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
    struct console *c = stream->data;
    (void)room;
    if (len > 0)
        take_words(c, (size_t)len);
    if (len >= 0)
        return;
    end_line(c);
    uv_close((uv_handle_t *)stream, closed);
}

/* ---- runs ---- */

static void run(struct console *c);

static void console_free(struct console *c)
{
    for (size_t i = 0; i < c->place_count; i++)
        if (c->places[i].fd >= 0)
            close(c->places[i].fd);
    loop_timer_free(c->timer);
    loop_timer_free(c->again);
    free(c->program);
    free(c->socket);
    free(c);
}

/* A run is over: both its handles are closed. */
static void closed(uv_handle_t *handle)
{
    struct console *c = handle->data;
    if (--c->open > 0)
        return;
    if (c->stopping) {
        console_free(c);
        return;
    }
    if (c->renewing) {
        loop_timer_stop(c->timer);
        run(c);
        return;
    }
    bool calm = loop_now_ms() - c->started_ms >= CALM_MS;
    c->delay_ms = calm || c->delay_ms == 0    ? FIRST_MS
                  : 2 * c->delay_ms < LAST_MS ? 2 * c->delay_ms
                                              : LAST_MS;
    log_printf(c->log, LOG_WARNING, "console", 0, "it ended; the next starts in %llu ms",
               (unsigned long long)c->delay_ms);
    loop_timer_set(c->timer, c->delay_ms);
}

static void exited(uv_process_t *process, int64_t status, int signum)
{
    struct console *c = process->data;
    c->exited = true;
    if (!c->stopping && !c->renewing)
        log_printf(c->log, LOG_WARNING, "console", 0, "linnet-console: status %lld, signal %d",
                   (long long)status, signum);
    uv_close((uv_handle_t *)process, closed);
}

/* What a run inherits besides its words, and the options that name it. */
struct inheritance {
    int fds[FDS_MAX];
    const char *options[FDS_MAX];
    size_t count;
    int files[2]; /* certificate and key; -1 */
};

static void bequeath(struct inheritance *h, const char *option, int fd)
{
    h->options[h->count] = option;
    h->fds[h->count++] = fd;
}

static bool listens_tls(const struct console *c)
{
    bool any = false;
    for (size_t i = 0; i < c->place_count; i++)
        any = any || (c->places[i].tls && c->places[i].fd >= 0);
    return any;
}

static struct stamp stamp_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return (struct stamp){0};
    return (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The files are opened for each run: a certificate may have been renewed. Without one TLS waits. */
static void inheritance_init(struct inheritance *h, struct console *c)
{
    *h = (struct inheritance){.files = {-1, -1}};
    bool tls = listens_tls(c) && console_certificate_open(c->settings, c->log, h->files);
    for (size_t i = 0; i < ARRAY_LEN(c->files); i++)
        c->files[i] = tls ? stamp_of(h->files[i]) : (struct stamp){0};
    c->outdated = false;
    for (size_t i = 0; i < c->place_count; i++) {
        const struct place *p = &c->places[i];
        if (p->fd >= 0 && (tls || !p->tls))
            bequeath(h, p->tls ? "--tls-fd" : "--fd", p->fd);
    }
    if (tls) {
        bequeath(h, "--certificate-fd", h->files[0]);
        bequeath(h, "--key-fd", h->files[1]);
    }
}

static void inheritance_finish(struct inheritance *h)
{
    for (size_t i = 0; i < ARRAY_LEN(h->files); i++)
        if (h->files[i] >= 0)
            close(h->files[i]);
}

struct arguments {
    char *items[ARGS_MAX + 1];
    char numbers[FDS_MAX][8], parent[16];
};

static void make_arguments(struct console *c, const struct inheritance *h, struct arguments *a)
{
    size_t count = 0;
    snprintf(a->parent, sizeof a->parent, "%ld", (long)getpid());
    a->items[count++] = c->program;
    a->items[count++] = (char *)(uintptr_t) "--control";
    a->items[count++] = c->socket;
    a->items[count++] = (char *)(uintptr_t) "--parent";
    a->items[count++] = a->parent;
    for (size_t i = 0; i < h->count; i++) {
        snprintf(a->numbers[i], sizeof a->numbers[i], "%zu", FIRST_FD + i);
        a->items[count++] = (char *)(uintptr_t)h->options[i];
        a->items[count++] = a->numbers[i];
    }
    a->items[count] = NULL;
}

/* It gets these and nothing else: no environment, no input, no output but its words. */
static int spawn(struct console *c, const struct inheritance *h)
{
    struct arguments arguments;
    char *nothing[] = {NULL};
    uv_stdio_container_t stdio[FIRST_FD + FDS_MAX] = {
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->words},
    };
    for (size_t i = 0; i < h->count; i++) {
        stdio[FIRST_FD + i].flags = UV_INHERIT_FD;
        stdio[FIRST_FD + i].data.fd = h->fds[i];
    }
    make_arguments(c, h, &arguments);
    uv_process_options_t options = {.exit_cb = exited,
                                    .file = c->program,
                                    .args = arguments.items,
                                    .env = nothing,
                                    .cwd = NULL,
                                    .stdio_count = (int)(FIRST_FD + h->count),
                                    .stdio = stdio};
    return uv_spawn(c->loop, &c->process, &options);
}

static void run(struct console *c)
{
    uv_pipe_init(c->loop, &c->words, 0);
    c->words.data = c->process.data = c;
    c->exited = c->renewing = false;
    c->open = 2;
    c->started_ms = loop_now_ms();
    struct inheritance inheritance;
    inheritance_init(&inheritance, c);
    int result = spawn(c, &inheritance);
    inheritance_finish(&inheritance);
    if (result < 0) {
        log_printf(c->log, LOG_WARNING, "console", 0, "%s cannot be started: %s", c->program,
                   uv_strerror(result));
        c->exited = true;
        uv_close((uv_handle_t *)&c->process, closed);
        uv_close((uv_handle_t *)&c->words, closed);
        return;
    }
    uv_read_start((uv_stream_t *)&c->words, give_room, got_words);
}

static void time_is_up(void *ctx)
{
    struct console *c = ctx;
    if (c->open == 0)
        run(c);
    else if (!c->exited) /* it had its time to end */
        uv_process_kill(&c->process, SIGKILL);
}

static void tell_to_end(struct console *c)
{
    if (!c->exited)
        uv_process_kill(&c->process, SIGTERM);
    loop_timer_set(c->timer, PATIENCE_MS);
}

/* ---- start and stop ---- */

static char *beside_us(void)
{
    static const char name[] = "linnet-console";
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, sizeof name, "%s", name);
    return strdup(path);
}

static char *control_path(const struct settings *s)
{
    struct buf path = {0};
    settings_control_path(s, &path);
    char *copy = path.failed ? NULL : strdup(buf_peek(&path).ptr);
    buf_finish(&path);
    return copy;
}

static const char *place_url(const struct place *p, const char *host, char out[CONSOLE_URL_BYTES])
{
    char text[LISTEN_TEXT_BYTES];
    struct settings_address address = *p->address;
    if (host)
        snprintf(address.host, sizeof address.host, "%s", host);
    uint16_t port = p->fd >= 0 ? listen_port(p->fd) : address.port;
    snprintf(out, CONSOLE_URL_BYTES, "http%s://%s/", p->tls ? "s" : "",
             listen_text(&address, port, text));
    return out;
}

static void add_places(struct console *c, const struct settings_listen *list, bool tls)
{
    for (size_t i = 0; i < list->count; i++)
        c->places[c->place_count++] = (struct place){&list->items[i], tls, -1};
}

/* What could not be had is worth a line once, and is tried again. Whether another was opened. */
static bool open_places(struct console *c, bool first)
{
    char text[CONSOLE_URL_BYTES], advice[200];
    bool opened = false, missing = false;
    for (size_t i = 0; i < c->place_count; i++) {
        struct place *p = &c->places[i];
        if (p->fd >= 0)
            continue;
        p->fd = listen_open(p->address, BACKLOG);
        int fault = errno;
        if (p->fd >= 0) {
            opened = true;
            log_printf(c->log, LOG_NOTICE, "console", 0, "%s", place_url(p, NULL, text));
        } else if (first) {
            listen_advice(fault, p->tls ? "console.listen_tls" : "console.listen", advice,
                          sizeof advice);
            log_printf(c->log, LOG_WARNING, "console", 0,
                       "not on %s: %s. It is tried again every %d seconds",
                       listen_text(p->address, p->address->port, text), advice, AGAIN_MS / 1000);
        }
        missing = missing || p->fd < 0;
    }
    if (missing)
        loop_timer_set(c->again, AGAIN_MS);
    return opened;
}

/* A run has the sockets and the certificate of its beginning: another one ends it, and the next has
 * all. Nobody is served until then, so it does not wait for a sign-in that is held. */
static void try_again(void *ctx)
{
    struct console *c = ctx;
    if (c->stopping || (!open_places(c, false) && !c->outdated))
        return;
    if (c->open == 0 && c->started_ms == 0) {
        run(c);
    } else if (c->open > 0 && !c->exited && !c->renewing) {
        c->renewing = true;
        tell_to_end(c);
    }
}

struct console *console_start(uv_loop_t *loop, const struct settings *s, const struct log_sink *log)
{
    if (s->console_listen.count + s->console_listen_tls.count == 0)
        return NULL;
    struct console *c = MEMORY_NEW(struct console);
    c->loop = loop;
    c->settings = s;
    c->log = log;
    c->program = s->console_program[0] ? strdup(s->console_program) : beside_us();
    c->socket = control_path(s);
    c->timer = loop_timer_new(loop, time_is_up, c);
    c->again = loop_timer_new(loop, try_again, c);
    if (!c->program || !c->socket || !c->timer || !c->again)
        memory_exhausted();
    if (access(c->program, X_OK) != 0) {
        log_printf(log, LOG_WARNING, "console", 0,
                   "there is none: %s: %s. Install it, name it with console.program, or set "
                   "console.listen to \"\"",
                   c->program, strerror(errno));
        console_free(c);
        return NULL;
    }
    add_places(c, &s->console_listen, false);
    add_places(c, &s->console_listen_tls, true);
    if (open_places(c, true))
        run(c);
    return c;
}

void console_renew(struct console *c)
{
    int files[2];
    if (!c || !listens_tls(c) || !console_certificate_check(c->settings, c->log) ||
        !console_certificate_open(c->settings, c->log, files))
        return;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct stamp now = stamp_of(files[i]);
        c->outdated = c->outdated || !same_stamp(&now, &c->files[i]);
        close(files[i]);
    }
    if (c->outdated)
        loop_timer_set(c->again, RENEW_MS);
}

/* Only where we listen: whoever took another port must not be shown to anybody. */
bool console_url(const struct console *c, char out[CONSOLE_URL_BYTES])
{
    for (size_t i = 0; c && i < c->place_count; i++) {
        const struct place *p = &c->places[i];
        if (p->fd < 0)
            continue;
        place_url(p, cstr_eq(p->address->host, "*") ? "localhost" : NULL, out);
        return true;
    }
    return false;
}

void console_stop(struct console *c)
{
    if (!c)
        return;
    c->stopping = true;
    if (c->open == 0) { /* between two runs */
        console_free(c);
        return;
    }
    tell_to_end(c);
}
