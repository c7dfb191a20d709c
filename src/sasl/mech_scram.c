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
#include "base/base64.h"
#include "base/wipe.h"
#include "sasl/sasl_mech.h"
#include "sasl/saslprep.h"

#include <stdio.h>

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

/* ---- keys (RFC 5802 §3) ---- */

static bool hmac_of(enum hash_alg alg, const uint8_t *key, struct str text, uint8_t *ret)
{
    return hash_hmac(alg, str_of(key, hash_size(alg)), &text, 1, ret);
}

/* HMAC(key, AuthMessage). */
static bool sign(const struct scram *c, enum hash_alg alg, const uint8_t *key,
                 struct str final_without_proof, uint8_t *ret)
{
    const struct str parts[] = {c->client_first_bare, STR_LIT(","), c->server_first, STR_LIT(","),
                                final_without_proof};
    return hash_hmac(alg, str_of(key, hash_size(alg)), parts, ARRAY_LEN(parts), ret);
}

static void xor_into(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] ^= in[i];
}

/* ---- grammar ---- */

/* What every message must be: UTF-8 without NUL. */
static bool is_text(struct str in)
{
    return in.len > 0 && !memchr(in.ptr, 0, in.len) && saslprep_is_utf8(in);
}

/* The next attribute, which must be `name`. */
static bool attribute(struct str *rest, char name, struct str *ret)
{
    struct str field = sasl_cut(rest, ',');
    if (field.len < 3 || field.ptr[0] != name || field.ptr[1] != '=')
        return false;
    *ret = str_of(field.ptr + 2, field.len - 2);
    return true;
}

/* Those extensions of a message that mean something to us; STR_NONE where there is none. */
struct known {
    struct str h, t;
};

/* The optional extensions that make up `rest`, where STR_NONE is none. Attributes that RFC 5802
 * §5.1 defines are no extensions, and what we know is there once. */
static bool extensions(struct str rest, struct known *ret)
{
    *ret = (struct known){STR_NONE, STR_NONE};
    while (rest.ptr) {
        struct str field = sasl_cut(&rest, ','), value;
        char name = field.len > 0 ? field.ptr[0] : 0;
        bool letter = (name >= 'A' && name <= 'Z') || (name >= 'a' && name <= 'z');
        if (!letter || strchr("anmrcsipve", name) || !attribute(&field, name, &value))
            return false;
        struct str *known = name == 'h' ? &ret->h : name == 't' ? &ret->t : NULL;
        if (known && known->ptr)
            return false;
        if (known)
            *known = value;
    }
    return true;
}

/* printable of RFC 5802 §7; the comma was cut at already. */
static bool is_nonce(struct str s, size_t max)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7e)
            return false;
    }
    return s.len > 0 && s.len <= max;
}

/* Decodes base64 of at most `max` bytes into the arena. */
static bool decode(struct sasl *s, struct str text, size_t max, struct str *ret)
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

/* saslname: "," and "=" are written as "=2C" and "=3D". */
static void escape(struct str name, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ',')
            buf_cstr(out, "=2C");
        else if (name.ptr[i] == '=')
            buf_cstr(out, "=3D");
        else
            buf_byte(out, (uint8_t)name.ptr[i]);
    }
}

static bool unescape(struct sasl *s, struct str name, struct str *ret)
{
    char *out = arena_bytes(&s->arena, name.len);
    size_t len = 0;
    for (size_t i = 0; out && i < name.len; i++) {
        if (name.ptr[i] != '=') {
            out[len++] = name.ptr[i];
            continue;
        }
        struct str code = str_of(name.ptr + i, name.len - i < 3 ? 0 : 3);
        if (!str_is(code, "=2C") && !str_is(code, "=3D"))
            return false;
        out[len++] = str_is(code, "=2C") ? ',' : '=';
        i += 2;
    }
    *ret = str_of(out, len);
    return out != NULL;
}

