/*
 * ops_tokens.h - FAST tokens (XEP-0484): read for a login, used and issued by it, listed, revoked.
 * Requests as in ops_request.h.
 *
 * The store holds ids, never a token. A token's text is
 *
 *     base64url(HMAC-SHA-256(key, "fast" NUL domain NUL user NUL client NUL mechanism NUL id))
 *
 * with a key that is in a file of its own (ops_token_key.h): who steals the database cannot sign
 * in. With ops_config.token_life_s = 0 no token is issued and none is valid.
 */
#ifndef SERVER_OPS_OPS_TOKENS_H
#define SERVER_OPS_OPS_TOKENS_H

#include "server/ops/ops_request.h"

/* For a login: address is the SASL user name; token.client, token.mechanism. Answers with those
 * tokens of the client that may be used with the mechanism now, the new one first; and disabled
 * and reason as ops_login does. Accounts and clients that do not exist, or cannot, take the same
 * way and the same time: `tokens` then holds made-up ones, to be compared like the others.
 * Refuses only with OPS_TEMPORARY. */
enum ops_result ops_token_login(struct ops_port *port, const struct ops_ask *ask,
                                struct ops_request **ret) MUST_USE;

/* When a login is about to succeed that used a token or asks for one: address; token, but for
 * `mechanism`. In one transaction it
 *   - refuses (`accepted` is false) unless the used token is still there, its count is lower than
 *     `count`, and the account enabled; or, without a used token, unless the account has the mark
 *     that was read with its password;
 *   - makes a new token that was used the current one, and deletes the older;
 *   - deletes both with `invalidate`;
 *   - issues one when asked, or unasked when the used one has less than a quarter of its life left.
 * It is on disk when the answer comes. OPS_NOT_FOUND is an answer when the account has gone.
 * Refuses with OPS_BAD_NAME, OPS_BAD_CLIENT and OPS_TEMPORARY. */
enum ops_result ops_token_commit(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret) MUST_USE;

/* The rest has *ret_why as in ops_accounts.h; OPS_BAD_CLIENT has a sentence too. */

/* address: the tokens of all clients, expired ones left out. */
enum ops_result ops_token_list(struct ops_port *port, const struct ops_ask *ask,
                               struct ops_request **ret, const char **ret_why) MUST_USE;
/* address, token.client (STR_NONE: of all clients). Sessions go on. OPS_NO_TOKEN when that client
 * has none. */
enum ops_result ops_token_revoke(struct ops_port *port, const struct ops_ask *ask,
                                 struct ops_request **ret, const char **ret_why) MUST_USE;
/* address: revokes all tokens, and sessions end (OPS_LOGGED_OUT). */
enum ops_result ops_logout(struct ops_port *port, const struct ops_ask *ask,
                           struct ops_request **ret, const char **ret_why) MUST_USE;

#endif
