/* Settings over the control socket: what is said of them, and that changes come one after the
 * other. */
#include "server/control/control_peer_test.h"

#define SET(id, name, value)                                                                       \
    "{\"id\":" #id ",\"op\":\"settings.set\",\"args\":{\"name\":\"" name "\",\"value\":\"" value   \
    "\"},\"as\":{\"user\":\"admin@example.org\",\"address\":\"192.0.2.7\"}}"
#define RESET(id, name)                                                                            \
    "{\"id\":" #id ",\"op\":\"settings.reset\",\"args\":{\"name\":\"" name "\"}}"
#define CHECK(id, name, value)                                                                     \
    "{\"id\":" #id ",\"op\":\"settings.check\",\"args\":{\"name\":\"" name "\",\"value\":\"" value \
    "\"}}"
#define IS(id, name, value)                                                                        \
    "{\"id\":" #id ",\"ok\":true,\"result\":{\"applied\":true,\"name\":\"" name                    \
    "\",\"value\":\"" value "\"}}"

static int make_unfit(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    f->unfit = true;
    return control_fixture_start(f) ? 0 : -1;
}

/* The row of a setting; the caller's. */
static json_t *row_of(int fd, const char *name)
{
    size_t i;
    json_t *row, *found = NULL, *answer = exchange(fd, "{\"id\":1,\"op\":\"settings.list\"}");
    json_array_foreach(json_object_get(json_object_get(answer, "result"), "settings"), i, row)
    {
        if (cstr_eq(json_string_value(json_object_get(row, "name")), name))
            found = json_incref(row);
    }
    json_decref(answer);
    assert_non_null(found);
    return found;
}

static void row_holds(int fd, const char *name, const char *source, const char *value,
                      const char *pending)
{
    json_t *row = row_of(fd, name);
    assert_string_equal(json_string_value(json_object_get(row, "source")), source);
    assert_string_equal(json_string_value(json_object_get(row, "value")), value);
    const char *text = json_string_value(json_object_get(row, "pending"));
    assert_string_equal(text ? text : "", pending ? pending : "");
    json_decref(row);
}

static void sets_and_resets(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, CHECK(1, "logins.keep", " 7"),
             "{\"id\":1,\"ok\":true,\"result\":{\"ok\":true,\"value\":\"7\"}}");
    succeeds(fd, CHECK(1, "logins.keep", "x"),
             "{\"id\":1,\"ok\":true,\"result\":{\"ok\":false,\"reason\":\"logins.keep: must be a "
             "whole number\"}}");
    row_holds(fd, "logins.keep", "default", "200", NULL);
    succeeds(fd, SET(2, "logins.keep", "7"), IS(2, "logins.keep", "7"));
    succeeds(fd, SET(2, "logins.keep", "7"), IS(2, "logins.keep", "7")); /* so it was */
    row_holds(fd, "logins.keep", "console", "7", NULL);
    succeeds(fd, SET(3, "loops", "2"),
             "{\"id\":3,\"ok\":true,\"result\":{\"applied\":false,\"name\":\"loops\",\"value\":"
             "\"2\"}}");
    row_holds(fd, "loops", "default", "0", "2");
    succeeds(fd, "{\"id\":4,\"op\":\"reload\"}",
             "{\"id\":4,\"ok\":true,\"result\":{\"certificate\":{\"subject\":\"CN=example.org\"},"
             "\"waiting\":[\"loops\"]}}");
    succeeds(fd, RESET(5, "loops"), IS(5, "loops", "0"));
    succeeds(fd, RESET(6, "logins.keep"), IS(6, "logins.keep", "200"));
    fails(fd, RESET(7, "logins.keep"), "usage", "was not set while the server ran");
    fails(fd, SET(8, "domain", "x.org"), "usage", "is for the file, the environment and --set");
    fails(fd, SET(9, "x", ""), "usage", "there is no setting");
    close(fd);
}

/* What the newest row of the audit trail says about the setting. */
static void last_row_says(int fd, const char *name, const char *detail)
{
    json_t *answer = exchange(
        fd, "{\"id\":1,\"op\":\"audit.list\",\"args\":{\"action\":\"settings.\",\"limit\":1}}");
    const json_t *result = json_object_get(answer, "result");
    const json_t *row = json_array_get(json_object_get(result, "entries"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "object")), name);
    assert_string_equal(json_string_value(json_object_get(row, "detail")), detail);
    json_decref(answer);
}

