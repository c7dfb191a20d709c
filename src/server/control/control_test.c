/* The protocol of the control socket, and the socket itself. */
#include "server/control/control_peer_test.h"

#include <errno.h>
#include <sys/stat.h>

static bool admits_nobody(uid_t uid)
{
    (void)uid;
    return false;
}

static int make_closed(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    f->admits = admits_nobody;
    return control_fixture_start(f) ? 0 : -1;
}

/* --- the protocol --- */

static void serves_accounts(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd,
             "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"Alice\",\"password\":\"pass\"}}",
             "{\"id\":1,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}");
    fails(fd, "{\"id\":2,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"x\"}}",
          "register-taken", "alice@example.org");
    succeeds(fd,
             "{\"id\":\"x\",\"op\":\"user.disable\",\"args\":{\"user\":\"alice\","
             "\"reason\":\"why\"}}",
             "{\"id\":\"x\",\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}");
    json_t *answer = exchange(fd, "{\"id\":3,\"op\":\"user.show\",\"args\":{\"user\":\"alice\"}}");
    json_t *account = json_object_get(answer, "result");
    assert_true(json_is_true(json_object_get(account, "disabled")));
    assert_string_equal(json_string_value(json_object_get(account, "reason")), "why");
    assert_int_equal(json_array_size(json_object_get(account, "schemes")), 3);
    json_decref(answer);
    succeeds(fd, "{\"id\":4,\"op\":\"user.remove\",\"args\":{\"user\":\"alice@example.org\"}}",
             "{\"id\":4,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}");
    fails(fd, "{\"id\":5,\"op\":\"user.show\",\"args\":{\"user\":\"alice\"}}", "usage",
          "There is no account alice@example.org.");
    succeeds(fd, "{\"id\":6,\"op\":\"user.list\"}",
             "{\"id\":6,\"ok\":true,\"result\":{\"accounts\":[],\"more\":false}}");
    close(fd);
}

static void add_alice(int fd)
{
    succeeds(fd,
             "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"pass\"}}",
             "{\"id\":1,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}");
}

#define ALICE_DONE "{\"id\":2,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}"
#define ALICE_HAS(tokens)                                                                          \
    "{\"id\":3,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\",\"tokens\":[" tokens "]}}"
#define ALICE_TOKENS "{\"id\":3,\"op\":\"user.tokens\",\"args\":{\"user\":\"alice\"}}"

static void serves_tokens(void **state)
{
    const struct control_fixture *f = *state;
    int fd = connect_raw(f);
    add_alice(fd);
    succeeds(fd, ALICE_TOKENS, ALICE_HAS(""));
    assert_true(control_fixture_token(f, "alice", "phone", 1000000000));
    assert_true(control_fixture_token(f, "alice", "tv", 1000000001));
    succeeds(fd, ALICE_TOKENS,
             ALICE_HAS("{\"client\":\"phone\",\"device\":\"\",\"expires_s\":4153600000,"
                       "\"issued_s\":1000000000,\"mechanism\":\"HT-SHA-256-ENDP\","
                       "\"pending\":true,\"software\":\"Soft \\\"1\\\"\",\"used_s\":1000000000},"
                       "{\"client\":\"tv\",\"device\":\"\",\"expires_s\":4153600001,"
                       "\"issued_s\":1000000001,\"mechanism\":\"HT-SHA-256-ENDP\","
                       "\"pending\":true,\"software\":\"Soft \\\"1\\\"\",\"used_s\":1000000001}"));
    succeeds(fd,
             "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\","
             "\"client\":\"tv\"}}",
             ALICE_DONE);
    fails(fd,
          "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\","
          "\"client\":\"tv\"}}",
          "usage", "That client has no token of alice@example.org.");
    succeeds(fd, "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\"}}",
             ALICE_DONE);
    succeeds(fd, ALICE_TOKENS, ALICE_HAS(""));
    assert_true(control_fixture_token(f, "alice", "phone", 1000000000));
    succeeds(fd, "{\"id\":2,\"op\":\"user.logout\",\"args\":{\"user\":\"alice\"}}", ALICE_DONE);
    succeeds(fd, ALICE_TOKENS, ALICE_HAS(""));
    fails(fd, "{\"id\":2,\"op\":\"user.logout\",\"args\":{\"user\":\"bob\"}}", "usage",
          "There is no account bob@example.org.");
    fails(fd, "{\"id\":2,\"op\":\"user.tokens\",\"args\":{\"user\":\"bob\"}}", "usage",
          "There is no account bob@example.org.");
    close(fd);
}

