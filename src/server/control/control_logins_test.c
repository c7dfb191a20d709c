/* What the control socket tells of sign-ins. */
#include "server/control/control_peer_test.h"

/* The ids in the answer to logins.list, as "1 2", with "..." when there are more. */
static const char *listed(int fd, const char *args)
{
    static char text[64];
    struct buf line = {0};
    size_t i, len = 0;
    json_t *record;
    buf_printf(&line, "{\"id\":1,\"op\":\"logins.list\",\"args\":{%s}}%c", args, '\0');
    json_t *answer = exchange(fd, buf_peek(&line).ptr);
    const json_t *result = json_object_get(answer, "result");
    assert_non_null(result);
    text[0] = '\0';
    json_array_foreach(json_object_get(result, "logins"), i, record)
    {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld", i ? " " : "",
                                json_integer_value(json_object_get(record, "id")));
        assert_int_equal(json_object_get(record, "trace") != NULL, strstr(args, "trace") != NULL);
    }
    if (json_is_true(json_object_get(result, "more")))
        snprintf(text + len, sizeof text - len, "...");
    json_decref(answer);
    buf_finish(&line);
    return text;
}

static void lists_sign_ins(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    assert_string_equal(listed(fd, ""), "");
    for (int i = 0; i < 4; i++)
        fixture_login(f, i % 2 ? "romeo" : "juliet", i < 2);
    assert_string_equal(listed(fd, ""), "1 2 3 4");
    assert_string_equal(listed(fd, "\"limit\":2,\"trace\":true"), "3 4...");
    assert_string_equal(listed(fd, "\"failed\":true"), "3 4");
    assert_string_equal(listed(fd, "\"failed\":false,\"user\":\"ROMEO\""), "2 4");
    assert_string_equal(listed(fd, "\"user\":\"romeo@example.org\""), "2 4");
    assert_string_equal(listed(fd, "\"after\":0,\"limit\":1"), "1...");
    assert_string_equal(listed(fd, "\"after\":3"), "4");
    assert_string_equal(listed(fd, "\"id\":3,\"trace\":true"), "3");
    assert_string_equal(listed(fd, "\"id\":5"), "");
    assert_string_equal(listed(fd, "\"address\":\"::\""), "1 2 3 4");
    assert_string_equal(listed(fd, "\"address\":\"192.0.2.\""), "");
    fails(fd, "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"id\":0}}", "usage", "id");
    fails(fd,
          "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"address\":"
          "\"12345678901234567890123456789012345678901234567890123456\"}}",
          "usage", "address");
    fails(fd, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"id\":1}}", "usage", "argument");
    fails(fd, "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"limit\":1001}}", "usage", "1000");
    fails(fd, "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"after\":-1}}", "usage", "after");
    fails(fd, "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"failed\":1}}", "usage", "a boolean");
    fails(fd, "{\"id\":1,\"op\":\"logins.list\",\"args\":{\"user\":\"\"}}", "usage", "user");
    close(fd);
}

static void describes_a_sign_in(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    fixture_login(f, "romeo", false);
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"logins.list\"}");
    const json_t *result = json_object_get(answer, "result");
    json_t *expected =
        json_pack("{s:i,s:i,s:I,s:s,s:b,s:s,s:s,s:n,s:b,s:{s:s,s:s,s:b},s:s,s:s,s:n,s:n,s:i}", "id",
                  1, "connection", 7, "time_ms", (json_int_t)1767361440123, "address", "[::]:0",
                  "ok", 0, "user", "romeo", "domain", "example.org", "jid", "direct_tls", 0, "tls",
                  "version", "TLSv1.3", "cipher", "TLS_X", "resumed", 0, "path", "classic",
                  "mechanism", "SCRAM-SHA-256", "binding", "software", "total_ms", 8055);
    json_t *record = json_array_get(json_object_get(result, "logins"), 0), *value;
    const char *name;
    json_object_foreach(expected, name, value)
    {
        if (!json_equal(value, json_object_get(record, name)))
            fail_msg("%s is not as expected", name);
    }
    const json_t *failure = json_object_get(record, "failure");
    assert_string_equal(json_string_value(json_object_get(failure, "code")), "bad-credentials");
    assert_string_equal(json_string_value(json_object_get(failure, "stage")), "sign in");
    assert_string_equal(json_string_value(json_object_get(failure, "condition")), "not-authorized");
    assert_int_equal(json_object_size(failure), 7);
    const json_t *step = json_array_get(json_object_get(record, "steps"), 3);
    assert_int_equal(json_integer_value(json_object_get(step, "held_ms")), 8000);
    assert_int_equal(json_integer_value(json_object_get(step, "at_ms")), 8046);
    assert_true(json_is_false(json_object_get(step, "ok")));
    json_decref(expected);
    json_decref(answer);
    close(fd);
}

/* The id of the sign-in that the next line tells. */
static json_int_t told(int fd, bool trace)
{
    char *text = read_text(fd);
    assert_non_null(text);
    json_t *event = json_loads(text, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    assert_string_equal(json_string_value(json_object_get(event, "event")), "login");
    assert_int_equal(json_object_get(data, "trace") != NULL, trace);
    json_int_t id = json_integer_value(json_object_get(data, "id"));
    json_decref(event);
    free(text);
    return id;
}

static void tells_sign_ins_to_those_who_follow(void **state)
{
    struct control_fixture *f = *state;
    int all = connect_raw(f), failed = connect_raw(f), one = connect_raw(f), gone = connect_raw(f);
    fixture_login(f, "juliet", true); /* before anybody followed */
    json_decref(exchange(gone, "{\"id\":1,\"op\":\"logins.follow\"}"));
    json_decref(exchange(all, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"trace\":true}}"));
    json_decref(exchange(failed, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"failed\":true}}"));
    json_decref(exchange(one, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"user\":\"romeo\"}}"));
    json_decref(
        exchange(one, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"user\":\"tybalt\"}}"));
    int near = connect_raw(f), far = connect_raw(f);
    json_decref(
        exchange(near, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"address\":\"::\"}}"));
    json_decref(
        exchange(far, "{\"id\":1,\"op\":\"logins.follow\",\"args\":{\"address\":\"192.0.2.\"}}"));
    close(gone);
    fixture_login(f, "juliet", true);
    fixture_login(f, "romeo", false);
    fixture_login(f, "tybalt", true);
    assert_int_equal(told(all, true), 2);
    assert_int_equal(told(all, true), 3);
    assert_int_equal(told(all, true), 4);
    assert_int_equal(told(failed, false), 3);
    assert_int_equal(told(one, false), 4);
    assert_int_equal(told(near, false), 2);
    json_t *next = exchange(far, "{\"id\":2,\"op\":\"logins.list\"}");
    assert_non_null(json_object_get(next, "result")); /* and no event before it */
    json_decref(next);
    close(near);
    close(far);
    close(all);
    close(failed);
    close(one);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(lists_sign_ins),
        CONTROL_TEST(describes_a_sign_in),
        CONTROL_TEST(tells_sign_ins_to_those_who_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
