/* Answers: that it is done, or why not. */
#include "server/control/control_private.h"

#include <stdarg.h>
#include <stdio.h>

static json_t *id_of(json_t *id)
{
    return id ? json_incref(id) : json_null();
}

void control_call_reply(struct control_call *call, json_t *result)
{
    if (!result) /* json_pack refused a string that is not UTF-8, or memory ran out */
        result = json_object();
    control_send(call->peer,
                 json_pack("{s:o,s:b,s:o}", "id", id_of(call->id), "ok", 1, "result", result));
    control_call_free(call);
}

static json_t *failure(json_t *id, const struct linnet_error *error)
{
    const struct linnet_error_info *info = linnet_error_info(error->code);
    json_t *object = json_pack("{s:o,s:b,s:{s:s,s:s}}", "id", id_of(id), "ok", 0, "error", "code",
                               info->id, "sentence", error->sentence);
    if (object && error->retry_after_s > 0)
        put(json_object_get(object, "error"), "retry_s", json_integer(error->retry_after_s));
    return object;
}

void control_call_fail(struct control_call *call, const struct linnet_error *error)
{
    control_send(call->peer, failure(call->id, error));
    control_call_free(call);
}

void control_refuse(struct control_peer *peer, const char *why)
{
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_PEER, "reason", why, NULL);
    control_send(peer, failure(NULL, &error));
}

void control_call_refuse(struct control_call *call, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    struct linnet_error error = {0};
    error_set(&error, LINNET_ERROR_USAGE, LINNET_ORIGIN_PEER, "reason", why, NULL);
    control_call_fail(call, &error);
}

void control_call_fail_ops(struct control_call *call, enum ops_result result, const char *address,
                           const char *why)
{
    struct linnet_error error = {0};
    ops_error(result, address, why, &error);
    control_call_fail(call, &error);
}

/* Text from outside (paths), made printable. */
static json_t *printable(struct str text)
{
    char clean[512];
    error_copy_text(clean, sizeof clean, text);
    return json_string(clean);
}

json_t *control_stored(struct str text)
{
    json_t *json = json_stringn(text.ptr, text.len);
    return json ? json : printable(text);
}
