/*
 * block.h - a stanza as it is sent to many: serialized once into one exact block that all share by
 * an atomic reference count, and for each recipient a private head.
 *
 *     <message to='juliet@capulet.lit'          the head: start tag, framing's namespace, `to`
 *      from='...' id='...'>...</message>        the block
 *
 * A block never changes, so any thread may read it. Running out of memory ends the server.
 */
#ifndef SERVER_ROUTE_BLOCK_H
#define SERVER_ROUTE_BLOCK_H

#include "core/stream.h"

struct block {
    _Atomic unsigned refs;
    size_t len;
    char bytes[];
};

struct block *block_new(struct str bytes);
struct block *block_ref(struct block *b);
void block_unref(struct block *b); /* NULL is fine */

static inline struct str block_str(const struct block *b)
{
    return (struct str){b->bytes, b->len};
}

/* Appends what a block of the stanza `e` holds: its attributes without `to`, `from` replaced by the
 * given one, `lang` where it has no xml:lang (STR_NONE for none), and its children. Attributes of
 * foreign namespaces, which RFC 6120 §8.1 does not know, are left behind. */
void block_write(struct buf *out, const struct element *e, struct str from, struct str lang);

/* The same for the error that answers a stanza of that kind (RFC 6120 §8.3). */
void block_write_error(struct buf *out, enum stanza_kind kind, struct str from, struct str id,
                       enum stanza_condition condition);

/* The same for a presence of `type` without children. */
void block_write_presence(struct buf *out, struct str from, const char *type);

/* Appends the head. STR_NONE: no `to`. */
void block_head(struct buf *out, enum stanza_kind kind, struct str to, enum stream_framing framing);

#endif
