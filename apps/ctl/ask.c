#include "ask.h"

#include "../cli/output.h"

#include <stdarg.h>
#include <stdio.h>

enum { TIMEOUT_S = 30 };

enum linnet_error_code usage(struct ctl *ctl, const char *fmt, ...)
{
    char reason[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    return error_set(&ctl->error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

enum linnet_error_code no_memory(struct ctl *ctl)
{
    return error_set(&ctl->error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

enum linnet_error_code ask(struct ctl *ctl, const char *op, json_t *args, json_t **ret)
{
    *ret = NULL;
    if (!args) /* and not: without what could not be packed */
        return usage(ctl, "The arguments must be UTF-8");
    return control_client_call(ctl->client, op, args, TIMEOUT_S, ret, &ctl->error);
}

void print_json(json_t *value)
{
    const char *name;
    void *next;
    json_t *member;
    json_object_foreach_safe(value, next, name, member)
    {
        if (json_is_null(member) || (json_is_string(member) && !json_string_length(member)))
            json_object_del(value, name);
    }
    output_json_text(stdout, value);
    putchar('\n');
}

void tell(const struct ctl *ctl, json_t *result, const char *member, const char *done)
{
    if (ctl->options.json)
        print_json(result);
    else
        printf("%s %s.\n", text_of(result, member), done);
    json_decref(result);
}

enum linnet_error_code ask_and_tell(struct ctl *ctl, const char *op, json_t *args,
                                    const char *member, const char *done)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, op, args, &result);
    if (code == LINNET_OK)
        tell(ctl, result, member, done);
    return code;
}
