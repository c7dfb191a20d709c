#include "client/fake_test.h"
#include "net/dns_server_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* What became of a login, counted, since there must be exactly one of it. */
struct outcome {
    unsigned online, failed, offline, stages_done;
    enum linnet_stage stage; /* the last that was done */
    struct linnet_error error;
    char jid[64];
};

static void count(struct outcome *o, const struct linnet_event *e)
{
    switch (e->kind) {
    case LINNET_EVENT_ONLINE:
        o->online++;
        snprintf(o->jid, sizeof o->jid, "%s", e->jid);
        break;
    case LINNET_EVENT_FAILED:
        o->failed++;
        o->error = *e->error;
        break;
    case LINNET_EVENT_OFFLINE:
        o->offline++;
        o->error = *e->error;
        break;
    case LINNET_EVENT_STAGE_DONE:
        assert_true(e->stage > o->stage);
        o->stage = e->stage;
        o->stages_done++;
        break;
    default:
        break;
    }
}

/* Logs in and follows the client until it is offline or has been idle. */
static struct outcome login(struct fake *f, struct linnet_client *c)
{
    struct outcome o = {0};
    const struct linnet_event *e;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    while (!o.online && !o.failed) {
        e = fake_next(f, c);
        count(&o, e);
    }
    assert_int_equal(o.online + o.failed, 1);
    return o;
}

static void finish(struct fake *f, struct linnet_client *c, struct outcome *o)
{
    const struct linnet_event *e;
    while (o->online > o->offline) {
        e = fake_next(f, c);
        count(o, e);
    }
    assert_int_equal(o->offline, o->online);
    linnet_client_dispatch(c);
    assert_null(linnet_client_event(c));
}

static void expect_failure(struct fake *f, struct linnet_config *config,
                           enum linnet_error_code code, enum linnet_stage stage)
{
    struct linnet_client *c = fake_client(config);
    struct outcome o = login(f, c);
    if (o.error.code != code)
        print_error("instead: %s\n", o.error.sentence);
    assert_int_equal(o.failed, 1);
    assert_int_equal(o.error.code, code);
    assert_int_equal(o.error.stage, stage);
    assert_true(o.error.sentence[0]);
    finish(f, c, &o);
    linnet_client_free(c);
}

/* ---- good ---- */

/* Whoever adds up what the stages took finds what the login took. */
static void assert_adds_up(const struct linnet_client *c)
{
    uint32_t sum = 0;
    for (int stage = LINNET_STAGE_RESOLVE; stage < LINNET_STAGE_READY; stage++)
        sum += linnet_client_stage_ms(c, (enum linnet_stage)stage);
    assert_int_equal(sum, linnet_client_stage_ms(c, LINNET_STAGE_NONE));
}

static void good(struct fake *f, const char *mechanism)
{
    struct linnet_client *c = fake_client(fake_config(f));
    struct outcome o = login(f, c);
    if (o.failed)
        print_error("failed: %s (%s)\n", o.error.sentence, o.error.peer_text);
    assert_int_equal(o.online, 1);
    assert_string_equal(o.jid, "juliet@localhost/r");
    assert_string_equal(linnet_client_jid(c), o.jid);
    assert_true(linnet_client_is_online(c));
    assert_string_equal(linnet_client_mechanism(c), mechanism);
    assert_int_equal(o.stage, LINNET_STAGE_BIND);
    assert_adds_up(c);
    linnet_client_close(c);
    finish(f, c, &o);
    assert_int_equal(o.error.code, LINNET_OK);
    linnet_client_free(c);
}

static void logs_in_by_starttls(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    good(&f, "SCRAM-SHA-256");
    fake_stop(&f);
}

static void logs_in_by_direct_tls_with_binding(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.direct_tls = true;
    f.mechanism = "SCRAM-SHA-256-PLUS";
    good(&f, "SCRAM-SHA-256-PLUS");
    fake_stop(&f);
}

static void logs_in_in_clear_when_told_so(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.in_clear = true;
    good(&f, "SCRAM-SHA-256");
    f.trickle = true;
    good(&f, "SCRAM-SHA-256");
    fake_stop(&f);
}

static void logs_in_again_with_what_it_kept(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_client *c = fake_client(fake_config(&f));
    for (int i = 0; i < 3; i++) {
        struct outcome o = login(&f, c);
        assert_int_equal(o.online, 1);
        assert_int_equal(linnet_client_tls(c)->resumed, i > 0);
        linnet_client_close(c);
        finish(&f, c, &o);
        if (i == 0)
            c->config->password[0] ^= 1; /* so it cannot be the password that does it */
    }
    linnet_client_free(c);
    fake_stop(&f);
}

