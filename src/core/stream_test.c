/* What transcripts and the simulator do not see: ids of wants, clocks, limits, traces, memory. */
#include "core/stream_fixture.h"

#include <stdio.h>

/* ---- wants ---- */

static void test_stale_answers(void **state)
{
    (void)state;
    uint64_t id;
    struct stream *s = client_at_secret(config_for(STREAM_CLIENT), &id);
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT("p")};
    assert_false(stream_answer_secret(s, 1000, id + 1, &secret));
    assert_false(stream_answer_secret(s, 1000, id - 1, &secret));
    assert_false(stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &good_tls, NULL));
    assert_false(stream_answer_admit(s, 1000, id, SASL_ERROR_NONE, STR_NONE));
    assert_false(stream_answer_token(s, 1000, id, &(struct stream_token_answer){.accepted = true}));
    assert_false(stream_answer_register(s, 1000, id, STANZA_OK, STR_NONE));
    assert_true(stream_waiting(s));
    assert_true(stream_answer_secret(s, 1000, id, &secret));
    assert_false(stream_answer_secret(s, 1000, id, &secret)); /* answered once */
    stream_free(s);
}

static void test_nothing_is_consumed_while_a_want_is_open(void **state)
{
    (void)state;
    uint64_t id;
    struct stream *s = client_at_secret(config_for(STREAM_CLIENT), &id);
    static const char success[] = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    assert_int_equal(stream_input(s, 1000, success, strlen(success), 0), 0);
    no_event(s);
    stream_free(s);
}

static void test_tls_waits_for_output(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_SERVER);
    struct stream *s = open_stream(&c);
    feed(s, HEADER);
    await(s, STREAM_EVENT_HEADER);
    drain(s, NULL);
    feed(s, STARTTLS);
    assert_true(stream_waiting(s));
    no_event(s); /* <proceed/> is not acknowledged yet */
    drain(s, NULL);
    await(s, STREAM_WANT_TLS);
    no_event(s); /* told once */
    stream_free(s);
}

static void test_early_data_is_declined(void **state)
{
    (void)state;
    uint64_t id;
    struct stream *s = client_at_tls(config_for(STREAM_CLIENT), &id);
    assert_false(stream_answer_tls(s, 1000, id, STREAM_TLS_EARLY, &good_tls, NULL));
    assert_true(stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &good_tls, NULL));
    stream_free(s);
}

static void test_certificate_refused(void **state)
{
    (void)state;
    static const struct {
        enum tls_verdict verdict;
        enum linnet_error_code code;
    } rows[] = {
        {TLS_VERDICT_UNTRUSTED, LINNET_ERROR_CERT_UNTRUSTED},
        {TLS_VERDICT_NAME, LINNET_ERROR_CERT_NAME},
        {TLS_VERDICT_EXPIRED, LINNET_ERROR_CERT_EXPIRED},
        {TLS_VERDICT_NOT_CHECKED, LINNET_ERROR_CERT_UNTRUSTED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t id;
        struct tls_facts facts = {.verdict = rows[i].verdict,
                                  .peer = {.not_before_s = 951782400, .not_after_s = 4107542399}};
        struct stream *s = client_at_tls(config_for(STREAM_CLIENT), &id);
        stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &facts, NULL);
        struct stream_event ev = await(s, STREAM_WANT_VERIFY);
        assert_int_equal(ev.facts->verdict, rows[i].verdict);
        assert_int_equal(stream_output_pending(s), 0); /* nothing is said meanwhile */
        assert_true(stream_answer_verify(s, 1000, ev.id, false));
        ev = await(s, STREAM_EVENT_CLOSED);
        assert_int_equal(ev.error->code, rows[i].code);
        assert_string_equal(linnet_error_param(ev.error, "not_before"), "2000-02-29");
        assert_string_equal(linnet_error_param(ev.error, "not_after"), "2100-02-28");
        stream_free(s);
    }
}

/* While a person looks at the certificate no stream stands inside TLS: nothing may be written to
 * whoever that is, however it ends. */
static void test_nothing_is_said_before_the_certificate_is_accepted(void **state)
{
    (void)state;
    static const struct tls_facts facts = {.verdict = TLS_VERDICT_UNTRUSTED};
    for (int how = 0; how < 3; how++) {
        uint64_t id;
        struct stream *s = client_at_tls(config_for(STREAM_CLIENT), &id);
        stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &facts, NULL);
        await(s, STREAM_WANT_VERIFY);
        if (how == 0)
            stream_close(s, 1000, STREAM_OK, STR_NONE);
        else if (how == 1)
            stream_close(s, 1000, STREAM_SYSTEM_SHUTDOWN, STR_NONE);
        else
            stream_tick(s, 21000);
        assert_int_equal(stream_output_pending(s), 0);
        assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code,
                         how == 2 ? LINNET_ERROR_TIMEOUT : LINNET_OK);
        stream_free(s);
    }
}

