/*
 * base64.h - RFC 4648 §4, strict as RFC 6120 §13.9.1 asks: no white space, padding only at the
 * end and complete, unused bits zero. Pure; any thread.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the encoding of `in`. */
void base64_encode(struct buf *out, struct str in);

/* Appends the decoding of `in`; returns false, appending nothing, when `in` is not strict base64.
 * Check out->failed for memory. */
bool base64_decode(struct buf *out, struct str in) MUST_USE;

#endif