/* ---- both halves ---- */

/* The value of "c=": the GS2 header and what the channel is bound by. */
static void write_binding(const struct scram *c, struct buf *out)
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

/* The value of "h=" (XEP-0474). */
static bool write_offered(const struct sasl *s, struct buf *out)
{
    uint8_t digest[HASH_MAX_BYTES];
    enum hash_alg alg = s->config.mech->alg;
    if (!hash_digest(alg, &s->config.offered, 1, digest))
        return false;
    base64_encode(out, str_of(digest, hash_size(alg)));
    return true;
}

/* ---- client ---- */

/* Writes and keeps the GS2 header (RFC 5802 §6); false when mechanism, flag and binding do not
 * fit together. */
static bool write_gs2(struct sasl *s, struct scram *c, struct buf *out)
{
    bool plus = s->config.mech->flags & SASL_MECH_BINDS;
    const struct sasl_binding *b = &s->config.binding;
    struct buf gs2 = {0};
    if (plus != (s->config.gs2 == SASL_GS2_BINDS) || (plus && (!b->type || b->len == 0)))
        return false;
    if (plus)
        buf_printf(&gs2, "p=%s", b->type);
    else
        buf_byte(&gs2, s->config.gs2 == SASL_GS2_CAN ? 'y' : 'n');
    buf_byte(&gs2, ',');
    if (s->config.authzid.len > 0) {
        buf_cstr(&gs2, "a=");
        escape(s->config.authzid, &gs2);
    }
    buf_byte(&gs2, ',');
    c->binding = plus ? b : NULL;
    s->bound_to = plus ? b->type : NULL;
    c->gs2 = sasl_keep(s, buf_peek(&gs2));
    buf_str(out, c->gs2);
    s->arena.failed |= gs2.failed;
    buf_finish(&gs2);
    return true;
}

static enum sasl_next client_first(struct sasl *s, struct scram *c, struct buf *out)
{
    struct buf bare = {0};
    if (!sasl_prepare_user(s))
        return SASL_NEXT_FAILED;
    if (!write_gs2(s, c, out))
        return sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NONE,
                         "the connection cannot give the channel binding");
    c->nonce = sasl_nonce(s);
    buf_cstr(&bare, "n=");
    escape(s->username, &bare);
    buf_cstr(&bare, ",r=");
    buf_str(&bare, c->nonce);
    c->client_first_bare = sasl_keep(s, buf_peek(&bare));
    buf_str(out, c->client_first_bare);
    s->arena.failed |= bare.failed;
    buf_finish(&bare);
    c->stage = STAGE_FINAL;
    return SASL_NEXT_SEND;
}

/* XEP-0474: what the server says that it offered, against what we were shown. */
static bool offer_is_same(const struct sasl *s, struct str h, bool *ret_failed)
{
    struct buf ours = {0};
    bool ok = write_offered(s, &ours) && str_eq(h, buf_peek(&ours));
    *ret_failed = ours.failed;
    buf_finish(&ours);
    return ok;
}

/* XEP-0515: four digits of hexadecimal, in lower case. */
static bool is_version(struct str t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (!memchr("0123456789abcdef", t.ptr[i], 16))
            return false;
    }
    return t.len == 4;
}

/* Whether someone who ends TLS in between speaks one version with us and another with the server,
 * so that no binding is left that both ends could use. */
static enum sasl_next check_version(struct sasl *s, struct str t)
{
    char ours[16];
    if (!t.ptr || s->config.tls_version == 0)
        return SASL_NEXT_SECRET;
    if (!is_version(t))
        return sasl_malformed(s, "the server's version of TLS is not four hexadecimal digits");
    snprintf(ours, sizeof ours, "%04x", s->config.tls_version);
    if (!str_is(t, ours))
        return sasl_fail(s, SASL_FAULT_DOWNGRADE, SASL_ERROR_NONE,
                         "the server sees another version of TLS than we do");
    return SASL_NEXT_SECRET;
}

