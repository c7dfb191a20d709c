/* The arguments of a call: whether they are those of its row, and what several requests have. */
#include "server/control/control_ops.h"
#include "server/control/control_private.h"

static const struct control_arg *find_arg(const struct control_op *op, const char *name)
{
    for (const struct control_arg *arg = op->args; arg->name; arg++) {
        if (strcmp(arg->name, name) == 0)
            return arg;
    }
    return NULL;
}

static bool is_of_type(const json_t *value, const struct control_arg *arg)
{
    return json_typeof(value) == arg->type || (arg->type == JSON_TRUE && json_is_false(value));
}

bool control_args_check(struct control_call *call)
{
    const struct control_op *op = call->op;
    const char *name;
    json_t *value;
    json_object_foreach(call->args, name, value)
    {
        const struct control_arg *arg = find_arg(op, name);
        if (!arg) {
            control_call_refuse(call, "%s has no argument \"%.60s\"", op->name, name);
            return false;
        }
        if (!is_of_type(value, arg)) {
            control_call_refuse(call, "%s must be %s", name, control_arg_type(arg, true));
            return false;
        }
    }
    for (const struct control_arg *arg = op->args; arg->name; arg++) {
        if (arg->required && !json_object_get(call->args, arg->name)) {
            control_call_refuse(call, "%s needs the argument \"%s\"", op->name, arg->name);
            return false;
        }
    }
    return true;
}

bool control_limit(struct control_call *call, size_t max, size_t *ret)
{
    enum { DEFAULT = 100 };
    json_int_t limit = control_int(call, "limit", DEFAULT);
    *ret = (size_t)limit;
    if (limit >= 1 && (size_t)limit <= max)
        return true;
    control_call_refuse(call, "limit must be from 1 to %zu", max);
    return false;
}

bool control_before(struct control_call *call, int64_t *ret)
{
    *ret = control_int(call, "before", INT64_MAX);
    if (*ret >= 1)
        return true;
    control_call_refuse(call, "before must be an id: from 1 on");
    return false;
}
