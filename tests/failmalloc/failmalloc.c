/*
 * failmalloc - a login and a message between both halves, run again and again, with the first,
 * second, third ... allocation failing: once alone, and once with all that follow it. Whatever
 * fails, an end either comes through or ends with CLOSED, and nothing leaks (the address sanitizer
 * watches). The pump itself allocates nothing.
 */
#include "core/stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    unsigned long count, fail_at;
    bool for_good;
} fault; /* the allocator below has no other place to ask */

static bool fails_now(void)
{
    fault.count++;
    return fault.fail_at &&
           (fault.count == fault.fail_at || (fault.for_good && fault.count > fault.fail_at));
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __real_realloc(p, size);
}

struct end {
    struct stream *stream;
    enum stream_side side;
    bool ready, closed, got_message;
    struct sasl_credential *credentials;
};

static const char password[] = "pencil";

static void zeros(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

static void give_secret(struct end *e, const struct stream_event *ev)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
    if (e->side == STREAM_CLIENT) {
        secret.kind = SASL_SECRET_PASSWORD;
        secret.password = STR_LIT(password);
    }
    for (size_t i = 0; e->credentials && e->credentials[i].scheme[0]; i++)
        if (!ev->sasl->scheme[0] || strcmp(ev->sasl->scheme, e->credentials[i].scheme) == 0) {
            secret.kind = SASL_SECRET_CREDENTIAL;
            secret.credential = e->credentials[i];
            break;
        }
    stream_answer_secret(e->stream, 0, ev->id, &secret);
}

static void derive(struct end *e, const struct stream_event *ev)
{
    uint8_t key[HASH_MAX_BYTES];
    bool good =
        hash_pbkdf2(ev->sasl->alg, ev->sasl->password, ev->sasl->salt, ev->sasl->iterations, key);
    stream_answer_derive(e->stream, 0, ev->id, good ? key : NULL);
}

static void send_message(struct end *e)
{
    struct arena a = {0};
    struct element *m = stanza_message(&a, "romeo@localhost", "chat", STR_LIT("hello"));
    if (!a.failed)
        stream_send(e->stream, 0, m);
    arena_finish(&a);
}

static void on_event(struct end *e, const struct stream_event *ev)
{
    struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK, .exporter_len = 32};
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        stream_answer_tls(e->stream, 0, ev->id, STREAM_TLS_FINISHED, &facts, NULL);
        break;
    case STREAM_WANT_SECRET:
        give_secret(e, ev);
        break;
    case STREAM_WANT_DERIVE:
        derive(e, ev);
        break;
    case STREAM_WANT_ADMIT:
        stream_answer_admit(e->stream, 0, ev->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_SESSION:
        stream_answer_session(e->stream, 0, ev->id,
                              &(struct stream_session_answer){.resource = STR_LIT("r")});
        break;
    case STREAM_EVENT_READY:
        e->ready = true;
        if (e->side == STREAM_CLIENT)
            send_message(e);
        break;
    case STREAM_EVENT_STANZA:
        e->got_message = true;
        break;
    case STREAM_EVENT_CLOSED:
        assert(!e->closed);
        e->closed = true;
        if (!fault.fail_at)
            fprintf(stderr, "closed: %s\n", ev->error->sentence);
        break;
    default:
        break;
    }
}

static bool work(struct end *e)
{
    struct stream_event ev;
    bool any = false;
    while (stream_event(e->stream, &ev)) {
        on_event(e, &ev);
        any = true;
    }
    return any;
}

/* Moves what `from` wrote to `to`, which first does what it has to do: TLS begins at both ends
 * before bytes move again. False when there was nothing to do. */
static bool pump(struct end *from, struct end *to)
{
    struct stream_output out;
    bool any = work(from);
    any |= work(to);
    if (!stream_output(from->stream, &out))
        return any;
    size_t used = stream_input(to->stream, 0, out.data, out.len, 0);
    stream_output_ack(from->stream, 0, used);
    return any || used > 0;
}

static struct stream *open_end(enum stream_side side, const char *mechanism)
{
    static const char *const domains[] = {"localhost", NULL};
    struct stream_config c = {
        .side = side,
        .random = {zeros, NULL},
        .domains = domains,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .fake_iterations = 1,
    };
    c.policy.legacy = true;
    c.policy.iterations_min = 1;
    if (side == STREAM_CLIENT)
        memcpy(c.policy.mechanism, mechanism, strlen(mechanism) + 1);
    return stream_new(&c, 0);
}

/* One run; true when it came through whole. */
static bool run(const char *mechanism, struct sasl_credential *credentials)
{
    struct end client = {.side = STREAM_CLIENT}, server = {.side = STREAM_SERVER};
    server.credentials = credentials;
    client.stream = open_end(STREAM_CLIENT, mechanism);
    server.stream = client.stream ? open_end(STREAM_SERVER, mechanism) : NULL;
    if (server.stream) {
        bool busy = true;
        while (busy) {
            busy = pump(&client, &server);
            busy |= pump(&server, &client);
        }
        if (!client.closed && !server.got_message)
            assert(server.closed || fault.fail_at); /* stuck without a reason would be a fault */
    }
    stream_free(client.stream);
    stream_free(server.stream);
    return client.ready && server.got_message && !client.closed && !server.closed;
}

static void make_credentials(struct sasl_credential *out)
{
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    bool good =
        hash_pbkdf2(HASH_SHA256, STR_LIT(password), salt, 1, salted) &&
        sasl_scram_credential(HASH_SHA256, salted, salt, 1, &out[0]) &&
        sasl_digest_credential(STR_LIT("juliet"), STR_LIT("localhost"), STR_LIT(password), &out[1]);
    assert(good);
}

int main(void)
{
    static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
                                             "DIGEST-MD5"};
    struct sasl_credential credentials[3] = {0};
    make_credentials(credentials);
    for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
        fault.count = fault.fail_at = 0;
        bool whole = run(mechanisms[i], credentials);
        unsigned long total = fault.count;
        if (!whole)
            fprintf(stderr, "%s does not come through without faults\n", mechanisms[i]);
        assert(whole && total > 20);
        for (unsigned long at = 1; at <= total; at++)
            for (int for_good = 0; for_good < 2; for_good++) {
                fault.count = 0;
                fault.fail_at = at;
                fault.for_good = for_good;
                run(mechanisms[i], credentials);
            }
        fault.fail_at = 0;
        printf("ok %s: %lu allocations, each failed once alone and once for good\n", mechanisms[i],
               total);
    }
    return 0;
}