static enum sasl_next check_server_first(struct sasl *s, struct str nonce, struct str ours,
                                         unsigned iterations, const struct known *known)
{
    bool failed = false;
    if (nonce.len <= ours.len || memcmp(nonce.ptr, ours.ptr, ours.len) != 0)
        return sasl_malformed(s, "the nonce does not begin with ours, or adds nothing");
    if (!sasl_check_iterations(s, iterations))
        return SASL_NEXT_FAILED;
    if (known->h.ptr && s->config.offered.ptr && !offer_is_same(s, known->h, &failed)) {
        s->arena.failed |= failed;
        return sasl_fail(s, SASL_FAULT_DOWNGRADE, SASL_ERROR_NONE,
                         "the server offered other mechanisms than we were shown");
    }
    return check_version(s, known->t);
}

static enum sasl_next server_first(struct sasl *s, struct scram *c, struct str in)
{
    struct str rest = in, nonce, salt, iterations;
    struct known known;
    if (in.len > 1 && in.ptr[0] == 'm' && in.ptr[1] == '=')
        return sasl_malformed(s, "the server demands an extension that we do not know");
    if (!is_text(in) || !attribute(&rest, 'r', &nonce) || !attribute(&rest, 's', &salt) ||
        !attribute(&rest, 'i', &iterations) || !extensions(rest, &known) ||
        !is_nonce(nonce, NONCE_MAX_BYTES) || !sasl_number(iterations, &c->iterations) ||
        !decode(s, salt, SASL_SALT_MAX_BYTES, &c->salt))
        return sasl_malformed(s, "the server-first message breaks the grammar");
    enum sasl_next next = check_server_first(s, nonce, c->nonce, c->iterations, &known);
    if (next == SASL_NEXT_FAILED)
        return next;
    c->server_first = sasl_keep(s, in);
    c->nonce = sasl_keep(s, nonce);
    s->want = (struct sasl_want){.username = s->username,
                                 .scheme = s->config.mech->scheme,
                                 .alg = s->config.mech->alg,
                                 .salt = c->salt,
                                 .iterations = c->iterations};
    return next;
}

/* ClientProof, and the signature to expect of the server. */
static bool client_keys(const struct sasl *s, struct scram *c, struct str final, uint8_t *proof)
{
    enum hash_alg alg = s->config.mech->alg;
    uint8_t key[HASH_MAX_BYTES];
    bool ok = sasl_scram_stored_key(alg, c->salted, key) && sign(c, alg, key, final, proof) &&
              hmac_of(alg, c->salted, STR_LIT("Client Key"), key);
    xor_into(proof, key, ok ? hash_size(alg) : 0);
    ok = ok && hmac_of(alg, c->salted, STR_LIT("Server Key"), key) &&
         sign(c, alg, key, final, c->signature);
    wipe(key, sizeof key);
    return ok;
}

static enum sasl_next client_final(struct sasl *s, struct scram *c, struct buf *out)
{
    uint8_t proof[HASH_MAX_BYTES];
    size_t before = buf_len(out);
    buf_cstr(out, "c=");
    write_binding(c, out);
    buf_cstr(out, ",r=");
    buf_str(out, c->nonce);
    struct str all = buf_peek(out), final = str_of(all.ptr + before, all.len - before);
    if (!client_keys(s, c, final, proof))
        return sasl_unavailable(s);
    buf_cstr(out, ",p=");
    base64_encode(out, str_of(proof, hash_size(s->config.mech->alg)));
    c->stage = STAGE_SIGNATURE;
    return SASL_NEXT_SEND;
}

static enum sasl_next client_derived(struct sasl *s, const uint8_t *key, struct buf *out)
{
    struct scram *c = s->state;
    memcpy(c->salted, key, hash_size(s->config.mech->alg));
    c->has_salted = true;
    return client_final(s, c, out);
}

