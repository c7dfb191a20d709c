#include "server/c2s/login_record.h"

#include "base/base64.h"
#include "base/error.h"
#include "server/login_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- the trace ---- */

static struct str printed(const struct login_trace *t, struct buf *out)
{
    buf_reset(out);
    login_trace_print(t, out);
    assert_false(out->failed);
    return buf_peek(out);
}

static bool contains(struct str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void a_trace_says_who_when_and_what(void **state)
{
    struct login_trace t = {0};
    struct buf out = {0};
    (void)state;
    login_trace_add(&t, 0, false, STR_LIT("<a>"));
    login_trace_add(&t, 12, true, STR_LIT("<b>\r\n</b>"));
    assert_true(str_is(printed(&t, &out), "     0 ms  C: <a>\n    12 ms  S: <b>  </b>\n"));
    login_trace_finish(&t);
    buf_finish(&out);
}

/* A client's own words make no line that nobody said, and steer no terminal. */
static void a_trace_is_printable(void **state)
{
    struct login_trace t = {0};
    struct buf out = {0};
    (void)state;
    login_trace_add(&t, 0, false,
                    STR_LIT("<\u4e2d\u6587\u00e9 a='\xc2\x9b"
                            "31mred\u202e'>"));
    login_trace_add(&t, 1, false, STR_LIT("a\u2028     2 ms  S: <success/>\u2029\xc2\x85\t"));
    login_trace_add(&t, 3, false, STR_LIT("\u202a\u2066\u2069\x7f\x1b[2J\xff\xc2"));
    assert_true(str_is(printed(&t, &out), "     0 ms  C: <\u4e2d\u6587\u00e9 a='?31mred?'>\n"
                                          "     1 ms  C: a      2 ms  S: <success/> ? \n"
                                          "     3 ms  C: ?????[2J??\n"));
    login_trace_finish(&t);
    buf_finish(&out);
}

static void a_long_trace_loses_its_middle(void **state)
{
    struct login_trace t = {0};
    struct buf out = {0};
    char line[80];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "<line number='%d'/>", i);
        login_trace_add(&t, (uint32_t)i, false, str_from(line));
        assert_true(printed(&t, &out).len <= LOGIN_TRACE_BYTES);
        assert_true(login_trace_bytes(&t) >= buf_len(&out));
    }
    struct str all = buf_peek(&out);
    assert_true(contains(all, "<line number='0'/>"));
    assert_true(contains(all, "<line number='50'/>"));
    assert_true(contains(all, " lines were left out here ...\n"));
    assert_false(contains(all, "<line number='500'/>"));
    assert_true(contains(all, "<line number='999'/>"));
    assert_true(all.len > LOGIN_TRACE_BYTES / 2);
    login_trace_finish(&t);
    buf_finish(&out);
}

static void a_long_line_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        struct login_trace t = {0};
        struct buf out = {0}, line = {0};
        for (size_t i = 0; i < shift; i++)
            buf_byte(&line, 'x');
        while (buf_len(&line) < (size_t)2 * LOGIN_TRACE_BYTES)
            buf_cstr(&line, "\xe2\x82\xac"); /* the euro sign */
        login_trace_add(&t, 0, true, buf_peek(&line));
        struct str all = printed(&t, &out);
        assert_true(all.len <= LOGIN_TRACE_LINE_BYTES + 40);
        assert_true(contains(all, "\xe2\x82\xac [cut]\n"));
        login_trace_finish(&t);
        buf_finish(&line);
        buf_finish(&out);
    }
}

/* ---- the record ---- */

static struct login_record *begin(void)
{
    struct login_record *r = login_record_new(1000, 1767361440123);
    r->domain = "example.org";
    return r;
}

static void attempt(struct login_record *r, uint64_t now_ms, const char *user, enum sasl_error e,
                    const char *reason)
{
    struct stream_auth_info auth = {
        .username = str_from(user), .mechanism = "SCRAM-SHA-256", .failure = e, .reason = reason};
    login_record_attempt(r, now_ms, &auth);
}

static void secure(struct login_record *r, uint64_t now_ms)
{
    struct tls_facts facts = {.version = "TLSv1.3", .cipher = "TLS_X", .resumed = true};
    login_record_header(r, now_ms - 5);
    login_record_tls(r, now_ms, &facts);
    login_record_header(r, now_ms + 1);
}

static void over(struct login_record *r, enum linnet_error_code code, const char *name,
                 const char *value)
{
    struct linnet_error error = {0};
    if (code != LINNET_OK)
        error_set(&error, code, LINNET_ORIGIN_PEER, name, value, NULL);
    login_record_over(r, 2000, &error);
}

