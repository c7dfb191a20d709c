/* report_private.h - what the files of report.h share: errands, mail that goes to the loops and
 * comes home to answer a call; and how answers are built. */
#ifndef SERVER_REPORT_PRIVATE_H
#define SERVER_REPORT_PRIVATE_H

#include "server/mailbox.h"
#include "server/memory.h"
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

/* --- answers --- */

static inline json_t *object_new(void)
{
    json_t *o = json_object();
    if (!o)
        memory_exhausted();
    return o;
}

static inline json_t *array_new(void)
{
    json_t *a = json_array();
    if (!a)
        memory_exhausted();
    return a;
}

/* Takes `value`; NULL means that memory ran out. */
static inline void put(json_t *o, const char *name, json_t *value)
{
    if (json_object_set_new(o, name, value) != 0)
        memory_exhausted();
}

static inline void add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        memory_exhausted();
}

#endif
