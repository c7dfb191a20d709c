#include "server/store/store_sql_private.h"

#include "server/data_dir.h"
#include "server/store/migrations.h"

#include <stdlib.h>

struct store_sql *store_sql_of(struct store *s)
{
    return CONTAINER_OF(s, struct store_sql, base);
}

/* --- writing --- */

/* STORE_AUDIT: a row of the audit trail alone. */
static enum store_result no_change(struct connection *c, const struct store_write *w)
{
    (void)c;
    (void)w;
    return STORE_OK;
}

/* What a change does, within the transaction. */
static enum store_result (*const changes[])(struct connection *c, const struct store_write *w) = {
    [STORE_ADD] = store_sql_account_add,
    [STORE_SET_UP] = store_sql_set_up,
    [STORE_PASSWORD] = store_sql_set_password,
    [STORE_UPGRADE] = store_sql_upgrade,
    [STORE_REMOVE] = store_sql_account_remove,
    [STORE_DISABLE] = store_sql_set_disabled,
    [STORE_ENABLE] = store_sql_set_disabled,
    [STORE_ROLE] = store_sql_set_role,
    [STORE_PURGE] = store_sql_purge,
    [STORE_META_NEW] = store_sql_meta_new,
    [STORE_TOKEN] = store_sql_token_change,
    [STORE_TOKENS_DROP] = store_sql_tokens_drop,
    [STORE_LOGOUT] = store_sql_log_out,
    [STORE_SESSION] = store_sql_session_add,
    [STORE_SESSIONS_CLEAR] = store_sql_sessions_clear,
    [STORE_AUDIT] = no_change,
    [STORE_SETTING] = store_sql_setting_change,
    [STORE_BLOCK] = store_sql_block,
    [STORE_UNBLOCK] = store_sql_unblock,
    [STORE_WEAK_LOGIN] = store_sql_weak_login,
};

static enum store_result apply(struct connection *c, struct store_write *w)
{
    bool known = (size_t)w->change < ARRAY_LEN(changes) && changes[w->change];
    enum store_result result = known ? store_sql_may_change(c, w) : STORE_FAILED;
    if (result == STORE_OK)
        result = store_sql_note_last_admin(c, w);
    if (result == STORE_OK)
        result = changes[w->change](c, w);
    return result == STORE_OK && w->audit ? store_sql_audit_add(c, w) : result;
}

static void apply_noted(struct connection *c, struct store_write *w, struct store_fault *fault)
{
    w->result = apply(c, w);
    if (w->result >= STORE_BUSY)
        store_sql_explain(fault, c->db->driver->reason(c->db));
}

/* A statement of its own, without parameters. */
static enum sql_result control(struct connection *c, enum statement which)
{
    return store_sql_change(c, which, NULL, 0);
}

/* One write of several: what it began and could not finish is undone alone. */
static enum sql_result apply_among(struct connection *c, struct store_write *w,
                                   struct store_fault *fault)
{
    enum sql_result r = control(c, SAVE_ONE);
    if (r != SQL_DONE)
        return r;
    apply_noted(c, w, fault);
    if (w->result != STORE_OK)
        r = control(c, UNDO_ONE);
    return r == SQL_DONE ? control(c, KEEP_ONE) : r;
}

/* One alone needs no savepoint: it is undone with the whole transaction. */
static enum sql_result apply_all(struct connection *c, struct store_write *const *writes,
                                 size_t count, struct store_fault *fault, bool *ret_keep)
{
    enum sql_result r = SQL_DONE;
    *ret_keep = true;
    if (count == 1) {
        apply_noted(c, writes[0], fault);
        *ret_keep = writes[0]->result == STORE_OK;
        return SQL_DONE;
    }
    for (size_t i = 0; r == SQL_DONE && i < count; i++)
        r = apply_among(c, writes[i], fault);
    return r;
}

static enum sql_result commit_all(struct connection *c, struct store_write *const *writes,
                                  size_t count, struct store_fault *fault)
{
    bool keep = false;
    enum sql_result r = control(c, BEGIN_WRITE);
    if (r != SQL_DONE) {
        store_sql_explain(fault, c->db->driver->reason(c->db));
        return r;
    }
    r = apply_all(c, writes, count, fault, &keep);
    if (r == SQL_DONE && keep)
        r = control(c, COMMIT);
    if (r != SQL_DONE)
        store_sql_explain(fault, c->db->driver->reason(c->db));
    /* Disk full or I/O errors may have rolled back already; then this says so, harmlessly. */
    if (r != SQL_DONE || !keep)
        (void)control(c, ROLLBACK);
    return r;
}

static enum store_result sql_commit(struct store *base, struct store_write *const *writes,
                                    size_t count, struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    pthread_mutex_lock(&s->write_lock);
    enum store_result result = store_sql_result(commit_all(s->writer, writes, count, fault));
    pthread_mutex_unlock(&s->write_lock);
    for (size_t i = 0; result != STORE_OK && i < count; i++)
        writes[i]->result = result;
    return result;
}

/* --- life --- */

static void sql_free(struct store *base)
{
    struct store_sql *s = store_sql_of(base);
    while (s->idle) {
        struct connection *c = s->idle;
        s->idle = c->next;
        store_sql_connection_free(c);
    }
    store_sql_connection_free(s->writer); /* last, so that its close checkpoints the log */
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->idle_lock);
    free(s->where);
    free(s);
}

static const struct store_ops store_sql_ops = {
    .name = "sql",
    .login = store_sql_login,
    .account = store_sql_account,
    .accounts = store_sql_accounts,
    .tokens = store_sql_tokens,
    .sessions = store_sql_sessions,
    .has_role = store_sql_has_role,
    .last_admin = store_sql_last_admin,
    .audit = store_sql_audit,
    .blocks = store_sql_blocks,
    .weak_logins = store_sql_weak_logins,
    .meta = store_sql_meta,
    .settings = store_sql_settings,
    .setting_changes = store_sql_setting_changes,
    .commit = sql_commit,
    .free = sql_free,
};

enum store_result store_sql_open(const struct sql_driver *driver, const char *where,
                                 struct store **ret, struct store_fault *fault)
{
    char reason[SQL_REASON_BYTES] = "";
    *ret = NULL;
    struct store_sql *s = calloc(1, sizeof *s);
    if (!s)
        return STORE_NO_MEMORY;
    s->base.ops = &store_sql_ops;
    s->driver = driver;
    s->where = strdup(where);
    if (pthread_mutex_init(&s->write_lock, NULL) || pthread_mutex_init(&s->idle_lock, NULL))
        abort(); /* cannot fail with default attributes on Linux */
    enum store_result result =
        s->where ? store_sql_connection_new(s, true, &s->writer, fault) : STORE_NO_MEMORY;
    if (result == STORE_OK) {
        result = store_sql_result(migrations_run(s->writer->db, migration_count, reason));
        if (result != STORE_OK)
            store_sql_explain(fault, reason);
    }
    if (result != STORE_OK) {
        sql_free(&s->base);
        return result;
    }
    *ret = &s->base;
    return STORE_OK;
}

enum store_result store_sqlite_open(const char *path, struct store **ret, struct store_fault *fault)
{
    enum store_result result = store_sql_open(&sql_sqlite, path, ret, fault);
    if (result == STORE_OK && !data_dir_sync(path)) {
        store_sql_explain(fault, "the database's directory cannot be written to disk");
        store_free(*ret);
        *ret = NULL;
        return STORE_FAILED;
    }
    return result;
}