static void says(struct login_record *r, enum linnet_error_code code, const char *heading,
                 const char *sentence)
{
    assert_non_null(r->failure);
    assert_int_equal(r->failure->code, code);
    assert_string_equal(r->words->heading, heading);
    assert_string_equal(r->failure->sentence, sentence);
    assert_true(r->words->remedy[0]);
    login_record_unref(r);
}

static void a_login_passes_its_stages(void **state)
{
    static const enum login_stage stages[] = {LOGIN_CONNECT, LOGIN_HEADER, LOGIN_SECURE,
                                              LOGIN_SIGN_IN, LOGIN_BIND};
    static const uint32_t at_ms[] = {0, 5, 10, 8040, 8050};
    struct login_record *r = begin();
    (void)state;
    secure(r, 1010);
    login_record_user(r, STR_LIT("juliet"));
    login_record_held(r, 8000);
    attempt(r, 9040, "juliet", SASL_ERROR_NONE, NULL);
    login_record_software(r, STR_LIT("a client\n1.0"));
    login_record_path(r, "fast");
    login_record_bound(r, 9050, "juliet@example.org/balcony");
    assert_int_equal(r->step_count, ARRAY_LEN(stages));
    for (unsigned i = 0; i < r->step_count; i++) {
        assert_int_equal(r->steps[i].stage, stages[i]);
        assert_int_equal(r->steps[i].at_ms, at_ms[i]);
        assert_false(r->steps[i].refused);
    }
    assert_int_equal(r->steps[3].held_ms, 8000);
    assert_int_equal(r->total_ms, 8050);
    assert_null(r->failure);
    assert_string_equal(r->user, "juliet");
    assert_string_equal(r->jid, "juliet@example.org/balcony");
    assert_string_equal(r->tls_version, "TLSv1.3");
    assert_string_equal(r->path, "fast");
    assert_string_equal(r->software, "a client 1.0");
    login_record_unref(r);
}

static void what_was_refused_last_is_what_failed(void **state)
{
    (void)state;
    struct login_record *r = begin();
    secure(r, 1010);
    login_record_user(r, STR_LIT("juliet"));
    attempt(r, 1020, "juliet", SASL_ERROR_NOT_AUTHORIZED, "wrong user name or password");
    over(r, LINNET_ERROR_CONNECTION_LOST, "reason", "it was cut");
    assert_int_equal(r->failed_stage, LOGIN_SIGN_IN);
    assert_string_equal(r->failure->condition, "not-authorized");
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "Wrong password",
         "The password given for juliet@example.org was wrong.");

    r = begin();
    login_record_user(r, STR_LIT("julliet"));
    login_record_no_account(r);
    attempt(r, 1020, "julliet", SASL_ERROR_NOT_AUTHORIZED, "wrong user name or password");
    attempt(r, 1030, "julliet", SASL_ERROR_NOT_AUTHORIZED, "wrong user name or password");
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "No such account",
         "There is no account julliet@example.org that could sign in with SCRAM-SHA-256; 2 "
         "attempts were refused in all.");

    r = begin();
    attempt(r, 1020, "juliet", SASL_ERROR_NOT_AUTHORIZED, "the client is bound to another channel");
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "The connection was tampered with",
         "Client and server see different TLS connections: the client is bound to another "
         "channel.");

    r = begin();
    attempt(r, 1020, "juliet", SASL_ERROR_NOT_AUTHORIZED,
            "a type of channel binding that is not on offer");
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "The client signs in wrongly",
         "The sign-in of juliet@example.org with SCRAM-SHA-256 was refused: a type of channel "
         "binding that is not on offer.");

    r = begin();
    attempt(r, 1020, "", SASL_ERROR_NOT_AUTHORIZED, "the user name has forbidden characters");
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "No such account",
         "The user name is none that an account could have.");

    r = begin();
    login_record_attempt(r, 1020,
                         &(struct stream_auth_info){.username = STR_LIT("juliet"),
                                                    .mechanism = "HT-SHA-256-EXPR",
                                                    .failure = SASL_ERROR_NOT_AUTHORIZED});
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_BAD_CREDENTIALS, "Token not valid",
         "The token that the client presented for juliet@example.org is not valid.");

    r = begin();
    login_record_attempt(
        r, 1020,
        &(struct stream_auth_info){.username = STR_LIT("juliet"), .mechanism = "HT-SHA-256-NONE"});
    login_record_attempt(r, 1030,
                         &(struct stream_auth_info){.username = STR_LIT("juliet"),
                                                    .mechanism = "HT-SHA-256-NONE",
                                                    .failure = SASL_ERROR_CREDENTIALS_EXPIRED});
    over(r, LINNET_OK, NULL, NULL);
    assert_int_equal(r->step_count, 2); /* connect, and the one attempt */
    assert_int_equal(r->steps[1].at_ms, 30);
    assert_int_equal(r->failed_stage, LOGIN_SIGN_IN);
    says(r, LINNET_ERROR_CREDENTIALS_EXPIRED, "Token used before",
         "The token that the client presented for juliet@example.org was right, but its count had "
         "been used before, or it was taken back at this moment.");

    r = begin();
    attempt(r, 1020, "juliet", SASL_ERROR_ACCOUNT_DISABLED, NULL);
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_ACCOUNT_DISABLED, "Account disabled",
         "The password was right, but the account juliet@example.org is disabled.");

    r = begin();
    login_record_bind_refused(r, 1020, "resource-constraint");
    over(r, LINNET_OK, NULL, NULL);
    assert_int_equal(r->failed_stage, LOGIN_BIND);
    says(r, LINNET_ERROR_POLICY, "Too many sessions",
         "The account has as many sessions as it may have (resource-constraint).");
}

