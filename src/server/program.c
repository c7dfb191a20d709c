/* linnetd starts, in two halves: what it needs to be set up, and what it needs to serve. It stops
 * in the opposite order. */
#include "server/program.h"

#include "net/loop.h"
#include "server/memory.h"

#include <linnet/linnet.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

enum { READ_THREADS = 2, QUEUE_MAX = 1024 };

/* ---- settings ---- */

struct settings_layers program_layers(const struct program *p)
{
    return (struct settings_layers){
        .own_domain = p->own_domain,
        .file = p->options.config,
        .environ = environ,
        .sets = p->options.sets,
        .set_count = p->options.set_count,
        .draft = true, /* the set-up names the domain, where these do not */
    };
}

static void open_settings(struct program *p)
{
    const struct ops_settings_config config = {
        .port = p->port,
        .layers = program_layers(p),
        .stored = p->stored,
        .host = host_of_settings(p),
        .log = &p->log,
    };
    p->settings = ops_settings_new(&config);
    p->stored = (struct settings_stored){0};
}

/* ---- what there is in any case ---- */

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

/* What a set-up stored is this server's domain for as long as the settings name no other. */
static enum linnet_error_code read_own_domain(struct program *p, struct linnet_error *error)
{
    struct store_fault fault = {0};
    struct buf domain = {0};
    enum store_result result =
        p->store->ops->meta(p->store, STR_LIT(STORE_META_DOMAIN), &domain, &fault);
    if (result == STORE_OK)
        p->own_domain = buf_take_cstr(&domain);
    buf_finish(&domain);
    if (result == STORE_NO_MEMORY || (result == STORE_OK && !p->own_domain))
        memory_exhausted();
    if (result == STORE_OK || result == STORE_NOT_FOUND)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}

/* The settings once more, now with those that the store holds. */
static enum linnet_error_code load_stored(struct program *p, struct linnet_error *error)
{
    struct settings settings;
    const struct settings_skip skip = {ops_settings_skipped, &p->log};
    enum linnet_error_code code = read_own_domain(p, error);
    if (code == LINNET_OK)
        code = ops_settings_read(p->store, &p->stored, error);
    if (code != LINNET_OK)
        return code;
    const struct settings_layers layers = program_layers(p);
    code = settings_load_with(&settings, &layers, &p->stored, &skip, error);
    if (code != LINNET_OK)
        return code;
    live_unref(p->live);
    p->live = live_new(&settings);
    return LINNET_OK;
}

static void open_log(struct program *p)
{
    const struct settings *s = &p->live->settings;
    p->log_output = (struct log_output){STDERR_FILENO, (enum settings_log_format)s->log_format};
    p->log = p->store_log = log_output_sink(&p->log_output, (enum log_level)s->log_level);
}

static void say_start(const struct program *p)
{
    const struct settings *s = &p->live->settings;
    if (p->own_domain && !cstr_eq(p->own_domain, s->domain))
        log_printf(&p->log, LOG_WARNING, "main", 0,
                   "domain=%s is not the one that this server was set up for, %s: its accounts "
                   "cannot sign in",
                   s->domain, p->own_domain);
    log_printf(&p->log, LOG_NOTICE, "main", 0,
               "linnetd " LINNET_VERSION " starts: domain=%s data=%s", s->domain, s->data);
}

enum linnet_error_code program_open(struct program *p, struct linnet_error *error)
{
    open_log(p);
    enum linnet_error_code code = data_dir_open(&p->data_dir, p->live->settings.data, error);
    if (code == LINNET_OK)
        code = open_store(p, error);
    if (code == LINNET_OK)
        code = load_stored(p, error);
    if (code != LINNET_OK)
        return code;
    p->first = live_ref(p->live);
    open_log(p);
    say_start(p);
    if (!loop_init(&p->loop))
        memory_exhausted();
    p->has_loop = true;
    return LINNET_OK;
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
        .host = host_of(p),
        .log = &p->log,
        .setup = first_run_setup(p),
    };
    enum linnet_error_code code = control_new(&config, &p->control, error);
    buf_finish(&path);
    return code;
}

/* ---- what a server with a domain has ---- */

enum linnet_error_code program_open_accounts(struct program *p, struct linnet_error *error)
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
        .event = host_account_changed,
        .audited = host_audited,
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

void program_close_accounts(struct program *p)
{
    ops_port_free(p->port);
    ops_free(p->ops);
    p->port = NULL;
    p->ops = NULL;
}

enum linnet_error_code program_serve(struct program *p, struct linnet_error *error)
{
    struct server_config config = {&p->loop, live_ref(p->live), p->ops, p->log};
    enum linnet_error_code code = server_start(&config, &p->server, error);
    if (code != LINNET_OK)
        return code;
    p->report = report_new(p->server);
    open_settings(p);
    control_attach(p->control, &(struct control_parts){.ops = p->port,
                                                       .settings = p->settings,
                                                       .throttle = p->server->throttle,
                                                       .logins = &p->server->logins,
                                                       .blocks = &p->server->blocks});
    return LINNET_OK;
}

void program_say_ready(struct program *p)
{
    p->is_quiet = false;
    puts("ready");
    fflush(stdout);
}

/* ---- start and stop ---- */

enum linnet_error_code program_start(struct program *p, struct linnet_error *error)
{
    const struct settings *s = &p->first->settings;
    enum linnet_error_code code = open_control(p, error);
    if (code == LINNET_OK && s->domain[0])
        code = program_open_accounts(p, error);
    if (code == LINNET_OK && s->domain[0])
        code = program_serve(p, error);
    if (code != LINNET_OK)
        return code;
    p->console = console_start(&p->loop, s, &p->log);
    return first_run(p, error);
}

void program_stop(struct program *p)
{
    loop_timer_free(p->leave);
    console_stop(p->console);
    control_detach(p->control);
    server_stop(p->server);
    report_free(p->report);
    ops_settings_free(p->settings);
    control_free(p->control);
    ops_port_free(p->port);
    if (p->has_signals) {
        uv_close((uv_handle_t *)&p->hangup, NULL);
        uv_close((uv_handle_t *)&p->terminate, NULL);
        uv_close((uv_handle_t *)&p->interrupt, NULL);
    }
    if (p->has_loop)
        loop_finish(&p->loop);
    ops_free(p->ops);
    store_free(p->store);
    data_dir_close(&p->data_dir);
    live_unref(p->live);
    live_unref(p->first);
    settings_stored_finish(&p->stored);
    free(p->own_domain);
}
