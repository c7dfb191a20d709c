/*
 * control_fixture.h - a control socket on a thread of its own, over accounts in memory and a host
 * that makes things up. For tests; included by one file of each.
 */
#ifndef SERVER_CONTROL_CONTROL_FIXTURE_H
#define SERVER_CONTROL_CONTROL_FIXTURE_H

#include "net/loop.h"
#include "server/control/control.h"
#include "server/settings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct control_fixture {
    char dir[40], path[64];
    struct store *store;
    struct settings settings;
    struct ops_settings *layers;
    bool unfit;             /* whatever is set cannot be used, or applied */
    _Atomic bool unapplied; /* it can be used, and is not applied */
    uv_loop_t loop;
    struct ops *ops;
    struct ops_port *port;
    struct control *control;
    struct logins logins;
    struct throttle *throttle;
    struct blocks blocks;
    struct loop_wake *stop;
    pthread_t thread;
    bool (*admits)(uid_t uid); /* set before control_fixture_start, as are these three */
    bool audits;               /* rows of the audit trail are events too */
    struct setup setup;
    bool bare;                   /* without accounts, until it is set up */
    char actor[OPS_ACTOR_BYTES]; /* of the last event */
    struct control_call *held;   /* a "sessions" call that waits for "status" */
    struct control_call *kept[CONTROL_CALLS_MAX]; /* "sessions" calls that wait for the stop */
    size_t kept_count;
    bool stopping, asked_late; /* "status" was asked for while it stopped */
};

static inline void fixture_event(void *ctx, const struct ops_event *event)
{
    struct control_fixture *f = ctx;
    ops_actor_text(&event->actor, f->actor);
    if (f->control)
        control_emit_account(f->control, event);
}

static inline void fixture_audited(void *ctx, const struct store_audit *row)
{
    const struct control_fixture *f = ctx;
    control_emit_audit(f->control, row);
}

static inline void fixture_one_session(struct control_call *call)
{
    json_t *session = json_pack("{s:s,s:s,s:s,s:s,s:n,s:i,s:i}", "jid", "alice@example.org/tv",
                                "address", "127.0.0.1:9", "tls", "TLSv1.3", "mechanism", "PLAIN",
                                "binding", "connected_s", 3900, "loop", 0);
    json_object_set_new(session, "software", json_string("Radio"));
    json_object_set_new(session, "bytes_in", json_integer(2048));
    control_call_reply(call, json_pack("{s:[o],s:b}", "sessions", session, "more", 0));
}

/* Answers at once, and the sessions that wait. */
static inline void fixture_status(void *ctx, struct control_call *call)
{
    struct control_fixture *f = ctx;
    f->asked_late = f->asked_late || f->stopping;
    json_t *status = json_pack("{s:s,s:i,s:[s,s],s:{s:I},s:[{s:i,s:i},{s:i,s:i}]}", "version", "0",
                               "uptime_s", 59, "listening", "127.0.0.1:1", "[::1]:2", "certificate",
                               "not_after_s", (json_int_t)4102444800, "loops", "sessions", 2,
                               "memory_bytes", 1536, "sessions", 0, "memory_bytes", 0);
    json_t *more = json_pack("{s:i,s:{s:f},s:[{s:s,s:s,s:{},s:s,s:s}]}", "lag_ms", 3, "commit",
                             "mean_ms", 1.25, "warnings", "id", "late", "severity", "warning",
                             "params", "sentence", "It is late.", "remedy", "Go home.");
    json_object_update(status, more);
    json_decref(more);
    control_call_reply(call, status);
    struct control_call *held = f->held;
    f->held = NULL;
    if (held)
        fixture_one_session(held);
}

/* A limit of 1 waits for the next status, one of 3 for the stop; the highest is answered at once;
 * that of 2 shows what else was asked for; others are refused. */
static inline void fixture_sessions(void *ctx, struct control_call *call,
                                    const struct control_sessions *which)
{
    struct control_fixture *f = ctx;
    struct linnet_error error = {0};
    if (which->limit == 1000) {
        fixture_one_session(call);
    } else if (which->limit == 2) {
        control_call_reply(call, json_pack("{s:s?,s:s?}", "q", which->text, "user", which->user));
    } else if (which->limit == 1 && !f->held) {
        f->held = call;
    } else if (which->limit == 3 && f->kept_count < ARRAY_LEN(f->kept)) {
        f->kept[f->kept_count++] = call;
    } else {
        error_set(&error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, "reason", "no sessions today",
                  NULL);
        control_call_fail(call, &error);
    }
}

