#include "client/config.h"

#include <linnet/jid.h>
#include <stdlib.h>

/* The parts as strings of their own, since the inside's are not terminated. */
struct linnet_jid {
    struct jid jid;
    const char *bare, *local, *domain, *resource;
    char parts[];
};

static const char *keep(char **to, struct str part)
{
    char *at = *to;
    if (part.len > 0)
        memcpy(at, part.ptr, part.len);
    at[part.len] = '\0';
    *to += part.len + 1;
    return at;
}

enum linnet_error_code linnet_jid_new(const char *text, struct linnet_jid **ret_jid,
                                      struct linnet_error *error)
{
    struct jid parsed;
    char reason[CONFIG_JID_REASON_BYTES];
    enum jid_fault fault = jid_parse(str_from(text ? text : ""), &parsed);
    *ret_jid = NULL;
    if (fault != JID_OK && fault != JID_NO_MEMORY)
        return error_set(error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address", text,
                         "reason", config_jid_reason(fault, reason), NULL);
    size_t full_len = fault == JID_OK ? strlen(parsed.full) : 0;
    struct linnet_jid *j = fault == JID_OK ? malloc(sizeof *j + 2 * (full_len + 4)) : NULL;
    if (!j) {
        jid_finish(&parsed);
        return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    }
    char *to = j->parts;
    j->jid = parsed;
    j->bare = keep(&to, jid_bare(&parsed));
    j->local = keep(&to, parsed.local);
    j->domain = keep(&to, parsed.domain);
    j->resource = keep(&to, parsed.resource);
    *ret_jid = j;
    return LINNET_OK;
}

void linnet_jid_free(struct linnet_jid *j)
{
    if (j)
        jid_finish(&j->jid);
    free(j);
}

const char *linnet_jid_full(const struct linnet_jid *j)
{
    return j->jid.full;
}

const char *linnet_jid_bare(const struct linnet_jid *j)
{
    return j->bare;
}

const char *linnet_jid_local(const struct linnet_jid *j)
{
    return j->local;
}

const char *linnet_jid_domain(const struct linnet_jid *j)
{
    return j->domain;
}

const char *linnet_jid_resource(const struct linnet_jid *j)
{
    return j->resource;
}
