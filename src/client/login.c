#include "client/client_private.h"

#include "base/wipe.h"
#include "client/tls_public.h"

#include <linnet/linnet.h>
#include <stdio.h>
#include <stdlib.h>

/* A login has one way in (linnet_client_login) and one way out (login_end); between them every
 * failure comes from the dial or from the deadline. */

/* ---- stages ---- */

static void stage_detail(const struct linnet_client *c, enum linnet_stage stage, char *out,
                         size_t size)
{
    const struct login *l = &c->login;
    const struct linnet_config *config = c->config;
    out[0] = '\0';
    switch (stage) {
    case LINNET_STAGE_RESOLVE:
        if (config->texts[CONFIG_HOST])
            snprintf(out, size, "%s", config->texts[CONFIG_HOST]);
        else
            snprintf(out, size, "%.*s", STR_ARG(config->address.domain));
        break;
    case LINNET_STAGE_CONNECT:
        snprintf(out, size, "%s", l->peer);
        break;
    case LINNET_STAGE_SECURE:
        if (l->has_tls)
            snprintf(out, size, "%s %s%s", l->tls.version, l->tls.cipher,
                     l->tls.resumed ? ", resumed" : "");
        break;
    case LINNET_STAGE_SIGN_IN:
        remember_way(c, out, size);
        break;
    case LINNET_STAGE_BIND:
        snprintf(out, size, "%s", c->jid ? c->jid : "");
        break;
    case LINNET_STAGE_NONE:
    case LINNET_STAGE_READY:
        break;
    }
}

static bool push_stage(struct linnet_client *c, enum linnet_event_kind kind, uint64_t now_ms,
                       const char *detail)
{
    struct event_node *n = event_new(kind);
    if (!n)
        return false;
    n->event.stage = c->login.stage;
    n->event.elapsed_ms = (uint32_t)(now_ms - c->login.start_ms);
    if (detail) {
        n->event.stage_ms = (uint32_t)(now_ms - c->login.stage_start_ms);
        if (!event_set_detail(n, str_from(detail))) {
            event_free(n);
            return false;
        }
    }
    event_push(&c->events, n);
    return true;
}

/* The stage that runs ended well. */
static bool stage_done(struct linnet_client *c, uint64_t now_ms)
{
    struct login *l = &c->login;
    char detail[1024];
    if (l->stage == LINNET_STAGE_NONE)
        return true;
    l->stage_ms[l->stage] += now_ms - l->stage_start_ms;
    stage_detail(c, l->stage, detail, sizeof detail);
    recorder_printf(&c->recorder, now_ms, "stage \"%s\" done: %s", linnet_stage_name(l->stage),
                    detail);
    return push_stage(c, LINNET_EVENT_STAGE_DONE, now_ms, detail);
}

/* A stage begins where the one before ended, so that together they take as long as the login. One
 * that lies before the present means another target: to it the time counts that the failed one
 * took. False: out of memory. */
static bool stage_enter(struct linnet_client *c, enum linnet_stage stage)
{
    struct login *l = &c->login;
    uint64_t now_ms = loop_now_ms();
    if (stage > l->stage && !stage_done(c, now_ms))
        return false;
    if (stage > l->stage && l->stage != LINNET_STAGE_NONE)
        l->stage_start_ms = now_ms;
    l->stage = stage;
    recorder_printf(&c->recorder, now_ms, "stage \"%s\"", linnet_stage_name(stage));
    return push_stage(c, LINNET_EVENT_STAGE, now_ms, NULL);
}

/* ---- ends ---- */

static void disconnect(struct linnet_client *c, const struct linnet_error *error)
{
    bool refused = error->code >= LINNET_ERROR_BAD_CREDENTIALS &&
                   error->code <= LINNET_ERROR_DOWNGRADE &&
                   error->code != LINNET_ERROR_AUTH_TEMPORARY; /* which judges no password */
    loop_timer_stop(c->login.deadline);
    want_forget(c, refused);
    dial_free(c->dial);
    c->dial = NULL;
    c->state = CLIENT_OFFLINE;
    c->login.blocking = false;
}

/* A certificate that was refused: says too how it compares with the one before. */
static void compare_certificate(const struct linnet_client *c, struct linnet_error *error)
{
    const struct login *l = &c->login;
    if (l->has_tls && l->tls.verdict != TLS_VERDICT_OK &&
        tls_public_fault(l->tls.verdict) == error->code && remember_key_seen(c, &l->tls))
        want_certificate_error(c, &l->tls, error);
}

