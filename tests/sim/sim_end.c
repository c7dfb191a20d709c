#include "tests/sim/sim.h"

#include "base/error.h"
#include "base/wipe.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELLO_BYTES = 24, TLS_MASK = 0x5a, SIM_ALL = 100000 };

uint64_t sim_next(struct sim_rng *r)
{
    /* splitmix64 */
    uint64_t z = (r->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim_rng *r, uint64_t n)
{
    return sim_next(r) % n;
}

bool sim_chance(struct sim_rng *r, unsigned percent)
{
    return sim_below(r, 100) < percent;
}

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)sim_next(ctx);
}

struct random_source sim_random(struct sim_rng *r)
{
    return (struct random_source){fill, r};
}

static void trace_line(void *ctx, enum stream_direction d, struct str xml)
{
    const struct sim_end *e = ctx;
    if (d == STREAM_SENT)
        printf("%s %.*s\n", e->side == STREAM_CLIENT ? "C:" : "S:", STR_ARG(xml));
}

void sim_end_init(struct sim_end *e, enum stream_side side, const struct sim_case *test,
                  struct sim_rng *rng, struct sim_pipe *in, struct sim_pipe *out)
{
    *e = (struct sim_end){.side = side, .test = test, .rng = rng, .in = in, .out = out};
}

void sim_end_connect(struct sim_end *e, uint64_t now_ms)
{
    static const char *const domains[] = {SIM_DOMAIN, NULL};
    static const char *const other_domains[] = {"192.168.1.185", NULL};
    const struct sim_case *test = e->test;
    enum stream_side side = e->side;
    e->answer_ms = UINT64_MAX;
    struct stream_config c = {
        .side = side,
        .direct_tls = test->direct_tls,
        .policy = side == STREAM_CLIENT ? test->client_policy : test->server_policy,
        .random = sim_random(e->rng),
        .login_timeout_ms = 20000,
        .stage_timeout_ms = 8000,
        .domains = test->host_wrong ? other_domains : domains,
        .fake_iterations = 8,
        .upgrade = true,
        .upgrades = 1u << HASH_SHA256 | 1u << HASH_SHA512,
        .trace = {test->verbose ? trace_line : NULL, e, true},
    };
    if (side == STREAM_CLIENT) {
        c.domain = STR_LIT(SIM_DOMAIN);
        c.username = test->unknown_user ? STR_LIT("romeo") : STR_LIT(SIM_USER);
    }
    sim_kept_configure(e, &c);
    e->stream = stream_new(&c, now_ms);
    assert(e->stream);
}

/* The connection is no more: what is left is what was kept, and what was seen in clear. */
void sim_end_leave(struct sim_end *e, uint64_t now_ms)
{
    sim_kept_leave(e, now_ms);
    stream_free(e->stream);
    buf_finish(&e->unread);
    buf_finish(&e->tls_hello);
    struct sim_end next = {.rng = e->rng, .in = e->in, .out = e->out, .side = e->side};
    next.test = e->test;
    next.peer = e->peer;
    next.kept = e->kept;
    next.epoch = e->epoch + 1;
    next.clear = e->clear;
    *e = next;
}

void sim_end_finish(struct sim_end *e)
{
    stream_free(e->stream);
    sim_kept_finish(&e->kept);
    buf_finish(&e->unread);
    buf_finish(&e->tls_hello);
    buf_finish(&e->clear);
}

/* ---- TLS, played ---- */

static void tls_send(struct sim_end *e, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_byte(&e->out->bytes, data[i] ^ TLS_MASK);
}

static void tls_hello(struct sim_end *e)
{
    uint8_t hello[HELLO_BYTES] = {0x16};
    buf_append(&e->out->bytes, hello, sizeof hello);
}

static void tls_begin(struct sim_end *e, uint64_t want)
{
    e->tls_playing = true;
    e->tls_want = want;
    if (e->side == STREAM_CLIENT)
        tls_hello(e);
}

