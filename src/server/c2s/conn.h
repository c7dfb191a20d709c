/*
 * conn.h - one client's connection: pumps bytes between its channel (net) and its stream (core) and
 * answers what the stream wants.
 *
 * It lives on one loop. It begins where the listener put it and moves to the home loop of the user
 * it proved to be, before success is told (conn_move.c); and on from there if it was refused after
 * all (its token was used up) and then proved to be another. A session it has only at home. Nothing
 * is freed while it is in use: a connection that is through waits in `doomed` for the end of the
 * turn.
 *
 * Slow readers. What waits for a client is bounded. Past a quarter of limits.send_queue_bytes those
 * who send to it are not read from until it has fallen to an eighth, for five seconds at most; at
 * the limit its stream is ended with resource-constraint (pressure.h). The same goes for what it
 * has not acknowledged, if it promised to (XEP-0198).
 */
#ifndef SERVER_C2S_CONN_H
#define SERVER_C2S_CONN_H

#include "core/stream.h"
#include "server/c2s/addresses.h"
#include "server/worker.h"

enum conn_state {
    CONN_OPEN,      /* bytes flow */
    CONN_HANDSHAKE, /* the channel is busy with TLS */
    CONN_MOVING,    /* on its way to its home loop */
    CONN_LINGER,    /* all is said; waits for the peer's end, lest a reset swallow our last words */
    CONN_GONE       /* freed at the end of the turn */
};

struct session;
struct login_record;
struct throttle_attempt;
struct derive_job;
struct secret_job;
struct token_job;
struct upgrade_job;
struct token_ids;
struct ops_reply;

/* What a connection has only until it has signed in. */
struct newcomer {
    struct conn *conn;
    struct mail mail; /* moves as a mail */
    struct list young;
    unsigned home;    /* while moving: where to */
    uint64_t want_id; /* of WANT_TLS during the handshake, of WANT_ADMIT during the move */
    struct derive_job *derive;
    struct secret_job *secret;
    struct token_job *token;
    struct upgrade_job *upgrade;
    struct token_ids *token_ids; /* of the tokens that a client may have; NULL */
    int64_t mark;                /* of the account, with its password (ops_token_ask) */
    enum sasl_error refusal;     /* found with the credential, told once the proof was right */
    uint32_t changes;            /* server_account_changes before the credential was read */
    char *refusal_text;          /* for the person; or NULL */

    /* Of the session that is about to begin; see struct session. */
    struct sm *sm;     /* a reference; NULL */
    struct sm *estate; /* the same */
    struct copies_had had;
    uint32_t resume_s;
    char *client_id;
    char *software; /* as the client names itself; or NULL */
};

struct conn {
    struct worker *worker;
    uint64_t id; /* for logs and for other threads; never reused */
    enum conn_state state;
    struct peer peer;
    bool direct_tls;
    char tls_version[12];

    struct chan *chan;
    struct loop_poll *poll;
    struct stream *stream;
    struct newcomer *newcomer; /* NULL once it has signed in: an idle session counts its bytes */
    struct session *session;   /* once bound */
    struct buf leftover;       /* read, but not yet taken by the stream */
    char *lang;                /* of the client's stream header; NULL for none */

    bool write_blocked;  /* the socket takes no more */
    bool read_blocked;   /* bytes came while we may not read: poll is off */
    bool closed;         /* the stream has told its end */
    bool peer_ended;     /* nothing more will be read */
    bool early;          /* TLS early data passes; the handshake is not finished */
    bool early_asked;    /* the stream was asked whether it may */
    bool stalled_member; /* waits for another loop's mailbox */
    unsigned holds;      /* slow readers it waits for */
    unsigned waits;      /* clients whose acknowledgements it waits for, unless ... */
    bool owes;           /* ... it owes some itself: they may be in its input */

    uint64_t early_want;              /* of WANT_TLS, while early data passes */
    struct throttle_attempt *attempt; /* a password is being proved, and is not yet; or NULL */
    struct login_record *login;       /* until it has signed in */

    struct list dirty, again, stalled, doomed;
    struct wheel_node deadline;
    uint64_t give_up_ms; /* closing or lingering: until when */
    size_t memory_bytes; /* as counted in the worker's sum */
    uint64_t since_ms;
    uint64_t stanzas_in, stanzas_out; /* once it has a session */
};

/* A connection that was just accepted; takes `fd`. On the worker's thread. */
void conn_accept(struct worker *w, int fd, const struct peer *peer, bool direct_tls);

/* The channel is ready; the connection's time has come; its turn ends; it asked to go on. */
void conn_ready(void *conn, unsigned events);
void conn_due(struct conn *c);
void conn_turn_end(struct conn *c);
void conn_go_on(struct conn *c);

/* Something was put into its stream: it is looked at before the turn ends. */
void conn_touch(struct conn *c);
/* It has more to do than this turn allows. */
void conn_again(struct conn *c);

/* Ends the stream in order. What is routed to it from now on is answered as for one who is gone. */
void conn_close(struct conn *c, enum stream_condition condition, const char *text);
/* The same, but its session stays, detached; it must be one that can be resumed. */
void conn_leave(struct conn *c, enum stream_condition condition, const char *text);
/* Ends it because the server stops. */
void conn_shut_down(struct conn *c);
/* Ends it at once, without a word. */
void conn_abort(struct conn *c, const char *reason);
/* Frees it, wherever it was. */
void conn_free(struct conn *c);

