#include "server/report_warnings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_s = 1767361440; /* 2026-01-02 */
static const struct tls_certificate good = {.subject = "CN = example.org",
                                            .issuer = "CN = An Authority",
                                            .names = "example.org",
                                            .not_after_s = 1767361440 + 90 * 86400};

/* Of a server that is well. */
static struct warning_facts well(void)
{
    return (struct warning_facts){.now_s = now_s,
                                  .domain = "example.org",
                                  .certificate = &good,
                                  .certificate_fits = true,
                                  .throttled = true,
                                  .commit_worst_ms = WARN_COMMIT_MS,
                                  .lag_worst_ms = WARN_LAG_MS,
                                  .memory_percent = WARN_MEMORY_PERCENT};
}

/* The ids, with spaces between them. */
static const char *ids_of(const struct warning_facts *facts)
{
    static char text[400];
    size_t i;
    json_t *warning, *warnings = report_warnings(facts);
    text[0] = '\0';
    json_array_foreach(warnings, i, warning)
    {
        if (i > 0)
            strcat(text, " ");
        strcat(text, json_string_value(json_object_get(warning, "id")));
    }
    json_decref(warnings);
    return text;
}

static void expect_one(const struct warning_facts *facts, const char *severity, const char *param,
                       const char *value, const char *sentence)
{
    json_t *warnings = report_warnings(facts);
    assert_int_equal(json_array_size(warnings), 1);
    const json_t *w = json_array_get(warnings, 0), *params = json_object_get(w, "params");
    assert_string_equal(json_string_value(json_object_get(w, "severity")), severity);
    assert_string_equal(json_string_value(json_object_get(w, "sentence")), sentence);
    assert_true(json_string_length(json_object_get(w, "remedy")) > 0);
    if (param)
        assert_string_equal(json_string_value(json_object_get(params, param)), value);
    else
        assert_int_equal(json_object_size(params), 0);
    json_decref(warnings);
}

static void says_nothing_when_all_is_well(void **state)
{
    struct warning_facts f = well();
    (void)state;
    assert_string_equal(ids_of(&f), "");
}

static void warns_before_a_certificate_expires(void **state)
{
    struct warning_facts f = well();
    struct tls_certificate cert = good;
    (void)state;
    f.certificate = &cert;
    cert.not_after_s = now_s + 14 * 86400;
    assert_string_equal(ids_of(&f), "");
    cert.not_after_s--;
    assert_string_equal(ids_of(&f), "certificate-expires");
    expect_one(&f, "warning", "days", "13", "The certificate expires on 2026-01-16.");
    cert.not_after_s = now_s + 1;
    expect_one(&f, "warning", "days", "0", "The certificate expires on 2026-01-02.");
    cert.not_after_s = now_s;
    assert_string_equal(ids_of(&f), "certificate-expired");
    expect_one(&f, "error", "day", "2026-01-02", "The certificate expired on 2026-01-02.");
}

static void warns_of_a_certificate_for_another(void **state)
{
    struct warning_facts f = well();
    struct tls_certificate cert = good;
    (void)state;
    f.certificate = &cert;
    f.certificate_fits = false;
    strcpy(cert.names, "example.net");
    assert_string_equal(ids_of(&f), "certificate-name");
    expect_one(&f, "error", "names", "example.net",
               "The certificate is not for example.org; it names example.net.");
    cert.names[0] = '\0';
    expect_one(&f, "error", "domain", "example.org",
               "The certificate is not for example.org; it names nobody.");
    memset(cert.names, 'n', sizeof cert.names - 1); /* as many as there is room for */
    assert_string_equal(ids_of(&f), "certificate-name");
}

/* Of three bytes each; a domain may have 1023. */
static void cuts_long_domains_between_characters(void **state)
{
    struct warning_facts f = well();
    char domain[1 + 3 * 300 + 1] = "a";
    (void)state;
    for (size_t i = 0; i < 300; i++)
        memcpy(domain + 1 + 3 * i, "\xe4\xb8\x80", 4);
    f.domain = domain;
    f.certificate_fits = false;
    assert_string_equal(ids_of(&f), "certificate-name");
}

static void warns_of_one_that_nobody_signed(void **state)
{
    struct warning_facts f = well();
    struct tls_certificate cert = good;
    (void)state;
    f.certificate = &cert;
    strcpy(cert.issuer, cert.subject);
    assert_string_equal(ids_of(&f), "certificate-self-signed");
}

static void warns_of_settings(void **state)
{
    struct warning_facts f = well();
    (void)state;
    f.legacy = true;
    assert_string_equal(ids_of(&f), "login-legacy");
    expect_one(&f, "warning", NULL, NULL, "Outdated sign-in methods are allowed.");
    f.legacy = f.throttled = false;
    assert_string_equal(ids_of(&f), "login-unthrottled");
}

static void warns_of_what_is_slow(void **state)
{
    struct warning_facts f = well();
    (void)state;
    f.commit_worst_ms++;
    assert_string_equal(ids_of(&f), "commit-slow");
    expect_one(&f, "warning", "worst_ms", "501",
               "Writing to the database took up to 501 ms in the last ten seconds.");
    f = well();
    f.lag_worst_ms++;
    assert_string_equal(ids_of(&f), "loop-late");
    expect_one(&f, "warning", "worst_ms", "201",
               "A loop was up to 201 ms late in the last ten seconds.");
    f = well();
    f.memory_percent++;
    assert_string_equal(ids_of(&f), "memory");
    expect_one(&f, "warning", "percent", "91", "A loop holds 91 % of the memory that it may have.");
}

static void puts_errors_first(void **state)
{
    struct warning_facts f = well();
    struct tls_certificate cert = good;
    (void)state;
    f.certificate = &cert;
    f.legacy = true;
    f.lag_worst_ms = 5000;
    cert.not_after_s = 0;
    assert_string_equal(ids_of(&f), "certificate-expired loop-late login-legacy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_when_all_is_well),
        cmocka_unit_test(warns_before_a_certificate_expires),
        cmocka_unit_test(warns_of_a_certificate_for_another),
        cmocka_unit_test(cuts_long_domains_between_characters),
        cmocka_unit_test(warns_of_one_that_nobody_signed),
        cmocka_unit_test(warns_of_settings),
        cmocka_unit_test(warns_of_what_is_slow),
        cmocka_unit_test(puts_errors_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
