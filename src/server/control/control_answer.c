/* Answers that say no, and text in answers. */
#include "server/control/control_private.h"

#include <stdarg.h>
#include <stdio.h>

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

/* Text from the store, which may be damaged: what is not UTF-8 is no reason to end the server. */
json_t *control_stored(struct str text)
{
    json_t *json = json_stringn(text.ptr, text.len);
    return json ? json : printable(text);
}
