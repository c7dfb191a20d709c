#include "server/settings.h"

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* A settings file that lives as long as the test. */
struct file {
    char path[64];
};

static struct file file_of(const char *text)
{
    struct file f = {"/tmp/linnet-settings-XXXXXX"};
    int fd = mkstemp(f.path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return f;
}

static enum linnet_error_code load(struct settings *s, const char *text, const char *const *sets,
                                   size_t set_count, char *const *variables,
                                   struct linnet_error *error)
{
    struct file f = file_of(text ? text : "");
    struct settings_layers layers = {
        .file = text ? f.path : NULL, .environ = variables, .sets = sets, .set_count = set_count};
    enum linnet_error_code code = settings_load(s, &layers, error);
    unlink(f.path);
    return code;
}

/* Asserts that `text` is refused for a reason that ends with "PATH" + `expected`. */
static void refused(const char *text, const char *expected)
{
    struct settings s;
    struct linnet_error error = {0};
    assert_int_equal(load(&s, text, NULL, 0, NULL, &error), LINNET_ERROR_SETTINGS);
    const char *reason = linnet_error_param(&error, "reason");
    assert_non_null(reason);
    if (!strstr(reason, expected))
        fail_msg("\"%s\" does not hold \"%s\"", reason, expected);
    assert_non_null(strstr(error.sentence, expected));
    assert_null(s.domain);
}

/* Why the setting is refused, with a domain alone. */
static const char *reason_of_set(const char *set)
{
    static struct linnet_error error;
    const char *sets[] = {"domain=example.org", set};
    struct settings s;
    assert_int_equal(load(&s, NULL, sets, 2, NULL, &error), LINNET_ERROR_SETTINGS);
    return linnet_error_param(&error, "reason");
}

static void refused_set(const char *set, const char *expected)
{
    const char *sets[] = {"domain=example.org", set};
    struct settings s;
    struct linnet_error error = {0};
    assert_int_equal(load(&s, NULL, sets, 2, NULL, &error), LINNET_ERROR_SETTINGS);
    if (!strstr(linnet_error_param(&error, "reason"), expected))
        fail_msg("\"%s\" does not hold \"%s\"", linnet_error_param(&error, "reason"), expected);
}

static void in_force(const struct settings *s, const char *name, const char *path)
{
    const struct settings_row *row;
    struct buf out = {0};
    for (size_t i = 0; (row = settings_row_at(i)); i++)
        if (strcmp(row->name, name) == 0)
            settings_value_in_force(s, row, &out);
    assert_true(str_is(buf_peek(&out), path));
    buf_finish(&out);
}

static void has_defaults(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(load(&s, "domain = \"Example.ORG\";", NULL, 0, NULL, NULL), LINNET_OK);
    assert_string_equal(s.domain, "example.org");
    assert_string_equal(s.data, "/var/lib/linnet");
    assert_int_equal(s.loops, 0);
    assert_int_equal(s.c2s_listen.count, 1);
    assert_string_equal(s.c2s_listen.items[0].host, "*");
    assert_int_equal(s.c2s_listen.items[0].port, 5222);
    assert_int_equal(s.c2s_listen_tls.items[0].port, 5223);
    assert_string_equal(s.tls_certificate, "");
    assert_int_equal(s.login_mechanisms.count, 0);
    assert_false(s.login_legacy);
    assert_int_equal(s.login_iterations, 10000);
    assert_int_equal(s.limits_max_stanza_bytes, 262144);
    assert_int_equal(s.limits_max_stanza_bytes_before_auth, 10000);
    assert_int_equal(s.limits_auth_timeout_s, 60);
    assert_int_equal(s.limits_sessions_per_account, 10);
    assert_int_equal(s.log_level, LOG_NOTICE);
    assert_int_equal(s.log_format, SETTINGS_LOG_TEXT);
    assert_int_equal(s.login_token_days, 30);
    in_force(&s, "login.token_key_file", "/var/lib/linnet/token.key");
    assert_int_equal(s.console_listen.count, 1);
    assert_string_equal(s.console_listen.items[0].host, "127.0.0.1");
    assert_int_equal(s.console_listen.items[0].port, 9090);
    assert_string_equal(s.console_program, "");
    assert_string_equal(s.control_socket, "");
    in_force(&s, "control.socket", "/var/lib/linnet/control.sock");
    settings_finish(&s);
}

static void reads_a_file(void **state)
{
    (void)state;
    struct settings s;
    const char *text = "# a comment\n"
                       "domain = \"example.org\";\n"
                       "data = \"run/data\";\n"
                       "loops = 3;\n"
                       "c2s: {\n"
                       "  listen = [ \"127.0.0.1:5222\",\n"
                       "             \"[::1]:5222\" ];\n"
                       "  listen_tls = \"192.0.2.1:1, *:2\";\n"
                       "};\n"
                       "login: { legacy = true; iterations = 4096;\n"
                       "  mechanisms = [\"SCRAM-SHA-256\", \"PLAIN\"]; };\n"
                       "limits: { max_stanza_bytes = \"1MiB\"; auth_timeout_s = \"2min\";\n"
                       "  idle_timeout_s = 90; };\n"
                       "log: { level = \"debug\"; format = \"json\"; };\n";
    struct linnet_error error = {0};
    enum linnet_error_code code = load(&s, text, NULL, 0, NULL, &error);
    assert_string_equal(error.sentence, "");
    assert_int_equal(code, LINNET_OK);
    assert_int_equal(s.loops, 3);
    assert_int_equal(s.c2s_listen.count, 2);
    assert_string_equal(s.c2s_listen.items[0].host, "127.0.0.1");
    assert_string_equal(s.c2s_listen.items[1].host, "::1");
    assert_int_equal(s.c2s_listen.items[1].port, 5222);
    assert_int_equal(s.c2s_listen_tls.count, 2);
    assert_true(s.login_legacy);
    assert_int_equal(s.login_mechanisms.count, 2);
    assert_string_equal(s.login_mechanisms.items[1], "PLAIN");
    assert_int_equal(s.limits_max_stanza_bytes, 1048576);
    assert_int_equal(s.limits_auth_timeout_s, 120);
    assert_int_equal(s.limits_idle_timeout_s, 90);
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_int_equal(s.log_format, SETTINGS_LOG_JSON);
    in_force(&s, "control.socket", "run/data/control.sock");
    settings_finish(&s);
}

static void later_layers_win(void **state)
{
    (void)state;
    char *variables[] = {(char *)(uintptr_t) "LINNETD_LOOPS=2",
                         (char *)(uintptr_t) "LINNETD_C2S_LISTEN=127.0.0.1:7",
                         (char *)(uintptr_t) "LINNET_PASSWORD=secret", NULL};
    const char *sets[] = {"loops=3", "loops=4", "c2s.listen_tls="};
    struct settings s;
    assert_int_equal(load(&s, "domain=\"a.example\"; loops=1;", sets, 3, variables, NULL),
                     LINNET_OK);
    assert_int_equal(s.loops, 4);
    assert_int_equal(s.c2s_listen.items[0].port, 7);
    assert_int_equal(s.c2s_listen_tls.count, 0);

    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        if (strcmp(row->name, "domain") == 0)
            assert_int_equal(s.origin[i].source, SETTINGS_FILE);
        if (strcmp(row->name, "loops") == 0)
            assert_int_equal(s.origin[i].source, SETTINGS_ARGUMENT);
        if (strcmp(row->name, "c2s.listen") == 0)
            assert_int_equal(s.origin[i].source, SETTINGS_ENVIRONMENT);
    }
    settings_finish(&s);
}

