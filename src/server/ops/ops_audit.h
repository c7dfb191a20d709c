/*
 * ops_audit.h - the audit trail: what was done, by whom and to what.
 *
 * A change that ops make themselves carries its row with it: both are on disk, or neither
 * (ops_request_write of ops_private.h). What changes no row of the store is told with ops_audit.
 * A row that is on disk is passed to ops_config.audited, on the loop of the port.
 */
#ifndef SERVER_OPS_OPS_AUDIT_H
#define SERVER_OPS_OPS_AUDIT_H

#include "server/ops/ops_request.h"

enum {
    OPS_AUDIT_PAGE_MAX = 1000,
    OPS_AUDIT_ACTION_BYTES = 64, /* of arrays, with the NUL */
    OPS_AUDIT_ADDRESS_BYTES = 64,
    OPS_AUDIT_WHO_BYTES = 3072, /* of actors and objects: the longest address */
    OPS_AUDIT_DETAIL_BYTES = 512
};

/* Copied. What is too long is cut; what cannot be printed is replaced. No secrets. */
struct ops_audit_entry {
    struct ops_actor actor;
    const char *action; /* "session.closed": OBJECT.WHAT_BECAME_OF_IT */
    struct str object;  /* "bob@example.org/phone"; STR_NONE for the server itself: "server" */
    struct str detail;  /* or STR_NONE */
};

/* Makes a row, for a write that carries it; its texts live in `a`. */
void ops_audit_row(struct arena *a, const struct ops_audit_entry *entry, struct store_audit *ret);

/* Writes a row, without an answer: that it could not be written is logged. Never blocks. On the
 * port's thread. */
void ops_audit(struct ops_port *port, const struct ops_audit_entry *entry);

/* audit (with limit from 1 to OPS_AUDIT_PAGE_MAX): a page of rows, the newest first. Refuses only
 * with OPS_TEMPORARY. */
enum ops_result ops_audit_list(struct ops_port *port, const struct ops_ask *ask,
                               struct ops_request **ret) MUST_USE;

/* Rows that are kept, from the next one on (setting audit.keep). Any thread. */
void ops_audit_keep(struct ops *ops, int64_t rows);

#endif
