/* What the control socket tells and does about guessers, weak mechanisms and networks. */
#include "server/control/control_peer_test.h"

static struct peer peer_at(const char *ip)
{
    struct network n;
    assert_int_equal(network_parse(str_from(ip), &n), NETWORK_OK);
    return (struct peer){.ip = n.base};
}

static void fails_often(struct control_fixture *f, const char *ip, const char *user, int times)
{
    const struct peer peer = peer_at(ip);
    for (int i = 0; i < times; i++)
        throttle_failed(f->throttle, loop_now_ms(), &(struct throttle_who){&peer, str_from(user)});
}

static void forgives_guessers(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    succeeds(fd, "{\"id\":1,\"op\":\"throttle.list\"}",
             "{\"id\":1,\"ok\":true,\"result\":{\"debts\":[]}}");
    fails_often(f, "192.0.2.7", "alice", 6);
    succeeds(
        fd, "{\"id\":1,\"op\":\"throttle.list\"}",
        "{\"id\":1,\"ok\":true,\"result\":{\"debts\":["
        "{\"failures\":6,\"hold_ms\":2000,\"kind\":\"address\",\"waiting\":0,\"who\":\"192.0.2.7\"}"
        ","
        "{\"failures\":6,\"hold_ms\":0,\"kind\":\"account\",\"waiting\":0,\"who\":\"alice\"}]}}");
    succeeds(fd,
             "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"address\",\"who\":\"192.0."
             "2.7\"}}",
             "{\"id\":1,\"ok\":true,\"result\":{\"forgiven\":true,\"kind\":\"address\",\"who\":"
             "\"192.0.2.7\"}}");
    succeeds(fd,
             "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"account\",\"who\":\"ALICE@"
             "example.org\"}}",
             "{\"id\":1,\"ok\":true,\"result\":{\"forgiven\":true,\"kind\":\"account\",\"who\":"
             "\"alice\"}}");
    succeeds(
        fd,
        "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"account\",\"who\":\"alice\"}}",
        "{\"id\":1,\"ok\":true,\"result\":{\"forgiven\":false,\"kind\":\"account\",\"who\":"
        "\"alice\"}}");
    succeeds(fd, "{\"id\":1,\"op\":\"throttle.list\"}",
             "{\"id\":1,\"ok\":true,\"result\":{\"debts\":[]}}");
    fails_often(f, "2001:db8::1", "", 1);
    succeeds(fd,
             "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"address\",\"who\":\"2001:"
             "db8::/64\"}}",
             "{\"id\":1,\"ok\":true,\"result\":{\"forgiven\":true,\"kind\":\"address\",\"who\":"
             "\"2001:db8::/64\"}}");
    close(fd);
}

static void refuses_to_forgive_what_is_none(void **state)
{
    static const char *const wrong[][3] = {{"network", "192.0.2.7", "address or account"},
                                           {"address", "alice", "IP address"},
                                           {"address", "192.0.2.0/24", "IP address"},
                                           {"address", "2001:db8::/32", "IP address"},
                                           {"address", "", "IP address"}};
    struct control_fixture *f = *state;
    char line[200];
    int fd = connect_raw(f);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        snprintf(line, sizeof line,
                 "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"%s\",\"who\":\"%s\"}}",
                 wrong[i][0], wrong[i][1]);
        fails(fd, line, "usage", wrong[i][2]);
    }
    fails(fd,
          "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"account\",\"who\":\"a b\"}}",
          "bad-address", "a b");
    fails(fd,
          "{\"id\":1,\"op\":\"throttle.forgive\",\"args\":{\"kind\":\"account\",\"who\":\"a@"
          "elsewhere.org\"}}",
          "host-unknown", "elsewhere.org");
    close(fd);
}

/* "192.0.2.0/24 spam for ever 0; " for each. */
static const char *blocked(int fd)
{
    static char text[512];
    size_t i, len = 0;
    json_t *block, *answer = exchange(fd, "{\"id\":1,\"op\":\"blocks\"}");
    text[0] = '\0';
    json_array_foreach(json_object_get(json_object_get(answer, "result"), "blocks"), i, block)
    {
        json_int_t since_s = json_integer_value(json_object_get(block, "since_s"));
        const json_t *until = json_object_get(block, "until_s");
        json_int_t hours = json_is_null(until) ? 0 : (json_integer_value(until) - since_s) / 3600;
        assert_true(since_s > 0);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s %lld %lld; ",
                                json_string_value(json_object_get(block, "network")),
                                json_string_value(json_object_get(block, "reason")), hours,
                                json_integer_value(json_object_get(block, "hits")));
    }
    json_decref(answer);
    return text;
}

static void succeeds_with(int fd, const char *op, const char *args, const char *network)
{
    char line[300], expected[200];
    snprintf(line, sizeof line, "{\"id\":1,\"op\":\"%s\",\"args\":{%s}}", op, args);
    snprintf(expected, sizeof expected, "{\"id\":1,\"ok\":true,\"result\":{\"network\":\"%s\"}}",
             network);
    succeeds(fd, line, expected);
}