static void login_is_refused_while_one_runs(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_client *c = fake_client(fake_config(&f));
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    assert_int_equal(linnet_client_login(c), LINNET_ERROR_USAGE);
    linnet_client_close(c);
    assert_int_equal(linnet_client_login(c), LINNET_ERROR_USAGE); /* its outcome still waits */
    const struct linnet_event *e = fake_until(&f, c, LINNET_EVENT_FAILED);
    assert_int_equal(e->error->code, LINNET_ERROR_INTERRUPTED);
    assert_null(linnet_client_event(c));
    linnet_client_free(c);
    fake_stop(&f);
}

/* ---- bad credentials, bad certificates ---- */

static void wrong_password(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_password(config, "wrong", 5);
    expect_failure(&f, config, LINNET_ERROR_BAD_CREDENTIALS, LINNET_STAGE_SIGN_IN);
    f.verdict = SASL_ERROR_ACCOUNT_DISABLED;
    expect_failure(&f, fake_config(&f), LINNET_ERROR_ACCOUNT_DISABLED, LINNET_STAGE_SIGN_IN);
    fake_stop(&f);
}

static void wrong_certificates(void **state)
{
    struct fake f, other;
    (void)state;
    fake_start(&f);
    fake_start(&other);
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_ca_file(config, other.cert_file);
    expect_failure(&f, config, LINNET_ERROR_CERT_UNTRUSTED, LINNET_STAGE_SECURE);
    config = fake_config(&f);
    linnet_config_set_address(config, "juliet@other.example");
    f.domain = "other.example";
    expect_failure(&f, config, LINNET_ERROR_CERT_NAME, LINNET_STAGE_SECURE);
    config = fake_config(&f);
    linnet_config_set_ca_file(config, "/nonexistent/ca.pem");
    expect_failure(&f, config, LINNET_ERROR_SETTINGS, LINNET_STAGE_NONE);
    fake_stop(&other);
    fake_stop(&f);
}

static void pins(void **state)
{
    struct fake f;
    struct tls_certificate own;
    char hex[65];
    (void)state;
    fake_start(&f);
    tls_ctx_certificate(f.tls, &own);
    hash_hex(str_of(own.spki_sha256, 32), hex);
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_ca_file(config, NULL);
    linnet_config_add_pin(config, hex);
    struct linnet_client *c = fake_client(config);
    struct outcome o = login(&f, c);
    assert_int_equal(o.online, 1);
    linnet_client_close(c);
    finish(&f, c, &o);
    linnet_client_free(c);

    hex[0] = hex[0] == '0' ? '1' : '0';
    config = fake_config(&f);
    linnet_config_add_pin(config, hex);
    linnet_config_set_ask_certificate(config, true); /* never asked about */
    expect_failure(&f, config, LINNET_ERROR_CERT_UNTRUSTED, LINNET_STAGE_SECURE);
    fake_stop(&f);
}

/* ---- questions ---- */

static struct linnet_client *asking_client(const struct fake *f, const char *ca_file)
{
    struct linnet_config *config = fake_config(f);
    linnet_config_set_ca_file(config, ca_file);
    linnet_config_set_ask_certificate(config, true);
    return fake_client(config);
}

static void asks_about_a_certificate(void **state)
{
    struct fake f, other;
    (void)state;
    fake_start(&f);
    fake_start(&other);
    for (int accept = 0; accept < 2; accept++) {
        struct linnet_client *c = asking_client(&f, other.cert_file);
        assert_int_equal(linnet_client_login(c), LINNET_OK);
        const struct linnet_event *e = fake_until(&f, c, LINNET_EVENT_CERTIFICATE);
        assert_int_equal(e->certificate->fault, LINNET_ERROR_CERT_UNTRUSTED);
        assert_int_equal(e->error->code, LINNET_ERROR_CERT_UNTRUSTED);
        assert_string_equal(e->certificate->names, "localhost");
        uint64_t id = e->id;
        assert_false(linnet_client_answer_certificate(c, id + 1, true));
        assert_false(linnet_client_answer_password(c, id, "x", 1));
        assert_true(linnet_client_answer_certificate(c, id, accept));
        assert_false(linnet_client_answer_certificate(c, id, accept));
        e = fake_until(&f, c, accept ? LINNET_EVENT_ONLINE : LINNET_EVENT_FAILED);
        if (!accept)
            assert_int_equal(e->error->code, LINNET_ERROR_CERT_UNTRUSTED);
        assert_int_equal(buf_len(&c->remembered.memory.tls_session), 0);
        linnet_client_free(c);
        fake_hang_up(&f, false);
    }
    fake_stop(&other);
    fake_stop(&f);
}