/* Revokes for the client whose id is `count` times `piece`. */
static void revoke_of(int fd, const char *piece, size_t count, const char *words)
{
    struct buf line = {0};
    buf_cstr(&line, "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\","
                    "\"client\":\"");
    for (size_t i = 0; i < count; i++)
        buf_cstr(&line, piece);
    buf_cstr(&line, "\"}}");
    buf_byte(&line, '\0');
    fails(fd, buf_peek(&line).ptr, "usage", words);
    buf_finish(&line);
}

static void takes_hostile_clients(void **state)
{
    const struct control_fixture *f = *state;
    int fd = connect_raw(f);
    add_alice(fd);
    assert_true(control_fixture_token(f, "alice", "'; DROP TABLE token; --", 1000000000));
    assert_true(control_fixture_token(f, "alice", "a\"b", 1000000000));
    revoke_of(fd, "'; DROP TABLE account; --", 1, "That client has no token");
    revoke_of(fd, "%", 1, "That client has no token");
    revoke_of(fd, "", 1, "No client has such an id: it is empty");
    revoke_of(fd, "x", 256, "That client has no token");
    revoke_of(fd, "x", 257, "longer than 256 bytes");
    revoke_of(fd, "x", 10000, "longer than 256 bytes");
    revoke_of(fd, "\\u0000", 1, "not JSON");
    revoke_of(fd, "\xff", 1, "not JSON");
    fails(fd, "{\"id\":2,\"op\":\"user.tokens\",\"args\":{\"user\":\"a'b\"}}", "bad-address",
          "a'b");
    fails(fd, "{\"id\":2,\"op\":\"user.logout\",\"args\":{\"user\":\"a\\\"b\"}}", "bad-address",
          "a\"b");
    succeeds(fd,
             "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\","
             "\"client\":\"'; DROP TABLE token; --\"}}",
             ALICE_DONE);
    succeeds(fd,
             "{\"id\":2,\"op\":\"user.tokens.revoke\",\"args\":{\"user\":\"alice\","
             "\"client\":\"a\\\"b\"}}",
             ALICE_DONE);
    succeeds(fd, ALICE_TOKENS, ALICE_HAS(""));
    close(fd);
}

static void refuses_malformed_requests(void **state)
{
    int fd = connect_raw(*state);
    fails(fd, "hello", "usage", "not JSON");
    fails(fd, "{\"id\":1,\"op\":\"status\"} {}", "usage", "not JSON");
    fails(fd, "{\"id\":1,\"id\":2,\"op\":\"status\"}", "usage", "not JSON");
    fails(fd, "{\"id\":1,\"op\":\"status\",\"x\":\"\\u0000\"}", "usage", "not JSON");
    fails(fd, "{\"id\":1,\"op\":\"\xff\"}", "usage", "not JSON");
    fails(fd, "[1]", "usage", "JSON object");
    fails(fd, "{\"op\":\"status\"}", "usage", "needs an id");
    fails(fd, "{\"id\":1.5,\"op\":\"status\"}", "usage", "needs an id");
    fails(fd, "{\"id\":1}", "usage", "needs an op");
    fails(fd, "{\"id\":1,\"op\":\"status\",\"args\":[]}", "usage", "are an object");
    fails(fd, "{\"id\":1,\"op\":\"status\",\"more\":1}", "usage", "no others");
    fails(fd, "{\"id\":1,\"op\":\"fly\"}", "usage", "no request \"fly\"");
    fails(fd, "{\"id\":1,\"op\":\"status\",\"args\":{\"x\":1}}", "usage", "has no argument \"x\"");
    fails(fd, "{\"id\":1,\"op\":\"user.show\"}", "usage", "needs the argument \"user\"");
    fails(fd, "{\"id\":1,\"op\":\"user.show\",\"args\":{\"user\":5}}", "usage", "must be a string");
    fails(fd, "{\"id\":1,\"op\":\"user.list\",\"args\":{\"limit\":0}}", "usage", "from 1 to");
    fails(fd, "{\"id\":1,\"op\":\"user.list\",\"args\":{\"limit\":1001}}", "usage", "from 1 to");
    fails(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"a b\",\"password\":\"x\"}}",
          "bad-address", "a b");
    fails(fd,
          "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"a@b.example\","
          "\"password\":\"x\"}}",
          "host-unknown", "b.example");
    fails(fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"a\",\"password\":\"\"}}", "usage",
          "empty");
    /* And it still serves. */
    json_decref(exchange(fd, "{\"id\":1,\"op\":\"status\"}"));
    close(fd);
}

