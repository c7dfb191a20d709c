/* The requests user.*: arguments for ops, and its replies as JSON. */
#include "server/control/control_ops.h"
#include "server/control/control_private.h"

static json_t *stored_text(const char *text)
{
    return control_stored(str_from(text));
}

json_t *control_account_address(const struct ops_reply *reply)
{
    json_t *object = new_object();
    put(object, "jid", json_string(reply->address));
    if (reply->last_admin)
        put(object, "last_admin", json_true());
    return object;
}

static json_t *schemes_of(const struct store_account *a)
{
    json_t *schemes = json_array();
    for (const char *at = a->schemes; *at;) {
        size_t len = strcspn(at, " ");
        append(schemes, control_stored(str_of(at, len)));
        at += len + (at[len] == ' ');
    }
    return schemes;
}

static json_t *describe(const struct store_account *a)
{
    json_t *object = new_object();
    put(object, "user", stored_text(a->user));
    put(object, "created_s", json_integer(a->created_s));
    put(object, "password_s", json_integer(a->password_s));
    put(object, "disabled", json_boolean(a->disabled));
    put(object, "reason", stored_text(a->reason));
    put(object, "schemes", schemes_of(a));
    put(object, "role", json_string(ops_role_name(a->role)));
    return object;
}

json_t *control_account_shown(const struct ops_reply *reply)
{
    json_t *object = describe(reply->account);
    put(object, "jid", json_string(reply->address));
    put(object, "last_admin", json_boolean(reply->last_admin));
    return object;
}

json_t *control_account_page(const struct ops_reply *reply)
{
    json_t *object = new_object(), *accounts = json_array();
    for (size_t i = 0; i < reply->page->count; i++)
        append(accounts, describe(&reply->page->accounts[i]));
    put(object, "accounts", accounts);
    put(object, "more", json_boolean(reply->page->more));
    return object;
}

static json_t *describe_token(const struct store_token *t)
{
    json_t *object = new_object();
    put(object, "client", stored_text(t->client));
    put(object, "software", stored_text(t->software));
    put(object, "device", stored_text(t->device));
    put(object, "mechanism", stored_text(t->mechanism));
    put(object, "issued_s", json_integer(t->issued_s));
    put(object, "used_s", json_integer(t->used_s));
    put(object, "expires_s", json_integer(t->expires_s));
    put(object, "pending", json_boolean(t->slot == STORE_SLOT_NEW));
    return object;
}

json_t *control_account_tokens(const struct ops_reply *reply)
{
    json_t *object = control_account_address(reply), *tokens = json_array();
    for (size_t i = 0; i < reply->clients->count; i++)
        append(tokens, describe_token(&reply->clients->tokens[i]));
    put(object, "tokens", tokens);
    return object;
}

static void account_done(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    const struct control_host *host = &control_config_of(call)->host;
    call->request = NULL;
    if (reply->result != OPS_OK)
        control_call_fail_ops(call, reply->result, reply->address, "");
    else if (reply->page)
        host->online(host->ctx, call, call->op->account.result(reply));
    else
        control_call_reply(call, call->op->account.result(reply));
}

/* False after the call was refused. */
static bool read_ask(struct control_call *call, struct ops_ask *ret)
{
    struct str role = control_string(call, "role");
    *ret = (struct ops_ask){
        .address = control_string(call, "user"),
        .password = control_string(call, "password"),
        .reason = control_string(call, "reason"),
        .prefix = control_string(call, "prefix"),
        .after = control_string(call, "after"),
        .token.client = control_string(call, "client"),
        .actor = control_actor(call),
        .done = account_done,
        .ctx = call,
    };
    if (!control_limit(call, OPS_PAGE_MAX, &ret->limit))
        return false;
    if (ret->reason.len > OPS_REASON_MAX_BYTES)
        control_call_refuse(call, "reason must not be longer than %d bytes", OPS_REASON_MAX_BYTES);
    else if (role.ptr && !ops_role_of(role, &ret->role))
        control_call_refuse(call, "role must be full, read-only or none");
    else
        return true;
    return false;
}

void control_account(struct control_call *call)
{
    const char *why = "";
    struct ops_ask ask;
    if (!read_ask(call, &ask))
        return;
    enum ops_result result =
        call->op->account.submit(control_config_of(call)->ops, &ask, &call->request, &why);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, ask.address.ptr ? ask.address.ptr : "", why);
}