/* Also where that waited for a restart, or is empty. */
static void tells_what_was_before(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, SET(1, "logins.keep", "7"), IS(1, "logins.keep", "7"));
    last_row_says(fd, "logins.keep", "200 -> 7");
    succeeds(fd, SET(2, "logins.keep", " 8"), IS(2, "logins.keep", "8"));
    last_row_says(fd, "logins.keep", "7 -> 8");
    succeeds(fd, RESET(3, "logins.keep"), IS(3, "logins.keep", "200"));
    last_row_says(fd, "logins.keep", "8 -> 200 (reset)");
    json_decref(exchange(fd, SET(4, "login.mechanisms", "PLAIN")));
    last_row_says(fd, "login.mechanisms", "\"\" -> PLAIN");
    json_decref(exchange(fd, SET(4, "loops", "2")));
    last_row_says(fd, "loops", "0 -> 2");
    json_decref(exchange(fd, SET(5, "loops", "3")));
    last_row_says(fd, "loops", "2 -> 3");
    json_decref(exchange(fd, RESET(6, "loops")));
    last_row_says(fd, "loops", "3 -> 0 (reset)");
    close(fd);
}

#define SIXTEEN "aaaaaaaaaaaaaaaa"

static void refuses_what_no_setting_is_called(void **state)
{
    struct buf line = {0};
    int fd = connect_raw(*state);
    fails(fd, CHECK(1, "", "7"), "usage", "name must have from 1 to 63 bytes");
    fails(fd, SET(1, "", "7"), "usage", "name must have from 1 to 63 bytes");
    fails(fd, RESET(1, ""), "usage", "name must have from 1 to 63 bytes");
    fails(fd, CHECK(1, SIXTEEN SIXTEEN SIXTEEN SIXTEEN, "7"), "usage", "name must have");
    buf_printf(&line, CHECK(1, "log.level", "%4097s") "%c", "info", '\0');
    fails(fd, buf_peek(&line).ptr, "usage", "value must not be longer than 4096 bytes");
    buf_finish(&line);
    close(fd);
}

static void is_all_a_page_needs(void **state)
{
    int fd = connect_raw(*state);
    json_t *row = row_of(fd, "limits.max_stanza_bytes");
    json_t *expected = json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:s,s:b,s:n,s:n,s:b}", "name",
                                 "limits.max_stanza_bytes", "value", "256KiB", "type", "integer",
                                 "unit", "bytes", "min", 10000, "max", 16 << 20, "default",
                                 "256KiB", "editable", 1, "fixed_by", "pending", "live", 1);
    json_t *value;
    const char *name;
    json_object_foreach(expected, name, value)
    {
        if (!json_equal(value, json_object_get(row, name)))
            fail_msg("%s is not as expected", name);
    }
    json_decref(row);
    json_decref(expected);
    row = row_of(fd, "domain");
    assert_string_equal(json_string_value(json_object_get(row, "fixed_by")), "--set");
    assert_true(json_is_false(json_object_get(row, "editable")));
    json_decref(row);
    row = row_of(fd, "login.mechanisms");
    assert_true(json_array_size(json_object_get(row, "choices")) > 5);
    json_decref(row);
    close(fd);
}

/* The next line; compact and sorted. */
static void hears(int fd, const char *expected)
{
    char *text = read_text(fd);
    assert_non_null(text);
    json_t *line = json_loads(text, 0, NULL);
    json_object_del(line, "time_s");
    char *sorted = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(sorted, expected);
    free(sorted);
    free(text);
    json_decref(line);
}

static void hears_failure(int fd, const char *words)
{
    char *text = read_text(fd);
    assert_non_null(text);
    if (!strstr(text, "\"ok\":false") || !strstr(text, words))
        fail_msg("%s", text);
    free(text);
}

/* Each is checked against what those before it left, though none has been answered when it comes.
 */
static void changes_one_after_the_other(void **state)
{
    static const char lines[] = SET(1, "limits.max_stanza_bytes", "2MiB") "\n" //
        SET(2, "limits.send_queue_bytes", "4MiB") "\n"                         //
        SET(3, "limits.max_stanza_bytes", "2MiB") "\n"                         //
        RESET(4, "limits.send_queue_bytes") "\n"                               //
        SET(5, "limits.send_queue_bytes", "2MiB") "\n"                         //
        RESET(6, "limits.max_stanza_bytes") "\n"                               //
        RESET(7, "limits.send_queue_bytes") "\n";
    int fd = connect_raw(*state);
    assert_true(send_text(fd, lines, sizeof lines - 1));
    hears_failure(fd, "limits.send_queue_bytes must hold one stanza");
    hears(fd, IS(2, "limits.send_queue_bytes", "4MiB"));
    hears(fd, IS(3, "limits.max_stanza_bytes", "2MiB"));
    hears_failure(fd, "limits.send_queue_bytes must hold one stanza");
    hears(fd, IS(5, "limits.send_queue_bytes", "2MiB"));
    hears(fd, IS(6, "limits.max_stanza_bytes", "256KiB"));
    hears(fd, IS(7, "limits.send_queue_bytes", "1MiB"));
    close(fd);
}

