#include "base/arena.h"

#include "base/wipe.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_MIN_BYTES = 512, BLOCK_MAX_BYTES = 65536 };

struct arena_block {
    struct arena_block *next;
    size_t cap, used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t limit_bytes, bool secret)
{
    *a = (struct arena){.limit_bytes = limit_bytes, .secret = secret};
}

static void block_free(const struct arena *a, struct arena_block *b)
{
    if (a->secret)
        wipe(b->data, b->used);
    free(b);
}

void arena_finish(struct arena *a)
{
    struct arena_block *b = a->head;
    while (b) {
        struct arena_block *next = b->next;
        block_free(a, b);
        b = next;
    }
    arena_init(a, a->limit_bytes, a->secret);
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->head;
    if (!keep || keep->next || keep->cap > BLOCK_MIN_BYTES * 4) {
        arena_finish(a);
        return;
    }
    if (a->secret)
        wipe(keep->data, keep->used);
    keep->used = 0;
    a->used_bytes = 0;
    a->failed = false;
}

static bool block_add(struct arena *a, size_t need)
{
    size_t cap = a->head ? a->head->cap * 2 : BLOCK_MIN_BYTES;
    if (cap > BLOCK_MAX_BYTES)
        cap = BLOCK_MAX_BYTES;
    if (cap < need)
        cap = need;
    struct arena_block *b = malloc(sizeof *b + cap);
    if (!b)
        return false;
    b->next = a->head;
    b->cap = cap;
    b->used = 0;
    a->head = b;
    return true;
}

static void *take(struct arena *a, size_t len, size_t align)
{
    if (a->failed)
        return NULL;
    size_t start = a->head ? (a->head->used + align - 1) & ~(align - 1) : 0;
    bool over = len > SIZE_MAX / 2 || (a->limit_bytes && len > a->limit_bytes - a->used_bytes);
    if (over)
        goto fail;
    if (!a->head || start > a->head->cap || a->head->cap - start < len) {
        if (!block_add(a, len ? len : 1))
            goto fail;
        start = 0;
    }
    a->head->used = start + len;
    a->used_bytes += len;
    return a->head->data + start;
fail:
    a->failed = true;
    return NULL;
}

void *arena_alloc(struct arena *a, size_t len)
{
    void *p = take(a, len, alignof(max_align_t));
    return p ? memset(p, 0, len) : NULL;
}

char *arena_bytes(struct arena *a, size_t len)
{
    return take(a, len, 1);
}

char *arena_dup(struct arena *a, struct str s)
{
    if (!s.ptr || s.len == SIZE_MAX)
        return NULL;
    char *p = arena_bytes(a, s.len + 1);
    if (!p)
        return NULL;
    memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = len < 0 ? NULL : arena_bytes(a, (size_t)len + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)len + 1, fmt, ap);
    va_end(ap);
    return p;
}
