/*
 * ops_request.h - what is asked of ops and what comes back: the same for every call of
 * ops_accounts.h and ops_tokens.h. All on one port's loop and thread.
 *
 * Each call either refuses at once (its result is not OPS_OK, nothing else happens), or takes the
 * request and calls `done` exactly once, later. A request that changes something goes on when
 * nobody waits any more: ops_forget only takes the answer away.
 */
#ifndef SERVER_OPS_OPS_REQUEST_H
#define SERVER_OPS_OPS_REQUEST_H

#include "sasl/sasl.h"
#include "server/ops/ops.h"

enum { OPS_PAGE_MAX = 1000, OPS_PASSWORD_MAX_BYTES = 1023, OPS_REASON_MAX_BYTES = 250 };

/* Of arrays, with the NUL: 32 bytes in base64url without padding. */
enum { OPS_TOKEN_TEXT_BYTES = 44 };

/* A token that a client may present. */
struct ops_token {
    char id[STORE_TOKEN_ID_BYTES];
    char text[OPS_TOKEN_TEXT_BYTES]; /* the secret; wiped after `done` */
};

/* What became of a login's tokens. */
struct ops_token_outcome {
    bool accepted; /* else nothing was changed, and the login must fail with credentials-expired */
    bool issued;   /* then there are: */
    char text[OPS_TOKEN_TEXT_BYTES]; /* the secret; wiped after `done` */
    char mechanism[STORE_MECHANISM_BYTES];
    int64_t expires_s; /* Unix time */
};

/* Borrowed during `done`. */
struct ops_reply {
    enum ops_result result;
    const char *address; /* the account's bare JID, prepared; "" for a list */
    struct str user;     /* its localpart */

    const struct store_account *account; /* show */
    bool last_admin; /* show: it is the last account that is enabled and has STORE_ROLE_FULL; role,
                        disable, remove: it was */
    const struct store_page *page;            /* list */
    const struct sasl_credential *credential; /* login */
    bool right;                               /* password_check */
    bool disabled;                            /* logins: to be said once the proof was right */
    const char *reason;                       /* logins, disabled: for people; may be "" */
    enum store_role role;                     /* login */
    int64_t mark;                             /* login: for token_commit and account_upgrade */

    const struct ops_token *tokens; /* token_login: STORE_SLOTS of them, always */
    size_t token_count;             /* of them may be used; the others nobody can present */
    const struct ops_token_outcome *outcome;             /* token_commit */
    const struct store_tokens *clients;                  /* token_list */
    const struct store_audit_page *audit;                /* audit_list */
    const struct store_setting_changes *setting_changes; /* setting_history */
    const struct store_weak_logins *weak;                /* weak_logins */
    const struct store_block *block;                     /* block_add, block_remove: as asked */
};

/* What is asked about tokens. */
struct ops_token_ask {
    struct str client;    /* the id of the user agent, 1 to 256 bytes of UTF-8 without NUL */
    struct str mechanism; /* login: of the proof, at most 20 characters (RFC 4422 §3.1) */

    /* commit */
    struct str used_id; /* of the token that was proved; STR_NONE: a password was proved */
    int64_t mark;       /* without used_id: that of ops_login's reply */
    bool has_count;
    int64_t count;
    bool invalidate;
    struct str issue_mechanism;  /* a token is asked for, to be used with it; STR_NONE: none is */
    struct str software, device; /* for people; cut to 100 bytes; STR_NONE leaves what is known */
};

/* What is asked; copied. Each call says which fields it reads, besides the last three. */
struct ops_ask {
    struct str address;  /* a localpart, or a bare JID of the served domain */
    struct str password; /* as typed, UTF-8 */
    struct str reason;
    struct str scheme;
    struct str prefix;    /* list: what names begin with, or STR_NONE; prepared here */
    struct str after;     /* list: the last user of the page before, or STR_NONE */
    size_t limit;         /* list: 1 to OPS_PAGE_MAX */
    enum store_role role; /* role */
    int64_t mark;         /* upgrade: that of ops_login's reply */
    const struct sasl_credential *credential; /* upgrade */
    struct ops_token_ask token;
    struct store_audit_ask audit;       /* audit_list; its limit is the one above */
    struct store_setting_query setting; /* setting_history */
    struct ops_actor actor;             /* goes into the event of a change */
    void (*done)(void *ctx, const struct ops_reply *reply);
    void *ctx;
};

struct ops_request;

/* `done` is not called any more. NULL is fine. */
void ops_forget(struct ops_request *request);

#endif
