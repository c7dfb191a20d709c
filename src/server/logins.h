/*
 * logins.h - the last sign-ins, good and bad, of all loops: a ring that is bounded in count and in
 * bytes. Of connections that said nothing (load balancers and port scanners knock all day) a
 * quarter is kept at most, so that they do not push out what somebody may ask about. What comes in
 * does not change any more; who looks gets references, so the lock is held for a walk over
 * pointers. Any thread.
 */
#ifndef SERVER_LOGINS_H
#define SERVER_LOGINS_H

#include "server/c2s/login_record.h"

enum { LOGINS_MAX_BYTES = 1024 * 1024 };

struct logins {
    pthread_mutex_t lock;
    struct list records; /* the oldest first */
    size_t count, bytes, silent_count;
    uint64_t last_id;
    /* Whether `added` is called, on the adding thread and under no lock; see logins_listen. */
    _Atomic bool followed;
    void (*added)(void *ctx);
    void *ctx;
};

void logins_init(struct logins *l);
void logins_finish(struct logins *l);

/* Once, before `followed` is set for the first time: `added` is called after a record was added
 * while it is set. */
void logins_listen(struct logins *l, void (*added)(void *ctx), void *ctx);

/* Takes a record that is done, gives it its id, and forgets the oldest beyond `keep`. */
void logins_add(struct logins *l, struct login_record *r, size_t keep);

struct logins_query {
    uint64_t after_id; /* only those with a larger id */
    bool failed;       /* only those that failed */
    uint64_t id;       /* only that one; 0 for all */
    const char *user;  /* only those of this localpart (prepared); NULL for all */
    size_t limit;      /* at most so many ... */
    bool oldest;       /* ... and if there are more, the oldest of them instead of the newest */
    /* Only from addresses that begin so (logins_query_address); "" for all. */
    char address[PEER_TEXT_BYTES];
};

/* `typed` is an IPv4 or IPv6 address, with or without brackets, or the beginning of one, with at
 * most PEER_TEXT_BYTES - 1 bytes. */
void logins_query_address(struct logins_query *q, const char *typed);

bool logins_matches(const struct logins_query *q, const struct login_record *r);

/* Fills `ret` (room for q->limit) with references, the oldest first, and returns how many.
 * *ret_more says whether others match. */
size_t logins_find(struct logins *l, const struct logins_query *q, struct login_record **ret,
                   bool *ret_more);

/* The id of the newest; 0 for none. */
uint64_t logins_last_id(struct logins *l);

#endif
