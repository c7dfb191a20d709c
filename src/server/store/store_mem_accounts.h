/* store_mem_accounts.h - all accounts in memory: a sorted array. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_ACCOUNTS_H
#define SERVER_STORE_STORE_MEM_ACCOUNTS_H

#include "server/store/store_mem_account.h"

/* A zeroed struct has none. */
struct mem_accounts {
    struct mem_account **rows; /* by domain, then user */
    size_t count, cap;
};

void mem_accounts_finish(struct mem_accounts *m);

/* Borrowed until it is removed; NULL when there is none. */
struct mem_account *mem_accounts_find(const struct mem_accounts *m, struct str domain,
                                      struct str user);

/* What store_ops.accounts gives; false when out of memory. */
bool mem_accounts_read(const struct mem_accounts *m, struct str domain, struct str prefix,
                       struct str after, size_t limit, struct arena *a,
                       struct store_page *ret) MUST_USE;
/* Whether store_write.by lets the change be made. */
bool mem_accounts_may_change(const struct mem_accounts *m, const struct store_by *by);
bool mem_accounts_have_role(const struct mem_accounts *m, struct str domain, enum store_role role);
bool mem_accounts_is_last_admin(const struct mem_accounts *m, struct str domain, struct str user);

/* STORE_ADD, STORE_REMOVE, STORE_PURGE. */
enum store_result mem_accounts_add(struct mem_accounts *m, const struct store_write *w) MUST_USE;
enum store_result mem_accounts_remove(struct mem_accounts *m, struct str domain,
                                      struct str user) MUST_USE;
void mem_accounts_purge(struct mem_accounts *m, struct str scheme);

#endif