static void login_failed(struct linnet_client *c, struct linnet_error *error)
{
    uint64_t now_ms = loop_now_ms();
    bool blocking = c->login.blocking;
    if (error->stage == LINNET_STAGE_NONE)
        error->stage = c->login.stage;
    compare_certificate(c, error);
    c->login.total_ms = now_ms - c->login.start_ms;
    recorder_error(&c->recorder, now_ms, error);
    remember_failed(c);
    disconnect(c, error);
    event_prepare(&c->outcome, LINNET_EVENT_FAILED, NULL);
    event_set_error(&c->outcome, error);
    c->outcome.event.elapsed_ms = (uint32_t)c->login.total_ms;
    event_push(&c->events, &c->outcome);
    if (error->code == LINNET_ERROR_PROTOCOL) /* of resuming, perhaps: not twice the same */
        c->managed.refused = c->managed.sm != NULL;
    if (blocking)
        managed_release(c, error);
    if (!blocking) /* linnet_login returns the failure, and its caller decides */
        reconnect_ended(c, error);
}

/* Of a session that stood, the condition means that it may not go on (RFC 6120 §4.9.3.12); before
 * that it is a rule that was broken. */
static void name_sign_out(const struct linnet_client *c, struct linnet_error *error)
{
    struct linnet_error named = {.stage = error->stage};
    char domain[256], address[512];
    if (error->code != LINNET_ERROR_POLICY || !cstr_eq(error->condition, "not-authorized"))
        return;
    error_copy_text(domain, sizeof domain, c->config->address.domain);
    error_copy_text(address, sizeof address, jid_bare(&c->config->address));
    error_set(&named, LINNET_ERROR_SIGNED_OUT, LINNET_ORIGIN_PEER, "domain", domain, "address",
              address, NULL);
    error_set_peer(&named, error->condition, str_from(error->peer_text));
    *error = named;
}

/* The end of a session. What the server ended in order, though nobody asked, is a loss all the
 * same: its user is offline. */
static void client_offline(struct linnet_client *c, struct linnet_error *error)
{
    if (error->code == LINNET_OK && c->state == CLIENT_ONLINE)
        error_set(error, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_PEER, "target", c->login.peer,
                  "reason", "the server closed the stream", NULL);
    name_sign_out(c, error);
    if (error->code != LINNET_OK) {
        error->stage = LINNET_STAGE_READY;
        recorder_error(&c->recorder, loop_now_ms(), error);
    }
    if (error->code == LINNET_OK && managed_open(c) > 0)
        error_set(error, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_PEER, "target", c->login.peer,
                  "reason", "the server did not confirm all that was sent", NULL);
    if (cstr_eq(error->condition, "reset")) /* new keys or features: RFC 6120 §4.9.3.16 */
        remember_reset(c);
    else
        remember_offline(c);
    size_t unacknowledged = managed_open(c);
    bool kept = managed_keep(c, error);
    session_end(c, error, kept);
    disconnect(c, error);
    event_prepare(&c->offline, LINNET_EVENT_OFFLINE, NULL);
    event_set_error(&c->offline, error);
    c->offline.event.unacknowledged = (uint32_t)unacknowledged; /* MANAGED_STANZAS_MAX at most */
    event_push(&c->events, &c->offline);
    reconnect_ended(c, error);
}

void login_end(struct linnet_client *c, const struct linnet_error *error)
{
    struct linnet_error copy = *error;
    if (c->state == CLIENT_LOGIN)
        login_failed(c, &copy);
    else if (c->state != CLIENT_OFFLINE)
        client_offline(c, &copy);
}

void login_doom(struct linnet_client *c, const struct linnet_error *error)
{
    struct pump *pump = dial_pump(c->dial);
    if (pump)
        pump_doom(pump, error);
}

void login_doom_memory(struct linnet_client *c)
{
    struct linnet_error error = {.stage = c->login.stage};
    error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    login_doom(c, &error);
}

/* ---- what the dial tells ---- */

static void on_stage(void *ctx, enum linnet_stage stage)
{
    /* Called where no pump exists yet that could be doomed: a stage that goes unseen for want of
     * memory is followed by failures enough. */
    (void)stage_enter(ctx, stage);
}

static void on_connected(void *ctx, const struct connect_target *target)
{
    struct linnet_client *c = ctx;
    dial_format_address(target->address, target->port, c->login.peer, sizeof c->login.peer);
    recorder_printf(&c->recorder, loop_now_ms(), "connected to %s (%s), %s", c->login.peer,
                    target->host, target->direct_tls ? "direct TLS" : "STARTTLS");
}

static void on_target_failed(void *ctx, const struct linnet_error *error)
{
    struct linnet_client *c = ctx;
    recorder_error(&c->recorder, loop_now_ms(), error);
    want_forget(c, false); /* what was asked was asked for that target */
    c->login.has_tls = false;
    if (!remember_next_target(c)) /* untold: what might come twice is left out */
        linnet_client_memory_unsaved(c);
}

