/* What a server stores instead of a password, and what it makes up for users it does not know. */
#include "base/base64.h"
#include "base/wipe.h"
#include "sasl/sasl_mech.h"

#include <limits.h>
#include <utf8proc.h>

bool sasl_scheme_alg(struct str scheme, enum hash_alg *ret)
{
    static const struct {
        const char *scheme;
        enum hash_alg alg;
    } rows[] = {
        {"SCRAM-SHA-1", HASH_SHA1},
        {"SCRAM-SHA-256", HASH_SHA256},
        {"SCRAM-SHA-512", HASH_SHA512},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_is(scheme, rows[i].scheme)) {
            *ret = rows[i].alg;
            return true;
        }
    }
    return false;
}

/* ---- SCRAM keys (RFC 5802 §3) ---- */

static bool hmac_text(enum hash_alg alg, const uint8_t *key, struct str text, uint8_t *ret)
{
    return hash_hmac(alg, str_of(key, hash_size(alg)), &text, 1, ret);
}

bool sasl_scram_stored_key(enum hash_alg alg, const uint8_t *salted, uint8_t *ret)
{
    uint8_t client_key[HASH_MAX_BYTES];
    struct str key = str_of(client_key, hash_size(alg));
    bool ok =
        hmac_text(alg, salted, STR_LIT("Client Key"), client_key) && hash_digest(alg, &key, 1, ret);
    wipe(client_key, sizeof client_key);
    return ok;
}

bool sasl_scram_credential(enum hash_alg alg, const uint8_t *salted, struct str salt,
                           unsigned iterations, struct sasl_credential *ret)
{
    static const char *const schemes[] = {
        [HASH_SHA1] = "SCRAM-SHA-1",
        [HASH_SHA256] = "SCRAM-SHA-256",
        [HASH_SHA512] = "SCRAM-SHA-512",
    };
    *ret = (struct sasl_credential){.iterations = iterations, .salt_len = salt.len};
    if (alg == HASH_MD5 || iterations == 0 || salt.len == 0 || salt.len > sizeof ret->salt)
        return false;
    memcpy(ret->scheme, schemes[alg], strlen(schemes[alg]));
    memcpy(ret->salt, salt.ptr, salt.len);
    ret->key_len = hash_size(alg);
    return sasl_scram_stored_key(alg, salted, ret->stored_key) &&
           hmac_text(alg, salted, STR_LIT("Server Key"), ret->server_key);
}

/* ---- as text ---- */

void sasl_credential_write(const struct sasl_credential *c, struct buf *out)
{
    enum hash_alg alg;
    buf_cstr(out, c->scheme);
    buf_byte(out, '$');
    if (!sasl_scheme_alg(str_from(c->scheme), &alg)) {
        char hex[2 * HASH_MAX_BYTES + 1];
        hash_hex(str_of(c->stored_key, c->key_len), hex);
        buf_cstr(out, hex);
        wipe(hex, sizeof hex);
        return;
    }
    buf_printf(out, "%u:", c->iterations);
    base64_encode(out, str_of(c->salt, c->salt_len));
    buf_byte(out, '$');
    base64_encode(out, str_of(c->stored_key, c->key_len));
    buf_byte(out, ':');
    base64_encode(out, str_of(c->server_key, c->key_len));
}

/* Decodes base64 of `min` to `max` bytes. */
static bool read_base64(struct str text, uint8_t *out, size_t min, size_t max, size_t *ret_len)
{
    struct buf bytes;
    buf_init(&bytes, 0, true);
    bool ok = text.len <= 2 * HASH_MAX_BYTES && base64_decode(&bytes, text) && !bytes.failed &&
              buf_len(&bytes) >= min && buf_len(&bytes) <= max;
    if (ok) {
        *ret_len = buf_len(&bytes);
        memcpy(out, buf_peek(&bytes).ptr, *ret_len);
    }
    buf_finish(&bytes);
    return ok;
}

