/*
 * ops.h - the only writers of accounts: submit and complete, never blocking.
 *
 * One struct ops per server, and a port per loop. A request is submitted on a loop's thread and
 * answered on the same loop: PBKDF2, reads and writes run on bounded pools of their own, so that a
 * database that hangs holds up no login's arithmetic and the other way round. A full pool refuses
 * at once with OPS_TEMPORARY. What administrators read has a pool of its own: however much they ask
 * for, no login waits for it.
 *
 * Running out of memory here ends the server (server/memory.h).
 */
#ifndef SERVER_OPS_OPS_H
#define SERVER_OPS_OPS_H

#include "base/error.h"
#include "base/log.h"
#include "net/work.h"
#include "server/recent.h"
#include "server/store/store.h"

#include <sys/types.h>

enum ops_result {
    OPS_OK = 0,
    OPS_EXISTS,
    OPS_NOT_FOUND,
    OPS_BAD_NAME,
    OPS_BAD_PASSWORD,
    OPS_BAD_CLIENT,   /* an id that no client can have */
    OPS_NO_TOKEN,     /* the client has none */
    OPS_DENIED,       /* the administrator who asked is none any more */
    OPS_WRONG_DOMAIN, /* an address of a domain that is not served here */
    OPS_TEMPORARY,    /* a pool is full, or the database locked: later it may work */
    OPS_STORE         /* the database failed; the log says how */
};

/* Fills `error` with the failure as the catalogue says it. `address` is what was asked for; `why`
 * a reason of OPS_BAD_NAME, OPS_BAD_PASSWORD or
 * OPS_BAD_CLIENT, or "". */
enum linnet_error_code ops_error(enum ops_result result, const char *address, const char *why,
                                 struct linnet_error *error);

/* What has just become true, on disk. Sessions follow from it. */
enum ops_event_kind {
    OPS_ACCOUNT_ADDED,
    OPS_ACCOUNT_REMOVED,
    OPS_ACCOUNT_DISABLED,
    OPS_ACCOUNT_ENABLED,
    OPS_PASSWORD_CHANGED,
    OPS_TOKENS_REVOKED, /* of one client or all; sessions go on */
    OPS_LOGGED_OUT,     /* all tokens are revoked, and sessions end */
    OPS_ROLE_CHANGED,   /* what it may do as an administrator */
    OPS_SET_UP          /* the first administrator was made, and the server is his */
};

/* Who wants a change. */
struct ops_actor {
    uid_t uid;          /* of the process that asks, on this machine */
    struct str name;    /* for whom: an administrator's bare JID; STR_NONE: for itself */
    struct str address; /* where that person is, an IP address; STR_NONE when not known */
    bool has_mark;      /* then it is made only while `name` may still make it: */
    int64_t mark;       /* of the account, when the person signed in */
};

/* For the writer: nobody without a mark. Borrows the actor's name and `domain`. */
struct store_by ops_actor_by(const struct ops_actor *actor, struct str domain);

enum { OPS_ACTOR_BYTES = 512 };

/* For the log: "uid 0", or "alice@example.org at 192.0.2.7", printable and cut. Returns `out`. */
const char *ops_actor_text(const struct ops_actor *actor, char out[OPS_ACTOR_BYTES]);

struct ops_event {
    enum ops_event_kind kind;
    struct str user, domain; /* prepared */
    struct str reason;       /* OPS_ACCOUNT_DISABLED */
    enum store_role role;    /* OPS_ROLE_CHANGED, OPS_SET_UP */
    struct ops_actor actor;  /* who asked for it */
};

/* "none", "read-only", "full"; and back, exactly. */
const char *ops_role_name(enum store_role role);
bool ops_role_of(struct str name, enum store_role *ret) MUST_USE;

/* "account.added" */
const char *ops_event_name(enum ops_event_kind kind);

struct ops_config {
    struct store *store;        /* borrowed */
    const char *domain;         /* served; prepared; borrowed */
    unsigned iterations;        /* of new credentials */
    bool legacy;                /* keep DIGEST-MD5 credentials of new passwords */
    const char *token_key_file; /* ops_token_key.h; borrowed during ops_new. NULL: a key
                                  of this process only, for tests */
    int64_t token_life_s;       /* of new tokens; 0: there are none */
    unsigned derive_threads;    /* PBKDF2 */
    unsigned read_threads;      /* of the store, for logins; one more reads for administrators, one
                                  writes */
    size_t queue_max;           /* requests that wait, per pool */
    int64_t audit_keep; /* rows of the audit trail (ops_audit.h); the newest is always kept */
    const struct log_sink *log; /* borrowed; NULL for none */
    /* Called on the loop of the request that caused it, before its answer; may be NULL. */
    void (*event)(void *ctx, const struct ops_event *event);
    /* The same for each row of the audit trail, after the event it is about; may be NULL. */
    void (*audited)(void *ctx, const struct store_audit *row);
    void *ctx;
};

struct ops;
struct ops_port;

/* Blocks, so at the start only: makes or reads the keys of fake salts and of tokens, and deletes
 * DIGEST-MD5 credentials unless `legacy` is on. */
enum linnet_error_code ops_new(const struct ops_config *config, struct ops **ret,
                               struct linnet_error *error) MUST_USE;

/* All ports must have been freed. Waits for what is running. NULL is fine. */
void ops_free(struct ops *ops);

/* For what blocks while no loop runs. Borrowed. */
struct store *ops_store(const struct ops *ops);

/* Transactions: how long those of the last ten seconds took. The worst is the one that runs, if it
 * takes longer than all. Any thread. */
struct ops_commits {
    uint64_t total; /* since the start */
    struct recent_figures recent;
};
struct ops_commits ops_commits(struct ops *ops);

/* 32 bytes that make stable salts for users who do not exist (sasl_config.fake_key). */
const uint8_t *ops_fake_key(const struct ops *ops);

/* On the loop's thread, or before it runs. */
struct ops_port *ops_port_new(struct ops *ops, uv_loop_t *loop) MUST_USE;

/* Requests that were not answered are never answered. NULL is fine. */
void ops_port_free(struct ops_port *port);

/* The pool for PBKDF2 of logins (sasl's WANT_DERIVE), seen from this loop. Borrowed. */
struct work_port *ops_port_derive(struct ops_port *port);

#endif