static void on_secured(void *ctx, const struct tls_facts *facts)
{
    struct linnet_client *c = ctx;
    c->login.tls = *facts;
    c->login.has_tls = true;
    tls_public(&c->login.tls, &c->login.tls_public);
    recorder_printf(&c->recorder, loop_now_ms(), "%s %s, certificate for %s: %s", facts->version,
                    facts->cipher, facts->peer.names,
                    facts->verdict == TLS_VERDICT_OK ? "verified" : facts->verdict_reason);
    if (!remember_secured(c, facts))
        login_doom_memory(c);
}

static void copy_name(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s", name ? name : "");
}

static void on_ready(struct linnet_client *c, const struct jid *jid)
{
    struct login *l = &c->login;
    uint64_t now_ms = loop_now_ms();
    char *full = strdup(jid->full);
    bool resumed = managed_resumed(c);
    event_prepare(&c->outcome, resumed ? LINNET_EVENT_RESUMED : LINNET_EVENT_ONLINE, NULL);
    if (!full || !event_set_jid(&c->outcome, jid_full(jid))) {
        free(full);
        arena_finish(&c->outcome.arena);
        login_doom_memory(c);
        return;
    }
    free(c->jid);
    c->jid = full;
    copy_name(l->mechanism, sizeof l->mechanism, stream_mechanism(client_stream(c)));
    copy_name(l->binding, sizeof l->binding, stream_binding(client_stream(c)));
    l->path = stream_path(client_stream(c));
    if (!stage_enter(c, LINNET_STAGE_READY) || !remember_online(c)) {
        arena_finish(&c->outcome.arena);
        login_doom_memory(c);
        return;
    }
    l->total_ms = l->stage_start_ms - l->start_ms;
    loop_timer_stop(l->deadline);
    want_remember(c);
    c->state = CLIENT_ONLINE;
    l->blocking = false;
    session_begin(c);
    reconnect_online(c, &c->outcome);
    recorder_printf(&c->recorder, now_ms, "online as %s", full);
    c->outcome.event.elapsed_ms = (uint32_t)l->total_ms;
    event_push(&c->events, &c->outcome);
    managed_begin(c);
}

static void on_event(void *ctx, const struct stream_event *event)
{
    struct linnet_client *c = ctx;
    switch (event->kind) {
    case STREAM_EVENT_STAGE:
        if (!stage_enter(c, event->stage))
            login_doom_memory(c);
        break;
    case STREAM_EVENT_MECHANISM:
        if (event->choice && event->choice->mech)
            copy_name(c->login.mechanism, sizeof c->login.mechanism,
                      sasl_mech_name(event->choice->mech));
        if (event->choice)
            copy_name(c->login.binding, sizeof c->login.binding, event->choice->binding.type);
        break;
    case STREAM_EVENT_FEATURES:
    case STREAM_EVENT_TOKEN:
    case STREAM_EVENT_TOKEN_REFUSED:
        remember_event(c, event);
        break;
    case STREAM_EVENT_READY:
        on_ready(c, event->jid);
        break;
    case STREAM_EVENT_STANZA:
        session_stanza(c, event->element);
        break;
    case STREAM_WANT_SECRET:
    case STREAM_WANT_DERIVE:
    case STREAM_WANT_VERIFY:
        want_received(c, event);
        break;
    case STREAM_EVENT_MANAGED:
    case STREAM_EVENT_ACKED:
    case STREAM_EVENT_RESUME_FAILED:
        managed_event(c, event);
        break;
    default:
        break;
    }
}

static void begin_dial(struct linnet_client *c);

/* The server did not take what was remembered of it: once more, without. */
static void try_again(struct linnet_client *c, const struct linnet_error *error)
{
    recorder_error(&c->recorder, loop_now_ms(), error);
    want_forget(c, false);
    dial_free(c->dial);
    c->dial = NULL;
    c->login.has_tls = false;
    begin_dial(c);
}

static void on_ended(void *ctx, const struct linnet_error *error)
{
    struct linnet_client *c = ctx;
    if (c->state == CLIENT_LOGIN && remember_try_again(c, error))
        try_again(c, error);
    else
        login_end(c, error);
}

static const struct dial_hooks hooks = {
    .stage = on_stage,
    .connected = on_connected,
    .target_failed = on_target_failed,
    .event = on_event,
    .secured = on_secured,
    .holds = remember_holds,
    .prepare = remember_prepare,
    .ended = on_ended,
};

static void trace(void *ctx, enum stream_direction direction, struct str xml)
{
    struct linnet_client *c = ctx;
    const struct config_trace *t = &c->config->trace;
    if (c->state == CLIENT_LOGIN) /* what people write to each other is nobody's evidence */
        recorder_wire(&c->recorder, loop_now_ms(), direction == STREAM_SENT, xml, !t->secrets);
    if (t->sink)
        t->sink(t->ctx, direction == STREAM_SENT ? LINNET_SENT : LINNET_RECEIVED, xml.ptr, xml.len);
}

