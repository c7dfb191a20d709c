/* /api/v1/settings..., and POST /api/v1/reload. */
#include "api.h"

#include <stdlib.h>

enum { LIMIT = 100, LIMIT_MAX = 1000, NAME_MAX_BYTES = 63 };

/* Takes `args`. */
static bool ask(struct request *r, const char *op, json_t *args, json_t **ret)
{
    struct linnet_error error = {0};
    bool ok = api_ask(r, op, args, ret, &error) == LINNET_OK;
    if (!ok)
        http_fail(r, &error);
    return ok;
}

void api_settings_get(struct request *r)
{
    json_t *result;
    if (ask(r, "settings.list", NULL, &result))
        http_answer(r, MHD_HTTP_OK, result);
}

void api_settings_history(struct request *r)
{
    char *name = NULL;
    json_int_t limit, before;
    json_t *result;
    if (http_text(r, "name", NAME_MAX_BYTES, &name) &&
        http_number(r, "limit", 1, LIMIT_MAX, LIMIT, &limit) &&
        http_number(r, "before", 1, INT64_MAX, INT64_MAX, &before) &&
        ask(r, "settings.history",
            json_pack("{s:s*,s:I,s:I}", "name", name, "limit", limit, "before", before), &result))
        http_answer(r, MHD_HTTP_OK, result);
    free(name);
}

/* A setting that is not there is refused with a sentence of the server's, as a wrong value is. */
static void change(struct request *r, const char *op, const char *const *members, size_t count)
{
    json_t *result, *args = http_body(r, members, count);
    if (!args || !ask(r, op, args, &result))
        return;
    const char *name = json_string_value(json_object_get(result, "name"));
    const char *value = json_string_value(json_object_get(result, "value"));
    console_say("%s made %s \"%s\"", r->who.user, name ? name : "", value ? value : "");
    http_answer(r, MHD_HTTP_OK, result);
}

void api_settings_set(struct request *r)
{
    static const char *const members[] = {"name", "value"};
    change(r, "settings.set", members, ARRAY_LEN(members));
}

void api_settings_reset(struct request *r)
{
    static const char *const members[] = {"name"};
    change(r, "settings.reset", members, ARRAY_LEN(members));
}

void api_settings_check(struct request *r)
{
    static const char *const members[] = {"name", "value"};
    json_t *result, *args = http_body(r, members, ARRAY_LEN(members));
    if (args && ask(r, "settings.check", args, &result))
        http_answer(r, MHD_HTTP_OK, result);
}

void api_reload(struct request *r)
{
    json_t *result, *args = http_body(r, NULL, 0);
    if (!args || !ask(r, "reload", args, &result))
        return;
    console_say("%s had settings and certificates read again", r->who.user);
    http_answer(r, MHD_HTTP_OK, result);
}
