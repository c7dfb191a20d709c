/* admin.sign_in, admin.check and name.check: what a console needs to let an administrator in. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/memory.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_admin.h"
#include "server/ops/ops_audit.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* One admin.sign_in: held, or with ops. It goes when its call does. */
struct control_attempt {
    struct control_call *call;
    struct throttle *throttle; /* NULL: login.throttle is off */
    struct loop_timer *timer;  /* while it is held */
    bool begun, checked;       /* for the throttle; the outcome is known */
    struct peer peer;
    size_t user_len;
    char user[JID_PART_MAX_BYTES + 1]; /* prepared; "" for a name that no account can have */
};

static struct throttle_who who_of(const struct control_attempt *a)
{
    return (struct throttle_who){&a->peer, str_of(a->user, a->user_len), THROTTLE_CONSOLE};
}

static void fail_with(struct control_call *call, enum linnet_error_code code, unsigned retry_s)
{
    struct linnet_error error = {0};
    error_set(&error, code, LINNET_ORIGIN_HERE, NULL);
    error.retry_after_s = retry_s;
    control_call_fail(call, &error);
}

static void fail_no_admin(struct control_call *call)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_POLICY, LINNET_ORIGIN_HERE, NULL);
    error_copy_text(error.sentence, sizeof error.sentence,
                    STR_LIT("This account is not an administrator of the server."));
    control_call_fail(call, &error);
}

/* --- who --- */

/* The localpart of a name or of a bare JID of our domain. */
static void take_user(struct control_attempt *a, struct str typed, const char *domain)
{
    struct jid jid = {0};
    struct str local = typed;
    if (memchr(typed.ptr, '@', typed.len)) {
        bool ours = jid_parse(typed, &jid) == JID_OK && !jid.resource.ptr &&
                    str_is(jid.domain, domain) && jid.local.ptr;
        local = ours ? jid.local : STR_LIT("");
    }
    if (jid_prepare_local(local, a->user, &a->user_len) != JID_OK)
        a->user_len = 0;
    a->user[a->user_len] = '\0';
    jid_finish(&jid);
}

