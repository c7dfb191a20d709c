/* What is stored of settings, and the whole with it: which layer goes before which, what is passed
 * over, and what a candidate must fit. */
#include "server/settings_stored.h"

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct names {
    char text[400];
};

static void note(void *ctx, const char *name, const char *reason)
{
    struct names *names = ctx;
    size_t len = strlen(names->text);
    snprintf(names->text + len, sizeof names->text - len, "%s (%s) ", name, reason);
}

static void store(struct settings_stored *stored, const char *name, const char *value)
{
    assert_true(settings_stored_set(stored, name, value));
}

static const char *const domain_alone[] = {"domain=example.org"};

static struct settings load(const struct settings_stored *stored, const char *file,
                            struct names *names)
{
    struct settings s;
    struct linnet_error error = {0};
    const struct settings_layers layers = {.file = file, .sets = domain_alone, .set_count = 1};
    const struct settings_skip skip = {note, names};
    if (settings_load_with(&s, &layers, stored, &skip, &error) != LINNET_OK)
        fail_msg("%s", error.sentence);
    assert_int_equal(error.code, LINNET_OK);
    return s;
}

static void keeps_pairs(void **state)
{
    (void)state;
    struct settings_stored stored = {0};
    assert_null(settings_stored_find(&stored, "a"));
    store(&stored, "a", NULL);
    store(&stored, "a", "1");
    store(&stored, "b", "2");
    store(&stored, "c", "");
    store(&stored, "a", "3");
    assert_string_equal(settings_stored_find(&stored, "a"), "3");
    assert_string_equal(settings_stored_find(&stored, "c"), "");
    store(&stored, "a", NULL);
    assert_null(settings_stored_find(&stored, "a"));
    assert_string_equal(settings_stored_find(&stored, "b"), "2");
    assert_int_equal(stored.count, 2);
    settings_stored_finish(&stored);
    assert_int_equal(stored.count, 0);
}

static void is_above_defaults_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/linnet-settings-XXXXXX";
    static const char text[] = "logins: { keep = 5; };";
    struct settings_stored stored = {0};
    struct names names = {""};
    struct buf by = {0};
    size_t keep, level;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    store(&stored, "logins.keep", "7");
    store(&stored, "log.level", "debug");
    struct settings s = load(&stored, path, &names);
    assert_int_equal(s.logins_keep, 5);
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_non_null(settings_row_find("logins.keep", &keep));
    assert_non_null(settings_row_find("log.level", &level));
    assert_int_equal(s.origin[keep].source, SETTINGS_FILE);
    assert_int_equal(s.origin[level].source, SETTINGS_CONSOLE);
    assert_true(settings_fixed_by(&s, keep, &by));
    assert_true(buf_len(&by) == strlen(path) + 2 && strstr(buf_peek(&by).ptr, ":1"));
    buf_reset(&by);
    assert_false(settings_fixed_by(&s, level, &by));
    assert_int_equal(buf_len(&by), 0);
    assert_string_equal(names.text, "");
    buf_finish(&by);
    settings_finish(&s);
    settings_stored_finish(&stored);
    unlink(path);
}

/* Those that fit together hold, in whatever order they come. */
static void passes_over_what_is_wrong(void **state)
{
    (void)state;
    struct settings_stored stored = {0};
    struct names names = {""};
    store(&stored, "limits.max_stanza_bytes", "4MiB"); /* fits with the next but one */
    store(&stored, "gone", "x");
    store(&stored, "limits.send_queue_bytes", "8MiB");
    store(&stored, "limits.max_stanza_bytes_before_auth", "2MiB"); /* above its own bound */
    store(&stored, "control.socket", "/tmp/elsewhere");
    store(&stored, "log.level", "debug");
    struct settings s = load(&stored, NULL, &names);
    assert_int_equal(s.limits_max_stanza_bytes, 4 << 20);
    assert_int_equal(s.limits_send_queue_bytes, 8 << 20);
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_string_equal(s.control_socket, "");
    if (!strstr(names.text, "gone (there is no setting \"gone\") ") ||
        !strstr(names.text, "limits.max_stanza_bytes_before_auth (") ||
        !strstr(names.text, "control.socket (control.socket: is for the file"))
        fail_msg("%s", names.text);
    settings_finish(&s);
    settings_stored_finish(&stored);
}

static void fails_for_other_layers(void **state)
{
    (void)state;
    struct settings s;
    struct settings_stored stored = {0};
    struct linnet_error error = {0};
    const struct settings_layers layers = {0};
    store(&stored, "log.level", "debug");
    assert_int_equal(settings_load_with(&s, &layers, &stored, NULL, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "domain is required"));
    settings_stored_finish(&stored);
}

