/* store_mem_account.h - one account in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_ACCOUNT_H
#define SERVER_STORE_STORE_MEM_ACCOUNT_H

#include "server/store/store.h"
#include "server/store/store_mem_tokens.h"

struct mem_credential {
    char *scheme, *value;
};

struct mem_account {
    char *domain, *user, *reason;
    int64_t created_s, password_s;
    bool disabled;
    int64_t mark;
    enum store_role role;
    struct mem_tokens tokens;
    struct mem_credential credentials[STORE_CREDENTIALS_MAX]; /* by scheme */
    size_t credential_count;
};

/* The account that STORE_ADD adds; NULL when out of memory. */
struct mem_account *mem_account_new(const struct store_write *w) MUST_USE;
void mem_account_free(struct mem_account *account);

/* What store_ops.login gives of it; false when it has no such credential. */
bool mem_account_login(const struct mem_account *account, struct str scheme,
                       struct store_login *ret) MUST_USE;
/* What store_ops.account gives; `a` fails when out of memory. */
struct store_account mem_account_read(const struct mem_account *account, struct arena *a);
/* What store_ops.tokens gives of the account, without tokens. */
struct store_tokens mem_account_tokens(const struct mem_account *account);

/* A change of one account that is there. */
enum store_result mem_account_change(struct mem_account *account,
                                     const struct store_write *w) MUST_USE;
void mem_account_purge(struct mem_account *account, struct str scheme);

#endif