static void blocks_networks(void **state)
{
    struct control_fixture *f = *state;
    const struct peer peer = peer_at("192.0.2.7");
    int fd = connect_raw(f);
    assert_string_equal(blocked(fd), "");
    succeeds_with(fd, "block.add", "\"network\":\"192.0.2.0/24\",\"reason\":\"spam\"",
                  "192.0.2.0/24");
    succeeds_with(fd, "block.add", "\"network\":\"::ffff:203.0.113.9\",\"hours\":2",
                  "203.0.113.9/32");
    assert_true(blocks_hit(&f->blocks, &peer.ip, 1));
    assert_string_equal(blocked(fd), "192.0.2.0/24 spam 0 1; 203.0.113.9/32  2 0; ");
    succeeds_with(fd, "block.add", "\"network\":\"192.0.2.0/24\",\"hours\":24", "192.0.2.0/24");
    assert_string_equal(blocked(fd), "192.0.2.0/24  24 1; 203.0.113.9/32  2 0; ");
    succeeds_with(fd, "block.remove", "\"network\":\"192.0.2.0/24\"", "192.0.2.0/24");
    assert_false(blocks_hit(&f->blocks, &peer.ip, 1));
    assert_string_equal(blocked(fd), "203.0.113.9/32  2 0; ");
    fails(fd, "{\"id\":1,\"op\":\"block.remove\",\"args\":{\"network\":\"192.0.2.0/24\"}}", "usage",
          "192.0.2.0/24 is not blocked");
    close(fd);
}

static void says_who_blocked(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    char uid[40];
    json_decref(exchange(fd, "{\"id\":1,\"op\":\"block.add\",\"args\":{\"network\":\"192.0.2.7\"},"
                             "\"as\":{\"user\":\"admin@example.org\",\"address\":\"192.0.2.1\"}}"));
    json_decref(
        exchange(fd, "{\"id\":1,\"op\":\"block.add\",\"args\":{\"network\":\"192.0.2.8\"}}"));
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"blocks\"}");
    const json_t *list = json_object_get(json_object_get(answer, "result"), "blocks");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "actor")),
                        "admin@example.org");
    snprintf(uid, sizeof uid, "uid %lu", (unsigned long)getuid());
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "actor")), uid);
    json_decref(answer);
    close(fd);
}

static void refuses_blocks_that_must_not_be(void **state)
{
    static const char *const wrong[][2] = {
        {"\"network\":\"192.0.2.7/24\"", "is 192.0.2.0/24"},
        {"\"network\":\"example.org\"", "must be like"},
        {"\"network\":\"\"", "must be like"},
        {"\"network\":\"127.0.0.1\"", "This machine itself"},
        {"\"network\":\"127.0.0.0/8\"", "This machine itself"},
        {"\"network\":\"0.0.0.0/0\"", "This machine itself"},
        {"\"network\":\"::1\"", "This machine itself"},
        {"\"network\":\"::/0\"", "This machine itself"},
        {"\"network\":\"::ffff:127.0.0.1\"", "This machine itself"},
        {"\"network\":\"192.0.2.7\",\"hours\":0", "hours"},
        {"\"network\":\"192.0.2.7\",\"hours\":-1", "hours"},
        {"\"network\":\"192.0.2.7\",\"hours\":87841", "hours"}};
    struct control_fixture *f = *state;
    char line[600], reason[252];
    int fd = connect_raw(f);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        snprintf(line, sizeof line, "{\"id\":1,\"op\":\"block.add\",\"args\":{%s}}", wrong[i][0]);
        fails(fd, line, "usage", wrong[i][1]);
    }
    memset(reason, 'r', sizeof reason);
    reason[sizeof reason - 1] = '\0';
    snprintf(
        line, sizeof line,
        "{\"id\":1,\"op\":\"block.add\",\"args\":{\"network\":\"192.0.2.7\",\"reason\":\"%s\"}}",
        reason);
    fails(fd, line, "usage", "250 bytes");
    assert_string_equal(blocked(fd), "");
    close(fd);
}

static void blocks_no_more_than_it_can_keep(void **state)
{
    struct control_fixture *f = *state;
    char line[200];
    int fd = connect_raw(f);
    for (int i = 0; i < STORE_BLOCKS_MAX; i++) {
        snprintf(line, sizeof line,
                 "{\"id\":1,\"op\":\"block.add\",\"args\":{\"network\":\"10.0.%d.%d\"}}", i / 256,
                 i % 256);
        json_decref(exchange(fd, line));
    }
    fails(fd, "{\"id\":1,\"op\":\"block.add\",\"args\":{\"network\":\"192.0.2.7\"}}", "usage",
          "1000 blocks already");
    succeeds_with(fd, "block.add", "\"network\":\"10.0.0.0\"", "10.0.0.0/32"); /* known */
    succeeds_with(fd, "block.remove", "\"network\":\"10.0.0.0\"", "10.0.0.0/32");
    succeeds_with(fd, "block.add", "\"network\":\"192.0.2.7\"", "192.0.2.7/32");
    close(fd);
}

