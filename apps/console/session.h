/*
 * session.h - who is signed in to the console: cookies and the tokens against forged requests.
 * Kept in memory only; of a cookie only its SHA-256, so that memory that was read signs nobody in.
 * When there are too many the one that was used longest ago goes. Any thread; times are passed in.
 */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include "base/buf.h"

/* Of arrays, with the NUL: 32 random bytes in hexadecimal. */
enum {
    SESSION_TOKEN_BYTES = 65,
    SESSIONS_MAX = 64,
    SESSION_USER_BYTES = 1024,
    SESSION_JID_BYTES = 3072
};

struct session {
    char user[SESSION_USER_BYTES], jid[SESSION_JID_BYTES];
    int64_t mark; /* for admin.check */
    bool full;    /* else read-only; as it was at sign-in */
    char csrf[SESSION_TOKEN_BYTES];
};

struct sessions;

/* How long one lasts unused, and at all. NULL when out of memory. */
struct sessions *sessions_new(uint64_t idle_ms, uint64_t absolute_ms);
void sessions_free(struct sessions *s); /* NULL is fine */

/* Adds a copy of `who` and fills in its csrf; the value of its cookie goes to `ret_token`. False
 * when the system gives no random bytes. */
bool sessions_add(struct sessions *s, uint64_t now_ms, struct session *who,
                  char ret_token[SESSION_TOKEN_BYTES]) MUST_USE;

/* The session of a cookie's value (NULL has none) that has not expired. `used`: this counts as use
 * of it. */
bool sessions_find(struct sessions *s, uint64_t now_ms, const char *token, bool used,
                   struct session *ret) MUST_USE;

void sessions_remove(struct sessions *s, const char *token);

#endif
