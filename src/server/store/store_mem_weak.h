/* store_mem_weak.h - who signed in with weak mechanisms, in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_WEAK_H
#define SERVER_STORE_STORE_MEM_WEAK_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_weak {
    struct mem_weak_login *first; /* in the order of struct store_weak_logins */
};

void mem_weak_finish(struct mem_weak *m);

/* STORE_WEAK_LOGIN, of an account that is there. */
enum store_result mem_weak_put(struct mem_weak *m, const struct store_write *w) MUST_USE;

/* The account is removed. */
void mem_weak_drop(struct mem_weak *m, struct str domain, struct str user);

/* False when out of memory. */
bool mem_weak_read(const struct mem_weak *m, struct str domain, size_t limit, struct arena *a,
                   struct store_weak_logins *ret) MUST_USE;

#endif