static void knows_for_whom_it_is_asked(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
#define DISABLE(as) "{\"id\":1,\"op\":\"user.disable\",\"args\":{\"user\":\"alice\"},\"as\":" as "}"
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"x\"}}"));
    json_decref(
        exchange(fd, DISABLE("{\"user\":\"admin@example.org\",\"address\":\"192.0.2.7\"}")));
    assert_string_equal(f->actor, "admin@example.org at 192.0.2.7");
    json_decref(exchange(fd, DISABLE("{\"user\":\"a\\nb\"}")));
    assert_null(strchr(f->actor, '\n'));
    fails(fd, DISABLE("{\"user\":\"a\",\"mark\":\"7\"}"), "usage", "is a number");
    fails(fd, DISABLE("\"admin\""), "usage", "an object");
    fails(fd, DISABLE("{\"user\":\"a\",\"role\":\"full\"}"), "usage", "an object");
    fails(fd, DISABLE("{\"user\":\"\"}"), "usage", "names its user");
    fails(fd, DISABLE("{\"user\":\"a\",\"address\":7}"), "usage", "at most 63 bytes");
#undef DISABLE
    close(fd);
}

static void closes_after_a_line_too_long(void **state)
{
    enum { LEN = CONTROL_LINE_MAX_BYTES + 8192 };
    int fd = connect_raw(*state);
    char *line = malloc(LEN);
    assert_non_null(line);
    memset(line, ' ', LEN);
    send_text(fd, line, LEN);
    char *text = read_text(fd);
    /* Unread input may cost the answer on its way; the connection ends either way. */
    if (text)
        assert_non_null(strstr(text, "longer than 64 KiB"));
    free(text);
    assert_null(read_text(fd));
    close(fd);

    /* A line of just the limit is served. */
    fd = connect_raw(*state);
    memcpy(line, "{\"id\":1,\"op\":\"events.follow\"}", 29);
    line[CONTROL_LINE_MAX_BYTES] = '\n';
    assert_true(send_text(fd, line, CONTROL_LINE_MAX_BYTES + 1));
    text = read_text(fd);
    assert_string_equal(text, "{\"id\":1,\"ok\":true,\"result\":{}}");
    free(text);
    free(line);
    close(fd);
}

/* More requests at once than may be open, in one write, then no more input: all are answered. */
static void answers_a_flood(void **state)
{
    enum { COUNT = 5 * CONTROL_CALLS_MAX };
    int fd = connect_raw(*state);
    struct buf flood = {0};
    for (int i = 0; i < COUNT; i++)
        buf_printf(&flood, "{\"id\":%d,\"op\":\"user.show\",\"args\":{\"user\":\"u\"}}\n", i);
    assert_true(send_text(fd, buf_peek(&flood).ptr, buf_len(&flood)));
    shutdown(fd, SHUT_WR);
    bool seen[COUNT] = {false};
    char *text;
    int count = 0;
    while ((text = read_text(fd))) {
        json_t *answer = json_loads(text, 0, NULL);
        json_int_t id = json_integer_value(json_object_get(answer, "id"));
        assert_in_range(id, 0, COUNT - 1);
        assert_false(seen[id]);
        seen[id] = true;
        count++;
        json_decref(answer);
        free(text);
    }
    assert_int_equal(count, COUNT);
    buf_finish(&flood);
    close(fd);
}

