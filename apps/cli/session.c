#include "session.h"

#include "output.h"
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

uint64_t session_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- configuration ---- */

static void trace_sink(void *ctx, enum linnet_direction direction, const char *xml, size_t len)
{
    FILE *to = ctx;
    bool terminal = isatty(fileno(to));
    fputs(direction == LINNET_SENT ? "C: " : "S: ", to);
    for (size_t i = 0; i < len; i++)
        putc(terminal && ((unsigned char)xml[i] < 0x20 || xml[i] == 0x7f) ? '?' : xml[i], to);
    putc('\n', to);
    fflush(to);
}

static void open_trace(struct session *s, struct linnet_config *config)
{
    const struct options *o = s->options;
    if (!o->trace)
        return;
    s->trace = stderr;
    if (o->trace_path) {
        int fd = open(o->trace_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        s->trace = fd >= 0 ? fdopen(fd, "w") : NULL;
    }
    if (s->trace)
        linnet_config_set_trace(config, trace_sink, s->trace, o->trace_secrets);
    else
        failure(&s->error, LINNET_ERROR_USAGE, "the trace file %s cannot be written: %s",
                o->trace_path, strerror(errno));
}

struct linnet_config *session_config(struct session *s)
{
    const struct options *o = s->options;
    struct linnet_config *c = linnet_config_new();
    linnet_config_set_address(c, o->address);
    linnet_config_set_host(c, o->host);
    linnet_config_set_port(c, (uint16_t)o->port);
    linnet_config_set_direct_tls(c, o->direct_tls);
    linnet_config_set_tls(c, o->tls);
    linnet_config_set_ca_file(c, o->cafile);
    for (unsigned i = 0; i < o->pin_count; i++)
        linnet_config_add_pin(c, o->pins[i]);
    linnet_config_set_mechanism(c, o->mechanism);
    linnet_config_set_legacy(c, o->legacy);
    linnet_config_set_resource(c, o->resource);
    linnet_config_set_timeout_ms(c, o->timeout_ms, o->stage_timeout_ms);
    linnet_config_set_software(c, "linnet", linnet_version(), "console");
    open_trace(s, c);
    return c;
}

/* ---- the loop ---- */

/* From here on Ctrl-C is something to read, so that the stream can be closed in order. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int wait_ms(const struct session *s)
{
    int client = linnet_client_timeout_ms(s->client);
    if (!s->deadline_ms)
        return client;
    uint64_t now = session_now_ms();
    uint64_t left = s->deadline_ms > now ? s->deadline_ms - now : 0;
    int own = left > 3600000 ? 3600000 : (int)left;
    return client < 0 || own < client ? own : client;
}

enum next session_next(struct session *s, const struct linnet_event **ret_event)
{
    for (;;) {
        *ret_event = linnet_client_event(s->client);
        if (*ret_event)
            return NEXT_EVENT;
        if (s->deadline_ms && session_now_ms() >= s->deadline_ms)
            return NEXT_DEADLINE;
        struct pollfd fds[2] = {{.fd = linnet_client_fd(s->client), .events = POLLIN},
                                {.fd = s->signals, .events = POLLIN}};
        poll(fds, 2, wait_ms(s));
        if (fds[1].revents) {
            struct signalfd_siginfo info;
            if (read(s->signals, &info, sizeof info) > 0) {
                failure(&s->error, LINNET_ERROR_INTERRUPTED, "Interrupted.");
                return NEXT_INTERRUPTED;
            }
        }
        linnet_client_dispatch(s->client);
    }
}

/* ---- login ---- */

static void show_stage(const struct session *s, const struct linnet_event *e)
{
    const char *name = linnet_stage_name(e->stage);
    if (s->options->json) {
        json_t *object = output_event("stage");
        output_set(object, "stage", name);
        json_object_set_new(object, "ms", json_integer(e->stage_ms));
        output_set(object, "detail", e->detail);
        output_json(object);
        return;
    }
    printf("  %s%-8s%s %5u ms  ", output_green(stdout), name, output_plain(stdout), e->stage_ms);
    output_printable(stdout, e->detail ? e->detail : "");
    putchar('\n');
    fflush(stdout);
}

static enum linnet_error_code await_outcome(struct session *s)
{
    const struct linnet_event *e;
    for (;;) {
        enum next next = session_next(s, &e);
        if (next == NEXT_INTERRUPTED)
            return s->error.code;
        if (next == NEXT_DEADLINE)
            return failure(&s->error, LINNET_ERROR_TIMEOUT, "The time given was over.");
        if (e->kind == LINNET_EVENT_STAGE_DONE && s->show_stages)
            show_stage(s, e);
        if (e->kind == LINNET_EVENT_ONLINE)
            return LINNET_OK;
        if (e->kind == LINNET_EVENT_FAILED) {
            s->error = *e->error;
            return s->error.code;
        }
    }
}

enum linnet_error_code session_login(struct session *s, const struct options *o)
{
    struct password password;
    struct linnet_jid *jid;
    s->options = o;
    s->signals = -1;
    /* A wrong address is told before a password is asked for. */
    enum linnet_error_code code = linnet_jid_new(o->address, &jid, &s->error);
    linnet_jid_free(jid);
    if (code != LINNET_OK || (code = password_get(o, &password, &s->error)) != LINNET_OK)
        return code;
    struct linnet_config *config = session_config(s);
    linnet_config_set_password(config, password.bytes, password.len);
    password_wipe(&password);
    code = s->error.code;
    if (code == LINNET_OK)
        code = linnet_client_new(config, &s->client, &s->error);
    linnet_config_free(config);
    if (code != LINNET_OK)
        return code;
    s->signals = open_signals();
    code = linnet_client_login(s->client);
    return code == LINNET_OK ? await_outcome(s) : code;
}

/* ---- leaving ---- */

static void close_in_order(struct session *s)
{
    const struct linnet_event *e;
    linnet_client_close(s->client);
    s->deadline_ms = session_now_ms() + 3000;
    while (session_next(s, &e) == NEXT_EVENT)
        if (e->kind == LINNET_EVENT_OFFLINE)
            return;
}

void session_finish(struct session *s, enum linnet_error_code outcome)
{
    if (s->client && linnet_client_is_online(s->client))
        close_in_order(s);
    if (s->client && outcome != LINNET_OK && s->options->verbose) {
        char *recording = linnet_client_recording(s->client);
        if (recording)
            fprintf(stderr, "\n%s", recording);
        free(recording);
    }
    linnet_client_free(s->client);
    if (s->trace && s->trace != stderr)
        fclose(s->trace);
    if (s->signals >= 0)
        close(s->signals);
}
