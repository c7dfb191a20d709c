#include "server/store/store_sql_private.h"

#include "base/wipe.h"
#include "server/data_dir.h"
#include "server/store/migrations.h"

#include <stdio.h>
#include <stdlib.h>

#define ACCOUNT_COLUMNS                                                                            \
    "SELECT a.username, a.created_s, a.password_s, a.disabled, a.reason, a.role,"                  \
    " COALESCE(c.scheme, '')"
#define ACCOUNT_JOIN                                                                               \
    " a LEFT JOIN credential c ON c.domain = a.domain AND c.username = a.username"                 \
    " ORDER BY a.username, c.scheme"

#define TOKENS_OF                                                                                  \
    "SELECT a.disabled, a.reason, a.mark, t.client_id, t.slot, t.id, t.mechanism, t.count,"        \
    " t.issued_s, t.expires_s, t.used_s, t.software, t.device FROM account a"                      \
    " LEFT JOIN token t ON t.domain = a.domain AND t.username = a.username"
#define TOKENS_ORDER " WHERE a.domain = ? AND a.username = ? ORDER BY t.client_id, t.slot DESC"

#define AUDIT_PAGE(where, id)                                                                      \
    "SELECT id, time_s, actor, address, action, object, detail FROM audit WHERE " where id         \
    " < ? ORDER BY " id " DESC LIMIT ?"
/* An object was touched by few, an actor touched much: the plus keeps a column out of the choice of
 * an index. */
#define AUDIT_ACTION "action >= ? AND action < ? AND "
#define AUDIT_OTHER_ACTION "+action >= ? AND +action < ? AND "

