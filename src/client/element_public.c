#include "client/element_public.h"

#include "base/error.h"
#include "xml/utf8.h"
#include "xml/writer.h"

#include <stdlib.h>

/* A tree that the application builds: its arena, and the root in it. A failure is remembered in the
 * root's name, where those who have only the root can see it: the name is one of these pointers. */
struct linnet_element {
    struct element e;
    struct tree *tree;
};

struct tree {
    struct arena arena;
    struct linnet_element root;
};

static const char no_memory[] = "", not_xml[] = "";

enum linnet_error_code element_built(const struct linnet_element *root)
{
    if (!root || root->e.name == no_memory)
        return LINNET_ERROR_NO_MEMORY;
    return root->e.name == not_xml ? LINNET_ERROR_USAGE : LINNET_OK;
}

/* ---- reading ---- */

const char *linnet_element_name(const struct linnet_element *e)
{
    return e ? e->e.name : NULL;
}

const char *linnet_element_ns(const struct linnet_element *e)
{
    return e ? e->e.ns : NULL;
}

bool linnet_element_is(const struct linnet_element *e, const char *ns, const char *name)
{
    return element_is(element_private(e), ns, name);
}

const char *linnet_element_attr(const struct linnet_element *e, const char *name)
{
    return e ? element_attr(element_private(e), name) : NULL;
}

const char *linnet_element_attr_ns(const struct linnet_element *e, const char *ns, const char *name)
{
    return e ? element_attr_ns(element_private(e), ns, name) : NULL;
}

const struct linnet_element *linnet_element_child(const struct linnet_element *e, const char *ns,
                                                  const char *name)
{
    return e ? element_public(element_child(element_private(e), ns, name)) : NULL;
}

const struct linnet_element *linnet_element_next(const struct linnet_element *e,
                                                 const struct linnet_element *previous)
{
    return e ? element_public(element_next(element_private(e), element_private(previous))) : NULL;
}

const char *linnet_element_text(const struct linnet_element *e)
{
    return e ? element_text(element_private(e)).ptr : NULL;
}

const char *linnet_element_child_text(const struct linnet_element *e, const char *ns,
                                      const char *name)
{
    return linnet_element_text(linnet_element_child(e, ns, name));
}

char *linnet_element_to_xml(const struct linnet_element *e)
{
    struct buf xml;
    if (element_built(e) != LINNET_OK)
        return NULL;
    buf_init(&xml, 0, false);
    xml_print(&xml, element_private(e), NS_CLIENT);
    char *text = buf_take_cstr(&xml);
    buf_finish(&xml);
    return text;
}

/* ---- building: the sticky failure ---- */

static void fail(struct tree *t, const char *how)
{
    if (t->root.e.name != no_memory && t->root.e.name != not_xml)
        t->root.e.name = how;
}

static bool sound(struct linnet_element *e)
{
    if (!e)
        return false;
    if (e->tree->arena.failed)
        fail(e->tree, no_memory);
    return element_built(&e->tree->root) == LINNET_OK;
}

static bool is_text(const char *s)
{
    size_t left = strlen(s);
    while (left > 0) {
        uint32_t cp;
        int len = utf8_decode((const uint8_t *)s, left, &cp);
        if (len <= 0 || !xml_char(cp))
            return false;
        s += len;
        left -= (size_t)len;
    }
    return true;
}

/* Keeps out what would break the markup; the rest of XML's rules for names harms nobody here. */
static bool is_name(const char *s)
{
    return s && *s && is_text(s) && !strpbrk(s, " \t\r\n<>&'\"=/:;!?") &&
           !strchr("-.0123456789", *s);
}

static bool allowed(struct linnet_element *e, bool good)
{
    if (!good)
        fail(e->tree, not_xml);
    return good;
}

/* ---- building ---- */

static bool name_it(struct tree *t, struct linnet_element *e, const char *ns, const char *name)
{
    e->tree = t;
    e->e.ns = arena_dup(&t->arena, str_from(ns));
    e->e.name = arena_dup(&t->arena, str_from(name));
    return e->e.ns && e->e.name;
}

struct linnet_element *linnet_element_new(const char *ns, const char *name)
{
    struct tree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    arena_init(&t->arena, 0, false);
    bool good = is_name(name) && is_text(ns ? ns : "");
    if (!name_it(t, &t->root, ns ? ns : "", good ? name : "x")) {
        linnet_element_free(&t->root);
        return NULL;
    }
    allowed(&t->root, good);
    return &t->root;
}

struct linnet_element *linnet_element_dup(const struct linnet_element *e)
{
    if (!e || element_built(e) == LINNET_ERROR_NO_MEMORY)
        return NULL;
    struct linnet_element *copy = linnet_element_new(e->e.ns, e->e.name);
    if (!copy)
        return NULL;
    struct arena *a = &copy->tree->arena;
    struct element *content = element_copy(a, element_private(e));
    if (!content) {
        linnet_element_free(copy);
        return NULL;
    }
    copy->e.attrs = content->attrs;
    copy->e.last_attr = content->last_attr;
    copy->e.children = content->children;
    copy->e.last_child = content->last_child;
    return copy;
}

void linnet_element_free(struct linnet_element *e)
{
    if (!e || e != &e->tree->root)
        return;
    struct tree *t = e->tree;
    arena_finish(&t->arena);
    free(t);
}

