/*
 * srv.h - SRV records of both kinds as one list in the order to try (RFC 2782, XEP-0368).
 * Pure: randomness is passed in. Any thread.
 */
#ifndef NET_SRV_H
#define NET_SRV_H

#include "base/base.h"

enum { SRV_TARGET_BYTES = 256, SRV_MAX_RECORDS = 32 };

struct srv_record {
    uint16_t priority, weight, port;
    bool direct_tls;
    char target[SRV_TARGET_BYTES]; /* "." never */
};

/* The answer to one SRV question. */
enum srv_answer {
    SRV_NO_ANSWER = 0, /* not asked, NXDOMAIN, no data, timeout, failure */
    SRV_RECORDS,
    SRV_NOT_OFFERED /* a single record with target "." */
};

enum srv_plan {
    SRV_PLAN_RECORDS,    /* try the list; no fallback to the domain's own addresses afterwards */
    SRV_PLAN_FALLBACK,   /* nobody answered: the domain's own addresses and the default port */
    SRV_PLAN_NOT_OFFERED /* the domain says that it has no such service */
};

/* What two answers together mean (PROTOCOL §1). When only direct TLS is declared not offered, the
 * other kind is left, and an absent answer for it is SRV_PLAN_NOT_OFFERED: no fallback. */
enum srv_plan srv_decide(enum srv_answer direct_tls, enum srv_answer starttls);

/* Puts the records into the order to try: by priority, and within one priority at random by
 * weight (RFC 2782). */
void srv_order(struct srv_record *records, size_t count, const struct random_source *random);

#endif
