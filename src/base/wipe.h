/* wipe.h - secrets leave memory here and are compared here. Pure; any thread. */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include "base/base.h"

/* Overwrites `len` bytes; the compiler may not elide it. NULL with 0 is fine. */
void wipe(void *ptr, size_t len);

/* Wipes and frees; NULL is fine. */
void wipe_free(void *ptr, size_t len);

/* Wipes and frees a C string; NULL is fine. */
void wipe_free_cstr(char *s);

/* Whether two runs of the same length are equal, in time that depends on `len` only. */
bool wipe_equal(const void *a, const void *b, size_t len) MUST_USE;

#endif
