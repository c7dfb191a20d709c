/* The client half, against a real socket. */
#include "server/control/control_peer_test.h"

static void client_calls(void **state)
{
    struct control_client *c = client_of(*state);
    struct linnet_error error = {0};
    json_t *result;
    assert_int_equal(control_client_call(c, "user.add",
                                         json_pack("{s:s,s:s}", "user", "bob", "password", "x"), 30,
                                         &result, &error),
                     LINNET_OK);
    assert_string_equal(json_string_value(json_object_get(result, "jid")), "bob@example.org");
    json_decref(result);
    assert_int_equal(control_client_call(c, "user.show", json_pack("{s:s}", "user", "nobody"), 30,
                                         &result, &error),
                     LINNET_ERROR_USAGE);
    assert_string_equal(error.sentence, "There is no account nobody@example.org.");
    assert_int_equal(error.origin, LINNET_ORIGIN_PEER);
    assert_null(result);
    assert_int_equal(control_client_call(c, "user.show", json_pack("{s:s}", "user", "\xff"), 30,
                                         &result, &error),
                     LINNET_ERROR_USAGE);
    control_client_close(c);
}

static void client_times_out(void **state)
{
    struct control_client *c = client_of(*state);
    struct linnet_error error = {0};
    json_t *result;
    assert_int_equal(
        control_client_call(c, "sessions", json_pack("{s:i}", "limit", 1), 0, &result, &error),
        LINNET_ERROR_TIMEOUT);
    /* The late answer does not pass for that of the next call. */
    assert_int_equal(control_client_call(c, "status", NULL, 30, &result, &error), LINNET_OK);
    assert_non_null(json_object_get(result, "version"));
    json_decref(result);
    assert_int_equal(control_client_call(c, "events.follow", NULL, 30, &result, &error), LINNET_OK);
    assert_int_equal(json_object_size(result), 0);
    json_decref(result);
    control_client_close(c);
}

static void client_follows_events(void **state)
{
    struct control_client *follower = client_of(*state), *c = client_of(*state);
    json_t *result, *event;
    assert_int_equal(control_client_call(follower, "events.follow", NULL, 30, &result, NULL),
                     LINNET_OK);
    json_decref(result);
    assert_int_equal(control_client_call(c, "user.add",
                                         json_pack("{s:s,s:s}", "user", "eve", "password", "x"), 30,
                                         &result, NULL),
                     LINNET_OK);
    json_decref(result);
    /* An event that comes before an answer is kept. */
    assert_int_equal(control_client_call(follower, "user.disable",
                                         json_pack("{s:s,s:s}", "user", "eve", "reason", "r"), 30,
                                         &result, NULL),
                     LINNET_OK);
    json_decref(result);
    assert_int_equal(control_client_event(follower, &event, NULL), LINNET_OK);
    assert_true(json_integer_value(json_object_get(event, "time_s")) > 0);
    json_object_del(event, "time_s");
    char *text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"data\":{\"domain\":\"example.org\",\"user\":\"eve\"},"
                              "\"event\":\"account.added\"}");
    free(text);
    json_decref(event);
    assert_int_equal(control_client_event(follower, &event, NULL), LINNET_OK);
    assert_string_equal(json_string_value(json_object_get(event, "event")), "account.disabled");
    json_decref(event);
    assert_int_equal(control_client_event_within(follower, 0, &event, NULL), LINNET_ERROR_TIMEOUT);
    assert_null(event);
    static const char *const ops[][2] = {{"user.tokens.revoke", "tokens.revoked"},
                                         {"user.logout", "account.logged_out"}};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        assert_int_equal(
            control_client_call(c, ops[i][0], json_pack("{s:s}", "user", "eve"), 30, &result, NULL),
            LINNET_OK);
        json_decref(result);
        assert_int_equal(control_client_event(follower, &event, NULL), LINNET_OK);
        assert_string_equal(json_string_value(json_object_get(event, "event")), ops[i][1]);
        json_decref(event);
    }
    control_client_close(follower);
    control_client_close(c);
}

static void client_says_what_is_wrong(void **state)
{
    const struct control_fixture *f = *state;
    struct control_client *c;
    struct linnet_error error = {0};
    char path[200];
    snprintf(path, sizeof path, "%s/none.sock", f->dir);
    assert_int_equal(control_client_open(path, &c, &error), LINNET_ERROR_REFUSED);
    assert_non_null(strstr(error.sentence, path));
    assert_null(c);
    assert_int_equal(control_client_open("/dev/null/x", &c, &error), LINNET_ERROR_REFUSED);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(control_client_open(path, &c, &error), LINNET_ERROR_USAGE);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(client_calls),
        CONTROL_TEST(client_times_out),
        CONTROL_TEST(client_follows_events),
        CONTROL_TEST(client_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
