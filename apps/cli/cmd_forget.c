#include "commands.h"
#include "failure.h"
#include "memory.h"
#include "output.h"

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

int cmd_forget(const struct options *o)
{
    struct linnet_error error = {0};
    struct linnet_jid *jid;
    as_json = o->json;
    if (linnet_jid_new(o->address, &jid, &error) == LINNET_OK)
        memory_forget(o, linnet_jid_bare(jid), removed, &error);
    if (error.code == LINNET_OK && !any && !o->json)
        printf("Nothing was remembered of %s.\n", o->address);
    linnet_jid_free(jid);
    return error.code == LINNET_OK ? 0 : failure_print(o, &error);
}
