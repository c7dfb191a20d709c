#include "server/control/control.h"

#include "server/control/client.h"
#include "server/control/control_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

static bool admits_nobody(uid_t uid)
{
    (void)uid;
    return false;
}

static int make(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && control_fixture_start(f) ? 0 : -1;
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

static int unmake(void **state)
{
    control_fixture_stop(*state);
    free(*state);
    return 0;
}

/* --- a raw peer --- */

static int connect_raw(const struct control_fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, f->path, strlen(f->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Whether all could be sent; the server may have closed. */
static bool send_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* The next line, or NULL at the end. The caller frees. */
static char *read_text(int fd)
{
    struct buf line = {0};
    char byte;
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) == 1 && byte != '\n')
        buf_byte(&line, (uint8_t)byte);
    char *text = n == 1 ? buf_take_cstr(&line) : NULL;
    buf_finish(&line);
    return text;
}

/* Sends a line and gives the answer to it. */
static json_t *exchange(int fd, const char *line)
{
    assert_true(send_text(fd, line, strlen(line)));
    assert_true(send_text(fd, "\n", 1));
    char *text = read_text(fd);
    assert_non_null(text);
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(answer));
    free(text);
    return answer;
}

static void fails(int fd, const char *line, const char *code, const char *words)
{
    json_t *answer = exchange(fd, line);
    json_t *error = json_object_get(answer, "error");
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_null(json_object_get(answer, "result"));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    const char *sentence = json_string_value(json_object_get(error, "sentence"));
    if (!strstr(sentence, words))
        fail_msg("\"%s\" does not hold \"%s\"", sentence, words);
    json_decref(answer);
}

static void succeeds(int fd, const char *line, const char *expected)
{
    json_t *answer = exchange(fd, line);
    char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(answer);
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
    assert_int_equal(json_array_size(ops), 22);
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

/* --- sign-ins --- */

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
    close(gone);
    fixture_login(f, "juliet", true);
    fixture_login(f, "romeo", false);
    fixture_login(f, "tybalt", true);
    assert_int_equal(told(all, true), 2);
    assert_int_equal(told(all, true), 3);
    assert_int_equal(told(all, true), 4);
    assert_int_equal(told(failed, false), 3);
    assert_int_equal(told(one, false), 4);
    close(all);
    close(failed);
    close(one);
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

/* --- the client half --- */

static struct control_client *client_of(const struct control_fixture *f)
{
    struct control_client *c;
    assert_int_equal(control_client_open(f->path, &c, NULL), LINNET_OK);
    return c;
}

/* --- administrators --- */

static void gives_roles(void **state)
{
    int fd = connect_raw(*state);
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"p\"}}"));
    succeeds(fd,
             "{\"id\":2,\"op\":\"user.role\",\"args\":{\"user\":\"Alice\",\"role\":\"read-only\"}}",
             "{\"id\":2,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\"}}");
    json_t *answer = exchange(fd, "{\"id\":3,\"op\":\"user.show\",\"args\":{\"user\":\"alice\"}}");
    const json_t *account = json_object_get(answer, "result");
    assert_string_equal(json_string_value(json_object_get(account, "role")), "read-only");
    json_decref(answer);
    answer = exchange(fd, "{\"id\":4,\"op\":\"user.list\"}");
    account = json_array_get(json_object_get(json_object_get(answer, "result"), "accounts"), 0);
    assert_string_equal(json_string_value(json_object_get(account, "role")), "read-only");
    json_decref(answer);
    fails(fd, "{\"id\":5,\"op\":\"user.role\",\"args\":{\"user\":\"alice\",\"role\":\"root\"}}",
          "usage", "full, read-only or none");
    fails(fd, "{\"id\":6,\"op\":\"user.role\",\"args\":{\"user\":\"bob\",\"role\":\"full\"}}",
          "usage", "no account bob@example.org");
    close(fd);
}

