#include "commands.h"
#include "failure.h"
#include "memory.h"
#include "output.h"

#include <string.h>

static bool as_json;

/* Locks and what an interrupted login left go with the memory they belong to, unsaid. */
static bool is_aside(const char *path)
{
    size_t len = strlen(path);
    return (len > 5 && strcmp(path + len - 5, ".lock") == 0) ||
           (len > 4 && strcmp(path + len - 4, ".new") == 0);
}

static void removed(const char *path)
{
    if (is_aside(path))
        return;
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
    linnet_jid_free(jid);
    return error.code == LINNET_OK ? 0 : failure_print(o, &error);
}
