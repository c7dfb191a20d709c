#include "sasl/sasl.h"

#include "base/wipe.h"
#include "sasl/sasl_mech.h"

#include <stdlib.h>

enum { ARENA_MAX_BYTES = 65536 };

/* Strongest first: the client's order of preference. */
static const struct sasl_mech *const mechanisms[] = {
    &sasl_mech_scram_sha512_plus,
    &sasl_mech_scram_sha256_plus,
    &sasl_mech_scram_sha1_plus,
    &sasl_mech_scram_sha512,
    &sasl_mech_scram_sha256,
    &sasl_mech_scram_sha1,
    &sasl_mech_plain,
    &sasl_mech_digest_md5,
};

/* So are these. */
static const struct sasl_mech *const token_mechanisms[] = {
    &sasl_mech_ht_expr,
    &sasl_mech_ht_uniq,
    &sasl_mech_ht_endp,
    &sasl_mech_ht_none,
};

static const struct sasl_mech *find(const struct sasl_mech *const *table, size_t count,
                                    struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(name, table[i]->name))
            return table[i];
    }
    return NULL;
}

const struct sasl_mech *sasl_mech_at(size_t index)
{
    return index < ARRAY_LEN(mechanisms) ? mechanisms[index] : NULL;
}

const struct sasl_mech *sasl_mech_find(struct str name)
{
    return find(mechanisms, ARRAY_LEN(mechanisms), name);
}

const struct sasl_mech *sasl_token_mech_at(size_t index)
{
    return index < ARRAY_LEN(token_mechanisms) ? token_mechanisms[index] : NULL;
}

const struct sasl_mech *sasl_token_mech_find(struct str name)
{
    return find(token_mechanisms, ARRAY_LEN(token_mechanisms), name);
}

const char *sasl_mech_name(const struct sasl_mech *m)
{
    return m->name;
}

unsigned sasl_mech_flags(const struct sasl_mech *m)
{
    return m->flags;
}

const char *sasl_mech_scheme(const struct sasl_mech *m)
{
    return m->scheme;
}

const char *sasl_mech_binding(const struct sasl_mech *m)
{
    return m->binding;
}

/* ---- conditions ---- */

static const char *const error_names[] = {
    [SASL_ERROR_NONE] = "",
    [SASL_ERROR_ABORTED] = "aborted",
    [SASL_ERROR_ACCOUNT_DISABLED] = "account-disabled",
    [SASL_ERROR_CREDENTIALS_EXPIRED] = "credentials-expired",
    [SASL_ERROR_ENCRYPTION_REQUIRED] = "encryption-required",
    [SASL_ERROR_INCORRECT_ENCODING] = "incorrect-encoding",
    [SASL_ERROR_INVALID_AUTHZID] = "invalid-authzid",
    [SASL_ERROR_INVALID_MECHANISM] = "invalid-mechanism",
    [SASL_ERROR_MALFORMED_REQUEST] = "malformed-request",
    [SASL_ERROR_MECHANISM_TOO_WEAK] = "mechanism-too-weak",
    [SASL_ERROR_NOT_AUTHORIZED] = "not-authorized",
    [SASL_ERROR_TEMPORARY_AUTH_FAILURE] = "temporary-auth-failure",
};

const char *sasl_error_name(enum sasl_error error)
{
    return (size_t)error < ARRAY_LEN(error_names) ? error_names[error] : "not-authorized";
}

enum sasl_error sasl_error_from_name(const char *name)
{
    for (size_t i = 1; i < ARRAY_LEN(error_names); i++) {
        if (cstr_eq(name, error_names[i]))
            return (enum sasl_error)i;
    }
    return SASL_ERROR_NOT_AUTHORIZED;
}

/* ---- life ---- */

static void keep_binding(struct sasl *s, struct sasl_binding *b)
{
    if (b->len > sizeof b->data)
        b->type = NULL;
    if (b->type)
        b->type = arena_dup(&s->arena, str_from(b->type));
}

static void keep_config(struct sasl *s)
{
    struct sasl_config *c = &s->config;
    struct str *const fields[] = {&c->service, &c->host,        &c->offered,  &c->username,
                                  &c->authzid, &c->bare_domain, &c->client_id};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i] = sasl_keep(s, *fields[i]);
    keep_binding(s, &c->binding);
    for (size_t i = 0; i < SASL_OTHER_BINDINGS_MAX; i++)
        keep_binding(s, &c->other_bindings[i]);
    if (c->iterations_min == 0)
        c->iterations_min = 4096;
    if (c->iterations_max == 0)
        c->iterations_max = 1000000;
}

