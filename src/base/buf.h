/*
 * buf.h - a growable queue of bytes with a limit: written at the end, consumed at the front.
 *
 * Appending is sticky: after the first failure (out of memory, or past `limit_bytes`) later
 * appends do nothing and `failed` stays set. One thread at a time. A zeroed struct is an empty
 * buffer without limit, and holds no memory while empty after buf_trim.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
    uint8_t *data;
    size_t start, end, cap;
    size_t limit_bytes; /* most bytes held at once; 0 is none */
    bool secret;        /* wipe what is consumed, moved or freed */
    bool failed;
};

void buf_init(struct buf *b, size_t limit_bytes, bool secret);
void buf_finish(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

/* What is held; borrowed until the next call on `b`. */
static inline struct str buf_peek(const struct buf *b)
{
    return (struct str){b->data ? (const char *)b->data + b->start : "", b->end - b->start};
}

/* Room for `len` more bytes at the returned place, or NULL; buf_commit says how many were used. */
uint8_t *buf_reserve(struct buf *b, size_t len) MUST_USE;
void buf_commit(struct buf *b, size_t len);

void buf_append(struct buf *b, const void *data, size_t len);
void buf_byte(struct buf *b, uint8_t byte);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* Drops `len` bytes (no more than are held) from the front. */
void buf_consume(struct buf *b, size_t len);

/* Drops all bytes past the first `len`. */
void buf_truncate(struct buf *b, size_t len);

/* Empties and clears `failed`; keeps the memory. */
void buf_reset(struct buf *b);

/* Gives memory back to the system when nothing is held. */
void buf_trim(struct buf *b);

/* The same; and when something is held, gives back the room beyond it: for what is not written to
 * any more. Without memory nothing changes. */
void buf_fit(struct buf *b);

/* The bytes as a NUL-terminated string, owned by the caller (free), or NULL on failure;
 * the buffer is then empty. */
char *buf_take_cstr(struct buf *b) MUST_USE;

#endif