/* Takes the peer's hello out of what came; true when the handshake is complete. */
static bool tls_progress(struct sim_end *e, uint64_t now_ms)
{
    struct str in = buf_peek(&e->unread);
    size_t take = HELLO_BYTES - buf_len(&e->tls_hello);
    if (take > in.len)
        take = in.len;
    buf_append(&e->tls_hello, in.ptr, take);
    buf_consume(&e->unread, take);
    if (buf_len(&e->tls_hello) < HELLO_BYTES)
        return take > 0;
    e->tls_playing = false;
    if ((uint8_t)buf_peek(&e->tls_hello).ptr[0] != 0x16) {
        struct linnet_error error = {0};
        error_set(&error, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_NETWORK, NULL);
        stream_answer_tls(e->stream, now_ms, e->tls_want, STREAM_TLS_FINISHED, NULL, &error);
        return true;
    }
    if (e->side == STREAM_SERVER)
        tls_hello(e);
    e->tls_on = true;
    /* Bytes behind the hello were masked by the peer: unmask what is already here. */
    struct str rest = buf_peek(&e->unread);
    for (size_t i = 0; i < rest.len; i++)
        e->unread.data[e->unread.start + i] ^= TLS_MASK;
    struct tls_facts facts = e->test->facts;
    facts.verdict = e->side == STREAM_SERVER ? TLS_VERDICT_NOT_CHECKED
                    : e->test->verdict_good  ? TLS_VERDICT_OK
                                             : TLS_VERDICT_UNTRUSTED;
    bool open =
        stream_answer_tls(e->stream, now_ms, e->tls_want, STREAM_TLS_FINISHED, &facts, NULL);
    (void)open; /* false when the stream gave up meanwhile */
    return true;
}

/* ---- answers ---- */

static void secret_for(const struct sim_end *e, const struct sasl_want *want,
                       struct sasl_secret *ret)
{
    *ret = (struct sasl_secret){.kind = SASL_SECRET_NONE};
    if (e->side == STREAM_CLIENT) {
        ret->kind = SASL_SECRET_PASSWORD;
        ret->password = e->test->wrong_password ? STR_LIT("wrong") : str_from(e->test->password);
        return;
    }
    if (e->test->store_down) {
        ret->kind = SASL_SECRET_UNAVAILABLE;
        return;
    }
    if (want->client_id.ptr) {
        if (!str_is(want->username, SIM_USER) || !sim_give_tokens(e, ret))
            ret->kind = SASL_SECRET_NONE;
        return;
    }
    for (size_t i = 0; str_is(want->username, SIM_USER) && i < e->test->credential_count; i++) {
        const struct sasl_credential *c = &e->test->credentials[i];
        if (!want->scheme[0] || strcmp(want->scheme, c->scheme) == 0) {
            ret->kind = SASL_SECRET_CREDENTIAL;
            ret->credential = *c;
            return;
        }
    }
}

/* Each row that the client can help to; what comes must be of the password. */
static bool answer_upgrade(struct sim_end *e, const struct stream_event *ev, uint64_t id,
                           uint64_t now_ms)
{
    struct stream_upgrade_answer a = {.wanted = true, .iterations = 8};
    a.alg = ev->upgrade->algs & 1u << HASH_SHA256 ? HASH_SHA256 : HASH_SHA512;
    return stream_answer_upgrade(e->stream, now_ms, id, &a);
}

static bool answer_upgraded(struct sim_end *e, const struct stream_event *ev, uint64_t id,
                            uint64_t now_ms)
{
    const struct sasl_credential *c = ev->upgrade->credential;
    enum hash_alg alg = strcmp(c->scheme, "SCRAM-SHA-256") == 0 ? HASH_SHA256 : HASH_SHA512;
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_credential own;
    struct str salt = str_of(c->salt, c->salt_len);
    bool same = hash_pbkdf2(alg, str_from(e->test->password), salt, c->iterations, salted) &&
                sasl_scram_credential(alg, salted, salt, c->iterations, &own) &&
                memcmp(own.stored_key, c->stored_key, own.key_len) == 0;
    assert(same);
    return stream_answer_upgraded(e->stream, now_ms, id, true);
}

static bool answer(struct sim_end *e, const struct stream_event *ev, uint64_t id, uint64_t now_ms)
{
    struct sasl_secret secret;
    uint8_t key[HASH_MAX_BYTES];
    bool derived;
    switch (ev->kind) {
    case STREAM_WANT_VERIFY:
        return stream_answer_verify(e->stream, now_ms, id, e->test->accept_bad);
    case STREAM_WANT_SECRET:
        secret_for(e, ev->sasl, &secret);
        return stream_answer_secret(e->stream, now_ms, id, &secret);
    case STREAM_WANT_DERIVE:
        derived = hash_pbkdf2(ev->sasl->alg, ev->sasl->password, ev->sasl->salt,
                              ev->sasl->iterations, key);
        return stream_answer_derive(e->stream, now_ms, id, derived ? key : NULL);
    case STREAM_WANT_ADMIT:
        return stream_answer_admit(
            e->stream, now_ms, id,
            e->test->disabled ? SASL_ERROR_ACCOUNT_DISABLED : SASL_ERROR_NONE, STR_NONE);
    case STREAM_WANT_TOKEN:
        return sim_answer_token(e, ev, now_ms);
    case STREAM_WANT_UPGRADE:
        return answer_upgrade(e, ev, id, now_ms);
    case STREAM_WANT_UPGRADED:
        return answer_upgraded(e, ev, id, now_ms);
    case STREAM_WANT_SESSION:
        return sim_answer_session(e, ev, now_ms);
    default:
        assert(!"a want that no feature raises");
        return false;
    }
}

