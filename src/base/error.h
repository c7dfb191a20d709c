/*
 * error.h - filling a struct linnet_error from the catalogue (error_catalogue.c). Pure; any thread.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/base.h"

#include <linnet/error.h>

/* Fills `error` (which may be NULL) from the row of `code`. The rest are name, value pairs of C
 * strings, ended by NULL: they replace the {name} places of the sentence. A NULL or empty value is
 * a missing one. Values are made printable; when they do not all fit, the longest are cut, on a
 * character boundary. Returns `code`. `error->stage` keeps what it held, so that the owner of a
 * login sets it once. */
enum linnet_error_code error_set(struct linnet_error *error, enum linnet_error_code code,
                                 enum linnet_origin origin, ...) LINNET_SENTINEL;

/* Adds what the peer said: a condition and free text, either of which may be NULL. */
void error_set_peer(struct linnet_error *error, const char *condition, struct str text);

/* Copies `text` into `out`, cut on a character boundary, with an ellipsis where it was cut. White
 * space becomes a space; what is not UTF-8, is a control or steers the direction of text (and could
 * so disguise a sentence) becomes '?'. */
void error_copy_text(char *out, size_t out_size, struct str text);

/* Renders a sentence of the catalogue, or a translation of it, from the `params` of an error:
 *   {name}      the value of a parameter, nothing when it is missing
 *   [a|b|c]     the first alternative whose parameters are all there; nothing when none is
 * A full stop is left out where the value before it already ends its sentence. */
void error_render(const char *sentence, const char *params, char *out, size_t out_size);

#endif
