/*
 * error.h - filling a struct linnet_error from the catalogue (error.c). Pure; any thread.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/base.h"

#include <linnet/error.h>

/* Fills `error` (which may be NULL) from the row of `code`. The rest are name, value pairs of C
 * strings, ended by NULL: they replace the {name} places of the sentence. Values are cut to fit,
 * on a character boundary, and control characters become '?'. Returns `code`.
 * `error->stage` keeps what it held, so that the owner of a login sets it once. */
enum linnet_error_code error_set(struct linnet_error *error, enum linnet_error_code code,
                                 enum linnet_origin origin, ...) LINNET_SENTINEL;

/* Adds what the peer said: a condition and free text, either of which may be NULL. */
void error_set_peer(struct linnet_error *error, const char *condition, struct str text);

/* Copies UTF-8 `text` into `out`, printable and cut on a character boundary. */
void error_copy_text(char *out, size_t out_size, struct str text);

#endif
