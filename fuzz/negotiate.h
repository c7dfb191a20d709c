/*
 * negotiate.h - one half of the stream against hostile bytes, for both fuzz targets.
 *
 * The first byte chooses, by its bits:
 *
 *     1 direct TLS    2 legacy    4 PREFER instead of REQUIRE
 *     8 with FAST and stream management     16 client: has a token
 *     32 has a session that was broken off  64 client: knows the server's features
 *     128 the peer is let in: the client takes PLAIN, the server any password
 *
 *     128 and 2: the peer knows the key that SCRAM derives, and upgrade tasks may come (XEP-0480)
 *
 * The rest is what the peer sends, in pieces whose lengths are drawn from the bytes themselves; TLS
 * always succeeds. A peer that is not let in knows no password and no token, so READY must be out
 * of its reach. One that is lives on: the half answers every stanza with one of its own, and what
 * it counts must stay right.
 */
#ifndef FUZZ_NEGOTIATE_H
#define FUZZ_NEGOTIATE_H

#include "core/stream.h"

#include <stdlib.h>

enum {
    FUZZ_DIRECT = 1,
    FUZZ_LEGACY = 2,
    FUZZ_PREFER = 4,
    FUZZ_MODERN = 8,
    FUZZ_TOKEN = 16,
    FUZZ_RESUME = 32,
    FUZZ_KNOWN = 64,
    FUZZ_LET_IN = 128,
    FUZZ_UPGRADE = FUZZ_LET_IN | FUZZ_LEGACY
};

static const char fuzz_token[] = "a token that no peer knows: 4d80ccab";