/* BEGIN_WRITE is the driver's own. */
static const char *const texts[STATEMENT_COUNT] = {
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVE_ONE] = "SAVEPOINT one",
    [KEEP_ONE] = "RELEASE one",
    [UNDO_ONE] = "ROLLBACK TO one",
    [LOGIN] = "SELECT c.value, a.disabled, a.reason, a.mark, a.role FROM credential c"
              " JOIN account a ON a.domain = c.domain AND a.username = c.username"
              " WHERE c.domain = ? AND c.username = ?"
              " AND (c.scheme = ? OR (? = '' AND c.scheme LIKE 'SCRAM-%'))"
              " ORDER BY c.scheme = 'SCRAM-SHA-256' DESC, c.scheme DESC LIMIT 1",
    [ACCOUNT] = ACCOUNT_COLUMNS
    " FROM (SELECT * FROM account WHERE domain = ? AND username = ?)" ACCOUNT_JOIN,
    [ACCOUNTS] = ACCOUNT_COLUMNS " FROM (SELECT * FROM account WHERE domain = ? AND username >= ?"
                                 " AND username < ? ORDER BY username LIMIT ?)" ACCOUNT_JOIN,
    [META] = "SELECT value FROM meta WHERE name = ?",
    [ADD_ACCOUNT] = "INSERT INTO account (domain, username, created_s, password_s, disabled,"
                    " reason, mark) VALUES (?, ?, ?, ?, 0, '', ?)",
    [ADD_CREDENTIAL] = "INSERT INTO credential (domain, username, scheme, value)"
                       " VALUES (?, ?, ?, ?)",
    [ADD_CREDENTIAL_BY_MARK] = "INSERT INTO credential (domain, username, scheme, value)"
                               " SELECT domain, username, ?, ? FROM account"
                               " WHERE domain = ? AND username = ? AND mark = ? AND disabled = 0",
    [SET_PASSWORD_TIME] = "UPDATE account SET password_s = ? WHERE domain = ? AND username = ?",
    [SET_MARK] = "UPDATE account SET mark = ? WHERE domain = ? AND username = ?",
    [SET_DISABLED] = "UPDATE account SET disabled = ?, reason = ?"
                     " WHERE domain = ? AND username = ?",
    [SET_ROLE] = "UPDATE account SET role = ? WHERE domain = ? AND username = ?",
    [DROP_CREDENTIALS] = "DELETE FROM credential WHERE domain = ? AND username = ?",
    [DROP_ACCOUNT] = "DELETE FROM account WHERE domain = ? AND username = ?",
    [DROP_SCHEME] = "DELETE FROM credential WHERE scheme = ?",
    [ADD_META] = "INSERT INTO meta (name, value) VALUES (?, ?)",
    [TOKENS] = TOKENS_OF TOKENS_ORDER,
    [TOKENS_OF_CLIENT] = TOKENS_OF " AND t.client_id = ?" TOKENS_ORDER,
    [ADD_TOKEN] = "INSERT INTO token (domain, username, client_id, slot, id, mechanism, count,"
                  " issued_s, expires_s, used_s, software, device)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DROP_TOKENS] = "DELETE FROM token WHERE domain = ? AND username = ?",
    [SET_TOKEN] = "UPDATE token SET id = ?, mechanism = ?, count = ?, issued_s = ?,"
                  " expires_s = ?, used_s = ?, software = ?, device = ?"
                  " WHERE domain = ? AND username = ? AND client_id = ? AND slot = ?",
    [DROP_TOKEN] = "DELETE FROM token"
                   " WHERE domain = ? AND username = ? AND client_id = ? AND slot = ?",
    [DROP_CLIENT] = "DELETE FROM token WHERE domain = ? AND username = ? AND client_id = ?",
    [DROP_EXPIRED] = "DELETE FROM token WHERE domain = ? AND username = ? AND expires_s <= ?",
    [OLDEST_CLIENT] = "SELECT client_id FROM token"
                      " WHERE domain = ? AND username = ? AND client_id <> ?"
                      " GROUP BY client_id ORDER BY MAX(used_s) DESC, client_id"
                      " LIMIT 1 OFFSET ?",
    [SESSIONS] = "SELECT s.username, s.id, s.resource, s.client_id, s.since_ms, s.left_ms,"
                 " s.resume_s, s.acked, s.written, s.handled, s.available, s.priority,"
                 " s.presence, s.directed, s.standing FROM session s"
                 " JOIN account a ON a.domain = s.domain AND a.username = s.username"
                 " WHERE a.disabled = 0 AND s.domain = ? AND s.id > ? ORDER BY s.id LIMIT ?",
    [STANZAS] = "SELECT since_ms, tag, xml FROM session_stanza WHERE session_id = ?"
                " ORDER BY number",
    [ADD_SESSION] = "INSERT INTO session (domain, username, id, resource, client_id, presence,"
                    " directed, since_ms, left_ms, resume_s, acked, written, handled, available,"
                    " priority, standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ADD_STANZA] = "INSERT INTO session_stanza (session_id, xml, number, since_ms, tag)"
                   " VALUES (?, ?, ?, ?, ?)",
    [CLEAR_SESSIONS] = "DELETE FROM session",
    [CLEAR_STANZAS] = "DELETE FROM session_stanza",
    [ADD_AUDIT] = "INSERT INTO audit (id, time_s, actor, address, action, object, detail)"
                  " SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?, ?, ?, ? FROM audit",
    [AUDIT_ENDS] = "SELECT (SELECT MIN(id) FROM audit), (SELECT MAX(id) FROM audit)",
    [DROP_AUDIT] = "DELETE FROM audit WHERE id <= ?",
    [AUDIT_PAGES] = AUDIT_PAGE("", "id"),
    [AUDIT_PAGES + 1] = AUDIT_PAGE(AUDIT_ACTION, "+id"),
    [AUDIT_PAGES + 2] = AUDIT_PAGE("actor = ? AND ", "id"),
    [AUDIT_PAGES + 3] = AUDIT_PAGE("actor = ? AND " AUDIT_OTHER_ACTION, "id"),
    [AUDIT_PAGES + 4] = AUDIT_PAGE("object = ? AND ", "id"),
    [AUDIT_PAGES + 5] = AUDIT_PAGE("object = ? AND " AUDIT_OTHER_ACTION, "id"),
    [AUDIT_PAGES + 6] = AUDIT_PAGE("object = ? AND +actor = ? AND ", "id"),
    [AUDIT_PAGES + 7] = AUDIT_PAGE("object = ? AND +actor = ? AND " AUDIT_OTHER_ACTION, "id"),
    [SETTINGS] = "SELECT name, value FROM setting ORDER BY name LIMIT ?",
    [SETTING] = "SELECT value FROM setting WHERE name = ?",
    [DROP_SETTING] = "DELETE FROM setting WHERE name = ?",
    [ADD_SETTING] = "INSERT INTO setting (name, value) VALUES (?, ?)",
    [SETTING_CHANGES] = "SELECT id, time_s, actor, address, name, old_value IS NULL, old_value,"
                        " new_value IS NULL, new_value FROM setting_change"
                        " WHERE (? = '' OR name = ?) AND id < ? ORDER BY id DESC LIMIT ?",
    [ADD_SETTING_CHANGE] = "INSERT INTO setting_change (id, actor, address, name, old_value,"
                           " new_value, time_s) SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?,"
                           " (SELECT value FROM setting WHERE name = ?),"
                           " CASE ? WHEN 1 THEN ? END, ? FROM setting_change",
    [DROP_OLD_CHANGES] = "DELETE FROM setting_change"
                         " WHERE id <= (SELECT MAX(id) FROM setting_change) - ?",
    [BLOCKS] = "SELECT network, since_s, until_s, reason, actor FROM block ORDER BY network",
    [BLOCK_COUNT] = "SELECT COUNT(*) FROM block",
    [ADD_BLOCK] = "INSERT INTO block (network, reason, actor, since_s, until_s)"
                  " VALUES (?, ?, ?, ?, ?)",
    [DROP_BLOCK] = "DELETE FROM block WHERE network = ?",
    [DROP_EXPIRED_BLOCKS] = "DELETE FROM block WHERE until_s <> 0 AND until_s <= ?",
    [WEAK_LOGINS] = "SELECT username, mechanism, last_s, software FROM weak_login"
                    " WHERE domain = ? ORDER BY last_s DESC, username, mechanism LIMIT ?",
    [ADD_WEAK_LOGIN] = "INSERT INTO weak_login (domain, username, mechanism, software, last_s)"
                       " SELECT domain, username, ?, ?, ? FROM account"
                       " WHERE domain = ? AND username = ?",
    [DROP_WEAK_LOGIN] = "DELETE FROM weak_login"
                        " WHERE domain = ? AND username = ? AND mechanism = ?",
    [DROP_WEAK_LOGINS] = "DELETE FROM weak_login WHERE domain = ? AND username = ?",
};