/* alice is online twice. */
static inline void fixture_online(void *ctx, struct control_call *call, json_t *result)
{
    json_t *account;
    size_t i;
    (void)ctx;
    json_array_foreach(json_object_get(result, "accounts"), i, account)
    {
        bool alice = cstr_eq(json_string_value(json_object_get(account, "user")), "alice");
        json_object_set_new(account, "online", json_integer(alice ? 2 : 0));
    }
    control_call_reply(call, result);
}

/* There is alice@example.org/tv, however often it is closed. */
static inline void fixture_close_session(void *ctx, struct control_call *call,
                                         const struct control_session *which)
{
    struct linnet_error error = {0};
    (void)ctx;
    if (cstr_eq(which->jid->full, "alice@example.org/tv") && which->actor.uid == getuid()) {
        control_call_audit(call, "session.closed", str_from(which->jid->full), STR_NONE);
        control_call_reply(call, json_pack("{s:s}", "jid", which->jid->full));
        return;
    }
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", "no such session", NULL);
    control_call_fail(call, &error);
}

static inline const struct settings *fixture_settings(void *ctx)
{
    return &((struct control_fixture *)ctx)->settings;
}

/* Accounts of example.org, and of no other domain. */
static inline enum linnet_error_code fixture_set_up_begin(void *ctx, struct str domain,
                                                          struct ops_port **ret,
                                                          struct linnet_error *error)
{
    *ret = ((struct control_fixture *)ctx)->port;
    if (domain.len == 0 || str_is(domain, "example.org"))
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_HERE, NULL);
}

static inline enum linnet_error_code fixture_set_up_end(void *ctx, struct linnet_error *error)
{
    struct control_fixture *f = ctx;
    (void)error;
    setup_end(&f->setup);
    if (f->bare)
        control_attach(f->control, &(struct control_parts){.ops = f->port,
                                                           .settings = f->layers,
                                                           .throttle = f->throttle,
                                                           .logins = &f->logins,
                                                           .blocks = &f->blocks});
    return LINNET_OK;
}

static inline enum linnet_error_code fixture_check(void *ctx, const struct settings *fresh,
                                                   struct linnet_error *error)
{
    const struct control_fixture *f = ctx;
    (void)fresh;
    if (!f->unfit)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", "unfit today",
                     NULL);
}

static inline void fixture_waits(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
}

static inline enum linnet_error_code fixture_apply(void *ctx, struct settings *fresh,
                                                   struct linnet_error *error)
{
    struct control_fixture *f = ctx;
    enum linnet_error_code code = fixture_check(ctx, fresh, error);
    if (code == LINNET_OK && f->unapplied)
        code =
            error_set(error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, "reason", "not now", NULL);
    if (code == LINNET_OK && settings_keep_fixed(fresh, &f->settings, fixture_waits, NULL)) {
        struct settings old = f->settings;
        f->settings = *fresh;
        *fresh = old;
    }
    settings_finish(fresh);
    return code;
}

static inline void fixture_changed(void *ctx, const struct ops_setting_outcome *outcome)
{
    struct control_fixture *f = ctx;
    control_emit_setting(f->control, outcome);
}

static inline json_t *fixture_certificate(void *ctx)
{
    (void)ctx;
    return json_pack("{s:s}", "subject", "CN=example.org");
}

static inline void fixture_stop(void *ctx)
{
    struct control_fixture *f = ctx;
    f->stopping = true;
    for (size_t i = 0; i < f->kept_count; i++)
        control_call_reply(f->kept[i], json_object());
    ops_settings_free(f->layers);
    control_free(f->control);
    f->control = NULL;
    if (f->held)
        control_call_reply(f->held, json_object());
    ops_port_free(f->port);
    loop_wake_hold(f->stop, false); /* nothing keeps the loop any more */
}

/* A sign-in of `user` that is in the ring; `password` is wrong or right. */
static inline void fixture_login(struct control_fixture *f, const char *user, bool right)
{
    struct login_record *r = login_record_new(0, 1767361440123);
    struct tls_facts facts = {.version = "TLSv1.3", .cipher = "TLS_X"};
    struct stream_auth_info auth = {.username = str_from(user),
                                    .mechanism = "SCRAM-SHA-256",
                                    .failure = right ? SASL_ERROR_NONE : SASL_ERROR_NOT_AUTHORIZED};
    r->connection = 7;
    r->domain = "example.org";
    login_record_wire(r, 1, false, STR_LIT("<auth>***</auth>"));
    login_record_header(r, 2);
    login_record_tls(r, 13, &facts);
    login_record_user(r, str_from(user));
    login_record_held(r, right ? 0 : 8000);
    login_record_attempt(r, right ? 46 : 8046, &auth);
    if (right)
        login_record_bound(r, 55, "juliet@example.org/balcony");
    else
        login_record_over(r, 8055, &(struct linnet_error){.code = LINNET_OK});
    logins_add(&f->logins, r, 5);
}

