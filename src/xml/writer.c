#include "xml/writer.h"

#include "xml/names.h"
#include "xml/ns.h"
#include "xml/scan.h"
#include "xml/utf8.h"

#include <stdio.h>

/* --- escaping --- */

static const char *escape_of(uint8_t byte, bool attr)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;";
    case '\'':
        return attr ? "&apos;" : NULL;
    case '"':
        return attr ? "&quot;" : NULL;
    case '\n':
        return attr ? "&#10;" : NULL;
    case '\t':
        return attr ? "&#9;" : NULL;
    default:
        return NULL;
    }
}

/* Length of the character at `p`, or 0 when the reader would refuse it. */
static size_t char_len(const uint8_t *p, size_t len)
{
    uint32_t cp = 0;
    int n = utf8_decode(p, len, &cp);
    return n > 0 && xml_char(cp) ? (size_t)n : 0;
}

static void escape(struct buf *out, struct str s, bool attr)
{
    const uint8_t *p = (const uint8_t *)(s.len ? s.ptr : ""), *end = p + s.len, *from = p;
    while (p < end) {
        p = scan_plain(p, end, '&', '<', attr ? '\'' : '>', attr ? '"' : '>');
        if (p == end)
            break;
        const char *instead = escape_of(*p, attr);
        size_t n = char_len(p, (size_t)(end - p));
        if (n == 0) {
            out->failed = true;
            return;
        }
        if (instead) {
            buf_append(out, from, (size_t)(p - from));
            buf_cstr(out, instead);
            from = p + n;
        }
        p += n;
    }
    buf_append(out, from, (size_t)(end - from));
}

void xml_escape_text(struct buf *out, struct str text)
{
    escape(out, text, false);
}

void xml_escape_attr(struct buf *out, struct str value)
{
    escape(out, value, true);
}

/* --- elements --- */

void xml_writer_init(struct xml_writer *w, struct buf *out, const char *default_ns)
{
    w->out = out;
    w->depth = 0;
    w->tag_open = false;
    w->default_ns = default_ns ? default_ns : "";
}

static void refuse(struct xml_writer *w)
{
    w->out->failed = true;
}

/* The prefix that elements of `ns` are written with; NULL when they use the default. */
static const char *prefix_of(const char *ns)
{
    if (strcmp(ns, NS_STREAM) == 0)
        return "stream:";
    return strcmp(ns, NS_XML) == 0 ? "xml:" : NULL;
}

static const char *default_in_force(const struct xml_writer *w)
{
    for (unsigned i = w->depth; i-- > 0;) {
        if (!prefix_of(w->open[i].ns))
            return w->open[i].ns;
    }
    return w->default_ns;
}

/* Within a stream its header declares `stream:`; what stands alone does so itself. */
static bool stream_declared(const struct xml_writer *w)
{
    if (*w->default_ns)
        return true;
    for (unsigned i = 0; i < w->depth; i++) {
        if (strcmp(w->open[i].ns, NS_STREAM) == 0)
            return true;
    }
    return false;
}

static void attribute(struct xml_writer *w, const char *prefix, const char *name, struct str value)
{
    buf_byte(w->out, ' ');
    buf_cstr(w->out, prefix);
    buf_cstr(w->out, name);
    buf_cstr(w->out, "='");
    xml_escape_attr(w->out, value);
    buf_byte(w->out, '\'');
}

static void end_start_tag(struct xml_writer *w)
{
    if (w->tag_open)
        buf_byte(w->out, '>');
    w->tag_open = false;
}

