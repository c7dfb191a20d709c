/* Who may change anything in the console, and whether an account is the last that may. */
#include "server/store/store_sql_private.h"

struct whose {
    struct str domain, user;
};

static enum sql_result find_last(struct connection *c, void *ctx)
{
    const struct whose *whose = ctx;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, LAST_ADMIN, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, whose->domain);
    d->bind_text(stmt, 2, whose->user);
    d->bind_int(stmt, 3, STORE_ROLE_FULL);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

enum store_result store_sql_last_admin(struct store *base, struct str domain, struct str user,
                                       struct store_fault *fault)
{
    struct whose whose = {domain, user};
    return store_sql_read_row(base, find_last, &whose, fault);
}

enum store_result store_sql_note_last_admin(struct connection *c, struct store_write *w)
{
    struct whose whose = {w->domain, w->user};
    w->last_admin = false;
    if (!store_takes_admin(w))
        return STORE_OK;
    enum sql_result r = find_last(c, &whose);
    w->last_admin = r == SQL_ROW;
    return r == SQL_ROW ? STORE_OK : store_sql_result(r);
}

enum store_result store_sql_may_change(struct connection *c, const struct store_write *w)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    if (!w->by.user.ptr)
        return STORE_OK;
    enum sql_result r = store_sql_statement(c, MAY_CHANGE, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_text(stmt, 1, w->by.domain);
    d->bind_text(stmt, 2, w->by.user);
    d->bind_int(stmt, 3, STORE_ROLE_FULL);
    d->bind_int(stmt, 4, w->by.mark);
    r = d->step(stmt);
    d->reset(stmt);
    if (r == SQL_ROW)
        return STORE_OK;
    return r == SQL_DONE ? STORE_DENIED : store_sql_result(r);
}
