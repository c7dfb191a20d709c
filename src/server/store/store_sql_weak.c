/* Who last signed in with a weak mechanism, in SQL. */
#include "server/store/store_sql_private.h"

static struct store_weak_login read_login(const struct sql_driver *d, struct sql_stmt *stmt,
                                          struct arena *a)
{
    return (struct store_weak_login){
        .user = store_sql_keep(d, stmt, 0, a),
        .mechanism = store_sql_keep(d, stmt, 1, a),
        .last_s = d->column_int(stmt, 2),
        .software = store_sql_keep(d, stmt, 3, a),
    };
}

struct reading {
    struct str domain;
    size_t limit;
    struct arena *a;
    struct store_weak_logins *ret;
};

static enum sql_result read_all(struct connection *c, void *ctx)
{
    const struct reading *reading = ctx;
    struct store_weak_logins *ret = reading->ret;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, WEAK_LOGINS, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, reading->domain);
    d->bind_int(stmt, 2, (int64_t)reading->limit + 1); /* one more tells whether there is more */
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < reading->limit)
        ret->logins[ret->count++] = read_login(d, stmt, reading->a);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (reading->a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_weak_logins(struct store *base, struct str domain, size_t limit,
                                        struct arena *a, struct store_weak_logins *ret,
                                        struct store_fault *fault)
{
    struct reading reading = {domain, limit, a, ret};
    *ret = (struct store_weak_logins){.logins = arena_alloc(a, limit * sizeof *ret->logins)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_all, &reading, fault);
}

/* --- writing --- */

/* No row of an account that is not there, or is not there any more. */
static enum store_result add(struct connection *c, const struct store_write *w)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_WEAK_LOGIN, &stmt);
    if (r != SQL_DONE)
        return store_sql_result(r);
    d->bind_text(stmt, 1, w->mechanism);
    d->bind_text(stmt, 2, w->software);
    d->bind_int(stmt, 3, w->now_s);
    d->bind_text(stmt, 4, w->domain);
    d->bind_text(stmt, 5, w->user);
    r = d->step(stmt);
    d->reset(stmt);
    return store_sql_touched(c, r);
}

enum store_result store_sql_weak_login(struct connection *c, const struct store_write *w)
{
    const struct str row[] = {w->domain, w->user, w->mechanism};
    enum sql_result r = store_sql_change(c, DROP_WEAK_LOGIN, row, 3);
    return r == SQL_DONE ? add(c, w) : store_sql_result(r);
}
