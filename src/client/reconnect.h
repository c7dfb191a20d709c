/*
 * reconnect.h - a client that logs in again by itself (linnet_config_set_reconnect): a timer
 * between the end of one connection and the login after it. When and whether is decided by
 * backoff.h. It owns its timer and the event it tells next; the client's thread. Without the
 * setting every function here does nothing.
 *
 *     FAILED or OFFLINE --reconnect_ended--> RETRY_SCHEDULED ... timer ... login
 *                                        \-> GIVEN_UP
 *
 * The events of an outcome and of an end exist once, so that they are never lost. Therefore the
 * next login begins only after the application pulled all of them. What follows exists twice: a
 * host that keeps looking at RETRY_SCHEDULED while it waits holds nothing up.
 */
#ifndef CLIENT_RECONNECT_H
#define CLIENT_RECONNECT_H

#include "client/backoff.h"
#include "client/event.h"
#include "net/loop.h"

struct linnet_client;

struct reconnect {
    struct loop_timer *timer; /* NULL: switched off */
    struct backoff backoff;
    struct random_source random; /* of the client; tests put another in its place */
    struct event_node next[2];   /* RETRY_SCHEDULED or GIVEN_UP, by turns */
    unsigned turn;
    bool waiting;                /* a login is due, at due_ms */
    bool blocked;                /* it is overdue: its nodes are still with the application */
    bool stopped;                /* the application closed: until it logs in again */
    bool network_down;           /* as the application says */
    uint64_t due_ms, network_ms; /* network_ms: of the last change; 0: none was told */
    uint32_t attempt;            /* of the login that runs; 0: the application's own */
};

/* After the loop and the randomness of the client. False: out of memory. */
bool reconnect_init(struct linnet_client *c) MUST_USE;
void reconnect_finish(struct linnet_client *c);

/* A login begins; whatever waited is overtaken. */
void reconnect_begun(struct linnet_client *c);

/* It came to a session, bound or resumed. Sets the `attempt` of the event that says so. */
void reconnect_online(struct linnet_client *c, struct event_node *outcome);

/* Whether a session that ends with `error` may be followed by another login. */
bool reconnect_follows(const struct linnet_client *c, const struct linnet_error *error);

/* FAILED or OFFLINE was pushed: decides what follows and pushes that. */
void reconnect_ended(struct linnet_client *c, const struct linnet_error *error);

/* linnet_client_close: nothing follows any more. */
void reconnect_stop(struct linnet_client *c);

/* The application pulled an event: a login that waited for that becomes due. */
void reconnect_pulled(struct linnet_client *c);

#endif