static void lists_by_prefix(void **state)
{
    static const char *const names[] = {"alice", "alan", "bob"};
    int fd = connect_raw(*state);
    char line[200];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(line, sizeof line,
                 "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"%s\",\"password\":\"p\"}}",
                 names[i]);
        json_decref(exchange(fd, line));
    }
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"user.list\",\"args\":{\"prefix\":\"AL\"}}");
    const json_t *list = json_object_get(json_object_get(answer, "result"), "accounts");
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_object_get(json_array_get(list, 0), "user");
    assert_string_equal(json_string_value(first), "alan");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(list, i), "online")),
                         2 * i);
    json_decref(answer);
    fails(fd, "{\"id\":1,\"op\":\"user.list\",\"args\":{\"prefix\":\"a b\"}}", "bad-address", "");
    close(fd);
}

static void prepares_names(void **state)
{
    int fd = connect_raw(*state);
    succeeds(
        fd, "{\"id\":1,\"op\":\"name.check\",\"args\":{\"user\":\"Alice\"}}",
        "{\"id\":1,\"ok\":true,\"result\":{\"jid\":\"alice@example.org\",\"user\":\"alice\"}}");
    fails(fd, "{\"id\":2,\"op\":\"name.check\",\"args\":{\"user\":\"a b\"}}", "bad-address", "a b");
    fails(fd, "{\"id\":3,\"op\":\"name.check\",\"args\":{\"user\":\"a@x.org\"}}", "host-unknown",
          "x.org");
    fails(fd, "{\"id\":4,\"op\":\"name.check\",\"args\":{\"user\":\"\"}}", "bad-address", "");
    close(fd);
}

#define CLOSE(jid) "{\"id\":1,\"op\":\"session.close\",\"args\":{\"jid\":\"" jid "\"}}"

static void closes_sessions(void **state)
{
    int fd = connect_raw(*state);
    succeeds(fd, CLOSE("Alice@Example.ORG/tv"),
             "{\"id\":1,\"ok\":true,\"result\":{\"jid\":\"alice@example.org/tv\"}}");
    fails(fd, CLOSE("alice@example.org/TV"), "usage", "no such session");
    fails(fd, CLOSE("alice@example.org"), "bad-address", "named in full");
    fails(fd, CLOSE("example.org/tv"), "bad-address", "named in full");
    fails(fd, CLOSE("alice@example.org/"), "bad-address", "is empty");
    fails(fd, CLOSE("a b@example.org/tv"), "bad-address", "a b@example.org/tv");
    fails(fd, CLOSE(""), "bad-address", "is empty");
    fails(fd, CLOSE("alice@other.org/tv"), "host-unknown", "other.org");
    fails(fd, "{\"id\":1,\"op\":\"session.close\"}", "usage", "needs the argument");
    fails(fd, "{\"id\":1,\"op\":\"session.close\",\"args\":{\"jid\":7}}", "usage",
          "must be a string");
    close(fd);
}

#define SIGN_IN(user, password)                                                                    \
    "{\"id\":1,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"" user "\",\"password\":\"" password  \
    "\",\"address\":\"192.0.2.1\"}}"

/* The number that admin.sign_in gives, as long as it holds. */
static json_int_t signs_in(int fd, const char *line, const char *role)
{
    json_t *answer = exchange(fd, line);
    const json_t *result = json_object_get(answer, "result");
    assert_true(json_is_true(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(result, "jid")), "alice@example.org");
    assert_string_equal(json_string_value(json_object_get(result, "user")), "alice");
    assert_string_equal(json_string_value(json_object_get(result, "role")), role);
    json_int_t mark = json_integer_value(json_object_get(result, "mark"));
    json_decref(answer);
    return mark;
}

static const char *check_line(char line[200], json_int_t mark)
{
    snprintf(line, 200,
             "{\"id\":1,\"op\":\"admin.check\",\"args\":{\"user\":\"alice\",\"mark\":%lld}}",
             (long long)mark);
    return line;
}

