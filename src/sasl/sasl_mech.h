/*
 * sasl_mech.h - for the authors of mechanisms: the frame (sasl.c) around both halves of one. Not
 * for callers, who use sasl.h.
 *
 * Why no half can succeed without proof. The functions of a mechanism return an enum sasl_next,
 * which has no word for success: at most a half says that it has no more to say or to hear. The
 * frame alone writes SASL_DONE, in two places, and both ask `peer_proved`:
 *
 *     server   a half that ends is SASL_DONE if the client proved itself, else not-authorized
 *     client   sasl_conclude, called for the peer's <success/>, is SASL_DONE if the half has ended
 *              and, for a mechanism with SASL_MECH_PROVES_SERVER, the server proved itself
 *
 * And `peer_proved` is written in one place: sasl_prove, which compares two secrets in constant
 * time and stores the result. So a client that is told "success" too early, without the proof, or
 * with a wrong one, has nothing that could say DONE.
 */
#ifndef SASL_SASL_MECH_H
#define SASL_SASL_MECH_H

#include "base/arena.h"
#include "sasl/sasl.h"

enum { SASL_SALT_MAX_BYTES = 256 }; /* that a client takes */

enum sasl_next {
    SASL_NEXT_WAIT,   /* nothing to send; the peer's message comes to `step` */
    SASL_NEXT_SEND,   /* `out`, which may be empty, to the peer; its answer comes to `step` */
    SASL_NEXT_SECRET, /* s->want is filled; the answer comes to `secret` */
    SASL_NEXT_DERIVE, /* s->want is filled; the answer comes to `derived` */
    SASL_NEXT_END,    /* no more to hear; what is in `out` is the last to say */
    SASL_NEXT_FAILED  /* sasl_fail was called */
};

/* One half of a mechanism. `step` is given messages that are present and no longer than
 * SASL_MESSAGE_MAX_BYTES, except that the first `in` of a client is STR_NONE. Functions are called
 * only when the half asked for them: one that never asks may leave them NULL. Allocation failures
 * in s->arena and `out` are found by the frame. */
struct sasl_half {
    enum sasl_next (*step)(struct sasl *s, struct str in, struct buf *out);
    enum sasl_next (*secret)(struct sasl *s, const struct sasl_secret *secret, struct buf *out);
    enum sasl_next (*derived)(struct sasl *s, const uint8_t *key, struct buf *out);
};

/* A row of one of the tables in sasl.c. */
struct sasl_mech {
    const char *name, *scheme;
    unsigned flags;
    enum hash_alg alg;
    size_t state_bytes; /* of what s->state points to, zeroed at first */
    const struct sasl_half *client, *server;
    const char *binding; /* the type that the name stands for; usually NULL */
};

struct sasl {
    struct sasl_config config; /* its strings are in the arena */
    const struct sasl_half *half;
    struct arena arena; /* wiped; for all that lives as long as the exchange */
    void *state;        /* of the mechanism */
    struct sasl_want want;
    struct str username;  /* prepared */
    const char *bound_to; /* type of the channel binding in use; NULL for none */

    /* the frame's own: mechanisms use the functions below */
    enum sasl_status status;
    bool begun, ended, has_output, peer_proved;
    enum sasl_error error;
    enum sasl_fault fault;
    const char *text;
};

/* ---- the ways to end ---- */

/* Records why; the first reason stays. `error` is what a server says; a client always aborts.
 * `text` is static and says nothing that depends on whether the user exists. */
enum sasl_next sasl_fail(struct sasl *s, enum sasl_fault fault, enum sasl_error error,
                         const char *text);

/* sasl_fail for a message outside the mechanism's grammar. */
enum sasl_next sasl_malformed(struct sasl *s, const char *text);

/* sasl_fail for want of memory, which is the reason whatever was found before. */
enum sasl_next sasl_fail_memory(struct sasl *s);

/* sasl_fail for a server whose store or worker could not answer. */
enum sasl_next sasl_unavailable(struct sasl *s);

/* The proof that the peer gave, against the one expected, in constant time. `genuine` is false
 * when `expected` was made up for an unknown user. */
bool sasl_prove(struct sasl *s, const void *expected, const void *given, size_t len,
                bool genuine) MUST_USE;

/* ---- what several mechanisms need ---- */

/* SASLprep of `in` into the arena. False when it is refused or empty. */
bool sasl_prepare(struct sasl *s, struct str in, struct str *ret) MUST_USE;

/* A copy in the arena; absent stays absent. */
struct str sasl_keep(struct sasl *s, struct str in);

/* Client: prepares config.username into s->username, or fails. */
bool sasl_prepare_user(struct sasl *s) MUST_USE;

/* Client: whether PBKDF2 may be asked to do so much work, and so little; or fails. */
bool sasl_check_iterations(struct sasl *s, unsigned iterations) MUST_USE;

/* Client: the prepared password of an answer, or fails. */
bool sasl_take_password(struct sasl *s, const struct sasl_secret *secret, struct str *ret) MUST_USE;

/* Server: whether s->username may act as `authzid`: itself, by name or bare JID. Or fails. */
bool sasl_check_authzid(struct sasl *s, struct str authzid) MUST_USE;

/* Server: the credential of an answer of the wanted scheme, or one made up that looks the same
 * (credential.c); *ret_genuine tells them apart. Or fails. */
bool sasl_take_credential(struct sasl *s, const struct sasl_secret *secret,
                          struct sasl_credential *ret, bool *ret_genuine) MUST_USE;

/* The binding of `type` that this connection can give, or NULL. */
const struct sasl_binding *sasl_binding_of(const struct sasl_config *config, struct str type);

/* 40 characters of base64: 240 random bits. */
struct str sasl_nonce(struct sasl *s);

/* Cuts `*rest` at the first `at`: what is before it, or all of it. `*rest` becomes what follows,
 * or STR_NONE when there was no `at`. */
struct str sasl_cut(struct str *rest, char at);

/* posit-number of RFC 5802 §7; one too large for `unsigned` becomes UINT_MAX. */
bool sasl_number(struct str s, unsigned *ret) MUST_USE;

/* Whether two strings are equal but for the case of ASCII letters. */
bool sasl_equal_nocase(struct str a, struct str b);

/* The hash of a "SCRAM-..." scheme. */
bool sasl_scheme_alg(struct str scheme, enum hash_alg *ret) MUST_USE;

/* StoredKey of RFC 5802 §3. */
bool sasl_scram_stored_key(enum hash_alg alg, const uint8_t *salted, uint8_t *ret) MUST_USE;

/* ---- the mechanisms ---- */

extern const struct sasl_mech sasl_mech_scram_sha1, sasl_mech_scram_sha1_plus,
    sasl_mech_scram_sha256, sasl_mech_scram_sha256_plus, sasl_mech_scram_sha512,
    sasl_mech_scram_sha512_plus, sasl_mech_plain, sasl_mech_digest_md5, sasl_mech_ht_expr,
    sasl_mech_ht_uniq, sasl_mech_ht_endp, sasl_mech_ht_none;

#endif
