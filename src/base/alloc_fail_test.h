/*
 * alloc_fail_test.h - makes the n-th allocation of a test fail, once. For tests that are linked
 * with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc; included by one file of each.
 */
#ifndef BASE_ALLOC_FAIL_TEST_H
#define BASE_ALLOC_FAIL_TEST_H

#include "base/base.h"

/* Allocations left before one fails; negative for none. */
static long alloc_fail_after = -1;
static bool alloc_failed;

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);

static bool alloc_fails_now(void)
{
    if (alloc_fail_after < 0 || alloc_fail_after-- > 0)
        return false;
    alloc_failed = true;
    return true;
}

void *__wrap_malloc(size_t len)
{
    return alloc_fails_now() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return alloc_fails_now() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *ptr, size_t len)
{
    return alloc_fails_now() ? NULL : __real_realloc(ptr, len);
}

/* Runs `scenario` with its first allocation failing, then its second, until it makes no more. It
 * must fail whenever an allocation did, and succeed in the end. Returns how many were failed, or -1
 * when the scenario did not behave. */
static inline int alloc_fail_sweep(bool (*scenario)(void *ctx), void *ctx)
{
    for (int n = 0;; n++) {
        alloc_fail_after = n;
        alloc_failed = false;
        bool ok = scenario(ctx);
        alloc_fail_after = -1;
        if (ok == alloc_failed)
            return -1;
        if (!alloc_failed)
            return n;
    }
}

#endif
