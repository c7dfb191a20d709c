#include "api.h"

#include "backend.h"

enum linnet_error_code api_ask(struct request *r, const char *op, json_t *args, json_t **ret,
                               struct linnet_error *error)
{
    const struct backend_person person = {r->who.jid[0] ? r->who.jid : NULL, r->address.text,
                                          r->who.mark};
    return backend_call(r->console->backend, &person, op, args, ret, error);
}

void api_pass_on(struct request *r, const char *op, json_t *args)
{
    json_t *result;
    struct linnet_error error = {0};
    if (api_ask(r, op, args, &result, &error) == LINNET_OK)
        http_answer(r, MHD_HTTP_OK, result);
    else
        http_fail(r, &error);
}