static void refuses_with_line_and_reason(void **state)
{
    (void)state;
    refused("domain = ;\n", ":1: syntax error");
    refused("domain = \"a\";\ndomain = \"b\";\n", ":2: duplicate setting name");
    refused("\nlops = 1;", ":2: there is no setting \"lops\"; did you mean \"loops\"?");
    refused("x: { y = 1; };", ":1: there is no setting \"x\"");
    refused("c2s: {\n lisen = \"*:1\"; };", ":2: there is no setting \"c2s.lisen\"; did you mean "
                                            "\"c2s.listen\"?");
    refused("c2s: {\n listen: { a = 1; }; };", ":2: there is no setting");
    refused("domain = 5;", ":1: domain: must be a domain name");
    refused("domain = \"a b\";", ":1: domain: ");
    refused("domain = \"user@example.org\";", ":1: domain: ");
    refused("loops = \"many\";", ":1: loops: must be a whole number");
    refused("loops = 1.5;", ":1: loops: must be a whole number");
    refused("loops = -1;", ":1: loops: must be from 0 to 256");
    refused("loops = 257;", ":1: loops: must be from 0 to 256");
    refused("loops = \"99999999999999999999999\";", ":1: loops: must be from 0 to 256");
    refused("loops = \"1s\";", ":1: loops: must be a whole number");
    refused("login: { legacy = \"true\"; };", ":1: login.legacy: must be true or false");
    refused("login: { legacy = 1; };", ":1: login.legacy: must be true or false");
    refused("login: {\n\n iterations = 4095; };", ":3: login.iterations: must be from 4096 to");
    refused("login: { iterations = 600001; };",
            ":1: login.iterations: must be from 4096 to 600000");
    refused("login: { mechanisms = [ \"PLAIN\",\n\"SCRAM-SHA-3\" ]; };",
            ":2: login.mechanisms: \"SCRAM-SHA-3\" is no SASL mechanism");
    refused("login: { mechanisms = [ 1 ]; };", ":1: login.mechanisms: must list names in quotes");
    refused("limits: { max_stanza_bytes = \"256KB\"; };",
            ":1: limits.max_stanza_bytes: must be a number of bytes");
    refused("limits: { max_stanza_bytes = \"9999999999GiB\"; };", "must be from 10000 to 16MiB");
    refused("limits: { auth_timeout_s = \"60ms\"; };",
            ":1: limits.auth_timeout_s: must be a number of seconds");
    refused("log: { level = \"loud\"; };", "must be one of error, warning, notice, info, debug");
    refused("c2s: { listen = [\"127.0.0.1\"]; };", ":1: c2s.listen: an address needs a port");
    refused("c2s: { listen = [\"*:1\",\n\"127.0.0.1:65536\"]; };", ":2: c2s.listen: the port must");
    refused("c2s: { listen = \"::1:5222\"; };", "an IPv6 address stands in brackets");
    refused("c2s: { listen = \"[127.0.0.1]:5222\"; };", "must be an IP address");
    refused("c2s: { listen = \"localhost:5222\"; };", "must be an IP address");
    refused("c2s: { listen = \":5222\"; };", "must be an IP address");
    refused("data = \"a\\x01b\";", ":1: data: holds a control character");
}

