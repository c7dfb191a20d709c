/*
 * store.h - accounts and their credentials, behind one table of functions per back end.
 *
 * Every call blocks and may be made from any thread, several at once: ops runs them on workers.
 * An account is a row; what it may sign in with are rows of credentials (scheme, value), never a
 * plaintext. Names are prepared (core/jid) before they come here. All changes go through `commit`:
 * many in one transaction, each with a result of its own, on disk when it returns STORE_OK.
 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "server/store/store_settings.h"

enum store_result {
    STORE_OK = 0,
    STORE_NOT_FOUND,
    STORE_EXISTS,
    STORE_REFUSED, /* a token, or the mark of an account, is not the expected one any more */
    STORE_DENIED,  /* who asks is no administrator any more: store_write.by */
    STORE_BUSY,    /* locked by another process for too long: later it may work */
    STORE_FAILED,  /* disk full, no permission, a broken file: fault.text says */
    STORE_NO_MEMORY
};

/* Why STORE_BUSY or STORE_FAILED: a line for the log. */
struct store_fault {
    char text[256];
};

enum { STORE_VALUE_BYTES = 512, STORE_REASON_BYTES = 256, STORE_CREDENTIALS_MAX = 8 };

/* What an account may do as an administrator (admin.sign_in of docs/control.md). Kept as numbers.
 */
enum store_role { STORE_ROLE_NONE, STORE_ROLE_READ_ONLY, STORE_ROLE_FULL };

struct store_account {
    const char *user;
    int64_t created_s, password_s; /* Unix time; of the last password set */
    bool disabled;
    const char *reason;  /* why it is disabled, for people; "" when not said */
    const char *schemes; /* "SCRAM-SHA-1 SCRAM-SHA-256", in that order; "" when none */
    enum store_role role;
};

struct store_page {
    struct store_account *accounts; /* by user, in byte order */
    size_t count;
    bool more;
};

/* What a login needs, in one read. Wipe it after use. */
struct store_login {
    char value[STORE_VALUE_BYTES]; /* sasl_credential_read takes it */
    bool disabled;                 /* to be said only once the proof was right */
    char reason[STORE_REASON_BYTES];
    int64_t mark; /* of the account: see struct store_token_change */
    enum store_role role;
};

struct store_credential {
    struct str scheme; /* "SCRAM-SHA-256" */
    struct str value;  /* as sasl_credential_write makes it; shorter than STORE_VALUE_BYTES */
};

/* --- tokens (XEP-0484) --- */

enum {
    STORE_CLIENT_BYTES = 257, /* of arrays, with the NUL */
    STORE_TOKEN_ID_BYTES = 33,
    STORE_MECHANISM_BYTES = 32,
    STORE_AGENT_BYTES = 101,
    STORE_CLIENTS_MAX = 32 /* with tokens, per account: the one that signed in longest ago goes */
};

/* A client has one token that it used last, and perhaps a newer one that it has not used yet. */
enum store_slot { STORE_SLOT_CURRENT, STORE_SLOT_NEW, STORE_SLOTS };

/* What is kept of a token; its text is derived from the id (ops/ops_tokens.h). */
struct store_token {
    char client[STORE_CLIENT_BYTES]; /* never empty */
    enum store_slot slot;
    char id[STORE_TOKEN_ID_BYTES];         /* lower-case hexadecimal; "" for a slot without one */
    char mechanism[STORE_MECHANISM_BYTES]; /* the only one that it may be used with */
    int64_t count;                         /* the highest that was presented with it, or 0 */
    int64_t issued_s, expires_s;
    int64_t used_s; /* when its client last signed in */
    char software[STORE_AGENT_BYTES], device[STORE_AGENT_BYTES]; /* for people; may be "" */
};

struct store_tokens {
    bool disabled; /* the account */
    char reason[STORE_REASON_BYTES];
    int64_t mark;
    struct store_token *tokens; /* by client, in byte order; of one the new slot first */
    size_t count;               /* at most STORE_SLOTS * STORE_CLIENTS_MAX */
};