struct linnet_element *linnet_element_add(struct linnet_element *parent, const char *ns,
                                          const char *name)
{
    if (!sound(parent) || !allowed(parent, is_name(name) && is_text(ns ? ns : "")))
        return NULL;
    struct tree *t = parent->tree;
    struct linnet_element *child = ARENA_NEW(&t->arena, struct linnet_element);
    if (!child || !name_it(t, child, ns ? ns : parent->e.ns, name)) {
        fail(t, no_memory);
        return NULL;
    }
    element_link(&t->arena, &parent->e, &child->e);
    return sound(child) ? child : NULL;
}

void linnet_element_add_leaf(struct linnet_element *parent, const char *ns, const char *name,
                             const char *text)
{
    linnet_element_add_text(linnet_element_add(parent, ns, name), text);
}

void linnet_element_add_text(struct linnet_element *e, const char *text)
{
    if (!text || !sound(e) || !allowed(e, is_text(text)))
        return;
    element_add_text(&e->tree->arena, &e->e, str_from(text));
    sound(e);
}

void linnet_element_add_copy(struct linnet_element *parent, const struct linnet_element *child)
{
    if (!sound(parent))
        return;
    struct arena *a = &parent->tree->arena;
    enum linnet_error_code code = element_built(child);
    if (code == LINNET_OK)
        element_link(a, &parent->e, element_copy(a, element_private(child)));
    else
        fail(parent->tree, code == LINNET_ERROR_USAGE ? not_xml : no_memory);
    sound(parent);
}

void linnet_element_set(struct linnet_element *e, const char *name, const char *value)
{
    if (!sound(e) || !allowed(e, is_name(name) && is_text(value ? value : "")))
        return;
    struct arena *a = &e->tree->arena;
    char *own_name = arena_dup(a, str_from(name)); /* element_set borrows the name */
    if (own_name)
        element_set_str(a, &e->e, own_name, str_from(value));
    sound(e);
}

/* A tree whose root is what `make` built with the core's helpers. */
static struct linnet_element *adopt(struct linnet_element *root, const struct element *made)
{
    if (!made && root)
        linnet_element_free(root);
    if (!made || !root)
        return NULL;
    root->e = *made;
    return root;
}

/* ---- stanzas ---- */

enum linnet_stanza_kind linnet_stanza_kind(const struct linnet_element *e)
{
    return (enum linnet_stanza_kind)stanza_kind(element_private(e), NS_CLIENT);
}

static struct linnet_element *stanza(const char *name, const char *to, const char *type)
{
    struct linnet_element *e = linnet_element_new(NS_CLIENT, name);
    if (to)
        linnet_element_set(e, "to", to);
    if (type)
        linnet_element_set(e, "type", type);
    return e;
}

struct linnet_element *linnet_message_new(const char *to, const char *type, const char *body)
{
    struct linnet_element *e = stanza("message", to, type);
    if (body)
        linnet_element_add_leaf(e, NULL, "body", body);
    return e;
}

const char *linnet_message_body(const struct linnet_element *message)
{
    const struct linnet_element *first = NULL, *e = NULL;
    while ((e = linnet_element_next(message, e))) {
        if (!linnet_element_is(e, NS_CLIENT, "body"))
            continue;
        if (!linnet_element_attr_ns(e, NS_XML, "lang"))
            return linnet_element_text(e);
        first = first ? first : e;
    }
    return linnet_element_text(first);
}

struct linnet_element *linnet_presence_new(const char *to, const char *type)
{
    return stanza("presence", to, type);
}

struct linnet_element *linnet_iq_new(const char *to, const char *type)
{
    return stanza("iq", to, type);
}

struct linnet_element *linnet_iq_result_new(const struct linnet_element *iq)
{
    struct linnet_element *root = iq ? linnet_element_new(NS_CLIENT, "iq") : NULL;
    return root ? adopt(root, stanza_iq_result(&root->tree->arena, element_private(iq))) : NULL;
}

struct linnet_element *linnet_stanza_error_new(const struct linnet_element *to_what,
                                               const char *condition, const char *text)
{
    if (!to_what || (text && !is_text(text)))
        return NULL;
    struct linnet_element *root = linnet_element_new(NS_CLIENT, "iq");
    enum stanza_condition c = stanza_condition_from_name(condition);
    return root ? adopt(root,
                        stanza_error(&root->tree->arena, element_private(to_what), c, NULL, text))
                : NULL;
}

/* RFC 6120 §8.3.2: of type "wait" are the errors that pass. */
static void set_retry(struct linnet_error *error, const struct linnet_element *child)
{
    if (!child)
        return;
    if (cstr_eq(linnet_element_attr(child, "type"), "wait"))
        error->retry = LINNET_RETRY_YES;
    error->retry_after_s = condition_retry_after_s(element_private(child));
}

bool linnet_stanza_error(const struct linnet_element *e, struct linnet_error *error)
{
    struct str text;
    if (linnet_stanza_kind(e) == LINNET_STANZA_NONE ||
        !cstr_eq(linnet_element_attr(e, "type"), "error"))
        return false;
    enum stanza_condition c = stanza_error_read(element_private(e), &text);
    const char *from = linnet_element_attr(e, "from");
    error_set(error, LINNET_ERROR_STANZA, LINNET_ORIGIN_PEER, "to", from, NULL);
    error_set_peer(error, stanza_condition_name(c), text);
    if (error)
        set_retry(error, linnet_element_child(e, NULL, "error"));
    return true;
}
