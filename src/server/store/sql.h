/*
 * sql.h - what the store needs of a database, as a table of functions: one driver per engine.
 * Bound parameters only; no value is ever written into a statement's text.
 *
 * A struct sql is one connection and a struct sql_stmt one statement of it; both are used by one
 * thread at a time, and every call may block.
 */
#ifndef SERVER_STORE_SQL_H
#define SERVER_STORE_SQL_H

#include "base/base.h"

enum sql_result {
    SQL_DONE = 0,
    SQL_ROW,        /* a row: columns may be read */
    SQL_CONSTRAINT, /* a primary key is taken, a foreign one missing */
    SQL_BUSY,       /* another process held a lock for longer than we wait */
    SQL_FAILED,
    SQL_NO_MEMORY
};

enum { SQL_REASON_BYTES = 200 };

struct sql_driver;
struct sql_stmt;

struct sql {
    const struct sql_driver *driver;
};

struct sql_driver {
    const char *name;
    const char *begin_write; /* begins a transaction that holds the write lock from the start */
    const char *begin_read;

    /* Opens the database at `where`; a writer makes it when it is missing. */
    enum sql_result (*open)(const char *where, bool writer, struct sql **ret,
                            char reason[SQL_REASON_BYTES]);
    void (*close)(struct sql *db); /* NULL is fine */

    /* Runs one or more statements without parameters. */
    enum sql_result (*exec)(struct sql *db, const char *text);

    enum sql_result (*prepare)(struct sql *db, const char *text, struct sql_stmt **ret);
    void (*finalize)(struct sql_stmt *stmt); /* NULL is fine */

    /* Parameters count from 1, or have the number N of their ?N, and are borrowed until reset. A
     * failed bind shows at the step. */
    void (*bind_text)(struct sql_stmt *stmt, int index, struct str value);
    void (*bind_int)(struct sql_stmt *stmt, int index, int64_t value);
    enum sql_result (*step)(struct sql_stmt *stmt);
    /* Columns count from 0; text is NUL-terminated, borrowed until the next step or reset. */
    struct str (*column_text)(struct sql_stmt *stmt, int index);
    int64_t (*column_int)(struct sql_stmt *stmt, int index);
    void (*reset)(struct sql_stmt *stmt); /* ready to be bound anew */

    int64_t (*changes)(struct sql *db);          /* rows touched by the last step */
    const char *(*reason)(const struct sql *db); /* of the last failure; borrowed */
};

extern const struct sql_driver sql_sqlite;

#endif