/* TLS that was not offered and failed is a failure of TLS, once the server agreed to it. */
static void test_unadvertised_tls_that_fails(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum linnet_error_code code;
    } rows[] = {
        {"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", LINNET_ERROR_TLS_FAILED},
        {"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", LINNET_ERROR_TLS_MISSING},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stream_config c = config_for(STREAM_CLIENT);
        struct stream *s = open_stream(&c);
        feed(s, HEADER);
        await(s, STREAM_EVENT_HEADER);
        feed(s, FEATURES(MECHANISMS));
        no_event(s);
        drain(s, NULL);
        feed(s, rows[i].answer);
        if (i == 0)
            stream_answer_tls(s, 1000, await(s, STREAM_WANT_TLS).id, STREAM_TLS_FINISHED, NULL,
                              NULL);
        assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code, rows[i].code);
        stream_free(s);
    }
}

static void test_certificate_accepted_later(void **state)
{
    (void)state;
    uint64_t id;
    struct tls_facts facts = {.verdict = TLS_VERDICT_UNTRUSTED};
    struct stream *s = client_at_tls(config_for(STREAM_CLIENT), &id);
    stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &facts, NULL);
    id = await(s, STREAM_WANT_VERIFY).id;
    stream_tick(s, 9000); /* a person thinks longer than a stage may last */
    assert_true(stream_answer_verify(s, 9000, id, true));
    assert_true(stream_output_pending(s) > 0);
    stream_free(s);
}

/* A password that no server could accept is not sent to one. */
static void test_unusable_password(void **state)
{
    (void)state;
    uint64_t id;
    struct stream *s = client_at_secret(config_for(STREAM_CLIENT), &id);
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT("\xff")};
    drain(s, NULL);
    assert_true(stream_answer_secret(s, 1000, id, &secret));
    struct stream_event ev = await(s, STREAM_EVENT_CLOSED);
    assert_int_equal(ev.error->code, LINNET_ERROR_BAD_CREDENTIALS);
    assert_int_equal(ev.error->origin, LINNET_ORIGIN_HERE);
    assert_non_null(strstr(ev.error->sentence, "They were not sent: the password is empty or has"));
    stream_free(s);
}

/* ---- clocks ---- */

static void test_stage_deadline(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_CLIENT);
    struct stream *s = open_stream(&c);
    assert_int_equal(stream_deadline_ms(s), 6000);
    stream_tick(s, 5999);
    no_event(s);
    stream_tick(s, 6000);
    struct stream_event ev = await(s, STREAM_EVENT_CLOSED);
    assert_int_equal(ev.error->code, LINNET_ERROR_TIMEOUT);
    assert_int_equal(ev.error->stage, LINNET_STAGE_SECURE);
    assert_string_equal(linnet_error_param(ev.error, "seconds"), "5");
    assert_int_equal(stream_deadline_ms(s), UINT64_MAX);
    stream_free(s);
}

static void test_login_deadline_runs_while_a_want_is_open(void **state)
{
    (void)state;
    uint64_t id;
    struct stream *s = client_at_secret(config_for(STREAM_CLIENT), &id);
    assert_int_equal(stream_deadline_ms(s), 21000);
    stream_tick(s, 21000);
    assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code, LINNET_ERROR_TIMEOUT);
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT("p")};
    assert_false(stream_answer_secret(s, 21000, id, &secret));
    stream_free(s);
}

static void test_keepalive_and_idle(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_CLIENT);
    struct stream_output out;
    c.keepalive_ms = 60000;
    c.idle_timeout_ms = 100000;
    struct stream *s = client_ready(c);
    drain(s, NULL);
    assert_int_equal(stream_deadline_ms(s), 61000);
    stream_tick(s, 61000);
    assert_true(stream_output(s, &out));
    assert_int_equal(out.len, 1);
    assert_int_equal(out.data[0], ' ');
    stream_output_ack(s, 61000, 1);
    assert_int_equal(stream_deadline_ms(s), 101000);
    assert_int_equal(stream_input(s, 90000, " ", 1, 0), 1); /* theirs counts too */
    stream_tick(s, 121000);
    drain(s, NULL);
    stream_tick(s, 190000);
    assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code, LINNET_ERROR_CONNECTION_LOST);
    stream_free(s);
}

