/* store_mem_tokens.h - the tokens of one account in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_TOKENS_H
#define SERVER_STORE_STORE_MEM_TOKENS_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_tokens {
    struct store_token *rows; /* in the order of struct store_tokens */
    size_t count;
};

/* Leaves it without any. */
void mem_tokens_finish(struct mem_tokens *t);

/* Fills the tokens of store_ops.tokens; false when out of memory. */
bool mem_tokens_read(const struct mem_tokens *t, struct str client, struct arena *a,
                     struct store_tokens *ret) MUST_USE;

/* STORE_TOKEN; `account` is what has been read of the account, without tokens. */
enum store_result mem_tokens_change(struct mem_tokens *t, const struct store_tokens *account,
                                    struct store_token_change *change, int64_t now_s) MUST_USE;

/* Whether there were any of `client`. */
bool mem_tokens_drop(struct mem_tokens *t, struct str client) MUST_USE;

#endif
