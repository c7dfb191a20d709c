/* What the control socket does for a console: roles, names, sessions, administrators' sign-ins. */
#include "server/control/control_peer_test.h"

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

/* What user.show says of it. */
static bool is_last_admin(int fd, const char *user)
{
    char line[100];
    snprintf(line, sizeof line, "{\"id\":1,\"op\":\"user.show\",\"args\":{\"user\":\"%s\"}}", user);
    json_t *answer = exchange(fd, line);
    const json_t *last = json_object_get(json_object_get(answer, "result"), "last_admin");
    bool is_last = json_is_true(last);
    assert_true(json_is_boolean(last));
    json_decref(answer);
    return is_last;
}

/* Whether a change of an account was answered with the mark. */
static void takes_last(int fd, const char *op, const char *args, bool last)
{
    char line[200];
    snprintf(line, sizeof line, "{\"id\":1,\"op\":\"%s\",\"args\":{%s}}", op, args);
    json_t *answer = exchange(fd, line);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    const json_t *mark = json_object_get(json_object_get(answer, "result"), "last_admin");
    if (last ? !json_is_true(mark) : mark != NULL)
        fail_msg("%s", line);
    json_decref(answer);
}

#define ALICE "\"user\":\"alice\""
#define BOB "\"user\":\"bob\""

static void knows_the_last_administrator(void **state)
{
    int fd = connect_raw(*state);
    takes_last(fd, "user.add", ALICE ",\"password\":\"p\"", false);
    takes_last(fd, "user.add", BOB ",\"password\":\"p\"", false);
    takes_last(fd, "user.disable", ALICE, false); /* there was none before either */
    takes_last(fd, "user.enable", ALICE, false);
    takes_last(fd, "user.role", ALICE ",\"role\":\"full\"", false);
    assert_true(is_last_admin(fd, "alice"));
    assert_false(is_last_admin(fd, "bob"));
    takes_last(fd, "user.role", ALICE ",\"role\":\"full\"", false);
    takes_last(fd, "user.role", BOB ",\"role\":\"read-only\"", false);
    takes_last(fd, "user.remove", BOB, false);
    takes_last(fd, "user.add", BOB ",\"password\":\"p\"", false);
    takes_last(fd, "user.role", BOB ",\"role\":\"full\"", false);
    assert_false(is_last_admin(fd, "alice"));
    takes_last(fd, "user.disable", BOB, false);
    assert_true(is_last_admin(fd, "alice")); /* who is disabled can change nothing */
    takes_last(fd, "user.role", ALICE ",\"role\":\"read-only\"", true);
    takes_last(fd, "user.remove", ALICE, false);
    assert_false(is_last_admin(fd, "bob"));
    takes_last(fd, "user.enable", BOB, false);
    takes_last(fd, "user.logout", BOB, false);
    takes_last(fd, "user.disable", BOB, true);
    takes_last(fd, "user.enable", BOB, false);
    takes_last(fd, "user.remove", BOB, true);
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

static const char *for_whom(char line[400], const char *jid, json_int_t mark, const char *change)
{
    snprintf(line, 400, "{\"id\":1,\"as\":{\"user\":\"%s\",\"mark\":%lld},%s}", jid,
             (long long)mark, change);
    return line;
}

/* What is asked for in the name of somebody who signed in is not done once that is over. */
static void changes_nothing_for_who_is_none(void **state)
{
    static const char *const changes[] = {
        "\"op\":\"user.add\",\"args\":{\"user\":\"eve\",\"password\":\"p\"}",
        "\"op\":\"user.passwd\",\"args\":{\"user\":\"bob\",\"password\":\"new\"}",
        "\"op\":\"user.role\",\"args\":{\"user\":\"bob\",\"role\":\"full\"}",
        "\"op\":\"block.add\",\"args\":{\"network\":\"192.0.2.0/24\"}",
        "\"op\":\"settings.set\",\"args\":{\"name\":\"limits.auth_timeout_s\",\"value\":\"31s\"}",
    };
    int fd = connect_raw(*state);
    make_administrator(fd);
    json_decref(exchange(
        fd, "{\"id\":1,\"op\":\"user.add\",\"args\":{\"user\":\"bob\",\"password\":\"p\"}}"));
    json_int_t mark = signs_in(fd, SIGN_IN("alice", "right"), "full");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        char line[400];
        fails(fd, for_whom(line, "alice@example.org", mark ^ 1, changes[i]), "policy", "Nothing");
        fails(fd, for_whom(line, "alice@example.com", mark, changes[i]), "policy", "Nothing");
        json_t *answer = exchange(fd, for_whom(line, "alice@example.org", mark, changes[i]));
        assert_true(json_is_true(json_object_get(answer, "ok"))); /* so nothing had been done */
        json_decref(answer);
    }
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
    uint32_t held_ms = 0;
    owe_much(f, &peer);
    for (int i = 0; i < THROTTLE_WAITING_MAX; i++) {
        struct throttle_who client = {&peer, STR_LIT(""), THROTTLE_CLIENTS};
        struct throttle_who console = {&peer, STR_LIT(""), THROTTLE_CONSOLE};
        assert_true(throttle_enter(f->throttle, loop_now_ms(), &client, &held_ms));
        if (i > 0) /* what clients guess at takes no place of these */
            assert_true(throttle_enter(f->throttle, loop_now_ms(), &console, &held_ms));
    }
    assert_int_equal(held_ms, THROTTLE_ADDRESS_MAX_MS);

    int fd = connect_raw(f);
    make_administrator(fd);
    static const char held[] =
        "{\"id\":1,\"op\":\"admin.sign_in\",\"as\":{\"user\":\"a@b\"},\"args\":{"
        "\"user\":\"alice\",\"password\":\"right\","
        "\"address\":\"192.0.2.1\"}}\n";
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

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(gives_roles),
        CONTROL_TEST(knows_the_last_administrator),
        CONTROL_TEST(lists_by_prefix),
        CONTROL_TEST(prepares_names),
        CONTROL_TEST(closes_sessions),
        CONTROL_TEST(lets_administrators_in),
        CONTROL_TEST(tells_when_it_holds_no_more),
        CONTROL_TEST(changes_nothing_for_who_is_none),
        CONTROL_TEST(makes_guesses_wait),
        CONTROL_TEST(ends_attempts),
        CONTROL_TEST(forgets_who_was_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