static void tells_who_follows(void **state)
{
    int fd = connect_raw(*state);
    json_decref(exchange(fd, "{\"id\":1,\"op\":\"events.follow\"}"));
    assert_true(send_text(fd, SET(2, "logins.keep", "7") "\n", sizeof SET(2, "logins.keep", "7")));
    hears(fd, "{\"data\":{\"actor\":\"admin@example.org\",\"name\":\"logins.keep\",\"value\":\"7\"}"
              ",\"event\":\"settings.changed\"}");
    hears(fd, IS(2, "logins.keep", "7"));
    close(fd);
}

static void has_a_history(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, SET(1, "logins.keep", "7"), IS(1, "logins.keep", "7"));
    succeeds(fd, SET(1, "log.level", "info"), IS(1, "log.level", "info"));
    succeeds(fd, SET(1, "logins.keep", "8"), IS(1, "logins.keep", "8"));
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"settings.history\",\"args\":{\"name\":"
                                  "\"logins.keep\",\"limit\":1}}");
    json_t *result = json_object_get(answer, "result");
    json_t *change = json_array_get(json_object_get(result, "changes"), 0);
    assert_true(json_integer_value(json_object_get(change, "time_s")) > 0);
    json_object_del(change, "time_s");
    char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"changes\":[{\"actor\":\"admin@example.org\",\"address\":"
                              "\"192.0.2.7\",\"id\":3,\"name\":\"logins.keep\",\"new\":\"8\","
                              "\"old\":\"7\"}],\"more\":true}");
    free(text);
    json_decref(answer);
    answer = exchange(fd, "{\"id\":1,\"op\":\"settings.history\",\"args\":{\"before\":2}}");
    result = json_object_get(json_object_get(answer, "result"), "changes");
    assert_int_equal(json_array_size(result), 1);
    assert_true(json_is_null(json_object_get(json_array_get(result, 0), "old")));
    json_decref(answer);
    fails(fd, "{\"id\":1,\"op\":\"settings.history\",\"args\":{\"limit\":0}}", "usage", "limit");
    fails(fd, "{\"id\":1,\"op\":\"settings.history\",\"args\":{\"limit\":1001}}", "usage", "limit");
    fails(fd, "{\"id\":1,\"op\":\"settings.history\",\"args\":{\"before\":0}}", "usage", "before");
    close(fd);
}

/* A certificate that cannot be read, say: nothing is stored, nothing changes. */
static void is_refused_as_a_start_would_be(void **state)
{
    int fd = connect_raw(*state);
    fails(fd, SET(1, "logins.keep", "7"), "usage", "unfit today");
    row_holds(fd, "logins.keep", "default", "200", NULL);
    succeeds(fd, "{\"id\":2,\"op\":\"settings.history\"}",
             "{\"id\":2,\"ok\":true,\"result\":{\"changes\":[],\"more\":false}}");
    fails(fd, "{\"id\":3,\"op\":\"reload\"}", "usage", "Nothing was changed: ");
    close(fd);
}

/* The certificate went between the check and that, say: it is stored, and the answer says so.
 * Asking once more applies it. */
static void says_what_was_not_applied(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    f->unapplied = true;
    succeeds(fd, SET(1, "logins.keep", "7"),
             "{\"id\":1,\"ok\":true,\"result\":{\"applied\":false,\"name\":\"logins.keep\","
             "\"value\":\"7\"}}");
    row_holds(fd, "logins.keep", "default", "200", NULL);
    f->unapplied = false;
    succeeds(fd, SET(1, "logins.keep", "7"), IS(1, "logins.keep", "7"));
    row_holds(fd, "logins.keep", "console", "7", NULL);
    close(fd);
}

/* The server stops with changes on their way: all are answered or their client is gone, and nothing
 * is left. */
static void stops_in_the_middle(void **state)
{
    struct buf lines = {0};
    int fd = connect_raw(*state);
    for (int i = 0; i < 200; i++)
        buf_printf(&lines, SET(1, "logins.keep", "%d") "\n", i);
    assert_true(send_text(fd, buf_peek(&lines).ptr, buf_len(&lines)));
    free(read_text(fd));
    buf_finish(&lines);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(sets_and_resets),
        CONTROL_TEST(tells_what_was_before),
        CONTROL_TEST(refuses_what_no_setting_is_called),
        CONTROL_TEST(is_all_a_page_needs),
        CONTROL_TEST(changes_one_after_the_other),
        CONTROL_TEST(tells_who_follows),
        CONTROL_TEST(has_a_history),
        CONTROL_TEST(says_what_was_not_applied),
        CONTROL_TEST(stops_in_the_middle),
        cmocka_unit_test_setup_teardown(is_refused_as_a_start_would_be, make_unfit, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
