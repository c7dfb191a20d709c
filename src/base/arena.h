/*
 * arena.h - memory that lives and dies together: one arena per stanza, stream or exchange.
 *
 * Allocation is sticky: after the first failure (out of memory, or past `limit_bytes`) every later
 * one returns NULL and `failed` stays set, so a builder may append freely and check once.
 * One thread at a time. A zeroed struct is an empty arena without limit.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t limit_bytes; /* sum of allocations allowed; 0 is none */
    size_t used_bytes;
    bool secret; /* wipe blocks before they are freed */
    bool failed;
};

void arena_init(struct arena *a, size_t limit_bytes, bool secret);

/* Frees everything and leaves an empty arena with the same settings. */
void arena_finish(struct arena *a);

/* Forgets all allocations; keeps one block for reuse when it is small. */
void arena_reset(struct arena *a);

/* `len` zeroed bytes aligned for any type, or NULL. Zero bytes give a valid pointer. */
void *arena_alloc(struct arena *a, size_t len) MUST_USE;

/* `len` bytes, unaligned and not zeroed: for strings. */
char *arena_bytes(struct arena *a, size_t len) MUST_USE;

/* Copies, with a NUL added. An absent str gives NULL without failing. */
char *arena_dup(struct arena *a, struct str s) MUST_USE;
char *arena_printf(struct arena *a, const char *fmt, ...) MUST_USE PRINTF(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
