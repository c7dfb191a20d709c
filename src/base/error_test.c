#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The exit statuses are API: this list may grow, and nothing in it may change. */
static const struct {
    int code;
    const char *id;
    enum linnet_retry retry;
} published[] = {
    {1, "internal", LINNET_RETRY_NO},
    {2, "usage", LINNET_RETRY_NO},
    {3, "bad-address", LINNET_RETRY_NO},
    {4, "no-memory", LINNET_RETRY_NO},
    {5, "store", LINNET_RETRY_NO},
    {6, "settings", LINNET_RETRY_NO},
    {10, "dns-none", LINNET_RETRY_NO},
    {11, "refused", LINNET_RETRY_YES},
    {12, "timeout", LINNET_RETRY_YES},
    {13, "offline", LINNET_RETRY_ON_NETWORK},
    {14, "not-xmpp", LINNET_RETRY_NO},
    {15, "dns-failed", LINNET_RETRY_YES},
    {16, "connection-lost", LINNET_RETRY_YES},
    {20, "tls-failed", LINNET_RETRY_YES},
    {21, "cert-untrusted", LINNET_RETRY_NO},
    {22, "cert-name", LINNET_RETRY_NO},
    {23, "cert-expired", LINNET_RETRY_NO},
    {24, "tls-missing", LINNET_RETRY_NO},
    {30, "bad-credentials", LINNET_RETRY_NO},
    {31, "no-mechanism", LINNET_RETRY_NO},
    {32, "account-disabled", LINNET_RETRY_NO},
    {33, "credentials-expired", LINNET_RETRY_NO},
    {34, "auth-temporary", LINNET_RETRY_YES},
    {35, "server-proof", LINNET_RETRY_NO},
    {36, "downgrade", LINNET_RETRY_NO},
    {40, "host-unknown", LINNET_RETRY_NO},
    {41, "conflict", LINNET_RETRY_NO},
    {42, "redirect-loop", LINNET_RETRY_NO},
    {43, "policy", LINNET_RETRY_NO},
    {44, "shutdown", LINNET_RETRY_YES},
    {45, "protocol", LINNET_RETRY_NO},
    {46, "signed-out", LINNET_RETRY_NO},
    {50, "register-unsupported", LINNET_RETRY_NO},
    {51, "register-taken", LINNET_RETRY_NO},
    {52, "register-rejected", LINNET_RETRY_NO},
    {53, "register-web", LINNET_RETRY_NO},
    {60, "stanza-error", LINNET_RETRY_NO},
    {61, "receipt-timeout", LINNET_RETRY_NO},
    {130, "interrupted", LINNET_RETRY_NO},
};

static void holds_what_was_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(published); i++) {
        const struct linnet_error_info *row = linnet_error_info_at(i);
        assert_non_null(row);
        assert_int_equal(row->code, published[i].code);
        assert_string_equal(row->id, published[i].id);
        assert_int_equal(row->retry, published[i].retry);
        assert_ptr_equal(linnet_error_info(row->code), row);
        assert_ptr_equal(linnet_error_info_by_id(row->id), row);
    }
    assert_null(linnet_error_info_at(ARRAY_LEN(published)));
    assert_null(linnet_error_info(LINNET_OK));
    assert_null(linnet_error_info((enum linnet_error_code)99));
    assert_null(linnet_error_info_by_id("nothing"));
    assert_null(linnet_error_info_by_id(NULL));
}

/* A capital or a quotation mark first, one full stop last, no trace of the template. */
static void assert_sentence(const char *s)
{
    size_t len = strlen(s);
    assert_true(len > 0 && len < 512);
    assert_true((s[0] >= 'A' && s[0] <= 'Z') || s[0] == '"' || strncmp(s, "value", 5) == 0);
    assert_int_equal(s[len - 1], '.');
    assert_int_not_equal(s[len - 2], '.');
    assert_null(strpbrk(s, "{}[]|"));
    assert_null(strstr(s, "  "));
    assert_null(strstr(s, " ."));
    assert_null(strstr(s, " ,"));
    assert_null(strstr(s, " ;"));
    assert_null(strstr(s, " :"));
}

static void every_sentence_stands_without_parameters(void **state)
{
    (void)state;
    const struct linnet_error_info *row;
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++) {
        struct linnet_error e = {0};
        assert_int_equal(error_set(&e, row->code, LINNET_ORIGIN_HERE, NULL), row->code);
        assert_sentence(e.sentence);
        assert_int_equal(row->remedy[strlen(row->remedy) - 1], '.');
        assert_true(row->heading[0] >= 'A' && row->heading[0] <= 'Z');
    }
}

