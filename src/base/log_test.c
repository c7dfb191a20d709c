#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct seen {
    int count;
    enum log_level level;
    char component[16];
    uint64_t session;
    char message[1100];
};

static void remember(void *ctx, enum log_level level, const char *component, uint64_t session,
                     const char *message)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->level = level;
    seen->session = session;
    snprintf(seen->component, sizeof seen->component, "%s", component);
    snprintf(seen->message, sizeof seen->message, "%s", message);
}

static void hands_on_what_is_not_above_the_level(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct log_sink sink = {remember, &seen, LOG_NOTICE};
    log_printf(&sink, LOG_INFO, "c2s", 1, "not this");
    assert_int_equal(seen.count, 0);
    log_printf(&sink, LOG_NOTICE, "c2s", 7, "%s has %d", "juliet", 2);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.level, LOG_NOTICE);
    assert_int_equal(seen.session, 7);
    assert_string_equal(seen.component, "c2s");
    assert_string_equal(seen.message, "juliet has 2");
    log_printf(&sink, LOG_ERROR, "c2s", 0, "and this");
    assert_int_equal(seen.count, 2);
}

static void cuts_long_messages(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct log_sink sink = {remember, &seen, LOG_DEBUG};
    log_printf(&sink, LOG_DEBUG, "c2s", 0, "%5000d", 1);
    assert_int_equal(strlen(seen.message), 999);
}

static void discards_without_a_sink(void **state)
{
    (void)state;
    struct log_sink none = {.level = LOG_DEBUG};
    log_printf(NULL, LOG_ERROR, "c2s", 0, "nowhere");
    log_printf(&none, LOG_ERROR, "c2s", 0, "nowhere");
}

static void names_the_levels(void **state)
{
    (void)state;
    assert_string_equal(log_level_name(LOG_ERROR), "error");
    assert_string_equal(log_level_name(LOG_WARNING), "warning");
    assert_string_equal(log_level_name(LOG_NOTICE), "notice");
    assert_string_equal(log_level_name(LOG_INFO), "info");
    assert_string_equal(log_level_name(LOG_DEBUG), "debug");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_on_what_is_not_above_the_level),
        cmocka_unit_test(cuts_long_messages),
        cmocka_unit_test(discards_without_a_sink),
        cmocka_unit_test(names_the_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
