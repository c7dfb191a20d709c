#include "xml/tag.h"
#include "xml/utf8.h"

/* An element, its place among its parent's children, and its attributes lie together; a copy of
 * the tag's bytes follows, cut into terminated strings where they stand. */
struct piece {
    struct node node;
    struct element element;
    struct attr attrs[];
};

struct build {
    const struct tag *tag;
    char *text; /* the copy */
    struct ns_scope *scope;
    struct xml_problem *why;
};

/* XML 1.0 §2.11 and §3.3.3: line ends, then white space, then references. The result is never
 * longer. Returns its length. */
static uint32_t decode(char *value, uint32_t len)
{
    const char *in = value, *end = value + len;
    char *out = value;
    while (in < end) {
        char c = *in++;
        if (c == '\r' && in < end && *in == '\n')
            in++;
        if (c == '\r' || c == '\n' || c == '\t')
            c = ' ';
        if (c != '&') {
            *out++ = c;
            continue;
        }
        struct ref ref;
        ref_begin(&ref);
        while (in < end && ref_byte(&ref, (uint8_t)*in++) == REF_MORE)
            continue;
        out += utf8_encode(ref.value, out);
    }
    return (uint32_t)(out - value);
}

static bool is_declaration(const struct build *b, const struct tag_slot *slot)
{
    return slot->name_len >= 5 && (slot->name_len == 5 || slot->prefix_len == 5) &&
           memcmp(b->text + slot->name, "xmlns", 5) == 0;
}

/* The value, normalised and terminated in its place. */
static struct str value_of(const struct build *b, const struct tag_slot *slot)
{
    char *value = b->text + slot->value;
    uint32_t len = slot->decode ? decode(value, slot->value_len) : slot->value_len;
    value[len] = '\0';
    return str_of(value, len);
}

static bool declare(struct build *b, const struct tag_slot *slot)
{
    struct str prefix = STR_LIT("");
    if (slot->prefix_len)
        prefix = str_of(b->text + slot->name + 6, slot->name_len - 6);
    return ns_declare(b->scope, prefix, value_of(b, slot), b->why);
}

/* Ends the local part of the name and returns it, with the namespace of its prefix. */
static const char *resolve(struct build *b, uint32_t name, uint32_t name_len, uint32_t prefix_len,
                           const char *no_prefix, const char **ret_ns)
{
    b->text[name + name_len] = '\0';
    *ret_ns = no_prefix;
    if (prefix_len == 0)
        return b->text + name;
    *ret_ns = ns_lookup(b->scope, str_of(b->text + name, prefix_len));
    return b->text + name + prefix_len + 1;
}

/* Two prefixes may name one namespace (Namespaces in XML §6.3). */
static bool repeated(const struct element *e, const struct attr *attr)
{
    for (const struct attr *other = e->attrs; other != attr; other = other->next) {
        if (*other->ns && cstr_eq(other->ns, attr->ns) && strcmp(other->name, attr->name) == 0)
            return true;
    }
    return false;
}

static bool add_attr(struct build *b, struct element *e, struct attr *attr,
                     const struct tag_slot *slot)
{
    struct str value = value_of(b, slot);
    attr->name = resolve(b, slot->name, slot->name_len, slot->prefix_len, "", &attr->ns);
    if (!attr->ns)
        return problem_set(b->why, XML_FAULT_BAD_PREFIX,
                           "the prefix of an attribute is undeclared");
    attr->value = value.ptr;
    attr->value_len = value.len;
    element_link_attr(e, attr);
    if (*attr->ns && repeated(e, attr))
        return problem_set(b->why, XML_FAULT_NOT_WELL_FORMED, "an attribute is given twice");
    return true;
}

bool tag_build(const struct tag *tag, const uint8_t *bytes, struct arena *arena,
               struct ns_scope *scope, struct tag_built *ret_built, struct xml_problem *why)
{
    size_t head = sizeof(struct piece) + tag->count * sizeof(struct attr);
    struct piece *piece = arena_alloc(arena, head + tag->pos);
    if (!piece)
        return problem_set(why, XML_FAULT_NO_MEMORY, "out of memory");
    struct build b = {.tag = tag, .text = (char *)piece + head, .scope = scope, .why = why};
    memcpy(b.text, bytes, tag->pos);

    unsigned declarations = 0;
    for (unsigned i = 0; i < tag->count; i++) {
        if (!is_declaration(&b, &tag->slots[i]))
            continue;
        declarations++;
        if (!declare(&b, &tag->slots[i]))
            return false;
    }
    struct element *e = &piece->element;
    e->name = resolve(&b, 0, tag->name_len, tag->prefix_len, scope->default_ns, &e->ns);
    if (!e->ns)
        return problem_set(why, XML_FAULT_BAD_PREFIX, "the prefix of an element is undeclared");
    struct attr *attr = piece->attrs;
    for (unsigned i = 0; i < tag->count; i++) {
        const struct tag_slot *slot = &tag->slots[i];
        if (declarations && is_declaration(&b, slot))
            continue;
        if (!add_attr(&b, e, attr++, slot))
            return false;
    }
    piece->node.element = e;
    ret_built->node = &piece->node;
    ret_built->qname = b.text;
    return true;
}