/* ---- closing ---- */

static void test_orderly_close(void **state)
{
    (void)state;
    struct buf out = {0};
    struct stream *s = client_ready(config_for(STREAM_CLIENT));
    stream_close(s, 1000, STREAM_OK, STR_NONE);
    drain(s, &out);
    assert_true(str_is(buf_peek(&out), "</stream:stream>"));
    /* What was on its way still arrives. */
    feed(s, "<message/>");
    await(s, STREAM_EVENT_STANZA);
    feed(s, "</stream:stream>");
    assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code, LINNET_OK);
    buf_finish(&out);
    stream_free(s);
}

static void test_close_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct stream *s = client_ready(config_for(STREAM_CLIENT));
    stream_close(s, 1000, STREAM_OK, STR_NONE);
    assert_int_equal(stream_deadline_ms(s), 3000);
    stream_tick(s, 3000);
    assert_int_equal(await(s, STREAM_EVENT_CLOSED).error->code, LINNET_OK);
    stream_free(s);
}

static void test_send_only_when_ready(void **state)
{
    (void)state;
    uint64_t id;
    struct arena a = {0};
    struct element *m = stanza_message(&a, "romeo@localhost", "chat", STR_LIT("hi"));
    struct stream *s = client_at_secret(config_for(STREAM_CLIENT), &id);
    assert_false(stream_send(s, 1000, m));
    assert_false(stream_send_bytes(s, 1000, STR_LIT("<message/>"), 0));
    stream_free(s);
    s = client_ready(config_for(STREAM_CLIENT));
    assert_true(stream_send(s, 1000, m));
    stream_close(s, 1000, STREAM_OK, STR_NONE);
    assert_false(stream_send(s, 1000, m));
    stream_free(s);
    arena_finish(&a);
}

/* Why an attempt failed is for the log; the client learns the condition alone. */
static void test_failed_sign_in_has_a_reason(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_SERVER);
    memset(&c.policy, 0, sizeof c.policy);
    c.direct_tls = true;
    struct tls_facts facts = {.version = "TLSv1.3", .exporter_len = 32};
    struct stream *s = open_stream_at_tls(&c, &facts);
    feed(s, CLIENT_HEADER);
    await(s, STREAM_EVENT_HEADER);
    drain(s, NULL);
    /* p=tls-unique,,n=juliet,r=abcdef */
    feed(s, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256-PLUS'>"
            "cD10bHMtdW5pcXVlLCxuPWp1bGlldCxyPWFiY2RlZg==</auth>");
    struct stream_event ev = await(s, STREAM_EVENT_AUTH_FAILED);
    assert_int_equal(ev.auth->failure, SASL_ERROR_NOT_AUTHORIZED);
    assert_string_equal(ev.auth->reason, "a type of channel binding that is not on offer");
    stream_free(s);
}

/* Whom a failed attempt was about is not told of the next one, once a new header has come. */
static void test_failed_sign_in_before_tls_is_forgotten(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_SERVER);
    memset(&c.policy, 0, sizeof c.policy);
    c.policy.tls = POLICY_TLS_PREFER;
    struct stream *s = open_stream(&c);
    feed(s, CLIENT_HEADER);
    await(s, STREAM_EVENT_HEADER);
    /* n,,n=juliet,r=abcdef */
    feed(s, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>"
            "biwsbj1qdWxpZXQscj1hYmNkZWY=</auth>");
    const struct sasl_secret nobody = {.kind = SASL_SECRET_NONE};
    assert_true(stream_answer_secret(s, 1000, await(s, STREAM_WANT_SECRET).id, &nobody));
    feed(s, "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert_true(str_is(await(s, STREAM_EVENT_AUTH_FAILED).auth->username, "juliet"));
    feed(s, STARTTLS);
    drain(s, NULL);
    uint64_t id = await(s, STREAM_WANT_TLS).id;
    assert_true(stream_answer_tls(s, 1000, id, STREAM_TLS_FINISHED, &good_tls, NULL));
    feed(s, CLIENT_HEADER);
    await(s, STREAM_EVENT_HEADER);
    feed(s, "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert_int_equal(await(s, STREAM_EVENT_AUTH_FAILED).auth->username.len, 0);
    stream_free(s);
}

/* A server tells its log of the other end, not of itself. */
static void test_server_speaks_of_the_client(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_SERVER);
    struct stream *s = open_stream(&c);
    static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n";
    stream_input(s, 1000, http, strlen(http), 0);
    struct stream_event ev = await(s, STREAM_EVENT_CLOSED);
    assert_int_equal(ev.error->code, LINNET_ERROR_NOT_XMPP);
    assert_null(strstr(ev.error->sentence, "localhost"));
    assert_string_equal(linnet_error_param(ev.error, "found"), "GET / HTTP/1.1");
    stream_free(s);
    s = open_stream(&c);
    stream_input_end(s, 1000, NULL);
    ev = await(s, STREAM_EVENT_CLOSED);
    assert_int_equal(ev.error->code, LINNET_ERROR_CONNECTION_LOST);
    assert_null(strstr(ev.error->sentence, "localhost"));
    stream_free(s);
}