static void refuses_combinations(void **state)
{
    (void)state;
    refused("", "domain is required");
    refused("domain=\"a.example\"; data=\"\";", "data must not be empty");
    refused("domain=\"a.example\"; tls: { key = \"k.pem\"; };", "are set together");
    refused("domain=\"a.example\"; c2s: { listen = []; listen_tls = []; };", "not both be empty");
    refused("domain=\"a.example\"; limits: { send_queue_bytes = \"64KiB\"; };", "hold one stanza");
    refused("domain=\"a.example\"; limits: { max_stanza_bytes_before_auth = \"1MiB\"; };",
            "before_auth is above");
    refused("domain=\"a.example\"; console: { listen = [\"*:9090\"]; };", "of this machine alone");
    refused(
        "domain=\"a.example\"; console: { listen = [\"127.0.0.1:9090\", \"192.0.2.1:9090\"]; };",
        "through a tunnel");
    refused("domain=\"a.example\"; c2s: { listen = \"*:5223\"; };",
            "c2s.listen and c2s.listen_tls overlap at port 5223");
    refused("domain=\"a.example\"; c2s: { listen = \"[::1]:1, [0::1]:1\"; };",
            "c2s.listen overlaps itself at port 1: name each address once, or *:1 for all");
    refused("domain=\"a.example\"; console: { listen_tls = \"*:9090\"; };",
            "console.listen and console.listen_tls overlap at port 9090");
    char text[400];
    snprintf(text, sizeof text, "domain=\"a.example\"; data=\"/%0*d\";", 120, 0);
    refused(text, "control.socket is longer");
}

