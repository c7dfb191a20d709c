/* linnetd: the program around the server. Options, files, signals, the control socket. */
#include "server/certificate.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/ops/ops_audit.h"
#include "server/program.h"

#include <linnet/linnet.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Those that are known before the store is open. */
static enum linnet_error_code load_settings(struct program *p, struct linnet_error *error)
{
    struct settings settings;
    const struct settings_layers layers = program_layers(p);
    enum linnet_error_code code = settings_load(&settings, &layers, error);
    if (code == LINNET_OK)
        p->live = live_new(&settings);
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
    enum log_level before = p->log.level;
    (void)signum;
    if (!p->settings) {
        log_printf(&p->log, LOG_WARNING, "main", 0, "SIGHUP: the server is not set up yet");
    } else if (ops_settings_reload(p->settings, &error) == LINNET_OK) {
        log_output_level_changed(&p->log, before, "SIGHUP");
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
    p->has_signals = true;
    uv_signal_init(&p->loop, &p->hangup);
    uv_signal_init(&p->loop, &p->terminate);
    uv_signal_init(&p->loop, &p->interrupt);
    p->terminate.data = p->interrupt.data = p;
    uv_signal_start(&p->hangup, on_hangup, SIGHUP);
    uv_signal_start(&p->terminate, on_stop, SIGTERM);
    uv_signal_start(&p->interrupt, on_stop, SIGINT);
}

static int complain(const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    fprintf(stderr, "linnetd: %s\n", error->sentence);
    if (info && error->code != LINNET_ERROR_USAGE)
        fprintf(stderr, "         %s\n", info->remedy);
    return (int)error->code;
}

static enum linnet_error_code start(struct program *p, struct linnet_error *error)
{
    enum linnet_error_code code = load_settings(p, error);
    if (code == LINNET_OK)
        code = program_open(p, error);
    if (code != LINNET_OK)
        return code;
    watch_signals(p);
    return program_start(p, error);
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

static int serve(struct program *p)
{
    harden();
    p->data_dir.lock_fd = -1;
    if (start(p, &p->error) == LINNET_OK) {
        if (p->server && !p->is_quiet)
            program_say_ready(p);
        notify_supervisor("READY=1"); /* for the set-up, if not for clients */
        uv_run(&p->loop, UV_RUN_DEFAULT);
        notify_supervisor("STOPPING=1");
    }
    block_signals();
    program_stop(p);
    if (p->error.code == LINNET_OK)
        log_printf(&p->log, LOG_NOTICE, "main", 0, "stopped");
    return p->error.code == LINNET_OK ? 0 : complain(&p->error);
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

static int show_config(struct program *p)
{
    struct linnet_error error = {0};
    enum linnet_error_code code = load_settings(p, &error);
    if (code != LINNET_OK)
        return complain(&error);
    if (p->options.action == OPTIONS_PRINT_CONFIG)
        print_config(&p->live->settings);
    else
        code = check_config(&p->live->settings, &error);
    live_unref(p->live);
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
        status = show_config(&program);
    options_finish(&program.options);
    return status;
}