/* What made room for more is the end of the server: there is nobody left to ask. */
static void asks_nothing_of_what_stops(void **state)
{
    static const char keep[] = "{\"id\":1,\"op\":\"sessions\",\"args\":{\"limit\":3}}\n";
    static const char status[] = "{\"id\":2,\"op\":\"status\"}\n";
    struct buf lines = {0};
    int fd = connect_raw(*state);
    for (int i = 1; i < CONTROL_CALLS_MAX; i++)
        buf_cstr(&lines, keep);
    buf_cstr(&lines, status);
    buf_cstr(&lines, keep);
    buf_cstr(&lines, status);
    assert_true(send_text(fd, buf_peek(&lines).ptr, buf_len(&lines)));
    free(read_text(fd)); /* in the same turn all places were taken */
    buf_finish(&lines);
    close(fd);
}

static int unmake_unasked(void **state)
{
    struct control_fixture *f = *state;
    control_fixture_stop(f);
    bool ok = f->kept_count == CONTROL_CALLS_MAX && !f->asked_late;
    free(f);
    return ok ? 0 : -1;
}

static void takes_lines_in_pieces(void **state)
{
    static const char line[] = "{\"id\":7,\"op\":\"events.follow\"}\n\n\n";
    int fd = connect_raw(*state);
    for (size_t i = 0; i < sizeof line - 1; i++)
        assert_true(send_text(fd, line + i, 1));
    char *text = read_text(fd);
    assert_string_equal(text, "{\"id\":7,\"ok\":true,\"result\":{}}");
    free(text);
    close(fd);
}

/* A client that goes while its requests are open; the host answers one of them to nobody. */
static void survives_clients_that_go(void **state)
{
    static const char adds[] = "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"gone\","
                               "\"password\":\"x\"}}\n"
                               "{\"id\":2,\"op\":\"sessions\",\"args\":{\"limit\":1}}\n";
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    assert_true(send_text(fd, adds, sizeof adds - 1));
    close(fd);
    fd = connect_raw(f);
    json_decref(exchange(fd, "{\"id\":1,\"op\":\"status\"}"));
    /* What was asked happens all the same. */
    json_t *answer;
    do {
        answer = exchange(fd, "{\"id\":2,\"op\":\"user.show\",\"args\":{\"user\":\"gone\"}}");
        bool there = json_is_true(json_object_get(answer, "ok"));
        json_decref(answer);
        if (there)
            break;
    } while (true);
    close(fd);
}

static void refuses_other_users(void **state)
{
    int fd = connect_raw(*state);
    char *text = read_text(fd);
    assert_non_null(text);
    assert_non_null(strstr(text, "own user and root"));
    free(text);
    assert_null(read_text(fd));
    close(fd);
}

static void limits_clients(void **state)
{
    int fds[CONTROL_CLIENTS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = connect_raw(*state);
        if (i < CONTROL_CLIENTS_MAX)
            json_decref(exchange(fds[i], "{\"id\":1,\"op\":\"events.follow\"}"));
    }
    char *text = read_text(fds[CONTROL_CLIENTS_MAX]);
    assert_non_null(strstr(text, "Too many clients"));
    free(text);
    assert_null(read_text(fds[CONTROL_CLIENTS_MAX]));
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
}

static void describes_itself(void **state)
{
    int fd = connect_raw(*state);
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"help\"}");
    const json_t *ops = json_object_get(json_object_get(answer, "result"), "ops");
    assert_int_equal(json_array_size(ops), 34);
    json_decref(answer);
    answer = exchange(fd, "{\"id\":1,\"op\":\"settings.list\"}");
    const json_t *list = json_object_get(json_object_get(answer, "result"), "settings");
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "domain");
    assert_string_equal(json_string_value(json_object_get(first, "value")), "example.org");
    assert_string_equal(json_string_value(json_object_get(first, "source")), "argument");
    json_decref(answer);
    fails(fd, "{\"id\":1,\"op\":\"sessions\"}", "internal", "no sessions today");
    close(fd);
}

