/*
 * blocks.h - the networks that may not connect: what is in the table `block` of the store, in
 * memory, so that the listener can ask for each connection that comes.
 *
 * Sorted by length of prefix, then by network: an address is looked for once per length that
 * occurs, by halving. Read for each connection, written when an operator decides: readers do not
 * wait for each other. Any thread. Times are passed in, Unix time.
 */
#ifndef SERVER_C2S_BLOCKS_H
#define SERVER_C2S_BLOCKS_H

#include "base/error.h"
#include "base/log.h"
#include "server/c2s/network.h"
#include "server/store/store.h"

#include <pthread.h>

struct network_block {
    struct network network;
    int64_t since_s, until_s;        /* until_s 0: for ever */
    char *reason, *actor;            /* never NULL */
    _Atomic unsigned long long hits; /* connections that were turned away, since the start */
};

enum { BLOCKS_LENGTHS = 129 }; /* of prefixes, in bits */

struct blocks {
    pthread_rwlock_t lock;
    struct network_block **sorted;
    size_t cap;
    size_t first[BLOCKS_LENGTHS + 1]; /* of each length; the last is the count of all */
    /* Told of each new block, on the thread that makes it and under no lock. May be NULL. */
    void (*added)(void *ctx, const struct network *network);
    void *ctx;
};

void blocks_init(struct blocks *b, void (*added)(void *ctx, const struct network *network),
                 void *ctx);
void blocks_finish(struct blocks *b);

/* Adds it, or gives a network that is blocked already the new words and times; copied. What has
 * expired goes. */
void blocks_put(struct blocks *b, const struct network *network, const struct store_block *about,
                int64_t now_s);

/* False when it was not blocked. */
bool blocks_remove(struct blocks *b, const struct network *network);

/* Whether somebody from there is turned away, which is counted. */
bool blocks_hit(struct blocks *b, const struct in6_addr *ip, int64_t now_s);

/* Calls `each` for those that have not expired, under the lock: it must not call back. */
void blocks_each(struct blocks *b, int64_t now_s,
                 void (*each)(void *ctx, const struct network_block *block), void *ctx);

/* At the start: takes what the store has. Blocks until it is read. `added` is not called. A row
 * that cannot be read is logged and passed over: it is no reason not to start. */
enum linnet_error_code blocks_load(struct blocks *b, struct store *store, int64_t now_s,
                                   const struct log_sink *log, struct linnet_error *error) MUST_USE;

#endif
