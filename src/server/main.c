/* linnetd: the program around the server. Options, files, signals, the control socket. */
#include "net/loop.h"
#include "server/certificate.h"
#include "server/console.h"
#include "server/control/control.h"
#include "server/data_dir.h"
#include "server/log_output.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/ops/ops_audit.h"
#include "server/ops/ops_settings.h"
#include "server/options.h"
#include "server/report.h"
#include "server/server.h"

#include <linnet/linnet.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { READ_THREADS = 2, QUEUE_MAX = 1024 };

/* All that has to be undone, in the order in which it was done. */
struct program {
    struct options options;
    struct live *first; /* the settings at the start: what is not reloaded is borrowed from them */
    struct live *live;  /* those in force */
    struct log_output log_output;
    struct log_sink log;
    struct log_sink store_log; /* for pool threads, which log errors only: never written to */
    struct data_dir data_dir;
    uv_loop_t loop;
    uv_signal_t hangup, terminate, interrupt;
    struct store *store;
    struct ops *ops;
    struct ops_port *port;
    struct settings_stored stored; /* until `settings` has them */
    struct ops_settings *settings;
    struct server *server;
    struct report *report;
    struct control *control;
    struct console *console;
    bool has_loop;
};

/* Nothing of a client's secrets on disk, and as many connections as the system lets us have. */
static void harden(void)
{
    struct rlimit none = {0, 0}, files;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static struct settings_layers layers_of(const struct options *o)
{
    return (struct settings_layers){
        .file = o->config,
        .environ = environ,
        .sets = o->sets,
        .set_count = o->set_count,
        .draft = o->action == OPTIONS_PRINT_CONFIG,
    };
}

static enum linnet_error_code load_settings(const struct options *o, struct live **ret,
                                            struct linnet_error *error)
{
    struct settings settings;
    struct settings_layers layers = layers_of(o);
    enum linnet_error_code code = settings_load(&settings, &layers, error);
    if (code == LINNET_OK)
        *ret = live_new(&settings);
    return code;
}

/* ---- signals ---- */

static void say_waiting(const struct program *p)
{
    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++)
        if (p->live->settings.pending[i])
            log_printf(&p->log, LOG_WARNING, "main", 0, "%s takes effect at the next start",
                       row->name);
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct program *p = CONTAINER_OF(handle, struct program, hangup);
    struct linnet_error error = {0};
    (void)signum;
    if (ops_settings_reload(p->settings, &error) == LINNET_OK) {
        log_printf(&p->log, LOG_NOTICE, "main", 0, "settings and certificates were read again");
        ops_audit(p->port, &(struct ops_audit_entry){.actor = {.name = STR_LIT("SIGHUP")},
                                                     .action = "server.reloaded"});
        say_waiting(p);
    } else {
        log_printf(&p->log, LOG_ERROR, "main", 0, "nothing was changed: %s", error.sentence);
    }
}

static void on_stop(uv_signal_t *handle, int signum)
{
    struct program *p = handle->data;
    log_printf(&p->log, LOG_NOTICE, "main", 0, "%s: stopping",
               signum == SIGTERM ? "SIGTERM" : "SIGINT");
    uv_stop(handle->loop);
}

static void watch_signals(struct program *p)
{
    uv_signal_init(&p->loop, &p->hangup);
    uv_signal_init(&p->loop, &p->terminate);
    uv_signal_init(&p->loop, &p->interrupt);
    p->terminate.data = p->interrupt.data = p;
    uv_signal_start(&p->hangup, on_hangup, SIGHUP);
    uv_signal_start(&p->terminate, on_stop, SIGTERM);
    uv_signal_start(&p->interrupt, on_stop, SIGINT);
}

/* ---- settings while it runs ---- */

static const struct settings *settings_in_force(void *ctx)
{
    const struct program *p = ctx;
    return &p->live->settings;
}

static enum linnet_error_code settings_check(void *ctx, const struct settings *fresh,
                                             struct linnet_error *error)
{
    (void)ctx;
    return certificate_check(fresh, error);
}

static void waits(void *ctx, const char *name)
{
    (void)ctx; /* say_waiting, settings.list */
    (void)name;
}

static enum linnet_error_code settings_apply(void *ctx, struct settings *fresh,
                                             struct linnet_error *error)
{
    struct program *p = ctx;
    struct live *live = live_new(fresh);
    if (!settings_keep_fixed(&live->settings, &p->live->settings, waits, p))
        memory_exhausted();
    enum linnet_error_code code = server_reload(p->server, live_ref(live), error);
    if (code == LINNET_OK) {
        live_unref(p->live);
        p->live = live;
        p->log.level = (enum log_level)live->settings.log_level;
        ops_audit_keep(p->ops, live->settings.audit_keep);
    } else {
        live_unref(live);
    }
    return code;
}

static void setting_changed(void *ctx, const struct ops_setting_outcome *outcome)
{
    struct program *p = ctx;
    char actor[OPS_ACTOR_BYTES];
    log_printf(&p->log, LOG_NOTICE, "settings", 0, "%s is \"%s\"%s: by %s", outcome->name,
               outcome->value, outcome->applied ? "" : " from the next start on",
               ops_actor_text(&outcome->actor, actor));
    control_emit_setting(p->control, outcome);
}