struct store_sql *store_sql_of(struct store *s)
{
    return CONTAINER_OF(s, struct store_sql, base);
}

enum store_result store_sql_result(enum sql_result r)
{
    switch (r) {
    case SQL_DONE:
    case SQL_ROW:
        return STORE_OK;
    case SQL_BUSY:
        return STORE_BUSY;
    case SQL_NO_MEMORY:
        return STORE_NO_MEMORY;
    case SQL_CONSTRAINT:
    case SQL_FAILED:
        break;
    }
    return STORE_FAILED;
}

void store_sql_explain(struct store_fault *fault, const char *text)
{
    if (fault)
        snprintf(fault->text, sizeof fault->text, "%s", text);
}

/* --- connections --- */

static void connection_free(struct connection *c)
{
    if (!c)
        return;
    const struct sql_driver *d = c->db->driver;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        d->finalize(c->statements[i]);
    d->close(c->db);
    free(c);
}

static enum store_result connection_new(const struct store_sql *s, bool writer,
                                        struct connection **ret, struct store_fault *fault)
{
    char reason[SQL_REASON_BYTES] = "";
    *ret = NULL;
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        return STORE_NO_MEMORY;
    enum sql_result r = s->driver->open(s->where, writer, &c->db, reason);
    if (r != SQL_DONE) {
        free(c);
        store_sql_explain(fault, reason);
        return store_sql_result(r);
    }
    *ret = c;
    return STORE_OK;
}

