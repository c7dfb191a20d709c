/* setup and setup.state: the first administrator. They are there for as long as one is wanted. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/ops/ops_accounts.h"

static const struct control_setup *setup_of(const struct control_call *call)
{
    return &control_config_of(call)->setup;
}

bool control_setup_needed(const struct control *control)
{
    const struct setup *state = control->config.setup.state;
    return state && state->needed;
}

void control_attach(struct control *control, const struct control_parts *parts)
{
    control->config.ops = parts->ops;
    control->config.settings = parts->settings;
    control->config.throttle = parts->throttle;
    control->config.logins = parts->logins;
    control->config.blocks = parts->blocks;
    control_logins_listen(control);
}

void control_setup_state(struct control_call *call)
{
    const struct control_host *host = &control_config_of(call)->host;
    json_t *object = new_object();
    put(object, "needed", json_true());
    put(object, "domain",
        setup_of(call)->state->has_domain ? json_string(host->settings(host->ctx)->domain)
                                          : json_null());
    control_call_reply(call, object);
}

/* --- the key --- */

static void fail_later(struct control_call *call, uint64_t wait_ms)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_AUTH_TEMPORARY, LINNET_ORIGIN_HERE, NULL);
    error.retry_after_s = (unsigned)((wait_ms + 999) / 1000);
    control_call_fail(call, &error);
}

static void fail_key(struct control_call *call)
{
    struct linnet_error error = {0};
    log_printf(control_config_of(call)->log, LOG_WARNING, "control", 0, "setup: a wrong key");
    error_set(&error, LINNET_ERROR_BAD_CREDENTIALS, LINNET_ORIGIN_HERE, NULL);
    error_copy_text(error.sentence, sizeof error.sentence,
                    STR_LIT("This link does not set the server up: its key is wrong, or of another "
                            "start."));
    control_call_fail(call, &error);
}

/* Without a key it is linnetctl, for somebody who may open the socket and so do everything. */
static bool may_set_up(struct control_call *call)
{
    struct setup *state = setup_of(call)->state;
    struct str key = control_string(call, "key");
    uint64_t wait_ms = 0;
    enum setup_verdict verdict =
        key.ptr ? setup_try(state, key, loop_now_ms(), &wait_ms) : SETUP_RIGHT;
    if (verdict == SETUP_TOO_MANY)
        fail_later(call, wait_ms);
    else if (verdict == SETUP_WRONG)
        fail_key(call);
    else if (state->busy)
        fail_later(call, 1000);
    else
        return true;
    return false;
}

/* --- the administrator --- */

static void made(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    const struct control_setup *setup = setup_of(call);
    struct linnet_error error = {0};
    call->request = NULL;
    setup->state->busy = false;
    json_t *object = new_object();
    put(object, "jid", json_string(reply->address));
    enum linnet_error_code code = ops_error(reply->result, reply->address, "", &error);
    if (code == LINNET_OK)
        code = setup->end(setup->ctx, &error);
    if (code == LINNET_OK) {
        control_call_reply(call, object);
    } else {
        control_call_fail(call, &error);
        json_decref(object);
    }
}

/* Nobody has a name yet; the console says where the person is. */
static struct ops_actor who_sets_up(const struct control_call *call)
{
    struct ops_actor actor = control_actor(call);
    struct str address = control_string(call, "address");
    if (address.ptr)
        actor.address = address;
    return actor;
}

static void make(struct control_call *call, struct ops_port *port)
{
    const char *why = "";
    struct str user = control_string(call, "user");
    struct linnet_error error = {0};
    struct ops_ask ask = {.address = user,
                          .password = control_string(call, "password"),
                          .role = STORE_ROLE_FULL,
                          .actor = who_sets_up(call),
                          .done = made,
                          .ctx = call};
    enum ops_result result = ops_set_up(port, &ask, &call->request, &why);
    setup_of(call)->state->busy = result == OPS_OK;
    if (result == OPS_OK)
        return;
    ops_error(result, user.ptr, why, &error);
    control_call_fail(call, &error);
}

void control_setup(struct control_call *call)
{
    const struct control_setup *setup = setup_of(call);
    struct linnet_error error = {0};
    struct ops_port *port;
    if (!may_set_up(call))
        return;
    if (setup->begin(setup->ctx, control_string(call, "domain"), &port, &error) == LINNET_OK)
        make(call, port);
    else
        control_call_fail(call, &error);
}