/* What a login does to the tokens of one client: all of it, or STORE_REFUSED and nothing. */
struct store_token_change {
    struct str client;
    /* The token that was proved: it must be there and valid. Without one (STR_NONE) the password
     * was proved, and the account must be enabled and have the `mark` that was read with it. */
    struct str used_id;
    int64_t mark;
    bool has_count; /* must be higher than the one kept, which it replaces (XEP-0484 §3.4) */
    int64_t count;
    bool invalidate;
    struct str new_id;          /* for a token, should one be issued */
    struct str issue_mechanism; /* issues one for it; STR_NONE: only when the used one ages */
    int64_t life_s;             /* of a new token; 0: none is issued */
    struct str software, device;

    bool issued; /* out, as is the rest */
    char mechanism[STORE_MECHANISM_BYTES];
    int64_t expires_s;
};

/* --- sessions that outlive the server (XEP-0198) --- */

enum { STORE_SESSION_ID_BYTES = 64 }; /* with the NUL */

struct store_stanza {
    struct str xml;
    int64_t since_ms; /* Unix time */
    int64_t tag;      /* of the session's own */
};

/* One that nobody is connected to: what c2s/restart.c makes it from, and makes of it. */
struct store_session {
    struct str user, id, resource;
    struct str client;               /* "" when not known */
    int64_t since_ms;                /* Unix time; when it was bound */
    int64_t left_ms;                 /* for so long it may be resumed ... */
    int64_t resume_s;                /* ... of this */
    int64_t acked, written, handled; /* sm_counts */
    bool available;
    int64_t priority, standing;
    struct str presence;          /* as routed; "" */
    struct str directed;          /* addresses, a line each */
    struct store_stanza *stanzas; /* unacknowledged, oldest first */
    size_t stanza_count;
};

struct store_sessions {
    struct store_session *sessions; /* by id */
    size_t count;
    bool more;
};

/* --- what was done, and by whom --- */

/* Each kind of rows has room of its own, so that whoever causes many of one pushes none of another
 * out. Kept as numbers. */
enum store_audit_kind {
    STORE_AUDIT_CHANGES,
    STORE_AUDIT_SIGN_INS, /* to the console */
    STORE_AUDIT_REFUSALS, /* sign-ins that failed: anybody can cause them */
    STORE_AUDIT_PASSING,  /* nothing that lasts: it can be done again and again */
    STORE_AUDIT_KINDS
};

/* Changes that are younger than this stay, up to so many times the rows that are kept: whoever
 * makes changes in a row does not push what he did before out of sight, or not today. */
enum { STORE_AUDIT_YOUNG_S = 86400, STORE_AUDIT_YOUNG_TIMES = 10 };

/* A row of the audit trail. Text is UTF-8 without NUL; `address` and `detail` may be "". */
struct store_audit {
    int64_t id;         /* higher than that of any row before, also of those that are gone; out */
    int64_t time_s;     /* Unix time: now_s of the write; out */
    struct str actor;   /* a bare JID, or "uid 0"; never empty */
    struct str address; /* where that person was */
    struct str action;  /* "account.disabled"; never empty */
    struct str object;  /* what it was done to: "bob@example.org"; never empty */
    struct str detail;  /* "on leave" */
    enum store_audit_kind kind; /* in; not read back */
};

/* Which rows. Each text may be STR_NONE or "": any. */
struct store_audit_ask {
    int64_t before;    /* lower ids than this one; 0: from the newest on */
    struct str actor;  /* exactly */
    struct str action; /* what it begins with: "account." */
    struct str object; /* exactly */
    size_t limit;
};

struct store_audit_page {
    struct store_audit *entries; /* newest first */
    size_t count;
    bool more;
};

enum { STORE_AUDIT_DROP_MAX = 1000 };

/* --- security --- */

enum { STORE_BLOCKS_MAX = 1000 };

/* A network that may not connect (c2s/blocks.h). */
struct store_block {
    struct str network;       /* as network_text writes it */
    int64_t since_s, until_s; /* Unix time; until_s 0: for ever */
    struct str reason, actor; /* for people; reason may be "" */
};

struct store_blocks {
    struct store_block *blocks; /* by network, in byte order; expired ones too */
    size_t count;
};

/* The last sign-in of an account with a weak mechanism. */
struct store_weak_login {
    struct str user, mechanism;
    int64_t last_s;
    struct str software; /* of the client, for people; "" when it did not say */
};

struct store_weak_logins {
    struct store_weak_login *logins; /* the latest first; of the same time by user, mechanism */
    size_t count;
    bool more;
};

/* --- changes --- */

/* The key of the domain that a set-up named. */
#define STORE_META_DOMAIN "domain"

