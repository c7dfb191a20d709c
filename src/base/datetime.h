/*
 * datetime.h - the DateTime profile of XEP-0082, "2026-11-27T03:08:01Z", to and from Unix time.
 * Pure; any thread. Leap seconds are not told apart from the second that follows.
 */
#ifndef BASE_DATETIME_H
#define BASE_DATETIME_H

#include "base/base.h"

enum { DATETIME_BYTES = 24 };

/* In UTC. Years outside of 0001 to 9999 become the nearest second inside. */
void datetime_format(int64_t unix_s, char out[DATETIME_BYTES]);

/* Strict, but for a fraction of a second, which is dropped. False when it is no DateTime. */
bool datetime_parse(struct str text, int64_t *ret_unix_s) MUST_USE;

#endif
