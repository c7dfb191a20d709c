#include "xml/ns.h"

#include "xml/vec.h"

static const char *const well_known[] = {
    "",
    "jabber:client",
    "jabber:server",
    "jabber:server:dialback",
    "jabber:component:accept",
    NS_STREAM,
    NS_XML,
};

static const char *known(const char *ns)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++) {
        if (strcmp(ns, well_known[i]) == 0)
            return well_known[i];
    }
    return NULL;
}

void ns_scope_init(struct ns_scope *scope, const struct ns_root *root)
{
    scope->root = root;
    scope->default_ns = root ? root->default_ns : "";
    scope->bindings = scope->small;
    scope->count = 0;
    scope->cap = NS_SMALL;
}

void ns_scope_finish(struct ns_scope *scope)
{
    if (scope->bindings != scope->small)
        free(scope->bindings);
}

/* Namespaces in XML §3: xml and xmlns are bound for ever, and nothing else to what they name;
 * §2.2: only the default may be undeclared. */
static bool lawful(struct str prefix, struct str ns, struct xml_problem *why)
{
    if (str_is(prefix, "xmlns") || str_is(ns, NS_XMLNS))
        return problem_set(why, XML_FAULT_NOT_WELL_FORMED, "xmlns is declared");
    if (str_is(prefix, "xml") != str_is(ns, NS_XML))
        return problem_set(why, XML_FAULT_NOT_WELL_FORMED,
                           "the xml prefix and its namespace are parted");
    if (prefix.len > 0 && ns.len == 0)
        return problem_set(why, XML_FAULT_NOT_WELL_FORMED, "a prefix is bound to no namespace");
    return true;
}

bool ns_declare(struct ns_scope *scope, struct str prefix, struct str ns, struct xml_problem *why)
{
    if (!lawful(prefix, ns, why))
        return false;
    if (prefix.len == 0) {
        scope->default_ns = ns.ptr;
        return true;
    }
    if (scope->count == NS_MAX_PREFIXES)
        return problem_set(why, XML_FAULT_TOO_COMPLEX, "too many prefixes are declared");
    struct ns_binding *room =
        vec_room(scope->bindings, scope->count, &scope->cap, sizeof *room, scope->small);
    if (!room)
        return problem_set(why, XML_FAULT_NO_MEMORY, "out of memory");
    scope->bindings = room;
    room[scope->count++] = (struct ns_binding){prefix.ptr, ns.ptr, (uint32_t)prefix.len};
    return true;
}

/* The latest declaration wins. */
static const char *find(const struct ns_binding *bindings, unsigned count, struct str prefix)
{
    while (count-- > 0) {
        const struct ns_binding *b = &bindings[count];
        if (b->prefix_len == prefix.len && memcmp(b->prefix, prefix.ptr, prefix.len) == 0)
            return b->ns;
    }
    return NULL;
}

const char *ns_lookup(const struct ns_scope *scope, struct str prefix)
{
    const char *ns = find(scope->bindings, scope->count, prefix);
    if (!ns && scope->root)
        ns = find(scope->root->bindings, scope->root->count, prefix);
    if (!ns && str_is(prefix, "xml"))
        ns = NS_XML;
    return ns;
}

static size_t kept_bytes(const char *ns)
{
    return known(ns) ? 0 : strlen(ns) + 1;
}

static const char *keep(const char *ns, char **to)
{
    const char *fixed = known(ns);
    if (fixed)
        return fixed;
    size_t size = strlen(ns) + 1;
    char *copy = memcpy(*to, ns, size);
    *to += size;
    return copy;
}

static const char *keep_bytes(const char *from, size_t len, char **to)
{
    char *copy = memcpy(*to, from, len);
    *to += len;
    return copy;
}

/* <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'> */
static const struct ns_binding usual_binding = {"stream", NS_STREAM, sizeof "stream" - 1};
static const struct ns_root usual = {.default_ns = "jabber:client",
                                     .qname = "stream:stream",
                                     .qname_len = sizeof "stream:stream" - 1,
                                     .count = 1,
                                     .bindings = &usual_binding};

static bool is_usual(const struct ns_scope *scope, struct str qname)
{
    const struct ns_binding *b = scope->bindings;
    return str_is(qname, usual.qname) && strcmp(scope->default_ns, usual.default_ns) == 0 &&
           scope->count == 1 && str_is(str_of(b->prefix, b->prefix_len), usual_binding.prefix) &&
           strcmp(b->ns, usual_binding.ns) == 0;
}

const struct ns_root *ns_root_new(const struct ns_scope *scope, struct str qname)
{
    if (is_usual(scope, qname))
        return &usual;
    size_t bytes = sizeof(struct ns_root) + scope->count * sizeof(struct ns_binding);
    size_t strings_at = bytes;
    bytes += qname.len + kept_bytes(scope->default_ns);
    for (unsigned i = 0; i < scope->count; i++)
        bytes += scope->bindings[i].prefix_len + kept_bytes(scope->bindings[i].ns);
    struct ns_root *root = malloc(bytes);
    if (!root)
        return NULL;
    struct ns_binding *bindings = (struct ns_binding *)(root + 1);
    char *to = (char *)root + strings_at;
    root->bindings = bindings;
    root->block = root;
    root->bytes = bytes;
    root->count = scope->count;
    root->qname_len = (uint32_t)qname.len;
    root->default_ns = keep(scope->default_ns, &to);
    root->qname = keep_bytes(qname.ptr, qname.len, &to);
    for (unsigned i = 0; i < scope->count; i++) {
        const struct ns_binding *from = &scope->bindings[i];
        bindings[i] = (struct ns_binding){keep_bytes(from->prefix, from->prefix_len, &to),
                                          keep(from->ns, &to), from->prefix_len};
    }
    return root;
}

void ns_root_free(const struct ns_root *root)
{
    if (root)
        free(root->block);
}
