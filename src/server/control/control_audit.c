/* audit.list, and the event `audit`: rows of the audit trail as JSON. */
#include "server/control/control_private.h"
#include "server/ops/ops_audit.h"

static json_t *row_of(const struct store_audit *row)
{
    json_t *o = new_object();
    put(o, "id", json_integer(row->id));
    put(o, "time_s", json_integer(row->time_s));
    put(o, "actor", control_stored(row->actor));
    put(o, "address", row->address.len ? control_stored(row->address) : json_null());
    put(o, "action", control_stored(row->action));
    put(o, "object", control_stored(row->object));
    put(o, "detail", control_stored(row->detail));
    return o;
}

void control_call_audit(const struct control_call *call, const char *action, struct str object,
                        struct str detail)
{
    const struct ops_audit_entry entry = {control_actor(call), action, object, detail};
    if (call->peer->control) /* else the server stops, and its ports are going */
        ops_audit(control_config_of(call)->ops, &entry);
}

void control_emit_audit(struct control *control, const struct store_audit *row)
{
    control_emit(control, "audit", row_of(row));
}

static json_t *page_of(const struct store_audit_page *page)
{
    json_t *object = new_object(), *entries = json_array();
    for (size_t i = 0; i < page->count; i++)
        append(entries, row_of(&page->entries[i]));
    put(object, "entries", entries);
    put(object, "more", json_boolean(page->more));
    return object;
}

static void listed(void *ctx, const struct ops_reply *reply)
{
    struct control_call *call = ctx;
    call->request = NULL;
    if (reply->result == OPS_OK)
        control_call_reply(call, page_of(reply->audit));
    else
        control_call_fail_ops(call, reply->result, "", "");
}

void control_audit_list(struct control_call *call)
{
    struct ops_ask ask = {.audit = {.actor = control_string(call, "actor"),
                                    .action = control_string(call, "action"),
                                    .object = control_string(call, "object")},
                          .done = listed,
                          .ctx = call};
    if (!control_limit(call, OPS_AUDIT_PAGE_MAX, &ask.limit) ||
        !control_before(call, &ask.audit.before))
        return;
    enum ops_result result = ops_audit_list(control_config_of(call)->ops, &ask, &call->request);
    if (result != OPS_OK)
        control_call_fail_ops(call, result, "", "");
}
