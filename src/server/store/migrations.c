#include "server/store/migrations.h"

#include <stdio.h>

static enum sql_result read_version(struct sql *db, int64_t *ret)
{
    const struct sql_driver *d = db->driver;
    struct sql_stmt *stmt;
    enum sql_result r = d->prepare(db, "SELECT COALESCE(MAX(number), 0) FROM migration", &stmt);
    if (r != SQL_DONE)
        return r;
    r = d->step(stmt);
    if (r == SQL_ROW) {
        *ret = d->column_int(stmt, 0);
        r = SQL_DONE;
    } else if (r == SQL_DONE) {
        r = SQL_FAILED;
    }
    d->finalize(stmt);
    return r;
}

static enum sql_result apply(struct sql *db, const struct migration *m)
{
    const struct sql_driver *d = db->driver;
    enum sql_result r = d->exec(db, m->text);
    struct sql_stmt *stmt = NULL;
    if (r == SQL_DONE)
        r = d->prepare(db, "INSERT INTO migration (number, name) VALUES (?, ?)", &stmt);
    if (r != SQL_DONE)
        return r;
    d->bind_int(stmt, 1, m->number);
    d->bind_text(stmt, 2, str_from(m->name));
    r = d->step(stmt);
    d->finalize(stmt);
    return r;
}

static enum sql_result forward(struct sql *db, unsigned target, char *reason)
{
    int64_t version = 0;
    enum sql_result r = db->driver->exec(db, "CREATE TABLE IF NOT EXISTS migration ("
                                             "number INTEGER NOT NULL PRIMARY KEY,"
                                             "name VARCHAR(63) NOT NULL)");
    if (r == SQL_DONE)
        r = read_version(db, &version);
    if (r == SQL_DONE && version > (int64_t)migration_count) {
        snprintf(reason, SQL_REASON_BYTES,
                 "the database has schema %lld, and this server knows %u: run the newer "
                 "linnetd that made it, or put back a copy from before",
                 (long long)version, migration_count);
        return SQL_FAILED;
    }
    for (unsigned i = (unsigned)version; r == SQL_DONE && i < target; i++)
        r = apply(db, &migrations[i]);
    return r;
}

enum sql_result migrations_run(struct sql *db, unsigned target, char reason[SQL_REASON_BYTES])
{
    reason[0] = '\0';
    enum sql_result r = db->driver->exec(db, db->driver->begin_write);
    if (r == SQL_DONE) {
        r = forward(db, target, reason);
        if (r == SQL_DONE)
            r = db->driver->exec(db, "COMMIT");
        if (r != SQL_DONE) {
            if (!reason[0])
                snprintf(reason, SQL_REASON_BYTES, "%s", db->driver->reason(db));
            if (db->driver->exec(db, "ROLLBACK") != SQL_DONE)
                return SQL_FAILED;
        }
    } else {
        snprintf(reason, SQL_REASON_BYTES, "%s", db->driver->reason(db));
    }
    return r;
}