static bool has_word(const char *words, const char *word, size_t len)
{
    for (const char *at = words; *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, len) == 0)
            return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

/* Whatever a sentence can say, a program can read: it is among the evidence. */
static void evidence_holds_what_is_spoken(void **state)
{
    (void)state;
    const struct linnet_error_info *row;
    for (size_t i = 0; (row = linnet_error_info_at(i)); i++)
        for (const char *p = row->sentence; (p = strchr(p, '{')); p++)
            if (!has_word(row->evidence, p + 1, strcspn(p + 1, "}")))
                fail_msg("%s: no evidence %s", row->id, p);
}

/* What front ends and the core pass: each must be spoken. */
static const struct {
    enum linnet_error_code code;
    const char *names;
} spoken[] = {
    {LINNET_ERROR_BAD_ADDRESS, "address reason"},
    {LINNET_ERROR_DNS_NONE, "host domain answer"},
    {LINNET_ERROR_DNS_NONE, "redirect domain answer"},
    {LINNET_ERROR_DNS_FAILED, "domain answer"},
    {LINNET_ERROR_REFUSED, "targets"},
    {LINNET_ERROR_TIMEOUT, "stage seconds"},
    {LINNET_ERROR_NOT_XMPP, "target found"},
    {LINNET_ERROR_TLS_FAILED, "target reason"},
    {LINNET_ERROR_CERT_UNTRUSTED, "domain names issuer sha256 reason not_before not_after"},
    {LINNET_ERROR_CERT_NAME, "domain names issuer sha256"},
    {LINNET_ERROR_CERT_EXPIRED, "domain sha256 reason not_before not_after"},
    {LINNET_ERROR_TLS_MISSING, "domain"},
    {LINNET_ERROR_BAD_CREDENTIALS, "address"},
    {LINNET_ERROR_NO_MECHANISM, "offered ours excluded"},
    {LINNET_ERROR_ACCOUNT_DISABLED, "address"},
    {LINNET_ERROR_CREDENTIALS_EXPIRED, "address"},
    {LINNET_ERROR_AUTH_TEMPORARY, "address"},
    {LINNET_ERROR_SERVER_PROOF, "domain mechanism reason"},
    {LINNET_ERROR_DOWNGRADE, "before now"},
    {LINNET_ERROR_HOST_UNKNOWN, "domain server"},
    {LINNET_ERROR_CONFLICT, "address"},
    {LINNET_ERROR_REDIRECT_LOOP, "hosts"},
    {LINNET_ERROR_REDIRECT_LOOP, "redirect"},
    {LINNET_ERROR_POLICY, "domain reason"},
    {LINNET_ERROR_POLICY, "limit"},
    {LINNET_ERROR_SHUTDOWN, "domain reason"},
    {LINNET_ERROR_PROTOCOL, "domain reason"},
    {LINNET_ERROR_SIGNED_OUT, "domain address"},
    {LINNET_ERROR_REGISTER_UNSUPPORTED, "domain reason"},
    {LINNET_ERROR_REGISTER_TAKEN, "address"},
    {LINNET_ERROR_REGISTER_REJECTED, "domain reason"},
    {LINNET_ERROR_REGISTER_WEB, "domain url"},
    {LINNET_ERROR_STANZA, "to"},
    {LINNET_ERROR_RECEIPT_TIMEOUT, "seconds"},
    {LINNET_ERROR_CONNECTION_LOST, "target reason"},
    {LINNET_ERROR_USAGE, "reason"},
    {LINNET_ERROR_INTERNAL, "reason"},
    {LINNET_ERROR_NO_MEMORY, "reason"},
    {LINNET_ERROR_STORE, "reason"},
    {LINNET_ERROR_SETTINGS, "reason"},
};

static void every_parameter_is_spoken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spoken); i++) {
        char names[7][16] = {0}, values[7][24] = {0};
        const char *at = spoken[i].names;
        size_t count = 0;
        for (; *at; count++) {
            size_t len = strcspn(at, " ");
            memcpy(names[count], at, len);
            strcat(strcpy(values[count], "value-"), names[count]);
            at += len + (at[len] == ' ');
        }
        struct linnet_error e = {0};
#define PAIR(n) (n < count ? names[n] : NULL), values[n]
        error_set(&e, spoken[i].code, LINNET_ORIGIN_PEER, PAIR(0), PAIR(1), PAIR(2), PAIR(3),
                  PAIR(4), PAIR(5), PAIR(6), NULL);
        assert_sentence(e.sentence);
        for (size_t n = 0; n < count; n++) {
            assert_non_null(strstr(e.sentence, values[n]));
            assert_string_equal(linnet_error_param(&e, names[n]), values[n]);
        }
        assert_null(linnet_error_param(&e, "other"));
    }
}

