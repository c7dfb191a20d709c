/* The provider interface of OpenSSL 3 costs about a microsecond of fetching and locking for each
 * HMAC, as much as the hashing itself. These are the same block functions without it. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/hash.h"

#include "base/wipe.h"

#include <endian.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

enum { BLOCK_MAX_BYTES = 128 };

/* A hash in progress. Each begins with its chaining words: what a block function changes, and all
 * that is needed to go on from a block boundary. */
union state {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
    uint32_t words32[8];
    uint64_t words64[8];
};

_Static_assert(offsetof(MD5_CTX, A) == 0 && offsetof(SHA_CTX, h0) == 0 &&
                   offsetof(SHA256_CTX, h) == 0 && offsetof(SHA512_CTX, h) == 0,
               "chaining words come first");

static const struct {
    uint8_t size, block, chain; /* bytes of digest, input block and chaining words */
} sizes[] = {
    [HASH_MD5] = {16, 64, 16},
    [HASH_SHA1] = {20, 64, 20},
    [HASH_SHA256] = {32, 64, 32},
    [HASH_SHA512] = {64, 128, 64},
};

size_t hash_size(enum hash_alg alg)
{
    return sizes[alg].size;
}

static bool begin(enum hash_alg alg, union state *s)
{
    switch (alg) {
    case HASH_MD5:
        return MD5_Init(&s->md5) == 1;
    case HASH_SHA1:
        return SHA1_Init(&s->sha1) == 1;
    case HASH_SHA256:
        return SHA256_Init(&s->sha256) == 1;
    case HASH_SHA512:
        return SHA512_Init(&s->sha512) == 1;
    }
    return false;
}

static bool update(enum hash_alg alg, union state *s, const void *data, size_t len)
{
    if (len == 0)
        return true;
    switch (alg) {
    case HASH_MD5:
        return MD5_Update(&s->md5, data, len) == 1;
    case HASH_SHA1:
        return SHA1_Update(&s->sha1, data, len) == 1;
    case HASH_SHA256:
        return SHA256_Update(&s->sha256, data, len) == 1;
    case HASH_SHA512:
        return SHA512_Update(&s->sha512, data, len) == 1;
    }
    return false;
}

static bool end(enum hash_alg alg, union state *s, uint8_t *out)
{
    switch (alg) {
    case HASH_MD5:
        return MD5_Final(out, &s->md5) == 1;
    case HASH_SHA1:
        return SHA1_Final(out, &s->sha1) == 1;
    case HASH_SHA256:
        return SHA256_Final(out, &s->sha256) == 1;
    case HASH_SHA512:
        return SHA512_Final(out, &s->sha512) == 1;
    }
    return false;
}

static bool update_parts(enum hash_alg alg, union state *s, const struct str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!update(alg, s, parts[i].ptr, parts[i].len))
            return false;
    }
    return true;
}

bool hash_digest(enum hash_alg alg, const struct str *parts, size_t count, uint8_t *out)
{
    union state s;
    bool ok = begin(alg, &s) && update_parts(alg, &s, parts, count) && end(alg, &s, out);
    wipe(&s, sizeof s);
    return ok;
}

/* ---- HMAC (RFC 2104): the hash after one block of key, inside and outside ---- */

struct hmac {
    union state inner, outer;
};

static bool hmac_keyed(enum hash_alg alg, const uint8_t *key, uint8_t pad, union state *s)
{
    uint8_t block[BLOCK_MAX_BYTES];
    for (size_t i = 0; i < sizes[alg].block; i++)
        block[i] = key[i] ^ pad;
    bool ok = begin(alg, s) && update(alg, s, block, sizes[alg].block);
    wipe(block, sizeof block);
    return ok;
}

static bool hmac_init(enum hash_alg alg, struct str key, struct hmac *h)
{
    uint8_t padded[BLOCK_MAX_BYTES] = {0};
    bool ok = true;
    if (key.len > sizes[alg].block)
        ok = hash_digest(alg, &key, 1, padded);
    else if (key.len > 0)
        memcpy(padded, key.ptr, key.len);
    ok = ok && hmac_keyed(alg, padded, 0x36, &h->inner) && hmac_keyed(alg, padded, 0x5c, &h->outer);
    wipe(padded, sizeof padded);
    return ok;
}

