/* report_private.h - what report.c and report_close.c share: errands, mail that goes to the loops
 * and comes home to answer a call. */
#ifndef SERVER_REPORT_PRIVATE_H
#define SERVER_REPORT_PRIVATE_H

#include "server/mailbox.h"
#include "server/report.h"

struct report {
    struct server *server;
    struct mailbox inbox; /* errands that come home */
    struct loop_wake *wake;
};

/* Embedded in what it carries. One owner at a time: a loop, or home. */
struct errand {
    struct mail mail;
    struct report *report;
    struct control_call *call;
    void (*free)(struct errand *e); /* the call was answered */
};

static inline struct errand *errand_of(struct mail *m)
{
    return CONTAINER_OF(m, struct errand, mail);
}

/* Of mail that a loop which has stopped does not take: whoever asked is told at home. */
void errand_discard(struct mail *m);

/* From a loop; its `deliver` answers the call. */
void errand_post_home(struct errand *e);

#endif