/* ---- what may be seen ---- */

static void collect(void *ctx, enum stream_direction d, struct str xml)
{
    (void)d;
    buf_str(ctx, xml);
    buf_byte(ctx, '\n');
}

static void test_trace_masks_secrets(void **state)
{
    (void)state;
    for (int secrets = 0; secrets < 2; secrets++) {
        struct buf trace = {0};
        struct stream_config c = config_for(STREAM_CLIENT);
        c.trace = (struct stream_trace){collect, &trace, secrets};
        struct stream *s = client_ready(c);
        struct str all = buf_peek(&trace);
        /* base64 of NUL juliet NUL canary */
        bool shown = memmem(all.ptr, all.len, "AGp1bGlldABjYW5hcnk=", 20) != NULL;
        assert_int_equal(shown, secrets);
        assert_int_equal(memmem(all.ptr, all.len, ">***</auth>", 11) == NULL, secrets);
        stream_free(s);
        buf_finish(&trace);
    }
}

static void test_trace_masks_the_shortest_secret(void **state)
{
    (void)state;
    struct buf trace = {0};
    struct stream_config c = config_for(STREAM_CLIENT);
    c.trace = (struct stream_trace){collect, &trace, false};
    struct stream *s = client_ready(c);
    buf_reset(&trace);
    feed(s, "<iq type='result' id='r'><query xmlns='jabber:iq:register'>"
            "<username>juliet</username><password>q</password></query></iq>");
    await(s, STREAM_EVENT_STANZA);
    assert_non_null(memmem(buf_peek(&trace).ptr, buf_len(&trace), "<password>***<", 14));
    assert_null(memmem(buf_peek(&trace).ptr, buf_len(&trace), ">q<", 3));
    stream_free(s);
    buf_finish(&trace);
}

/* A hash of the password (XEP-0480) in its place, and out of it. */
static void test_trace_masks_hashes(void **state)
{
    (void)state;
    static const char *const stanzas[] = {
        "<iq type='result' id='r'><task-data xmlns='urn:xmpp:sasl:2'>"
        "<hash xmlns='urn:xmpp:scram-upgrade:0'>canary</hash></task-data></iq>",
        "<iq type='result' id='r'><hash xmlns='urn:xmpp:scram-upgrade:0'>canary</hash></iq>",
        "<iq type='result' id='r'><task-data xmlns='urn:xmpp:sasl:2'>canary</task-data></iq>",
    };
    struct buf trace = {0};
    struct stream_config c = config_for(STREAM_CLIENT);
    c.trace = (struct stream_trace){collect, &trace, false};
    struct stream *s = client_ready(c);
    for (size_t i = 0; i < ARRAY_LEN(stanzas); i++) {
        buf_reset(&trace);
        feed(s, stanzas[i]);
        await(s, STREAM_EVENT_STANZA);
        assert_non_null(memmem(buf_peek(&trace).ptr, buf_len(&trace), ">***<", 5));
        assert_null(memmem(buf_peek(&trace).ptr, buf_len(&trace), "canary", 6));
    }
    stream_free(s);
    buf_finish(&trace);
}

static void test_limits(void **state)
{
    (void)state;
    struct stream_config c = config_for(STREAM_SERVER);
    struct stream *s = open_stream(&c);
    feed(s, HEADER);
    await(s, STREAM_EVENT_HEADER);
    drain(s, NULL);
    char big[10100];
    memset(big, 'a', sizeof big);
    memcpy(big, "<auth x='", 9);
    stream_input(s, 1000, big, sizeof big, 0);
    struct stream_event ev = await(s, STREAM_EVENT_CLOSED);
    assert_int_equal(ev.error->code, LINNET_ERROR_PROTOCOL);
    struct buf out = {0};
    drain(s, &out);
    struct str all = buf_peek(&out);
    assert_non_null(memmem(all.ptr, all.len, "policy-violation", 16));
    assert_non_null(memmem(all.ptr, all.len, "stanza-too-big", 14));
    buf_finish(&out);
    stream_free(s);
}