/* One socket for each family, and a port of the console, which waits for it. */
static void takes_what_can_be_had(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "c2s.listen=0.0.0.0:5222, [::]:5222",  "c2s.listen=127.0.0.1:5222, [::]:5222",
        "c2s.listen=0.0.0.0:5222, [::1]:5222", "c2s.listen=127.0.0.1:1, 127.0.0.2:1, *:2",
        "c2s.listen=127.0.0.1:0, 127.0.0.1:0", "c2s.listen=*:9090",
        "console.listen=127.0.0.1:1, [::1]:1",
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        const char *both[] = {"domain=example.org", sets[i]};
        struct settings s;
        struct linnet_error error = {0};
        if (load(&s, NULL, both, 2, NULL, &error) != LINNET_OK)
            fail_msg("%s: %s", sets[i], error.sentence);
        settings_finish(&s);
    }
}

static void refuses_other_layers(void **state)
{
    (void)state;
    refused_set("loops", "--set: \"loops\" is not of the form name=value");
    refused_set("=1", "--set: there is no setting \"\"");
    refused_set("c2s.lisen=1", "--set: there is no setting \"c2s.lisen\"; did you mean");
    assert_null(strstr(reason_of_set("foo=1"), "did you mean"));
    assert_string_equal(reason_of_set("data="), "data must not be empty");
    refused_set("loops=x", "--set: loops: must be a whole number");
    refused_set("c2s.listen=nowhere", "--set: c2s.listen: an address needs a port");

    char *variables[] = {(char *)(uintptr_t) "LINNETD_LOPS=2", NULL};
    struct settings s;
    struct linnet_error error = {0};
    assert_int_equal(load(&s, "domain=\"a.example\";", NULL, 0, variables, &error),
                     LINNET_ERROR_SETTINGS);
    assert_non_null(
        strstr(error.sentence, "LINNETD_LOPS is no setting; did you mean LINNETD_LOOPS?"));

    struct settings_layers layers = {.file = "/nonexistent/linnetd.conf"};
    assert_int_equal(settings_load(&s, &layers, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "/nonexistent/linnetd.conf: cannot be opened"));
    layers.file = "/tmp";
    assert_int_equal(settings_load(&s, &layers, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "/tmp: cannot be read"));
}

/* What --print-config prints is a file that gives the same settings. */
static void prints_what_it_reads(void **state)
{
    (void)state;
    const char *sets[] = {"domain=example.org",
                          "c2s.listen=127.0.0.1:1,[::1]:2",
                          "c2s.listen_tls=",
                          "data=/tmp/a \"quoted\" \\ path",
                          "login.mechanisms=PLAIN",
                          "login.legacy=on",
                          "limits.idle_timeout_s=0",
                          "limits.memory_per_loop_bytes=123456789B",
                          "loops=7"};
    struct settings s, again;
    struct linnet_error error = {0};
    struct buf first = {0}, second = {0};
    assert_int_equal(load(&s, NULL, sets, ARRAY_LEN(sets), NULL, &error), LINNET_OK);
    settings_print_config(&s, &first);
    buf_byte(&first, '\0');
    assert_false(first.failed);
    enum linnet_error_code code = load(&again, buf_peek(&first).ptr, NULL, 0, NULL, &error);
    assert_string_equal(error.sentence, "");
    assert_int_equal(code, LINNET_OK);

    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        buf_reset(&first);
        buf_reset(&second);
        settings_value_print(row, (const char *)&s + row->offset, &first);
        settings_value_print(row, (const char *)&again + row->offset, &second);
        assert_true(str_eq(buf_peek(&first), buf_peek(&second)));
        assert_int_equal(again.origin[i].source, SETTINGS_FILE);
    }
    buf_finish(&first);
    buf_finish(&second);
    settings_finish(&s);
    settings_finish(&again);
}