enum store_result store_sql_take(struct store_sql *s, struct connection **ret,
                                 struct store_fault *fault)
{
    pthread_mutex_lock(&s->idle_lock);
    struct connection *c = s->idle;
    if (c)
        s->idle = c->next;
    pthread_mutex_unlock(&s->idle_lock);
    *ret = c;
    return c ? STORE_OK : connection_new(s, false, ret, fault);
}

/* Gives a reader back; one that failed is closed, so that the next read begins anew. */
void store_sql_give(struct store_sql *s, struct connection *c, enum store_result result)
{
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        connection_free(c);
        return;
    }
    pthread_mutex_lock(&s->idle_lock);
    c->next = s->idle;
    s->idle = c;
    pthread_mutex_unlock(&s->idle_lock);
}

enum store_result store_sql_read(struct store *base,
                                 enum sql_result (*read)(struct connection *c, void *ctx),
                                 void *ctx, struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    result = store_sql_result(read(c, ctx));
    if (result >= STORE_BUSY)
        store_sql_explain(fault, s->driver->reason(c->db));
    store_sql_give(s, c, result);
    return result;
}

enum sql_result store_sql_statement(struct connection *c, enum statement which,
                                    struct sql_stmt **ret)
{
    const struct sql_driver *d = c->db->driver;
    enum sql_result r = SQL_DONE;
    if (!c->statements[which])
        r = d->prepare(c->db, which == BEGIN_WRITE ? d->begin_write : texts[which],
                       &c->statements[which]);
    *ret = c->statements[which];
    return r;
}

/* Runs a statement whose parameters are all text. The caller resets it when this gives a row. */
enum sql_result store_sql_run(struct connection *c, enum statement which, const struct str *values,
                              int count, struct sql_stmt **ret)
{
    const struct sql_driver *d = c->db->driver;
    enum sql_result r = store_sql_statement(c, which, ret);
    if (r != SQL_DONE)
        return r;
    for (int i = 0; i < count; i++)
        d->bind_text(*ret, i + 1, values[i]);
    r = d->step(*ret);
    if (r != SQL_ROW)
        d->reset(*ret);
    return r;
}

/* --- reading --- */

struct str store_sql_keep(const struct sql_driver *d, struct sql_stmt *stmt, int column,
                          struct arena *a)
{
    struct str text = d->column_text(stmt, column);
    const char *bytes = arena_dup(a, text);
    return bytes ? str_of(bytes, text.len) : STR_LIT("");
}

/* A number that a later version may have written gives no rights here. */
static enum store_role role_of(int64_t number)
{
    bool known = number == STORE_ROLE_READ_ONLY || number == STORE_ROLE_FULL;
    return known ? (enum store_role)number : STORE_ROLE_NONE;
}

static enum sql_result read_login(struct connection *c, const struct str values[4],
                                  struct store_login *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, LOGIN, values, 4, &stmt);
    if (r != SQL_ROW)
        return r;
    snprintf(ret->value, sizeof ret->value, "%s", d->column_text(stmt, 0).ptr);
    ret->disabled = d->column_int(stmt, 1) != 0;
    snprintf(ret->reason, sizeof ret->reason, "%s", d->column_text(stmt, 2).ptr);
    ret->mark = d->column_int(stmt, 3);
    ret->role = role_of(d->column_int(stmt, 4));
    d->reset(stmt);
    return SQL_ROW;
}

/* What a read of one row gave. */
enum store_result store_sql_found(struct connection *c, enum sql_result r,
                                  struct store_fault *fault)
{
    if (r == SQL_DONE)
        return STORE_NOT_FOUND;
    if (r != SQL_ROW)
        store_sql_explain(fault, c->db->driver->reason(c->db));
    return store_sql_result(r);
}

