/*
 * connect.h - from a domain to a connected TCP channel, on a libuv loop: SRV of both kinds,
 * fallback, addresses raced (RFC 8305) within each SRV priority, a deadline for all of it.
 * Nothing blocks. One thread: the loop's. It knows no XMPP: service names and ports are given.
 *
 *     c = connect_start(loop, &settings, &events, ctx)
 *         events.progress(ctx, ...)            as often as something can be shown
 *         events.done(ctx, chan, &target, error)     once
 *     if TLS then fails on that target and connect_next(c, "why"): done comes once more
 *     connect_free(c)                          at any time
 */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include "net/chan.h"
#include "net/dns.h"

/* Which kinds of target are wanted. */
enum connect_tls {
    CONNECT_TLS_ANY = 0, /* both kinds as SRV orders them; without SRV the kind of the port */
    CONNECT_TLS_DIRECT,  /* only targets that start TLS at once */
    CONNECT_TLS_STARTTLS /* only targets that do not */
};

struct connect_settings {
    const char *domain; /* A-label form, or an IP literal without brackets */
    const char *host;   /* given by the user: no SRV; the same forms; or NULL */
    uint16_t port;      /* given by the user: no SRV; or 0 */
    enum connect_tls tls;
    const char *srv_starttls; /* "_xmpp-client._tcp" */
    const char *srv_direct;   /* "_xmpps-client._tcp" */
    uint16_t port_starttls;   /* 5222: where there is no SRV */
    uint16_t port_direct;     /* 5223: for CONNECT_TLS_DIRECT; a given port equal to it is direct */

    uint64_t deadline_ms;           /* on loop_now_ms's clock, DNS included; 0 for none */
    unsigned attempt_timeout_ms;    /* for one address; 0: 10,000 */
    struct random_source random;    /* orders SRV weights */
    const struct dns_settings *dns; /* for tests; NULL for the system's; read during the start */
};

enum { CONNECT_TARGET_BYTES = 256, CONNECT_ADDRESS_BYTES = 48, CONNECT_MAX_ATTEMPTS = 64 };

struct connect_target {
    char host[CONNECT_TARGET_BYTES];     /* SRV target, given host, or the domain */
    char address[CONNECT_ADDRESS_BYTES]; /* "192.0.2.1", "2001:db8::1"; "" while unresolved */
    uint16_t port;
    bool direct_tls;
    bool from_srv;
};

enum connect_outcome {
    CONNECT_TRYING = 0,
    CONNECT_CONNECTED,
    CONNECT_REFUSED,     /* the address answered: nothing listens there */
    CONNECT_UNREACHABLE, /* no route to it */
    CONNECT_TIMED_OUT,
    CONNECT_UNRESOLVED, /* the target's name has no address; target.address is "" */
    CONNECT_LOST_RACE,  /* given up because another address was quicker */
    CONNECT_REJECTED,   /* connected, then connect_next */
    CONNECT_FAILED      /* anything else; see reason */
};

struct connect_attempt {
    struct connect_target target;
    enum connect_outcome outcome;
    char reason[96]; /* for people: "connection refused"; "" while trying or connected */
    unsigned took_ms;
};

/* All that happened, for a page that explains it. Borrowed until the next event or connect_free. */
struct connect_report {
    bool asked_srv;
    struct dns_srv_answer srv_direct, srv_starttls; /* status and answer; no records */
    const struct srv_record *records;               /* both kinds, in the order to try */
    size_t record_count;
    const struct connect_attempt *attempts; /* in the order they began */
    size_t attempt_count;
};

enum connect_step {
    CONNECT_STEP_RESOLVING,  /* `target` NULL: SRV; else its addresses */
    CONNECT_STEP_CONNECTING, /* to `target` */
    CONNECT_STEP_FAILED      /* `target` did not work; `reason` says why */
};

struct connect_events {
    /* May be NULL. Must not free the connect. */
    void (*progress)(void *ctx, enum connect_step step, const struct connect_target *target,
                     const char *reason);
    /* Either `chan` (taken by the callee) with `target`, or `error`: dns-none, dns-failed,
     * refused, timeout, offline, no-memory, with linnet_error.stage resolve or connect. Never
     * from within connect_start or connect_next. May call connect_next and connect_free. */
    void (*done)(void *ctx, struct chan *chan, const struct connect_target *target,
                 const struct linnet_error *error);
};

struct connect;

/* Copies the settings. NULL when out of memory. */
struct connect *connect_start(uv_loop_t *loop, const struct connect_settings *settings,
                              const struct connect_events *events, void *ctx) MUST_USE;

/* The target that `done` gave did not work above TCP (`reason`, for the report and a final error):
 * go on with the next one, by the same deadline. False when nothing is left to try: the caller
 * keeps the error it has, and `done` is not called again. The channel is the caller's to free. */
bool connect_next(struct connect *c, const char *reason) MUST_USE;

/* The whole deadline is moved, e.g. for the time after connect_next. */
void connect_set_deadline(struct connect *c, uint64_t deadline_ms);

const struct connect_report *connect_report(struct connect *c);

/* Gives up whatever is under way; no callback runs afterwards. NULL is fine. */
void connect_free(struct connect *c);

/* "refused", "timed out", ... for reports in JSON. */
const char *connect_outcome_name(enum connect_outcome outcome);

#endif
