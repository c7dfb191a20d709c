/* ops_private.h - what the files of ops share. */
#ifndef SERVER_OPS_OPS_PRIVATE_H
#define SERVER_OPS_OPS_PRIVATE_H

#include "net/entropy.h"
#include "server/ops/ops_request.h"
#include "server/ops/ops_token_key.h"
#include "server/ops/ops_writer.h"

#include <stdatomic.h>

struct ops {
    struct ops_config config;
    struct work_pool *derive, *read, *browse, *write;
    struct ops_writer writer;
    uint8_t fake_key[32];
    uint8_t token_key[OPS_TOKEN_KEY_BYTES];
    _Atomic int64_t audit_keep;
};

struct ops_port {
    struct ops *ops;
    struct work_port *derive, *read, *browse, *write;
    struct entropy entropy;
    struct random_source random; /* over `entropy` */
};

/* A request goes through one or two works: a read; a change; or PBKDF2 and then a change. */
struct ops_request {
    struct ops *ops;       /* outlives every request */
    struct ops_port *port; /* for the loop only: it may be gone while a worker runs */
    void (*done)(void *ctx, const struct ops_reply *reply); /* NULL once forgotten */
    void *ctx;

    struct arena memory; /* every string, wiped at the end */
    char *address, *user;

    struct work work; /* the read, or the derivation */
    enum store_result (*read)(struct ops_request *r);
    enum store_result result;
    struct store_fault fault;

    struct ops_write write;
    bool has_event;
    enum ops_event_kind event;
    struct ops_actor actor;

    /* Adds to the reply what was asked for, whatever its result; may be NULL. On the loop. */
    void (*fill)(struct ops_request *r, struct ops_reply *reply);

    /* accounts */
    struct str password, reason, scheme, prefix, after;
    size_t limit;
    struct store_account account;
    bool last_admin;
    struct store_page page;
    struct store_login login;
    struct sasl_credential credential;
    uint8_t salts[3][16]; /* of the schemes of SCRAM; from this user and scheme alone */
    bool derived;
    bool right; /* ops_admin.c */

    /* settings */
    struct store_setting_query setting;
    struct store_setting_changes setting_changes;

    /* tokens */
    struct str client, mechanism;
    int64_t now_s;
    struct store_tokens tokens;
    struct ops_token texts[STORE_SLOTS];
    size_t text_count;
    struct store_token_change token_change;
    struct ops_token_outcome outcome;

    /* the audit trail */
    struct store_audit audit; /* of the change */
    struct store_audit_ask audit_ask;
    struct store_audit_page audit_page;

    /* security */
    struct store_block block;
    struct store_weak_logins weak;
};

/* Copies ask's done, ctx and actor. */
struct ops_request *ops_request_new(struct ops_port *port, const struct ops_ask *ask) MUST_USE;
void ops_request_free(struct ops_request *r);

/* A copy that lives with the request; NULL is kept as "". */
char *ops_request_keep(struct ops_request *r, struct str s);

/* `user` is a prepared localpart. */
void ops_request_set_user(struct ops_request *r, const char *user);

/* A localpart alone, or a bare JID of our domain. */
enum ops_result ops_request_take_address(struct ops_request *r, struct str address,
                                         const char **ret_why) MUST_USE;

/* For a login: a name that cannot exist becomes the empty one, which no account has. */
void ops_request_take_login(struct ops_request *r, struct str name);

struct store *ops_request_store(const struct ops_request *r);
struct str ops_request_domain(const struct ops_request *r);

/* Ends the server when memory ran out. */
enum ops_result ops_result_of(enum store_result result);

/* Hands the request over to a worker, or frees it and refuses. */
enum ops_result ops_request_work(struct ops_request *r, struct work_port *port,
                                 void (*run)(struct work *work), void (*done)(struct work *work),
                                 struct ops_request **ret) MUST_USE;

/* The same for a read of the store: what a login needs. */
enum ops_result ops_request_read(struct ops_request *r,
                                 enum store_result (*read)(struct ops_request *r),
                                 struct ops_request **ret) MUST_USE;
/* What an administrator wants to know, on a thread that no login needs. */
enum ops_result ops_request_browse(struct ops_request *r,
                                   enum store_result (*read)(struct ops_request *r),
                                   struct ops_request **ret) MUST_USE;

/* --- ops_audit.c --- */

/* Gives the change of a request the row that says who made it; copies. The actor is the request's.
 */
void ops_request_audit(struct ops_request *r, const char *action, struct str object,
                       struct str detail);
/* The same, from the event. */
void ops_request_audit_event(struct ops_request *r);

/* Hands write.store over to the writer, with domain, user, time and a new mark; what has an event
 * gets its row of the audit trail here. False when too much
 * waits; `r` is then still the caller's. */
bool ops_request_write(struct ops_request *r) MUST_USE;

/* The same, or frees it and refuses; `result` is what was found before, and passed on. */
enum ops_result ops_request_submit(struct ops_request *r, enum ops_result result,
                                   struct ops_request **ret) MUST_USE;

/* Calls `done`, and frees the request. */
void ops_request_answer(struct ops_request *r, struct ops_reply *reply);

#endif