enum store_change {
    STORE_ADD,         /* account and credentials; STORE_EXISTS */
    STORE_SET_UP,      /* the same with `role`; the store remembers `domain` as its own (meta
                          STORE_META_DOMAIN) unless it has one */
    STORE_PASSWORD,    /* replaces all credentials, deletes all tokens; STORE_NOT_FOUND */
    STORE_UPGRADE,     /* adds credentials to an account that is enabled and has `old_mark`;
                          STORE_NOT_FOUND: there is none such; STORE_EXISTS: it has that scheme */
    STORE_REMOVE,      /* with its tokens and weak sign-ins; STORE_NOT_FOUND */
    STORE_DISABLE,     /* with `reason`, deletes all tokens; STORE_NOT_FOUND */
    STORE_ENABLE,      /* STORE_NOT_FOUND */
    STORE_ROLE,        /* sets `role`; STORE_NOT_FOUND */
    STORE_PURGE,       /* deletes all credentials of `scheme` */
    STORE_META_NEW,    /* sets `key` to `value` for ever; STORE_EXISTS */
    STORE_TOKEN,       /* does `token`; STORE_NOT_FOUND, STORE_REFUSED */
    STORE_TOKENS_DROP, /* deletes the tokens of `client`; STORE_NOT_FOUND, STORE_REFUSED: has none
                        */
    STORE_LOGOUT,      /* deletes all tokens; STORE_NOT_FOUND */
    STORE_SESSION,     /* adds `session`; STORE_EXISTS */
    STORE_SESSIONS_CLEAR,
    STORE_AUDIT,   /* nothing but its `audit` */
    STORE_SETTING, /* does `setting`, and notes it in the history; STORE_NOT_FOUND: it was not set,
                      STORE_EXISTS: to the same value */
    STORE_BLOCK,   /* drops what expired by `now_s`, then adds `block` or replaces that of its
                      network; STORE_REFUSED: there are STORE_BLOCKS_MAX */
    STORE_UNBLOCK, /* drops that of the network of `block`; STORE_NOT_FOUND */
    STORE_WEAK_LOGIN /* keeps `mechanism` and `software` with `now_s`; STORE_NOT_FOUND: no such
                        account */
};

/* The administrator who asks for a change, as he was when he signed in. */
struct store_by {
    struct str domain, user; /* user STR_NONE: nobody's rights count */
    int64_t mark;
};

/* One change; strings are borrowed until commit returns. */
struct store_write {
    enum store_change change;
    struct store_by by; /* STORE_DENIED unless that account is enabled, has STORE_ROLE_FULL and
                           this mark when the change is made */
    struct str domain, user;
    struct store_credential credentials[STORE_CREDENTIALS_MAX];
    size_t credential_count;
    struct str reason;
    struct str scheme;
    struct str key, value;
    enum store_role role;
    struct str client;
    struct store_token_change *token;
    const struct store_session *session;
    const struct store_setting_change *setting;
    const struct store_block *block;
    struct str mechanism, software;
    /* A row that is there if, and only if, the change is; NULL for none. With it the oldest rows of
     * its kind go, as far as there are more than `audit_keep` (at least 1) of them, up to the first
     * that is young (store_audit_most): STORE_AUDIT_DROP_MAX at most, so that no transaction takes
     * long. */
    struct store_audit *audit;
    int64_t audit_keep;
    int64_t old_mark;
    int64_t mark; /* random; the account's from now on, with ADD, PASSWORD, DISABLE and LOGOUT */
    int64_t now_s;
    enum store_result result; /* out */
    bool last_admin; /* out; with ROLE, DISABLE and REMOVE, when done: it was the last account
                        of the domain with STORE_ROLE_FULL that is enabled, and is so no more */
};

/* Rows of the kind of `audit` that are kept whatever their age, and how many there may be while the
 * oldest are younger than STORE_AUDIT_YOUNG_S. */
static inline int64_t store_audit_least(const struct store_write *w)
{
    return w->audit_keep > 1 ? w->audit_keep : 1;
}

static inline int64_t store_audit_most(const struct store_write *w)
{
    int64_t least = store_audit_least(w);
    if (w->audit->kind != STORE_AUDIT_CHANGES)
        return least;
    return least < INT64_MAX / STORE_AUDIT_YOUNG_TIMES ? least * STORE_AUDIT_YOUNG_TIMES
                                                       : INT64_MAX;
}

