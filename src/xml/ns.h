/*
 * ns.h - namespace declarations in force while an element is read (Namespaces in XML 1.0), and
 * those of the stream header, which stay for the life of the stream in one small block.
 */
#ifndef XML_NS_H
#define XML_NS_H

#include "xml/problem.h"

#define NS_XML "http://www.w3.org/XML/1998/namespace"
#define NS_XMLNS "http://www.w3.org/2000/xmlns/"
#define NS_STREAM "http://etherx.jabber.org/streams"

struct ns_binding {
    const char *prefix; /* not terminated */
    const char *ns;
    uint32_t prefix_len;
};

/* What the stream header leaves behind. */
struct ns_root {
    const char *default_ns;
    const char *qname; /* that the close tag must repeat */
    void *block;       /* that all of it is in, to be freed; NULL: many readers share it */
    size_t bytes;      /* of `block` */
    uint32_t qname_len;
    unsigned count;
    const struct ns_binding *bindings;
};

/* Prefixes looked up one by one cost time: more than this in scope at once is an attack. */
enum { NS_SMALL = 4, NS_MAX_PREFIXES = 128 };

/* Declarations of the open elements below the stream. Strings belong to the elements' arena. */
struct ns_scope {
    const struct ns_root *root; /* NULL while the header is read, and in framed mode */
    const char *default_ns;
    struct ns_binding *bindings;
    unsigned count, cap;
    struct ns_binding small[NS_SMALL];
};

void ns_scope_init(struct ns_scope *scope, const struct ns_root *root);
void ns_scope_finish(struct ns_scope *scope);

/* Adds xmlns:PREFIX='ns', or xmlns='ns' when the prefix is empty. */
bool ns_declare(struct ns_scope *scope, struct str prefix, struct str ns,
                struct xml_problem *why) MUST_USE;

/* The namespace of `prefix`, or NULL when it is not declared. */
const char *ns_lookup(const struct ns_scope *scope, struct str prefix);

/* Copies what the header declared; the well-known namespaces cost nothing, nor does the header that
 * nearly all clients write. NULL without memory. */
const struct ns_root *ns_root_new(const struct ns_scope *scope, struct str qname);
void ns_root_free(const struct ns_root *root); /* NULL is fine */

#endif
