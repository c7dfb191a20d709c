#include "api.h"

#include "backend.h"

enum linnet_error_code api_ask(struct request *r, const char *op, json_t *args, json_t **ret,
                               struct linnet_error *error)
{
    const struct backend_person person = {r->who.jid[0] ? r->who.jid : NULL, r->address};
    return backend_call(r->console->backend, &person, op, args, ret, error);
}