#define assert_renders(text, code, ...)                                                            \
    do {                                                                                           \
        struct linnet_error e_ = {0};                                                              \
        error_set(&e_, code, LINNET_ORIGIN_HERE, __VA_ARGS__, NULL);                               \
        assert_string_equal(e_.sentence, text);                                                    \
    } while (0)

static void sentences_read_well(void **state)
{
    (void)state;
    assert_renders("\"a b@d\" is not a valid address: A user name may not contain spaces.",
                   LINNET_ERROR_BAD_ADDRESS, "address", "a b@d", "reason",
                   "A user name may not contain spaces.");
    assert_renders("The server did not answer within 10 s (stage: sign in).", LINNET_ERROR_TIMEOUT,
                   "stage", "sign in", "seconds", "10");
    assert_renders("127.0.0.1:9090 does not speak XMPP: it looks like a web server.",
                   LINNET_ERROR_NOT_XMPP, "target", "127.0.0.1:9090", "found", "a web server");
    assert_renders("The address says 127.0.0.1; the server is 192.168.1.185.",
                   LINNET_ERROR_HOST_UNKNOWN, "domain", "127.0.0.1", "server", "192.168.1.185");
    assert_renders("The server does not serve example.org.", LINNET_ERROR_HOST_UNKNOWN, "domain",
                   "example.org", "server", "");
    assert_renders("There is no common sign-in method; this program has PLAIN.",
                   LINNET_ERROR_NO_MECHANISM, "offered", NULL, "ours", "PLAIN");
    assert_renders("--port wants a number.", LINNET_ERROR_USAGE, "reason", "--port wants a number");
}

static void a_sentence_can_be_said_again(void **state)
{
    (void)state;
    struct linnet_error e = {0};
    char out[64];
    error_set(&e, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, "seconds", "10", NULL);
    linnet_error_sentence(&e, out, sizeof out);
    assert_string_equal(out, e.sentence);
    linnet_error_sentence(&e, out, 11);
    assert_string_equal(out, "The ser\xe2\x80\xa6");
    linnet_error_sentence(&e, NULL, 0);
    linnet_error_sentence(&(struct linnet_error){.code = LINNET_OK}, out, sizeof out);
    assert_string_equal(out, "");
}

static void set_replaces_all_but_the_stage(void **state)
{
    (void)state;
    struct linnet_error e = {.stage = LINNET_STAGE_BIND, .retry_after_s = 5};
    error_set(&e, LINNET_ERROR_REFUSED, LINNET_ORIGIN_NETWORK, "targets", "a:1", NULL);
    error_set_peer(&e, "conflict", STR_LIT("Replaced"));
    assert_string_equal(e.condition, "conflict");
    assert_string_equal(e.peer_text, "Replaced");
    assert_int_equal(error_set(&e, LINNET_ERROR_STORE, LINNET_ORIGIN_HERE, NULL), 5);
    assert_int_equal(e.stage, LINNET_STAGE_BIND);
    assert_int_equal(e.origin, LINNET_ORIGIN_HERE);
    assert_int_equal(e.retry, LINNET_RETRY_NO);
    assert_int_equal(e.retry_after_s, 0);
    assert_string_equal(e.condition, "");
    assert_string_equal(e.peer_text, "");
    assert_null(linnet_error_param(&e, "targets"));
    error_set_peer(&e, NULL, STR_NONE);
    assert_string_equal(e.peer_text, "");
}

static void takes_values_from_the_failure_it_replaces(void **state)
{
    (void)state;
    struct linnet_error e = {0};
    error_set(&e, LINNET_ERROR_TLS_FAILED, LINNET_ORIGIN_NETWORK, "target", "a:1", "reason",
              "alert 40", NULL);
    error_set(&e, LINNET_ERROR_CONNECTION_LOST, LINNET_ORIGIN_NETWORK, "reason",
              linnet_error_param(&e, "reason"), "target", linnet_error_param(&e, "target"), NULL);
    assert_string_equal(e.sentence, "The connection to a:1 was lost: alert 40.");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", "x", NULL),
                     LINNET_ERROR_USAGE);
    error_set_peer(NULL, "conflict", STR_LIT("x"));
}

static void values_do_not_speak_template(void **state)
{
    (void)state;
    assert_renders("Linnet met a fault of its own: [{reason}|x].", LINNET_ERROR_INTERNAL, "reason",
                   "[{reason}|x]");
}

