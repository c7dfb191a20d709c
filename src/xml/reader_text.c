#include "xml/names.h"
#include "xml/reader_private.h"
#include "xml/scan.h"

enum xml_status reader_count_child(struct xml_reader *r)
{
    struct work *w = r->work;
    if (w->children >= w->limits.children)
        return reader_fail(r, XML_FAULT_TOO_COMPLEX, "too many elements and texts");
    w->children++;
    return XML_MORE;
}

static enum xml_status add_text(struct xml_reader *r, struct str text)
{
    struct work *w = r->work;
    w->in_run = false;
    if (text.len == 0)
        return XML_MORE;
    struct node *node = ARENA_NEW(&r->arena, struct node);
    char *copy = arena_dup(&r->arena, text);
    if (!node || !copy)
        return reader_no_memory(r);
    node->text = copy;
    node->text_len = text.len;
    element_link_node(w->frames[w->depth - 1].element, node);
    return XML_MORE;
}

/* Text that is not yet known to be complete, or is not in one piece. */
static enum xml_status keep_text(struct xml_reader *r, const void *from, const void *to)
{
    size_t len = (size_t)((const char *)to - (const char *)from);
    buf_append(&r->work->text, from, len);
    return r->work->text.failed ? reader_no_memory(r) : XML_MORE;
}

enum xml_status reader_flush_text(struct xml_reader *r)
{
    struct buf *text = &r->work->text;
    enum xml_status status = add_text(r, buf_peek(text));
    if (status == XML_MORE)
        buf_reset(text);
    return status;
}

/* At '<': the run is complete unless CDATA may follow. */
static enum xml_status text_ends(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    const uint8_t *at = c->p++;
    bool whole = buf_len(&r->work->text) == 0 && c->p < c->end && *c->p != '!';
    r->state = STATE_MARKUP;
    return whole ? add_text(r, str_of(from, (size_t)(at - from))) : keep_text(r, from, at);
}

/* The first bytes of a character at the end of the piece wait in `wide`. */
static enum xml_status wide_begins(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    struct work *w = r->work;
    enum xml_status status = keep_text(r, from, c->p);
    if (status != XML_MORE)
        return status;
    w->wide_len = (uint8_t)(c->end - c->p);
    memcpy(w->wide, c->p, w->wide_len);
    c->p = c->end;
    r->state = STATE_WIDE;
    return XML_MORE;
}

/* Characters that are not ASCII, from c->p on. */
static enum xml_status text_wide(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    while (c->p < c->end && *c->p >= 0x80) {
        uint32_t cp = 0;
        int n = utf8_decode(c->p, (size_t)(c->end - c->p), &cp);
        if (n == UTF8_SHORT)
            return wide_begins(r, c, from);
        if (n == UTF8_INVALID)
            return reader_fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
        if (!xml_char(cp))
            return reader_malformed(r, "a character that XML forbids");
        c->p += n;
    }
    return XML_MORE;
}

enum xml_status reader_on_wide(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    uint32_t cp = 0;
    w->wide[w->wide_len++] = *c->p++;
    int n = utf8_decode(w->wide, w->wide_len, &cp);
    if (n == UTF8_SHORT)
        return XML_MORE;
    if (n == UTF8_INVALID)
        return reader_fail(r, XML_FAULT_ENCODING, "bytes that are not UTF-8");
    if (!xml_char(cp))
        return reader_malformed(r, "a character that XML forbids");
    r->state = STATE_TEXT;
    return keep_text(r, w->wide, w->wide + n);
}

/* XML 1.0 §2.11: CR LF and CR alone become LF. */
static enum xml_status text_cr(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    static const char lf[] = "\n";
    enum xml_status status = keep_text(r, from, c->p);
    if (status != XML_MORE)
        return status;
    c->p++;
    r->work->after_cr = true;
    return keep_text(r, lf, lf + 1);
}

static enum xml_status text_ref(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    enum xml_status status = keep_text(r, from, c->p);
    c->p++;
    if (status == XML_MORE) {
        ref_begin(&r->work->ref);
        r->state = STATE_REF;
    }
    return status;
}

enum xml_status reader_on_ref(struct xml_reader *r, struct cursor *c)
{
    char encoded[UTF8_MAX_BYTES];
    switch (ref_byte(&r->work->ref, *c->p++)) {
    case REF_UNKNOWN:
        return reader_fail(r, XML_FAULT_RESTRICTED, "an entity reference");
    case REF_BAD:
        return reader_malformed(r, "a malformed reference");
    case REF_DONE:
        r->state = STATE_TEXT;
        return keep_text(r, encoded, encoded + utf8_encode(r->work->ref.value, encoded));
    default:
        return XML_MORE;
    }
}

/* At the '>' of "]]>", whose brackets were taken for text. */
static enum xml_status text_brackets(struct xml_reader *r, struct cursor *c, const uint8_t *from)
{
    struct work *w = r->work;
    if (!w->cdata)
        return reader_malformed(r, "']]>' in text");
    enum xml_status status = keep_text(r, from, c->p++);
    if (status != XML_MORE)
        return status;
    buf_truncate(&w->text, buf_len(&w->text) - 2);
    w->cdata = false;
    w->brackets = 0;
    return XML_MORE;
}

enum xml_status reader_on_text(struct xml_reader *r, struct cursor *c)
{
    struct work *w = r->work;
    const uint8_t *from = c->p;
    const uint8_t open = w->cdata ? ']' : '<', amp = w->cdata ? ']' : '&';
    enum xml_status status = XML_MORE;
    if (!w->in_run && (w->cdata || *from != '<')) {
        w->in_run = true;
        if (reader_count_child(r) != XML_MORE)
            return XML_FAIL;
    }
    while (c->p < c->end && status == XML_MORE) {
        uint8_t byte = *c->p;
        if (w->after_cr) {
            w->after_cr = false;
            if (byte == '\n') {
                from = ++c->p;
                continue;
            }
        }
        if (byte == '>' && w->brackets == 2)
            return text_brackets(r, c, from);
        if (byte == ']') {
            w->brackets += w->brackets < 2;
            c->p++;
            continue;
        }
        w->brackets = 0;
        if (byte == open)
            return text_ends(r, c, from);
        if (byte == amp)
            return text_ref(r, c, from);
        if (byte >= 0x80) {
            status = text_wide(r, c, from);
            if (r->state != STATE_TEXT)
                return status;
        } else if (byte == '\r') {
            status = text_cr(r, c, from);
            from = c->p;
        } else if (byte >= 0x20 || name_is_space(byte)) {
            c->p = scan_plain(c->p + 1, c->end, open, amp, ']', ']');
        } else {
            return reader_malformed(r, "a character that XML forbids");
        }
    }
    return status == XML_MORE ? keep_text(r, from, c->p) : status;
}