static void make_administrator(int fd)
{
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"right\"}}"));
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.role\",\"args\":{\"user\":\"alice\",\"role\":\"full\"}}"));
}

static void lets_administrators_in(void **state)
{
    int fd = connect_raw(*state);
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"alice\",\"password\":\"right\"}}"));
    fails(fd, SIGN_IN("alice", "right"), "policy", "not an administrator");
    make_administrator(fd);
    signs_in(fd, SIGN_IN("alice", "right"), "full");
    signs_in(fd, SIGN_IN("ALICE@example.org", "right"), "full");
    fails(fd, SIGN_IN("alice", "wrong"), "bad-credentials", "");
    fails(fd, SIGN_IN("alice", ""), "bad-credentials", "");
    fails(fd, SIGN_IN("alice@example.com", "right"), "bad-credentials", "");
    fails(fd, SIGN_IN("", ""), "bad-credentials", "");
    fails(fd,
          "{\"id\":1,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"alice\",\"password\":\"right\","
          "\"address\":\"here\"}}",
          "usage", "an IP address");
    json_decref(exchange(fd, "{\"id\":1,\"op\":\"user.disable\",\"args\":{\"user\":\"alice\"}}"));
    fails(fd, SIGN_IN("alice", "right"), "account-disabled", "");
    fails(fd,
          "{\"id\":1,\"op\":\"admin.sign_in\",\"args\":{\"user\":\"alice\",\"password\":\"wrong\","
          "\"address\":\"2001:db8::1\"}}",
          "bad-credentials", "");
    close(fd);
}

/* What ends the sessions of clients ends this too, and a role counts from when it is given. */
static void tells_when_it_holds_no_more(void **state)
{
    static const char *const ends[] = {
        "{\"id\":1,\"op\":\"user.passwd\",\"args\":{\"user\":\"alice\",\"password\":\"right\"}}",
        "{\"id\":1,\"op\":\"user.logout\",\"args\":{\"user\":\"alice\"}}",
        "{\"id\":1,\"op\":\"user.disable\",\"args\":{\"user\":\"alice\"}}",
        "{\"id\":1,\"op\":\"user.remove\",\"args\":{\"user\":\"alice\"}}",
    };
    int fd = connect_raw(*state);
    char line[200];
    make_administrator(fd);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        json_int_t mark = signs_in(fd, SIGN_IN("alice", "right"), "full");
        assert_int_equal(signs_in(fd, check_line(line, mark), "full"), mark);
        fails(fd, check_line(line, mark ^ 1), "bad-credentials", "");
        json_decref(exchange(fd, ends[i]));
        fails(fd, check_line(line, mark), "bad-credentials", "");
        json_decref(
            exchange(fd, "{\"id\":1,\"op\":\"user.enable\",\"args\":{\"user\":\"alice\"}}"));
    }
    make_administrator(fd);
    json_int_t mark = signs_in(fd, SIGN_IN("alice", "right"), "full");
    json_decref(exchange(
        fd,
        "{\"id\":1,\"op\":\"user.role\",\"args\":{\"user\":\"alice\",\"role\":\"read-only\"}}"));
    signs_in(fd, check_line(line, mark), "read-only");
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.role\",\"args\":{\"user\":\"alice\",\"role\":\"none\"}}"));
    fails(fd, check_line(line, mark), "policy", "");
    close(fd);
}

/* 192.0.2.1 */
static struct peer documentation_peer(void)
{
    struct peer peer = {.ip = IN6ADDR_ANY_INIT};
    peer.ip.s6_addr[10] = peer.ip.s6_addr[11] = 0xff;
    memcpy(peer.ip.s6_addr + 12, "\xc0\x00\x02\x01", 4);
    return peer;
}

