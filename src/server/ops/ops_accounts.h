/*
 * ops_accounts.h - accounts: made, given passwords, listed, shown, disabled, removed; and the read
 * that a login needs. All on one port's loop and thread.
 *
 * Each call either refuses at once (its result is not OPS_OK, nothing else happens), or takes the
 * request and calls `done` exactly once, later. A request that changes something goes on when
 * nobody waits any more: ops_forget only takes the answer away.
 */
#ifndef SERVER_OPS_OPS_ACCOUNTS_H
#define SERVER_OPS_OPS_ACCOUNTS_H

#include "sasl/sasl.h"
#include "server/ops/ops.h"

enum { OPS_PAGE_MAX = 1000, OPS_PASSWORD_MAX_BYTES = 1023, OPS_REASON_MAX_BYTES = 250 };

/* Borrowed during `done`. */
struct ops_reply {
    enum ops_result result;
    const char *address; /* the account's bare JID, prepared; "" for a list */
    struct str user;     /* its localpart */

    const struct store_account *account;      /* show */
    const struct store_page *page;            /* list */
    const struct sasl_credential *credential; /* login */
    bool disabled;                            /* login: to be said once the proof was right */
    const char *reason;                       /* login, disabled: for people; may be "" */
};

/* What is asked; copied. Each call says which fields it reads, besides the last three. */
struct ops_ask {
    struct str address;  /* a localpart, or a bare JID of the served domain */
    struct str password; /* as typed, UTF-8 */
    struct str reason;
    struct str scheme;
    struct str after; /* list: the last user of the page before, or STR_NONE */
    size_t limit;     /* list: 1 to OPS_PAGE_MAX */
    uid_t uid;        /* of who asks: goes into the event of a change */
    void (*done)(void *ctx, const struct ops_reply *reply);
    void *ctx;
};

struct ops_request;

/* *ret (which may be NULL) is valid until `done`. *ret_why is a static sentence for OPS_BAD_NAME
 * and OPS_BAD_PASSWORD, else "". */
enum ops_result ops_account_add(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, password: replaces every credential. */
enum ops_result ops_account_passwd(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_remove(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, reason */
enum ops_result ops_account_disable(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_enable(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_show(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;
/* after, limit */
enum ops_result ops_account_list(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;

/* For a login: address is the SASL user name (sasl_want.username), scheme that of the want ("" for
 * any SCRAM row). A name that cannot exist takes the same way as one that does not: OPS_NOT_FOUND
 * comes as an answer. Refuses only with OPS_TEMPORARY. */
enum ops_result ops_login(struct ops_port *port, const struct ops_ask *ask,
                          struct ops_request **ret) MUST_USE;

/* `done` is not called any more. NULL is fine. */
void ops_forget(struct ops_request *request);

#endif
