/* The server's half of SCRAM. */
#include "sasl/mech_scram.h"

#include "base/base64.h"
#include "base/wipe.h"

/* ---- client-first ---- */

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
    if (scram_attribute(&field, 'a', &authzid) && unescape(s, authzid, ret_authzid))
        return true;
    sasl_malformed(s, "the authorization identity breaks the grammar");
    return false;
}

static enum sasl_next take_client_first(struct sasl *s, struct scram *c, struct str in)
{
    struct str rest = in, authzid, user, nonce;
    struct scram_known unused;
    if (!scram_is_text(in))
        return sasl_malformed(s, "the client-first message is not text");
    if (!take_gs2(s, c, &rest, &authzid))
        return SASL_NEXT_FAILED;
    c->client_first_bare = sasl_keep(s, rest);
    if (rest.len > 1 && rest.ptr[0] == 'm' && rest.ptr[1] == '=')
        return sasl_malformed(s, "the client demands an extension that we do not know");
    if (!scram_attribute(&rest, 'n', &user) || !scram_attribute(&rest, 'r', &nonce) ||
        !scram_extensions(rest, &unused) || !scram_is_nonce(nonce, NONCE_MAX_BYTES / 2) ||
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

/* ---- server-first ---- */

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
        if (!scram_write_offered(s, out))
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

/* ---- client-final, server-final ---- */

static bool binding_is(const struct scram *c, struct str given, struct sasl *s)
{
    struct buf expected;
    buf_init(&expected, 0, true);
    scram_write_binding(c, &expected);
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
    bool ok = scram_sign(c, alg, c->credential.stored_key, final, key);
    scram_xor(key, (const uint8_t *)proof.ptr, ok ? hash_size(alg) : 0);
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
    struct scram_known unused;
    struct str tail = last ? str_of(last + 1, in.len - final_len - 1) : STR_NONE;
    if (!scram_is_text(in) || !scram_attribute(&rest, 'c', &binding) ||
        !scram_attribute(&rest, 'r', &nonce) || !scram_extensions(rest, &unused) ||
        !scram_attribute(&tail, 'p', &proof) || !scram_decode(s, proof, hash_size(alg), &proof) ||
        proof.len != hash_size(alg))
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
    if (!scram_sign(c, alg, c->credential.server_key, final, signature))
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

const struct sasl_half scram_server = {server_step, server_secret, NULL};
