#include "server/route/block.h"

#include "server/memory.h"

#include <stdlib.h>

static const char *const kind_names[] = {
    [STANZA_MESSAGE] = "message", [STANZA_PRESENCE] = "presence", [STANZA_IQ] = "iq"};

struct block *block_new(struct str bytes)
{
    struct block *b = malloc(sizeof *b + bytes.len);
    if (!b)
        memory_exhausted();
    b->refs = 1;
    b->len = bytes.len;
    memcpy(b->bytes, bytes.ptr, bytes.len);
    return b;
}

struct block *block_ref(struct block *b)
{
    b->refs++;
    return b;
}

void block_unref(struct block *b)
{
    if (b && --b->refs == 0)
        free(b);
}

static void write_attr(struct buf *out, const char *name, struct str value)
{
    if (!value.ptr)
        return;
    buf_byte(out, ' ');
    buf_cstr(out, name);
    buf_str(out, STR_LIT("='"));
    xml_escape_attr(out, value);
    buf_byte(out, '\'');
}

static void write_own_attrs(struct buf *out, const struct element *e)
{
    for (const struct attr *a = e->attrs; a; a = a->next)
        if (a->ns[0] == '\0' && strcmp(a->name, "to") != 0 && strcmp(a->name, "from") != 0)
            write_attr(out, a->name, str_of(a->value, a->value_len));
}

static void write_end(struct buf *out, const char *name)
{
    buf_str(out, STR_LIT("</"));
    buf_cstr(out, name);
    buf_byte(out, '>');
}

void block_write(struct buf *out, const struct element *e, struct str from, struct str lang)
{
    const char *own_lang = element_attr_ns(e, NS_XML, "lang");
    write_attr(out, "from", from);
    write_own_attrs(out, e);
    write_attr(out, "xml:lang", own_lang ? str_from(own_lang) : lang);
    if (!e->children) {
        buf_str(out, STR_LIT("/>"));
        return;
    }
    struct xml_writer w;
    buf_byte(out, '>');
    xml_writer_init(&w, out, NS_CLIENT);
    xml_write_children(&w, e);
    write_end(out, e->name);
}

void block_write_error(struct buf *out, enum stanza_kind kind, struct str from, struct str id,
                       enum stanza_condition condition)
{
    write_attr(out, "from", from);
    write_attr(out, "id", id);
    buf_printf(out, " type='error'><error type='%s'><%s xmlns='" NS_STANZA_ERRORS "'/></error>",
               stanza_condition_type(condition), stanza_condition_name(condition));
    write_end(out, kind_names[kind]);
}

void block_write_presence(struct buf *out, struct str from, const char *type)
{
    write_attr(out, "from", from);
    write_attr(out, "type", str_from(type));
    buf_str(out, STR_LIT("/>"));
}

void block_head(struct buf *out, enum stanza_kind kind, struct str to, enum stream_framing framing)
{
    buf_byte(out, '<');
    buf_cstr(out, kind_names[kind]);
    if (framing == STREAM_FRAMING_WEBSOCKET)
        buf_str(out, STR_LIT(" xmlns='" NS_CLIENT "'"));
    write_attr(out, "to", to);
}
