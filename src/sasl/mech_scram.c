/*
 * SCRAM-SHA-1, -256, -512 and their -PLUS variants (RFC 5802, RFC 7677).
 *
 *     C: client-first   gs2-header "n=" user ",r=" client-nonce
 *     S: server-first   "r=" nonce ",s=" salt ",i=" iterations
 *     C: client-final   "c=" binding ",r=" nonce ",p=" proof
 *     S: server-final   "v=" signature
 *
 * The grammar of RFC 5802 §7 is taken strictly: attributes in their order, optional extensions in
 * their places only, and mandatory extensions ("m=") refused. Two extensions of server-first are
 * known: "h=" is a hash of what the server offers (XEP-0474), "t=" its version of TLS (XEP-0515).
 */
#include "sasl/mech_scram.h"

#include "base/base64.h"
#include "sasl/saslprep.h"

/* ---- keys (RFC 5802 §3) ---- */

bool scram_sign(const struct scram *c, enum hash_alg alg, const uint8_t *key,
                struct str final_without_proof, uint8_t *ret)
{
    const struct str parts[] = {c->client_first_bare, STR_LIT(","), c->server_first, STR_LIT(","),
                                final_without_proof};
    return hash_hmac(alg, str_of(key, hash_size(alg)), parts, ARRAY_LEN(parts), ret);
}

void scram_xor(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] ^= in[i];
}

/* ---- grammar ---- */

bool scram_is_text(struct str in)
{
    return in.len > 0 && !memchr(in.ptr, 0, in.len) && saslprep_is_utf8(in);
}

bool scram_attribute(struct str *rest, char name, struct str *ret)
{
    struct str field = sasl_cut(rest, ',');
    if (field.len < 3 || field.ptr[0] != name || field.ptr[1] != '=')
        return false;
    *ret = str_of(field.ptr + 2, field.len - 2);
    return true;
}

bool scram_extensions(struct str rest, struct scram_known *ret)
{
    *ret = (struct scram_known){STR_NONE, STR_NONE};
    while (rest.ptr) {
        struct str field = sasl_cut(&rest, ','), value;
        char name = field.len > 0 ? field.ptr[0] : 0;
        bool letter = (name >= 'A' && name <= 'Z') || (name >= 'a' && name <= 'z');
        if (!letter || strchr("anmrcsipve", name) || !scram_attribute(&field, name, &value))
            return false;
        struct str *known = name == 'h' ? &ret->h : name == 't' ? &ret->t : NULL;
        if (known && known->ptr)
            return false;
        if (known)
            *known = value;
    }
    return true;
}

bool scram_is_nonce(struct str s, size_t max)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7e)
            return false;
    }
    return s.len > 0 && s.len <= max;
}

bool scram_decode(struct sasl *s, struct str text, size_t max, struct str *ret)
{
    struct buf bytes;
    buf_init(&bytes, 0, true);
    bool ok = base64_decode(&bytes, text) && buf_len(&bytes) > 0 && buf_len(&bytes) <= max;
    if (ok)
        *ret = sasl_keep(s, buf_peek(&bytes));
    s->arena.failed |= bytes.failed;
    buf_finish(&bytes);
    return ok && !s->arena.failed;
}

/* ---- both halves ---- */

void scram_write_binding(const struct scram *c, struct buf *out)
{
    struct buf input;
    buf_init(&input, 0, true);
    buf_str(&input, c->gs2);
    if (c->binding)
        buf_append(&input, c->binding->data, c->binding->len);
    base64_encode(out, buf_peek(&input));
    out->failed |= input.failed;
    buf_finish(&input);
}

bool scram_write_offered(const struct sasl *s, struct buf *out)
{
    uint8_t digest[HASH_MAX_BYTES];
    enum hash_alg alg = s->config.mech->alg;
    if (!hash_digest(alg, &s->config.offered, 1, digest))
        return false;
    base64_encode(out, str_of(digest, hash_size(alg)));
    return true;
}

/* ---- rows ---- */

enum { FLAGS = SASL_MECH_CLIENT_FIRST | SASL_MECH_PROVES_SERVER };

#define ROW(id, hash, text)                                                                        \
    const struct sasl_mech sasl_mech_scram_##id = {                                                \
        text, text, FLAGS, hash, sizeof(struct scram), &scram_client, &scram_server};              \
    const struct sasl_mech sasl_mech_scram_##id##_plus = {                                         \
        text "-PLUS",  text,         FLAGS | SASL_MECH_BINDS, hash, sizeof(struct scram),          \
        &scram_client, &scram_server}

ROW(sha1, HASH_SHA1, "SCRAM-SHA-1");
ROW(sha256, HASH_SHA256, "SCRAM-SHA-256");
ROW(sha512, HASH_SHA512, "SCRAM-SHA-512");
