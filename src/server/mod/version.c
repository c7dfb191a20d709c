#include "server/mod/mod.h"

#include <linnet/linnet.h>

/* XEP-0092. The operating system is nobody's business. */

#define NS_VERSION "jabber:iq:version"

static enum stanza_condition version(const struct mod_request *r)
{
    struct element *query = element_add(r->arena, r->result, NS_VERSION, "query");
    element_add_text(r->arena, element_add(r->arena, query, NS_VERSION, "name"), STR_LIT("Linnet"));
    element_add_text(r->arena, element_add(r->arena, query, NS_VERSION, "version"),
                     STR_LIT(LINNET_VERSION));
    return STANZA_OK;
}

const struct mod_iq mod_version = {NS_VERSION, "query", IQ_GET, MOD_SERVER, NS_VERSION, version};