static bool take_address(struct control_attempt *a, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        a->peer = peer_of((const struct sockaddr *)&v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        a->peer = peer_of((const struct sockaddr *)&v6);
    else
        return false;
    return true;
}

/* --- the outcome --- */

static void tell(const struct control_attempt *a, const char *outcome)
{
    log_printf(control_config_of(a->call)->log, LOG_NOTICE, "control", 0,
               "admin.sign_in: user=%s address=%s: %s", a->user,
               control_string(a->call, "address").ptr, outcome);
}

/* Tells log and audit trail why not. */
static void refused(const struct control_attempt *a, enum linnet_error_code why,
                    const char *outcome)
{
    tell(a, outcome);
    control_refused(a->call, str_of(a->user, a->user_len), &a->peer, why);
}

static void succeed(struct control_call *call, const struct ops_reply *reply)
{
    json_t *object = new_object();
    put(object, "user", json_stringn(reply->user.ptr, reply->user.len));
    put(object, "jid", json_string(reply->address));
    put(object, "role", json_string(ops_role_name(reply->role)));
    put(object, "mark", json_integer(reply->mark));
    control_call_reply(call, object);
}

static void audit(const struct control_attempt *a, const struct ops_reply *reply)
{
    struct str jid = str_from(reply->address);
    struct ops_audit_entry entry = {
        .actor = {a->call->peer->uid, jid, control_string(a->call, "address")},
        .action = "console.signed_in",
        .object = jid,
        .detail = str_from(ops_role_name(reply->role))};
    ops_audit(control_config_of(a->call)->ops, &entry);
}

static void proved(struct control_attempt *a, const struct ops_reply *reply)
{
    if (reply->disabled) {
        refused(a, LINNET_ERROR_ACCOUNT_DISABLED, "the account is disabled");
        fail_with(a->call, LINNET_ERROR_ACCOUNT_DISABLED, 0);
    } else if (reply->role == STORE_ROLE_NONE) {
        refused(a, LINNET_ERROR_POLICY, "no administrator");
        fail_no_admin(a->call);
    } else {
        tell(a, ops_role_name(reply->role));
        audit(a, reply);
        succeed(a->call, reply);
    }
}

static void checked(void *ctx, const struct ops_reply *reply)
{
    struct control_attempt *a = ctx;
    struct throttle_who who = who_of(a);
    a->call->request = NULL;
    a->checked = true;
    if (reply->result != OPS_OK) {
        control_call_fail_ops(a->call, reply->result, reply->address, "");
        return;
    }
    if (a->throttle && reply->right)
        throttle_succeeded(a->throttle, loop_now_ms(), &who);
    else if (a->throttle)
        throttle_failed(a->throttle, loop_now_ms(), &who);
    if (reply->right) {
        proved(a, reply);
    } else {
        refused(a, LINNET_ERROR_BAD_CREDENTIALS, "wrong user name or password");
        fail_with(a->call, LINNET_ERROR_BAD_CREDENTIALS, 0);
    }
}

static void check(struct control_attempt *a)
{
    struct ops_ask ask = {.address = str_of(a->user, a->user_len),
                          .password = control_string(a->call, "password"),
                          .done = checked,
                          .ctx = a};
    enum ops_result result =
        ops_password_check(control_config_of(a->call)->ops, &ask, &a->call->request);
    if (result != OPS_OK) {
        a->checked = true; /* it is not looked at */
        control_call_fail_ops(a->call, result, "", "");
    }
}

/* --- holding --- */

static void go_on(struct control_attempt *a)
{
    struct throttle_who who = who_of(a);
    loop_timer_free(a->timer);
    a->timer = NULL;
    throttle_go_on(a->throttle, &who);
}

static void due(void *ctx)
{
    struct control_attempt *a = ctx;
    go_on(a);
    check(a);
}

/* What was being checked when nobody waited any more counts as wrong (see conn_throttle.c). */
void control_attempt_free(struct control_attempt *a)
{
    if (!a)
        return;
    struct throttle_who who = who_of(a);
    if (a->timer)
        go_on(a);
    else if (a->begun && !a->checked)
        throttle_failed(a->throttle, loop_now_ms(), &who);
    if (a->begun)
        throttle_left(a->throttle, &who);
    free(a);
}

static void hold(struct control_attempt *a, uint32_t held_ms)
{
    a->timer = loop_timer_new(control_config_of(a->call)->loop, due, a);
    if (!a->timer)
        memory_exhausted();
    loop_timer_set(a->timer, held_ms);
}

void control_admin_sign_in(struct control_call *call)
{
    const struct control_config *config = control_config_of(call);
    const struct settings *settings = config->host.settings(config->host.ctx);
    struct control_attempt *a = call->attempt = MEMORY_NEW(struct control_attempt);
    uint32_t held_ms = 0;
    a->call = call;
    take_user(a, control_string(call, "user"), settings->domain);
    if (!take_address(a, control_string(call, "address").ptr)) {
        control_call_refuse(call, "address must be an IP address");
        return;
    }
    struct throttle_who who = who_of(a);
    a->throttle = settings->login_throttle ? config->throttle : NULL;
    a->begun = a->throttle && throttle_enter(a->throttle, loop_now_ms(), &who, &held_ms);
    if (a->throttle && !a->begun) {
        refused(a, LINNET_ERROR_AUTH_TEMPORARY, "too many attempts of its address wait");
        fail_with(call, LINNET_ERROR_AUTH_TEMPORARY, THROTTLE_ADDRESS_MAX_MS / 1000);
    } else if (held_ms > 0) {
        hold(a, held_ms);
    } else {
        check(a);
    }
}

/* --- admin.check --- */

static void read_back(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    call->request = NULL;
    json_int_t mark = json_integer_value(json_object_get(call->args, "mark"));
    if (reply->result != OPS_OK && reply->result != OPS_NOT_FOUND)
        control_call_fail_ops(call, reply->result, reply->address, "");
    else if (reply->result == OPS_NOT_FOUND || reply->disabled || reply->mark != mark)
        fail_with(call, LINNET_ERROR_BAD_CREDENTIALS, 0);
    else if (reply->role == STORE_ROLE_NONE)
        fail_no_admin(call);
    else
        succeed(call, reply);
}

void control_admin_check(struct control_call *call)
{
    struct ops_ask ask = {.address = control_string(call, "user"),
                          .scheme = STR_LIT(""),
                          .done = read_back,
                          .ctx = call};
    enum ops_result result = ops_login(control_config_of(call)->ops, &ask, &call->request);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, "", "");
}

/* --- name.check --- */

void control_name_check(struct control_call *call)
{
    const struct control_config *config = control_config_of(call);
    struct str typed = control_string(call, "user");
    struct buf user = {0};
    const char *why;
    enum ops_result result = ops_name_check(config->ops, typed, &user, &why);
    if (user.failed)
        memory_exhausted();
    if (result != OPS_OK) {
        control_call_fail_ops(call, result, typed.ptr, why);
    } else {
        struct str u = buf_peek(&user);
        json_t *object = new_object();
        put(object, "user", json_stringn(u.ptr, u.len));
        put(object, "jid",
            json_sprintf("%.*s@%s", STR_ARG(u), config->host.settings(config->host.ctx)->domain));
        control_call_reply(call, object);
    }
    buf_finish(&user);
}
