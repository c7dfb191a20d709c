/*
 * negotiate.h - one half of the stream against hostile bytes, for both fuzz targets.
 *
 * The first byte chooses: bit 0 direct TLS, bit 1 legacy, bit 2 PREFER instead of REQUIRE. The
 * rest is what the peer sends, in pieces whose lengths are drawn from the bytes themselves; TLS
 * always succeeds. The peer knows no password, so READY must be out of its reach.
 */
#ifndef FUZZ_NEGOTIATE_H
#define FUZZ_NEGOTIATE_H

#include "core/stream.h"

#include <stdlib.h>

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
    unsigned ready, closed;
    uint64_t now_ms;
};

static void fuzz_answer(struct fuzz_half *h, const struct stream_event *ev)
{
    struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK, .exporter_len = 32};
    struct sasl_secret secret = {.kind = SASL_SECRET_NONE};
    uint8_t key[HASH_MAX_BYTES] = {0};
    bool open = true;
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        open = stream_answer_tls(h->stream, h->now_ms, ev->id, STREAM_TLS_FINISHED, &facts, NULL);
        break;
    case STREAM_WANT_SECRET:
        if (h->side == STREAM_CLIENT) {
            secret.kind = SASL_SECRET_PASSWORD;
            secret.password = STR_LIT("pencil");
        }
        open = stream_answer_secret(h->stream, h->now_ms, ev->id, &secret);
        break;
    case STREAM_WANT_DERIVE:
        /* The key is wrong on purpose: time spent in PBKDF2 finds nothing. */
        open = stream_answer_derive(h->stream, h->now_ms, ev->id, key);
        break;
    case STREAM_WANT_ADMIT:
        abort(); /* nobody proved anything */
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

static void fuzz_half_run(enum stream_side side, const uint8_t *data, size_t size)
{
    static const char *const domains[] = {"localhost", NULL};
    uint8_t random = 0;
    if (size < 1)
        return;
    struct stream_config c = {
        .side = side,
        .direct_tls = data[0] & 1,
        .random = {fuzz_random, &random},
        .domains = domains,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .fake_iterations = 4096,
    };
    c.policy.legacy = data[0] & 2;
    if (data[0] & 4)
        c.policy.tls = POLICY_TLS_PREFER;
    if (side == STREAM_CLIENT) /* PLAIN proves no server, so it would be let in */
        memcpy(c.policy.mechanism, data[0] & 2 ? "DIGEST-MD5" : "SCRAM-SHA-256",
               data[0] & 2 ? sizeof "DIGEST-MD5" : sizeof "SCRAM-SHA-256");
    struct fuzz_half h = {.side = side, .stream = stream_new(&c, 0)};
    fuzz_require(h.stream != NULL);
    fuzz_pump(&h);
    size_t at = 1;
    while (at < size && !h.closed) {
        size_t piece = 1 + data[at] % 61;
        if (piece > size - at)
            piece = size - at;
        size_t used = stream_input(h.stream, h.now_ms, data + at, piece, 0);
        fuzz_require(used <= piece);
        fuzz_pump(&h);
        if (used == 0 && stream_waiting(h.stream))
            break;
        at += used;
        h.now_ms += 3;
    }
    stream_input_end(h.stream, h.now_ms, NULL);
    fuzz_pump(&h);
    fuzz_require(h.ready == 0 && h.closed == 1);
    stream_free(h.stream);
}

#endif
