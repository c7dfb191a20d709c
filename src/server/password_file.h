/*
 * password_file.h - a password that an operator left in a file for the server. Blocks; at the start
 * only.
 */
#ifndef SERVER_PASSWORD_FILE_H
#define SERVER_PASSWORD_FILE_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the first line to `out`, a secret buf. LINNET_ERROR_SETTINGS when the file is not there,
 * not a regular one, not the server's own (or root's), or others may use it. */
enum linnet_error_code password_file_read(const char *path, struct buf *out,
                                          struct linnet_error *error) MUST_USE;

#endif
