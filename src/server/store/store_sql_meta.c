/* What the server itself keeps, by name, in SQL. */
#include "server/store/store_sql_private.h"

struct reading {
    struct str key;
    struct buf *out;
};

static enum sql_result read_meta(struct connection *c, void *ctx)
{
    const struct reading *reading = ctx;
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_run(c, META, &reading->key, 1, &stmt);
    if (r != SQL_ROW)
        return r;
    buf_str(reading->out, d->column_text(stmt, 0));
    d->reset(stmt);
    return reading->out->failed ? SQL_NO_MEMORY : SQL_ROW;
}

enum store_result store_sql_meta(struct store *base, struct str key, struct buf *out,
                                 struct store_fault *fault)
{
    struct reading reading = {key, out};
    return store_sql_read_row(base, read_meta, &reading, fault);
}

enum store_result store_sql_meta_new(struct connection *c, const struct store_write *w)
{
    const struct str values[] = {w->key, w->value};
    enum sql_result r = store_sql_change(c, ADD_META, values, 2);
    return r == SQL_CONSTRAINT ? STORE_EXISTS : store_sql_result(r);
}
