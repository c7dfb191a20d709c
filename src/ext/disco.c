#include "ext/disco.h"

static void set_unless_null(struct arena *a, struct element *e, const char *name, const char *value)
{
    if (value)
        element_set(a, e, name, value);
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct element *request(struct arena *a, const char *to, const char *id, const char *ns,
                               const char *node)
{
    struct element *query = NULL;
    struct element *iq = stanza_iq_get(a, to, id, ns, "query", &query);
    set_unless_null(a, query, "node", node);
    return iq;
}

struct element *disco_info_request(struct arena *a, const char *to, const char *id,
                                   const char *node)
{
    return request(a, to, id, NS_DISCO_INFO, node);
}

struct element *disco_items_request(struct arena *a, const char *to, const char *id,
                                    const char *node)
{
    return request(a, to, id, NS_DISCO_ITEMS, node);
}

static bool is_request(const struct element *iq, const char *ns, const char **ret_node)
{
    const struct element *query = stanza_iq_payload(iq, IQ_GET, ns, "query");
    *ret_node = element_attr(query, "node");
    return query != NULL;
}

bool disco_is_info_request(const struct element *iq, const char **ret_node)
{
    return is_request(iq, NS_DISCO_INFO, ret_node);
}

bool disco_is_items_request(const struct element *iq, const char **ret_node)
{
    return is_request(iq, NS_DISCO_ITEMS, ret_node);
}

/* --- answering ------------------------------------------------------------------------------- */

/* The result of `iq`; XEP-0030 §3.2: the node of the request is repeated. */
static struct element *result(struct arena *a, const struct element *iq, const char *ns,
                              struct element **ret_query)
{
    struct element *e = stanza_iq_result(a, iq);
    *ret_query = element_add(a, e, ns, "query");
    set_unless_null(a, *ret_query, "node", element_attr(element_child(iq, ns, "query"), "node"));
    return e;
}

static void add_feature(struct arena *a, struct element *query, const char *feature)
{
    element_set(a, element_add(a, query, NS_DISCO_INFO, "feature"), "var", feature);
}

struct element *disco_info_result(struct arena *a, const struct element *iq,
                                  const struct disco_info *info)
{
    struct element *query = NULL;
    struct element *e = result(a, iq, NS_DISCO_INFO, &query);
    for (size_t i = 0; i < info->identity_count; i++) {
        struct element *identity = element_add(a, query, NS_DISCO_INFO, "identity");
        element_set(a, identity, "category", info->identities[i].category);
        element_set(a, identity, "type", info->identities[i].type);
        set_unless_null(a, identity, "name", info->identities[i].name);
    }
    /* §3.1: "every entity MUST support at least the 'http://jabber.org/protocol/disco#info'
     * feature". */
    if (!disco_info_has(info, NS_DISCO_INFO))
        add_feature(a, query, NS_DISCO_INFO);
    for (size_t i = 0; i < info->feature_count; i++)
        add_feature(a, query, info->features[i]);
    return e;
}

struct element *disco_items_result(struct arena *a, const struct element *iq,
                                   const struct disco_items *items)
{
    struct element *query = NULL;
    struct element *e = result(a, iq, NS_DISCO_ITEMS, &query);
    for (size_t i = 0; i < items->count; i++) {
        struct element *item = element_add(a, query, NS_DISCO_ITEMS, "item");
        element_set(a, item, "jid", items->items[i].jid);
        set_unless_null(a, item, "node", items->items[i].node);
        set_unless_null(a, item, "name", items->items[i].name);
    }
    return e;
}

/* --- reading --------------------------------------------------------------------------------- */

static size_t count_children(const struct element *e, const char *ns, const char *name)
{
    size_t count = 0;
    for (const struct node *n = e->children; n; n = n->next)
        count += element_is(n->element, ns, name);
    return count;
}

bool disco_info_read(struct arena *a, const struct element *iq, struct disco_info *ret)
{
    const struct element *query = stanza_iq_payload(iq, IQ_RESULT, NS_DISCO_INFO, "query");
    *ret = (struct disco_info){0};
    if (!query)
        return false;
    size_t identities = count_children(query, NS_DISCO_INFO, "identity");
    size_t features = count_children(query, NS_DISCO_INFO, "feature");
    struct disco_identity *identity = arena_alloc(a, identities * sizeof *identity);
    const char **feature = arena_alloc(a, features * sizeof *feature);
    if (!identity || !feature)
        return false;
    for (const struct node *n = query->children; n; n = n->next) {
        struct disco_identity i = {element_attr(n->element, "category"),
                                   element_attr(n->element, "type"),
                                   element_attr(n->element, "name")};
        const char *var = element_attr(n->element, "var");
        if (element_is(n->element, NS_DISCO_INFO, "identity") && i.category && i.type)
            identity[ret->identity_count++] = i;
        else if (element_is(n->element, NS_DISCO_INFO, "feature") && var)
            feature[ret->feature_count++] = var;
    }
    ret->identities = identity;
    ret->features = feature;
    return true;
}

bool disco_items_read(struct arena *a, const struct element *iq, struct disco_items *ret)
{
    const struct element *query = stanza_iq_payload(iq, IQ_RESULT, NS_DISCO_ITEMS, "query");
    *ret = (struct disco_items){0};
    if (!query)
        return false;
    size_t items = count_children(query, NS_DISCO_ITEMS, "item");
    struct disco_item *item = arena_alloc(a, items * sizeof *item);
    if (!item)
        return false;
    for (const struct node *n = query->children; n; n = n->next) {
        struct disco_item i = {element_attr(n->element, "jid"), element_attr(n->element, "node"),
                               element_attr(n->element, "name")};
        if (element_is(n->element, NS_DISCO_ITEMS, "item") && i.jid)
            item[ret->count++] = i;
    }
    ret->items = item;
    return true;
}

bool disco_info_has(const struct disco_info *info, const char *feature)
{
    for (size_t i = 0; i < info->feature_count; i++)
        if (cstr_eq(info->features[i], feature))
            return true;
    return false;
}