static enum sasl_next client_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    if (secret->kind == SASL_SECRET_SALTED && secret->salted_len == hash_size(s->config.mech->alg))
        return client_derived(s, secret->salted, out);
    return sasl_take_password(s, secret, &s->want.password) ? SASL_NEXT_DERIVE : SASL_NEXT_FAILED;
}

/* "e=" in place of the signature (RFC 5802 §7, server-error-value). */
static enum sasl_next server_error(struct sasl *s, struct str value)
{
    if (str_is(value, "channel-bindings-dont-match") ||
        str_is(value, "server-does-support-channel-binding"))
        return sasl_fail(s, SASL_FAULT_DOWNGRADE, SASL_ERROR_NONE,
                         "the server sees another channel than we do");
    if (str_is(value, "invalid-proof") || str_is(value, "unknown-user") ||
        str_is(value, "invalid-username-encoding") || str_is(value, "no-resources"))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NONE,
                         "the server refused the user name or password");
    return sasl_fail(s, SASL_FAULT_PROTOCOL, SASL_ERROR_NONE, "the server reports an error");
}

static enum sasl_next server_final(struct sasl *s, struct scram *c, struct str in)
{
    struct str rest = in, value;
    struct known unused;
    size_t size = hash_size(s->config.mech->alg);
    if (is_text(in) && attribute(&rest, 'e', &value) && extensions(rest, &unused))
        return server_error(s, value);
    rest = in;
    if (!is_text(in) || !attribute(&rest, 'v', &value) || !extensions(rest, &unused) ||
        !decode(s, value, size, &value))
        return sasl_malformed(s, "the server-final message breaks the grammar");
    if (value.len != size || !sasl_prove(s, c->signature, value.ptr, size, true))
        return sasl_fail(s, SASL_FAULT_SERVER_PROOF, SASL_ERROR_NONE,
                         "the server's signature is wrong");
    return SASL_NEXT_END;
}

static enum sasl_next client_step(struct sasl *s, struct str in, struct buf *out)
{
    struct scram *c = s->state;
    switch (c->stage) {
    case STAGE_FIRST:
        return client_first(s, c, out);
    case STAGE_FINAL:
        return server_first(s, c, in);
    case STAGE_SIGNATURE:
        return server_final(s, c, in);
    }
    return sasl_malformed(s, "a message out of turn");
}

/* ---- server ---- */

/* gs2-cbind-flag (RFC 5802 §6). */
static bool take_flag(struct sasl *s, struct scram *c, struct str flag)
{
    bool plus = s->config.mech->flags & SASL_MECH_BINDS;
    struct str type = flag;
    if (sasl_cut(&type, '=').len == 1 && flag.ptr[0] == 'p' && type.len > 0) {
        c->binding = plus ? sasl_binding_of(&s->config, type) : NULL;
        s->bound_to = c->binding ? c->binding->type : NULL;
        if (plus && !c->binding)
            sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NOT_AUTHORIZED,
                      "a type of channel binding that is not on offer");
        else if (!plus)
            sasl_malformed(s, "channel binding without a -PLUS mechanism");
        return c->binding != NULL;
    }
    if (!str_is(flag, "n") && !str_is(flag, "y")) {
        sasl_malformed(s, "the GS2 header breaks the grammar");
        return false;
    }
    if (plus) {
        sasl_malformed(s, "a -PLUS mechanism without channel binding");
        return false;
    }
    if (flag.ptr[0] == 'y' && s->config.offers_binding) {
        sasl_fail(s, SASL_FAULT_DOWNGRADE, SASL_ERROR_NOT_AUTHORIZED,
                  "the client saw no -PLUS mechanism, but it is on offer");
        return false;
    }
    return true;
}

