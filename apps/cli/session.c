#include "session.h"

#include "failure.h"
#include "interrupt.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLOSE_MS = 5000 }; /* the library takes 4 s at most */

uint64_t session_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void session_init(struct session *s, const struct options *o, FILE *stages)
{
    *s = (struct session){
        .options = o,
        .reconnects =
            o->reconnect == RECONNECT_ALWAYS ||
            (o->reconnect == RECONNECT_DEFAULT && (o->command == COMMAND_LISTEN || o->lines)),
        .stages = stages,
        .signals = -1,
        .input = -1,
        .network = {.fd = -1},
    };
    sign_in_init(&s->sign_in);
}

/* ---- configuration ---- */

static void trace_sink(void *ctx, enum linnet_direction direction, const char *xml, size_t len)
{
    FILE *to = ctx;
    fputs(direction == LINNET_SENT ? "C: " : "S: ", to);
    output_printable_bytes(to, xml, len);
    putc('\n', to);
    fflush(to);
}

/* Private even where the file was there before and was not. */
static FILE *create_trace(const char *path)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return NULL;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    FILE *file =
        !regular || (fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0) ? fdopen(fd, "w") : NULL;
    if (!file)
        close(fd);
    return file;
}

static void open_trace(struct session *s, struct linnet_config *config)
{
    const struct options *o = s->options;
    if (!o->trace || s->error.code != LINNET_OK)
        return;
    s->trace = o->trace_path ? create_trace(o->trace_path) : stderr;
    if (s->trace)
        linnet_config_set_trace(config, trace_sink, s->trace, o->trace_secrets);
    else
        failure_set(&s->error, LINNET_ERROR_USAGE, "the trace file %s cannot be written: %s",
                    o->trace_path, strerror(errno));
}

/* Whether its contents are certificates, the library says. */
static void check_cafile(struct session *s)
{
    const char *path = s->options->cafile;
    struct stat st;
    if (!path)
        return;
    bool readable = access(path, R_OK) == 0 && stat(path, &st) == 0; /* a pipe stays unread */
    if (!readable || S_ISDIR(st.st_mode))
        failure_set(&s->error, LINNET_ERROR_USAGE,
                    "the file %s given with --cafile cannot be read: %s", path,
                    strerror(readable ? EISDIR : errno));
}

struct linnet_config *session_config(struct session *s)
{
    const struct options *o = s->options;
    struct linnet_config *c = linnet_config_new();
    check_cafile(s);
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
    linnet_config_set_reconnect(c, s->reconnects);
    linnet_config_set_reconnect_cap_ms(c, o->reconnect_cap_ms);
    linnet_config_set_software(c, "linnet", linnet_version(), "console");
    open_trace(s, c);
    return c;
}

enum linnet_error_code session_open(struct session *s)
{
    struct linnet_jid *jid;
    /* A wrong address, or a file that is not there, is told before a password is asked for. */
    enum linnet_error_code code = linnet_jid_new(s->options->address, &jid, &s->error);
    if (code != LINNET_OK)
        return code;
    struct linnet_config *config = session_config(s);
    code = s->error.code;
    if (code == LINNET_OK)
        code = sign_in_prepare(s, config, linnet_jid_bare(jid));
    if (code == LINNET_OK)
        code = linnet_client_new(config, &s->client, &s->error);
    sign_in_blame_memory(s);
    if (code == LINNET_OK)
        code = sign_in_ask(s, config);
    linnet_config_free(config);
    linnet_jid_free(jid);
    return code;
}

/* ---- the loop ---- */

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

static bool signalled(const struct session *s)
{
    struct signalfd_siginfo info;
    return read(s->signals, &info, sizeof info) > 0;
}

