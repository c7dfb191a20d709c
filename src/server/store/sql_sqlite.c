/* SQLite as a driver: write-ahead log, every commit on disk before it is believed. */
#include "server/store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct sqlite {
    struct sql base;
    sqlite3 *handle;
};

struct sql_stmt {
    sqlite3_stmt *handle;
    int fault; /* of the first bind that failed */
};

/* synchronous=FULL: with NORMAL a power cut loses commits that were acknowledged.
 * secure_delete: the keys of removed accounts do not stay in free pages. */
static const char pragmas_writer[] = "PRAGMA journal_mode=WAL;"
                                     "PRAGMA synchronous=FULL;"
                                     "PRAGMA secure_delete=ON;"
                                     "PRAGMA foreign_keys=ON;"
                                     "PRAGMA trusted_schema=OFF;";
static const char pragmas_reader[] = "PRAGMA query_only=ON;"
                                     "PRAGMA trusted_schema=OFF;";

enum { BUSY_TIMEOUT_MS = 5000 };

static struct sqlite *sqlite_of(struct sql *db)
{
    return CONTAINER_OF(db, struct sqlite, base);
}

static enum sql_result result_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return SQL_DONE;
    case SQLITE_ROW:
        return SQL_ROW;
    case SQLITE_CONSTRAINT:
        return SQL_CONSTRAINT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SQL_BUSY;
    case SQLITE_NOMEM:
        return SQL_NO_MEMORY;
    default:
        return SQL_FAILED;
    }
}

static void sqlite_close(struct sql *db)
{
    if (!db)
        return;
    sqlite3_close_v2(sqlite_of(db)->handle);
    free(sqlite_of(db));
}

/* SQLite would make the file with the umask's mode; its -wal and -shm copy the mode it has. */
static bool make_private(const char *path, char *reason)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fchmod(fd, 0600) < 0) {
        snprintf(reason, SQL_REASON_BYTES, "%s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    return true;
}

static enum sql_result sqlite_open(const char *where, bool writer, struct sql **ret, char *reason)
{
    *ret = NULL;
    if (writer && !make_private(where, reason))
        return SQL_FAILED;
    struct sqlite *s = calloc(1, sizeof *s);
    if (!s)
        return SQL_NO_MEMORY;
    s->base.driver = &sql_sqlite;
    /* A connection is used by one thread at a time: its owner sees to that. */
    int rc = sqlite3_open_v2(where, &s->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(s->handle, 1);
        sqlite3_busy_timeout(s->handle, BUSY_TIMEOUT_MS);
        rc = sqlite3_exec(s->handle, writer ? pragmas_writer : pragmas_reader, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        snprintf(reason, SQL_REASON_BYTES, "%s",
                 s->handle ? sqlite3_errmsg(s->handle) : sqlite3_errstr(rc));
        sqlite_close(&s->base);
        return result_of(rc);
    }
    *ret = &s->base;
    return SQL_DONE;
}

static enum sql_result sqlite_exec(struct sql *db, const char *text)
{
    return result_of(sqlite3_exec(sqlite_of(db)->handle, text, NULL, NULL, NULL));
}

static enum sql_result sqlite_prepare(struct sql *db, const char *text, struct sql_stmt **ret)
{
    *ret = NULL;
    struct sql_stmt *stmt = calloc(1, sizeof *stmt);
    if (!stmt)
        return SQL_NO_MEMORY;
    int rc = sqlite3_prepare_v3(sqlite_of(db)->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                &stmt->handle, NULL);
    if (rc != SQLITE_OK) {
        free(stmt);
        return result_of(rc);
    }
    *ret = stmt;
    return SQL_DONE;
}

static void sqlite_finalize(struct sql_stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_finalize(stmt->handle);
    free(stmt);
}

static void note_bind(struct sql_stmt *stmt, int rc)
{
    if (stmt->fault == SQLITE_OK)
        stmt->fault = rc;
}

static void sqlite_bind_str(struct sql_stmt *stmt, int index, struct str value)
{
    note_bind(stmt, sqlite3_bind_text64(stmt->handle, index, value.ptr ? value.ptr : "", value.len,
                                        SQLITE_STATIC, SQLITE_UTF8));
}

static void sqlite_bind_number(struct sql_stmt *stmt, int index, int64_t value)
{
    note_bind(stmt, sqlite3_bind_int64(stmt->handle, index, value));
}

static enum sql_result sqlite_step(struct sql_stmt *stmt)
{
    if (stmt->fault != SQLITE_OK)
        return result_of(stmt->fault);
    return result_of(sqlite3_step(stmt->handle));
}

static struct str sqlite_column_str(struct sql_stmt *stmt, int index)
{
    const void *text = sqlite3_column_text(stmt->handle, index);
    return text ? str_of(text, (size_t)sqlite3_column_bytes(stmt->handle, index)) : STR_LIT("");
}

static int64_t sqlite_column_number(struct sql_stmt *stmt, int index)
{
    return sqlite3_column_int64(stmt->handle, index);
}

static void sqlite_reset(struct sql_stmt *stmt)
{
    sqlite3_reset(stmt->handle);
    sqlite3_clear_bindings(stmt->handle);
    stmt->fault = SQLITE_OK;
}

static int64_t sqlite_changes(struct sql *db)
{
    return sqlite3_changes64(sqlite_of(db)->handle);
}

static const char *sqlite_reason(const struct sql *db)
{
    return sqlite3_errmsg(((const struct sqlite *)db)->handle);
}

const struct sql_driver sql_sqlite = {
    .name = "sqlite",
    .begin_write = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN",
    .open = sqlite_open,
    .close = sqlite_close,
    .exec = sqlite_exec,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .bind_text = sqlite_bind_str,
    .bind_int = sqlite_bind_number,
    .step = sqlite_step,
    .column_text = sqlite_column_str,
    .column_int = sqlite_column_number,
    .reset = sqlite_reset,
    .changes = sqlite_changes,
    .reason = sqlite_reason,
};