/* The GS2 header and what it says; *rest moves past it. */
static bool take_gs2(struct sasl *s, struct scram *c, struct str *rest, struct str *ret_authzid)
{
    struct str whole = *rest, flag = sasl_cut(rest, ','), authzid = sasl_cut(rest, ','), field;
    *ret_authzid = STR_NONE;
    if (!rest->ptr) {
        sasl_malformed(s, "the GS2 header breaks the grammar");
        return false;
    }
    c->gs2 = sasl_keep(s, str_of(whole.ptr, (size_t)(rest->ptr - whole.ptr)));
    if (!take_flag(s, c, flag))
        return false;
    if (authzid.len == 0)
        return true;
    field = authzid;
    if (attribute(&field, 'a', &authzid) && unescape(s, authzid, ret_authzid))
        return true;
    sasl_malformed(s, "the authorization identity breaks the grammar");
    return false;
}

static enum sasl_next take_client_first(struct sasl *s, struct scram *c, struct str in)
{
    struct str rest = in, authzid, user, nonce;
    struct known unused;
    if (!is_text(in))
        return sasl_malformed(s, "the client-first message is not text");
    if (!take_gs2(s, c, &rest, &authzid))
        return SASL_NEXT_FAILED;
    c->client_first_bare = sasl_keep(s, rest);
    if (rest.len > 1 && rest.ptr[0] == 'm' && rest.ptr[1] == '=')
        return sasl_malformed(s, "the client demands an extension that we do not know");
    if (!attribute(&rest, 'n', &user) || !attribute(&rest, 'r', &nonce) ||
        !extensions(rest, &unused) || !is_nonce(nonce, NONCE_MAX_BYTES / 2) ||
        !unescape(s, user, &user))
        return sasl_malformed(s, "the client-first message breaks the grammar");
    if (!sasl_prepare(s, user, &s->username))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "the user name has forbidden characters");
    if (authzid.ptr && !sasl_check_authzid(s, authzid))
        return SASL_NEXT_FAILED;
    c->nonce = sasl_keep(s, nonce);
    s->want = (struct sasl_want){.username = s->username, .scheme = s->config.mech->scheme};
    return SASL_NEXT_SECRET;
}

static enum sasl_next server_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct scram *c = s->state;
    if (!sasl_take_credential(s, secret, &c->credential, &c->genuine))
        return SASL_NEXT_FAILED;
    size_t before = buf_len(out);
    buf_cstr(out, "r=");
    buf_str(out, c->nonce);
    buf_str(out, sasl_nonce(s));
    size_t nonce_end = buf_len(out);
    buf_cstr(out, ",s=");
    base64_encode(out, str_of(c->credential.salt, c->credential.salt_len));
    buf_printf(out, ",i=%u", c->credential.iterations);
    if (s->config.offered.ptr) {
        buf_cstr(out, ",h=");
        if (!write_offered(s, out))
            return sasl_unavailable(s);
        if (s->config.tls_version != 0)
            buf_printf(out, ",t=%04x", s->config.tls_version);
    }
    if (out->failed)
        return SASL_NEXT_FAILED;
    struct str all = buf_peek(out);
    c->server_first = sasl_keep(s, str_of(all.ptr + before, all.len - before));
    c->nonce = sasl_keep(s, str_of(all.ptr + before + 2, nonce_end - before - 2));
    c->stage = STAGE_FINAL;
    return SASL_NEXT_SEND;
}

static bool binding_is(const struct scram *c, struct str given, struct sasl *s)
{
    struct buf expected;
    buf_init(&expected, 0, true);
    write_binding(c, &expected);
    s->arena.failed |= expected.failed;
    bool same = str_eq(given, buf_peek(&expected));
    buf_finish(&expected);
    return same;
}

