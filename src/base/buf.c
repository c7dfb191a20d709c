#include "base/buf.h"

#include "base/wipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN_BYTES = 256 };

void buf_init(struct buf *b, size_t limit_bytes, bool secret)
{
    *b = (struct buf){.limit_bytes = limit_bytes, .secret = secret};
}

static void release(struct buf *b)
{
    if (b->secret && b->data)
        wipe(b->data, b->cap);
    free(b->data);
}

void buf_finish(struct buf *b)
{
    release(b);
    buf_init(b, b->limit_bytes, b->secret);
}

/* Moves what is held to the front of `to`, which may be the buffer itself. */
static void settle(struct buf *b, uint8_t *to, size_t cap)
{
    size_t held = buf_len(b);
    if (held > 0)
        memmove(to, b->data + b->start, held);
    if (to != b->data)
        release(b);
    else if (b->secret)
        wipe(to + held, b->end - held);
    b->data = to;
    b->cap = cap;
    b->start = 0;
    b->end = held;
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
    size_t held = buf_len(b);
    if (b->failed)
        return NULL;
    if (len > SIZE_MAX / 4 || (b->limit_bytes && len > b->limit_bytes - held)) {
        b->failed = true;
        return NULL;
    }
    if (b->cap - b->end >= len && b->data)
        return b->data + b->end;
    if (b->data && b->cap - held >= len && b->start >= b->cap / 2) {
        settle(b, b->data, b->cap);
        return b->data + b->end;
    }
    size_t cap = b->cap * 2 > BUF_MIN_BYTES ? b->cap * 2 : BUF_MIN_BYTES;
    if (cap < held + len)
        cap = held + len;
    uint8_t *grown = malloc(cap + 1); /* buf_printf's NUL */
    if (!grown) {
        b->failed = true;
        return NULL;
    }
    settle(b, grown, cap);
    return b->data + b->end;
}

void buf_commit(struct buf *b, size_t len)
{
    b->end += len;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    uint8_t *to = buf_reserve(b, len);
    if (!to)
        return;
    memcpy(to, data, len);
    b->end += len;
}

void buf_byte(struct buf *b, uint8_t byte)
{
    buf_append(b, &byte, 1);
}

void buf_str(struct buf *b, struct str s)
{
    buf_append(b, s.ptr, s.len);
}

void buf_cstr(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    size_t room = b->data ? b->cap - b->end : 0;
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(room ? (char *)b->data + b->end : NULL, room ? room + 1 : 0, fmt, ap);
    va_end(ap);
    uint8_t *to = len < 0 ? NULL : buf_reserve(b, (size_t)len);
    if (!to)
        return;
    if ((size_t)len > room) { /* else it was printed in its place */
        va_start(ap, fmt);
        vsnprintf((char *)to, (size_t)len + 1, fmt, ap);
        va_end(ap);
    }
    b->end += (size_t)len;
}

void buf_consume(struct buf *b, size_t len)
{
    if (b->secret && len > 0)
        wipe(b->data + b->start, len);
    b->start += len;
    if (b->start == b->end)
        b->start = b->end = 0;
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len >= buf_len(b))
        return;
    if (b->secret)
        wipe(b->data + b->start + len, buf_len(b) - len);
    b->end = b->start + len;
}

void buf_reset(struct buf *b)
{
    buf_truncate(b, 0);
    b->start = b->end = 0;
    b->failed = false;
}

void buf_trim(struct buf *b)
{
    if (buf_len(b) == 0 && !b->failed)
        buf_finish(b);
}

void buf_fit(struct buf *b)
{
    size_t held = buf_len(b);
    uint8_t *exact = held > 0 && held < b->cap ? malloc(held + 1) : NULL; /* buf_printf's NUL */
    if (exact)
        settle(b, exact, held);
    else
        buf_trim(b);
}

char *buf_take_cstr(struct buf *b)
{
    if (b->failed)
        return NULL;
    char *s = malloc(buf_len(b) + 1);
    if (!s)
        return NULL;
    struct str held = buf_peek(b);
    memcpy(s, held.ptr, held.len);
    s[held.len] = '\0';
    buf_reset(b);
    return s;
}
