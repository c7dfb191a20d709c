/* store_sql_private.h - what the files of store_sql share: connections, statements, results. */
#ifndef SERVER_STORE_STORE_SQL_PRIVATE_H
#define SERVER_STORE_STORE_SQL_PRIVATE_H

#include "server/store/store_sql.h"

#include <pthread.h>

enum statement {
    BEGIN_WRITE,
    COMMIT,
    ROLLBACK,
    SAVE_ONE,
    KEEP_ONE,
    UNDO_ONE,
    LOGIN,
    ACCOUNT,
    ACCOUNTS,
    HAS_ROLE,
    LAST_ADMIN,
    MAY_CHANGE,
    META,
    ADD_ACCOUNT,
    ADD_CREDENTIAL,
    ADD_CREDENTIAL_BY_MARK,
    SET_PASSWORD_TIME,
    SET_MARK,
    SET_DISABLED,
    SET_ROLE,
    DROP_CREDENTIALS,
    DROP_ACCOUNT,
    DROP_SCHEME,
    ADD_META,
    TOKENS,
    TOKENS_OF_CLIENT,
    ADD_TOKEN,
    SET_TOKEN,
    DROP_TOKEN,
    DROP_TOKENS,
    DROP_CLIENT,
    DROP_EXPIRED,
    OLDEST_CLIENT,
    SESSIONS,
    STANZAS,
    ADD_SESSION,
    ADD_STANZA,
    CLEAR_SESSIONS,
    CLEAR_STANZAS,
    ADD_AUDIT,
    AUDIT_ENDS,
    AUDIT_YOUNG,
    DROP_AUDIT,
    AUDIT_NEWEST,
    AUDIT_PAGES, /* and three that follow: store_sql_audit.c */
    AUDIT_PAGES_LAST = AUDIT_PAGES + 3,
    SETTINGS,
    SETTING,
    DROP_SETTING,
    ADD_SETTING,
    SETTING_CHANGES,
    ADD_SETTING_CHANGE,
    DROP_OLD_CHANGES,
    BLOCKS,
    BLOCK_COUNT,
    ADD_BLOCK,
    DROP_BLOCK,
    DROP_EXPIRED_BLOCKS,
    WEAK_LOGINS,
    ADD_WEAK_LOGIN,
    DROP_WEAK_LOGIN,
    DROP_WEAK_LOGINS,
    STATEMENT_COUNT
};

/* A connection with its statements, each prepared when first used. */
struct connection {
    struct connection *next; /* idle readers */
    struct sql *db;
    struct sql_stmt *statements[STATEMENT_COUNT];
};

struct store_sql {
    struct store base;
    const struct sql_driver *driver;
    char *where;
    pthread_mutex_t write_lock; /* holds `writer` */
    struct connection *writer;
    pthread_mutex_t idle_lock; /* holds `idle` */
    struct connection *idle;
};

struct store_sql *store_sql_of(struct store *s);

/* --- store_sql_statements.c --- */

/* BEGIN_WRITE has none here: it is the driver's own. */
extern const char *const store_sql_texts[STATEMENT_COUNT];

/* --- store_sql_connection.c --- */

enum store_result store_sql_connection_new(const struct store_sql *s, bool writer,
                                           struct connection **ret, struct store_fault *fault);
void store_sql_connection_free(struct connection *c); /* NULL is fine */

/* One read on a connection of its own, whatever number of rows it gives. */
enum store_result store_sql_read(struct store *base,
                                 enum sql_result (*read)(struct connection *c, void *ctx),
                                 void *ctx, struct store_fault *fault);
/* The same of one row: `read` gives SQL_ROW when it is there, and its result is STORE_NOT_FOUND
 * when it is not. */
enum store_result store_sql_read_row(struct store *base,
                                     enum sql_result (*read)(struct connection *c, void *ctx),
                                     void *ctx, struct store_fault *fault);

enum store_result store_sql_result(enum sql_result r);
void store_sql_explain(struct store_fault *fault, const char *text);
/* What a read of one row gave. */
enum store_result store_sql_found(struct connection *c, enum sql_result r,
                                  struct store_fault *fault);
/* For a change of one account: a row must have been touched. */
enum store_result store_sql_touched(struct connection *c, enum sql_result r);

enum sql_result store_sql_statement(struct connection *c, enum statement which,
                                    struct sql_stmt **ret);
/* Runs a statement whose parameters are all text. The caller resets it when this gives a row. */
enum sql_result store_sql_run(struct connection *c, enum statement which, const struct str *values,
                              int count, struct sql_stmt **ret);
/* The same when no row is wanted. */
enum sql_result store_sql_change(struct connection *c, enum statement which,
                                 const struct str *values, int count);
/* The same for a statement whose one parameter is a number. */
enum sql_result store_sql_change_by(struct connection *c, enum statement which, int64_t value);

