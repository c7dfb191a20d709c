/*
 * dns.h - SRV and address questions, asynchronous, by c-ares on a libuv loop. One object per loop
 * and thread. Nothing blocks. Names are absolute (no search list); /etc/hosts counts for
 * addresses, and so does "localhost".
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "net/srv.h"

#include <netinet/in.h>
#include <uv.h>

enum dns_status {
    DNS_OK = 0,
    DNS_NXDOMAIN, /* no such name */
    DNS_NODATA,   /* the name exists, but has no such record */
    DNS_TIMEOUT,
    DNS_SERVFAIL,    /* the resolver could not find out; it was asked twice */
    DNS_REFUSED,     /* the resolver does not want to answer */
    DNS_UNREACHABLE, /* no resolver can be reached */
    DNS_BAD_NAME,
    DNS_BAD_ANSWER,
    DNS_NO_MEMORY
};

/* For people: "there is no such name". */
const char *dns_status_text(enum dns_status status);

/* Whether the answer says that nothing is there, rather than that it could not be found out. */
bool dns_status_is_none(enum dns_status status);

struct dns;
struct dns_query;

struct dns_settings {
    const char *servers; /* "127.0.0.1:5353,[::1]:53" instead of the system's; NULL */
    unsigned timeout_ms; /* of one question to one server; 0: 3,000. Doubles at each repetition */
    unsigned tries;      /* of each server; 0: 2 */
};

/* NULL when out of memory or when the settings or the system's are unusable. `s` may be NULL. */
struct dns *dns_new(uv_loop_t *loop, const struct dns_settings *s) MUST_USE;

/* Cancels what is asked; no callback runs afterwards. NULL is fine. */
void dns_free(struct dns *d);

struct dns_srv_answer {
    enum dns_status status;
    enum srv_answer answer;
    const struct srv_record *records; /* as they came; borrowed during the callback */
    size_t count;                     /* at most SRV_MAX_RECORDS */
};

enum { DNS_MAX_ADDRESSES = 16 };

struct dns_address {
    int family; /* AF_INET or AF_INET6 */
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } ip;
};

struct dns_address_answer {
    enum dns_status status;
    const struct dns_address *addresses; /* borrowed during the callback */
    size_t count;                        /* at most DNS_MAX_ADDRESSES */
};

/* Asks for "_xmpp-client._tcp.example.org". The records are marked `direct_tls`. The callback
 * always comes later, on the loop, once; it may ask and cancel. NULL when out of memory. */
struct dns_query *dns_query_srv(struct dns *d, const char *name, bool direct_tls,
                                void (*done)(void *ctx, const struct dns_srv_answer *answer),
                                void *ctx) MUST_USE;

/* Asks for the addresses of one family. */
struct dns_query *dns_query_addresses(struct dns *d, const char *host, int family,
                                      void (*done)(void *ctx,
                                                   const struct dns_address_answer *answer),
                                      void *ctx) MUST_USE;

/* The callback will not come. Not after it came. NULL is fine. */
void dns_cancel(struct dns_query *q);

#endif