static void what_came_after_a_refusal_counts(void **state)
{
    struct login_record *r = begin();
    (void)state;
    secure(r, 1010);
    attempt(r, 1020, "juliet", SASL_ERROR_NOT_AUTHORIZED, NULL);
    attempt(r, 1030, "juliet", SASL_ERROR_NONE, NULL);
    over(r, LINNET_ERROR_TIMEOUT, "seconds", "60");
    assert_int_equal(r->failed_stage, LOGIN_BIND);
    says(r, LINNET_ERROR_TIMEOUT, "The client took too long",
         "The client had not signed in after 60 s.");
}

static void failures_before_any_attempt(void **state)
{
    (void)state;
    struct login_record *r = begin();
    over(r, LINNET_ERROR_CONNECTION_LOST, "reason", "it was cut");
    assert_int_equal(r->failed_stage, LOGIN_HEADER);
    says(r, LINNET_ERROR_CONNECTION_LOST, "The client said nothing",
         "The client connected and left: it was cut.");

    r = begin();
    login_record_header(r, 1010);
    over(r, LINNET_OK, NULL, NULL);
    says(r, LINNET_ERROR_CONNECTION_LOST, "The client left without asking for TLS",
         "The client was told that TLS is required, and left: it closed the stream.");

    r = begin();
    secure(r, 1010);
    over(r, LINNET_ERROR_CONNECTION_LOST, "reason", "the peer sent the alert \"unknown CA\"");
    assert_int_equal(r->failed_stage, LOGIN_SECURE);
    says(r, LINNET_ERROR_TLS_FAILED, "The client refused the certificate",
         "The client did not accept the server's certificate: the peer sent the alert \"unknown "
         "CA\".");

    r = begin();
    secure(r, 1010);
    over(r, LINNET_ERROR_CONNECTION_LOST, "reason", "it was cut");
    assert_int_equal(r->failed_stage, LOGIN_SIGN_IN);
    says(r, LINNET_ERROR_CONNECTION_LOST, "The client left without trying to sign in",
         "TLS was set up, and the client left before it tried to sign in: it was cut.");

    r = begin();
    over(r, LINNET_ERROR_TIMEOUT, NULL, NULL);
    says(r, LINNET_ERROR_TIMEOUT, "The client took too long",
         "The client had not signed in after the time that it is given.");

    r = begin();
    r->direct_tls = true;
    over(r, LINNET_ERROR_TLS_FAILED, "reason", "no shared cipher");
    assert_int_equal(r->failed_stage, LOGIN_SECURE);
    says(r, LINNET_ERROR_TLS_FAILED, "TLS failed", "TLS could not be set up: no shared cipher.");

    r = begin();
    over(r, LINNET_ERROR_NOT_XMPP, "found", "GET / HTTP/1.1");
    says(r, LINNET_ERROR_NOT_XMPP, "Not XMPP",
         "What connected does not speak XMPP here; it said: GET / HTTP/1.1.");
}

/* A row for every code that the end of a connection can have, and one for those nobody thought
 * of. */
static void every_failure_has_words(void **state)
{
    const struct linnet_error_info *info;
    (void)state;
    for (size_t i = 0; (info = linnet_error_info_at(i)); i++) {
        struct login_record *r = begin();
        over(r, info->code, NULL, NULL);
        assert_true(r->failure->sentence[0] && r->words->heading[0] && r->words->remedy[0]);
        login_record_unref(r);
    }
}

static void steps_are_bounded(void **state)
{
    struct login_record *r = begin();
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        login_record_bind_refused(r, 1000 + i, "bad-request");
    assert_int_equal(r->step_count, LOGIN_STEPS_MAX);
    assert_int_equal(r->steps[LOGIN_STEPS_MAX - 1].at_ms, 99);
    login_record_unref(r);
}