static void open_settings(struct program *p)
{
    const struct ops_settings_config config = {
        .port = p->port,
        .layers = layers_of(&p->options),
        .stored = p->stored,
        .host = {settings_in_force, settings_check, settings_apply, setting_changed, p},
        .log = &p->log,
    };
    p->settings = ops_settings_new(&config);
    p->stored = (struct settings_stored){0};
}

/* The settings of the files once more, now with those that the store holds. */
static enum linnet_error_code load_stored(struct program *p, struct linnet_error *error)
{
    struct settings settings;
    const struct settings_layers layers = layers_of(&p->options);
    const struct settings_skip skip = {ops_settings_skipped, &p->log};
    enum linnet_error_code code = ops_settings_read(p->store, &p->stored, error);
    if (code == LINNET_OK)
        code = settings_load_with(&settings, &layers, &p->stored, &skip, error);
    if (code != LINNET_OK)
        return code;
    live_unref(p->live);
    p->live = live_new(&settings);
    return LINNET_OK;
}

/* ---- the control socket ---- */

static void host_status(void *ctx, struct control_call *call)
{
    struct program *p = ctx;
    report_status(p->report, call);
}

static void host_sessions(void *ctx, struct control_call *call,
                          const struct control_sessions *which)
{
    struct program *p = ctx;
    report_sessions(p->report, call, which);
}

static void host_online(void *ctx, struct control_call *call, json_t *result)
{
    struct program *p = ctx;
    report_online(p->report, call, result);
}

static void host_close_session(void *ctx, struct control_call *call,
                               const struct control_session *which)
{
    struct program *p = ctx;
    report_close(p->report, call, which);
}

static json_t *host_certificate(void *ctx)
{
    const struct program *p = ctx;
    return report_certificate(p->report);
}

/* What was done to accounts, and by whom: in the log too, which may be kept elsewhere. */
static void log_change(const struct program *p, const struct ops_event *e)
{
    char actor[OPS_ACTOR_BYTES];
    log_printf(&p->log, LOG_NOTICE, "accounts", 0, "%s: user=%.*s@%.*s by %s%s%.*s%s%s",
               ops_event_name(e->kind), STR_ARG(e->user), STR_ARG(e->domain),
               ops_actor_text(&e->actor, actor), e->reason.len ? " reason=" : "",
               STR_ARG(e->reason), e->kind == OPS_ROLE_CHANGED ? " role=" : "",
               e->kind == OPS_ROLE_CHANGED ? ops_role_name(e->role) : "");
}

static void account_changed(void *ctx, const struct ops_event *event)
{
    struct program *p = ctx;
    log_change(p, event);
    server_account_changed(p->server, event);
    control_emit_account(p->control, event);
}

static void audited(void *ctx, const struct store_audit *row)
{
    const struct program *p = ctx;
    control_emit_audit(p->control, row);
}

static enum linnet_error_code open_control(struct program *p, struct linnet_error *error)
{
    struct buf path = {0};
    settings_control_path(&p->first->settings, &path);
    if (path.failed)
        memory_exhausted();
    struct control_config config = {
        .loop = &p->loop,
        .path = buf_peek(&path).ptr,
        .ops = p->port,
        .settings = p->settings,
        .host = {host_status, host_sessions, host_online, host_close_session, settings_in_force,
                 host_certificate, p},
        .log = &p->log,
        .throttle = p->server->throttle,
        .logins = &p->server->logins,
        .blocks = &p->server->blocks,
    };
    p->report = report_new(p->server);
    enum linnet_error_code code = control_new(&config, &p->control, error);
    buf_finish(&path);
    return code;
}

/* ---- start and stop ---- */

static enum linnet_error_code open_store(struct program *p, struct linnet_error *error)
{
    struct buf path = {0};
    struct store_fault fault = {0};
    buf_printf(&path, "%s/linnet.db%c", p->live->settings.data, '\0');
    if (path.failed)
        memory_exhausted();
    enum store_result result = store_sqlite_open(buf_peek(&path).ptr, &p->store, &fault);
    buf_finish(&path);
    if (result == STORE_NO_MEMORY)
        memory_exhausted();
    if (result == STORE_OK)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}

static enum linnet_error_code open_ops(struct program *p, struct linnet_error *error)
{
    const struct settings *s = &p->first->settings;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct buf key_path = {0};
    settings_token_key_path(s, &key_path);
    if (key_path.failed)
        memory_exhausted();
    struct ops_config config = {
        .store = p->store,
        .domain = s->domain,
        .iterations = (unsigned)s->login_iterations,
        .legacy = s->login_legacy,
        .token_key_file = buf_peek(&key_path).ptr,
        .token_life_s = s->login_token_days * 86400,
        .derive_threads = cores > 0 ? (unsigned)cores : 1,
        .read_threads = READ_THREADS,
        .queue_max = QUEUE_MAX,
        .audit_keep = s->audit_keep,
        .log = &p->store_log,
        .event = account_changed,
        .audited = audited,
        .ctx = p,
    };
    enum linnet_error_code code = ops_new(&config, &p->ops, error);
    buf_finish(&key_path);
    if (code != LINNET_OK)
        return code;
    p->port = ops_port_new(p->ops, &p->loop);
    if (!p->port)
        memory_exhausted();
    return LINNET_OK;
}

