/* The audit trail as the control socket tells it. */
#include "server/control/control_peer_test.h"
#include "server/control/refusals.h"

#include <time.h>

static int make_followed(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (f)
        f->audits = true;
    return f && control_fixture_start(f) ? 0 : -1;
}

/* For an administrator at an address. */
#define AS "\"as\":{\"user\":\"admin@example.org\",\"address\":\"192.0.2.7\"}"

/* What the rows say that audit.list gives, "2 account.disabled alice@example.org (on leave); ...",
 * with "..." when there are more. */
static const char *listed(int fd, const char *args)
{
    static char text[1024];
    struct buf line = {0};
    size_t i, len = 0;
    json_t *row;
    buf_printf(&line, "{\"id\":1,\"op\":\"audit.list\",\"args\":{%s}}%c", args, '\0');
    json_t *answer = exchange(fd, buf_peek(&line).ptr);
    const json_t *result = json_object_get(answer, "result");
    assert_non_null(result);
    text[0] = '\0';
    json_array_foreach(json_object_get(result, "entries"), i, row)
    {
        const char *action, *object, *detail;
        json_int_t id;
        assert_int_equal(json_unpack(row, "{s:I,s:s,s:s,s:s}", "id", &id, "action", &action,
                                     "object", &object, "detail", &detail),
                         0);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld %s %s (%s)", i ? "; " : "",
                                id, action, object, detail);
    }
    if (json_is_true(json_object_get(result, "more")))
        snprintf(text + len, sizeof text - len, "...");
    json_decref(answer);
    buf_finish(&line);
    return text;
}

/* Does it, and gives the answer away. */
static void run(int fd, const char *line)
{
    json_t *answer = exchange(fd, line);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
}

static void add_and_disable(int fd)
{
    run(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"Alice\",\"password\":\"x\"}}");
    run(fd, "{\"id\":2,\"op\":\"user.disable\",\"args\":{\"user\":\"alice\",\"reason\":\"on leave\""
            "}," AS "}");
}

static void lists_what_was_done(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    assert_string_equal(listed(fd, ""), "");
    add_and_disable(fd);
    run(fd,
        "{\"id\":3,\"op\":\"user.role\",\"args\":{\"user\":\"alice\",\"role\":\"none\"}," AS "}");
    assert_string_equal(listed(fd, ""), "3 account.role alice@example.org (none); "
                                        "2 account.disabled alice@example.org (on leave); "
                                        "1 account.added alice@example.org ()");
    assert_string_equal(listed(fd, "\"limit\":1"), "3 account.role alice@example.org (none)...");
    assert_string_equal(listed(fd, "\"before\":2"), "1 account.added alice@example.org ()");
    assert_string_equal(listed(fd, "\"before\":1"), "");
    assert_string_equal(listed(fd, "\"actor\":\"admin@example.org\",\"action\":\"account.d\""),
                        "2 account.disabled alice@example.org (on leave)");
    assert_string_equal(listed(fd, "\"object\":\"bob@example.org\""), "");
    assert_string_equal(listed(fd, "\"object\":\"alice@example.org\",\"action\":\"account.a\""),
                        "1 account.added alice@example.org ()");
    fails(fd, "{\"id\":1,\"op\":\"audit.list\",\"args\":{\"limit\":1001}}", "usage", "1000");
    fails(fd, "{\"id\":1,\"op\":\"audit.list\",\"args\":{\"limit\":0}}", "usage", "1000");
    fails(fd, "{\"id\":1,\"op\":\"audit.list\",\"args\":{\"before\":0}}", "usage", "before");
    fails(fd, "{\"id\":1,\"op\":\"audit.list\",\"args\":{\"actor\":1}}", "usage", "a string");
    close(fd);
}

static void says_who_and_where(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    char own[32];
    time_t before = time(NULL);
    add_and_disable(fd);
    snprintf(own, sizeof own, "uid %lu", (unsigned long)getuid());
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"audit.list\"}");
    json_t *rows = json_object_get(json_object_get(answer, "result"), "entries");
    json_t *wanted[] = {
        json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "id", 2, "actor", "admin@example.org", "address",
                  "192.0.2.7", "action", "account.disabled", "object", "alice@example.org",
                  "detail", "on leave"),
        json_pack("{s:i,s:s,s:n,s:s,s:s,s:s}", "id", 1, "actor", own, "address", "action",
                  "account.added", "object", "alice@example.org", "detail", "")};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        json_t *row = json_array_get(rows, i);
        assert_true(json_integer_value(json_object_get(row, "time_s")) >= before);
        json_object_del(row, "time_s");
        assert_true(json_equal(row, wanted[i]));
        json_decref(wanted[i]);
    }
    json_decref(answer);
    close(fd);
}

/* The next line, as an event without its times; the caller frees. */
static char *next_event(int fd)
{
    char *text = read_text(fd);
    assert_non_null(text);
    json_t *event = json_loads(text, 0, NULL);
    json_object_del(event, "time_s");
    json_object_del(json_object_get(event, "data"), "time_s");
    free(text);
    text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(event);
    return text;
}

static void expects_event(int fd, const char *expected)
{
    char *text = next_event(fd);
    assert_string_equal(text, expected);
    free(text);
}

static void tells_each_row(void **state)
{
    struct control_fixture *f = *state;
    int follower = connect_raw(f), fd = connect_raw(f);
    run(follower, "{\"id\":1,\"op\":\"events.follow\"}");
    run(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"bob\",\"password\":\"x\"}," AS "}");
    expects_event(follower, "{\"data\":{\"domain\":\"example.org\",\"user\":\"bob\"},"
                            "\"event\":\"account.added\"}");
    expects_event(follower,
                  "{\"data\":{\"action\":\"account.added\",\"actor\":\"admin@example.org\","
                  "\"address\":\"192.0.2.7\",\"detail\":\"\",\"id\":1,"
                  "\"object\":\"bob@example.org\"},\"event\":\"audit\"}");
    close(follower);
    close(fd);
}

