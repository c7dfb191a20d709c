#include "server/mod/mod.h"

/* XEP-0030: what the server, and the account of the one who asks, can do. No nodes, no items. */

#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"

static void add_identity(const struct mod_request *r, struct element *query, const char *category,
                         const char *type, const char *name)
{
    struct element *identity = element_add(r->arena, query, NS_DISCO_INFO, "identity");
    element_set(r->arena, identity, "category", category);
    element_set(r->arena, identity, "type", type);
    if (name)
        element_set(r->arena, identity, "name", name);
}

static enum stanza_condition info(const struct mod_request *r)
{
    const struct mod_iq *m;
    if (element_attr(r->payload, "node"))
        return STANZA_ITEM_NOT_FOUND;
    struct element *query = element_add(r->arena, r->result, NS_DISCO_INFO, "query");
    if (r->where == MOD_SERVER)
        add_identity(r, query, "server", "im", "Linnet");
    else
        add_identity(r, query, "account", "registered", NULL);
    for (size_t i = 0; (m = mod_at(i)); i++)
        if (m->where & r->where)
            element_set(r->arena, element_add(r->arena, query, NS_DISCO_INFO, "feature"), "var",
                        m->feature);
    return STANZA_OK;
}

static enum stanza_condition items(const struct mod_request *r)
{
    if (element_attr(r->payload, "node"))
        return STANZA_ITEM_NOT_FOUND;
    element_add(r->arena, r->result, NS_DISCO_ITEMS, "query");
    return STANZA_OK;
}

const struct mod_iq mod_disco_info = {NS_DISCO_INFO, "query", IQ_GET, MOD_SERVER | MOD_ACCOUNT,
                                      NS_DISCO_INFO, info};
const struct mod_iq mod_disco_items = {NS_DISCO_ITEMS,           "query",        IQ_GET,
                                       MOD_SERVER | MOD_ACCOUNT, NS_DISCO_ITEMS, items};
