/*
 * saslprep.h - SASLprep (RFC 4013), the profile of stringprep (RFC 3454) that gives one form to
 * user names and passwords. Always as a "stored string": a code point that Unicode 3.2 left
 * unassigned is refused, since a later Unicode may prepare it to something else. Pure; any thread.
 *
 * NFKC and the bidi classes come from utf8proc, which knows a later Unicode; where that differs
 * from Unicode 3.2 there is a row in a table here. The test compares every code point with libidn.
 */
#ifndef SASL_SASLPREP_H
#define SASL_SASLPREP_H

#include "base/buf.h"

/* Input and output are at most this long. */
enum { SASLPREP_MAX_BYTES = 1023 };

/* Appends the prepared form of `in` (possibly nothing: that is for the caller to refuse). Returns
 * false, appending nothing, when it has none: not UTF-8, too long, or a forbidden character.
 * Check out->failed for memory. */
bool saslprep(struct str in, struct buf *out) MUST_USE;

/* Whether `s` is UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool saslprep_is_utf8(struct str s) MUST_USE;

/* ---- saslprep_table.c ---- */

struct saslprep_range {
    int32_t first, last;
};

/* Whether `point` is in one of `count` ranges in ascending order. */
bool saslprep_in(const struct saslprep_range *table, size_t count, int32_t point);

/* RFC 3454 A.1. */
bool saslprep_unassigned(int32_t point);

#endif
