/* The first administrator by the control socket. */
#include "server/control/control_peer_test.h"

static void counting(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx, *at = out;
    while (len-- > 0)
        *at++ = (*next)++;
}

#define KEY "000102030405060708090a0b0c0d0e0f10111213"

/* A server without accounts, and one that runs already. */
static int make_new(void **state, bool bare)
{
    uint8_t first = 0;
    char key[SETUP_KEY_BYTES];
    struct random_source random = {counting, &first};
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->bare = bare;
    f->setup.has_domain = !bare;
    assert_true(setup_begin(&f->setup, &random, key));
    assert_string_equal(key, KEY);
    return control_fixture_start(f) ? 0 : -1;
}

static int make_bare(void **state)
{
    return make_new(state, true);
}

static int make_running(void **state)
{
    return make_new(state, false);
}

#define SET_UP(key, domain, user, password)                                                        \
    "{\"id\":1,\"op\":\"setup\",\"args\":{\"key\":\"" key "\",\"domain\":\"" domain                \
    "\",\"user\":\"" user "\",\"password\":\"" password "\"}}"
#define DONE "{\"id\":1,\"ok\":true,\"result\":{\"jid\":\"admin@example.org\"}}"
#define STATE "{\"id\":1,\"op\":\"setup.state\"}"

static bool helps_with(int fd, const char *name)
{
    bool found = false;
    size_t i;
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"help\"}"), *row;
    json_array_foreach(json_object_get(json_object_get(answer, "result"), "ops"), i, row)
    {
        found = found || cstr_eq(json_string_value(json_object_get(row, "op")), name);
    }
    json_decref(answer);
    return found;
}

static void opens_once(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, STATE, "{\"id\":1,\"ok\":true,\"result\":{\"domain\":null,\"needed\":true}}");
    assert_true(helps_with(fd, "setup") && helps_with(fd, "setup.state"));
    fails(fd, SET_UP("", "example.org", "admin", "p"), "bad-credentials", "its key is wrong");
    fails(fd, SET_UP("00", "example.org", "admin", "p"), "bad-credentials", "its key is wrong");
    fails(fd, SET_UP(KEY "0", "example.org", "admin", "p"), "bad-credentials", "its key is wrong");
    fails(fd, SET_UP(KEY, "elsewhere.org", "admin", "p"), "host-unknown", "");
    fails(fd, SET_UP(KEY, "example.org", "a b", "p"), "bad-address", "a b");
    fails(fd, SET_UP(KEY, "example.org", "admin", ""), "usage", "password");
    succeeds(fd, SET_UP(KEY, "example.org", "admin", "secret"), DONE);

    fails(fd, SET_UP(KEY, "example.org", "other", "secret"), "usage", "no request \"setup\"");
    fails(fd, STATE, "usage", "no request \"setup.state\"");
    assert_false(helps_with(fd, "setup") || helps_with(fd, "setup.state"));
    close(fd);
}

/* Before it is set up it does nothing else; afterwards everything, on the same connection. */
static void does_nothing_before(void **state)
{
    static const char *const ops[] = {"status", "user.list", "logins.list", "events.follow",
                                      "settings.list"};
    int fd = connect_raw(*state);
    char line[200];
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        snprintf(line, sizeof line, "{\"id\":1,\"op\":\"%s\"}", ops[i]);
        fails(fd, line, "settings", "not set up yet");
    }
    fails(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"eve\",\"password\":\"p\"}}",
          "settings", "not set up yet");
    succeeds(fd, SET_UP(KEY, "example.org", "admin", "secret"), DONE);
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"user.show\",\"args\":{\"user\":\"admin\"}}");
    const json_t *role = json_object_get(json_object_get(answer, "result"), "role");
    assert_string_equal(json_string_value(role), "full");
    json_decref(answer);
    answer = exchange(fd, "{\"id\":1,\"op\":\"logins.list\"}");
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    answer = exchange(fd, "{\"id\":1,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"admin\","
                          "\"password\":\"secret\",\"address\":\"127.0.0.1\"}}");
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    close(fd);
}

/* Whoever may open the socket needs no key. */
static void needs_no_key_here(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd,
             "{\"id\":1,\"op\":\"setup\",\"args\":{\"domain\":\"example.org\",\"user\":\"admin\","
             "\"password\":\"secret\"}}",
             DONE);
    close(fd);
}

static void slows_guesses(void **state)
{
    int fd = connect_raw(*state);
    for (int i = 0; i < SETUP_WRONG_MAX; i++)
        fails(fd, SET_UP("guess", "example.org", "admin", "p"), "bad-credentials", "");
    json_t *answer = exchange(fd, SET_UP("guess", "example.org", "admin", "p"));
    const json_t *error = json_object_get(answer, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "auth-temporary");
    json_int_t retry_s = json_integer_value(json_object_get(error, "retry_s"));
    assert_true(retry_s > 0 && retry_s <= SETUP_WINDOW_MS / 1000);
    json_decref(answer);
    succeeds(fd, SET_UP(KEY, "example.org", "admin", "secret"),
             DONE); /* who has the link gets in */
    close(fd);
}

/* The domain is given, and accounts are there: an administrator is all that is missing. */
static void makes_an_administrator_only(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, STATE,
             "{\"id\":1,\"ok\":true,\"result\":{\"domain\":\"example.org\",\"needed\":true}}");
    json_decref(exchange(
        fd, "{\"id\":2,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"p\"}}"));
    fails(fd, SET_UP(KEY, "", "alice", "other"), "register-taken", "alice@example.org");
    succeeds(fd, SET_UP(KEY, "", "admin", "secret"), DONE);
    fails(fd, STATE, "usage", "no request");
    close(fd);
}

static void tells_followers(void **state)
{
    int fd = connect_raw(*state), follower = connect_raw(*state);
    json_decref(exchange(follower, "{\"id\":1,\"op\":\"events.follow\"}"));
    succeeds(fd, SET_UP(KEY, "", "admin", "secret"), DONE);
    char *line = read_text(follower);
    json_t *event = json_loads(line, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(event, "event")), "server.set_up");
    assert_null(strstr(line, "secret"));
    json_decref(event);
    free(line);
    close(follower);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_once, make_bare, unmake),
        cmocka_unit_test_setup_teardown(does_nothing_before, make_bare, unmake),
        cmocka_unit_test_setup_teardown(needs_no_key_here, make_bare, unmake),
        cmocka_unit_test_setup_teardown(slows_guesses, make_bare, unmake),
        cmocka_unit_test_setup_teardown(makes_an_administrator_only, make_running, unmake),
        cmocka_unit_test_setup_teardown(tells_followers, make_running, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