static enum store_result sql_login(struct store *base, struct str domain, struct str user,
                                   struct str scheme, struct store_login *ret,
                                   struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    const struct str values[] = {domain, user, scheme, scheme};
    result = store_sql_found(c, read_login(c, values, ret), fault);
    store_sql_give(s, c, result);
    return result;
}

/* Reads the rows of one account, which follow each other, from the current row on. */
static struct store_account read_account(const struct sql_driver *d, struct sql_stmt *stmt,
                                         struct arena *a, enum sql_result *r)
{
    struct store_account account = {
        .user = arena_dup(a, d->column_text(stmt, 0)),
        .created_s = d->column_int(stmt, 1),
        .password_s = d->column_int(stmt, 2),
        .disabled = d->column_int(stmt, 3) != 0,
        .reason = arena_dup(a, d->column_text(stmt, 4)),
        .role = role_of(d->column_int(stmt, 5)),
    };
    struct buf schemes = {0};
    while (*r == SQL_ROW && account.user && str_is(d->column_text(stmt, 0), account.user)) {
        buf_cstr(&schemes, buf_len(&schemes) > 0 ? " " : "");
        buf_str(&schemes, d->column_text(stmt, 6));
        *r = d->step(stmt);
    }
    account.schemes = arena_dup(a, buf_peek(&schemes));
    a->failed = a->failed || schemes.failed;
    buf_finish(&schemes);
    return account;
}

static enum store_result sql_account(struct store *base, struct str domain, struct str user,
                                     struct arena *a, struct store_account *ret,
                                     struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    const struct str values[] = {domain, user};
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, ACCOUNT, values, 2, &stmt);
    result = store_sql_found(c, r, fault);
    if (r == SQL_ROW) {
        *ret = read_account(s->driver, stmt, a, &r);
        if (r != SQL_DONE || a->failed)
            result = a->failed ? STORE_NO_MEMORY : store_sql_found(c, r, fault);
        s->driver->reset(stmt);
    }
    store_sql_give(s, c, result);
    return result;
}

/* The names that begin with `prefix` and come after `after`, as one range of the index: they are
 * not less than *ret_from, and less than *ret_end. No name comes between `after` and the same with
 * U+0001, and none holds U+10FFFF, whose UTF-8 is the last there is. */
static bool page_range(struct str prefix, struct str after, struct arena *a, struct str *ret_from,
                       struct str *ret_end)
{
    size_t shared = prefix.len < after.len ? prefix.len : after.len;
    int order = shared > 0 ? memcmp(prefix.ptr, after.ptr, shared) : 0;
    bool from_prefix = order > 0 || (order == 0 && prefix.len > after.len);
    char *from = from_prefix ? arena_dup(a, prefix)
                             : arena_printf(a, "%.*s%s", STR_ARG(after), after.len ? "\1" : "");
    char *end = arena_printf(a, "%.*s\xf4\x8f\xbf\xbf", STR_ARG(prefix));
    if (!from || !end)
        return false;
    *ret_from = str_from(from);
    *ret_end = str_from(end);
    return true;
}

static enum sql_result read_page(struct connection *c, const struct str values[3], size_t limit,
                                 struct arena *a, struct store_page *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ACCOUNTS, &stmt);
    if (r != SQL_DONE)
        return r;
    for (int i = 0; i < 3; i++)
        d->bind_text(stmt, i + 1, values[i]);
    d->bind_int(stmt, 4, (int64_t)limit + 1); /* one more tells whether there is more */
    r = d->step(stmt);
    while (r == SQL_ROW && ret->count < limit && !a->failed)
        ret->accounts[ret->count++] = read_account(d, stmt, a, &r);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

static enum store_result sql_accounts(struct store *base, struct str domain, struct str prefix,
                                      struct str after, size_t limit, struct arena *a,
                                      struct store_page *ret, struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    struct str values[3] = {domain};
    *ret = (struct store_page){.accounts = arena_alloc(a, limit * sizeof *ret->accounts)};
    if (!page_range(prefix, after, a, &values[1], &values[2]) || a->failed)
        return STORE_NO_MEMORY;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    enum sql_result r = read_page(c, values, limit, a, ret);
    result = store_sql_result(r);
    if (r != SQL_DONE)
        store_sql_explain(fault, s->driver->reason(c->db));
    store_sql_give(s, c, result);
    return result;
}