static void open_log(struct program *p)
{
    const struct settings *s = &p->live->settings;
    p->log_output = (struct log_output){STDERR_FILENO, (enum settings_log_format)s->log_format};
    p->log = p->store_log = log_output_sink(&p->log_output, (enum log_level)s->log_level);
}

static enum linnet_error_code start(struct program *p, struct linnet_error *error)
{
    enum linnet_error_code code = load_settings(&p->options, &p->live, error);
    if (code != LINNET_OK)
        return code;
    open_log(p);
    log_printf(&p->log, LOG_NOTICE, "main", 0,
               "linnetd " LINNET_VERSION " starts: domain=%s data=%s", p->live->settings.domain,
               p->live->settings.data);
    code = data_dir_open(&p->data_dir, p->live->settings.data, error);
    if (code == LINNET_OK)
        code = open_store(p, error);
    if (code == LINNET_OK)
        code = load_stored(p, error);
    if (code != LINNET_OK)
        return code;
    p->first = live_ref(p->live);
    open_log(p);
    if (!loop_init(&p->loop))
        memory_exhausted();
    p->has_loop = true;
    watch_signals(p);
    code = open_ops(p, error);
    if (code == LINNET_OK) {
        struct server_config config = {&p->loop, live_ref(p->live), p->ops, p->log};
        code = server_start(&config, &p->server, error);
    }
    if (code == LINNET_OK) {
        open_settings(p);
        code = open_control(p, error);
    }
    if (code == LINNET_OK)
        p->console = console_start(&p->loop, &p->first->settings, &p->log);
    return code;
}

/* One signal is enough: another must not cut short what the first began. */
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void stop(struct program *p)
{
    block_signals();
    console_stop(p->console);
    server_stop(p->server);
    report_free(p->report);
    ops_settings_free(p->settings);
    control_free(p->control);
    ops_port_free(p->port);
    if (p->has_loop) {
        uv_close((uv_handle_t *)&p->hangup, NULL);
        uv_close((uv_handle_t *)&p->terminate, NULL);
        uv_close((uv_handle_t *)&p->interrupt, NULL);
        loop_finish(&p->loop);
    }
    ops_free(p->ops);
    store_free(p->store);
    data_dir_close(&p->data_dir);
    live_unref(p->live);
    live_unref(p->first);
    settings_stored_finish(&p->stored);
}

static int complain(const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    fprintf(stderr, "linnetd: %s\n", error->sentence);
    if (info && error->code != LINNET_ERROR_USAGE)
        fprintf(stderr, "         %s\n", info->remedy);
    return (int)error->code;
}

static int serve(struct program *p)
{
    struct linnet_error error = {0};
    harden();
    p->data_dir.lock_fd = -1;
    if (start(p, &error) == LINNET_OK) {
        puts("ready");
        fflush(stdout);
        notify_supervisor("READY=1");
        uv_run(&p->loop, UV_RUN_DEFAULT);
        notify_supervisor("STOPPING=1");
    }
    stop(p);
    if (error.code == LINNET_OK)
        log_printf(&p->log, LOG_NOTICE, "main", 0, "stopped");
    return error.code == LINNET_OK ? 0 : complain(&error);
}

static void print_config(const struct settings *s)
{
    struct buf out = {0};
    settings_print_config(s, &out);
    fwrite(buf_peek(&out).ptr, 1, buf_len(&out), stdout);
    buf_finish(&out);
}

/* What can be seen without starting: the files, for whoever asks. */
static enum linnet_error_code check_config(const struct settings *s, struct linnet_error *error)
{
    enum linnet_error_code code = data_dir_check(s->data, error);
    if (code == LINNET_OK)
        code = certificate_check(s, error);
    if (code == LINNET_OK)
        puts("The settings are good.");
    return code;
}

static int show_config(const struct options *o)
{
    struct linnet_error error = {0};
    struct live *live;
    if (load_settings(o, &live, &error) != LINNET_OK)
        return complain(&error);
    enum linnet_error_code code = LINNET_OK;
    if (o->action == OPTIONS_PRINT_CONFIG)
        print_config(&live->settings);
    else
        code = check_config(&live->settings, &error);
    live_unref(live);
    return code == LINNET_OK ? 0 : complain(&error);
}

int main(int argc, char **argv)
{
    static struct program program;
    struct linnet_error error = {0};
    int status;
    if (options_read(&program.options, argc, argv, &error) != LINNET_OK)
        status = complain(&error);
    else if (program.options.action == OPTIONS_SERVE)
        status = serve(&program);
    else if (program.options.action == OPTIONS_HELP || program.options.action == OPTIONS_VERSION)
        status = options_print(&program.options);
    else
        status = show_config(&program.options);
    options_finish(&program.options);
    return status;
}