static struct linnet_client *client_without_password(const struct fake *f)
{
    struct linnet_config *config = fake_config(f);
    linnet_config_set_password(config, NULL, 0);
    return fake_client(config);
}

static uint64_t password_question(struct fake *f, struct linnet_client *c)
{
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    const struct linnet_event *e = fake_until(f, c, LINNET_EVENT_PASSWORD);
    assert_string_equal(e->jid, "juliet@localhost");
    return e->id;
}

static void asks_for_the_password(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_client *c = client_without_password(&f);
    uint64_t id = password_question(&f, c);
    for (int i = 0; i < 3; i++) { /* nothing happens meanwhile */
        linnet_client_dispatch(c);
        fake_step(&f);
    }
    assert_null(linnet_client_event(c));
    assert_false(linnet_client_answer_password(c, id + 7, "x", 1));
    assert_true(linnet_client_answer_password(c, id, FAKE_PASSWORD, sizeof FAKE_PASSWORD - 1));
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    linnet_client_close(c);
    fake_until(&f, c, LINNET_EVENT_OFFLINE);
    /* The answer serves the next login too. */
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    linnet_client_free(c);
    fake_stop(&f);
}

static void forgets_a_password_that_was_refused(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_client *c = client_without_password(&f);
    for (int i = 0; i < 2; i++) {
        uint64_t id = password_question(&f, c); /* asked again the second time */
        assert_true(linnet_client_answer_password(c, id, "wrong", 5));
        const struct linnet_event *e = fake_until(&f, c, LINNET_EVENT_FAILED);
        assert_int_equal(e->error->code, LINNET_ERROR_BAD_CREDENTIALS);
    }
    linnet_client_free(c);
    fake_stop(&f);
}

static void gives_up_or_runs_out_of_time_at_the_question(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    struct linnet_client *c = client_without_password(&f);
    uint64_t id = password_question(&f, c);
    assert_true(linnet_client_answer_password(c, id, NULL, 0));
    const struct linnet_event *e = fake_until(&f, c, LINNET_EVENT_FAILED);
    assert_int_equal(e->error->code, LINNET_ERROR_INTERRUPTED);
    linnet_client_free(c);
    fake_hang_up(&f, false);

    c = client_without_password(&f);
    id = password_question(&f, c);
    loop_timer_set(c->login.deadline, 0); /* as if the time were over */
    e = fake_until(&f, c, LINNET_EVENT_FAILED);
    assert_int_equal(e->error->code, LINNET_ERROR_TIMEOUT);
    assert_int_equal(e->error->stage, LINNET_STAGE_SIGN_IN);
    assert_false(linnet_client_answer_password(c, id, "late", 4));
    linnet_client_free(c);
    fake_stop(&f);
}

/* ---- a server that misbehaves: one outcome, whatever it does ---- */

static void faults_at_every_byte(void **state)
{
    static const enum fake_fault faults[] = {FAKE_CLOSE, FAKE_RESET};
    struct fake f;
    (void)state;
    fake_start(&f);
    f.in_clear = true;
    struct linnet_config *config = fake_config(&f);
    struct linnet_client *c = fake_client(config);
    bool reached = false;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        reached = false;
        f.fault = faults[i];
        for (f.budget = 0; !reached && f.budget < 10000; f.budget += i ? 7 : 1) {
            struct outcome o = login(&f, c);
            reached = o.online;
            if (o.failed) {
                assert_true(o.error.code == LINNET_ERROR_CONNECTION_LOST ||
                            o.error.code == LINNET_ERROR_NOT_XMPP);
                assert_true(o.error.stage >= LINNET_STAGE_SECURE ||
                            o.error.stage == LINNET_STAGE_CONNECT);
            } else {
                linnet_client_close(c);
            }
            finish(&f, c, &o);
        }
        assert_true(reached);
    }
    linnet_client_free(c);
    fake_stop(&f);
}

