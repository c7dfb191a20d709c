/*
 * session.h - who is signed in to the console. A request shows two secrets, which were given at
 * sign-in: a cookie, which no script can read, and a token, which no browser sends by itself. A
 * cookie knows nothing of ports: whatever else listens at the same address is sent it too, so that
 * alone it opens nothing and ends nothing.
 *
 * Kept in memory only; of both only the SHA-256. The values are in memory for as long as a request
 * that has them is answered, and wiped then (http.c): memory that is read at another time signs
 * nobody in, also not that of an open event stream.
 *
 * When there are too many the one goes that was used, or had its page open, longest ago; of an
 * account that has its share, one of its own. Any thread; times are passed in.
 *
 * Cookies rotate: a value that has been in use for a while gets a successor. It counts beside it
 * until the successor comes, which shows that the answer arrived, and a little longer, for requests
 * under way. If it comes once more after that, two have it: the session ends.
 *
 * A successor that does not come is soon followed by another: its answer was lost, or somebody else
 * took it. All of them count. After SESSION_OFFERS_MAX that never came the session ends: somebody
 * is there who takes them, and the one whose cookie it is would never be rid of him.
 */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include "base/buf.h"

/* Of arrays, with the NUL: 32 random bytes in hexadecimal. */
enum {
    SESSION_TOKEN_BYTES = 65,
    SESSIONS_MAX = 64,
    SESSIONS_EACH_MAX = 8, /* of one account */
    SESSION_OFFERS_MAX = 5,
    SESSION_USER_BYTES = 1024,
    SESSION_JID_BYTES = 3072
};

struct session {
    uint64_t id; /* never given twice */
    char user[SESSION_USER_BYTES], jid[SESSION_JID_BYTES];
    int64_t mark; /* for admin.check */
    bool full;    /* else read-only; as it was at sign-in */
    bool tls;     /* made by a listener with TLS: the others do not know it, nor these those */
};

struct sessions;

struct session_times {
    uint64_t idle_ms, absolute_ms; /* how long one lasts unused, and at all */
    uint64_t renew_ms;             /* how long before a cookie gets a successor */
    uint64_t retry_ms;             /* the same when the one before did not come */
    uint64_t grace_ms;             /* how long it counts once its successor came */
};

/* NULL when out of memory. */
struct sessions *sessions_new(const struct session_times *times);
void sessions_free(struct sessions *s); /* NULL is fine */

/* Adds a copy of `who` and fills in its id; its cookie's value goes to `ret_cookie`, its token to
 * `ret_csrf`. False when the system gives no random bytes. */
bool sessions_add(struct sessions *s, uint64_t now_ms, struct session *who,
                  char ret_cookie[SESSION_TOKEN_BYTES],
                  char ret_csrf[SESSION_TOKEN_BYTES]) MUST_USE;

enum sessions_found {
    SESSIONS_NONE,
    SESSIONS_FOUND,
    SESSIONS_FORGED, /* the cookie came without the token */
    SESSIONS_COPIED,
    SESSIONS_UNCLAIMED
};

/* What a request shows. */
struct session_shown {
    const char *cookie, *csrf; /* values; NULL for none */
    bool tls;                  /* how it came */
    bool automatic;            /* nobody caused it: it is no use of the session */
};

/* The session of a cookie's value that has not expired.
 * SESSIONS_COPIED: it was succeeded and came again; SESSIONS_UNCLAIMED: its successors never came:
 * *ret is whose session has ended by that. */
enum sessions_found sessions_find(struct sessions *s, uint64_t now_ms,
                                  const struct session_shown *shown, struct session *ret) MUST_USE;

/* The same by its id, of somebody who has its page open, which is no use of it. */
bool sessions_watch(struct sessions *s, uint64_t now_ms, uint64_t id, struct session *ret) MUST_USE;

/* A successor of the cookie, if it is time for one. */
bool sessions_renew(struct sessions *s, uint64_t now_ms, uint64_t id,
                    char ret_token[SESSION_TOKEN_BYTES]) MUST_USE;

/* Ends the session of a cookie's value, if there is one; NULL is fine. */
void sessions_displace(struct sessions *s, const char *cookie);

void sessions_remove(struct sessions *s, uint64_t id);

#endif
