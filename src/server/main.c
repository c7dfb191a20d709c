/* linnetd: the program around the server. Options, files, signals, the control socket. */
#include "server/certificate.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/program.h"

#include <linnet/linnet.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

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

static enum linnet_error_code load_settings(const struct options *o, struct live **ret,
                                            struct linnet_error *error)
{
    struct settings settings;
    struct settings_layers layers = {
        .file = o->config,
        .environ = environ,
        .sets = o->sets,
        .set_count = o->set_count,
        .draft = true, /* the set-up names the domain, where these do not */
    };
    enum linnet_error_code code = settings_load(&settings, &layers, error);
    if (code == LINNET_OK)
        *ret = live_new(&settings);
    return code;
}

/* ---- signals ---- */

static void fixed_setting(void *ctx, const char *name)
{
    struct program *p = ctx;
    log_printf(&p->log, LOG_WARNING, "main", 0, "%s takes effect at the next start", name);
}

static enum linnet_error_code reload(struct program *p, struct linnet_error *error)
{
    struct live *live;
    enum linnet_error_code code = load_settings(&p->options, &live, error);
    if (code != LINNET_OK)
        return code;
    program_adopt_domain(p, &live->settings);
    if (!settings_keep_fixed(&live->settings, &p->live->settings, fixed_setting, p))
        memory_exhausted();
    code = server_reload(p->server, live_ref(live), error);
    if (code == LINNET_OK) {
        live_unref(p->live);
        p->live = live;
        p->log.level = (enum log_level)live->settings.log_level;
    } else {
        live_unref(live);
    }
    return code;
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct program *p = CONTAINER_OF(handle, struct program, hangup);
    struct linnet_error error = {0};
    (void)signum;
    if (!p->server)
        log_printf(&p->log, LOG_WARNING, "main", 0, "SIGHUP: the server is not set up yet");
    else if (reload(p, &error) == LINNET_OK)
        log_printf(&p->log, LOG_NOTICE, "main", 0, "settings and certificates were read again");
    else
        log_printf(&p->log, LOG_ERROR, "main", 0, "nothing was changed: %s", error.sentence);
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
    enum linnet_error_code code = load_settings(&p->options, &p->live, error);
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
