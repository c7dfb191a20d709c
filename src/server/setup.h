/*
 * setup.h - what the first start has to remember: whether a first administrator is wanted, and the
 * key of the link that lets whoever started the server make one. Of the key only its SHA-256 is
 * kept, in memory: it is void after use and after a restart. One thread; times are passed in.
 */
#ifndef SERVER_SETUP_H
#define SERVER_SETUP_H

#include "base/base.h"
#include "base/hash.h"

enum {
    SETUP_KEY_BYTES = 41, /* of arrays, with the NUL: 160 bits in hexadecimal */
    SETUP_WRONG_MAX = 10, /* keys that are told so, and logged, in SETUP_WINDOW_MS */
    SETUP_WINDOW_MS = 60 * 1000
};

struct setup {
    bool needed;
    bool busy;       /* an administrator is being made */
    bool has_domain; /* it is given, and the server runs; else the set-up names it */
    uint8_t digest[HASH_MAX_BYTES];
    unsigned wrong; /* keys, since then: */
    uint64_t since_ms;
};

enum setup_verdict { SETUP_RIGHT, SETUP_WRONG, SETUP_TOO_MANY };

/* From now on it is needed. The caller wipes the key. False when a hash cannot be made. */
bool setup_begin(struct setup *s, const struct random_source *random,
                 char ret_key[SETUP_KEY_BYTES]) MUST_USE;

/* In time that depends on the length of `key` only. The right key is always taken: nobody guesses
 * 160 bits, and who guesses must not keep the owner out. SETUP_TOO_MANY is said of wrong ones, with
 * *ret_wait_ms until one is SETUP_WRONG again. */
enum setup_verdict setup_try(struct setup *s, struct str key, uint64_t now_ms,
                             uint64_t *ret_wait_ms) MUST_USE;

/* There is an administrator: the key opens nothing any more. */
void setup_end(struct setup *s);

#endif
