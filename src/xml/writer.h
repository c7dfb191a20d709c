/*
 * writer.h - writes XML into a buf with the fewest declarations: xmlns appears where the
 * namespace of an element differs from its parent's. Errors are sticky in the buf. Text is escaped
 * so that it reads back equal (CR, and TAB and LF in attributes, as character references).
 * Input strings must be UTF-8 that the reader would accept; bytes it would refuse make the
 * buf fail rather than produce a broken stream.
 */
#ifndef XML_WRITER_H
#define XML_WRITER_H

#include "base/buf.h"
#include "xml/element.h"

enum { XML_WRITER_DEPTH = 160 };

struct xml_writer {
    struct buf *out;
    unsigned depth;
    bool tag_open;          /* the start tag still wants its '>' */
    const char *default_ns; /* in force outside: "jabber:client" inside a c2s stream */
    struct {
        const char *ns, *name;
    } open[XML_WRITER_DEPTH];
};

/* `default_ns` is the default namespace in force where the output will stand. */
void xml_writer_init(struct xml_writer *w, struct buf *out, const char *default_ns);

/* `ns` and `name` are borrowed until the matching xml_end. `ns` NULL: the parent's. The stream
 * namespace is written with the prefix `stream:`, which every stream declares. */
void xml_start(struct xml_writer *w, const char *ns, const char *name);
void xml_attr(struct xml_writer *w, const char *name, const char *value); /* NULL value: nothing */
void xml_attr_str(struct xml_writer *w, const char *name, struct str value);
void xml_text(struct xml_writer *w, struct str text);
void xml_end(struct xml_writer *w);

/* <name xmlns=ns>text</name>; a STR_NONE text gives <name/>. */
void xml_leaf(struct xml_writer *w, const char *ns, const char *name, struct str text);

/* A whole element with its children. */
void xml_write(struct xml_writer *w, const struct element *e);

/* The children of `e` only. */
void xml_write_children(struct xml_writer *w, const struct element *e);

/* Escaping alone. */
void xml_escape_text(struct buf *out, struct str text);
void xml_escape_attr(struct buf *out, struct str value);

/* `e` as it would stand at the top of a stream with that default namespace. */
void xml_print(struct buf *out, const struct element *e, const char *default_ns);

#endif
