/*
 * event.h - events that wait to be pulled. A node owns everything its event points to, in an arena
 * of its own. Nodes are made beforehand where an event must not be lost for want of memory: an
 * outcome, an end, the reply to a request. The client's thread.
 */
#ifndef CLIENT_EVENT_H
#define CLIENT_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/list.h"
#include "base/tls_facts.h"
#include "xml/element.h"

#include <linnet/client.h>

struct event_node {
    struct list node;
    struct linnet_event event;
    struct arena arena;
    struct linnet_error error;
    struct linnet_certificate certificate;
    size_t bytes; /* that it counts for in the queue */
    bool queued;
    uint32_t counted; /* stanzas that are finished with when it is given back: managed.h */
    unsigned session;
    void (*release)(struct event_node *n); /* frees what holds it; NULL: part of something else */
};

struct event_queue {
    struct list waiting;
    struct event_node *lent; /* what the application is looking at */
    size_t bytes;
};

void event_queue_init(struct event_queue *q);
void event_queue_finish(struct event_queue *q);

/* A node of its own; NULL when out of memory. */
struct event_node *event_new(enum linnet_event_kind kind) MUST_USE;

/* A node that is part of something else, for an event of `kind`; it may not be in a queue. */
void event_prepare(struct event_node *n, enum linnet_event_kind kind,
                   void (*release)(struct event_node *n));

/* Releases a node that is in no queue. NULL is fine. */
void event_free(struct event_node *n);

/* Fields: each copies what it is given; false when out of memory. */
bool event_set_stanza(struct event_node *n, const struct element *stanza) MUST_USE;
bool event_set_jid(struct event_node *n, struct str jid) MUST_USE;
bool event_set_detail(struct event_node *n, struct str detail) MUST_USE;
bool event_set_certificate(struct event_node *n, const struct tls_facts *facts) MUST_USE;
void event_set_error(struct event_node *n, const struct linnet_error *error);

/* Puts the node at the end; the queue owns it. */
void event_push(struct event_queue *q, struct event_node *n);

/* Takes back what was lent and lends the next; NULL when none waits. */
const struct linnet_event *event_next(struct event_queue *q);

/* Takes back what was lent. */
void event_return(struct event_queue *q);

#endif
