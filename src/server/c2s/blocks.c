#include "server/c2s/blocks.h"

#include "base/arena.h"
#include "server/memory.h"

#include <stdlib.h>

static bool has_expired(const struct network_block *block, int64_t now_s)
{
    return block->until_s != 0 && block->until_s <= now_s;
}

static void block_free(struct network_block *block)
{
    free(block->reason);
    free(block->actor);
    free(block);
}

void blocks_init(struct blocks *b, void (*added)(void *ctx, const struct network *network),
                 void *ctx)
{
    *b = (struct blocks){.added = added, .ctx = ctx};
    if (pthread_rwlock_init(&b->lock, NULL))
        abort(); /* cannot fail with default attributes on Linux */
}

void blocks_finish(struct blocks *b)
{
    for (size_t i = 0; i < b->first[BLOCKS_LENGTHS]; i++)
        block_free(b->sorted[i]);
    free(b->sorted);
    pthread_rwlock_destroy(&b->lock);
}

/* ---- the sorted array; all under the lock ---- */

/* Where the network is, or would be. */
static size_t locate(const struct blocks *b, const struct in6_addr *base, unsigned bits)
{
    size_t low = b->first[bits], high = b->first[bits + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(&b->sorted[middle]->network.base, base, sizeof *base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct blocks *b, size_t at, const struct in6_addr *base, unsigned bits)
{
    return at < b->first[bits + 1] && memcmp(&b->sorted[at]->network.base, base, sizeof *base) == 0;
}

/* After `bits` got one more, or one less. */
static void shift(struct blocks *b, unsigned bits, bool more)
{
    for (unsigned i = bits + 1; i <= BLOCKS_LENGTHS; i++)
        b->first[i] = more ? b->first[i] + 1 : b->first[i] - 1;
}

static void take_out(struct blocks *b, size_t at)
{
    unsigned bits = b->sorted[at]->network.bits;
    size_t count = b->first[BLOCKS_LENGTHS];
    block_free(b->sorted[at]);
    memmove(b->sorted + at, b->sorted + at + 1, (count - at - 1) * sizeof(struct network_block *));
    shift(b, bits, false);
}

static void put_in(struct blocks *b, size_t at, struct network_block *block)
{
    size_t count = b->first[BLOCKS_LENGTHS];
    if (count == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 16;
        b->sorted = realloc(b->sorted, b->cap * sizeof(struct network_block *));
        if (!b->sorted)
            memory_exhausted();
    }
    memmove(b->sorted + at + 1, b->sorted + at, (count - at) * sizeof(struct network_block *));
    b->sorted[at] = block;
    shift(b, block->network.bits, true);
}

static void drop_expired(struct blocks *b, int64_t now_s)
{
    for (size_t i = b->first[BLOCKS_LENGTHS]; i-- > 0;)
        if (has_expired(b->sorted[i], now_s))
            take_out(b, i);
}

/* ---- changes ---- */

static char *copy(struct str text)
{
    char *to = memory_alloc(text.len + 1);
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    return to;
}

static struct network_block *block_new(const struct network *network,
                                       const struct store_block *about)
{
    struct network_block *block = MEMORY_NEW(struct network_block);
    block->network = *network;
    block->since_s = about->since_s;
    block->until_s = about->until_s;
    block->reason = copy(about->reason);
    block->actor = copy(about->actor);
    return block;
}

static void put(struct blocks *b, const struct network *network, const struct store_block *about)
{
    struct network_block *block = block_new(network, about);
    size_t at = locate(b, &network->base, network->bits);
    if (is_at(b, at, &network->base, network->bits)) {
        block->hits = b->sorted[at]->hits;
        take_out(b, at);
    }
    put_in(b, at, block);
}

void blocks_put(struct blocks *b, const struct network *network, const struct store_block *about,
                int64_t now_s)
{
    pthread_rwlock_wrlock(&b->lock);
    drop_expired(b, now_s);
    put(b, network, about);
    pthread_rwlock_unlock(&b->lock);
    if (b->added)
        b->added(b->ctx, network);
}

bool blocks_remove(struct blocks *b, const struct network *network)
{
    pthread_rwlock_wrlock(&b->lock);
    size_t at = locate(b, &network->base, network->bits);
    bool found = is_at(b, at, &network->base, network->bits);
    if (found)
        take_out(b, at);
    pthread_rwlock_unlock(&b->lock);
    return found;
}

/* ---- questions ---- */

/* The block of that length which the address is in, or NULL. */
static struct network_block *find(const struct blocks *b, const struct in6_addr *ip, unsigned bits)
{
    if (b->first[bits] == b->first[bits + 1])
        return NULL;
    struct in6_addr base = network_mask(ip, bits);
    size_t at = locate(b, &base, bits);
    return is_at(b, at, &base, bits) ? b->sorted[at] : NULL;
}

bool blocks_hit(struct blocks *b, const struct in6_addr *ip, int64_t now_s)
{
    bool hit = false;
    pthread_rwlock_rdlock(&b->lock);
    for (unsigned bits = 0; !hit && bits < BLOCKS_LENGTHS; bits++) {
        struct network_block *block = find(b, ip, bits);
        hit = block && !has_expired(block, now_s);
        if (hit)
            block->hits++;
    }
    pthread_rwlock_unlock(&b->lock);
    return hit;
}

void blocks_each(struct blocks *b, int64_t now_s,
                 void (*each)(void *ctx, const struct network_block *block), void *ctx)
{
    pthread_rwlock_rdlock(&b->lock);
    for (size_t i = 0; i < b->first[BLOCKS_LENGTHS]; i++)
        if (!has_expired(b->sorted[i], now_s))
            each(ctx, b->sorted[i]);
    pthread_rwlock_unlock(&b->lock);
}

/* ---- the start ---- */

static void take_row(struct blocks *b, const struct store_block *row, int64_t now_s,
                     const struct log_sink *log)
{
    struct network network;
    char text[NETWORK_TEXT_BYTES];
    error_copy_text(text, sizeof text, row->network);
    if (network_parse(row->network, &network) != NETWORK_OK)
        log_printf(log, LOG_WARNING, "c2s", 0, "the store blocks \"%s\", which is no network",
                   text);
    else if (row->until_s == 0 || row->until_s > now_s)
        put(b, &network, row);
}

enum linnet_error_code blocks_load(struct blocks *b, struct store *store, int64_t now_s,
                                   const struct log_sink *log, struct linnet_error *error)
{
    struct arena arena;
    struct store_blocks rows;
    struct store_fault fault = {""};
    arena_init(&arena, 0, false);
    enum store_result result = store->ops->blocks(store, &arena, &rows, &fault);
    if (result == STORE_NO_MEMORY)
        memory_exhausted();
    for (size_t i = 0; result == STORE_OK && i < rows.count; i++)
        take_row(b, &rows.blocks[i], now_s, log);
    arena_finish(&arena);
    if (result == STORE_OK)
        return LINNET_OK;
    return error_set(error, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, "reason", fault.text, NULL);
}