/* With nothing set it prints a file to begin with, which holds no path of today's data directory.
 */
static void prints_a_draft(void **state)
{
    (void)state;
    const char *sets[] = {"data=/tmp/x"};
    struct settings_layers layers = {.sets = sets, .set_count = 1, .draft = true};
    struct settings s;
    struct buf out = {0};
    assert_int_equal(settings_load(&s, &layers, NULL), LINNET_OK);
    settings_print_config(&s, &out);
    buf_byte(&out, '\0');
    const char *text = buf_peek(&out).ptr;
    assert_non_null(strstr(text, "\ndomain = \"\"; # must be set\n"));
    assert_non_null(strstr(text, "\ndata = \"/tmp/x\"; # argument\n"));
    assert_non_null(strstr(text, " socket = \"\"; # default\n"));
    assert_non_null(strstr(text, " max_stanza_bytes_before_auth = 10000; # default\n"));
    buf_finish(&out);
    settings_finish(&s);
    layers.draft = false;
    assert_int_equal(settings_load(&s, &layers, NULL), LINNET_ERROR_SETTINGS);
}

static void count_difference(void *ctx, const char *name)
{
    char *names = ctx;
    strcat(names, name);
    strcat(names, " ");
}

static void reload_keeps_what_is_fixed(void **state)
{
    (void)state;
    const char *now[] = {"domain=a.example", "loops=1", "log.level=info"};
    const char *wanted[] = {"domain=b.example", "loops=1", "log.level=debug",
                            "c2s.listen=127.0.0.1:9"};
    struct settings running, fresh;
    char names[200] = "";
    assert_int_equal(load(&running, NULL, now, 3, NULL, NULL), LINNET_OK);
    assert_int_equal(load(&fresh, NULL, wanted, 4, NULL, NULL), LINNET_OK);
    assert_true(settings_keep_fixed(&fresh, &running, count_difference, names));
    assert_string_equal(names, "domain c2s.listen ");
    assert_string_equal(fresh.domain, "a.example");
    assert_string_equal(fresh.c2s_listen.items[0].host, "*");
    assert_int_equal(fresh.log_level, LOG_DEBUG);
    size_t index;
    assert_non_null(settings_row_find("c2s.listen", &index));
    assert_non_null(fresh.pending[index]);
    assert_int_equal(fresh.origin[index].source, running.origin[index].source);
    assert_int_equal(fresh.next_origin[index].source, SETTINGS_ARGUMENT);
    assert_non_null(settings_row_find("log.level", &index));
    assert_null(fresh.pending[index]);
    settings_finish(&running);
    settings_finish(&fresh);
}

/* Whether `wanted` may be taken over by a server that runs with `now`; else why not. */
static void fits_now(const char *now, const char *wanted, const char *mechanisms, const char *why)
{
    const char *first[] = {"domain=example.org", now};
    const char *second[] = {"domain=example.org", wanted, mechanisms};
    struct settings running, fresh;
    struct linnet_error error = {0};
    assert_int_equal(load(&running, NULL, first, 2, NULL, NULL), LINNET_OK);
    assert_int_equal(load(&fresh, NULL, second, 3, NULL, NULL), LINNET_OK);
    enum linnet_error_code code = settings_fit_now(&fresh, &running, &error);
    assert_int_equal(code, why ? LINNET_ERROR_SETTINGS : LINNET_OK);
    if (why)
        assert_string_equal(linnet_error_param(&error, "reason"), why);
    settings_finish(&running);
    settings_finish(&fresh);
}