static struct stream *server_ready(void)
{
    struct stream_config c = config_for(STREAM_SERVER);
    struct tls_facts facts = {.version = "TLSv1.3"};
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_secret secret = {.kind = SASL_SECRET_CREDENTIAL};
    struct str salt = STR_LIT("0123456789abcdef");
    assert_true(hash_pbkdf2(HASH_SHA256, STR_LIT("pencil"), salt, 4096, salted));
    assert_true(sasl_scram_credential(HASH_SHA256, salted, salt, 4096, &secret.credential));
    c.direct_tls = true;
    struct stream *s = open_stream_at_tls(&c, &facts);
    feed(s, CLIENT_HEADER);
    await(s, STREAM_EVENT_HEADER);
    drain(s, NULL);
    feed(s, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
            "AGp1bGlldABwZW5jaWw=</auth>");
    stream_answer_secret(s, 1000, await(s, STREAM_WANT_SECRET).id, &secret);
    stream_answer_derive(s, 1000, await(s, STREAM_WANT_DERIVE).id, salted);
    stream_answer_admit(s, 1000, await(s, STREAM_WANT_ADMIT).id, SASL_ERROR_NONE, STR_NONE);
    drain(s, NULL);
    feed(s, CLIENT_HEADER);
    await(s, STREAM_EVENT_HEADER);
    drain(s, NULL);
    feed(s, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    struct stream_session_answer bound = {.resource = STR_LIT("balcony")};
    stream_answer_session(s, 1000, await(s, STREAM_WANT_SESSION).id, &bound);
    await(s, STREAM_EVENT_READY);
    return s;
}

/* RFC 3921's session is answered for old clients, by this server and while it may still speak; any
 * other iq is the host's. */
static void test_session_request_when_ready(void **state)
{
    (void)state;
    static const char ours[] = "<iq type='set' id='s' to='localhost'>"
                               "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
    static const char *const theirs[] = {
        "<iq type='set' id='s' to='romeo@localhost/x'>"
        "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
        "<iq type='result' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    };
    struct buf out = {0};
    struct stream *s = server_ready();
    drain(s, NULL);
    feed(s, ours);
    drain(s, &out);
    assert_non_null(memmem(buf_peek(&out).ptr, buf_len(&out), "type='result'", 13));
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
        feed(s, theirs[i]);
        await(s, STREAM_EVENT_STANZA);
        assert_int_equal(stream_output_pending(s), 0);
    }
    stream_close(s, 1000, STREAM_OK, STR_NONE);
    drain(s, NULL);
    feed(s, ours);
    assert_int_equal(stream_output_pending(s), 0); /* nothing follows our close tag */
    buf_finish(&out);
    stream_free(s);
}

static void test_idle_memory(void **state)
{
    (void)state;
    struct stream *s = server_ready();
    drain(s, NULL);
    stream_input(s, 1000, NULL, 0, 0);
    print_message("an idle session's stream holds %zu bytes\n", stream_memory(s));
    assert_true(stream_memory(s) <= 704);
    stream_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stale_answers),
        cmocka_unit_test(test_nothing_is_consumed_while_a_want_is_open),
        cmocka_unit_test(test_tls_waits_for_output),
        cmocka_unit_test(test_early_data_is_declined),
        cmocka_unit_test(test_certificate_refused),
        cmocka_unit_test(test_nothing_is_said_before_the_certificate_is_accepted),
        cmocka_unit_test(test_unadvertised_tls_that_fails),
        cmocka_unit_test(test_certificate_accepted_later),
        cmocka_unit_test(test_unusable_password),
        cmocka_unit_test(test_stage_deadline),
        cmocka_unit_test(test_login_deadline_runs_while_a_want_is_open),
        cmocka_unit_test(test_keepalive_and_idle),
        cmocka_unit_test(test_orderly_close),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_send_only_when_ready),
        cmocka_unit_test(test_failed_sign_in_has_a_reason),
        cmocka_unit_test(test_failed_sign_in_before_tls_is_forgotten),
        cmocka_unit_test(test_server_speaks_of_the_client),
        cmocka_unit_test(test_trace_masks_secrets),
        cmocka_unit_test(test_trace_masks_the_shortest_secret),
        cmocka_unit_test(test_trace_masks_hashes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_session_request_when_ready),
        cmocka_unit_test(test_idle_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
