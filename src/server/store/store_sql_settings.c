/* Stored settings in SQL, and the history of their changes. */
#include "server/store/store_sql_private.h"

/* --- reading --- */

static struct str copy(const struct sql_driver *d, struct sql_stmt *stmt, int column,
                       struct arena *a)
{
    struct str text = d->column_text(stmt, column);
    const char *bytes = arena_dup(a, text);
    return bytes ? str_of(bytes, text.len) : STR_NONE;
}

static enum sql_result read_settings(struct connection *c, struct arena *a,
                                     struct store_settings *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SETTINGS, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 1, STORE_SETTINGS_MAX);
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < STORE_SETTINGS_MAX && !a->failed)
        ret->settings[ret->count++] =
            (struct store_setting){copy(d, stmt, 0, a), copy(d, stmt, 1, a)};
    d->reset(stmt);
    return a->failed ? SQL_NO_MEMORY : r;
}

/* What a whole read gave; gives the connection back. */
static enum store_result end_read(struct store_sql *s, struct connection *c, enum sql_result r,
                                  struct store_fault *fault)
{
    enum store_result result = store_sql_result(r);
    if (result >= STORE_BUSY)
        store_sql_explain(fault, s->driver->reason(c->db));
    store_sql_give(s, c, result);
    return result;
}

enum store_result store_sql_settings(struct store *base, struct arena *a,
                                     struct store_settings *ret, struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    *ret = (struct store_settings){arena_alloc(a, STORE_SETTINGS_MAX * sizeof *ret->settings), 0};
    if (a->failed)
        return STORE_NO_MEMORY;
    enum store_result result = store_sql_take(s, &c, fault);
    return result == STORE_OK ? end_read(s, c, read_settings(c, a, ret), fault) : result;
}

static struct store_setting_change read_change(const struct sql_driver *d, struct sql_stmt *stmt,
                                               struct arena *a)
{
    return (struct store_setting_change){
        .id = d->column_int(stmt, 0),
        .time_s = d->column_int(stmt, 1),
        .actor = copy(d, stmt, 2, a),
        .address = copy(d, stmt, 3, a),
        .name = copy(d, stmt, 4, a),
        .old_value = d->column_int(stmt, 5) ? STR_NONE : copy(d, stmt, 6, a),
        .new_value = d->column_int(stmt, 7) ? STR_NONE : copy(d, stmt, 8, a),
    };
}

static enum sql_result read_changes(struct connection *c, const struct store_setting_query *query,
                                    struct arena *a, struct store_setting_changes *ret)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SETTING_CHANGES, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, query->name);
    d->bind_text(stmt, 2, query->name);
    d->bind_int(stmt, 3, query->before > 0 ? query->before : INT64_MAX);
    d->bind_int(stmt, 4, (int64_t)query->limit + 1); /* one more tells whether there is more */
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < query->limit && !a->failed)
        ret->changes[ret->count++] = read_change(d, stmt, a);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_setting_changes(struct store *base,
                                            const struct store_setting_query *query,
                                            struct arena *a, struct store_setting_changes *ret,
                                            struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    *ret = (struct store_setting_changes){.changes =
                                              arena_alloc(a, query->limit * sizeof *ret->changes)};
    if (a->failed)
        return STORE_NO_MEMORY;
    enum store_result result = store_sql_take(s, &c, fault);
    return result == STORE_OK ? end_read(s, c, read_changes(c, query, a, ret), fault) : result;
}

/* --- writing --- */

/* Whether it is set, and to `value`. */
static enum sql_result look(struct connection *c, struct str name, struct str value, bool *ret_set,
                            bool *ret_same)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    *ret_set = *ret_same = false;
    enum sql_result r = store_sql_run(c, SETTING, &name, 1, &stmt);
    if (r != SQL_ROW)
        return r;
    *ret_set = true;
    *ret_same = value.ptr && str_eq(d->column_text(stmt, 0), value);
    d->reset(stmt);
    return SQL_DONE;
}

/* The row of the history, while the old value is still there. */
static enum sql_result note(struct connection *c, const struct store_write *w)
{
    const struct store_setting_change *change = w->setting;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, ADD_SETTING_CHANGE, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, change->actor);
    d->bind_text(stmt, 2, change->address);
    d->bind_text(stmt, 3, change->name);
    d->bind_text(stmt, 4, change->name);
    d->bind_int(stmt, 5, change->new_value.ptr != NULL);
    d->bind_text(stmt, 6, change->new_value);
    d->bind_int(stmt, 7, w->now_s);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

static enum sql_result drop_old(struct connection *c)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, DROP_OLD_CHANGES, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 1, STORE_SETTING_CHANGES);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

enum store_result store_sql_setting_change(struct connection *c, const struct store_write *w)
{
    const struct store_setting_change *change = w->setting;
    const struct str values[] = {change->name, change->new_value};
    bool set, same;
    enum sql_result r = look(c, change->name, change->new_value, &set, &same);
    if (r == SQL_DONE && !set && !change->new_value.ptr)
        return STORE_NOT_FOUND;
    if (r == SQL_DONE && same)
        return STORE_EXISTS;
    if (r == SQL_DONE)
        r = note(c, w);
    if (r == SQL_DONE)
        r = store_sql_change(c, DROP_SETTING, values, 1);
    if (r == SQL_DONE && change->new_value.ptr)
        r = store_sql_change(c, ADD_SETTING, values, 2);
    return store_sql_result(r == SQL_DONE ? drop_old(c) : r);
}