/* What is no business of the commands. False: it is theirs. */
static bool serve(struct session *s, const struct linnet_event *e)
{
    if (sign_in_serve(s, e))
        return true;
    bool settled = e->kind == LINNET_EVENT_ONLINE || e->kind == LINNET_EVENT_FAILED;
    if (settled && (s->options->command == COMMAND_LISTEN || s->options->lines))
        memory_unlock(&s->sign_in.memory);
    return false;
}

bool session_gave_up(struct session *s, const struct linnet_event *e)
{
    if (e->kind == LINNET_EVENT_GIVEN_UP)
        s->error = *e->error;
    return e->kind == LINNET_EVENT_GIVEN_UP ||
           (e->kind == LINNET_EVENT_FAILED && (s->sign_in.no_password || s->sign_in.begins_anew));
}

enum next session_next(struct session *s, const struct linnet_event **ret_event)
{
    for (;;) {
        while ((*ret_event = linnet_client_event(s->client)))
            if (!serve(s, *ret_event))
                return NEXT_EVENT;
        if (s->deadline_ms && session_now_ms() >= s->deadline_ms)
            return NEXT_DEADLINE;
        /* Of standard output only the end is of interest: a pipe without reader. */
        struct pollfd fds[5] = {{.fd = linnet_client_fd(s->client), .events = POLLIN},
                                {.fd = s->signals, .events = POLLIN},
                                {.fd = STDOUT_FILENO},
                                {.fd = s->network.fd, .events = POLLIN},
                                {.fd = s->input, .events = POLLIN}};
        poll(fds, 5, wait_ms(s));
        if ((fds[1].revents && signalled(s)) || (fds[2].revents & (POLLERR | POLLHUP))) {
            failure_set(&s->error, LINNET_ERROR_INTERRUPTED, "interrupted");
            return NEXT_INTERRUPTED;
        }
        bool up;
        if (fds[3].revents && network_read(&s->network, &up))
            linnet_client_network_changed(s->client, up);
        linnet_client_dispatch(s->client);
        if (fds[4].revents)
            return NEXT_INPUT;
    }
}

/* ---- login ---- */

static void show_stage(const struct session *s, enum linnet_stage stage, uint32_t ms,
                       const char *detail)
{
    FILE *to = s->stages;
    const char *name = linnet_stage_name(stage);
    if (!to)
        return;
    if (s->options->json) {
        json_t *object = output_event("stage");
        output_set(object, "stage", name);
        json_object_set_new(object, "ms", json_integer(ms));
        output_set(object, "detail", detail);
        output_json(object);
        return;
    }
    fprintf(to, "  %s%-8s%s %5u ms  ", output_green(to), name, output_plain(to), ms);
    output_printable(to, detail ? detail : "");
    putc('\n', to);
    fflush(to);
}

/* Where it ended; why is said by failure_print. */
static void show_failed_stage(const struct session *s, enum linnet_stage stage)
{
    FILE *to = s->stages;
    const char *name = linnet_stage_name(stage);
    if (!to || s->options->json || !*name)
        return;
    fprintf(to, "  %s%-8s   failed%s\n\n", output_red(to), name, output_plain(to));
    fflush(to);
}

static void retry_json(const struct session *s, const struct linnet_event *e)
{
    json_t *object = output_event("retry");
    failure_json(object, s->options, e->error);
    json_object_set_new(object, "attempt", json_integer(e->attempt));
    json_object_set_new(object, "delay_ms", json_integer(e->delay_ms));
    output_json(object);
}

static void retry_text(const struct linnet_event *e)
{
    char line[sizeof e->error->sentence + 128], when[48];
    const char *sentence = e->error->sentence;
    size_t len = strlen(sentence);
    len -= len > 0 && sentence[len - 1] == '.';
    if (e->error->retry == LINNET_RETRY_ON_NETWORK)
        snprintf(when, sizeof when, "when the network is back");
    else
        snprintf(when, sizeof when, "in %u s", (unsigned)((e->delay_ms + 999) / 1000));
    snprintf(line, sizeof line, "%s: %.*s; trying again %s (attempt %u).",
             e->error->stage == LINNET_STAGE_READY ? "Connection lost" : "Not connected", (int)len,
             sentence, when, (unsigned)e->attempt);
    output_wrapped(stderr, 0, line);
}

