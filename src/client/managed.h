/*
 * managed.h - stream management (XEP-0198) of a client: a session that outlives its connections.
 * The client's thread.
 *
 *     READY --managed_begin--> sm on the stream --lost--> managed_keep: detached
 *       ^                                                    |  sends are queued in it
 *       +---- resumed: the same sm ---- the next login ------+
 *       +---- or a new one: managed_begin sends what did not arrive, and tells the rest
 *
 * Everything that is unacknowledged is in the sm, and nowhere else. What the application sent has
 * a tag there, what the library said by itself has tag 0. Events are made from it when there is
 * memory for them: until then it stays where it is, and is told at a later pull.
 *
 * Inbound a stanza is finished with when the application asks for the event behind it; one that the
 * library answers itself, when all before it are.
 */
#ifndef CLIENT_MANAGED_H
#define CLIENT_MANAGED_H

#include "client/event.h"
#include "core/stream.h"
#include "net/loop.h"

struct linnet_client;

/* What an application may have under way; the library's own answers have room beyond it. */
enum { MANAGED_STANZAS = 60000, MANAGED_STANZAS_MAX = 65536, MANAGED_BYTES_MAX = 24 * 1024 * 1024 };

/* The rest of a session that has ended, on its way to the application. */
struct managed_rest {
    struct sm *sm; /* NULL: all is told */
    struct sm_cursor at;
    size_t index;        /* of `at` among what was unacknowledged when it ended */
    size_t from, before; /* those in between were sent again, where they may be */
};

struct managed {
    struct sm *sm; /* of the session; NULL: there is none, or its server does not manage it */
    struct managed_rest rest;
    char *address; /* of what can be resumed */
    bool detached; /* between two connections */
    bool refused;  /* the server does not have it any more ... */
    bool known;    /* ... but said how much of it had come */
    bool counting; /* stanzas that come are counted */
    bool ended;    /* no connection will go on with it; its rest is not told yet */
    bool closing;  /* the stream is closed when all is acknowledged */
    uint64_t last_id;
    uint64_t awaited_id, told_id; /* the last that is tracked; the last whose outcome was told */
    uint64_t acked;               /* stanzas, ever ... */
    uint64_t close_acked;         /* ... and how many it must be to close */
    bool watching;                /* watch_timer runs */
    unsigned session;             /* which one, for events of an earlier one */
    struct event_node *newest;    /* that holds a counted stanza and was not given back */
    struct loop_timer *timer;     /* of closing */
    struct loop_timer *ask_timer, *watch_timer;
};

bool managed_init(struct linnet_client *c) MUST_USE;
void managed_finish(struct linnet_client *c);

/* For the stream of a login. */
void managed_ask(const struct linnet_client *c, struct stream_fast_path *ret);

/* MANAGED, ACKED and RESUME_FAILED. */
void managed_event(struct linnet_client *c, const struct stream_event *event);

/* READY was reached: whether it is the same session. */
bool managed_resumed(const struct linnet_client *c);
/* ONLINE or RESUMED was pushed: takes over the stream's sm. */
void managed_begin(struct linnet_client *c);

/* The connection is lost with `error`: whether the session is kept for the next one. */
bool managed_keep(struct linnet_client *c, const struct linnet_error *error);
/* No connection will go on with it: what was not acknowledged is told, open requests are answered
 * with `error`. Harmless when there is none. */
void managed_release(struct linnet_client *c, const struct linnet_error *error);

/* Whether stanzas can be queued for the next connection. */
bool managed_waits(const struct linnet_client *c);
/* Whether no more may be under way. */
bool managed_full(const struct linnet_client *c);
enum {
    MANAGED_OWN = 1,  /* the end of a session tells nothing of it: a request has its reply */
    MANAGED_AGAIN = 2 /* may be sent in a new session if it did not arrive */
};
/* Queues or writes XML. `ret_id` NULL: nothing is told of its arrival. False: out of memory. */
bool managed_write(struct linnet_client *c, struct str xml, unsigned flags, uint64_t *ret_id);

/* A counted stanza came: in the event `n`, or NULL: it is finished with. */
void managed_received(struct linnet_client *c, struct event_node *n);
/* What was lent is about to be given back. */
void managed_given_back(struct linnet_client *c);
/* Tells what could not be told before. */
void managed_tell(struct linnet_client *c);
/* Somebody waits for what was sent last: the server is asked at once, and once more when it has
 * answered, until it has everything. */
void managed_hurry(struct linnet_client *c);
/* Whether nothing is left to tell of a session that has ended. */
bool managed_all_told(const struct linnet_client *c);

/* Closing: true when it waits for acknowledgement first. */
bool managed_close(struct linnet_client *c);
/* How much of what the application sent is unacknowledged. */
size_t managed_open(const struct linnet_client *c);

#endif
