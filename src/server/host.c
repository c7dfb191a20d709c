/* What the control socket and the settings ask of the program, and what it is told. */
#include "server/program.h"

#include "server/certificate.h"
#include "server/memory.h"
#include "server/ops/ops_audit.h"

#include <stdio.h>

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

static const struct settings *host_settings(void *ctx)
{
    const struct program *p = ctx;
    return &p->live->settings;
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

void host_account_changed(void *ctx, const struct ops_event *event)
{
    struct program *p = ctx;
    log_change(p, event);
    first_run_changed(p, event);
    if (p->server)
        server_account_changed(p->server, event);
    control_emit_account(p->control, event);
}

void host_audited(void *ctx, const struct store_audit *row)
{
    const struct program *p = ctx;
    control_emit_audit(p->control, row);
}

struct control_host host_of(struct program *p)
{
    return (struct control_host){host_status,
                                 host_sessions,
                                 host_online,
                                 host_close_session,
                                 host_settings,
                                 host_certificate,
                                 p};
}

/* ---- settings while it runs ---- */

static enum linnet_error_code check(void *ctx, const struct settings *fresh,
                                    struct linnet_error *error)
{
    const struct program *p = ctx;
    enum linnet_error_code code = settings_fit_now(fresh, &p->live->settings, error);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    return code == LINNET_OK ? certificate_check(fresh, error) : code;
}

static void waits(void *ctx, const char *name)
{
    (void)ctx; /* main.c says it after SIGHUP, and settings.list does */
    (void)name;
}

static enum linnet_error_code apply(void *ctx, struct settings *fresh, struct linnet_error *error)
{
    struct program *p = ctx;
    struct live *live = live_new(fresh);
    enum linnet_error_code code = settings_fit_now(&live->settings, &p->live->settings, error);
    if (code == LINNET_ERROR_NO_MEMORY)
        memory_exhausted();
    if (code != LINNET_OK) {
        live_unref(live);
        return code;
    }
    if (!settings_keep_fixed(&live->settings, &p->live->settings, waits, NULL))
        memory_exhausted();
    code = server_reload(p->server, live_ref(live), error);
    if (code == LINNET_OK) {
        live_unref(p->live);
        p->live = live;
        p->log.level = (enum log_level)live->settings.log_level;
        ops_audit_keep(p->ops, live->settings.audit_keep);
        console_renew(p->console);
    } else {
        live_unref(live);
    }
    return code;
}

static void changed(void *ctx, const struct ops_setting_outcome *outcome)
{
    struct program *p = ctx;
    char actor[OPS_ACTOR_BYTES], line[1000];
    snprintf(line, sizeof line, "%s is \"%s\"%s: by %s", outcome->name, outcome->value,
             outcome->applied ? "" : " from the next start on",
             ops_actor_text(&outcome->actor, actor));
    if (cstr_eq(outcome->name, "log.level"))
        log_output_always(&p->log, "settings", "%s", line);
    else
        log_printf(&p->log, LOG_NOTICE, "settings", 0, "%s", line);
    control_emit_setting(p->control, outcome);
}

struct ops_settings_host host_of_settings(struct program *p)
{
    return (struct ops_settings_host){host_settings, check, apply, changed, p};
}