static inline void *fixture_run(void *ctx)
{
    struct control_fixture *f = ctx;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    return NULL;
}

static inline bool control_fixture_start(struct control_fixture *f)
{
    static const char *sets[] = {"domain=example.org"};
    struct settings_layers layers = {.sets = sets, .set_count = 1};
    struct linnet_error error = {0};
    snprintf(f->dir, sizeof f->dir, "/tmp/linnet-control-XXXXXX");
    if (!mkdtemp(f->dir) || !loop_init(&f->loop) || store_mem_new(&f->store) != STORE_OK ||
        settings_load(&f->settings, &layers, &error) != LINNET_OK)
        return false;
    snprintf(f->path, sizeof f->path, "%s/control.sock", f->dir);
    struct ops_config ops = {.store = f->store,
                             .domain = "example.org",
                             .iterations = 4096,
                             .token_life_s = 30 * 86400,
                             .derive_threads = 1,
                             .read_threads = 1,
                             .queue_max = 256,
                             .audit_keep = f->settings.audit_keep,
                             .audited = f->audits ? fixture_audited : NULL,
                             .event = fixture_event,
                             .ctx = f};
    if (ops_new(&ops, &f->ops, &error) != LINNET_OK)
        return false;
    f->port = ops_port_new(f->ops, &f->loop);
    logins_init(&f->logins);
    f->throttle = throttle_new((const uint8_t[16]){1});
    blocks_init(&f->blocks, NULL, NULL);
    const struct ops_settings_config changes = {
        .port = f->port,
        .layers = layers,
        .host = {fixture_settings, fixture_check, fixture_apply, fixture_changed, f},
    };
    f->layers = ops_settings_new(&changes);
    struct control_config config = {
        .loop = &f->loop,
        .path = f->path,
        .ops = f->bare ? NULL : f->port,
        .settings = f->bare ? NULL : f->layers,
        .host = {fixture_status, fixture_sessions, fixture_online, fixture_close_session,
                 fixture_settings, fixture_certificate, f},
        .admits = f->admits,
        .throttle = f->bare ? NULL : f->throttle,
        .logins = f->bare ? NULL : &f->logins,
        .blocks = f->bare ? NULL : &f->blocks,
        .setup = {&f->setup, fixture_set_up_begin, fixture_set_up_end, f},
    };
    f->stop = loop_wake_new(&f->loop, fixture_stop, f);
    return f->stop && control_new(&config, &f->control, &error) == LINNET_OK &&
           pthread_create(&f->thread, NULL, fixture_run, f) == 0;
}

/* A client of alice, say, that got a token at `issued_s`. Any thread. */
static inline bool control_fixture_token(const struct control_fixture *f, const char *user,
                                         const char *client, int64_t issued_s)
{
    struct str domain = str_from(f->settings.domain);
    struct store_login login = {0};
    if (f->store->ops->login(f->store, domain, str_from(user), STR_LIT(""), &login, NULL))
        return false;
    struct store_token_change change = {.client = str_from(client),
                                        .mark = login.mark,
                                        .new_id = STR_LIT("feedface"),
                                        .issue_mechanism = STR_LIT("HT-SHA-256-ENDP"),
                                        .life_s = (int64_t)100 * 365 * 86400,
                                        .software = STR_LIT("Soft \"1\""),
                                        .device = STR_LIT("")};
    struct store_write write = {.change = STORE_TOKEN,
                                .domain = domain,
                                .user = str_from(user),
                                .token = &change,
                                .now_s = issued_s},
                       *one = &write;
    return f->store->ops->commit(f->store, &one, 1, NULL) == STORE_OK && change.issued;
}

static inline void control_fixture_stop(struct control_fixture *f)
{
    loop_wake_send(f->stop);
    pthread_join(f->thread, NULL);
    loop_wake_free(f->stop);
    loop_finish(&f->loop);
    logins_finish(&f->logins);
    throttle_free(f->throttle);
    blocks_finish(&f->blocks);
    ops_free(f->ops);
    store_free(f->store);
    settings_finish(&f->settings);
    unlink(f->path);
    rmdir(f->dir);
}

#endif