static enum store_result sql_meta(struct store *base, struct str key, struct buf *out,
                                  struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    enum store_result result = store_sql_take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, META, &key, 1, &stmt);
    result = store_sql_found(c, r, fault);
    if (r == SQL_ROW) {
        buf_str(out, s->driver->column_text(stmt, 0));
        s->driver->reset(stmt);
        if (out->failed)
            result = STORE_NO_MEMORY;
    }
    store_sql_give(s, c, result);
    return result;
}

/* --- writing --- */

enum sql_result store_sql_change(struct connection *c, enum statement which,
                                 const struct str *values, int count)
{
    struct sql_stmt *stmt;
    return store_sql_run(c, which, values, count, &stmt);
}

/* For an update of one account: a row must have been touched. */
enum store_result store_sql_touched(struct connection *c, enum sql_result r)
{
    if (r == SQL_DONE && c->db->driver->changes(c->db) == 0)
        return STORE_NOT_FOUND;
    return store_sql_result(r);
}

static enum sql_result add_credentials(struct connection *c, const struct store_write *w)
{
    enum sql_result r = SQL_DONE;
    for (size_t i = 0; r == SQL_DONE && i < w->credential_count; i++) {
        const struct str values[] = {w->domain, w->user, w->credentials[i].scheme,
                                     w->credentials[i].value};
        r = store_sql_change(c, ADD_CREDENTIAL, values, 4);
    }
    return r;
}

static enum store_result add(struct connection *c, const struct store_write *w)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_ACCOUNT, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_text(stmt, 1, w->domain);
    d->bind_text(stmt, 2, w->user);
    d->bind_int(stmt, 3, w->now_s);
    d->bind_int(stmt, 4, w->now_s);
    d->bind_int(stmt, 5, w->mark);
    r = d->step(stmt);
    d->reset(stmt);
    if (r == SQL_CONSTRAINT)
        return STORE_EXISTS;
    return r == SQL_DONE ? store_sql_result(add_credentials(c, w)) : store_sql_result(r);
}

/* An update of one number of the account. */
static enum store_result set_number(struct connection *c, enum statement which,
                                    const struct store_write *w, int64_t number)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, which, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_int(stmt, 1, number);
    d->bind_text(stmt, 2, w->domain);
    d->bind_text(stmt, 3, w->user);
    r = d->step(stmt);
    d->reset(stmt);
    return store_sql_touched(c, r);
}

/* No token is left, and no older proof of the password gets one. */
static enum store_result log_out(struct connection *c, const struct store_write *w)
{
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = store_sql_change(c, DROP_TOKENS, name, 2);
    return r == SQL_DONE ? set_number(c, SET_MARK, w, w->mark) : store_sql_result(r);
}

static enum store_result set_password(struct connection *c, const struct store_write *w)
{
    enum store_result result = set_number(c, SET_PASSWORD_TIME, w, w->now_s);
    if (result == STORE_OK)
        result = log_out(c, w);
    if (result != STORE_OK)
        return result;
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = store_sql_change(c, DROP_CREDENTIALS, name, 2);
    return store_sql_result(r == SQL_DONE ? add_credentials(c, w) : r);
}

static enum store_result upgrade_one(struct connection *c, const struct store_write *w,
                                     const struct store_credential *credential)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_CREDENTIAL_BY_MARK, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_text(stmt, 1, credential->scheme);
    d->bind_text(stmt, 2, credential->value);
    d->bind_text(stmt, 3, w->domain);
    d->bind_text(stmt, 4, w->user);
    d->bind_int(stmt, 5, w->old_mark);
    r = d->step(stmt);
    d->reset(stmt);
    return r == SQL_CONSTRAINT ? STORE_EXISTS : store_sql_touched(c, r);
}

