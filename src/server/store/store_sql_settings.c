/* Stored settings in SQL, and the history of their changes. */
#include "server/store/store_sql_private.h"

/* --- reading --- */

struct settings_reading {
    struct arena *a;
    struct store_settings *ret;
};

static enum sql_result read_settings(struct connection *c, void *ctx)
{
    struct arena *a = ((struct settings_reading *)ctx)->a;
    struct store_settings *ret = ((struct settings_reading *)ctx)->ret;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SETTINGS, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 1, STORE_SETTINGS_MAX);
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < STORE_SETTINGS_MAX && !a->failed)
        ret->settings[ret->count++] =
            (struct store_setting){store_sql_keep(d, stmt, 0, a), store_sql_keep(d, stmt, 1, a)};
    d->reset(stmt);
    return a->failed ? SQL_NO_MEMORY : r;
}

enum store_result store_sql_settings(struct store *base, struct arena *a,
                                     struct store_settings *ret, struct store_fault *fault)
{
    struct settings_reading reading = {a, ret};
    *ret = (struct store_settings){arena_alloc(a, STORE_SETTINGS_MAX * sizeof *ret->settings), 0};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_settings, &reading, fault);
}

static struct store_setting_change read_change(const struct sql_driver *d, struct sql_stmt *stmt,
                                               struct arena *a)
{
    return (struct store_setting_change){
        .id = d->column_int(stmt, 0),
        .time_s = d->column_int(stmt, 1),
        .actor = store_sql_keep(d, stmt, 2, a),
        .address = store_sql_keep(d, stmt, 3, a),
        .name = store_sql_keep(d, stmt, 4, a),
        .old_value = d->column_int(stmt, 5) ? STR_NONE : store_sql_keep(d, stmt, 6, a),
        .new_value = d->column_int(stmt, 7) ? STR_NONE : store_sql_keep(d, stmt, 8, a),
    };
}

struct changes_reading {
    const struct store_setting_query *query;
    struct arena *a;
    struct store_setting_changes *ret;
};

static enum sql_result read_changes(struct connection *c, void *ctx)
{
    const struct changes_reading *reading = ctx;
    const struct store_setting_query *query = reading->query;
    struct store_setting_changes *ret = reading->ret;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, SETTING_CHANGES, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_text(stmt, 1, query->name);
    d->bind_text(stmt, 2, query->name);
    d->bind_int(stmt, 3, query->before > 0 ? query->before : INT64_MAX);
    d->bind_int(stmt, 4, (int64_t)query->limit + 1); /* one more tells whether there is more */
    while ((r = d->step(stmt)) == SQL_ROW && ret->count < query->limit && !reading->a->failed)
        ret->changes[ret->count++] = read_change(d, stmt, reading->a);
    ret->more = r == SQL_ROW;
    d->reset(stmt);
    if (reading->a->failed)
        return SQL_NO_MEMORY;
    return r == SQL_ROW ? SQL_DONE : r;
}

enum store_result store_sql_setting_changes(struct store *base,
                                            const struct store_setting_query *query,
                                            struct arena *a, struct store_setting_changes *ret,
                                            struct store_fault *fault)
{
    struct changes_reading reading = {query, a, ret};
    *ret = (struct store_setting_changes){.changes =
                                              arena_alloc(a, query->limit * sizeof *ret->changes)};
    return a->failed ? STORE_NO_MEMORY : store_sql_read(base, read_changes, &reading, fault);
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
    if (r == SQL_DONE)
        r = store_sql_change_by(c, DROP_OLD_CHANGES, STORE_SETTING_CHANGES);
    return store_sql_result(r);
}