/* ---- the deadline ---- */

static void on_deadline(void *ctx)
{
    struct linnet_client *c = ctx;
    struct linnet_error error = {.stage = c->login.stage};
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%g", c->config->login_ms / 1000.0);
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", seconds, "stage",
              linnet_stage_name(c->login.stage), "target", c->login.peer, NULL);
    login_end(c, &error);
}

bool login_init(struct linnet_client *c)
{
    c->login.deadline = loop_timer_new(&c->loop, on_deadline, c);
    return c->login.deadline != NULL;
}

void login_finish(struct linnet_client *c)
{
    loop_timer_free(c->login.deadline);
    c->login.deadline = NULL;
}

/* ---- the way in ---- */

static void begin_record(struct linnet_client *c, uint64_t now_ms)
{
    static const char *const tls[] = {"require", "prefer", "off"};
    const struct linnet_config *config = c->config;
    const char *host = config->texts[CONFIG_HOST], *mechanism = config->texts[CONFIG_MECHANISM];
    char port[16] = "by default";
    if (config->port)
        snprintf(port, sizeof port, "%u", config->port);
    recorder_start(&c->recorder, now_ms);
    recorder_printf(&c->recorder, now_ms,
                    "linnet " LINNET_VERSION ", login as %s; host %s, port %s, TLS %s%s, "
                    "mechanism %s%s",
                    config->address.full, host ? host : "by DNS",
                    config->port || host ? port : "by DNS", tls[config->tls],
                    config->direct_tls ? " (direct)" : "", mechanism ? mechanism : "best",
                    config->legacy ? ", legacy on" : "");
}

static void reset_login(struct linnet_client *c, uint64_t now_ms)
{
    struct loop_timer *deadline = c->login.deadline;
    bool blocking = c->login.blocking;
    c->login = (struct login){
        .deadline = deadline, .blocking = blocking, .start_ms = now_ms, .stage_start_ms = now_ms};
    free(c->jid);
    c->jid = NULL;
}

static void begin_dial(struct linnet_client *c)
{
    struct linnet_error error = {0};
    if (!remember_login(c)) {
        error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
        login_end(c, &error);
        return;
    }
    struct dial_settings settings = {
        .loop = &c->loop,
        .config = c->config,
        .tls = c->tls,
        .random = c->random,
        .upgrade = want_has_password(c),
        .deadline_ms = c->login.start_ms + c->config->login_ms,
        .trace = {trace, c, c->config->trace.secrets},
        .tls_session = buf_len(&c->tls_session) ? buf_peek(&c->tls_session) : STR_NONE,
        .dns = c->dns,
        .hooks = &hooks,
        .ctx = c,
    };
    c->dial = dial_start(&settings, &error);
    if (!c->dial)
        login_end(c, &error);
}

void login_begin(struct linnet_client *c)
{
    struct linnet_error error = {0};
    if (!c->tls) /* the certificates of the system take their time, which is no stage's */
        c->tls = dial_tls_new(c->config, &error);
    uint64_t now_ms = loop_now_ms();
    reset_login(c, now_ms);
    begin_record(c, now_ms);
    reconnect_begun(c);
    c->state = CLIENT_LOGIN;
    loop_timer_set(c->login.deadline, c->config->login_ms);
    bool told = managed_all_told(c); /* one end at a time */
    if (!told)
        error_set(&error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    if (c->tls && told)
        begin_dial(c);
    else
        login_end(c, &error);
}

enum linnet_error_code linnet_client_login(struct linnet_client *c)
{
    if (c->state != CLIENT_OFFLINE || !list_empty(&c->events.waiting))
        return LINNET_ERROR_USAGE;
    managed_given_back(c);
    event_return(&c->events);
    c->reconnect.attempt = 0;
    login_begin(c);
    return LINNET_OK;
}

enum linnet_error_code linnet_login(struct linnet_client *c, struct linnet_error *error)
{
    if (c->state == CLIENT_OFFLINE)
        c->login.blocking = true;
    enum linnet_error_code code = linnet_client_login(c);
    if (code != LINNET_OK && c->state == CLIENT_OFFLINE)
        c->login.blocking = false;
    if (code != LINNET_OK)
        return error_set(error, code, LINNET_ORIGIN_HERE, "reason",
                         "the client is not offline, or events still wait to be pulled", NULL);
    for (;;) {
        const struct linnet_event *event;
        while ((event = linnet_client_event(c))) {
            if (event->kind == LINNET_EVENT_ONLINE || event->kind == LINNET_EVENT_RESUMED)
                return LINNET_OK;
            if (event->kind != LINNET_EVENT_FAILED)
                continue;
            if (error)
                *error = *event->error;
            return event->error->code;
        }
        linnet_client_wait(c, -1);
    }
}