/* ---- mechanisms ---- */

static void add_weak(struct control_fixture *f, const char *user, int64_t now_s,
                     const char *software)
{
    struct str domain = str_from(f->settings.domain);
    struct store_write add = {.change = STORE_ADD, .domain = domain, .user = str_from(user)};
    struct store_write weak = {.change = STORE_WEAK_LOGIN,
                               .domain = domain,
                               .user = str_from(user),
                               .mechanism = STR_LIT("DIGEST-MD5"),
                               .software = str_from(software),
                               .now_s = now_s};
    struct store_write *both[] = {&add, &weak};
    assert_int_equal(f->store->ops->commit(f->store, both, 2, NULL), STORE_OK);
    assert_int_equal(weak.result, STORE_OK);
}

static json_t *row_of(const json_t *result, const char *mechanism)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(result, "mechanisms"), i, row)
    {
        if (cstr_eq(json_string_value(json_object_get(row, "name")), mechanism))
            return row;
    }
    return NULL;
}

static void has_row(const json_t *result, const char *name, const char *expected)
{
    json_t *row = row_of(result, name);
    char *text = row ? json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void lists_mechanisms(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    fixture_login(f, "juliet", true);
    fixture_login(f, "romeo", false);
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"mechanisms.list\"}");
    const json_t *result = json_object_get(answer, "result");
    has_row(
        result, "SCRAM-SHA-256",
        "{\"accounts_last_s\":1767361440,\"binding\":false,\"class\":\"scram\",\"legacy\":false,"
        "\"name\":\"SCRAM-SHA-256\",\"offered\":true,\"used_recently\":1}");
    has_row(result, "SCRAM-SHA-256-PLUS",
            "{\"accounts_last_s\":null,\"binding\":true,\"class\":\"scram\",\"legacy\":false,"
            "\"name\":\"SCRAM-SHA-256-PLUS\",\"offered\":true,\"used_recently\":0}");
    has_row(result, "PLAIN",
            "{\"accounts_last_s\":null,\"binding\":false,\"class\":\"plain\",\"legacy\":false,"
            "\"name\":\"PLAIN\",\"offered\":true,\"used_recently\":0}");
    has_row(result, "DIGEST-MD5",
            "{\"accounts_last_s\":null,\"binding\":false,\"class\":\"digest\",\"legacy\":true,"
            "\"name\":\"DIGEST-MD5\",\"offered\":false,\"used_recently\":0}");
    has_row(result, "HT-SHA-256-EXPR",
            "{\"accounts_last_s\":null,\"binding\":true,\"class\":\"token\",\"legacy\":false,"
            "\"name\":\"HT-SHA-256-EXPR\",\"offered\":true,\"used_recently\":0}");
    json_decref(answer);
    close(fd);
}

static void lists_who_needs_the_weak(void **state)
{
    struct control_fixture *f = *state;
    int fd = connect_raw(f);
    add_weak(f, "alice", 1767000000, "");
    add_weak(f, "bob", 1767000001, "OldClient 1");
    json_t *answer = exchange(fd, "{\"id\":1,\"op\":\"mechanisms.list\"}");
    const json_t *result = json_object_get(answer, "result");
    char *text = json_dumps(json_object_get(result, "legacy"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"enabled\":false,\"more\":false,\"needed_by\":["
                              "{\"last_s\":1767000001,\"mechanism\":\"DIGEST-MD5\",\"software\":"
                              "\"OldClient 1\",\"user\":\"bob\"},"
                              "{\"last_s\":1767000000,\"mechanism\":\"DIGEST-MD5\",\"software\":"
                              "null,\"user\":\"alice\"}]}");
    assert_int_equal(
        json_integer_value(json_object_get(row_of(result, "DIGEST-MD5"), "accounts_last_s")),
        1767000001);
    free(text);
    json_decref(answer);
    for (int i = 0; i < 99; i++) {
        char name[16];
        snprintf(name, sizeof name, "user%d", i);
        add_weak(f, name, 1767000002, "");
    }
    answer = exchange(fd, "{\"id\":1,\"op\":\"mechanisms.list\"}");
    const json_t *legacy = json_object_get(json_object_get(answer, "result"), "legacy");
    assert_int_equal(json_array_size(json_object_get(legacy, "needed_by")), 100);
    assert_true(json_is_true(json_object_get(legacy, "more")));
    json_decref(answer);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(forgives_guessers),
        CONTROL_TEST(refuses_to_forgive_what_is_none),
        CONTROL_TEST(blocks_networks),
        CONTROL_TEST(says_who_blocked),
        CONTROL_TEST(refuses_blocks_that_must_not_be),
        CONTROL_TEST(blocks_no_more_than_it_can_keep),
        CONTROL_TEST(lists_mechanisms),
        CONTROL_TEST(lists_who_needs_the_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
