/* store_mem_blocks.h - networks that may not connect, in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_BLOCKS_H
#define SERVER_STORE_STORE_MEM_BLOCKS_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_blocks {
    struct mem_block *first; /* by network */
};

void mem_blocks_finish(struct mem_blocks *m);

/* STORE_BLOCK and STORE_UNBLOCK. */
enum store_result mem_blocks_put(struct mem_blocks *m, const struct store_block *block,
                                 int64_t now_s) MUST_USE;
enum store_result mem_blocks_remove(struct mem_blocks *m, struct str network) MUST_USE;

/* False when out of memory. */
bool mem_blocks_read(const struct mem_blocks *m, struct arena *a,
                     struct store_blocks *ret) MUST_USE;

#endif
