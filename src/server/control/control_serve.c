/* From a parsed line to the handler of its row. */
#include "server/control/control_ops.h"
#include "server/control/control_private.h"

/* Whether the request can be served yet; else the call was failed. */
static bool is_time(struct control_call *call)
{
    struct linnet_error error = {0};
    if (control_config_of(call)->ops || call->op->early)
        return true;
    error_set(&error, LINNET_ERROR_SETTINGS, LINNET_ORIGIN_HERE, NULL);
    error_copy_text(error.sentence, sizeof error.sentence,
                    STR_LIT("The server is not set up yet: open the link that it printed when it "
                            "started, or use linnetctl setup."));
    control_call_fail(call, &error);
    return false;
}

/* What is wrong with the members of a request, or NULL. */
static const char *fault_of(json_t *line)
{
    const char *name;
    json_t *value;
    if (!json_is_object(line))
        return "A request is a JSON object";
    json_object_foreach(line, name, value)
    {
        if (strcmp(name, "id") && strcmp(name, "op") && strcmp(name, "args") && strcmp(name, "as"))
            return "A request has the members id, op, args and as, no others";
    }
    const json_t *id = json_object_get(line, "id"), *args = json_object_get(line, "args");
    if (!json_is_integer(id) && !(json_is_string(id) && json_string_length(id) <= 64))
        return "A request needs an id: an integer, or a string of at most 64 bytes";
    if (!json_is_string(json_object_get(line, "op")))
        return "A request needs an op, a string";
    if (args && !json_is_object(args))
        return "The args of a request are an object";
    return control_actor_fault(json_object_get(line, "as"));
}

void control_serve(struct control_peer *peer, json_t *line)
{
    const char *fault = fault_of(line);
    if (fault) {
        control_refuse(peer, fault);
        return;
    }
    struct control_call *call =
        control_call_new(peer, json_object_get(line, "id"), json_object_get(line, "args"));
    const char *name = json_string_value(json_object_get(line, "op"));
    call->as = json_incref(json_object_get(line, "as"));
    call->op = control_op_find(peer->control, name);
    if (!call->op)
        control_call_refuse(call, "There is no request \"%.60s\"; \"help\" lists them", name);
    else if (is_time(call) && control_args_check(call))
        call->op->handle(call);
}
