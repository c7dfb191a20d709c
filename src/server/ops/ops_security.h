/*
 * ops_security.h - networks that may not connect, and who signed in with weak mechanisms. Requests
 * as in ops_request.h.
 */
#ifndef SERVER_OPS_OPS_SECURITY_H
#define SERVER_OPS_OPS_SECURITY_H

#include "server/ops/ops_request.h"

/* `block` is copied, and given back with the reply; its network is in its one form (c2s/network.h),
 * which is all that ops_block_remove needs. Of ask actor, done and ctx are read; the change leaves
 * a row in the audit trail. Both refuse only with OPS_TEMPORARY. ops_block_add is answered with
 * OPS_NO_TOKEN when there are STORE_BLOCKS_MAX, ops_block_remove with OPS_NOT_FOUND. */
enum ops_result ops_block_add(struct ops_port *port, const struct ops_ask *ask,
                              const struct store_block *block, struct ops_request **ret) MUST_USE;
enum ops_result ops_block_remove(struct ops_port *port, const struct ops_ask *ask,
                                 const struct store_block *block,
                                 struct ops_request **ret) MUST_USE;

/* That the account (a prepared localpart) signed in just now, with `mechanism`. Nobody waits for
 * it; when it cannot be kept, the log says so, or too much else is going on. */
void ops_weak_login(struct ops_port *port, struct str user, struct str mechanism,
                    struct str software);

/* ask: limit (1 to OPS_PAGE_MAX), done, ctx. The reply has `weak`. Refuses only with
 * OPS_TEMPORARY. */
enum ops_result ops_weak_logins(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret) MUST_USE;

#endif