static void text_is_made_printable(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"a\r\n\tb", "a   b"},
        {"a\x1b[31mb\x7f", "a?[31mb?"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa6", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa6"},
        {"c1 \xc2\x9b control", "c1 ? control"},
        {"\xe2\x80\xaegnp.exe", "?gnp.exe"},
        {"\xe2\x81\xa6x", "?x"},
        {"\xff\xc3(\xe2\x82", "?\?(??"},
        {"\xc0\xaf overlong \xe0\x80\xaf", "?? overlong ???"},
        {"\xed\xa0\x80 surrogate \xf4\x90\x80\x80", "??? surrogate ????"},
        {"line\xe2\x80\xa8separator", "line separator"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[64];
        error_copy_text(out, sizeof out, str_from(rows[i].in));
        assert_string_equal(out, rows[i].out);
    }
}

static void text_is_cut_on_a_character(void **state)
{
    (void)state;
    /* Four characters of three bytes; an ellipsis takes three. */
    static const char birds[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac";
    char out[16];
    for (size_t size = 1; size <= sizeof out; size++) {
        memset(out, 'x', sizeof out);
        error_copy_text(out, size, str_from(birds));
        assert_true(strlen(out) < size);
        if (size >= sizeof birds)
            assert_string_equal(out, birds);
        else if (size > 3)
            assert_string_equal(out + strlen(out) - 3, "\xe2\x80\xa6");
        else
            assert_string_equal(out, "");
    }
    error_copy_text(out, 8, STR_LIT("abcdefgh"));
    assert_string_equal(out, "abcd\xe2\x80\xa6");
}

static void a_long_value_pushes_no_other_out(void **state)
{
    (void)state;
    char names[5000], issuer[5000];
    memset(names, 'n', sizeof names - 1);
    memset(issuer, 'i', sizeof issuer - 1);
    names[sizeof names - 1] = issuer[sizeof issuer - 1] = '\0';
    struct linnet_error e = {0};
    error_set(&e, LINNET_ERROR_CERT_NAME, LINNET_ORIGIN_HERE, "names", names, "issuer", issuer,
              "domain", "example.org", "sha256", "0123456789abcdef", NULL);
    assert_string_equal(linnet_error_param(&e, "domain"), "example.org");
    assert_string_equal(linnet_error_param(&e, "sha256"), "0123456789abcdef");
    size_t names_len = strlen(linnet_error_param(&e, "names"));
    assert_true(names_len > 300);
    assert_int_equal(names_len, strlen(linnet_error_param(&e, "issuer")));
    assert_int_equal(strlen(e.sentence), sizeof e.sentence - 1);
    assert_string_equal(e.sentence + sizeof e.sentence - 4, "\xe2\x80\xa6");
}

static void names_stages_and_origins(void **state)
{
    (void)state;
    static const char *const stages[] = {"",        "resolve", "connect", "secure",
                                         "sign in", "bind",    "ready"};
    for (size_t i = 0; i < ARRAY_LEN(stages); i++)
        assert_string_equal(linnet_stage_name((enum linnet_stage)i), stages[i]);
    assert_string_equal(linnet_stage_name((enum linnet_stage)7), "");
    assert_string_equal(linnet_origin_name(LINNET_ORIGIN_HERE), "here");
    assert_string_equal(linnet_origin_name(LINNET_ORIGIN_NETWORK), "network");
    assert_string_equal(linnet_origin_name(LINNET_ORIGIN_PEER), "peer");
    assert_string_equal(linnet_origin_name((enum linnet_origin)3), "");
    static const char *const retries[] = {"no", "yes", "on-network", "long", ""};
    for (size_t i = 0; i < ARRAY_LEN(retries); i++)
        assert_string_equal(linnet_retry_name((enum linnet_retry)i), retries[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_published),
        cmocka_unit_test(every_sentence_stands_without_parameters),
        cmocka_unit_test(every_parameter_is_spoken),
        cmocka_unit_test(evidence_holds_what_is_spoken),
        cmocka_unit_test(sentences_read_well),
        cmocka_unit_test(a_sentence_can_be_said_again),
        cmocka_unit_test(set_replaces_all_but_the_stage),
        cmocka_unit_test(takes_values_from_the_failure_it_replaces),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(values_do_not_speak_template),
        cmocka_unit_test(text_is_made_printable),
        cmocka_unit_test(text_is_cut_on_a_character),
        cmocka_unit_test(a_long_value_pushes_no_other_out),
        cmocka_unit_test(names_stages_and_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