static void stalls(void **state)
{
    static const size_t budgets[] = {0, 1, 100, 300, 500, 700};
    struct fake f;
    (void)state;
    fake_start(&f);
    f.in_clear = true;
    f.fault = FAKE_STALL;
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        f.budget = budgets[i];
        struct linnet_config *config = fake_config(&f);
        linnet_config_set_timeout_ms(config, i % 2 ? 150 : 10000, i % 2 ? 10000 : 100);
        struct linnet_client *c = fake_client(config);
        struct outcome o = login(&f, c);
        assert_int_equal(o.failed, 1);
        assert_int_equal(o.error.code, LINNET_ERROR_TIMEOUT);
        assert_non_null(linnet_error_param(&o.error, "stage"));
        finish(&f, c, &o);
        linnet_client_free(c);
        fake_hang_up(&f, false);
    }
    fake_stop(&f);
}

/* A server that takes STARTTLS and then says nothing. */
static void stalls_in_the_handshake(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.raw = ""; /* with direct TLS nothing is said before the client's hello */
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_direct_tls(config, true);
    linnet_config_set_timeout_ms(config, 10000, 2000); /* long enough to connect */
    expect_failure(&f, config, LINNET_ERROR_TIMEOUT, LINNET_STAGE_SECURE);
    fake_stop(&f);
}

static void another_protocol(void **state)
{
    static const struct {
        const char *raw;
        bool direct;
        const char *found;
    } rows[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", false, "web server"},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", true, "web server"},
        {"\x15\x03\x01\x02\x02\x28 and what follows", false, "direct TLS"},
        {"SSH-2.0-OpenSSH_9.2\r\n", false, "SSH"},
        {"SSH-2.0-OpenSSH_9.2\r\n", true, "SSH"},
        {"* OK IMAP4rev1 ready\r\n", false, "IMAP"},
        {"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
         "xmlns:stream='http://etherx.jabber.org/streams' id='1'>",
         true, "STARTTLS"},
    };
    struct fake f;
    (void)state;
    fake_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        f.raw = rows[i].raw;
        struct linnet_config *config = fake_config(&f);
        linnet_config_set_direct_tls(config, rows[i].direct);
        struct linnet_client *c = fake_client(config);
        struct outcome o = login(&f, c);
        if (o.error.code != LINNET_ERROR_NOT_XMPP)
            print_error("row %zu: %s\n", i, o.error.sentence);
        assert_int_equal(o.error.code, LINNET_ERROR_NOT_XMPP);
        assert_non_null(strstr(o.error.sentence, rows[i].found));
        assert_non_null(strstr(o.error.sentence, "127.0.0.1:"));
        linnet_client_free(c);
        fake_hang_up(&f, false);
    }
    fake_stop(&f);
}

static void nobody_listens(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    fake_go_deaf(&f);
    expect_failure(&f, fake_config(&f), LINNET_ERROR_REFUSED, LINNET_STAGE_CONNECT);
    fake_stop(&f);
}

/* A port for direct TLS that hangs up on whoever speaks first in clear. */
static void hangs_up_at_once(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.raw = "";
    f.raw_closes = true;
    struct linnet_client *c = fake_client(fake_config(&f));
    struct outcome o = login(&f, c);
    assert_int_equal(o.error.code, LINNET_ERROR_CONNECTION_LOST);
    assert_non_null(strstr(o.error.sentence, "127.0.0.1:"));
    assert_non_null(strstr(o.error.sentence, "direct TLS"));
    linnet_client_free(c);
    fake_stop(&f);
}

static void server_calls_itself_something_else(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.domain = "192.168.1.185";
    f.in_clear = true;
    struct linnet_client *c = fake_client(fake_config(&f));
    struct outcome o = login(&f, c);
    assert_int_equal(o.error.code, LINNET_ERROR_HOST_UNKNOWN);
    assert_string_equal(linnet_error_param(&o.error, "domain"), "localhost");
    assert_string_equal(linnet_error_param(&o.error, "server"), "192.168.1.185");
    linnet_client_free(c);
    fake_stop(&f);
}

