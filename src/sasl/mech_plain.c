/* PLAIN (RFC 4616). The server stores no password, so it derives the keys of the user's SCRAM row
 * from the one it is given; for an unknown user it does the same work for nothing. */
#include "sasl/sasl_mech.h"
#include "sasl/saslprep.h"

#include "base/wipe.h"

struct plain {
    struct str password; /* prepared */
    struct sasl_credential credential;
    bool genuine;
};

/* ---- client ---- */

static enum sasl_next client_step(struct sasl *s, struct str in, struct buf *out)
{
    (void)in; /* the frame lets no challenge come here */
    (void)out;
    if (!sasl_prepare_user(s))
        return SASL_NEXT_FAILED;
    s->want = (struct sasl_want){.username = s->username, .scheme = ""};
    return SASL_NEXT_SECRET;
}

static enum sasl_next client_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct plain *p = s->state;
    if (!sasl_take_password(s, secret, &p->password))
        return SASL_NEXT_FAILED;
    buf_str(out, s->config.authzid);
    buf_byte(out, 0);
    buf_str(out, s->username);
    buf_byte(out, 0);
    buf_str(out, p->password);
    return SASL_NEXT_END;
}

/* ---- server ---- */

/* [authzid] NUL authcid NUL passwd */
static enum sasl_next server_step(struct sasl *s, struct str in, struct buf *out)
{
    (void)out;
    struct plain *p = s->state;
    struct str rest = in, authzid = sasl_cut(&rest, 0), user = sasl_cut(&rest, 0), password = rest;
    if (!password.ptr || memchr(password.ptr, 0, password.len))
        return sasl_malformed(s, "PLAIN has exactly two NULs");
    if (!saslprep_is_utf8(in) || user.len == 0 || password.len == 0)
        return sasl_malformed(s, "a field is empty or not UTF-8");
    if (!sasl_prepare(s, user, &s->username) || !sasl_prepare(s, password, &p->password))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "the user name or password has forbidden characters");
    if (authzid.len > 0 && !sasl_check_authzid(s, authzid))
        return SASL_NEXT_FAILED;
    s->want = (struct sasl_want){.username = s->username, .scheme = s->config.mech->scheme};
    return SASL_NEXT_SECRET;
}

static enum sasl_next server_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    (void)out;
    struct plain *p = s->state;
    const struct sasl_credential *c = &p->credential;
    if (!sasl_take_credential(s, secret, &p->credential, &p->genuine) ||
        !sasl_scheme_alg(str_from(c->scheme), &s->want.alg))
        return sasl_unavailable(s);
    s->want.scheme = c->scheme;
    s->want.password = p->password;
    s->want.salt = str_of(c->salt, c->salt_len);
    s->want.iterations = c->iterations;
    return SASL_NEXT_DERIVE;
}

static enum sasl_next server_derived(struct sasl *s, const uint8_t *key, struct buf *out)
{
    (void)out;
    struct plain *p = s->state;
    uint8_t stored_key[HASH_MAX_BYTES];
    bool ok =
        sasl_scram_stored_key(s->want.alg, key, stored_key) &&
        sasl_prove(s, p->credential.stored_key, stored_key, p->credential.key_len, p->genuine);
    wipe(stored_key, sizeof stored_key);
    if (!ok)
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "wrong user name or password");
    return SASL_NEXT_END;
}

static const struct sasl_half client = {client_step, client_secret, NULL};
static const struct sasl_half server = {server_step, server_secret, server_derived};

const struct sasl_mech sasl_mech_plain = {
    .name = "PLAIN",
    .scheme = "",
    .flags = SASL_MECH_PLAINTEXT | SASL_MECH_CLIENT_FIRST,
    .state_bytes = sizeof(struct plain),
    .client = &client,
    .server = &server,
};
