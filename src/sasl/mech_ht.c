/*
 * HT-SHA-256-EXPR, -UNIQ, -ENDP and -NONE: login with a token that the server gave at an earlier
 * one (XEP-0484), in the form that is deployed (draft-schmaus-kitten-sasl-ht-09).
 *
 *     C: initiator   user NUL HMAC(token, "Initiator" binding)
 *     S: responder   HMAC(token, "Responder" binding)
 *
 * The end of the name says what `binding` is: tls-exporter, tls-unique, tls-server-end-point, or no
 * bytes at all. The HMAC does not cover that name: that a token serves one mechanism only is seen
 * to by the store, which is asked for tokens of the scheme that has the mechanism's name.
 *
 * No half keeps a token. The client keeps the HMAC that it expects, the server the one it was
 * given.
 */
#include "base/wipe.h"
#include "sasl/sasl_mech.h"
#include "sasl/saslprep.h"

enum { MAC_BYTES = 32 };

struct ht {
    const struct sasl_binding *binding; /* NULL for none */
    uint8_t mac[MAC_BYTES];             /* client: to expect; server: as the client gave it */
    int used;                           /* server: index of the token that the client has */
};

/* ---- both halves ---- */

static bool mac_of(const struct ht *h, struct str token, struct str who, uint8_t *ret)
{
    const struct sasl_binding *b = h->binding;
    const struct str parts[] = {who, b ? str_of(b->data, b->len) : STR_NONE};
    return hash_hmac(HASH_SHA256, token, parts, ARRAY_LEN(parts), ret);
}

/* The binding that the mechanism's name stands for, or fails. */
static bool take_binding(struct sasl *s, struct ht *h)
{
    const char *type = s->config.mech->binding;
    h->binding = type ? sasl_binding_of(&s->config, str_from(type)) : NULL;
    s->bound_to = h->binding ? h->binding->type : NULL;
    if (!type || h->binding)
        return true;
    /* Not not-authorized: the token was not looked at, and its client should not throw it away. */
    sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_INVALID_MECHANISM,
              "the connection cannot give the channel binding");
    return false;
}

static enum sasl_next ask(struct sasl *s)
{
    s->want = (struct sasl_want){.username = s->username,
                                 .scheme = s->config.mech->scheme,
                                 .client_id = s->config.client_id};
    return SASL_NEXT_SECRET;
}

/* ---- client ---- */

static enum sasl_next client_first(struct sasl *s, struct ht *h)
{
    if (s->config.authzid.len > 0)
        return sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NONE,
                         "with a token nobody can act for another");
    return sasl_prepare_user(s) && take_binding(s, h) ? ask(s) : SASL_NEXT_FAILED;
}

static enum sasl_next client_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct ht *h = s->state;
    struct str token = secret->tokens[0];
    uint8_t mac[MAC_BYTES];
    if (secret->kind != SASL_SECRET_TOKEN || secret->token_count != 1 || token.len == 0)
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NONE, "no token was given");
    if (!mac_of(h, token, STR_LIT("Initiator"), mac) ||
        !mac_of(h, token, STR_LIT("Responder"), h->mac))
        return sasl_unavailable(s);
    buf_str(out, s->username);
    buf_byte(out, 0);
    buf_append(out, mac, sizeof mac);
    wipe(mac, sizeof mac);
    return SASL_NEXT_SEND;
}

/* Later drafts put a NUL, which says success, before the HMAC. */
static enum sasl_next client_responder(struct sasl *s, const struct ht *h, struct str in)
{
    if (in.len == MAC_BYTES + 1 && in.ptr[0] == 0)
        in = str_of(in.ptr + 1, MAC_BYTES);
    if (in.len != MAC_BYTES)
        return sasl_malformed(s, "the server's message has the wrong length");
    if (!sasl_prove(s, h->mac, in.ptr, MAC_BYTES, true))
        return sasl_fail(s, SASL_FAULT_SERVER_PROOF, SASL_ERROR_NONE,
                         "the server does not know the token");
    return SASL_NEXT_END;
}

static enum sasl_next client_step(struct sasl *s, struct str in, struct buf *out)
{
    (void)out;
    return in.ptr ? client_responder(s, s->state, in) : client_first(s, s->state);
}