/* Whether a change takes the role, or its use, from an account that has it. */
static inline bool store_takes_admin(const struct store_write *w)
{
    return w->change == STORE_REMOVE || w->change == STORE_DISABLE ||
           (w->change == STORE_ROLE && w->role != STORE_ROLE_FULL);
}

struct store;

struct store_ops {
    const char *name;

    /* The credential of `scheme` (any of SCRAM, SHA-256 first, when that is ""). STORE_NOT_FOUND
     * when the account or such a credential is missing. */
    enum store_result (*login)(struct store *s, struct str domain, struct str user,
                               struct str scheme, struct store_login *ret,
                               struct store_fault *fault);

    /* Strings live in `a`. */
    enum store_result (*account)(struct store *s, struct str domain, struct str user,
                                 struct arena *a, struct store_account *ret,
                                 struct store_fault *fault);
    /* At most `limit` accounts whose user begins with `prefix` ("" for all) and comes after `after`
     * ("" for the first page). */
    enum store_result (*accounts)(struct store *s, struct str domain, struct str prefix,
                                  struct str after, size_t limit, struct arena *a,
                                  struct store_page *ret, struct store_fault *fault);

    /* The tokens of `client`, or of all clients when that is STR_NONE; expired ones too. They live
     * in `a`. STORE_NOT_FOUND when the account is missing. */
    enum store_result (*tokens)(struct store *s, struct str domain, struct str user,
                                struct str client, struct arena *a, struct store_tokens *ret,
                                struct store_fault *fault);

    /* At most `limit` sessions whose id comes after `after` (""), of accounts that are there and
     * enabled. They live in `a`. */
    enum store_result (*sessions)(struct store *s, struct str domain, struct str after,
                                  size_t limit, struct arena *a, struct store_sessions *ret,
                                  struct store_fault *fault);

    /* Whether an account of the domain that is enabled has that role; STORE_NOT_FOUND. It may look
     * at all accounts. */
    enum store_result (*has_role)(struct store *s, struct str domain, enum store_role role,
                                  struct store_fault *fault);

    /* Whether the account is the only one of the domain that is enabled and has STORE_ROLE_FULL;
     * STORE_NOT_FOUND. */
    enum store_result (*last_admin)(struct store *s, struct str domain, struct str user,
                                    struct store_fault *fault);

    /* Rows of the audit trail; they live in `a`. */
    enum store_result (*audit)(struct store *s, const struct store_audit_ask *ask, struct arena *a,
                               struct store_audit_page *ret, struct store_fault *fault);
    /* All of them. They live in `a`. */
    enum store_result (*blocks)(struct store *s, struct arena *a, struct store_blocks *ret,
                                struct store_fault *fault);
    /* At most `limit`. They live in `a`. */
    enum store_result (*weak_logins)(struct store *s, struct str domain, size_t limit,
                                     struct arena *a, struct store_weak_logins *ret,
                                     struct store_fault *fault);

    /* Appends the value of a key of the store's own. */
    enum store_result (*meta)(struct store *s, struct str key, struct buf *out,
                              struct store_fault *fault);

    /* At most STORE_SETTINGS_MAX; and a page of their history. They live in `a`. */
    enum store_result (*settings)(struct store *s, struct arena *a, struct store_settings *ret,
                                  struct store_fault *fault);
    enum store_result (*setting_changes)(struct store *s, const struct store_setting_query *query,
                                         struct arena *a, struct store_setting_changes *ret,
                                         struct store_fault *fault);

    /* All in one transaction. STORE_OK: it is durable, and each write has its own result, which
     * concerns that write only. Else nothing was changed and each write has the returned one. */
    enum store_result (*commit)(struct store *s, struct store_write *const *writes, size_t count,
                                struct store_fault *fault);

    void (*free)(struct store *s);
};

struct store {
    const struct store_ops *ops;
};

static inline void store_free(struct store *s)
{
    if (s)
        s->ops->free(s);
}

/* Accounts in memory, gone with it: the interface at its plainest, for tests. */
enum store_result store_mem_new(struct store **ret) MUST_USE;

/* The database file at `path`, made when missing (mode 0600) and brought to the newest schema. */
enum store_result store_sqlite_open(const char *path, struct store **ret,
                                    struct store_fault *fault) MUST_USE;

#endif
