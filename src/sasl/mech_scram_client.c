/* The client's half of SCRAM. */
#include "sasl/mech_scram.h"

#include "base/base64.h"
#include "base/wipe.h"

#include <stdio.h>

/* ---- client-first ---- */

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

/* ---- server-first ---- */

/* XEP-0474: what the server says that it offered, against what we were shown. */
static bool offer_is_same(const struct sasl *s, struct str h, bool *ret_failed)
{
    struct buf ours = {0};
    bool ok = scram_write_offered(s, &ours) && str_eq(h, buf_peek(&ours));
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
                                         unsigned iterations, const struct scram_known *known)
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
    struct scram_known known;
    if (in.len > 1 && in.ptr[0] == 'm' && in.ptr[1] == '=')
        return sasl_malformed(s, "the server demands an extension that we do not know");
    if (!scram_is_text(in) || !scram_attribute(&rest, 'r', &nonce) ||
        !scram_attribute(&rest, 's', &salt) || !scram_attribute(&rest, 'i', &iterations) ||
        !scram_extensions(rest, &known) || !scram_is_nonce(nonce, NONCE_MAX_BYTES) ||
        !sasl_number(iterations, &c->iterations) ||
        !scram_decode(s, salt, SASL_SALT_MAX_BYTES, &c->salt))
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

/* ---- client-final ---- */

static bool hmac_of(enum hash_alg alg, const uint8_t *key, struct str text, uint8_t *ret)
{
    return hash_hmac(alg, str_of(key, hash_size(alg)), &text, 1, ret);
}

/* ClientProof, and the signature to expect of the server. */
static bool client_keys(const struct sasl *s, struct scram *c, struct str final, uint8_t *proof)
{
    enum hash_alg alg = s->config.mech->alg;
    uint8_t key[HASH_MAX_BYTES];
    bool ok = sasl_scram_stored_key(alg, c->salted, key) && scram_sign(c, alg, key, final, proof) &&
              hmac_of(alg, c->salted, STR_LIT("Client Key"), key);
    scram_xor(proof, key, ok ? hash_size(alg) : 0);
    ok = ok && hmac_of(alg, c->salted, STR_LIT("Server Key"), key) &&
         scram_sign(c, alg, key, final, c->signature);
    wipe(key, sizeof key);
    return ok;
}

static enum sasl_next client_final(struct sasl *s, struct scram *c, struct buf *out)
{
    uint8_t proof[HASH_MAX_BYTES];
    size_t before = buf_len(out);
    buf_cstr(out, "c=");
    scram_write_binding(c, out);
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

/* ---- server-final ---- */

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
    struct scram_known unused;
    size_t size = hash_size(s->config.mech->alg);
    if (scram_is_text(in) && scram_attribute(&rest, 'e', &value) && scram_extensions(rest, &unused))
        return server_error(s, value);
    rest = in;
    if (!scram_is_text(in) || !scram_attribute(&rest, 'v', &value) ||
        !scram_extensions(rest, &unused) || !scram_decode(s, value, size, &value))
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

const struct sasl_half scram_client = {client_step, client_secret, client_derived};

bool sasl_salted_key(const struct sasl *s, struct sasl_want *ret_for, struct str *ret_key)
{
    const struct scram *c = s->state;
    if (s->half != &scram_client || !c->has_salted)
        return false;
    *ret_for = s->want;
    ret_for->password = STR_NONE;
    *ret_key = str_of(c->salted, hash_size(s->config.mech->alg));
    return true;
}