void xml_start(struct xml_writer *w, const char *ns, const char *name)
{
    end_start_tag(w);
    if (!ns)
        ns = w->depth ? w->open[w->depth - 1].ns : w->default_ns;
    if (w->depth == XML_WRITER_DEPTH || !name_valid(str_from(name)) || strcmp(ns, NS_XMLNS) == 0) {
        refuse(w);
        return;
    }
    const char *prefix = prefix_of(ns);
    buf_byte(w->out, '<');
    buf_cstr(w->out, prefix ? prefix : "");
    buf_cstr(w->out, name);
    if (!prefix && strcmp(default_in_force(w), ns) != 0)
        attribute(w, "", "xmlns", str_from(ns));
    else if (prefix && *prefix == 's' && !stream_declared(w))
        attribute(w, "xmlns:", "stream", STR_LIT(NS_STREAM));
    w->open[w->depth].ns = ns;
    w->open[w->depth].name = name;
    w->depth++;
    w->tag_open = true;
}

void xml_attr(struct xml_writer *w, const char *name, const char *value)
{
    if (value)
        xml_attr_str(w, name, str_from(value));
}

void xml_attr_str(struct xml_writer *w, const char *name, struct str value)
{
    if (!value.ptr)
        return;
    const char *local = strncmp(name, "xml:", 4) == 0 ? name + 4 : name;
    if (!w->tag_open || !name_valid(str_from(local)) || strcmp(name, "xmlns") == 0) {
        refuse(w);
        return;
    }
    attribute(w, "", name, value);
}

void xml_text(struct xml_writer *w, struct str text)
{
    if (text.len == 0)
        return;
    end_start_tag(w);
    xml_escape_text(w->out, text);
}

void xml_end(struct xml_writer *w)
{
    if (w->depth == 0) {
        refuse(w);
        return;
    }
    w->depth--;
    if (w->tag_open) {
        buf_cstr(w->out, "/>");
        w->tag_open = false;
        return;
    }
    const char *prefix = prefix_of(w->open[w->depth].ns);
    buf_cstr(w->out, "</");
    buf_cstr(w->out, prefix ? prefix : "");
    buf_cstr(w->out, w->open[w->depth].name);
    buf_byte(w->out, '>');
}

void xml_leaf(struct xml_writer *w, const char *ns, const char *name, struct str text)
{
    xml_start(w, ns, name);
    xml_text(w, text);
    xml_end(w);
}

/* An attribute of some namespace gets a prefix of its own, declared beside it. */
static void attribute_ns(struct xml_writer *w, const struct attr *a, unsigned number)
{
    char prefix[16];
    if (!name_valid(str_from(a->name)) || strcmp(a->ns, NS_XMLNS) == 0) {
        refuse(w);
        return;
    }
    snprintf(prefix, sizeof prefix, "a%u", number);
    attribute(w, "xmlns:", prefix, str_from(a->ns));
    snprintf(prefix, sizeof prefix, "a%u:", number);
    attribute(w, prefix, a->name, str_of(a->value, a->value_len));
}

static void write_attrs(struct xml_writer *w, const struct element *e)
{
    unsigned number = 0;
    for (const struct attr *a = e->attrs; a; a = a->next) {
        struct str value = str_of(a->value, a->value_len);
        if (!*a->ns)
            xml_attr_str(w, a->name, value);
        else if (strcmp(a->ns, NS_XML) == 0)
            attribute(w, "xml:", a->name, value);
        else
            attribute_ns(w, a, number++);
    }
}

/* Recursion is as deep as the writer allows. */
void xml_write(struct xml_writer *w, const struct element *e)
{
    if (!e) {
        refuse(w);
        return;
    }
    xml_start(w, e->ns, e->name);
    if (w->out->failed)
        return;
    write_attrs(w, e);
    xml_write_children(w, e);
    xml_end(w);
}

void xml_write_children(struct xml_writer *w, const struct element *e)
{
    for (const struct node *n = e->children; n && !w->out->failed; n = n->next) {
        if (n->element)
            xml_write(w, n->element);
        else
            xml_text(w, str_of(n->text, n->text_len));
    }
}

void xml_print(struct buf *out, const struct element *e, const char *default_ns)
{
    struct xml_writer w;
    xml_writer_init(&w, out, default_ns);
    xml_write(&w, e);
}