/* An answer to another question than the open one must be dropped without effect. */
static bool takes_stale_answer(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms)
{
    uint64_t id = ev->id + 1;
    if (ev->kind == STREAM_WANT_TOKEN)
        return stream_answer_token(e->stream, now_ms, id, &(struct stream_token_answer){0});
    if (ev->kind == STREAM_WANT_SESSION)
        return stream_answer_session(e->stream, now_ms, id, &(struct stream_session_answer){0});
    return answer(e, ev, id, now_ms);
}

/* ---- events ---- */

static void outcome(struct sim_end *e, uint64_t now_ms)
{
    if (e->ready + e->closed == 1)
        e->outcome_ms = now_ms;
}

static void on_event(struct sim_end *e, const struct stream_event *ev, uint64_t now_ms)
{
    if (e->test->verbose)
        printf("   %5llu %s event %d\n", (unsigned long long)now_ms,
               e->side == STREAM_CLIENT ? "client" : "server", ev->kind);
    switch (ev->kind) {
    case STREAM_EVENT_READY:
        e->ready++;
        outcome(e, now_ms);
        e->path = stream_path(e->stream);
        e->over_tls = e->tls_on;
        snprintf(e->jid, sizeof e->jid, "%s", ev->jid->full);
        sim_kept_ready(e, now_ms);
        break;
    case STREAM_EVENT_CLOSED:
        e->closed++;
        outcome(e, now_ms);
        e->error = *ev->error;
        break;
    case STREAM_EVENT_FEATURES:
    case STREAM_EVENT_TOKEN:
    case STREAM_EVENT_TOKEN_REFUSED:
    case STREAM_EVENT_ACKED:
    case STREAM_EVENT_RESUME_FAILED:
    case STREAM_EVENT_STANZA:
        sim_kept_event(e, ev);
        break;
    case STREAM_EVENT_AUTH_FAILED:
        e->auth_failures++;
        break;
    case STREAM_WANT_TLS:
        tls_begin(e, ev->id);
        break;
    case STREAM_EVENT_NONE:
    case STREAM_EVENT_STAGE:
    case STREAM_EVENT_HEADER:
    case STREAM_EVENT_MECHANISM:
    case STREAM_EVENT_MANAGED:
        break;
    default:
        e->asked = *ev;
        assert(!takes_stale_answer(e, ev, now_ms));
        e->answer_ms = now_ms + (sim_chance(e->rng, 70) ? 0 : sim_below(e->rng, 400));
    }
}

/* ---- the pump ---- */

static bool pump_out(struct sim_end *e, uint64_t now_ms)
{
    struct stream_output out;
    if (e->tls_playing || !stream_output(e->stream, &out))
        return false;
    size_t len = 1 + sim_below(e->rng, out.len);
    if (e->tls_on) {
        tls_send(e, out.data, len);
    } else {
        buf_append(&e->out->bytes, out.data, len);
        buf_append(&e->clear, out.data, len);
    }
    stream_output_ack(e->stream, now_ms, len);
    return true;
}

static bool pump_in(struct sim_end *e, uint64_t now_ms)
{
    struct str in = buf_peek(&e->unread);
    if (in.len == 0 || e->asked.kind)
        return false;
    if (e->tls_playing)
        return tls_progress(e, now_ms);
    size_t used = stream_input(e->stream, now_ms, in.ptr, in.len, 0);
    buf_consume(&e->unread, used);
    return used > 0;
}

bool sim_end_work(struct sim_end *e, uint64_t now_ms)
{
    bool worked = false;
    struct stream_event ev;
    if (stream_deadline_ms(e->stream) <= now_ms) {
        stream_tick(e->stream, now_ms);
        worked = true;
    }
    if (e->asked.kind && e->answer_ms <= now_ms) {
        struct stream_event asked = e->asked;
        e->asked = (struct stream_event){0};
        e->answer_ms = UINT64_MAX;
        if (!e->closed) /* meanwhile */
            answer(e, &asked, asked.id, now_ms);
        worked = true;
    }
    worked |= pump_in(e, now_ms);
    while (stream_event(e->stream, &ev)) {
        on_event(e, &ev, now_ms);
        worked = true;
    }
    worked |= pump_out(e, now_ms);
    if (sim_chance(e->rng, 50)) /* what came is finished with at some time */
        stream_handled(e->stream, SIM_ALL);
    return worked;
}

uint64_t sim_end_deadline(const struct sim_end *e)
{
    uint64_t stream_ms = stream_deadline_ms(e->stream);
    return stream_ms < e->answer_ms ? stream_ms : e->answer_ms;
}
