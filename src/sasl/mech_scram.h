/*
 * mech_scram.h - what the files of SCRAM share: the state of an exchange, and the grammar and the
 * arithmetic that both halves have. For mech_scram*.c only.
 */
#ifndef SASL_MECH_SCRAM_H
#define SASL_MECH_SCRAM_H

#include "sasl/sasl_mech.h"

enum {
    NONCE_MAX_BYTES = 1024 /* of both halves; a client may use half of it */
};

enum scram_stage { STAGE_FIRST, STAGE_FINAL, STAGE_SIGNATURE };

struct scram {
    enum scram_stage stage;
    const struct sasl_binding *binding; /* in use; NULL for none */
    struct str gs2;                     /* header, as on the wire */
    struct str client_first_bare, server_first;
    struct str nonce; /* client: ours until server-first, then both halves */

    /* client */
    struct str salt;
    unsigned iterations;
    uint8_t salted[HASH_MAX_BYTES];
    bool has_salted;
    uint8_t signature[HASH_MAX_BYTES]; /* the server's, as it must be */

    /* server */
    struct sasl_credential credential;
    bool genuine;
};

extern const struct sasl_half scram_client, scram_server;

/* HMAC(key, AuthMessage). */
bool scram_sign(const struct scram *c, enum hash_alg alg, const uint8_t *key,
                struct str final_without_proof, uint8_t *ret);
void scram_xor(uint8_t *out, const uint8_t *in, size_t len);

/* What every message must be: UTF-8 without NUL. */
bool scram_is_text(struct str in);

/* The next attribute, which must be `name`. */
bool scram_attribute(struct str *rest, char name, struct str *ret);

/* Those extensions of a message that mean something to us; STR_NONE where there is none. */
struct scram_known {
    struct str h, t;
};

/* The optional extensions that make up `rest`, where STR_NONE is none. Attributes that RFC 5802
 * §5.1 defines are no extensions, and what we know is there once. */
bool scram_extensions(struct str rest, struct scram_known *ret);

/* printable of RFC 5802 §7; the comma was cut at already. */
bool scram_is_nonce(struct str s, size_t max);

/* Decodes base64 of at most `max` bytes into the arena. */
bool scram_decode(struct sasl *s, struct str text, size_t max, struct str *ret);

/* The value of "c=": the GS2 header and what the channel is bound by. */
void scram_write_binding(const struct scram *c, struct buf *out);

/* The value of "h=" (XEP-0474). */
bool scram_write_offered(const struct sasl *s, struct buf *out);

#endif
