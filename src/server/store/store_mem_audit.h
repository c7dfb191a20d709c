/* store_mem_audit.h - the audit trail in memory. One thread at a time. */
#ifndef SERVER_STORE_STORE_MEM_AUDIT_H
#define SERVER_STORE_STORE_MEM_AUDIT_H

#include "server/store/store.h"

/* A zeroed struct has none. */
struct mem_audit {
    struct mem_audit_row *newest, *oldest;
    int64_t counts[STORE_AUDIT_KINDS], last_id;
};

/* A copy of what `row` borrows, before the change is made that it is about; NULL when out of
 * memory. */
struct mem_audit_row *mem_audit_row_new(const struct store_audit *row) MUST_USE;
void mem_audit_row_free(struct mem_audit_row *row); /* NULL is fine */

/* Takes the row of w->audit, tells its number, and drops what is beyond w->audit_keep of its kind
 * and may go. */
void mem_audit_take(struct mem_audit *m, const struct store_write *w, struct mem_audit_row *row);

/* False when out of memory. */
bool mem_audit_read(const struct mem_audit *m, const struct store_audit_ask *ask, struct arena *a,
                    struct store_audit_page *ret) MUST_USE;

void mem_audit_finish(struct mem_audit *m);

#endif
