/* `as` of a request: for whom a program like the console asks. */
#include "server/control/control_private.h"

enum { NAME_MAX_BYTES = 3071, ADDRESS_MAX_BYTES = 63 };

static struct str member(const json_t *as, const char *name)
{
    const json_t *value = json_object_get(as, name);
    return value ? str_of(json_string_value(value), json_string_length(value)) : STR_NONE;
}

/* Whether it is a string that is neither empty nor longer than that. */
static bool is_short(const json_t *value, size_t max_bytes)
{
    return json_is_string(value) && json_string_length(value) > 0 &&
           json_string_length(value) <= max_bytes;
}

const char *control_actor_fault(const json_t *as)
{
    const json_t *user = json_object_get(as, "user"), *address = json_object_get(as, "address");
    if (!as)
        return NULL;
    const json_t *mark = json_object_get(as, "mark");
    if (!json_is_object(as) || json_object_size(as) != 1u + (address != NULL) + (mark != NULL))
        return "The member as of a request is an object of user, address and mark";
    if (mark && !json_is_integer(mark))
        return "The mark of the member as is a number";
    if (!is_short(user, NAME_MAX_BYTES))
        return "The member as of a request names its user, a bare JID";
    if (address && !is_short(address, ADDRESS_MAX_BYTES))
        return "The address of the member as is a string of at most 63 bytes";
    return NULL;
}

struct ops_actor control_actor(const struct control_call *call)
{
    const json_t *mark = json_object_get(call->as, "mark");
    return (struct ops_actor){.uid = call->peer->uid,
                              .name = member(call->as, "user"),
                              .address = member(call->as, "address"),
                              .has_mark = mark != NULL,
                              .mark = json_integer_value(mark)};
}
