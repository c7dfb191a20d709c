/*
 * memory.h - allocation in the server. A server without memory cannot keep its promises to
 * anybody, so running out ends it plainly, and whoever supervises it starts it anew. Any thread.
 */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include "base/base.h"

/* One line on standard error, then abort. Also for a library call that reports no memory. */
_Noreturn void memory_exhausted(void);

/* `len` zeroed bytes; free() releases them. Never NULL. */
void *memory_alloc(size_t len) MUST_USE;

#define MEMORY_NEW(type) ((type *)memory_alloc(sizeof(type)))

#endif
