/*
 * Our client against our server, with someone in between who changes what passes. Whatever is
 * changed, nobody succeeds who does not know the password.
 *
 * Input: mechanism, flags, then for each message a list of changes, each an operation and its
 * operands. Input that has run out changes nothing.
 */
#include "sasl/sasl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    FLAG_WRONG_PASSWORD = 1,
    FLAG_UNKNOWN_USER = 2,
    FLAG_LATE = 4, /* the server's last data in a challenge, not with success */
    FLAG_CAN_BIND = 8,
    FLAG_OFFERS_BINDING = 16,
    FLAG_AUTHZID = 32,
    FLAG_OFFERED = 64,
    FLAG_EARLY_SUCCESS = 128 /* the first challenge comes with success */
};

enum change { PASS, SET, DELETE, INSERT, CUT, APPEND, ABSENT, CHANGES };

/* What passes between the halves is no longer than this. */
enum { MESSAGE_MAX = 1024 };

struct input {
    const uint8_t *data;
    size_t len;
};

struct world {
    struct input input;
    unsigned flags;
    uint8_t counter;
    struct sasl *client, *server;
    enum sasl_status client_status, server_status;
    struct buf client_says, server_says;
    char message[MESSAGE_MAX]; /* after the changes */
    bool altered;              /* some message, before the server's last */
};

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static unsigned take(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *counter = ctx, *to = out;
    for (size_t i = 0; i < len; i++)
        to[i] = (*counter)++;
}

/* ---- in between ---- */

static size_t change_one(struct world *w, enum change change, size_t len)
{
    size_t at = len > 0 ? (take(&w->input) * 256 + take(&w->input)) % len : 0;
    char *m = w->message;
    switch (change) {
    case SET:
        if (len > 0)
            m[at] = (char)take(&w->input);
        break;
    case DELETE:
        if (len > 0)
            memmove(m + at, m + at + 1, --len - at);
        break;
    case INSERT:
        if (len < MESSAGE_MAX) {
            memmove(m + at + 1, m + at, len++ - at);
            m[at] = (char)take(&w->input);
        }
        break;
    case CUT:
        len = at;
        break;
    case APPEND:
        for (unsigned n = take(&w->input); n > 0 && len < MESSAGE_MAX; n--)
            m[len++] = (char)take(&w->input);
        break;
    case PASS:
    case ABSENT:
    case CHANGES:
        break;
    }
    return len;
}

/* The message as it arrives. */
static struct str carry(struct world *w, const struct sasl *from, const struct buf *said, bool last)
{
    struct str in = sasl_has_output(from) ? buf_peek(said) : STR_NONE;
    size_t len = in.len;
    bool present = in.ptr != NULL;
    demand(len <= MESSAGE_MAX);
    if (len > 0)
        memcpy(w->message, in.ptr, len);
    for (enum change c; (c = (enum change)(take(&w->input) % CHANGES)) != PASS;) {
        if (c == ABSENT)
            present = false;
        else
            present = true;
        len = c == ABSENT ? 0 : change_one(w, c, len);
    }
    struct str out = present ? str_of(w->message, len) : STR_NONE;
    if (!last && (present != (in.ptr != NULL) || !str_eq(in, out)))
        w->altered = true;
    return out;
}

/* ---- what the hosts answer ---- */

#define SECRET STR_LIT("r0m30myr0m30") /* password or token */

/* In the place of PBKDF2, which would take all the time. */
static void derive(enum hash_alg alg, struct str password, struct str salt, uint8_t *key)
{
    demand(hash_hmac(alg, password, &salt, 1, key));
}

static void find_row(const struct sasl_want *want, struct sasl_secret *ret)
{
    static const char *const schemes[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-512"};
    static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA1, HASH_SHA512};
    struct str salt = STR_LIT("0123456789abcdef"), password = SECRET;
    uint8_t key[HASH_MAX_BYTES];
    ret->kind = SASL_SECRET_CREDENTIAL;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (want->scheme[0] && !cstr_eq(want->scheme, schemes[i]))
            continue;
        derive(algs[i], password, salt, key);
        demand(sasl_scram_credential(algs[i], key, salt, 4096, &ret->credential));
        return;
    }
    demand(sasl_digest_credential(STR_LIT("juliet"), STR_LIT("example.org"), password,
                                  &ret->credential));
}

static bool takes_token(const struct sasl *s)
{
    return sasl_mech_flags(sasl_used(s)) & SASL_MECH_TOKEN;
}

static void client_secret(const struct world *w, struct sasl_secret *ret)
{
    struct str secret = w->flags & FLAG_WRONG_PASSWORD ? STR_LIT("wrong") : SECRET;
    ret->kind = takes_token(w->client) ? SASL_SECRET_TOKEN : SASL_SECRET_PASSWORD;
    ret->password = ret->tokens[0] = secret;
    ret->token_count = 1;
}

/* The client has the older of two tokens. */
static void server_secret(const struct world *w, const struct sasl_want *want,
                          struct sasl_secret *ret)
{
    if (w->flags & FLAG_UNKNOWN_USER || !str_is(want->username, "juliet"))
        return;
    if (!takes_token(w->server)) {
        find_row(want, ret);
        return;
    }
    ret->kind = SASL_SECRET_TOKEN;
    ret->tokens[0] = STR_LIT("newer");
    ret->tokens[1] = SECRET;
    ret->token_count = 2;
}

