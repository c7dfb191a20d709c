/*
 * ops_token_key.h - the key from which FAST tokens are derived: 32 random bytes in a file of their
 * own, made when missing. Blocks; at the start only. Who loses the file invalidates all tokens, and
 * clients sign in with their passwords again.
 */
#ifndef SERVER_OPS_OPS_TOKEN_KEY_H
#define SERVER_OPS_OPS_TOKEN_KEY_H

#include "base/error.h"

enum { OPS_TOKEN_KEY_BYTES = 32 };

/* Reads the file at `path`, which must be private (0600) and the server's own, or makes it; it is
 * durable then. Fails with LINNET_ERROR_SETTINGS. */
enum linnet_error_code ops_token_key_load(const char *path, uint8_t ret[OPS_TOKEN_KEY_BYTES],
                                          struct linnet_error *error) MUST_USE;

#endif