/* What is no change of the store is written too: before it can be asked for, the event comes. */
static void tells_what_is_no_change(void **state)
{
    struct control_fixture *f = *state;
    char expected[256];
    int follower = connect_raw(f), fd = connect_raw(f);
    run(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"boss\",\"password\":\"right\"}}");
    run(fd, "{\"id\":2,\"op\":\"user.role\",\"args\":{\"user\":\"boss\",\"role\":\"full\"}}");
    run(follower, "{\"id\":1,\"op\":\"events.follow\"}");
    fails(fd,
          "{\"id\":3,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"boss\",\"password\":\"wrong\","
          "\"address\":\"192.0.2.9\"}}",
          "bad-credentials", "");
    snprintf(expected, sizeof expected,
             "{\"data\":{\"action\":\"console.sign_in_failed\",\"actor\":\"uid %lu\","
             "\"address\":\"192.0.2.9\",\"detail\":\"bad-credentials\",\"id\":3,"
             "\"object\":\"boss@example.org\"},\"event\":\"audit\"}",
             (unsigned long)getuid());
    expects_event(follower, expected);
    fails(fd, "{\"id\":4,\"op\":\"session.close\",\"args\":{\"jid\":\"bob@example.org/tv\"}}",
          "usage", "");
    run(fd, "{\"id\":5,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"boss\",\"password\":\"right\","
            "\"address\":\"192.0.2.9\"}}");
    expects_event(follower, "{\"data\":{\"action\":\"console.signed_in\",\"actor\":"
                            "\"boss@example.org\",\"address\":\"192.0.2.9\",\"detail\":\"full\","
                            "\"id\":4,\"object\":\"boss@example.org\"},\"event\":\"audit\"}");
    run(fd,
        "{\"id\":6,\"op\":\"session.close\",\"args\":{\"jid\":\"alice@example.org/tv\"}," AS "}");
    expects_event(follower, "{\"data\":{\"action\":\"session.closed\",\"actor\":"
                            "\"admin@example.org\",\"address\":\"192.0.2.7\",\"detail\":\"\","
                            "\"id\":5,\"object\":\"alice@example.org/tv\"},\"event\":\"audit\"}");
    assert_string_equal(listed(fd, "\"before\":6,\"limit\":2"),
                        "5 session.closed alice@example.org/tv (); "
                        "4 console.signed_in boss@example.org (full)...");
    close(follower);
    close(fd);
}

/* A sign-in that fails, for a name from an address; with the code that it fails with. */
static void fails_to_sign_in(int fd, const char *user, const char *address, const char *code)
{
    char line[256];
    snprintf(line, sizeof line,
             "{\"id\":1,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"%s\",\"password\":\"right\","
             "\"address\":\"%s\"}}",
             user, address);
    fails(fd, line, code, "");
}

/* A change waits for all rows that were written before it. */
static void settle(int fd)
{
    run(fd, "{\"id\":1,\"op\":\"user.enable\",\"args\":{\"user\":\"alice\"}}");
}

static void tells_sign_ins_that_fail(void **state)
{
    static const char long_name[] =
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    int fd = connect_raw(*state);
    run(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"right\"}}");
    for (int i = 0; i < 3; i++) { /* the first is told now, the others are counted */
        fails_to_sign_in(fd, "alice", "192.0.2.7", "policy");
        fails_to_sign_in(fd, "nobody", "2001:db8::1", "bad-credentials");
        fails_to_sign_in(fd, "Nobody@example.org", "2001:db8::2", "bad-credentials");
        fails_to_sign_in(fd, "a\\u202eb\\n c", "192.0.2.7", "bad-credentials");
    }
    fails_to_sign_in(fd, long_name, "192.0.2.7", "bad-credentials");
    run(fd, "{\"id\":1,\"op\":\"user.disable\",\"args\":{\"user\":\"alice\"}}");
    fails_to_sign_in(fd, "alice", "192.0.2.7", "account-disabled");
    settle(fd);
    assert_string_equal(
        listed(fd, "\"action\":\"console.\""),
        "7 console.sign_in_failed alice@example.org (account-disabled); "
        "5 console.sign_in_failed xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxx\xe2\x80\xa6@example.org (bad-credentials); "
        "4 console.sign_in_failed (no name) (bad-credentials); "
        "3 console.sign_in_failed nobody@example.org (bad-credentials); "
        "2 console.sign_in_failed alice@example.org (policy)");
    close(fd);
}

/* However many names a stranger thinks of, there are few rows. */
static void bounds_strangers(void **state)
{
    struct control_fixture *f = *state;
    char name[32];
    f->settings.login_throttle = false;
    int fd = connect_raw(f);
    run(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"right\"}}");
    for (int i = 0; i < REFUSALS_MAX + 20; i++) {
        snprintf(name, sizeof name, "guess%d", i);
        fails_to_sign_in(fd, name, "192.0.2.7", "bad-credentials");
    }
    settle(fd);
    snprintf(name, sizeof name, "%d account.enabled ", REFUSALS_MAX + 2);
    assert_non_null(strstr(listed(fd, "\"limit\":1"), name));
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_followed, unmake)
    const struct CMUnitTest tests[] = {
        TEST(lists_what_was_done),         TEST(says_who_and_where), TEST(tells_each_row),
        TEST(tells_sign_ins_that_fail),    TEST(bounds_strangers),   TEST(tells_what_is_no_change),
        CONTROL_TEST(lists_what_was_done), /* whether anybody is told
or not */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