/* `h` is left as hmac_init made it. */
static bool hmac_of(enum hash_alg alg, const struct hmac *h, const struct str *parts, size_t count,
                    uint8_t *out)
{
    uint8_t digest[HASH_MAX_BYTES];
    union state s = h->inner;
    bool ok = update_parts(alg, &s, parts, count) && end(alg, &s, digest);
    s = h->outer;
    ok = ok && update(alg, &s, digest, sizes[alg].size) && end(alg, &s, out);
    wipe(&s, sizeof s);
    wipe(digest, sizeof digest);
    return ok;
}

bool hash_hmac(enum hash_alg alg, struct str key, const struct str *parts, size_t count,
               uint8_t *out)
{
    struct hmac h;
    bool ok = hmac_init(alg, key, &h) && hmac_of(alg, &h, parts, count, out);
    wipe(&h, sizeof h);
    return ok;
}

/* ---- PBKDF2: from the second iteration on, HMAC of a digest is two calls of the block function,
 * since a digest with its padding fills one block exactly ---- */

static void compress(enum hash_alg alg, union state *s, const uint8_t *block)
{
    switch (alg) {
    case HASH_MD5:
        MD5_Transform(&s->md5, block);
        break;
    case HASH_SHA1:
        SHA1_Transform(&s->sha1, block);
        break;
    case HASH_SHA256:
        SHA256_Transform(&s->sha256, block);
        break;
    case HASH_SHA512:
        SHA512_Transform(&s->sha512, block);
        break;
    }
}

/* The chaining words as a digest: big-endian, but little-endian for MD5. */
static void store(enum hash_alg alg, const union state *s, uint8_t *out)
{
    if (alg == HASH_SHA512) {
        for (size_t i = 0; i < 8; i++) {
            uint64_t word = htobe64(s->words64[i]);
            memcpy(out + 8 * i, &word, sizeof word);
        }
        return;
    }
    for (size_t i = 0; i < sizes[alg].chain / 4u; i++) {
        uint32_t word = alg == HASH_MD5 ? htole32(s->words32[i]) : htobe32(s->words32[i]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

/* A block that holds a digest after one block of key, padded (RFC 6234 §4): 0x80, zeros, and the
 * length of all in bits, which is below 2^16. */
static void pad_block(enum hash_alg alg, uint8_t block[BLOCK_MAX_BYTES])
{
    size_t bits = 8 * (size_t)(sizes[alg].block + sizes[alg].size);
    size_t last = alg == HASH_MD5 ? (size_t)sizes[alg].block - 8 : (size_t)sizes[alg].block - 1;
    block[sizes[alg].size] = 0x80;
    block[last] = (uint8_t)bits;
    block[alg == HASH_MD5 ? last + 1 : last - 1] = (uint8_t)(bits >> 8);
}

/* out = U1 ^ U2 ^ ... (RFC 8018 §5.2), where `out` holds U1. */
static void iterate(enum hash_alg alg, const struct hmac *h, unsigned iterations, uint8_t *out)
{
    uint8_t block[BLOCK_MAX_BYTES] = {0};
    union state s = h->inner;
    size_t size = sizes[alg].size, chain = sizes[alg].chain;
    pad_block(alg, block);
    memcpy(block, out, size);
    for (unsigned i = 1; i < iterations; i++) {
        memcpy(&s, &h->inner, chain);
        compress(alg, &s, block);
        store(alg, &s, block);
        memcpy(&s, &h->outer, chain);
        compress(alg, &s, block);
        store(alg, &s, block);
        for (size_t k = 0; k < size; k++)
            out[k] ^= block[k];
    }
    wipe(&s, sizeof s);
    wipe(block, sizeof block);
}

bool hash_pbkdf2(enum hash_alg alg, struct str password, struct str salt, unsigned iterations,
                 uint8_t *out)
{
    static const char first_block[4] = {0, 0, 0, 1};
    struct str parts[] = {salt, {first_block, sizeof first_block}};
    struct hmac h;
    bool ok = iterations > 0 && hmac_init(alg, password, &h) && hmac_of(alg, &h, parts, 2, out);
    if (ok)
        iterate(alg, &h, iterations, out);
    wipe(&h, sizeof h);
    return ok;
}

void hash_hex(struct str in, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        *out++ = digits[(uint8_t)in.ptr[i] >> 4];
        *out++ = digits[(uint8_t)in.ptr[i] & 15];
    }
    *out = '\0';
}
