/*
 * backoff.h - when to log in again by oneself: the rules alone, without clock, timer or socket, so
 * that 10,000 of them run in virtual time (tests/sim/storm.c). Time and randomness are passed in.
 * A struct backoff is the history of one client; plain data of the caller, nothing to free.
 *
 * Every delay is drawn evenly from 0 to a window ("full jitter"), so that clients that were lost
 * together do not come back together:
 *
 *     session ended, the network here changed    1 s
 *     session ended otherwise                    60 s (RFC 6120 §3.3): the server may have lost all
 *     the server says that it cannot serve now   60 s
 *     the n-th failure in a row                  2 s times 2^(n-1), at most the cap
 *
 * Where two of them apply the longer window counts; none is longer than the cap. A failure is a login that failed, or a session
 * that ended before it was bound for a minute; only a longer one makes the client start afresh.
 * To the drawn delay are added what the server asked for (retry_after_s), and two minutes where the
 * catalogue says LINNET_RETRY_LONG. A failure whose retry rule is LINNET_RETRY_NO is never
 * repeated.
 */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

#include "base/base.h"

#include <linnet/error.h>

enum {
    BACKOFF_OWN_MS = 1000,     /* window after a loss of the network here */
    BACKOFF_SERVER_MS = 60000, /* window after a loss that may have struck everybody */
    BACKOFF_BASE_MS = 2000,    /* window after the first failure; doubles */
    BACKOFF_CAP_MS = 300000,   /* its default bound */
    BACKOFF_HEALTHY_MS = 60000,
    BACKOFF_LONG_MS = 120000,
    BACKOFF_HINT_MAX_S = 86400, /* what a server asks for beyond a day counts as a day */
    BACKOFF_HURRY_MAX_MS = 10000
};

struct backoff {
    uint32_t cap_ms;
    unsigned attempts; /* logins that were decided on since the client was last well */
    unsigned failures; /* in a row */
    bool online;
    uint64_t online_ms;  /* when it was bound */
    uint64_t hurried_ms; /* when an attempt was last brought forward to; 0: never */
    uint64_t not_before; /* ms; what the server asked for, or LONG */
};

enum backoff_next {
    BACKOFF_GIVE_UP,   /* a person must change something first */
    BACKOFF_RETRY,     /* after *ret_delay_ms */
    BACKOFF_ON_NETWORK /* when the network changes, but after *ret_delay_ms whatever is heard */
};

/* `cap_ms` 0: the default. */
void backoff_init(struct backoff *b, uint32_t cap_ms);

/* It came to a session, bound or resumed. */
void backoff_online(struct backoff *b, uint64_t now_ms);

/* The login failed, or the session ended, with `error`. `own_network`: the network here is known to
 * have changed or gone. Counts the attempt that it decides on. */
enum backoff_next backoff_ended(struct backoff *b, const struct linnet_error *error,
                                bool own_network, uint64_t now_ms,
                                const struct random_source *random, uint64_t *ret_delay_ms);

/* The network changed while a delay passes that ends at `due_ms`: when it ends now. Within a
 * second, but what the server asked for stays, and a network that comes and goes does not bring one
 * attempt after the other forward: between two of them lies what the failures allow, up to 10 s. */
uint64_t backoff_hurry(struct backoff *b, uint64_t due_ms, uint64_t now_ms,
                       const struct random_source *random);

#endif
