#include "commands.h"
#include "failure.h"
#include "memory.h"
#include "output.h"

#include <string.h>

static bool as_json, any;

static void removed(const char *path)
{
    any = true;
    if (as_json) {
        json_t *object = output_event("forgotten");
        output_set(object, "file", path);
        output_json(object);
        return;
    }
    fputs("Forgotten: ", stdout);
    output_printable(stdout, path);
    putchar('\n');
}

/* What is remembered is of an account; "off" is no place where that could be. */
static enum linnet_error_code check(const struct options *o, const struct linnet_jid *jid,
                                    struct linnet_error *error)
{
    if (!*linnet_jid_local(jid))
        return failure_set(error, LINNET_ERROR_BAD_ADDRESS,
                           "%s is a domain; write the account like name@example.org", o->address);
    if (o->memory && strcmp(o->memory, "off") == 0)
        return failure_set(error, LINNET_ERROR_USAGE,
                           "with --memory=off nothing is remembered that could be forgotten");
    return LINNET_OK;
}

int cmd_forget(const struct options *o)
{
    struct linnet_error error = {0};
    struct linnet_jid *jid;
    as_json = o->json;
    if (linnet_jid_new(o->address, &jid, &error) == LINNET_OK && check(o, jid, &error) == LINNET_OK)
        memory_forget(o, linnet_jid_bare(jid), removed, &error);
    if (error.code == LINNET_OK && !o->json) {
        if (any)
            puts("A token among it stays good on the server until its operator revokes it.");
        else
            printf("Nothing was remembered of %s.\n", o->address);
    }
    linnet_jid_free(jid);
    return error.code == LINNET_OK ? 0 : failure_print(o, &error);
}