static enum sasl_status answer(const struct world *w, struct sasl *s, enum sasl_status status,
                               bool is_client, struct buf *out)
{
    while (status == SASL_WANT_SECRET || status == SASL_WANT_DERIVE) {
        const struct sasl_want *want = sasl_want(s);
        struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
        uint8_t key[HASH_MAX_BYTES];
        if (status == SASL_WANT_DERIVE) {
            demand(want->iterations >= 4096 && want->iterations <= 1000000);
            derive(want->alg, want->password, want->salt, key);
            status = sasl_answer_derived(s, key, out);
            continue;
        }
        if (is_client)
            client_secret(w, &secret);
        else
            server_secret(w, want, &secret);
        status = sasl_answer_secret(s, &secret, out);
    }
    return status;
}

/* ---- the exchange ---- */

/* 0 to 7 are the password mechanisms, 8 to 11 those that take a token; what is above counts from 0
 * again, among the first. */
static const struct sasl_mech *mech_of(unsigned byte)
{
    return byte >= 8 && byte < 12 ? sasl_token_mech_at(byte - 8) : sasl_mech_at(byte % 8);
}

static void begin(struct world *w)
{
    const struct sasl_mech *mech = mech_of(take(&w->input));
    w->flags = take(&w->input);
    bool binds = sasl_mech_flags(mech) & SASL_MECH_BINDS;
    bool token = sasl_mech_flags(mech) & SASL_MECH_TOKEN; /* which knows no authzid */
    struct sasl_config config = {
        .mech = mech,
        .random = {fill, &w->counter},
        .service = STR_LIT("xmpp"),
        .host = STR_LIT("example.org"),
        .username = STR_LIT("juliet"),
        .authzid = w->flags & FLAG_AUTHZID && !token ? STR_LIT("juliet@example.org") : STR_NONE,
        .offered = w->flags & FLAG_OFFERED ? STR_LIT("PLAIN\x1eSCRAM-SHA-256") : STR_NONE,
        .tls_version = w->flags & FLAG_OFFERED ? 0x0304 : 0,
        .gs2 = binds                      ? SASL_GS2_BINDS
               : w->flags & FLAG_CAN_BIND ? SASL_GS2_CAN
                                          : SASL_GS2_CANNOT,
        .bare_domain = STR_LIT("example.org"),
        .client_id = STR_LIT("phone"),
        .offers_binding = w->flags & FLAG_OFFERS_BINDING,
        .fake_iterations = 4096,
    };
    const char *type = sasl_mech_binding(mech);
    if (binds)
        config.binding = (struct sasl_binding){type ? type : "tls-exporter", "0123456789", 10};
    config.side = SASL_CLIENT;
    w->client = sasl_new(&config);
    config.side = SASL_SERVER;
    w->server = sasl_new(&config);
    demand(w->client && w->server);
    buf_init(&w->client_says, 0, true);
    buf_init(&w->server_says, 0, true);
}

static void client_step(struct world *w, struct str in)
{
    buf_reset(&w->client_says);
    w->client_status =
        answer(w, w->client, sasl_step(w->client, in, &w->client_says), true, &w->client_says);
    demand(w->client_status != SASL_DONE); /* only sasl_conclude may say so */
}

static void server_step(struct world *w, struct str in)
{
    buf_reset(&w->server_says);
    w->server_status =
        answer(w, w->server, sasl_step(w->server, in, &w->server_says), false, &w->server_says);
}

static void run(struct world *w)
{
    client_step(w, STR_NONE);
    while (w->client_status == SASL_MORE && w->server_status != SASL_DONE) {
        server_step(w, carry(w, w->client, &w->client_says, false));
        if (w->server_status == SASL_FAILED)
            return;
        bool last = w->server_status == SASL_DONE;
        struct str in = carry(w, w->server, &w->server_says, last);
        if (last && w->flags & FLAG_LATE && in.ptr) {
            client_step(w, in);
            in = STR_NONE;
        }
        if (last || w->flags & FLAG_EARLY_SUCCESS)
            w->client_status = sasl_conclude(w->client, in);
        else
            client_step(w, in);
        if (w->flags & FLAG_EARLY_SUCCESS)
            return;
    }
}

static void check_failure(const struct sasl *s, enum sasl_status status, const struct buf *out)
{
    enum sasl_fault fault;
    const char *text;
    enum sasl_error error = sasl_failure(s, &fault, &text);
    bool failed = status == SASL_FAILED;
    demand((error != SASL_ERROR_NONE) == failed && (fault != SASL_FAULT_NONE) == failed);
    demand((text[0] != '\0') == failed && fault != SASL_FAULT_MEMORY);
    demand(!failed || !sasl_has_output(s));
    demand(!out->failed);
}

static void check(const struct world *w)
{
    unsigned mech = sasl_mech_flags(sasl_used(w->client));
    bool knows = !(w->flags & (FLAG_WRONG_PASSWORD | FLAG_UNKNOWN_USER));
    bool token = mech & SASL_MECH_TOKEN;
    bool scram = mech & SASL_MECH_PROVES_SERVER && mech & SASL_MECH_CLIENT_FIRST && !token;
    check_failure(w->client, w->client_status, &w->client_says);
    check_failure(w->server, w->server_status, &w->server_says);
    if (mech & SASL_MECH_PROVES_SERVER) {
        demand(knows || (w->client_status != SASL_DONE && w->server_status != SASL_DONE));
        demand(w->client_status != SASL_DONE || w->server_status == SASL_DONE);
    }
    if (scram) /* every byte of the first three messages is signed */
        demand(!w->altered || w->server_status != SASL_DONE);
    if (w->server_status == SASL_DONE)
        demand(str_is(sasl_username(w->server), "juliet"));
    demand(sasl_token_used(w->server) == (token && w->server_status == SASL_DONE ? 1 : -1));
    demand(sasl_token_used(w->client) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.input = {data, size}, .server_status = SASL_MORE};
    begin(&w);
    run(&w);
    check(&w);
    sasl_free(w.client);
    sasl_free(w.server);
    buf_finish(&w.client_says);
    buf_finish(&w.server_says);
    return 0;
}