/* Whether its input is not read because someone else must catch up first. */
static inline bool conn_is_held(const struct conn *c)
{
    return c->holds > 0 || (c->waits > 0 && !c->owes) || c->stalled_member;
}

/* --- conn_wants.c: answers; called from the pump --- */

void conn_want_tls(struct conn *c, const struct stream_event *ev);
/* One step of the handshake. */
void conn_handshake(struct conn *c);
void conn_want_secret(struct conn *c, const struct stream_event *ev);
/* The same, once it has waited. */
void conn_find_secret(struct conn *c, const struct stream_event *ev);
void conn_want_derive(struct conn *c, const struct stream_event *ev);
void conn_want_session(struct conn *c, const struct stream_event *ev);
/* For the two that find a secret. */
void conn_answer_secret(struct conn *c, uint64_t want_id, const struct sasl_secret *secret);
void conn_remember_refusal(struct conn *c, const struct ops_reply *reply);

/* Nobody waits for the answers any more. */
void conn_abandon_jobs(struct conn *c);

/* TLS is there, or about to be: what the log and the report say of it. */
void conn_secured(struct conn *c, const struct tls_facts *facts);

/* --- conn_early.c: TLS early data --- */

/* In the middle of a handshake. True: the connection is open, and has gone on. */
bool conn_early_begin(struct conn *c);
/* chan_read while `early`; ends it when the handshake is finished. */
enum chan_result conn_early_read(struct conn *c, void *data, size_t cap, size_t *ret_len);

/* --- conn_token.c: FAST tokens --- */

void conn_find_token(struct conn *c, const struct stream_event *ev);
void conn_want_token(struct conn *c, const struct stream_event *ev);
void conn_token_abandon(struct conn *c);

/* --- conn_upgrade.c: better hashes of a password (XEP-0480) --- */

/* stream_config.upgrades: those that log-in is allowed with. */
unsigned conn_upgrades(const struct settings *set);
void conn_want_upgrade(struct conn *c, const struct stream_event *ev);
void conn_want_upgraded(struct conn *c, const struct stream_event *ev);
void conn_upgrade_abandon(struct conn *c);

/* --- conn_login.c: what its login record learns; each does nothing once there is none --- */

void conn_login_begin(struct conn *c);
struct stream_trace conn_login_trace(struct conn *c);
void conn_login_header(struct conn *c);
void conn_login_tls(struct conn *c, const struct tls_facts *facts);
void conn_login_user(struct conn *c, struct str user);
void conn_login_no_account(struct conn *c);
void conn_login_held(struct conn *c, uint32_t held_ms);
void conn_login_software(struct conn *c, struct str software);
void conn_login_attempt(struct conn *c, const struct stream_auth_info *auth);
void conn_login_bind_refused(struct conn *c, enum stanza_condition condition);
/* The outcome is known: the record goes to the ring. */
void conn_login_bound(struct conn *c);
void conn_login_over(struct conn *c, const struct linnet_error *error);
void conn_login_ended(struct conn *c, enum linnet_error_code code, const char *reason);

/* --- conn_weak.c --- */

/* It signed in: a weak mechanism is noted in the store. Before conn_login_bound. */
void conn_weak_note(struct conn *c);

/* --- conn_throttle.c: attempts that must wait (throttle.h) --- */

/* Whether the attempt waits (or was refused); if so conn_find_secret is called when its time has
 * come. */
bool conn_throttle_holds(struct conn *c, const struct stream_event *ev);
uint64_t conn_throttle_deadline_ms(const struct conn *c);
void conn_throttle_due(struct conn *c, uint64_t now_ms);
/* The attempt, if there is one, ends before it was answered; one that is being checked counts as
 * wrong. */
void conn_throttle_forget(struct conn *c);
/* ... with a refusal. */
void conn_throttle_failed(struct conn *c, const struct stream_auth_info *auth);
/* The password was right. A token may still turn out to have been used before: whoever plays a
 * sign-in again must not be trusted for it, so conn_token.c clears the debts once its use is in the
 * store. */
void conn_throttle_proved(struct conn *c);
void conn_throttle_clear(struct conn *c, struct str user);

/* --- conn_move.c --- */

void conn_want_admit(struct conn *c, const struct stream_event *ev);
/* Detaches it and puts it into the mail; the state is CONN_MOVING and nothing else is under way. */
void conn_depart(struct conn *c);

/* --- conn_pump.c: between channel and stream --- */

/* Hands all events to those who handle them; whether there were any. */
bool conn_pull_events(struct conn *c);
/* After anything was done to it from outside the pump: looks at what it waits for now. */
void conn_settle(struct conn *c);

/* --- conn.c: its life; for the files above --- */

/* Puts it on the worker's books and watches its socket (or aborts it); and the reverse. */
void conn_attach(struct conn *c, struct worker *w);
void conn_detach(struct conn *c);
/* It has signed in: no longer one of those who make room when there are too many. What it had as a
 * newcomer goes. */
void conn_settle_in(struct conn *c);
void conn_count_memory(struct conn *c);
/* The stream has ended; what is left is to write it out. */
void conn_closed(struct conn *c, const struct linnet_error *error);
/* Everything is written: says so to the channel, and waits for the peer to say it too. */
void conn_linger(struct conn *c);
/* Off the books, and freed at the end of the turn. */
void conn_doom(struct conn *c);
void conn_log(const struct conn *c, enum log_level level, const char *fmt, ...) PRINTF(3, 4);

#endif
