/* throttle.list and throttle.forgive: who waits because of wrong passwords. */
#include "net/loop.h"
#include "server/control/control_private.h"
#include "server/memory.h"
#include "server/ops/ops_admin.h"

#include <stdlib.h>

static const char *const kinds[] = {[THROTTLE_ADDRESS] = "address", [THROTTLE_ACCOUNT] = "account"};

static json_t *describe_debt(const struct throttle_debt *debt)
{
    json_t *o = new_object();
    put(o, "kind", json_string(kinds[debt->kind]));
    put(o, "who", json_string(debt->who));
    put(o, "failures", json_integer(debt->failures));
    put(o, "hold_ms", json_integer(debt->hold_ms));
    put(o, "waiting", json_integer(debt->waiting));
    return o;
}

void control_throttle_list(struct control_call *call)
{
    struct throttle *t = control_config_of(call)->throttle;
    struct throttle_debt *debts = memory_alloc(THROTTLE_DEBTS_MAX * sizeof *debts);
    size_t count = t ? throttle_debts(t, loop_now_ms(), debts) : 0;
    json_t *o = new_object(), *list = json_array();
    for (size_t i = 0; i < count; i++)
        append(list, describe_debt(&debts[i]));
    put(o, "debts", list);
    control_call_reply(call, o);
    free(debts);
}

/* Says who did it, in the log and in the audit trail: there an account has its whole address. */
static void tell(const struct control_call *call, enum throttle_kind kind, const char *name)
{
    const struct control_host *host = &control_config_of(call)->host;
    struct buf object = {0};
    buf_cstr(&object, name);
    if (kind == THROTTLE_ACCOUNT)
        buf_printf(&object, "@%s", host->settings(host->ctx)->domain);
    if (object.failed)
        memory_exhausted();
    control_security_tell(call, "throttle.forgiven", name, "");
    control_call_audit(call, "throttle.forgiven", buf_peek(&object), STR_NONE);
    buf_finish(&object);
}

/* `forgiven` is false when nothing was owed, or not any more. */
static void forgive(struct control_call *call, enum throttle_kind kind, const char *name,
                    const struct throttle_who *who)
{
    struct throttle *t = control_config_of(call)->throttle;
    bool owed = t && throttle_forgive(t, loop_now_ms(), who);
    json_t *o = new_object();
    if (owed)
        tell(call, kind, name);
    put(o, "kind", json_string(kinds[kind]));
    put(o, "who", json_string(name));
    put(o, "forgiven", json_boolean(owed));
    control_call_reply(call, o);
}

/* Of an IPv6 subscriber any address, or the /64 as throttle.list has it. */
static void forgive_address(struct control_call *call, struct str text)
{
    struct network n;
    char name[THROTTLE_WHO_BYTES];
    enum network_fault fault = network_parse(text, &n);
    bool v4 = fault != NETWORK_MALFORMED && IN6_IS_ADDR_V4MAPPED(&n.base);
    if (fault != NETWORK_OK || n.bits < (v4 ? 128 : 64)) {
        control_call_refuse(call, "who must be an IP address, or an IPv6 /64");
        return;
    }
    const struct peer peer = {.ip = n.base};
    throttle_peer_text(&peer, name);
    forgive(call, THROTTLE_ADDRESS, name, &(struct throttle_who){.peer = &peer});
}

static void forgive_account(struct control_call *call, struct str text)
{
    const char *why;
    struct buf user = {0};
    enum ops_result result = ops_name_check(control_config_of(call)->ops, text, &user, &why);
    buf_byte(&user, '\0');
    if (user.failed)
        memory_exhausted();
    const char *name = buf_peek(&user).ptr;
    if (result == OPS_OK)
        forgive(call, THROTTLE_ACCOUNT, name, &(struct throttle_who){.user = str_from(name)});
    else
        control_call_fail_ops(call, result, text.ptr, why);
    buf_finish(&user);
}

void control_throttle_forgive(struct control_call *call)
{
    struct str kind = control_string(call, "kind"), who = control_string(call, "who");
    if (str_is(kind, kinds[THROTTLE_ADDRESS]))
        forgive_address(call, who);
    else if (str_is(kind, kinds[THROTTLE_ACCOUNT]))
        forgive_account(call, who);
    else
        control_call_refuse(call, "kind must be address or account");
}