/* NULL: fits. */
static void candidate(const struct settings_stored *stored, const char *name, const char *value,
                      const char *why)
{
    struct settings s;
    struct linnet_error error = {0};
    const struct settings_layers layers = {.sets = domain_alone, .set_count = 1};
    const struct settings_pair pair = {name, value};
    enum linnet_error_code code = settings_load_candidate(&s, &layers, stored, &pair, &error);
    assert_int_equal(code, why ? LINNET_ERROR_SETTINGS : LINNET_OK);
    if (why && !strstr(error.sentence, why))
        fail_msg("\"%s\" does not hold \"%s\"", error.sentence, why);
    settings_finish(&s);
}

/* A candidate never pushes out what holds, and is not held up by what does not. */
static void judges_a_candidate(void **state)
{
    (void)state;
    struct settings_stored stored = {0};
    store(&stored, "gone", "x");
    store(&stored, "limits.max_stanza_bytes_before_auth", "1MiB");
    store(&stored, "limits.max_stanza_bytes", "1MiB");
    candidate(&stored, "log.level", "debug", NULL);
    candidate(&stored, "log.level", "loud", "must be one of");
    candidate(&stored, "limits.max_stanza_bytes", "20000",
              "limits.max_stanza_bytes_before_auth is above");
    candidate(&stored, "limits.max_stanza_bytes", NULL,
              "limits.max_stanza_bytes_before_auth is above");
    candidate(&stored, "limits.max_stanza_bytes_before_auth", NULL, NULL);
    candidate(&stored, "gone", NULL, NULL);
    candidate(&stored, "data", "/etc", "is for the file");
    settings_stored_finish(&stored);
}

/* The domain of a set-up is beneath everything, and a change is checked with it. */
static void has_a_domain_of_its_own(void **state)
{
    (void)state;
    struct settings s;
    struct linnet_error error = {0};
    struct settings_stored stored = {0};
    struct settings_layers layers = {.own_domain = "own.example"};
    size_t index;
    settings_row_find("domain", &index);
    store(&stored, "domain", "stored.example");
    assert_int_equal(settings_load_with(&s, &layers, &stored, NULL, &error), LINNET_OK);
    assert_string_equal(s.domain, "own.example");
    assert_int_equal(s.origin[index].source, SETTINGS_CONSOLE);
    settings_finish(&s);

    const struct settings_pair level = {"log.level", "info"};
    assert_int_equal(settings_load_candidate(&s, &layers, &stored, &level, &error), LINNET_OK);
    assert_string_equal(s.domain, "own.example");
    settings_finish(&s);

    layers.sets = domain_alone;
    layers.set_count = 1;
    assert_int_equal(settings_load_with(&s, &layers, &stored, NULL, &error), LINNET_OK);
    assert_string_equal(s.domain, "example.org");
    assert_int_equal(s.origin[index].source, SETTINGS_ARGUMENT);
    settings_finish(&s);

    layers = (struct settings_layers){.own_domain = "a b"};
    assert_int_equal(settings_load(&s, &layers, &error), LINNET_ERROR_SETTINGS);
    settings_stored_finish(&stored);
}

/* It would take effect at once, and nobody could sign in any more. */
static void leaves_a_way_to_sign_in(void **state)
{
    (void)state;
    struct settings_stored stored = {0};
    candidate(&stored, "login.mechanisms", "DIGEST-MD5", "only what login.legacy does not allow");
    candidate(&stored, "login.mechanisms", "DIGEST-MD5, PLAIN", NULL);
    candidate(&stored, "login.mechanisms", "", NULL);
    store(&stored, "login.legacy", "true");
    store(&stored, "login.mechanisms", "DIGEST-MD5");
    candidate(&stored, "login.legacy", NULL, "only what login.legacy does not allow");
    settings_stored_finish(&stored);
}

/* Neither its place nor what is kept of it: whoever uses the console cannot take them away there.
 */
static void keeps_its_hands_off_the_console(void **state)
{
    (void)state;
    static const char why[] = " and console.listen overlap at port 9090";
    struct settings s;
    struct settings_stored stored = {0};
    struct linnet_error error = {0};
    const char *const sets[] = {"domain=example.org", "c2s.listen=*:9090"};
    const struct settings_layers layers = {.sets = sets, .set_count = ARRAY_LEN(sets)};
    candidate(&stored, "c2s.listen", "127.0.0.1:9090", why);
    candidate(&stored, "c2s.listen_tls", "127.0.0.1:1, *:9090", why);
    candidate(&stored, "c2s.listen", "0.0.0.0:9090", why);
    candidate(&stored, "c2s.listen", "[::]:9090", why);
    candidate(&stored, "c2s.listen", "[::ffff:0:0]:9090", why);
    candidate(&stored, "c2s.listen", "[::ffff:127.0.0.1]:9090", why);
    candidate(&stored, "c2s.listen", "[0:0:0:0:0:ffff:7f00:1]:9090", why);
    candidate(&stored, "c2s.listen", "127.0.0.2:9090, [::1]:9090, *:9091, *:0", NULL);
    candidate(&stored, "audit.keep", "1000", "is for the file");
    /* A machine may be set up as it likes. */
    assert_int_equal(settings_load(&s, &layers, &error), LINNET_OK);
    settings_finish(&s);
}

