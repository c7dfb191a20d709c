/* Connections: readers that wait for the next read, statements, and what became of them. */
#include "server/store/store_sql_private.h"

#include <stdio.h>
#include <stdlib.h>

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

enum store_result store_sql_found(struct connection *c, enum sql_result r,
                                  struct store_fault *fault)
{
    if (r == SQL_DONE)
        return STORE_NOT_FOUND;
    if (r != SQL_ROW)
        store_sql_explain(fault, c->db->driver->reason(c->db));
    return store_sql_result(r);
}

enum store_result store_sql_touched(struct connection *c, enum sql_result r)
{
    if (r == SQL_DONE && c->db->driver->changes(c->db) == 0)
        return STORE_NOT_FOUND;
    return store_sql_result(r);
}

/* --- connections --- */

void store_sql_connection_free(struct connection *c)
{
    if (!c)
        return;
    const struct sql_driver *d = c->db->driver;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        d->finalize(c->statements[i]);
    d->close(c->db);
    free(c);
}

enum store_result store_sql_connection_new(const struct store_sql *s, bool writer,
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

static enum store_result take(struct store_sql *s, struct connection **ret,
                              struct store_fault *fault)
{
    pthread_mutex_lock(&s->idle_lock);
    struct connection *c = s->idle;
    if (c)
        s->idle = c->next;
    pthread_mutex_unlock(&s->idle_lock);
    *ret = c;
    return c ? STORE_OK : store_sql_connection_new(s, false, ret, fault);
}

/* Gives a reader back; one that failed is closed, so that the next read begins anew. */
static void give(struct store_sql *s, struct connection *c, enum store_result result)
{
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        store_sql_connection_free(c);
        return;
    }
    pthread_mutex_lock(&s->idle_lock);
    c->next = s->idle;
    s->idle = c;
    pthread_mutex_unlock(&s->idle_lock);
}

/* What a read of any number of rows gave. */
static enum store_result read_whole(struct connection *c, enum sql_result r,
                                    struct store_fault *fault)
{
    enum store_result result = store_sql_result(r);
    if (result >= STORE_BUSY)
        store_sql_explain(fault, c->db->driver->reason(c->db));
    return result;
}

static enum store_result read_as(
    struct store *base, enum sql_result (*read)(struct connection *c, void *ctx), void *ctx,
    enum store_result (*what)(struct connection *c, enum sql_result r, struct store_fault *fault),
    struct store_fault *fault)
{
    struct store_sql *s = store_sql_of(base);
    struct connection *c;
    enum store_result result = take(s, &c, fault);
    if (result != STORE_OK)
        return result;
    result = what(c, read(c, ctx), fault);
    give(s, c, result);
    return result;
}

enum store_result store_sql_read(struct store *base,
                                 enum sql_result (*read)(struct connection *c, void *ctx),
                                 void *ctx, struct store_fault *fault)
{
    return read_as(base, read, ctx, read_whole, fault);
}

enum store_result store_sql_read_row(struct store *base,
                                     enum sql_result (*read)(struct connection *c, void *ctx),
                                     void *ctx, struct store_fault *fault)
{
    return read_as(base, read, ctx, store_sql_found, fault);
}

/* --- statements --- */

enum sql_result store_sql_statement(struct connection *c, enum statement which,
                                    struct sql_stmt **ret)
{
    const struct sql_driver *d = c->db->driver;
    enum sql_result r = SQL_DONE;
    if (!c->statements[which])
        r = d->prepare(c->db, which == BEGIN_WRITE ? d->begin_write : store_sql_texts[which],
                       &c->statements[which]);
    *ret = c->statements[which];
    return r;
}

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

enum sql_result store_sql_change(struct connection *c, enum statement which,
                                 const struct str *values, int count)
{
    struct sql_stmt *stmt;
    return store_sql_run(c, which, values, count, &stmt);
}

enum sql_result store_sql_change_by(struct connection *c, enum statement which, int64_t value)
{
    const struct sql_driver *d = c->db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = store_sql_statement(c, which, &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 1, value);
    r = d->step(stmt);
    d->reset(stmt);
    return r;
}

struct str store_sql_keep(const struct sql_driver *d, struct sql_stmt *stmt, int column,
                          struct arena *a)
{
    struct str text = d->column_text(stmt, column);
    const char *bytes = arena_dup(a, text);
    return bytes ? str_of(bytes, text.len) : STR_LIT("");
}