static void fuzz_random(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

static void fuzz_require(bool held)
{
    if (!held)
        abort();
}

struct fuzz_half {
    struct stream *stream;
    enum stream_side side;
    unsigned flags;
    unsigned ready, closed, told, resumed_failed;
    uint64_t now_ms, sent, acked;
    unsigned upgraded;      /* in this login, 1 << enum hash_alg */
    struct sm *old, *begun; /* references */
};

static bool fuzz_upgrades(const struct fuzz_half *h)
{
    return (h->flags & FUZZ_UPGRADE) == FUZZ_UPGRADE;
}

/* ---- what it is given ---- */

/* The credential fits the key that is derived, if the peer is to be let in. */
static void fuzz_secret(const struct fuzz_half *h, const struct sasl_want *want,
                        struct sasl_secret *ret)
{
    uint8_t salted[HASH_MAX_BYTES] = {0};
    *ret = (struct sasl_secret){.kind = SASL_SECRET_NONE};
    if (want->client_id.ptr) {
        ret->kind = SASL_SECRET_TOKEN;
        ret->token_count = 1;
        ret->tokens[0] = STR_LIT(fuzz_token);
    } else if (h->side == STREAM_CLIENT) {
        fuzz_require(want->iterations == 0 ||
                     (want->iterations >= 4096 && want->iterations <= 1000000));
        ret->kind = SASL_SECRET_PASSWORD;
        ret->password = STR_LIT("pencil");
    } else if (h->flags & (FUZZ_MODERN | FUZZ_LET_IN)) {
        salted[0] = !(h->flags & FUZZ_LET_IN);
        ret->kind = SASL_SECRET_CREDENTIAL;
        fuzz_require(sasl_scram_credential(HASH_SHA256, salted, STR_LIT("0123456789abcdef"), 4096,
                                           &ret->credential));
    }
}

/* Only a peer that was let in is asked, for each row once. */
static bool fuzz_upgrade(struct fuzz_half *h, const struct stream_event *ev)
{
    struct stream_upgrade_answer answer = {.wanted = true, .alg = HASH_SHA256, .iterations = 4096};
    fuzz_require(fuzz_upgrades(h) && h->side == STREAM_SERVER && h->ready == 0);
    if (ev->kind == STREAM_WANT_UPGRADED) {
        fuzz_require(ev->upgrade->credential->iterations == 4096);
        return stream_answer_upgraded(h->stream, h->now_ms, ev->id, true);
    }
    if (!(ev->upgrade->algs & 1u << HASH_SHA256))
        answer.alg = HASH_SHA512;
    fuzz_require(!(h->upgraded & 1u << answer.alg) && ev->upgrade->algs & 1u << answer.alg);
    h->upgraded |= 1u << answer.alg;
    return stream_answer_upgrade(h->stream, h->now_ms, ev->id, &answer);
}

static bool fuzz_token_answer(const struct fuzz_half *h, const struct stream_event *ev)
{
    const struct stream_token_answer answer = {.accepted = true,
                                               .token = ev->token->issue ? STR_LIT("a new token")
                                                                         : STR_NONE,
                                               .expires_s = 2000000000};
    fuzz_require(h->flags & FUZZ_LET_IN && !ev->token->used);
    return stream_answer_token(h->stream, h->now_ms, ev->id, &answer);
}

static bool fuzz_session(struct fuzz_half *h, const struct stream_event *ev)
{
    const struct stream_session_info *asked = ev->session;
    struct stream_session_answer answer = {.resource = STR_LIT("r")};
    if (asked->resumes && h->old && str_eq(asked->resume_id, sm_id(h->old)) &&
        sm_resume(h->old, asked->resume_h, h->now_ms) == SM_OK) {
        answer.resumed = h->old;
        answer.resumed_address = STR_LIT("juliet@localhost/before");
        return stream_answer_session(h->stream, h->now_ms, ev->id, &answer);
    }
    answer.old_known = h->old != NULL;
    if (asked->enables) {
        sm_unref(h->begun);
        answer.sm = h->begun = sm_new(NULL);
        fuzz_require(answer.sm && (!asked->resumable || sm_set_id(answer.sm, STR_LIT("begun"))));
    }
    return stream_answer_session(h->stream, h->now_ms, ev->id, &answer);
}

/* ---- events ---- */

static void fuzz_stanza(struct fuzz_half *h)
{
    h->told++;
    fuzz_require(h->ready == 1);
    if (h->told % 3) /* the others stay unfinished */
        stream_handled(h->stream, 1);
    stream_send_bytes(h->stream, h->now_ms, STR_LIT("<message><body>x</body></message>"),
                      ++h->sent);
}

/* What is acknowledged comes in the order in which it was sent, each once. */
static void fuzz_acked(struct fuzz_half *h)
{
    uint64_t tag;
    while (stream_sm(h->stream) && sm_next_acked(stream_sm(h->stream), &tag)) {
        fuzz_require(tag > h->acked && tag <= h->sent);
        h->acked = tag;
    }
}

static void fuzz_answer(struct fuzz_half *h, const struct stream_event *ev)
{
    struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK, .exporter_len = 32};
    struct sasl_secret secret;
    uint8_t key[HASH_MAX_BYTES] = {0};
    bool open = true;
    fuzz_require(h->closed == 0);
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        open = stream_answer_tls(h->stream, h->now_ms, ev->id, STREAM_TLS_FINISHED, &facts, NULL);
        break;
    case STREAM_WANT_SECRET:
        fuzz_secret(h, ev->sasl, &secret);
        open = stream_answer_secret(h->stream, h->now_ms, ev->id, &secret);
        break;
    case STREAM_WANT_DERIVE:
        /* The key is wrong on purpose: time spent in PBKDF2 finds nothing. */
        open = stream_answer_derive(h->stream, h->now_ms, ev->id, key);
        break;
    case STREAM_WANT_ADMIT:
        fuzz_require(h->flags & FUZZ_LET_IN); /* or nobody proved anything */
        open = stream_answer_admit(h->stream, h->now_ms, ev->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_UPGRADE:
    case STREAM_WANT_UPGRADED:
        open = fuzz_upgrade(h, ev);
        break;
    case STREAM_WANT_TOKEN:
        open = fuzz_token_answer(h, ev);
        break;
    case STREAM_WANT_SESSION:
        open = fuzz_session(h, ev);
        break;
    case STREAM_EVENT_STANZA:
        fuzz_stanza(h);
        break;
    case STREAM_EVENT_AUTH_FAILED: /* it may begin anew */
        h->upgraded = 0;
        break;
    case STREAM_EVENT_ACKED:
        fuzz_acked(h);
        break;
    case STREAM_EVENT_RESUME_FAILED:
        fuzz_require(h->side == STREAM_CLIENT && h->resumed_failed++ == 0 && h->ready == 0);
        break;
    case STREAM_EVENT_READY:
        h->ready++;
        break;
    case STREAM_EVENT_CLOSED:
        h->closed++;
        break;
    default:
        break;
    }
    fuzz_require(open);
}

static void fuzz_pump(struct fuzz_half *h)
{
    struct stream_event ev;
    struct stream_output out;
    bool more = true;
    while (more) {
        more = stream_event(h->stream, &ev);
        if (more)
            fuzz_answer(h, &ev);
        if (stream_output(h->stream, &out)) {
            stream_output_ack(h->stream, h->now_ms, out.len);
            more = true;
        }
    }
}

/* ---- a run ---- */

