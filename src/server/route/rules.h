/*
 * rules.h - the delivery rules of RFC 6121 §8.5 as one pure function. Any thread.
 */
#ifndef SERVER_ROUTE_RULES_H
#define SERVER_ROUTE_RULES_H

#include "server/route/parcel.h"

/* Who is addressed. A user who does not exist is one without resources, so the two cannot be told
 * apart from outside. */
enum rules_target {
    RULES_BARE,    /* a bare JID */
    RULES_MATCH,   /* a full JID that is connected, available or not */
    RULES_NO_MATCH /* a full JID that is not */
};

enum rules_verdict {
    RULES_DELIVER,      /* to the one resource that matches */
    RULES_BEST,         /* to those of the highest priority, if it is not negative */
    RULES_NON_NEGATIVE, /* to every available resource of non-negative priority */
    RULES_AVAILABLE,    /* to every available resource */
    RULES_BOUNCE,       /* service-unavailable */
    RULES_DECLINE,      /* presence of type unsubscribed answers: there is no subscription */
    RULES_IGNORE
};

/* `reachable`: some resource is available with a priority that is not negative. */
enum rules_verdict rules_decide(enum stanza_kind kind, enum parcel_type type,
                                enum rules_target target, bool reachable);

#endif