/* The ring keeps hundreds of them. */
static void one_that_is_done_holds_no_spare_room(void **state)
{
    struct login_record *r = begin();
    char line[LOGIN_TRACE_LINE_BYTES];
    (void)state;
    memset(line, 'x', sizeof line);
    for (unsigned i = 0; i < 4; i++)
        login_record_wire(r, 1000 + i, i % 2, str_of(line, sizeof line));
    secure(r, 1010);
    attempt(r, 1020, "juliet", SASL_ERROR_NONE, NULL);
    login_record_bound(r, 1030, "juliet@example.org/balcony");
    assert_int_equal(login_record_bytes(r), sizeof *r + r->step_count * sizeof *r->steps +
                                                login_trace_bytes(&r->trace) + strlen("juliet") +
                                                strlen("juliet@example.org/balcony"));
    login_record_unref(r);
}

/* ---- secrets ---- */

static void record_line(void *ctx, enum stream_direction direction, struct str xml)
{
    login_record_wire(ctx, 1000, direction == STREAM_SENT, xml);
}

static void must_lack(struct str text, const char *canary)
{
    struct buf form = {0};
    assert_false(contains(text, canary));
    base64_encode(&form, str_from(canary));
    assert_null(memmem(text.ptr, text.len, buf_peek(&form).ptr, buf_len(&form) - 4));
    buf_reset(&form);
    for (const char *p = canary; *p; p++)
        buf_printf(&form, "%02x", (unsigned char)*p);
    assert_null(memmem(text.ptr, text.len, buf_peek(&form).ptr, buf_len(&form)));
    buf_finish(&form);
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

#define CANARY "canary-4711"

/* Whatever a client writes into the places of a password; PLAIN without TLS is refused, but said.
 */
static void a_trace_holds_no_secret(void **state)
{
    static const char header[] =
        "<stream:stream to='example.org' version='1.0' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>";
    /* What stands before the secret, and after it. */
    static const char *const items[][2] = {
        {"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>", "</auth>"},
        {"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'><x>", "</x></auth>"},
        {"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>", "</response>"},
        {"<iq type='set' id='1'><query xmlns='jabber:iq:auth'><password>",
         "</password></query></iq>"},
        {"<iq type='set' id='1'><query xmlns='jabber:iq:register'><password>",
         "</password></query></iq>"},
    };
    static const char *const domains[] = {"example.org", NULL};
    struct buf forms[3] = {{0}}, out = {0};
    (void)state;
    buf_cstr(&forms[0], CANARY);
    base64_encode(&forms[1], STR_LIT("\0juliet\0" CANARY));
    for (const char *p = CANARY; *p; p++)
        buf_printf(&forms[2], "%02x", (unsigned char)*p);
    for (size_t i = 0; i < ARRAY_LEN(items) * ARRAY_LEN(forms); i++) {
        struct login_record *r = begin();
        struct stream_config config = {.side = STREAM_SERVER,
                                       .domains = domains,
                                       .random = {fill, NULL},
                                       .trace = {record_line, r, false}};
        struct stream *s = stream_new(&config, 1000);
        struct stream_event ev;
        const char *const *around = items[i / ARRAY_LEN(forms)];
        char item[512], form[128];
        snprintf(form, sizeof form, "%.*s", STR_ARG(buf_peek(&forms[i % ARRAY_LEN(forms)])));
        snprintf(item, sizeof item, "%s%s%s", around[0], form, around[1]);
        stream_input(s, 1000, header, strlen(header), 0);
        while (stream_event(s, &ev))
            ;
        stream_input(s, 1000, item, strlen(item), 0);
        struct str all = printed(&r->trace, &out);
        assert_true(contains(all, "C: <stream:stream to='example.org'"));
        assert_true(contains(all, "S: <stream:features"));
        assert_true(contains(all, "***"));
        must_lack(all, CANARY);
        assert_false(contains(all, form));
        stream_free(s);
        login_record_unref(r);
    }
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        buf_finish(&forms[i]);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_says_who_when_and_what),
        cmocka_unit_test(a_trace_is_printable),
        cmocka_unit_test(a_long_trace_loses_its_middle),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(a_login_passes_its_stages),
        cmocka_unit_test(what_was_refused_last_is_what_failed),
        cmocka_unit_test(what_came_after_a_refusal_counts),
        cmocka_unit_test(failures_before_any_attempt),
        cmocka_unit_test(every_failure_has_words),
        cmocka_unit_test(steps_are_bounded),
        cmocka_unit_test(one_that_is_done_holds_no_spare_room),
        cmocka_unit_test(a_trace_holds_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
