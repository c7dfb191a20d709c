#include "ext/version.h"

struct element *version_request(struct arena *a, const char *to, const char *id)
{
    return stanza_iq_get(a, to, id, NS_VERSION, "query", NULL);
}

bool version_is_request(const struct element *iq)
{
    return stanza_iq_payload(iq, IQ_GET, NS_VERSION, "query") != NULL;
}

static void add_text(struct arena *a, struct element *query, const char *name, struct str text)
{
    if (text.ptr)
        element_add_text(a, element_add(a, query, NS_VERSION, name), text);
}

struct element *version_result(struct arena *a, const struct element *iq, const struct version *v)
{
    struct element *result = stanza_iq_result(a, iq);
    struct element *query = element_add(a, result, NS_VERSION, "query");
    add_text(a, query, "name", v->name);
    add_text(a, query, "version", v->version);
    add_text(a, query, "os", v->os);
    return result;
}

bool version_read(const struct element *iq, struct version *ret)
{
    const struct element *query = stanza_iq_payload(iq, IQ_RESULT, NS_VERSION, "query");
    if (!query)
        return false;
    ret->name = element_child_text(query, NS_VERSION, "name");
    ret->version = element_child_text(query, NS_VERSION, "version");
    ret->os = element_child_text(query, NS_VERSION, "os");
    return true;
}
