/*
 * migrations.h - the schema's history: numbered files in migrations/, forward only, embedded in
 * the binary (embed.py). A database that is behind is brought forward in one transaction; one that
 * is ahead was made by a newer server and is refused.
 */
#ifndef SERVER_STORE_MIGRATIONS_H
#define SERVER_STORE_MIGRATIONS_H

#include "server/store/sql.h"

struct migration {
    unsigned number; /* from 1, without gaps */
    const char *name;
    const char *text;
};

extern const struct migration migrations[];
extern const unsigned migration_count;

/* Brings `db` from whatever version it has to `target` (migration_count, but for tests). */
enum sql_result migrations_run(struct sql *db, unsigned target,
                               char reason[SQL_REASON_BYTES]) MUST_USE;

#endif
