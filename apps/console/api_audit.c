#include "api.h"

#include <stdlib.h>

enum { LIMIT = 100, LIMIT_MAX = 1000, WHO_MAX_BYTES = 3071, ACTION_MAX_BYTES = 63 };

struct filters {
    char *actor, *action, *object; /* NULL: any */
};

static bool read_filters(struct request *r, struct filters *ret)
{
    return http_text(r, "actor", WHO_MAX_BYTES, &ret->actor) &&
           http_text(r, "action", ACTION_MAX_BYTES, &ret->action) &&
           http_text(r, "object", WHO_MAX_BYTES, &ret->object);
}

void api_audit(struct request *r)
{
    json_int_t limit, before;
    struct filters f = {0};
    if (http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit) &&
        http_number(r, "before", 1, INT64_MAX, INT64_MAX, &before) && read_filters(r, &f))
        api_pass_on(r, "audit.list",
                    json_pack("{s:I,s:I,s:s*,s:s*,s:s*}", "limit", limit, "before", before, "actor",
                              f.actor, "action", f.action, "object", f.object));
    free(f.actor);
    free(f.action);
    free(f.object);
}
