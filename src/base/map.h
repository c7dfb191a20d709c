/*
 * map.h - a hash map from byte strings to pointers; keys are copied unless it borrows them. Keyed
 * SipHash-1-3 keeps hostile keys from colliding: pass random key material at init. One thread at a
 * time.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/base.h"

/* SipHash-1-3 of `s` under a 16-byte key. Pure. */
uint64_t map_hash(const uint8_t key[16], struct str s);

struct map_entry {
    uint64_t hash;
    union {
        const char *key;
        char *copy; /* the same, where it is one; NUL-terminated */
    };
    size_t key_len;
    void *value;
};

struct map {
    struct map_entry *slots;
    size_t cap, count;
    uint8_t key[16];
    bool borrows;
};

void map_init(struct map *m, const uint8_t key[16]);

/* One whose keys are parts of the values: they stay where they are, and as they are, until they are
 * removed. */
void map_init_borrowing(struct map *m, const uint8_t key[16]);

/* Frees keys and table; the values are the caller's. */
void map_finish(struct map *m);

/* The value of `key`, or NULL. */
void *map_get(const struct map *m, struct str key);

/* Sets `key`; returns false when out of memory, and then nothing changed. `value` is not NULL. */
bool map_set(struct map *m, struct str key, void *value) MUST_USE;

/* Removes `key` and returns its value, or NULL. */
void *map_remove(struct map *m, struct str key);

/* Walks: start with *cursor = 0; NULL at the end. The map must not change in between. */
const struct map_entry *map_next(const struct map *m, size_t *cursor);

#endif
