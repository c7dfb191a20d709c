#include "server/store/store_mem_blocks.h"

#include "server/store/store_mem_text.h"

#include <stdlib.h>

/* A row with an arena of its own for the strings. */
struct mem_block {
    struct mem_block *next;
    struct arena memory;
    struct store_block row;
};

static struct store_block copy(struct arena *a, const struct store_block *from)
{
    return (struct store_block){.network = mem_keep(a, from->network),
                                .since_s = from->since_s,
                                .until_s = from->until_s,
                                .reason = mem_keep(a, from->reason),
                                .actor = mem_keep(a, from->actor)};
}

static void drop(struct mem_block **at)
{
    struct mem_block *gone = *at;
    *at = gone->next;
    arena_finish(&gone->memory);
    free(gone);
}

void mem_blocks_finish(struct mem_blocks *m)
{
    while (m->first)
        drop(&m->first);
}

static void drop_expired(struct mem_blocks *m, int64_t now_s)
{
    struct mem_block **at = &m->first;
    while (*at) {
        int64_t until_s = (*at)->row.until_s;
        if (until_s != 0 && until_s <= now_s)
            drop(at);
        else
            at = &(*at)->next;
    }
}

/* The link to the first that does not come before `network`; how many there are in all. */
static struct mem_block **locate(struct mem_blocks *m, struct str network, size_t *ret_count)
{
    struct mem_block **found = NULL, **at = &m->first;
    for (*ret_count = 0; *at; at = &(*at)->next, ++*ret_count)
        if (!found && mem_compare((*at)->row.network, network) >= 0)
            found = at;
    return found ? found : at;
}

static bool is_at(struct mem_block *const *at, struct str network)
{
    return *at && str_eq((*at)->row.network, network);
}

enum store_result mem_blocks_put(struct mem_blocks *m, const struct store_block *block,
                                 int64_t now_s)
{
    size_t count;
    drop_expired(m, now_s);
    struct mem_block **at = locate(m, block->network, &count);
    bool replaces = is_at(at, block->network);
    if (!replaces && count >= STORE_BLOCKS_MAX)
        return STORE_REFUSED;
    struct mem_block *new = calloc(1, sizeof *new);
    if (!new)
        return STORE_NO_MEMORY;
    new->row = copy(&new->memory, block);
    if (new->memory.failed) {
        arena_finish(&new->memory);
        free(new);
        return STORE_NO_MEMORY;
    }
    if (replaces)
        drop(at);
    new->next = *at;
    *at = new;
    return STORE_OK;
}

enum store_result mem_blocks_remove(struct mem_blocks *m, struct str network)
{
    size_t count;
    struct mem_block **at = locate(m, network, &count);
    if (!is_at(at, network))
        return STORE_NOT_FOUND;
    drop(at);
    return STORE_OK;
}

bool mem_blocks_read(const struct mem_blocks *m, struct arena *a, struct store_blocks *ret)
{
    *ret = (struct store_blocks){.blocks = arena_alloc(a, STORE_BLOCKS_MAX * sizeof *ret->blocks)};
    for (const struct mem_block *b = m->first; b && ret->blocks; b = b->next)
        ret->blocks[ret->count++] = copy(a, &b->row);
    return !a->failed;
}