/* From then on each attempt waits for 8 seconds; nobody here waits for one. */
static void owe_much(struct control_fixture *f, const struct peer *peer)
{
    struct throttle_who who = {peer, STR_LIT("")};
    for (int i = 0; i < 12; i++)
        throttle_failed(f->throttle, loop_now_ms(), &who);
}

static void makes_guesses_wait(void **state)
{
    struct control_fixture *f = *state;
    struct peer peer = documentation_peer();
    struct throttle_who who = {&peer, STR_LIT("")};
    uint32_t held_ms;
    owe_much(f, &peer);
    for (int i = 0; i < THROTTLE_WAITING_MAX - 1; i++)
        assert_true(throttle_enter(f->throttle, loop_now_ms(), &who, &held_ms));
    assert_int_equal(held_ms, THROTTLE_ADDRESS_MAX_MS);

    int fd = connect_raw(f);
    make_administrator(fd);
    static const char held[] = SIGN_IN("alice", "right") "\n";
    assert_true(send_text(fd, held, strlen(held))); /* is not answered now */
    json_t *answer = exchange(fd, SIGN_IN("alice", "right"));
    const json_t *error = json_object_get(answer, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "auth-temporary");
    assert_int_equal(json_integer_value(json_object_get(error, "retry_s")), 8);
    json_decref(answer);
    close(fd);
    /* The control socket ends with that attempt on its hands. */
}

/* Attempts that are over count for nothing: somebody new at the account does not wait. */
static void ends_attempts(void **state)
{
    struct control_fixture *f = *state;
    struct peer other = {.ip = IN6ADDR_LOOPBACK_INIT};
    struct throttle_who who = {&other, STR_LIT("alice")};
    uint32_t held_ms;
    int fd = connect_raw(f);
    make_administrator(fd);
    for (int i = 0; i < THROTTLE_ACCOUNT_FREE + 2; i++)
        signs_in(fd, SIGN_IN("alice", "right"), "full");
    assert_true(throttle_enter(f->throttle, loop_now_ms(), &who, &held_ms));
    assert_int_equal(held_ms, 0);
    throttle_left(f->throttle, &who);
    close(fd);
}

/* One whose end came as an error, and an attempt of it that waits: both go with the control socket.
 */
static void forgets_who_was_cut_off(void **state)
{
    struct control_fixture *f = *state;
    struct peer peer = documentation_peer();
    char byte;
    owe_much(f, &peer);
    int fd = connect_raw(f), other = connect_raw(f);
    static const char lines[] = SIGN_IN("alice", "x") "\n{\"id\":2,\"op\":\"help\"}\n";
    assert_true(send_text(fd, lines, strlen(lines)));
    assert_int_equal(recv(fd, &byte, 1, 0), 1); /* the rest stays unread: */
    close(fd);                                  /* so the other end sees a reset */
    json_decref(exchange(other, "{\"id\":1,\"op\":\"help\"}"));
    close(other);
}

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(serves_accounts),
        TEST(serves_tokens),
        TEST(takes_hostile_clients),
        TEST(refuses_malformed_requests),
        TEST(closes_after_a_line_too_long),
        TEST(answers_a_flood),
        TEST(takes_lines_in_pieces),
        TEST(survives_clients_that_go),
        cmocka_unit_test_setup_teardown(refuses_other_users, make_closed, unmake),
        TEST(limits_clients),
        TEST(describes_itself),
        TEST(socket_is_private),
        TEST(lists_sign_ins),
        TEST(describes_a_sign_in),
        TEST(tells_sign_ins_to_those_who_follow),
        TEST(finds_its_way_or_says_why),
        TEST(gives_roles),
        TEST(lists_by_prefix),
        TEST(prepares_names),
        TEST(closes_sessions),
        TEST(lets_administrators_in),
        TEST(tells_when_it_holds_no_more),
        TEST(makes_guesses_wait),
        TEST(ends_attempts),
        TEST(forgets_who_was_cut_off),
        TEST(client_calls),
        TEST(client_times_out),
        TEST(client_follows_events),
        TEST(client_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