/* Whether clients may be given `address` where the console has `console` with TLS. */
static bool may_be_set(const char *console, const char *address)
{
    char of_console[100];
    struct settings s;
    struct settings_stored stored = {0};
    snprintf(of_console, sizeof of_console, "console.listen_tls=%s", console);
    const char *const sets[] = {"domain=example.org", of_console};
    const struct settings_layers layers = {.sets = sets, .set_count = ARRAY_LEN(sets)};
    const struct settings_pair pair = {"c2s.listen", address};
    enum linnet_error_code code = settings_load_candidate(&s, &layers, &stored, &pair, NULL);
    settings_finish(&s);
    return code == LINNET_OK;
}

/* However an address is written, and whichever of the two is the wider one. */
static void knows_addresses_in_every_form(void **state)
{
    (void)state;
    static const char *const every[] = {"*:9091", "0.0.0.0:9091", "[::]:9091", "[0:0::0]:9091",
                                        "[::ffff:0.0.0.0]:9091"};
    static const char *const some[] = {"127.0.0.1:9091", "[::1]:9091", "192.0.2.1:9091"};
    static const char *const same[][2] = {{"[::1]:9091", "[0:0:0:0:0:0:0:1]:9091"},
                                          {"[::1]:9091", "[::0.0.0.1]:9091"},
                                          {"[2001:DB8::a]:9091", "[2001:db8:0::0A]:9091"},
                                          {"127.0.0.1:9091", "[::ffff:127.0.0.1]:9091"},
                                          {"[::FFFF:7f00:1]:9091", "127.0.0.1:9091"}};
    for (size_t i = 0; i < ARRAY_LEN(every); i++) {
        for (size_t k = 0; k < ARRAY_LEN(every); k++)
            assert_false(may_be_set(every[i], every[k]));
        for (size_t k = 0; k < ARRAY_LEN(some); k++) {
            assert_false(may_be_set(every[i], some[k]));
            assert_false(may_be_set(some[k], every[i]));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        assert_false(may_be_set(same[i][0], same[i][1]));
        assert_false(may_be_set(same[i][1], same[i][0]));
    }
    assert_true(may_be_set("127.0.0.1:9091", "[::1]:9091"));
    assert_true(may_be_set("[::1]:9091", "[::2]:9091"));
    assert_true(may_be_set("127.0.0.1:9091", "127.0.0.2:9091"));
    assert_true(may_be_set("*:9091", "*:9092"));
}

/* A start would end with it, and nothing could be set right. */
static void opens_no_port_twice(void **state)
{
    (void)state;
    static const char twice[] = "c2s.listen overlaps itself at port 1";
    struct names names = {""};
    struct settings_stored stored = {0};
    candidate(&stored, "c2s.listen", "127.0.0.1:5223",
              "c2s.listen and c2s.listen_tls overlap at port 5223");
    candidate(&stored, "c2s.listen_tls", "[::1]:5222, *:1",
              "c2s.listen and c2s.listen_tls overlap at port 5222");
    candidate(&stored, "c2s.listen", "127.0.0.1:1, 127.0.0.1:1", twice);
    candidate(&stored, "c2s.listen", "127.0.0.1:1, *:1", twice);
    candidate(&stored, "c2s.listen", "127.0.0.1:1, [::1]:1, 127.0.0.2:1, *:0, *:0", NULL);
    store(&stored, "c2s.listen", "127.0.0.1:5223"); /* was let in before, or fitted then */
    struct settings s = load(&stored, NULL, &names);
    assert_int_equal(s.c2s_listen.items[0].port, 5222);
    assert_string_equal(names.text, "c2s.listen (c2s.listen and c2s.listen_tls overlap at port "
                                    "5223: give one of them another port) ");
    settings_finish(&s);
    settings_stored_finish(&stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_pairs),
        cmocka_unit_test(has_a_domain_of_its_own),
        cmocka_unit_test(is_above_defaults_alone),
        cmocka_unit_test(passes_over_what_is_wrong),
        cmocka_unit_test(fails_for_other_layers),
        cmocka_unit_test(judges_a_candidate),
        cmocka_unit_test(leaves_a_way_to_sign_in),
        cmocka_unit_test(keeps_its_hands_off_the_console),
        cmocka_unit_test(knows_addresses_in_every_form),
        cmocka_unit_test(opens_no_port_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
