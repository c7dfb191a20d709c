/* store_mem_text.h - strings of rows in memory: kept, and in byte order. */
#ifndef SERVER_STORE_STORE_MEM_TEXT_H
#define SERVER_STORE_STORE_MEM_TEXT_H

#include "base/arena.h"

#include <stdlib.h>

/* A copy in `a`, which fails when out of memory; nothing is kept as "". */
static inline struct str mem_keep(struct arena *a, struct str text)
{
    return str_of(arena_dup(a, text.ptr ? text : STR_LIT("")), text.len);
}

/* A copy to be freed; NULL when out of memory. */
static inline char *mem_dup(struct str text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

static inline int mem_compare(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
