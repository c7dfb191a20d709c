/*
 * reader.h - a push reader for XMPP streams: the restricted XML of RFC 6120 §11, nothing else.
 *
 * Bytes go in as they arrive, in pieces of any size. The reader stops after the exact byte that
 * ends the stream header, each first-level element, and the stream's close tag, so the caller may
 * hand what follows to TLS, or to a fresh reader after a restart. It never looks past that byte.
 *
 * Strict: UTF-8 only (no overlong forms, surrogates, or code points XML 1.0 forbids), namespaces
 * well-formed, no comment, processing instruction (but the declaration at the very start), DTD, or
 * entity other than the five and character references. It owns all memory; while nothing is
 * half-read it holds at most 400 bytes, sizeof included, for common stream headers.
 *
 * One thread at a time; no I/O; linear in its input however it is split.
 */
#ifndef XML_READER_H
#define XML_READER_H

#include "xml/element.h"

enum xml_status {
    XML_MORE,    /* all consumed; nothing complete yet */
    XML_HEADER,  /* the stream's open tag is complete: xml_reader_element gives it (no children) */
    XML_ELEMENT, /* a first-level element is complete: xml_reader_element gives it */
    XML_CLOSE,   /* the stream's close tag */
    XML_FAIL     /* xml_reader_fault says why; the reader is dead */
};

enum xml_fault {
    XML_FAULT_NONE = 0,
    XML_FAULT_NOT_WELL_FORMED, /* stream error not-well-formed */
    XML_FAULT_BAD_PREFIX,      /* undeclared prefix: bad-namespace-prefix */
    XML_FAULT_RESTRICTED,      /* comment, PI, DTD, entity: restricted-xml */
    XML_FAULT_ENCODING,        /* declared otherwise, or not UTF-8: unsupported-encoding
                                * (RFC 6120 §4.9.3.22 names both) */
    XML_FAULT_TOO_BIG,         /* past a byte limit: policy-violation, stanza-too-big */
    XML_FAULT_TOO_COMPLEX,     /* past a limit of depth, attributes or names: policy-violation */
    XML_FAULT_NOT_XML,         /* the first byte cannot begin a stream: another protocol */
    XML_FAULT_NO_MEMORY
};

struct xml_limits {
    size_t element_bytes; /* wire bytes of one first-level element, or of the header */
    unsigned depth;       /* of elements below the stream */
    unsigned attributes;  /* of one element, declarations included */
    unsigned children;    /* elements and text runs in one first-level element, in all */
    size_t name_bytes;    /* of one name, prefix included */
};

/* Before and after authentication (DESIGN: bounded before it is parsed). */
extern const struct xml_limits xml_limits_before_auth; /* 10,000 bytes, depth 16 */
extern const struct xml_limits xml_limits_after_auth;  /* 262,144 bytes, depth 128 */

struct xml_reader;

/* NULL when out of memory. `framed`: every first-level element stands alone, as in WebSocket
 * messages (RFC 7395): there is no header and no close. */
struct xml_reader *xml_reader_new(const struct xml_limits *limits, bool framed);
void xml_reader_free(struct xml_reader *r);

/* Limits for what begins after the current element. */
void xml_reader_set_limits(struct xml_reader *r, const struct xml_limits *limits);

/* Reads until something is complete or `data` ends; *ret_consumed bytes were used. What the last
 * call gave is released: call until XML_MORE, if only with a `len` of 0, before waiting for input,
 * and nothing of it stays. White space between first-level elements is consumed silently
 * (keepalives); `XML_MORE` with such bytes is not an error. After XML_CLOSE only white space may
 * follow. A header <stream:stream .../> that ends itself gives XML_HEADER, then XML_CLOSE. */
enum xml_status xml_reader_read(struct xml_reader *r, const void *data, size_t len,
                                size_t *ret_consumed);

/* What was completed; borrowed until the next call. For XML_HEADER also valid then only. */
struct element *xml_reader_element(const struct xml_reader *r);

/* The default namespace that the header declared: "" when it declared none, or has not come. */
const char *xml_reader_default_ns(const struct xml_reader *r);

/* Takes the completed element with the arena that holds it: the caller finishes `ret_arena`.
 * It may still point at strings of the stream's namespaces, so `r` must outlive it unless it is
 * copied with element_copy. */
struct element *xml_reader_take(struct xml_reader *r, struct arena *ret_arena);

enum xml_fault xml_reader_fault(const struct xml_reader *r);

/* One sentence for a person and a log: "end tag </b> does not match <a>". Static or owned by r. */
const char *xml_reader_fault_text(const struct xml_reader *r);

/* False while an element, tag or token is half-read: STARTTLS wants to know that none is. */
bool xml_reader_between(const struct xml_reader *r);

/* Bytes of memory held now, sizeof included; exact while nothing is half-read or given. Measured
 * by tests and the idle bench. */
size_t xml_reader_memory(const struct xml_reader *r);

#endif