/* ---- server ---- */

static enum sasl_next server_step(struct sasl *s, struct str in, struct buf *out)
{
    (void)out;
    struct ht *h = s->state;
    struct str mac = in, user = sasl_cut(&mac, 0);
    if (user.len == 0 || mac.len != MAC_BYTES || !saslprep_is_utf8(user))
        return sasl_malformed(s, "the message is not a user name, NUL and an HMAC");
    if (!take_binding(s, h))
        return SASL_NEXT_FAILED;
    if (!sasl_prepare(s, user, &s->username))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "the user name has forbidden characters");
    memcpy(h->mac, mac.ptr, MAC_BYTES);
    return ask(s);
}

struct candidate {
    struct str token;
    bool genuine;
};

/* As many as there can be: in the place of one that is not there, a key that counts for nothing, so
 * that an unknown user costs what a known one does. Or fails. */
static bool take_tokens(struct sasl *s, const struct sasl_secret *secret, struct candidate *ret)
{
    size_t count = secret->kind == SASL_SECRET_TOKEN ? secret->token_count : 0;
    bool ok = (secret->kind == SASL_SECRET_TOKEN || secret->kind == SASL_SECRET_NONE) &&
              count <= SASL_TOKENS_MAX;
    for (size_t i = 0; ok && i < SASL_TOKENS_MAX; i++) {
        ret[i].genuine = i < count;
        ret[i].token = ret[i].genuine ? secret->tokens[i]
                                      : str_of(s->config.fake_key, sizeof s->config.fake_key);
        ok = ret[i].token.len > 0; /* a damaged row: its HMAC anybody could make */
    }
    if (!ok)
        sasl_unavailable(s);
    return ok;
}

/* Compares with every candidate, whichever fits; sasl_prove then hears of the one that does, or of
 * the last. */
static bool prove(struct sasl *s, struct ht *h, const struct candidate *candidates)
{
    uint8_t expected[SASL_TOKENS_MAX][MAC_BYTES] = {0};
    size_t fits = SASL_TOKENS_MAX - 1;
    bool ok = true;
    for (size_t i = SASL_TOKENS_MAX; i-- > 0;) {
        ok &= mac_of(h, candidates[i].token, STR_LIT("Initiator"), expected[i]);
        fits = wipe_equal(expected[i], h->mac, MAC_BYTES) ? i : fits;
    }
    h->used = (int)fits;
    ok = ok && sasl_prove(s, expected[fits], h->mac, MAC_BYTES, candidates[fits].genuine);
    wipe(expected, sizeof expected);
    return ok;
}

static enum sasl_next server_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct ht *h = s->state;
    struct candidate candidates[SASL_TOKENS_MAX];
    uint8_t mac[MAC_BYTES];
    if (!take_tokens(s, secret, candidates))
        return SASL_NEXT_FAILED;
    if (!prove(s, h, candidates))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "wrong user name or token");
    if (!mac_of(h, candidates[h->used].token, STR_LIT("Responder"), mac))
        return sasl_unavailable(s);
    buf_append(out, mac, sizeof mac);
    return SASL_NEXT_END;
}

/* ---- rows ---- */

static const struct sasl_half client = {client_step, client_secret, NULL};
static const struct sasl_half server = {server_step, server_secret, NULL};

int sasl_token_used(const struct sasl *s)
{
    const struct ht *h = s->state;
    return s->half == &server && s->status == SASL_DONE ? h->used : -1;
}

enum { FLAGS = SASL_MECH_TOKEN | SASL_MECH_CLIENT_FIRST | SASL_MECH_PROVES_SERVER };

#define ROW(id, text, more_flags, type)                                                            \
    const struct sasl_mech sasl_mech_ht_##id = {                                                   \
        text, text, FLAGS | (more_flags), HASH_SHA256, sizeof(struct ht), &client, &server, type}

ROW(expr, "HT-SHA-256-EXPR", SASL_MECH_BINDS, "tls-exporter");
ROW(uniq, "HT-SHA-256-UNIQ", SASL_MECH_BINDS, "tls-unique");
ROW(endp, "HT-SHA-256-ENDP", SASL_MECH_BINDS, "tls-server-end-point");
ROW(none, "HT-SHA-256-NONE", 0, NULL);
