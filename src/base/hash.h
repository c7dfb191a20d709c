/*
 * hash.h - digests, HMAC and PBKDF2 for login, over OpenSSL's block functions. Pure; any thread;
 * allocates nothing and leaves no secret on the stack. A false return means that OpenSSL refused.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

enum hash_alg { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512 };
enum { HASH_MAX_BYTES = 64 };

size_t hash_size(enum hash_alg alg);

/* Digest of the concatenation of `count` parts into hash_size(alg) bytes. */
bool hash_digest(enum hash_alg alg, const struct str *parts, size_t count, uint8_t *out) MUST_USE;

/* HMAC (RFC 2104) over the concatenation of `count` parts. */
bool hash_hmac(enum hash_alg alg, struct str key, const struct str *parts, size_t count,
               uint8_t *out) MUST_USE;

/* PBKDF2-HMAC (RFC 8018 §5.2) with one block of output: Hi() of RFC 5802 §2.2.
 * Blocks for as long as `iterations` (not 0) take, about 1 ms for 10,000 of SHA-256 with the SHA
 * instructions: call it on a worker. */
bool hash_pbkdf2(enum hash_alg alg, struct str password, struct str salt, unsigned iterations,
                 uint8_t *out) MUST_USE;

/* Lower-case hexadecimal of `in` into 2*in.len+1 bytes, NUL-terminated. */
void hash_hex(struct str in, char *out);

#endif