/* Column text that lives in `a`. */
struct str store_sql_keep(const struct sql_driver *d, struct sql_stmt *stmt, int column,
                          struct arena *a);

/* --- store_sql_accounts.c --- */

enum store_result store_sql_login(struct store *base, struct str domain, struct str user,
                                  struct str scheme, struct store_login *ret,
                                  struct store_fault *fault);
enum store_result store_sql_account(struct store *base, struct str domain, struct str user,
                                    struct arena *a, struct store_account *ret,
                                    struct store_fault *fault);
enum store_result store_sql_accounts(struct store *base, struct str domain, struct str prefix,
                                     struct str after, size_t limit, struct arena *a,
                                     struct store_page *ret, struct store_fault *fault);
enum store_result store_sql_has_role(struct store *base, struct str domain, enum store_role role,
                                     struct store_fault *fault);

/* --- store_sql_account_change.c --- */

/* Each one change of struct store_write, within the transaction. */
enum store_result store_sql_account_add(struct connection *c, const struct store_write *w);
enum store_result store_sql_account_remove(struct connection *c, const struct store_write *w);
enum store_result store_sql_set_up(struct connection *c, const struct store_write *w);
enum store_result store_sql_set_password(struct connection *c, const struct store_write *w);
enum store_result store_sql_set_disabled(struct connection *c, const struct store_write *w);
enum store_result store_sql_set_role(struct connection *c, const struct store_write *w);
enum store_result store_sql_upgrade(struct connection *c, const struct store_write *w);
enum store_result store_sql_purge(struct connection *c, const struct store_write *w);
enum store_result store_sql_log_out(struct connection *c, const struct store_write *w);

/* --- store_sql_meta.c --- */

enum store_result store_sql_meta(struct store *base, struct str key, struct buf *out,
                                 struct store_fault *fault);
/* STORE_META_NEW, within the transaction. */
enum store_result store_sql_meta_new(struct connection *c, const struct store_write *w);

/* --- store_sql_tokens.c --- */

enum store_result store_sql_tokens(struct store *base, struct str domain, struct str user,
                                   struct str client, struct arena *a, struct store_tokens *ret,
                                   struct store_fault *fault);
/* STORE_TOKEN and STORE_TOKENS_DROP, within the transaction. */
enum store_result store_sql_token_change(struct connection *c, const struct store_write *w);
enum store_result store_sql_tokens_drop(struct connection *c, const struct store_write *w);

/* --- store_sql_sessions.c --- */

enum store_result store_sql_sessions(struct store *base, struct str domain, struct str after,
                                     size_t limit, struct arena *a, struct store_sessions *ret,
                                     struct store_fault *fault);
/* STORE_SESSION and STORE_SESSIONS_CLEAR, within the transaction. */
enum store_result store_sql_session_add(struct connection *c, const struct store_write *w);
enum store_result store_sql_sessions_clear(struct connection *c, const struct store_write *w);

/* --- store_sql_admins.c --- */

enum store_result store_sql_last_admin(struct store *base, struct str domain, struct str user,
                                       struct store_fault *fault);
/* Before a change, within its transaction: STORE_OK, or STORE_DENIED to w->by. */
enum store_result store_sql_may_change(struct connection *c, const struct store_write *w);
/* The same: fills w->last_admin. */
enum store_result store_sql_note_last_admin(struct connection *c, struct store_write *w);

/* --- store_sql_audit.c --- */

enum store_result store_sql_audit(struct store *base, const struct store_audit_ask *ask,
                                  struct arena *a, struct store_audit_page *ret,
                                  struct store_fault *fault);
/* Adds w->audit, within the transaction. */
enum store_result store_sql_audit_add(struct connection *c, const struct store_write *w);

/* --- store_sql_settings.c --- */

enum store_result store_sql_settings(struct store *base, struct arena *a,
                                     struct store_settings *ret, struct store_fault *fault);
enum store_result store_sql_setting_changes(struct store *base,
                                            const struct store_setting_query *query,
                                            struct arena *a, struct store_setting_changes *ret,
                                            struct store_fault *fault);
/* STORE_SETTING, within the transaction. */
enum store_result store_sql_setting_change(struct connection *c, const struct store_write *w);

/* --- store_sql_blocks.c --- */

enum store_result store_sql_blocks(struct store *base, struct arena *a, struct store_blocks *ret,
                                   struct store_fault *fault);
/* STORE_BLOCK and STORE_UNBLOCK, within the transaction. */
enum store_result store_sql_block(struct connection *c, const struct store_write *w);
enum store_result store_sql_unblock(struct connection *c, const struct store_write *w);

/* --- store_sql_weak.c --- */

enum store_result store_sql_weak_logins(struct store *base, struct str domain, size_t limit,
                                        struct arena *a, struct store_weak_logins *ret,
                                        struct store_fault *fault);
/* STORE_WEAK_LOGIN, within the transaction. */
enum store_result store_sql_weak_login(struct connection *c, const struct store_write *w);

#endif