void session_show_progress(const struct session *s, const struct linnet_event *e)
{
    if (e->kind == LINNET_EVENT_STAGE_DONE)
        show_stage(s, e->stage, e->stage_ms, e->detail);
    if (e->kind != LINNET_EVENT_RETRY_SCHEDULED)
        return;
    if (s->options->json)
        retry_json(s, e);
    else if (!s->options->quiet)
        retry_text(e);
}

/* What failed last says more than that the time is over. */
static enum linnet_error_code too_late(struct session *s)
{
    if (s->error.code == LINNET_OK)
        failure_set(&s->error, LINNET_ERROR_TIMEOUT, "the time given was over");
    return s->error.code;
}

static enum linnet_error_code await_outcome(struct session *s)
{
    bool again = s->options->reconnect == RECONNECT_ALWAYS;
    const struct linnet_event *e;
    for (;;) {
        switch (session_next(s, &e)) {
        case NEXT_INTERRUPTED:
            return s->error.code;
        case NEXT_DEADLINE:
            return too_late(s);
        case NEXT_INPUT:
        case NEXT_EVENT:
            break;
        }
        if (e->kind != LINNET_EVENT_RETRY_SCHEDULED || again)
            session_show_progress(s, e);
        if (e->kind == LINNET_EVENT_ONLINE) {
            show_stage(s, LINNET_STAGE_READY, e->elapsed_ms, "in all");
            s->logged_in = true;
            return LINNET_OK;
        }
        if (e->kind == LINNET_EVENT_FAILED) {
            if (!s->sign_in.no_password) /* which says more than that the login was given up */
                s->error = *e->error;
            if (!s->sign_in.begins_anew)
                show_failed_stage(s, e->error->stage);
        }
        if (session_gave_up(s, e) || (e->kind == LINNET_EVENT_FAILED && !again))
            return s->error.code;
    }
}

enum linnet_error_code session_login(struct session *s)
{
    s->signals = interrupt_open(&s->before);
    if (s->reconnects)
        network_open(&s->network);
    enum linnet_error_code code;
    do {
        while (linnet_client_event(s->client)) /* that the login before was given up */
            continue;
        code = linnet_client_login(s->client);
        if (code == LINNET_OK)
            code = await_outcome(s);
    } while (code != LINNET_OK && sign_in_again(s));
    return code == LINNET_OK || s->error.code == LINNET_OK ? code : s->error.code;
}

/* ---- leaving ---- */

static void close_in_order(struct session *s)
{
    const struct linnet_event *e;
    linnet_client_close(s->client);
    s->deadline_ms = session_now_ms() + CLOSE_MS;
    /* OFFLINE comes when the server has said goodbye too, or not in time. */
    while (session_next(s, &e) == NEXT_EVENT)
        if (e->kind == LINNET_EVENT_OFFLINE)
            return;
}

static void show_recording(const struct session *s)
{
    char *recording = linnet_client_recording(s->client);
    if (recording)
        fprintf(stderr, "\n%s", recording);
    free(recording);
}

int session_finish(struct session *s, enum linnet_error_code outcome)
{
    if (outcome != LINNET_OK)
        failure_print(s->options, &s->error);
    if (s->client && linnet_client_is_online(s->client))
        close_in_order(s);
    if (s->client && !s->logged_in && outcome != LINNET_OK && outcome != LINNET_ERROR_INTERRUPTED &&
        s->options->verbose)
        show_recording(s);
    linnet_client_free(s->client);
    sign_in_finish(&s->sign_in);
    network_close(&s->network);
    if (s->trace && s->trace != stderr)
        fclose(s->trace);
    if (s->signals >= 0)
        interrupt_close(s->signals, &s->before);
    return outcome;
}