struct sasl *sasl_new(const struct sasl_config *config)
{
    struct sasl *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = *config;
    s->half = config->side == SASL_CLIENT ? config->mech->client : config->mech->server;
    s->status = SASL_MORE;
    arena_init(&s->arena, ARENA_MAX_BYTES, true);
    keep_config(s);
    s->state = arena_alloc(&s->arena, config->mech->state_bytes);
    if (s->arena.failed) {
        sasl_free(s);
        return NULL;
    }
    return s;
}

void sasl_free(struct sasl *s)
{
    if (!s)
        return;
    arena_finish(&s->arena);
    wipe_free(s, sizeof *s);
}

/* ---- the ways to end ---- */

enum sasl_next sasl_fail(struct sasl *s, enum sasl_fault fault, enum sasl_error error,
                         const char *text)
{
    if (s->fault == SASL_FAULT_NONE) {
        s->fault = fault;
        s->error = s->config.side == SASL_CLIENT ? SASL_ERROR_ABORTED : error;
        s->text = text;
    }
    return SASL_NEXT_FAILED;
}

enum sasl_next sasl_malformed(struct sasl *s, const char *text)
{
    return sasl_fail(s, SASL_FAULT_PROTOCOL, SASL_ERROR_MALFORMED_REQUEST, text);
}

enum sasl_next sasl_unavailable(struct sasl *s)
{
    return sasl_fail(s, SASL_FAULT_MEMORY, SASL_ERROR_TEMPORARY_AUTH_FAILURE,
                     "the credentials could not be looked up or computed");
}

bool sasl_prove(struct sasl *s, const void *expected, const void *given, size_t len, bool genuine)
{
    s->peer_proved = wipe_equal(expected, given, len) & genuine;
    return s->peer_proved;
}

/* ---- the exchange ---- */

static bool proves_server(const struct sasl *s)
{
    return s->config.mech->flags & SASL_MECH_PROVES_SERVER;
}

/* Out of memory shows in the arena or in `out`, whatever the mechanism made of it. */
enum sasl_next sasl_fail_memory(struct sasl *s)
{
    s->fault = SASL_FAULT_NONE;
    return sasl_fail(s, SASL_FAULT_MEMORY, SASL_ERROR_TEMPORARY_AUTH_FAILURE, "out of memory");
}

/* The half has no more to say or to hear: for a server this is the end of the exchange; a client
 * waits for <success/>, which comes to sasl_conclude. */
static enum sasl_status end(struct sasl *s, bool has_output)
{
    s->ended = true;
    s->has_output = has_output;
    if (s->config.side == SASL_CLIENT)
        return SASL_MORE;
    if (s->peer_proved)
        return SASL_DONE;
    sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED, "no proof was given");
    return SASL_FAILED;
}

static enum sasl_status settle(struct sasl *s, enum sasl_next next, struct buf *out, size_t before)
{
    if (out->failed || s->arena.failed)
        next = sasl_fail_memory(s);
    s->has_output = false;
    s->status = SASL_FAILED;
    switch (next) {
    case SASL_NEXT_SEND:
        s->has_output = true;
        s->status = SASL_MORE;
        break;
    case SASL_NEXT_WAIT:
        s->status = SASL_MORE;
        break;
    case SASL_NEXT_SECRET:
        s->status = SASL_WANT_SECRET;
        break;
    case SASL_NEXT_DERIVE:
        s->status = SASL_WANT_DERIVE;
        break;
    case SASL_NEXT_END:
        s->status = end(s, s->config.side == SASL_CLIENT || buf_len(out) > before);
        break;
    case SASL_NEXT_FAILED:
        break;
    }
    if (s->status == SASL_FAILED)
        buf_truncate(out, before);
    return s->status;
}

/* A call that the exchange did not wait for. After the end it changes nothing. */
static enum sasl_status out_of_turn(struct sasl *s)
{
    if (s->status == SASL_DONE || s->status == SASL_FAILED)
        return SASL_FAILED;
    sasl_malformed(s, "a message out of turn");
    s->has_output = false;
    return s->status = SASL_FAILED;
}

