/* What the control socket asks of the program, and what it is told. */
#include "server/program.h"

static void host_status(void *ctx, struct control_call *call)
{
    struct program *p = ctx;
    report_status(p->report, call);
}

static void host_sessions(void *ctx, struct control_call *call, size_t limit)
{
    struct program *p = ctx;
    report_sessions(p->report, call, limit);
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

/* The audit trail: what was done to accounts, and by whom. */
static void log_change(const struct program *p, const struct ops_event *e)
{
    char actor[OPS_ACTOR_BYTES];
    log_printf(&p->log, LOG_NOTICE, "accounts", 0, "%s: user=%.*s@%.*s by %s%s%.*s%s%s",
               ops_event_name(e->kind), STR_ARG(e->user), STR_ARG(e->domain),
               ops_actor_text(&e->actor, actor), e->reason.len ? " reason=" : "",
               STR_ARG(e->reason), e->kind == OPS_ROLE_CHANGED ? " role=" : "",
               e->kind == OPS_ROLE_CHANGED ? ops_role_name(e->role) : "");
}

static bool makes_administrator(const struct ops_event *e)
{
    return e->kind == OPS_SET_UP || (e->kind == OPS_ROLE_CHANGED && e->role == STORE_ROLE_FULL);
}

void host_account_changed(void *ctx, const struct ops_event *event)
{
    struct program *p = ctx;
    log_change(p, event);
    if (makes_administrator(event))
        setup_end(&p->setup);
    if (p->server)
        server_account_changed(p->server, event);
    control_emit_account(p->control, event);
}

struct control_host host_of(struct program *p)
{
    return (struct control_host){host_status,        host_sessions, host_online,
                                 host_close_session, host_settings, p};
}
