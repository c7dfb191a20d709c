/*
 * store_sql.h - the store over any driver of sql.h. One connection writes, under a lock; readers
 * have connections of their own, as many as there are threads that read at once.
 */
#ifndef SERVER_STORE_STORE_SQL_H
#define SERVER_STORE_STORE_SQL_H

#include "server/store/sql.h"
#include "server/store/store.h"

/* Opens the database at `where` and brings it to the newest schema. */
enum store_result store_sql_open(const struct sql_driver *driver, const char *where,
                                 struct store **ret, struct store_fault *fault) MUST_USE;

#endif
