/*
 * tag.h - one start tag: scanned as its bytes arrive, then built into an element.
 *
 * The scanner is given the tag's bytes from the name on, each time from the first byte to the
 * last that is known, and goes on where it stopped; it looks at each byte once. It remembers
 * offsets only, so that the bytes may move between calls.
 */
#ifndef XML_TAG_H
#define XML_TAG_H

#include "xml/ns.h"
#include "xml/ref.h"

/* An attribute or declaration; offsets into the tag. */
struct tag_slot {
    uint32_t name, name_len, prefix_len, value, value_len;
    bool decode; /* the value holds references, or white space to normalise */
};

enum { TAG_SMALL = 12 };

struct tag {
    uint8_t state, quote;
    bool empty; /* <a/> */
    uint32_t pos;
    uint32_t mark, colon; /* of the name being read; no colon is 0 */
    uint32_t name_len, prefix_len;
    struct ref ref;
    struct tag_slot *slots;
    unsigned count, cap;
    struct tag_slot small[TAG_SMALL];
};

enum tag_result { TAG_MORE, TAG_DONE, TAG_FAIL };

void tag_init(struct tag *tag);
void tag_finish(struct tag *tag);

/* Forgets the tag before. */
void tag_begin(struct tag *tag);

/* TAG_DONE: `tag->pos` is the offset after the '>'. `len` may not exceed 2^31. */
enum tag_result tag_scan(struct tag *tag, const uint8_t *bytes, size_t len,
                         const struct xml_limits *limits, struct xml_problem *why);

/* What tag_build made, in one piece of the arena. */
struct tag_built {
    struct node *node; /* wraps the element, for its parent */
    const char *qname; /* name with prefix, tag->name_len long */
};

/* Builds the element of a scanned tag: declarations enter `scope`, names are resolved, values
 * normalised. False with `why` set when namespaces are wrong or memory is short. */
bool tag_build(const struct tag *tag, const uint8_t *bytes, struct arena *arena,
               struct ns_scope *scope, struct tag_built *ret_built,
               struct xml_problem *why) MUST_USE;

#endif
