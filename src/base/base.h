/*
 * base.h - the few words every file uses: attributes, and a borrowed run of bytes.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A borrowed run of bytes, not terminated. {NULL, 0} is "absent"; {"", 0} is "empty". */
struct str {
    const char *ptr;
    size_t len;
};

#define STR_NONE ((struct str){NULL, 0})
#define STR_LIT(s) ((struct str){(s), sizeof(s) - 1})
/* For "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_from(const char *s)
{
    return s ? (struct str){s, strlen(s)} : STR_NONE;
}

static inline struct str str_of(const void *ptr, size_t len)
{
    return (struct str){(const char *)ptr, len};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *b)
{
    return a.ptr && strlen(b) == a.len && memcmp(a.ptr, b, a.len) == 0;
}

/* Two C strings, either of which may be NULL; NULL equals only NULL. */
static inline bool cstr_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Randomness is passed in: system entropy in programs (net/entropy), a seeded stream in tests.
 * `fill` cannot fail: a system without entropy ends the program. */
struct random_source {
    void (*fill)(void *ctx, void *out, size_t len);
    void *ctx;
};

static inline void random_fill(const struct random_source *r, void *out, size_t len)
{
    r->fill(r->ctx, out, len);
}

#endif
