#include "server/log_output.h"

#include <jansson.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* What is written for one message, as a string. */
static void written(enum settings_log_format format, const char *message, uint64_t session,
                    char *out, size_t out_size)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct log_output output = {.fd = fds[1], .format = format};
    struct log_sink sink = log_output_sink(&output, LOG_NOTICE);
    log_printf(&sink, LOG_INFO, "c2s", 1, "not important enough");
    log_printf(&sink, LOG_WARNING, "c2s", session, "%s", message);
    ssize_t len = read(fds[0], out, out_size - 1);
    assert_true(len > 0);
    out[len] = '\0';
    close(fds[0]);
    close(fds[1]);
}

static void writes_text(void **state)
{
    (void)state;
    char line[4096];
    regex_t pattern;
    written(SETTINGS_LOG_TEXT, "a\nb\033[31m \"c\"", 17, line, sizeof line);
    assert_int_equal(regcomp(&pattern,
                             "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z warning c2s #17: "
                             "a b\\?\\[31m \"c\"\n$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_int_equal(regexec(&pattern, line, 0, NULL, 0), 0);
    regfree(&pattern);
}

static void writes_json(void **state)
{
    (void)state;
    char line[4096];
    written(SETTINGS_LOG_JSON, "quote \" backslash \\ line\nand \xff", 0, line, sizeof line);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(object, "component")), "c2s");
    assert_null(json_object_get(object, "session"));
    const char *message = json_string_value(json_object_get(object, "message"));
    assert_int_equal(strncmp(message, "quote \" backslash \\ line and ", 29), 0);
    assert_int_equal(line[strlen(line) - 1], '\n');
    json_decref(object);
}

static void hides_no_change_of_its_level(void **state)
{
    (void)state;
    char text[1000];
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct log_output output = {.fd = fds[1], .format = SETTINGS_LOG_TEXT};
    struct log_sink sink = log_output_sink(&output, LOG_ERROR);
    log_printf(&sink, LOG_NOTICE, "settings", 0, "hidden");
    log_output_level_changed(&sink, LOG_ERROR, "nobody");
    log_output_level_changed(&sink, LOG_NOTICE, "SIGHUP");
    log_output_always(&sink, "settings", "%s", "shown");
    log_output_always(NULL, "settings", "to nobody");
    log_output_level_changed(NULL, LOG_ERROR, "nobody");
    ssize_t len = read(fds[0], text, sizeof text - 1);
    assert_true(len > 0);
    text[len] = '\0';
    assert_null(strstr(text, "hidden"));
    assert_null(strstr(text, "nobody"));
    assert_non_null(
        strstr(text, "Z notice settings: log.level is \"error\": read again by SIGHUP\n"));
    assert_non_null(strstr(text, "Z notice settings: shown\n"));
    assert_int_equal(sink.level, LOG_ERROR);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_text),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(hides_no_change_of_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
