/* store_mem_meta.h - what the server itself keeps, by name, in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_META_H
#define SERVER_STORE_STORE_MEM_META_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_metas {
    struct mem_meta *rows;
    size_t count;
};

void mem_metas_finish(struct mem_metas *m);

/* What store_ops.meta does. */
enum store_result mem_metas_read(const struct mem_metas *m, struct str key,
                                 struct buf *out) MUST_USE;
/* STORE_META_NEW. */
enum store_result mem_metas_add(struct mem_metas *m, struct str key, struct str value) MUST_USE;

#endif
