#include "server/store/store_mem_tokens.h"

#include "server/store/store_tokens.h"

#include <stdlib.h>

void mem_tokens_finish(struct mem_tokens *t)
{
    free(t->rows);
    *t = (struct mem_tokens){0};
}

/* The rows of `client`, which follow each other: where they begin, and how many. */
static size_t locate(const struct mem_tokens *t, struct str client, size_t *ret_count)
{
    size_t at = 0;
    *ret_count = 0;
    while (at < t->count && !str_is(client, t->rows[at].client))
        at++;
    while (at + *ret_count < t->count && str_is(client, t->rows[at + *ret_count].client))
        ++*ret_count;
    return at;
}

bool mem_tokens_read(const struct mem_tokens *t, struct str client, struct arena *a,
                     struct store_tokens *ret)
{
    size_t at = 0, count = t->count;
    if (client.ptr)
        at = locate(t, client, &count);
    ret->tokens = arena_alloc(a, count * sizeof *ret->tokens);
    if (!ret->tokens)
        return false;
    if (count > 0)
        memcpy(ret->tokens, t->rows + at, count * sizeof *ret->tokens);
    ret->count = count;
    return true;
}

static void remove_rows(struct mem_tokens *t, size_t at, size_t count)
{
    if (count == 0)
        return;
    t->count -= count;
    memmove(t->rows + at, t->rows + at + count, (t->count - at) * sizeof *t->rows);
}

bool mem_tokens_drop(struct mem_tokens *t, struct str client)
{
    size_t count, at = locate(t, client, &count);
    remove_rows(t, at, count);
    return count > 0;
}

static void drop_expired(struct mem_tokens *t, int64_t now_s)
{
    for (size_t i = t->count; i-- > 0;) {
        if (t->rows[i].expires_s <= now_s)
            remove_rows(t, i, 1);
    }
}

/* Where the client that signed in longest ago begins; the later one in byte order of two such. */
static size_t find_oldest(const struct mem_tokens *t, size_t *ret_clients)
{
    size_t oldest = 0;
    *ret_clients = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (i > 0 && strcmp(t->rows[i].client, t->rows[i - 1].client) == 0)
            continue;
        ++*ret_clients;
        if (t->rows[i].used_s <= t->rows[oldest].used_s)
            oldest = i;
    }
    return oldest;
}

/* Leaves room for one more client. */
static void make_room(struct mem_tokens *t)
{
    size_t clients, at = find_oldest(t, &clients);
    for (; clients >= STORE_CLIENTS_MAX; at = find_oldest(t, &clients)) {
        size_t count;
        locate(t, str_from(t->rows[at].client), &count);
        remove_rows(t, at, count);
    }
}

/* Space for the rows of one client was reserved. */
static void insert(struct mem_tokens *t, const struct store_token *row)
{
    size_t at = 0;
    while (at < t->count && strcmp(t->rows[at].client, row->client) <= 0)
        at++;
    memmove(t->rows + at + 1, t->rows + at, (t->count - at) * sizeof *t->rows);
    t->rows[at] = *row;
    t->count++;
}

enum store_result mem_tokens_change(struct mem_tokens *t, const struct store_tokens *account,
                                    struct store_token_change *change, int64_t now_s)
{
    struct store_token slots[STORE_SLOTS];
    struct store_token *grown = realloc(t->rows, (t->count + STORE_SLOTS) * sizeof *grown);
    if (!grown)
        return STORE_NO_MEMORY;
    t->rows = grown;
    size_t count, at = locate(t, change->client, &count);
    store_tokens_lay_out(t->rows + at, count, slots);
    enum store_result result = store_tokens_change(account, change, now_s, slots);
    if (result != STORE_OK)
        return result;
    remove_rows(t, at, count);
    if (change->issued) {
        drop_expired(t, now_s);
        make_room(t);
    }
    for (size_t i = STORE_SLOTS; i-- > 0;) { /* the new slot comes first */
        if (slots[i].id[0])
            insert(t, &slots[i]);
    }
    return STORE_OK;
}
