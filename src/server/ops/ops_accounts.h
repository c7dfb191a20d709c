/*
 * ops_accounts.h - accounts: made, given passwords, listed, shown, disabled, removed; and the read
 * that a login needs. Requests as in ops_request.h.
 */
#ifndef SERVER_OPS_OPS_ACCOUNTS_H
#define SERVER_OPS_OPS_ACCOUNTS_H

#include "server/ops/ops_request.h"

/* *ret (which may be NULL) is valid until `done`. *ret_why is a static sentence for OPS_BAD_NAME
 * and OPS_BAD_PASSWORD, else "". */
enum ops_result ops_account_add(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret, const char **ret_why) MUST_USE;
/* The same for the first administrator; role. The store keeps the domain with it, in the same
 * transaction, unless it has one. */
enum ops_result ops_set_up(struct ops_port *port, const struct ops_ask *ask,
                           struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, password: replaces every credential. */
enum ops_result ops_account_passwd(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, mark, credential: adds a row that the client of a login helped to (XEP-0480), unless the
 * password has changed since, or the account was disabled or logged out: OPS_NOT_FOUND. OPS_EXISTS
 * when it has a row of that scheme. */
enum ops_result ops_account_upgrade(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_remove(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, reason */
enum ops_result ops_account_disable(struct ops_port *port, const struct ops_ask *ask,
                                    struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_enable(struct ops_port *port, const struct ops_ask *ask,
                                   struct ops_request **ret, const char **ret_why) MUST_USE;
/* address */
enum ops_result ops_account_show(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, role */
enum ops_result ops_account_role(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;
/* prefix, after, limit. OPS_BAD_NAME when no name can begin so. */
enum ops_result ops_account_list(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;

/* For a login: address is the SASL user name (sasl_want.username), scheme that of the want ("" for
 * any SCRAM row). A name that cannot exist takes the same way as one that does not: OPS_NOT_FOUND
 * comes as an answer. Refuses only with OPS_TEMPORARY. */
enum ops_result ops_login(struct ops_port *port, const struct ops_ask *ask,
                          struct ops_request **ret) MUST_USE;

#endif
