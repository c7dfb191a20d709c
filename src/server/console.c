#include "server/console.h"

#include "net/loop.h"
#include "server/listen.h"
#include "server/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A console that ran for CALM_MS ends by accident: the next starts soon. */
enum { FIRST_MS = 250, LAST_MS = 60 * 1000, CALM_MS = 60 * 1000, PATIENCE_MS = 2000 };
enum { BACKLOG = 64, FIRST_FD = 3, ARGS_MAX = 5 + 2 * SETTINGS_CONSOLE_ADDRESSES_MAX };
enum { LINE_MAX_BYTES = 1024 };

struct console {
    uv_loop_t *loop;
    const struct log_sink *log;
    char *program, *socket; /* of the control socket */
    int fds[SETTINGS_CONSOLE_ADDRESSES_MAX];
    size_t fd_count;
    char url[CONSOLE_URL_BYTES];
    struct loop_timer *timer; /* to start it again; while stopping, to kill it */
    uint64_t started_ms, delay_ms;
    bool stopping;

    /* One run: closed when both are. */
    uv_process_t process;
    uv_pipe_t words; /* its standard error */
    unsigned open;   /* handles of these two */
    bool exited;
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
    if (line.len > 0)
        log_printf(c->log, LOG_NOTICE, "console", 0, "%s", clean);
    c->line_len = 0;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct console *c = handle->data;
    (void)suggested;
    if (c->line_len == sizeof c->line)
        log_line(c);
    *ret = uv_buf_init(c->line + c->line_len, (unsigned)(sizeof c->line - c->line_len));
}

static void take_words(struct console *c, size_t len)
{
    size_t end = c->line_len + len, at = c->line_len;
    char *newline;
    while ((newline = memchr(c->line + at, '\n', end - at))) {
        size_t used = (size_t)(newline - c->line);
        c->line_len = used;
        log_line(c);
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
    log_line(c);
    uv_close((uv_handle_t *)stream, closed);
}

/* ---- runs ---- */

static void run(void *ctx);

static void console_free(struct console *c)
{
    for (size_t i = 0; i < c->fd_count; i++)
        close(c->fds[i]);
    loop_timer_free(c->timer);
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
    if (!c->stopping)
        log_printf(c->log, LOG_WARNING, "console", 0, "linnet-console: status %lld, signal %d",
                   (long long)status, signum);
    uv_close((uv_handle_t *)process, closed);
}

struct arguments {
    char *items[ARGS_MAX + 1];
    char numbers[SETTINGS_CONSOLE_ADDRESSES_MAX][8], parent[16];
};

static void make_arguments(struct console *c, struct arguments *a)
{
    size_t count = 0;
    snprintf(a->parent, sizeof a->parent, "%ld", (long)getpid());
    a->items[count++] = c->program;
    a->items[count++] = (char *)(uintptr_t) "--control";
    a->items[count++] = c->socket;
    a->items[count++] = (char *)(uintptr_t) "--parent";
    a->items[count++] = a->parent;
    for (size_t i = 0; i < c->fd_count; i++) {
        snprintf(a->numbers[i], sizeof a->numbers[i], "%zu", FIRST_FD + i);
        a->items[count++] = (char *)(uintptr_t) "--fd";
        a->items[count++] = a->numbers[i];
    }
    a->items[count] = NULL;
}

/* It gets its sockets and nothing else: no environment, no input, no output but its words. */
static int spawn(struct console *c)
{
    struct arguments arguments;
    char *nothing[] = {NULL};
    uv_stdio_container_t stdio[FIRST_FD + SETTINGS_CONSOLE_ADDRESSES_MAX] = {
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->words},
    };
    for (size_t i = 0; i < c->fd_count; i++) {
        stdio[FIRST_FD + i].flags = UV_INHERIT_FD;
        stdio[FIRST_FD + i].data.fd = c->fds[i];
    }
    make_arguments(c, &arguments);
    uv_process_options_t options = {.exit_cb = exited,
                                    .file = c->program,
                                    .args = arguments.items,
                                    .env = nothing,
                                    .cwd = NULL,
                                    .stdio_count = (int)(FIRST_FD + c->fd_count),
                                    .stdio = stdio};
    return uv_spawn(c->loop, &c->process, &options);
}

static void run(void *ctx)
{
    struct console *c = ctx;
    if (c->stopping) { /* it had its time to end */
        if (!c->exited)
            uv_process_kill(&c->process, SIGKILL);
        return;
    }
    uv_pipe_init(c->loop, &c->words, 0);
    c->words.data = c->process.data = c;
    c->exited = false;
    c->open = 2;
    c->started_ms = loop_now_ms();
    int result = spawn(c);
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

/* Opens what can be opened. Which port is taken is worth a line, and no more. */
static void open_sockets(struct console *c, const struct settings_listen *list)
{
    char text[LISTEN_TEXT_BYTES], advice[200];
    for (size_t i = 0; i < list->count; i++) {
        int fd = listen_open(&list->items[i], BACKLOG);
        if (fd < 0) {
            listen_advice(errno, "console.listen", advice, sizeof advice);
            log_printf(c->log, LOG_WARNING, "console", 0, "not on %s: %s",
                       listen_text(&list->items[i], list->items[i].port, text), advice);
        } else {
            c->fds[c->fd_count++] = fd;
            if (!c->url[0])
                snprintf(c->url, sizeof c->url, "http://%s/",
                         listen_text(&list->items[i], listen_port(fd), text));
            log_printf(c->log, LOG_NOTICE, "console", 0, "http://%s/",
                       listen_text(&list->items[i], listen_port(fd), text));
        }
    }
}

struct console *console_start(uv_loop_t *loop, const struct settings *s, const struct log_sink *log)
{
    if (s->console_listen.count == 0)
        return NULL;
    struct console *c = MEMORY_NEW(struct console);
    c->loop = loop;
    c->log = log;
    c->program = s->console_program[0] ? strdup(s->console_program) : beside_us();
    c->socket = control_path(s);
    c->timer = loop_timer_new(loop, run, c);
    if (!c->program || !c->socket || !c->timer)
        memory_exhausted();
    if (access(c->program, X_OK) != 0)
        log_printf(log, LOG_WARNING, "console", 0,
                   "there is none: %s: %s. Install it, name it with console.program, or set "
                   "console.listen to \"\"",
                   c->program, strerror(errno));
    else
        open_sockets(c, &s->console_listen);
    if (c->fd_count == 0) {
        console_free(c);
        return NULL;
    }
    run(c);
    return c;
}

bool console_url(const struct console *c, char out[CONSOLE_URL_BYTES])
{
    if (c)
        snprintf(out, CONSOLE_URL_BYTES, "%s", c->url);
    return c && c->url[0];
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
    if (!c->exited)
        uv_process_kill(&c->process, SIGTERM);
    loop_timer_set(c->timer, PATIENCE_MS);
}
