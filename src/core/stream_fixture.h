/*
 * stream_fixture.h - one stream by itself, for the tests of this folder that play its peer: at TLS,
 * at its password, ready. Everything asserts.
 */
#ifndef CORE_STREAM_FIXTURE_H
#define CORE_STREAM_FIXTURE_H

#include "core/stream.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static inline void sevens(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

static const char *const domains[] = {"localhost", NULL};

static inline struct stream_config config_for(enum stream_side side)
{
    return (struct stream_config){
        .side = side,
        .random = {sevens, NULL},
        .domains = domains,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .fake_iterations = 4096,
        .login_timeout_ms = 20000,
        .stage_timeout_ms = 5000,
        .policy = {.mechanism = "PLAIN"},
    };
}

/* Acknowledges all output, into `to` when given. */
static inline void drain(struct stream *s, struct buf *to)
{
    struct stream_output out;
    while (stream_output(s, &out)) {
        if (to)
            buf_append(to, out.data, out.len);
        stream_output_ack(s, 1000, out.len);
    }
}

/* Pulls events until one of `kind` comes. */
static inline struct stream_event await(struct stream *s, enum stream_event_kind kind)
{
    struct stream_event ev;
    while (stream_event(s, &ev))
        if (ev.kind == kind)
            return ev;
    fail_msg("event %d did not come", kind);
    return ev;
}

/* Nothing but what only informs. */
static inline void no_event(struct stream *s)
{
    struct stream_event ev;
    while (stream_event(s, &ev))
        assert_true(ev.kind == STREAM_EVENT_STAGE || ev.kind == STREAM_EVENT_FEATURES ||
                    ev.kind == STREAM_EVENT_MECHANISM);
}

static inline struct stream *open_stream(const struct stream_config *c)
{
    struct stream *s = stream_new(c, 1000);
    assert_non_null(s);
    no_event(s);
    return s;
}

static inline void feed(struct stream *s, const char *xml)
{
    assert_int_equal(stream_input(s, 1000, xml, strlen(xml), 0), strlen(xml));
}

#define HEADER                                                                                     \
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "        \
    "from='localhost' to='localhost' id='x' version='1.0'>"
#define CLIENT_HEADER                                                                              \
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "        \
    "to='localhost' version='1.0'>"
#define FEATURES(inner) "<stream:features>" inner "</stream:features>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define MECHANISMS                                                                                 \
    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"            \
    "</mechanisms>"

static inline struct stream *open_stream_at_tls(const struct stream_config *c,
                                                const struct tls_facts *f)
{
    struct stream *s = stream_new(c, 1000);
    assert_non_null(s);
    uint64_t id = await(s, STREAM_WANT_TLS).id;
    assert_true(stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, f, NULL));
    return s;
}

/* A client that stands before the handshake. */
static inline struct stream *client_at_tls(struct stream_config c, uint64_t *ret_id)
{
    struct stream *s = open_stream(&c);
    drain(s, NULL);
    const char *parts[] = {HEADER, FEATURES(STARTTLS),
                           "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        feed(s, parts[i]);
        if (i == 0)
            await(s, STREAM_EVENT_HEADER);
        if (i == 1)
            await(s, STREAM_EVENT_FEATURES);
        drain(s, NULL);
    }
    *ret_id = await(s, STREAM_WANT_TLS).id;
    return s;
}

static const struct tls_facts good_tls = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK};

/* A client that asks for its password. */
static inline struct stream *client_at_secret(struct stream_config c, uint64_t *ret_id)
{
    uint64_t id;
    struct stream *s = client_at_tls(c, &id);
    assert_true(stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &good_tls, NULL));
    drain(s, NULL);
    no_event(s);
    feed(s, HEADER);
    await(s, STREAM_EVENT_HEADER);
    feed(s, FEATURES(MECHANISMS));
    *ret_id = await(s, STREAM_WANT_SECRET).id;
    return s;
}

static inline void give_password(struct stream *s, uint64_t id)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT("canary")};
    assert_true(stream_answer_secret(s, 1000, id, &secret));
}

static inline struct stream *client_ready(struct stream_config c)
{
    uint64_t id;
    struct stream *s = client_at_secret(c, &id);
    give_password(s, id);
    drain(s, NULL);
    feed(s, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    drain(s, NULL);
    no_event(s);
    feed(s, HEADER);
    await(s, STREAM_EVENT_HEADER);
    feed(s, FEATURES("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
                     "<sm xmlns='urn:xmpp:sm:3'/>"));
    no_event(s);
    drain(s, NULL);
    feed(s, "<iq type='result' id='07070707070707'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            "<jid>juliet@localhost/balcony</jid></bind></iq>");
    await(s, STREAM_EVENT_READY);
    return s;
}

#endif