static void expect_which(int fd, const char *args, const char *q, const char *user)
{
    char line[160];
    snprintf(line, sizeof line, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"limit\":2%s}}", args);
    json_t *answer = exchange(fd, line);
    json_t *expected = json_pack("{s:s?,s:s?}", "q", q, "user", user);
    assert_true(json_equal(json_object_get(answer, "result"), expected));
    json_decref(expected);
    json_decref(answer);
}

static void asks_for_some_sessions(void **state)
{
    int fd = connect_raw(*state);
    char line[400];
    expect_which(fd, "", NULL, NULL);
    expect_which(fd, ",\"q\":\"TV\"", "TV", NULL);
    expect_which(fd, ",\"user\":\"Alice\"", NULL, "alice");
    expect_which(fd, ",\"user\":\"alice@example.org\",\"q\":\"\"", "", "alice");
    fails(fd, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"user\":\"a b\"}}", "usage", "user");
    fails(fd, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"user\":\"\"}}", "usage", "user");
    fails(fd, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"limit\":0}}", "usage", "1000");
    fails(fd, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"q\":7}}", "usage", "a string");
    snprintf(line, sizeof line, "{\"id\":1,\"op\":\"sessions\",\"args\":{\"q\":\"%0257d\"}}", 0);
    fails(fd, line, "usage", "256");
    close(fd);
}

/* --- the socket --- */

static void socket_is_private(void **state)
{
    const struct control_fixture *f = *state;
    struct stat st;
    assert_int_equal(lstat(f->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
}

static enum linnet_error_code try_new(const struct control_fixture *f, uv_loop_t *loop,
                                      const char *path, struct control **ret,
                                      struct linnet_error *error)
{
    struct control_config config = {.loop = loop, .path = path, .ops = f->port};
    return control_new(&config, ret, error);
}

static void finds_its_way_or_says_why(void **state)
{
    const struct control_fixture *f = *state;
    struct control *control;
    struct linnet_error error = {0};
    uv_loop_t loop;
    char path[80], longest[200];
    assert_true(loop_init(&loop));

    assert_int_equal(try_new(f, &loop, f->path, &control, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "another server listens"));
    snprintf(path, sizeof path, "%s/file", f->dir);
    fclose(fopen(path, "w"));
    assert_int_equal(try_new(f, &loop, path, &control, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "is no socket"));
    unlink(path);
    assert_int_equal(try_new(f, &loop, "/nonexistent/x", &control, &error), LINNET_ERROR_SETTINGS);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(try_new(f, &loop, longest, &control, &error), LINNET_ERROR_SETTINGS);
    assert_non_null(strstr(error.sentence, "107 bytes"));

    /* What a server left behind is replaced. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_int_equal(try_new(f, &loop, path, &control, &error), LINNET_OK);
    control_free(control);
    assert_int_equal(access(path, F_OK), -1);
    loop_finish(&loop);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(serves_accounts),
        CONTROL_TEST(serves_tokens),
        CONTROL_TEST(takes_hostile_clients),
        CONTROL_TEST(refuses_malformed_requests),
        CONTROL_TEST(knows_for_whom_it_is_asked),
        CONTROL_TEST(closes_after_a_line_too_long),
        CONTROL_TEST(answers_a_flood),
        cmocka_unit_test_setup_teardown(asks_nothing_of_what_stops, make, unmake_unasked),
        CONTROL_TEST(takes_lines_in_pieces),
        CONTROL_TEST(survives_clients_that_go),
        cmocka_unit_test_setup_teardown(refuses_other_users, make_closed, unmake),
        CONTROL_TEST(limits_clients),
        CONTROL_TEST(describes_itself),
        CONTROL_TEST(asks_for_some_sessions),
        CONTROL_TEST(socket_is_private),
        CONTROL_TEST(finds_its_way_or_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
