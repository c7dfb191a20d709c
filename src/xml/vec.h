/*
 * vec.h - room in an array that starts inside its owner and moves to the heap when it grows.
 */
#ifndef XML_VEC_H
#define XML_VEC_H

#include "base/base.h"

#include <stdlib.h>

/* Makes room for one more item; returns the items, moved or not, or NULL when out of memory, and
 * then nothing changed. `small` is the array inside the owner. */
static inline void *vec_room(void *items, unsigned count, unsigned *cap, size_t size,
                             const void *small)
{
    if (count < *cap)
        return items;
    void *grown = malloc(size * *cap * 2);
    if (!grown)
        return NULL;
    memcpy(grown, items, size * count);
    if (items != small)
        free(items);
    *cap *= 2;
    return grown;
}

#endif
