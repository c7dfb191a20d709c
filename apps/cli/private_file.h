/*
 * private_file.h - a file of secrets: read only if nobody else can, replaced as a whole or not at
 * all. One thread.
 */
#ifndef CLI_PRIVATE_FILE_H
#define CLI_PRIVATE_FILE_H

#include <stddef.h>

/* Reads `path`, at most `size` bytes, into `out`; a file that is not there is one of nothing. NULL,
 * or why it cannot be used. */
const char *private_file_read(const char *path, char *out, size_t size, size_t *ret_len);

/* Writes `text` aside, under the name `aside`, and puts that in the place of `path`; on disk when
 * it returns. 0, or errno: then `path` is as it was, or is replaced but perhaps not on disk. */
int private_file_replace(const char *path, const char *aside, const char *text, size_t len);

#endif