/* RFC 5802 §3: the proof is right if the ClientKey that it hides hashes to StoredKey. */
static bool proof_is_right(struct sasl *s, struct scram *c, struct str final, struct str proof)
{
    enum hash_alg alg = s->config.mech->alg;
    uint8_t key[HASH_MAX_BYTES], stored_key[HASH_MAX_BYTES];
    struct str key_text = str_of(key, hash_size(alg));
    bool ok = sign(c, alg, c->credential.stored_key, final, key);
    xor_into(key, (const uint8_t *)proof.ptr, ok ? hash_size(alg) : 0);
    ok = ok && hash_digest(alg, &key_text, 1, stored_key) &&
         sasl_prove(s, c->credential.stored_key, stored_key, hash_size(alg), c->genuine);
    wipe(key, sizeof key);
    wipe(stored_key, sizeof stored_key);
    return ok;
}

static enum sasl_next take_client_final(struct sasl *s, struct scram *c, struct str in,
                                        struct buf *out)
{
    enum hash_alg alg = s->config.mech->alg;
    const char *last = in.len > 0 ? memrchr(in.ptr, ',', in.len) : NULL;
    size_t final_len = last ? (size_t)(last - in.ptr) : in.len;
    struct str final = str_of(in.ptr, final_len), rest = final, binding, nonce, proof;
    struct known unused;
    struct str tail = last ? str_of(last + 1, in.len - final_len - 1) : STR_NONE;
    if (!is_text(in) || !attribute(&rest, 'c', &binding) || !attribute(&rest, 'r', &nonce) ||
        !extensions(rest, &unused) || !attribute(&tail, 'p', &proof) ||
        !decode(s, proof, hash_size(alg), &proof) || proof.len != hash_size(alg))
        return sasl_malformed(s, "the client-final message breaks the grammar");
    if (!str_eq(nonce, c->nonce))
        return sasl_fail(s, SASL_FAULT_PROTOCOL, SASL_ERROR_NOT_AUTHORIZED,
                         "the nonce is not that of this exchange");
    if (!binding_is(c, binding, s))
        return sasl_fail(s, SASL_FAULT_DOWNGRADE, SASL_ERROR_NOT_AUTHORIZED,
                         "the client is bound to another channel");
    if (!proof_is_right(s, c, final, proof))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "wrong user name or password");
    uint8_t signature[HASH_MAX_BYTES];
    if (!sign(c, alg, c->credential.server_key, final, signature))
        return sasl_unavailable(s);
    buf_cstr(out, "v=");
    base64_encode(out, str_of(signature, hash_size(alg)));
    return SASL_NEXT_END;
}

static enum sasl_next server_step(struct sasl *s, struct str in, struct buf *out)
{
    struct scram *c = s->state;
    return c->stage == STAGE_FIRST ? take_client_first(s, c, in) : take_client_final(s, c, in, out);
}

/* ---- rows ---- */

static const struct sasl_half client = {client_step, client_secret, client_derived};
static const struct sasl_half server = {server_step, server_secret, NULL};

bool sasl_salted_key(const struct sasl *s, struct sasl_want *ret_for, struct str *ret_key)
{
    const struct scram *c = s->state;
    if (s->half != &client || !c->has_salted)
        return false;
    *ret_for = s->want;
    ret_for->password = STR_NONE;
    *ret_key = str_of(c->salted, hash_size(s->config.mech->alg));
    return true;
}

enum { FLAGS = SASL_MECH_CLIENT_FIRST | SASL_MECH_PROVES_SERVER };

#define ROW(id, hash, text)                                                                        \
    const struct sasl_mech sasl_mech_scram_##id = {                                                \
        text, text, FLAGS, hash, sizeof(struct scram), &client, &server};                          \
    const struct sasl_mech sasl_mech_scram_##id##_plus = {                                         \
        text "-PLUS", text, FLAGS | SASL_MECH_BINDS, hash, sizeof(struct scram), &client, &server}

ROW(sha1, HASH_SHA1, "SCRAM-SHA-1");
ROW(sha256, HASH_SHA256, "SCRAM-SHA-256");
ROW(sha512, HASH_SHA512, "SCRAM-SHA-512");
