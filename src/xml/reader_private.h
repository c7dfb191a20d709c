/*
 * reader_private.h - the reader's insides, shared by reader.c (streams, elements) and
 * reader_text.c (what stands between the tags of an element).
 *
 * The reader is a machine over the bytes of the caller. What lies whole in one piece is read where
 * it stands; only what a piece cuts in two is kept (a tag in `spill`, a run of text in `text`).
 * Everything that is needed while an element is open hangs from `work`, which comes with the
 * element's '<' and goes with its end, so that an idle reader is this struct and the few strings
 * of the stream header. Passwords pass through here: all of it is wiped before it is freed.
 */
#ifndef XML_READER_PRIVATE_H
#define XML_READER_PRIVATE_H

#include "base/buf.h"
#include "xml/tag.h"
#include "xml/utf8.h"

enum state {
    STATE_BEGIN,   /* nothing was read */
    STATE_PROLOG,  /* white space or the declaration was; the header is to come */
    STATE_BETWEEN, /* first-level elements */
    STATE_MARKUP,  /* after '<' */
    STATE_DECL,    /* after '<?' at the very start */
    STATE_BANG,    /* within '<![CDATA[' */
    STATE_TAG,
    STATE_END_NAME,
    STATE_END_GAP,
    STATE_TEXT, /* text or CDATA */
    STATE_REF,
    STATE_WIDE,   /* a character cut in two */
    STATE_CLOSED, /* after the close tag */
    STATE_DEAD
};

struct frame {
    struct element *element;
    const char *qname, *default_ns; /* default_ns: of the parent */
    uint32_t qname_len;
    unsigned bindings; /* of the parent */
};

enum { FRAMES_SMALL = 8 };

struct work {
    struct xml_limits limits;
    size_t left; /* bytes that this element may still have */
    unsigned children;
    uint32_t matched; /* bytes of an end tag's name or of "![CDATA[" */
    struct buf spill, text;
    bool cdata, after_cr;
    bool in_run;      /* the run of text was counted */
    uint8_t brackets; /* ']' just seen: 0, 1, or more */
    uint8_t wide_len;
    uint8_t wide[UTF8_MAX_BYTES];
    struct ref ref;
    unsigned depth, cap;
    struct frame *frames;
    struct frame small[FRAMES_SMALL];
    struct ns_scope scope;
    struct tag tag;
};

struct xml_reader {
    struct xml_limits limits;
    struct arena arena;
    struct element *element; /* given to the caller */
    const struct ns_root *root;
    struct work *work;
    struct xml_problem problem;
    uint8_t state;
    bool framed;
    bool may_declare; /* nothing came before */
    bool given;       /* the last call completed something */
    bool root_empty;  /* <stream:stream/>: its close is owed */
};

/* `end` is cut to what the element's limit allows; `all_end` is the caller's. */
struct cursor {
    const uint8_t *p, *end, *all_end;
    const uint8_t *from; /* where this call began to use the element's bytes */
};

/* The reader dies of it; they return XML_FAIL, and `work` is gone. */
enum xml_status reader_fail(struct xml_reader *r, enum xml_fault fault, const char *text);
enum xml_status reader_malformed(struct xml_reader *r, const char *text);
enum xml_status reader_no_memory(struct xml_reader *r);

/* Another element or run of text within the first-level element: XML_MORE, or past the limit. */
enum xml_status reader_count_child(struct xml_reader *r);

/* Adds the text that was kept, now complete, to the open element. */
enum xml_status reader_flush_text(struct xml_reader *r);

/* States that use bytes of the cursor, which is not at its end. */
enum xml_status reader_on_text(struct xml_reader *r, struct cursor *c);
enum xml_status reader_on_ref(struct xml_reader *r, struct cursor *c);
enum xml_status reader_on_wide(struct xml_reader *r, struct cursor *c);

#endif
