/*
 * sasl_fixture.h - for the tests of this folder: one half driven as its host would, with answers
 * from a password and from stored rows. Where a mechanism takes a token, the password is the token.
 */
#ifndef SASL_SASL_FIXTURE_H
#define SASL_SASL_FIXTURE_H

#include "base/base64.h"
#include "sasl/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A random source that hands out the bytes of base64 text, then counts: so that a nonce can be any
 * base64 text of 40 characters. */
struct fixture_random {
    const char *nonce;
    uint8_t counter;
};

static inline void fixture_fill(void *ctx, void *out, size_t len)
{
    struct fixture_random *r = ctx;
    struct buf bytes = {0};
    uint8_t *to = out;
    if (r->nonce) {
        assert_true(base64_decode(&bytes, str_from(r->nonce)));
        assert_int_equal(buf_len(&bytes), len);
        memcpy(out, buf_peek(&bytes).ptr, len);
        r->nonce = NULL;
    } else {
        for (size_t i = 0; i < len; i++)
            to[i] = r->counter++;
    }
    buf_finish(&bytes);
}

/* What a host knows. */
struct fixture {
    struct fixture_random random;
    struct sasl_config config;

    const char *password;           /* client; NULL: cannot say */
    struct str salted;              /* client: a cached key, used instead of the password */
    struct sasl_credential rows[4]; /* server: those of `user` */
    size_t row_count;
    struct str tokens[SASL_TOKENS_MAX]; /* server: those of `user`, for this mechanism and client */
    size_t token_count;
    const char *token_mech, *token_client;
    const char *user;
    bool store_down, worker_down;

    unsigned secrets, derives, iterations; /* what was asked for */
    struct sasl *sasl;
    struct buf out;
    enum sasl_status status;
};

/* Of either table. */
static inline const struct sasl_mech *fixture_mech(const char *name)
{
    const struct sasl_mech *m = sasl_mech_find(str_from(name));
    return m ? m : sasl_token_mech_find(str_from(name));
}

/* 32 bytes that count up, of the type that `mech` names, or tls-exporter. */
static inline struct sasl_binding fixture_binding(const struct sasl_mech *mech)
{
    const char *type = sasl_mech_binding(mech);
    struct sasl_binding b = {.type = type ? type : "tls-exporter", .len = 32};
    for (uint8_t i = 0; i < 32; i++)
        b.data[i] = i;
    return b;
}

static inline bool fixture_takes_token(const struct fixture *f)
{
    return sasl_mech_flags(f->config.mech) & SASL_MECH_TOKEN;
}

static inline void fixture_init(struct fixture *f, const char *mech, enum sasl_side side)
{
    *f = (struct fixture){.random.counter = side == SASL_CLIENT ? 1 : 101};
    f->config = (struct sasl_config){
        .mech = fixture_mech(mech),
        .side = side,
        .random = {fixture_fill, &f->random},
        .service = STR_LIT("xmpp"),
        .host = STR_LIT("example.org"),
        .bare_domain = STR_LIT("example.org"),
        .fake_key = {1, 2, 3},
        .fake_iterations = 4096,
    };
    buf_init(&f->out, 0, true);
    assert_non_null(f->config.mech);
    if (sasl_mech_flags(f->config.mech) & SASL_MECH_BINDS) {
        f->config.gs2 = SASL_GS2_BINDS;
        f->config.binding = fixture_binding(f->config.mech);
    }
}

static inline void fixture_finish(struct fixture *f)
{
    sasl_free(f->sasl);
    f->sasl = NULL;
    buf_finish(&f->out);
}

static inline void fixture_client(struct fixture *f, const char *mech, const char *user,
                                  const char *password)
{
    fixture_init(f, mech, SASL_CLIENT);
    f->config.username = str_from(user);
    f->password = password;
}

/* A SCRAM row as an account would have it. */
static inline struct sasl_credential fixture_row(enum hash_alg alg, const char *password,
                                                 struct str salt, unsigned iterations)
{
    struct buf prepared = {0};
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_credential row;
    assert_true(sasl_prepare_password(str_from(password), &prepared));
    assert_true(hash_pbkdf2(alg, buf_peek(&prepared), salt, iterations, salted));
    assert_true(sasl_scram_credential(alg, salted, salt, iterations, &row));
    buf_finish(&prepared);
    return row;
}

static inline void fixture_server(struct fixture *f, const char *mech, const char *user,
                                  const char *password)
{
    static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA1, HASH_SHA512};
    fixture_init(f, mech, SASL_SERVER);
    f->user = user;
    f->config.client_id = STR_LIT("d4565fa7-4d72-4749-b3d3-740edbf87770");
    f->tokens[0] = str_from(password);
    f->token_count = 1;
    f->token_mech = mech;
    f->token_client = f->config.client_id.ptr;
    if (fixture_takes_token(f))
        return;
    for (size_t i = 0; i < ARRAY_LEN(algs); i++)
        f->rows[i] = fixture_row(algs[i], password, STR_LIT("0123456789abcdef"), 4096);
    assert_true(
        sasl_digest_credential(str_from(user), f->config.host, str_from(password), &f->rows[3]));
    f->row_count = 4;
}