/* What waits for a restart allows nothing yet. */
static void fits_what_is_in_force(void **state)
{
    (void)state;
    fits_now("login.legacy=on", "login.legacy=on", "login.mechanisms=DIGEST-MD5", NULL);
    fits_now("login.legacy=off", "login.legacy=on", "login.mechanisms=PLAIN", NULL);
    fits_now("login.legacy=on", "login.legacy=off", "login.mechanisms=", NULL);
    fits_now(
        "login.legacy=off", "login.legacy=on", "login.mechanisms=DIGEST-MD5",
        "login.mechanisms names only what login.legacy does not allow, as long as a restart is "
        "waited for (login.legacy): restart the server first");
    fits_now(
        "loops=3", "login.legacy=on", "login.mechanisms=DIGEST-MD5",
        "login.mechanisms names only what login.legacy does not allow, as long as a restart is "
        "waited for (loops, login.legacy): restart the server first");
}

/* What names a program, a file or a port of the machine is never stored: who may use the console
 * must not be able to. */
static void machine_is_fixed(void **state)
{
    (void)state;
    static const char *const groups[] = {"console.", "control.", "setup."};
    const struct settings_row *row;
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        bool machine = row->type == SETTINGS_PATH || row->type == SETTINGS_DOMAIN;
        for (size_t j = 0; j < ARRAY_LEN(groups); j++)
            machine |= strncmp(row->name, groups[j], strlen(groups[j])) == 0;
        if (machine && !row->machine)
            fail_msg("%s", row->name);
        const struct settings_pair pair = {row->name, row->fallback};
        const char *sets[] = {"domain=example.org"};
        struct settings_layers layers = {
            .stored = &pair, .stored_count = 1, .sets = sets, .set_count = 1};
        struct settings s;
        assert_int_equal(settings_load(&s, &layers, NULL),
                         row->machine ? LINNET_ERROR_SETTINGS : LINNET_OK);
        settings_finish(&s);
    }
}

/* Each row stands once, has help, a default that parses, and an environment name of its own. */
static void table_is_sound(void **state)
{
    (void)state;
    const struct settings_row *a, *b;
    struct buf manual = {0};
    settings_print_manual(&manual);
    assert_false(manual.failed);
    buf_byte(&manual, '\0');
    for (size_t i = 0; (a = settings_row_at(i)); i++) {
        assert_true(strlen(a->help) > 20);
        assert_non_null(strstr(buf_peek(&manual).ptr, a->help[0] ? "Default: " : "?"));
        for (size_t j = 0; j < i && (b = settings_row_at(j)); j++) {
            char x[64], y[64];
            snprintf(x, sizeof x, "%s", a->name);
            snprintf(y, sizeof y, "%s", b->name);
            for (size_t k = 0; x[k]; k++)
                x[k] = x[k] == '.' ? '_' : x[k];
            for (size_t k = 0; y[k]; k++)
                y[k] = y[k] == '.' ? '_' : y[k];
            assert_string_not_equal(x, y);
        }
    }
    buf_finish(&manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(later_layers_win),
        cmocka_unit_test(refuses_with_line_and_reason),
        cmocka_unit_test(refuses_combinations),
        cmocka_unit_test(takes_what_can_be_had),
        cmocka_unit_test(refuses_other_layers),
        cmocka_unit_test(prints_what_it_reads),
        cmocka_unit_test(reload_keeps_what_is_fixed),
        cmocka_unit_test(fits_what_is_in_force),
        cmocka_unit_test(machine_is_fixed),
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(prints_a_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