static void fuzz_fast_path(const struct fuzz_half *h, struct stream_fast_path *f)
{
    static const char known[] =
        "<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism>"
        "<mechanism>SCRAM-SHA-256</mechanism><inline><bind xmlns='urn:xmpp:bind:0'><inline>"
        "<feature var='urn:xmpp:sm:3'/></inline></bind><sm xmlns='urn:xmpp:sm:3'/>"
        "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast></inline>"
        "</authentication><config-version xmlns='urn:xmpp:iap:0' scheme='opaque' value='v'/>"
        "</stream:features>";
    f->agent_id = STR_LIT("d4565fa7-4d72-4749-b3d3-740edbf87770");
    f->sm = f->want_token = true;
    f->resume = h->old;
    f->resume_address = STR_LIT("juliet@localhost/before");
    if (h->flags & FUZZ_TOKEN) {
        f->token = STR_LIT(fuzz_token);
        f->token_mechanism = STR_LIT("HT-SHA-256-NONE");
        f->token_count = 1;
    }
    if (h->flags & FUZZ_KNOWN)
        f->known_features = STR_LIT(known);
}

/* Of a session that was broken off: one stanza is on its way. */
static void fuzz_old_session(struct fuzz_half *h)
{
    h->old = sm_new(NULL);
    fuzz_require(h->old && sm_set_id(h->old, STR_LIT("before")) &&
                 sm_sent(h->old, STR_LIT("<message id='old'/>"), ++h->sent, 0) == SM_OK);
    sm_detach(h->old);
}

static void fuzz_mechanism(const struct fuzz_half *h, struct login_policy *policy)
{
    const char *name = h->flags & FUZZ_LEGACY ? "DIGEST-MD5" : "SCRAM-SHA-256";
    if (h->flags & FUZZ_LET_IN) /* PLAIN proves no server */
        name = fuzz_upgrades(h) ? "SCRAM-SHA-256-PLUS" : "PLAIN";
    if (h->side == STREAM_CLIENT)
        memcpy(policy->mechanism, name, strlen(name) + 1);
}

static void fuzz_begin(struct fuzz_half *h)
{
    static const char *const domains[] = {"localhost", NULL};
    static uint8_t random;
    random = 0;
    if ((h->flags & FUZZ_MODERN) && (h->flags & FUZZ_RESUME))
        fuzz_old_session(h);
    struct stream_config c = {
        .side = h->side,
        .direct_tls = h->flags & FUZZ_DIRECT,
        .random = {fuzz_random, &random},
        .domains = domains,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .fake_iterations = 4096,
        .fast = h->flags & FUZZ_MODERN,
        .sm = h->flags & FUZZ_MODERN,
        .upgrade = fuzz_upgrades(h),
        .upgrades = fuzz_upgrades(h) ? 1u << HASH_SHA256 | 1u << HASH_SHA512 : 0,
    };
    c.policy.legacy = h->flags & FUZZ_LEGACY;
    if (h->flags & FUZZ_PREFER)
        c.policy.tls = POLICY_TLS_PREFER;
    if (h->flags & FUZZ_MODERN)
        fuzz_fast_path(h, &c.fast_path);
    fuzz_mechanism(h, &c.policy);
    h->stream = stream_new(&c, 0);
    fuzz_require(h->stream != NULL);
    fuzz_pump(h);
}

static void fuzz_feed(struct fuzz_half *h, const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size && !h->closed) {
        size_t piece = 1 + data[at] % 61;
        if (piece > size - at)
            piece = size - at;
        size_t used = stream_input(h->stream, h->now_ms, data + at, piece, 0);
        fuzz_require(used <= piece);
        fuzz_pump(h);
        if (used == 0 && stream_waiting(h->stream))
            break;
        at += used;
        h->now_ms += 3;
        if (h->ready && piece == 61) /* and so what is due by time happens too */
            h->now_ms += 1000;
        stream_tick(h->stream, h->now_ms);
        fuzz_pump(h);
    }
}

static void fuzz_half_run(enum stream_side side, const uint8_t *data, size_t size)
{
    if (size < 1)
        return;
    struct fuzz_half h = {.side = side, .flags = data[0]};
    fuzz_begin(&h);
    fuzz_feed(&h, data + 1, size - 1);
    stream_input_end(h.stream, h.now_ms, NULL);
    fuzz_pump(&h);
    fuzz_require(h.closed == 1 && h.ready <= 1);
    fuzz_require(h.ready == 0 || h.flags & FUZZ_LET_IN);
    const struct sm *sm = stream_sm(h.stream);
    fuzz_require(!sm || sm_pending(sm) + h.acked <= h.sent);
    stream_free(h.stream);
    sm_unref(h.old);
    sm_unref(h.begun);
}

#endif
