/*
 * session.h - a bound resource: what the router knows of a connection. It lives on its user's home
 * loop from READY until the stream ends, and while it does its user has an entry there.
 */
#ifndef SERVER_C2S_SESSION_H
#define SERVER_C2S_SESSION_H

#include "server/c2s/conn.h"
#include "server/c2s/pressure.h"
#include "server/route/parcel.h"

struct user;
struct parted;

struct session {
    struct list link; /* among its user's */
    struct user *user;
    struct worker *worker;
    struct conn *conn;     /* NULL while it is detached (resume.h) */
    const struct jid *jid; /* the stream's, or that of `parted` */
    struct sm *sm;         /* a reference; NULL without stream management */
    struct sm *estate;     /* of sessions whose place it took, until it is available; or NULL */
    struct parted *parted; /* while it is detached */
    uint32_t resume_s;     /* for how long it may be */
    uint64_t since_ms;     /* when it was bound */
    char *client_id;       /* of the client's installation (XEP-0388); or NULL */
    char *software;        /* as the client names itself; or NULL */
    bool over;             /* it ends: nothing is sent to it any more */
    bool available;        /* initial presence was sent, and no unavailable since */
    int8_t priority;
    uint64_t standing; /* since when it is available with that priority: session_copies */
    struct copies_had
        had; /* by the session whose place it took, last: its heir has them, or will */
    struct block *presence; /* the last that was broadcast, while available */
    struct buf directed;    /* whom presence was directed to, NUL-terminated (RFC 6121 §4.6.3) */
    struct pressure pressure;
};

/* At WANT_SESSION: decides on the resource, ending an older session that has it (RFC 6120
 * §7.7.2.2, the first way). `made` holds a resource that is made. */
enum { SESSION_RESOURCE_BYTES = 128 };
struct stream_session_answer session_claim(struct conn *c, const struct stream_session_info *asked,
                                           char made[SESSION_RESOURCE_BYTES]);

/* At READY. */
void session_begin(struct conn *c);

/* What the client of `c` said it is, if it said so, takes the place of what it said before. */
void session_take_software(struct session *s, struct conn *c);

/* The connection's session ends: others are told unavailable, and what was never acknowledged is
 * delivered anew. Harmless when there is none. */
void session_end(struct conn *c);

/* Frees a detached session; nobody is told anything. */
void session_discard(struct session *s);

/* Ends a session, and the stream if it has one. */
void session_close(struct session *s, enum stream_condition condition, const char *text);

/* Of a stanza that several sessions of a user get at once, all from `priority` on: when that was,
 * and for whom, in one number. It is kept as the tag of sm_sent, so that a copy that was never
 * acknowledged is not delivered anew while another session has one. */
enum { SESSION_ALONE = 0 };
uint64_t session_copies(struct worker *w, int priority);

/* When it was, by worker.order. */
uint64_t session_copies_order(uint64_t copies);

/* Whether `s` got one of them. Who has changed its priority since is taken for one who did not:
 * better twice than never. */
bool session_has_copy(const struct session *s, uint64_t copies);

/* It is available now, with that priority. */
void session_stand(struct session *s, int8_t priority);

/* Sends a stanza to the client; `sender` (or NULL) may have to wait. False: too much is
 * unacknowledged, and the session is ending. */
bool session_send(struct session *s, enum stanza_kind kind, struct str to, const struct block *b,
                  const struct parcel_sender *sender, uint64_t copies);

/* Sends an element that was built here to answer the client, who has to wait if it does not read.
 */
void session_send_element(struct session *s, const struct element *e);

/* Bytes held beside the stream; NULL is 0. */
size_t session_memory(const struct session *s);

#endif
