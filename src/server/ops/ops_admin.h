/*
 * ops_admin.h - the password of an account as typed, held against the row that logins use: for
 * whoever signs in without SASL. And names, before there is an account. Requests as in
 * ops_request.h.
 */
#ifndef SERVER_OPS_OPS_ADMIN_H
#define SERVER_OPS_OPS_ADMIN_H

#include "server/ops/ops_request.h"

/* address (a localpart; a name that cannot exist takes the same way as one that does not),
 * password. The reply says whether it is `right`, and only then has disabled, reason, role and
 * mark. Whoever guesses pays one PBKDF2 and waits for one, whether there is such an account or not.
 * Refuses only with OPS_TEMPORARY. */
enum ops_result ops_password_check(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret) MUST_USE;

/* Appends the localpart of an address as it is prepared. At once; *ret_why as in ops_accounts.h. */
enum ops_result ops_name_check(struct ops_port *port, struct str address, struct buf *out,
                               const char **ret_why) MUST_USE;

#endif
