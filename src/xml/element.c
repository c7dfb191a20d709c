#include "xml/element.h"

#include "xml/ns.h"

bool element_is(const struct element *e, const char *ns, const char *name)
{
    return e && strcmp(e->name, name) == 0 && cstr_eq(e->ns, ns);
}

/* Splits "xml:lang", the only prefixed name that needs no declaration. */
static const char *attr_ns(const char **name)
{
    if (strncmp(*name, "xml:", 4) != 0)
        return "";
    *name += 4;
    return NS_XML;
}

static struct attr *find(const struct element *e, const char *ns, const char *name)
{
    for (struct attr *a = e ? e->attrs : NULL; a; a = a->next) {
        if (strcmp(a->name, name) == 0 && cstr_eq(a->ns, ns))
            return a;
    }
    return NULL;
}

const char *element_attr(const struct element *e, const char *name)
{
    const char *ns = attr_ns(&name);
    return element_attr_ns(e, ns, name);
}

const char *element_attr_ns(const struct element *e, const char *ns, const char *name)
{
    const struct attr *a = find(e, ns, name);
    return a ? a->value : NULL;
}

struct element *element_child(const struct element *e, const char *ns, const char *name)
{
    for (const struct node *n = e ? e->children : NULL; n; n = n->next) {
        if (n->element && (!ns || cstr_eq(n->element->ns, ns)) &&
            (!name || strcmp(n->element->name, name) == 0))
            return n->element;
    }
    return NULL;
}

struct element *element_next(const struct element *e, const struct element *prev)
{
    const struct node *n = e ? e->children : NULL;
    if (prev) {
        while (n && n->element != prev)
            n = n->next;
        n = n ? n->next : NULL;
    }
    while (n && !n->element)
        n = n->next;
    return n ? n->element : NULL;
}

struct str element_text(const struct element *e)
{
    if (!e)
        return STR_NONE;
    const struct node *n = e->children;
    if (!n)
        return STR_LIT("");
    if (n->next || n->element)
        return STR_NONE;
    return str_of(n->text, n->text_len);
}

struct str element_child_text(const struct element *e, const char *ns, const char *name)
{
    return element_text(element_child(e, ns, name));
}

/* --- building --- */

struct element *element_new(struct arena *a, const char *ns, const char *name)
{
    struct element *e = ARENA_NEW(a, struct element);
    if (!e)
        return NULL;
    e->ns = ns ? ns : "";
    e->name = name;
    return e;
}

struct element *element_add(struct arena *a, struct element *parent, const char *ns,
                            const char *name)
{
    if (!parent)
        return NULL;
    struct element *e = element_new(a, ns ? ns : parent->ns, name);
    element_link(a, parent, e);
    return a->failed ? NULL : e;
}

void element_set(struct arena *a, struct element *e, const char *name, const char *value)
{
    element_set_str(a, e, name, str_from(value));
}

static void unlink_attr(struct element *e, const struct attr *attr)
{
    struct attr *before = NULL;
    for (struct attr *it = e->attrs; it && it != attr; it = it->next)
        before = it;
    if (before)
        before->next = attr->next;
    else
        e->attrs = attr->next;
    if (e->last_attr == attr)
        e->last_attr = before;
}

void element_set_str(struct arena *a, struct element *e, const char *name, struct str value)
{
    if (!e)
        return;
    const char *ns = attr_ns(&name);
    struct attr *attr = find(e, ns, name);
    if (!value.ptr) {
        if (attr)
            unlink_attr(e, attr);
        return;
    }
    char *copy = arena_dup(a, value);
    if (!copy)
        return;
    if (!attr) {
        attr = ARENA_NEW(a, struct attr);
        if (!attr)
            return;
        attr->ns = ns;
        attr->name = name;
        element_link_attr(e, attr);
    }
    attr->value = copy;
    attr->value_len = value.len;
}

/* The last text child grown by `text`. */
static void extend_text(struct arena *a, struct node *last, struct str text)
{
    char *joined = arena_bytes(a, last->text_len + text.len + 1);
    if (!joined)
        return;
    memcpy(joined, last->text, last->text_len);
    memcpy(joined + last->text_len, text.ptr, text.len);
    last->text = joined;
    last->text_len += text.len;
    joined[last->text_len] = '\0';
}

void element_add_text(struct arena *a, struct element *e, struct str text)
{
    if (!e || text.len == 0)
        return;
    if (e->last_child && !e->last_child->element) {
        extend_text(a, e->last_child, text);
        return;
    }
    struct node *node = ARENA_NEW(a, struct node);
    char *copy = arena_dup(a, text);
    if (!node || !copy)
        return;
    node->text = copy;
    node->text_len = text.len;
    element_link_node(e, node);
}

void element_link(struct arena *a, struct element *parent, struct element *child)
{
    if (!parent || !child)
        return;
    struct node *node = ARENA_NEW(a, struct node);
    if (!node)
        return;
    node->element = child;
    element_link_node(parent, node);
}

/* The element with its attributes, without children. */
static struct element *copy_head(struct arena *a, const struct element *e)
{
    struct element *copy =
        element_new(a, arena_dup(a, str_from(e->ns)), arena_dup(a, str_from(e->name)));
    for (const struct attr *from = e->attrs; copy && from; from = from->next) {
        struct attr *attr = ARENA_NEW(a, struct attr);
        if (!attr)
            return NULL;
        attr->ns = arena_dup(a, str_from(from->ns));
        attr->name = arena_dup(a, str_from(from->name));
        attr->value = arena_dup(a, str_of(from->value, from->value_len));
        attr->value_len = from->value_len;
        element_link_attr(copy, attr);
    }
    return a->failed ? NULL : copy;
}

/* Depth is that of `e`, which the reader bounds. */
struct element *element_copy(struct arena *a, const struct element *e)
{
    if (!e)
        return NULL;
    struct element *copy = copy_head(a, e);
    for (const struct node *n = e->children; copy && n; n = n->next) {
        if (n->element)
            element_link(a, copy, element_copy(a, n->element));
        else
            element_add_text(a, copy, str_of(n->text, n->text_len));
        if (a->failed)
            return NULL;
    }
    return copy;
}
