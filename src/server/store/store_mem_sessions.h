/* store_mem_sessions.h - kept sessions in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_SESSIONS_H
#define SERVER_STORE_STORE_MEM_SESSIONS_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_sessions {
    struct mem_session *first; /* by id */
};

/* What store_ops.sessions is asked. */
struct mem_sessions_ask {
    struct str domain, after;
    size_t limit;
    bool (*may_sign_in)(void *ctx, struct str domain, struct str user);
    void *ctx;
};

enum store_result mem_sessions_add(struct mem_sessions *m, struct str domain,
                                   const struct store_session *session) MUST_USE;
void mem_sessions_clear(struct mem_sessions *m);

/* False when out of memory. */
bool mem_sessions_read(const struct mem_sessions *m, const struct mem_sessions_ask *ask,
                       struct arena *a, struct store_sessions *ret) MUST_USE;

/* A copy of all that `from` borrows, in `a`, which fails when out of memory. */
struct store_session mem_session_copy(struct arena *a, const struct store_session *from);

#endif
