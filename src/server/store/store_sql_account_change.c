/* Accounts in SQL, as they are changed: within the writer's transaction. */
#include "server/store/store_sql_private.h"

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

enum store_result store_sql_account_add(struct connection *c, const struct store_write *w)
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
enum store_result store_sql_log_out(struct connection *c, const struct store_write *w)
{
    const struct str name[] = {w->domain, w->user};
    enum sql_result r = store_sql_change(c, DROP_TOKENS, name, 2);
    return r == SQL_DONE ? set_number(c, SET_MARK, w, w->mark) : store_sql_result(r);
}

enum store_result store_sql_set_password(struct connection *c, const struct store_write *w)
{
    enum store_result result = set_number(c, SET_PASSWORD_TIME, w, w->now_s);
    if (result == STORE_OK)
        result = store_sql_log_out(c, w);
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

enum store_result store_sql_upgrade(struct connection *c, const struct store_write *w)
{
    enum store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < w->credential_count; i++)
        result = upgrade_one(c, w, &w->credentials[i]);
    return result;
}

enum store_result store_sql_account_remove(struct connection *c, const struct store_write *w)
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

enum store_result store_sql_set_disabled(struct connection *c, const struct store_write *w)
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
    return result == STORE_OK && disabled ? store_sql_log_out(c, w) : result;
}

enum store_result store_sql_set_role(struct connection *c, const struct store_write *w)
{
    return set_number(c, SET_ROLE, w, w->role);
}

enum store_result store_sql_purge(struct connection *c, const struct store_write *w)
{
    return store_sql_result(store_sql_change(c, DROP_SCHEME, &w->scheme, 1));
}

enum store_result store_sql_set_up(struct connection *c, const struct store_write *w)
{
    const struct str domain[] = {STR_LIT(STORE_META_DOMAIN), w->domain};
    enum store_result result = store_sql_account_add(c, w);
    if (result == STORE_OK)
        result = store_sql_set_role(c, w);
    if (result != STORE_OK)
        return result;
    enum sql_result r = store_sql_change(c, ADD_META, domain, 2);
    return r == SQL_CONSTRAINT ? STORE_OK : store_sql_result(r);
}