/* Behind the first SRV target is a web server, behind the second ours. */
static void goes_on_to_the_next_target(void **state)
{
    struct fake f, web;
    struct test_dns dns;
    (void)state;
    fake_start(&f);
    fake_start(&web);
    f.domain = "example.test";
    f.in_clear = true;
    web.raw = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct test_dns_name names[] = {
        {.name = "_xmpp-client._tcp.example.test",
         .type = TEST_SRV_TYPE,
         .records = {{"web.example.test", 1, 0, web.port}, {"chat.example.test", 2, 0, f.port}}},
        {.name = "web.example.test", .type = TEST_A, .records = {{.target = "127.0.0.1"}}},
        {.name = "chat.example.test", .type = TEST_A, .records = {{.target = "127.0.0.1"}}},
    };
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_address(config, "juliet@example.test");
    linnet_config_set_host(config, NULL);
    linnet_config_set_port(config, 0);
    struct linnet_client *c = fake_client(config);
    test_dns_open(&dns, &c->loop, names, ARRAY_LEN(names));
    struct dns_settings settings = {.servers = dns.servers};
    c->dns = &settings;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    const struct linnet_event *e = NULL;
    for (int i = 0; i < 2000 && !e; i++) {
        linnet_client_wait(c, 5);
        fake_step(&web);
        fake_step(&f);
        while ((e = linnet_client_event(c)) && e->kind != LINNET_EVENT_ONLINE)
            if (e->kind == LINNET_EVENT_FAILED)
                fail_msg("%s", e->error->sentence);
    }
    assert_non_null(e);
    assert_int_equal(web.accepted, 1);
    assert_int_equal(f.accepted, 1);
    char *text = linnet_client_recording(c);
    assert_non_null(strstr(text, "not-xmpp"));
    free(text);
    test_dns_close(&dns);
    linnet_client_free(c);
    fake_stop(&web);
    fake_stop(&f);
}

static void freed_at_any_moment(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    for (int steps = 0; steps < 40; steps++) {
        struct linnet_client *c = fake_client(fake_config(&f));
        assert_int_equal(linnet_client_login(c), LINNET_OK);
        for (int i = 0; i < steps; i++) {
            linnet_client_dispatch(c);
            fake_step(&f);
        }
        if (steps % 2)
            linnet_client_close(c);
        linnet_client_free(c);
        fake_hang_up(&f, false);
    }
    fake_stop(&f);
}

/* ---- the recording ---- */

static void contains_no_secret(const char *text, const struct fake *f)
{
    struct buf encoded;
    (void)f;
    buf_init(&encoded, 0, false);
    base64_encode(&encoded, STR_LIT("\0juliet\0" FAKE_PASSWORD));
    buf_byte(&encoded, '\0');
    assert_null(strstr(text, FAKE_SECRET_MARK));
    assert_null(strstr(text, buf_peek(&encoded).ptr));
    assert_null(strstr(text, "cnonce"));
    buf_finish(&encoded);
}

static void drop(void *ctx, enum linnet_direction direction, const char *xml, size_t len)
{
    bool *saw = ctx;
    (void)direction;
    if (memmem(xml, len, "AGp1bGlldA", 10)) /* "\0juliet" in base64 */
        *saw = true;
}

static void records_without_secrets(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.mechanism = "PLAIN";
    for (int secrets = 0; secrets < 2; secrets++) {
        bool saw = false;
        struct linnet_config *config = fake_config(&f);
        linnet_config_set_trace(config, drop, &saw, secrets);
        struct linnet_client *c = fake_client(config);
        struct outcome o = login(&f, c);
        assert_int_equal(o.online, 1);
        assert_int_equal(saw, secrets); /* the trace shows them only when asked */
        char *text = linnet_client_recording(c);
        assert_non_null(strstr(text, "stage \"sign in\" done: PLAIN"));
        assert_non_null(strstr(text, "C: <auth"));
        assert_non_null(strstr(text, "***"));
        contains_no_secret(text, &f);
        assert_null(strstr(text, "AGp1bGlldA"));
        free(text);
        linnet_client_free(c);
        fake_hang_up(&f, false);
    }
    fake_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in_by_starttls),
        cmocka_unit_test(logs_in_by_direct_tls_with_binding),
        cmocka_unit_test(logs_in_in_clear_when_told_so),
        cmocka_unit_test(logs_in_again_with_what_it_kept),
        cmocka_unit_test(login_is_refused_while_one_runs),
        cmocka_unit_test(wrong_password),
        cmocka_unit_test(wrong_certificates),
        cmocka_unit_test(pins),
        cmocka_unit_test(asks_about_a_certificate),
        cmocka_unit_test(asks_for_the_password),
        cmocka_unit_test(forgets_a_password_that_was_refused),
        cmocka_unit_test(gives_up_or_runs_out_of_time_at_the_question),
        cmocka_unit_test(faults_at_every_byte),
        cmocka_unit_test(stalls),
        cmocka_unit_test(stalls_in_the_handshake),
        cmocka_unit_test(another_protocol),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(hangs_up_at_once),
        cmocka_unit_test(server_calls_itself_something_else),
        cmocka_unit_test(goes_on_to_the_next_target),
        cmocka_unit_test(freed_at_any_moment),
        cmocka_unit_test(records_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
