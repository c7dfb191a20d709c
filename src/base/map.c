#include "base/map.h"

#include <stdlib.h>

/* Open addressing with linear probing; removal shifts the run back, so no tombstones. */

static uint64_t rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static uint64_t load64(const uint8_t *p, size_t len)
{
    uint64_t x = 0;
    for (size_t i = 0; i < len; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

uint64_t map_hash(const uint8_t key[16], struct str s)
{
    uint64_t k0 = load64(key, 8), k1 = load64(key + 8, 8);
    struct sip h = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                    k1 ^ 0x7465646279746573};
    const uint8_t *p = (const uint8_t *)s.ptr;
    size_t left = s.len;
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t m = load64(p, 8);
        h.v3 ^= m;
        sip_round(&h);
        h.v0 ^= m;
    }
    uint64_t last = (uint64_t)s.len << 56 | load64(p, left);
    h.v3 ^= last;
    sip_round(&h);
    h.v0 ^= last;
    h.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&h);
    return h.v0 ^ h.v1 ^ h.v2 ^ h.v3;
}

void map_init(struct map *m, const uint8_t key[16])
{
    *m = (struct map){0};
    memcpy(m->key, key, sizeof m->key);
}

void map_init_borrowing(struct map *m, const uint8_t key[16])
{
    map_init(m, key);
    m->borrows = true;
}

static void free_key(const struct map *m, const struct map_entry *e)
{
    if (!m->borrows)
        free(e->copy);
}

void map_finish(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free_key(m, &m->slots[i]);
    free(m->slots);
    m->slots = NULL;
    m->cap = m->count = 0;
}

/* The slot of `key`, or the empty slot where it would go. The table has an empty slot. */
static size_t find(const struct map *m, uint64_t hash, struct str key)
{
    size_t i = hash & (m->cap - 1);
    for (; m->slots[i].key; i = (i + 1) & (m->cap - 1)) {
        const struct map_entry *e = &m->slots[i];
        if (e->hash == hash && str_eq(str_of(e->key, e->key_len), key))
            break;
    }
    return i;
}

void *map_get(const struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    return m->slots[find(m, map_hash(m->key, key), key)].value;
}

static bool grow(struct map *m)
{
    struct map bigger = *m;
    bigger.cap = m->cap ? m->cap * 2 : 16;
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < m->cap; i++) {
        const struct map_entry *e = &m->slots[i];
        if (e->key)
            bigger.slots[find(&bigger, e->hash, str_of(e->key, e->key_len))] = *e;
    }
    free(m->slots);
    *m = bigger;
    return true;
}

static char *copy_key(struct str key)
{
    char *copy = malloc(key.len + 1);
    if (!copy)
        return NULL;
    if (key.len > 0)
        memcpy(copy, key.ptr, key.len);
    copy[key.len] = '\0';
    return copy;
}

bool map_set(struct map *m, struct str key, void *value)
{
    uint64_t hash = map_hash(m->key, key);
    if ((m->count + 1) * 4 > m->cap * 3 && !grow(m))
        return false;
    struct map_entry *e = &m->slots[find(m, hash, key)];
    if (!e->key) {
        const char *kept = m->borrows ? key.ptr : copy_key(key);
        if (!kept)
            return false;
        *e = (struct map_entry){.hash = hash, .key = kept, .key_len = key.len};
        m->count++;
    } else if (m->borrows) {
        e->key = key.ptr; /* that of the old value goes with it */
    }
    e->value = value;
    return true;
}

void *map_remove(struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    size_t mask = m->cap - 1, hole = find(m, map_hash(m->key, key), key);
    void *value = m->slots[hole].value;
    if (!m->slots[hole].key)
        return NULL;
    free_key(m, &m->slots[hole]);
    m->count--;
    for (size_t i = (hole + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct map_entry){0};
    return value;
}

const struct map_entry *map_next(const struct map *m, size_t *cursor)
{
    while (*cursor < m->cap) {
        const struct map_entry *e = &m->slots[(*cursor)++];
        if (e->key)
            return e;
    }
    return NULL;
}