/* The first message of the peer, or its absence, where it may be (RFC 4422 §3). */
static enum sasl_next begin(struct sasl *s, struct str in, struct buf *out)
{
    bool client_first = s->config.mech->flags & SASL_MECH_CLIENT_FIRST;
    if (s->config.side == SASL_SERVER && client_first && !in.ptr)
        return SASL_NEXT_SEND; /* an empty challenge asks for the initial response */
    if (s->config.side == SASL_SERVER && !client_first && in.ptr)
        return sasl_malformed(s, "an initial response to a mechanism that has none");
    if (s->config.side == SASL_CLIENT && !client_first)
        return SASL_NEXT_WAIT;
    return s->half->step(s, in, out);
}

enum sasl_status sasl_step(struct sasl *s, struct str in, struct buf *out)
{
    bool first = !s->begun;
    size_t before = buf_len(out);
    bool expected = first ? s->config.side == SASL_SERVER || !in.ptr : in.ptr != NULL;
    if (s->status != SASL_MORE || s->ended || !expected)
        return out_of_turn(s);
    s->begun = true;
    enum sasl_next next;
    if (in.len > SASL_MESSAGE_MAX_BYTES)
        next = sasl_malformed(s, "the message is too long");
    else if (first)
        next = begin(s, in, out);
    else
        next = s->half->step(s, in, out);
    return settle(s, next, out, before);
}

enum sasl_status sasl_answer_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    size_t before = buf_len(out);
    if (s->status != SASL_WANT_SECRET)
        return out_of_turn(s);
    if (secret->kind == SASL_SECRET_UNAVAILABLE)
        return settle(s, sasl_unavailable(s), out, before);
    return settle(s, s->half->secret(s, secret, out), out, before);
}

enum sasl_status sasl_answer_derived(struct sasl *s, const uint8_t *key, struct buf *out)
{
    size_t before = buf_len(out);
    if (s->status != SASL_WANT_DERIVE)
        return out_of_turn(s);
    if (!key)
        return settle(s, sasl_unavailable(s), out, before);
    return settle(s, s->half->derived(s, key, out), out, before);
}

/* Success from a server that was to prove itself and did not is the server's failure, however it
 * came about. */
static enum sasl_status unproven(struct sasl *s)
{
    if (proves_server(s) && s->fault != SASL_FAULT_NONE && s->fault != SASL_FAULT_MEMORY)
        s->fault = SASL_FAULT_SERVER_PROOF;
    sasl_fail(s, proves_server(s) ? SASL_FAULT_SERVER_PROOF : SASL_FAULT_PROTOCOL,
              SASL_ERROR_ABORTED, "success before the end of the exchange");
    s->has_output = false;
    return s->status = SASL_FAILED;
}

enum sasl_status sasl_conclude(struct sasl *s, struct str additional)
{
    if (s->config.side != SASL_CLIENT || s->status == SASL_DONE || s->status == SASL_FAILED)
        return out_of_turn(s);
    if (additional.len > 0) {
        struct buf nothing_to_say;
        buf_init(&nothing_to_say, 0, true);
        enum sasl_status status = sasl_step(s, additional, &nothing_to_say);
        buf_finish(&nothing_to_say);
        if (status != SASL_MORE)
            return unproven(s);
    }
    if (!s->ended || (proves_server(s) && !s->peer_proved))
        return unproven(s);
    s->has_output = false;
    return s->status = SASL_DONE;
}

/* ---- what it knows ---- */

bool sasl_has_output(const struct sasl *s)
{
    return s->has_output;
}

const struct sasl_want *sasl_want(const struct sasl *s)
{
    return &s->want;
}

const char *sasl_bound_to(const struct sasl *s)
{
    return s->bound_to;
}

const struct sasl_mech *sasl_used(const struct sasl *s)
{
    return s->config.mech;
}

struct str sasl_username(const struct sasl *s)
{
    return s->username;
}

enum sasl_error sasl_failure(const struct sasl *s, enum sasl_fault *ret_fault,
                             const char **ret_text)
{
    if (ret_fault)
        *ret_fault = s->fault;
    if (ret_text)
        *ret_text = s->text ? s->text : "";
    return s->error;
}
