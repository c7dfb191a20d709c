/*
 * element.h - one XML element with its attributes and children, in an arena.
 *
 * Strings are NUL-terminated UTF-8 with their lengths beside them; namespaces are resolved, so
 * prefixes do not appear. Namespace strings may be compared with cstr_eq. Nothing here frees: the
 * arena does. Builders return NULL when the arena has failed and accept NULL parents, so a tree is
 * built freely and `arena->failed` is checked once.
 */
#ifndef XML_ELEMENT_H
#define XML_ELEMENT_H

#include "base/arena.h"

struct attr {
    struct attr *next;
    const char *ns; /* "" for attributes without prefix */
    const char *name;
    const char *value;
    size_t value_len;
};

/* A child: either `element` or a run of text. Adjacent text (CDATA included) is one run. */
struct node {
    struct node *next;
    struct element *element; /* NULL for text */
    const char *text;
    size_t text_len;
};

struct element {
    const char *ns; /* "" when none */
    const char *name;
    struct attr *attrs, *last_attr;
    struct node *children, *last_child;
};

/* Whether the expanded name is {ns}name. NULL is no element. */
bool element_is(const struct element *e, const char *ns, const char *name);

/* The value of the attribute without namespace, or NULL. "xml:lang" and other names with the xml
 * prefix mean the attribute of that namespace, here and in element_set. */
const char *element_attr(const struct element *e, const char *name);
const char *element_attr_ns(const struct element *e, const char *ns, const char *name);

/* First child element with that name (any when `name` is NULL) and namespace (any when NULL). */
struct element *element_child(const struct element *e, const char *ns, const char *name);

/* The next element after `prev` among the children of `e`; the first when `prev` is NULL. Looks
 * for `prev` from the start: to walk many children, follow `children` and `next` instead. */
struct element *element_next(const struct element *e, const struct element *prev);

/* The text directly inside, if it is a single run or none (""); STR_NONE when there are elements
 * inside, or `e` is NULL. Borrowed from the arena. */
struct str element_text(const struct element *e);

/* Text of the child {ns}name, or STR_NONE when there is no such child. */
struct str element_child_text(const struct element *e, const char *ns, const char *name);

/* --- building: strings are copied into `a`, except `ns` and `name`, which must outlive it --- */

struct element *element_new(struct arena *a, const char *ns, const char *name);
struct element *element_add(struct arena *a, struct element *parent, const char *ns,
                            const char *name);
void element_set(struct arena *a, struct element *e, const char *name, const char *value);
/* Sets or replaces; a STR_NONE value removes. */
void element_set_str(struct arena *a, struct element *e, const char *name, struct str value);
void element_add_text(struct arena *a, struct element *e, struct str text);
/* Links `child` (same arena lifetime) as last child. */
void element_link(struct arena *a, struct element *parent, struct element *child);
/* A deep copy into `a`. */
struct element *element_copy(struct arena *a, const struct element *e);

/* What the reader and the builders share: puts a filled node or attribute at the end. */
static inline void element_link_node(struct element *parent, struct node *node)
{
    if (parent->last_child)
        parent->last_child->next = node;
    else
        parent->children = node;
    parent->last_child = node;
}

static inline void element_link_attr(struct element *e, struct attr *attr)
{
    if (e->last_attr)
        e->last_attr->next = attr;
    else
        e->attrs = attr;
    e->last_attr = attr;
}

#endif
