#include "server/c2s/conn.h"
#include "server/c2s/login_record.h"
#include "server/logins.h"

#include <time.h>

/* What a connection's way to its session leaves behind. The record goes to the ring as soon as the
 * outcome is known; after that the connection holds none, and nothing here does anything. */

static int64_t unix_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void conn_login_begin(struct conn *c)
{
    if (worker_settings(c->worker)->logins_keep == 0)
        return;
    struct login_record *r = login_record_new(loop_now_ms(), unix_ms());
    r->connection = c->id;
    r->peer = c->peer;
    r->direct_tls = c->direct_tls;
    r->domain = c->worker->server->domain;
    c->login = r;
}

static void on_wire(void *ctx, enum stream_direction direction, struct str xml)
{
    struct conn *c = ctx;
    if (c->login)
        login_record_wire(c->login, loop_now_ms(), direction == STREAM_SENT, xml);
}

struct stream_trace conn_login_trace(struct conn *c)
{
    return c->login ? (struct stream_trace){.line = on_wire, .ctx = c} : (struct stream_trace){0};
}

/* ---- on the way ---- */

void conn_login_header(struct conn *c)
{
    if (c->login)
        login_record_header(c->login, loop_now_ms());
}

void conn_login_tls(struct conn *c, const struct tls_facts *facts)
{
    if (c->login)
        login_record_tls(c->login, loop_now_ms(), facts);
}

void conn_login_user(struct conn *c, struct str user)
{
    if (c->login)
        login_record_user(c->login, user);
}

void conn_login_no_account(struct conn *c)
{
    if (c->login)
        login_record_no_account(c->login);
}

void conn_login_software(struct conn *c, struct str software)
{
    if (c->login)
        login_record_software(c->login, software);
}

void conn_login_held(struct conn *c, uint32_t held_ms)
{
    if (c->login)
        login_record_held(c->login, held_ms);
}

void conn_login_bind_refused(struct conn *c, enum stanza_condition condition)
{
    if (c->login)
        login_record_bind_refused(c->login, loop_now_ms(), stanza_condition_name(condition));
}

/* ---- the outcome ---- */

/* The shortest way that it went. */
static const char *path_name(unsigned path)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{STREAM_PATH_RESUMED, "resumed"},
                 {STREAM_PATH_EARLY, "early"},
                 {STREAM_PATH_TOKEN, "fast"},
                 {STREAM_PATH_SASL2, "sasl2"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (path & names[i].flag)
            return names[i].name;
    return "classic";
}

static void keep_record(struct conn *c)
{
    login_record_path(c->login, path_name(stream_path(c->stream)));
    stream_end_trace(c->stream);
    logins_add(&c->worker->server->logins, c->login,
               (size_t)worker_settings(c->worker)->logins_keep);
    c->login = NULL;
}

void conn_login_attempt(struct conn *c, const struct stream_auth_info *auth)
{
    if (!c->login)
        return;
    login_record_attempt(c->login, loop_now_ms(), auth);
    if (auth->fatal) /* the client may take its time to leave, but there is no more to learn */
        conn_login_over(c, &(struct linnet_error){.code = LINNET_OK});
}

void conn_login_bound(struct conn *c)
{
    if (!c->login)
        return;
    login_record_bound(c->login, loop_now_ms(), stream_jid(c->stream)->full);
    keep_record(c);
}

void conn_login_over(struct conn *c, const struct linnet_error *error)
{
    if (!c->login)
        return;
    login_record_over(c->login, loop_now_ms(), error);
    keep_record(c);
}

void conn_login_ended(struct conn *c, enum linnet_error_code code, const char *reason)
{
    struct linnet_error error = {0};
    if (!c->login)
        return;
    error_set(&error, code, LINNET_ORIGIN_HERE, "reason", reason, NULL);
    conn_login_over(c, &error);
}