static enum store_result upgrade(struct connection *c, const struct store_write *w)
{
    enum store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < w->credential_count; i++)
        result = upgrade_one(c, w, &w->credentials[i]);
    return result;
}

static enum store_result remove_account(struct connection *c, const struct store_write *w)
{
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = store_sql_change(c, DROP_CREDENTIALS, name, 2);
    if (r == SQL_DONE)
        r = store_sql_change(c, DROP_TOKENS, name, 2);
    if (r == SQL_DONE)
        r = store_sql_change(c, DROP_WEAK_LOGINS, name, 2);
    return r == SQL_DONE ? store_sql_touched(c, store_sql_change(c, DROP_ACCOUNT, name, 2))
                         : store_sql_result(r);
}

static enum store_result set_disabled(struct connection *c, const struct store_write *w)
{
    const struct sql_driver *d = c->db->driver;
    bool disabled = w->change == STORE_DISABLE;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SET_DISABLED, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_int(stmt, 1, disabled);
    d->bind_text(stmt, 2, disabled ? w->reason : STR_LIT(""));
    d->bind_text(stmt, 3, w->domain);
    d->bind_text(stmt, 4, w->user);
    r = d->step(stmt);
    d->reset(stmt);
    enum store_result result = store_sql_touched(c, r);
    return result == STORE_OK && disabled ? log_out(c, w) : result;
}

static enum store_result new_meta(struct connection *c, const struct store_write *w)
{
    const struct str values[] = {w->key, w->value};
    enum sql_result r = store_sql_change(c, ADD_META, values, 2);
    return r == SQL_CONSTRAINT ? STORE_EXISTS : store_sql_result(r);
}

static enum store_result apply_change(struct connection *c, const struct store_write *w)
{
    switch (w->change) {
    case STORE_ADD:
        return add(c, w);
    case STORE_PASSWORD:
        return set_password(c, w);
    case STORE_UPGRADE:
        return upgrade(c, w);
    case STORE_REMOVE:
        return remove_account(c, w);
    case STORE_DISABLE:
    case STORE_ENABLE:
        return set_disabled(c, w);
    case STORE_ROLE:
        return set_number(c, SET_ROLE, w, w->role);
    case STORE_PURGE:
        return store_sql_result(store_sql_change(c, DROP_SCHEME, &w->scheme, 1));
    case STORE_META_NEW:
        return new_meta(c, w);
    case STORE_TOKEN:
        return store_sql_token_change(c, w);
    case STORE_TOKENS_DROP:
        return store_sql_tokens_drop(c, w);
    case STORE_LOGOUT:
        return log_out(c, w);
    case STORE_SESSION:
        return store_sql_session_add(c, w);
    case STORE_SESSIONS_CLEAR:
        return store_sql_sessions_clear(c);
    case STORE_AUDIT:
        return STORE_OK;
    case STORE_SETTING:
        return store_sql_setting_change(c, w);
    case STORE_BLOCK:
        return store_sql_block(c, w);
    case STORE_UNBLOCK:
        return store_sql_unblock(c, w);
    case STORE_WEAK_LOGIN:
        return store_sql_weak_login(c, w);
    }
    return STORE_FAILED;
}

static enum store_result apply(struct connection *c, const struct store_write *w)
{
    enum store_result result = apply_change(c, w);
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
        connection_free(c);
    }
    connection_free(s->writer); /* last, so that its close checkpoints the log */
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->idle_lock);
    free(s->where);
    free(s);
}

static const struct store_ops store_sql_ops = {
    .name = "sql",
    .login = sql_login,
    .account = sql_account,
    .accounts = sql_accounts,
    .tokens = store_sql_tokens,
    .sessions = store_sql_sessions,
    .audit = store_sql_audit,
    .blocks = store_sql_blocks,
    .weak_logins = store_sql_weak_logins,
    .meta = sql_meta,
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
        s->where ? connection_new(s, true, &s->writer, fault) : STORE_NO_MEMORY;
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
