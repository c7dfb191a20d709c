#include "tests/sim/storm.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

/* A struct stream on each side, their bytes handed over at once: what a flight takes is the
 * storm's to say. Both ends are told of the same TLS, whose bytes are not played. */

struct login {
    const struct storm_accounts *accounts;
    struct stream *client, *server;
    uint64_t now_ms;
    bool changed; /* the server knows another password than the client */
    bool ready;
    unsigned proofs;
    struct linnet_error error;
};

static void answer_tls(struct login *l, struct stream *s, uint64_t id)
{
    struct tls_facts facts = {.verdict = s == l->client ? TLS_VERDICT_OK : TLS_VERDICT_NOT_CHECKED};
    snprintf(facts.version, sizeof facts.version, "TLSv1.3");
    (void)!stream_answer_tls(s, l->now_ms, id, STREAM_TLS_FINISHED, &facts, NULL);
}

static void answer_secret(struct login *l, struct stream *s, uint64_t id)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT(STORM_PASSWORD)};
    if (s == l->server) {
        secret = (struct sasl_secret){.kind = SASL_SECRET_CREDENTIAL};
        secret.credential = l->changed ? l->accounts->changed : l->accounts->right;
    } else {
        l->proofs++;
    }
    (void)!stream_answer_secret(s, l->now_ms, id, &secret);
}

static void answer_derive(struct login *l, struct stream *s, const struct stream_event *e)
{
    uint8_t key[HASH_MAX_BYTES];
    bool good =
        hash_pbkdf2(e->sasl->alg, e->sasl->password, e->sasl->salt, e->sasl->iterations, key);
    (void)!stream_answer_derive(s, l->now_ms, e->id, good ? key : NULL);
}

static void on_event(struct login *l, struct stream *s, const struct stream_event *e)
{
    struct stream_session_answer session = {.resource = STR_LIT("storm")};
    switch (e->kind) {
    case STREAM_WANT_TLS:
        answer_tls(l, s, e->id);
        break;
    case STREAM_WANT_SECRET:
        answer_secret(l, s, e->id);
        break;
    case STREAM_WANT_DERIVE:
        answer_derive(l, s, e);
        break;
    case STREAM_WANT_ADMIT:
        (void)!stream_answer_admit(s, l->now_ms, e->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_SESSION:
        (void)!stream_answer_session(s, l->now_ms, e->id, &session);
        break;
    case STREAM_EVENT_READY:
        l->ready |= s == l->client;
        break;
    case STREAM_EVENT_CLOSED:
        if (s == l->client)
            l->error = *e->error;
        break;
    default:
        break;
    }
}

/* Moves what `from` wrote to `to` and serves the events of both; false when there was nothing. */
static bool pump(struct login *l, struct stream *from, struct stream *to)
{
    struct stream_output out;
    struct stream_event e;
    bool worked = false;
    if (stream_output(from, &out)) {
        size_t used = stream_input(to, l->now_ms, out.data, out.len, 0);
        stream_output_ack(from, l->now_ms, used);
        worked = used > 0;
    }
    while (stream_event(from, &e) && (worked = true))
        on_event(l, from, &e);
    while (stream_event(to, &e) && (worked = true))
        on_event(l, to, &e);
    return worked;
}

static struct stream *new_stream(const struct storm_accounts *a, enum stream_side side,
                                 uint64_t now_ms)
{
    static const char *const domains[] = {SIM_DOMAIN, NULL};
    struct stream_config config = {
        .side = side,
        .direct_tls = true,
        .random = a->random,
        .domains = domains,
        .fake_iterations = 4,
        .policy = {.iterations_min = 1},
    };
    if (side == STREAM_CLIENT) {
        config.domain = STR_LIT(SIM_DOMAIN);
        config.username = STR_LIT(SIM_USER);
        snprintf(config.policy.mechanism, sizeof config.policy.mechanism, "SCRAM-SHA-256");
    }
    return stream_new(&config, now_ms);
}

static bool make_credential(const char *password, struct sasl_credential *ret)
{
    uint8_t key[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    return hash_pbkdf2(HASH_SHA256, str_from(password), salt, 4, key) &&
           sasl_scram_credential(HASH_SHA256, key, salt, 4, ret);
}

bool storm_accounts_init(struct storm_accounts *a, struct random_source random)
{
    *a = (struct storm_accounts){.random = random};
    return make_credential(STORM_PASSWORD, &a->right) &&
           make_credential("changed meanwhile", &a->changed);
}

struct linnet_error storm_login(const struct storm_accounts *a, bool changed, uint64_t now_ms,
                                unsigned *proofs)
{
    struct login l = {.accounts = a, .changed = changed, .now_ms = now_ms};
    l.client = new_stream(a, STREAM_CLIENT, now_ms);
    l.server = new_stream(a, STREAM_SERVER, now_ms);
    if (!l.client || !l.server)
        abort();
    while (!l.ready && l.error.code == LINNET_OK)
        if (!pump(&l, l.client, l.server) && !pump(&l, l.server, l.client))
            break;
    if (!l.ready && l.error.code == LINNET_OK)
        error_set(&l.error, LINNET_ERROR_INTERNAL, LINNET_ORIGIN_HERE, "reason",
                  "the conversation came to a halt", NULL);
    stream_free(l.client);
    stream_free(l.server);
    *proofs += l.proofs;
    return l.error;
}