static bool read_scram(struct str rest, enum hash_alg alg, struct sasl_credential *c)
{
    struct str iterations = sasl_cut(&rest, ':'), salt = sasl_cut(&rest, '$');
    struct str stored = sasl_cut(&rest, ':');
    size_t size = hash_size(alg);
    return sasl_number(iterations, &c->iterations) && c->iterations < UINT_MAX &&
           read_base64(salt, c->salt, 1, sizeof c->salt, &c->salt_len) &&
           read_base64(stored, c->stored_key, size, size, &c->key_len) &&
           read_base64(rest, c->server_key, size, size, &c->key_len);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct str text, uint8_t *out, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool sasl_credential_read(struct str row, struct sasl_credential *ret)
{
    struct str rest = row, scheme = sasl_cut(&rest, '$');
    enum hash_alg alg;
    bool ok = false;
    *ret = (struct sasl_credential){0};
    if (scheme.len < sizeof ret->scheme)
        memcpy(ret->scheme, scheme.ptr ? scheme.ptr : "", scheme.len);
    if (sasl_scheme_alg(scheme, &alg)) {
        ok = read_scram(rest, alg, ret);
    } else if (str_is(scheme, "DIGEST-MD5")) {
        ret->key_len = hash_size(HASH_MD5);
        ok = read_hex(rest, ret->stored_key, ret->key_len);
    }
    if (!ok)
        wipe(ret, sizeof *ret);
    return ok;
}

/* ---- for a server's answer ---- */

/* Whether `c` has the shape that `scheme` ("": any SCRAM) needs: a store may be damaged. */
static bool usable(const struct sasl_credential *c, const char *scheme)
{
    struct str own = str_of(c->scheme, strnlen(c->scheme, sizeof c->scheme));
    enum hash_alg alg;
    if (scheme[0] && !str_is(own, scheme))
        return false;
    if (sasl_scheme_alg(own, &alg))
        return c->key_len == hash_size(alg) && c->iterations > 0 && c->salt_len > 0 &&
               c->salt_len <= sizeof c->salt;
    return str_is(own, "DIGEST-MD5") && c->key_len == hash_size(HASH_MD5);
}

/* Names that differ in case only belong to one account (RFC 8265 §3.3), so their salts must not
 * differ either. */
static void fold_case(struct str name, struct buf *out)
{
    for (size_t at = 0; at < name.len;) {
        int32_t point;
        uint8_t bytes[4];
        utf8proc_ssize_t len = utf8proc_iterate((const uint8_t *)name.ptr + at,
                                                (utf8proc_ssize_t)(name.len - at), &point);
        if (len <= 0)
            break;
        at += (size_t)len;
        buf_append(out, bytes, (size_t)utf8proc_encode_char(utf8proc_tolower(point), bytes));
    }
}

/* A row that looks like any other: the same salt each time for one user and scheme, as long as
 * others have it, and the usual count. Nobody can know its key, which counts for nothing anyway. */
static bool make_up(struct sasl *s, const char *scheme, struct sasl_credential *ret)
{
    struct buf user = {0};
    uint8_t bits[HASH_MAX_BYTES];
    enum hash_alg alg = HASH_MD5;
    fold_case(s->username, &user);
    struct str parts[] = {str_from(scheme), str_of("", 1), buf_peek(&user)};
    bool ok = !user.failed &&
              hash_hmac(HASH_SHA512, str_of(s->config.fake_key, sizeof s->config.fake_key), parts,
                        ARRAY_LEN(parts), bits);
    bool salted = sasl_scheme_alg(str_from(scheme), &alg);
    struct sasl_credential made = {
        .iterations = s->config.fake_iterations ? s->config.fake_iterations : 4096,
        .salt_len = salted ? SASL_SALT_BYTES : 0,
        .key_len = hash_size(alg),
    };
    memcpy(made.scheme, scheme, strlen(scheme));
    if (ok) {
        memcpy(made.salt, bits, SASL_SALT_BYTES);
        memcpy(made.stored_key, bits + SASL_SALT_BYTES, sizeof bits - SASL_SALT_BYTES);
    }
    *ret = made;
    wipe(&made, sizeof made);
    wipe(bits, sizeof bits);
    buf_finish(&user);
    return ok;
}

bool sasl_take_credential(struct sasl *s, const struct sasl_secret *secret,
                          struct sasl_credential *ret, bool *ret_genuine)
{
    const char *scheme = s->config.mech->scheme;
    /* Made up for everybody, so that it costs the same. */
    bool ok = make_up(s, scheme[0] ? scheme : "SCRAM-SHA-256", ret);
    *ret_genuine = secret->kind == SASL_SECRET_CREDENTIAL;
    if (*ret_genuine) {
        *ret = secret->credential;
        ok = ok && usable(ret, scheme);
    } else {
        ok = ok && secret->kind == SASL_SECRET_NONE;
    }
    if (!ok)
        sasl_unavailable(s);
    return ok;
}