static inline void fixture_server_tokens(const struct fixture *f, const struct sasl_want *want,
                                         struct sasl_secret *ret)
{
    if (!str_is(want->username, f->user) || !cstr_eq(want->scheme, f->token_mech) ||
        !str_is(want->client_id, f->token_client))
        return;
    ret->kind = SASL_SECRET_TOKEN;
    ret->token_count = f->token_count;
    for (size_t i = 0; i < f->token_count; i++)
        ret->tokens[i] = f->tokens[i];
}

static inline void fixture_server_secret(const struct fixture *f, const struct sasl_want *want,
                                         struct sasl_secret *ret)
{
    if (f->store_down)
        ret->kind = SASL_SECRET_UNAVAILABLE;
    else if (fixture_takes_token(f))
        fixture_server_tokens(f, want, ret);
    for (size_t i = 0; !f->store_down && i < f->row_count; i++) {
        if (!str_is(want->username, f->user) ||
            (want->scheme[0] && !cstr_eq(want->scheme, f->rows[i].scheme)))
            continue;
        ret->kind = SASL_SECRET_CREDENTIAL;
        ret->credential = f->rows[i];
        break;
    }
}

static inline void fixture_client_secret(const struct fixture *f, struct sasl_secret *ret)
{
    if (f->salted.ptr) {
        ret->kind = SASL_SECRET_SALTED;
        ret->salted_len = f->salted.len;
        memcpy(ret->salted, f->salted.ptr, f->salted.len);
    } else if (f->password && fixture_takes_token(f)) {
        ret->kind = SASL_SECRET_TOKEN;
        ret->tokens[0] = str_from(f->password);
        ret->token_count = 1;
    } else if (f->password) {
        ret->kind = SASL_SECRET_PASSWORD;
        ret->password = str_from(f->password);
    }
}

/* Answers every want that is open. */
static inline enum sasl_status fixture_answer(struct fixture *f)
{
    while (f->status == SASL_WANT_SECRET || f->status == SASL_WANT_DERIVE) {
        const struct sasl_want *want = sasl_want(f->sasl);
        assert_false(sasl_has_output(f->sasl));
        if (f->status == SASL_WANT_SECRET) {
            struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
            f->secrets++;
            if (f->config.side == SASL_SERVER)
                fixture_server_secret(f, want, &secret);
            else
                fixture_client_secret(f, &secret);
            f->status = sasl_answer_secret(f->sasl, &secret, &f->out);
        } else {
            uint8_t key[HASH_MAX_BYTES];
            f->derives++;
            f->iterations += want->iterations;
            bool ok = !f->worker_down &&
                      hash_pbkdf2(want->alg, want->password, want->salt, want->iterations, key);
            f->status = sasl_answer_derived(f->sasl, ok ? key : NULL, &f->out);
        }
    }
    return f->status;
}

/* Hands `in` to the half, which is made at the first call, and answers its wants. What it has to
 * say is then all that f->out holds. */
static inline enum sasl_status fixture_step(struct fixture *f, struct str in)
{
    if (!f->sasl)
        f->sasl = sasl_new(&f->config);
    if (!f->sasl)
        return f->status = SASL_FAILED; /* out of memory: only where tests make it so */
    buf_reset(&f->out);
    f->status = sasl_step(f->sasl, in, &f->out);
    return fixture_answer(f);
}

static inline struct str fixture_said(const struct fixture *f)
{
    return buf_peek(&f->out);
}

static inline enum sasl_fault fixture_fault(const struct fixture *f)
{
    enum sasl_fault fault = SASL_FAULT_NONE;
    sasl_failure(f->sasl, &fault, NULL);
    return fault;
}

static inline enum sasl_error fixture_error(const struct fixture *f)
{
    return sasl_failure(f->sasl, NULL, NULL);
}

/* Lets the two halves talk until one has come to an end, as an XMPP stream would carry them: the
 * server's last data goes with <success/>, or into a last challenge if `late`. */
static inline void fixture_talk(struct fixture *client, struct fixture *server, bool late)
{
    struct str in = STR_NONE;
    fixture_step(client, STR_NONE);
    while (client->status == SASL_MORE) {
        in = sasl_has_output(client->sasl) ? fixture_said(client) : STR_NONE;
        if (fixture_step(server, in) == SASL_FAILED)
            return;
        in = sasl_has_output(server->sasl) ? fixture_said(server) : STR_NONE;
        if (server->status != SASL_DONE) {
            fixture_step(client, in);
            continue;
        }
        if (late && in.ptr) {
            if (fixture_step(client, in) != SASL_MORE)
                return;
            assert_true(sasl_has_output(client->sasl));
            assert_int_equal(buf_len(&client->out), 0);
            in = STR_NONE;
        }
        client->status = sasl_conclude(client->sasl, in);
    }
}

#endif
