#include "server/ops/ops_tokens.h"

#include "server/ops/ops_tokens_fixture.h"

#include <pthread.h>

/* --- tokens --- */

static void issues_and_finds(void **state)
{
    struct fixture *f = *state;
    int64_t before = (int64_t)time(NULL);
    set_password(f, ops_account_add, "alice");
    struct ops_token_outcome o = issue(f, "alice", "phone");
    assert_true(o.accepted && o.issued);
    assert_int_equal(strlen(o.text), 43);
    assert_string_equal(o.mechanism, "HT-SHA-256-NONE");
    assert_in_range(o.expires_s - LIFE_S, before, (int64_t)time(NULL));

    struct answer a = login(f, "ALICE", STR_LIT("phone"), "HT-SHA-256-NONE");
    assert_int_equal(a.result, OPS_OK);
    assert_int_equal(a.token_count, 1);
    assert_string_equal(a.tokens[0].text, o.text);
    assert_true(use(f, a.tokens[0].id).accepted);

    struct ops_token_outcome second = issue(f, "alice", "phone");
    assert_string_not_equal(second.text, o.text);
    a = phone_login(f);
    assert_int_equal(a.token_count, 2);
    assert_string_equal(a.tokens[0].text, second.text); /* the new one first */
    assert_string_equal(a.tokens[1].text, o.text);
    assert_true(use(f, a.tokens[0].id).accepted);
    assert_false(use(f, a.tokens[1].id).accepted);
    assert_int_equal(phone_login(f).token_count, 1);
}

/* The text is made as ops_tokens.h says: computed with another implementation of HMAC. */
static void derives_as_written(void **state)
{
    static const char *const vectors[][2] = {
        {"00112233445566778899aabbccddeeff", "NAPK3HFeFY7gyZN19AZ2z2q8zrB4wj9fQNFtvygovnw"},
        {"00000000000000000000000000000000", "4DV_bbmm5A-Up5G04n10ccqH0r9hZ9aQptTeyLM7WWg"},
    };
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    stop(f);
    write_key(f, OPS_TOKEN_KEY_BYTES);
    start(f);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        plant(f, vectors[i][0], 0);
        struct answer a = phone_login(f);
        assert_string_equal(a.tokens[0].id, vectors[i][0]);
        assert_string_equal(a.tokens[0].text, vectors[i][1]);
    }
}

/* What cannot be used has the same form as what can. */
static void makes_up_what_is_not_there(void **state)
{
    static const struct {
        const char *user, *client, *mechanism;
        enum ops_result result;
    } rows[] = {
        {"nobody", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"a b", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"alice", "laptop", "HT-SHA-256-NONE", OPS_OK},
        {"alice", "", "HT-SHA-256-NONE", OPS_OK},
        {"alice", "phone", "HT-SHA-256-ENDP", OPS_OK},
        {"alice", "phone", "", OPS_OK},
    };
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    struct ops_token_outcome o = issue(f, "alice", "phone");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer a = login(f, rows[i].user, str_from(rows[i].client), rows[i].mechanism);
        assert_int_equal(a.result, rows[i].result);
        assert_int_equal(a.token_count, 0);
        for (size_t j = 0; j < STORE_SLOTS; j++) {
            assert_int_equal(strlen(a.tokens[j].text), 43);
            assert_string_not_equal(a.tokens[j].text, o.text);
            assert_false(use(f, a.tokens[j].id).accepted);
        }
    }
    assert_int_equal(phone_login(f).token_count, 1);
}

static void leaves_out_the_expired(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", LIFE_S + 1);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_false(use(f, "aa").accepted);
    struct ops_ask ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "");
}

static void renews_unasked(void **state)
{
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", LIFE_S / 4 * 3 - DAY_S);
    assert_false(use(f, "aa").issued);
    plant(f, "bb", LIFE_S / 4 * 3 + DAY_S);
    struct ops_token_outcome o = use(f, "bb");
    assert_true(o.accepted && o.issued);
    struct answer a = phone_login(f);
    assert_int_equal(a.token_count, 2);
    assert_string_equal(a.tokens[0].text, o.text);
    assert_string_equal(a.tokens[1].id, "bb");
}

static void counts(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", 0);
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.used_id = STR_LIT("aa");
    ask.token.has_count = true;
    ask.token.count = 5;
    assert_true(commit(f, &ask).outcome.accepted);
    a.came = false;
    assert_false(commit(f, &ask).outcome.accepted);
    a.came = false;
    ask.token.count = 6;
    ask.token.invalidate = true;
    assert_true(commit(f, &ask).outcome.accepted);
    assert_int_equal(phone_login(f).token_count, 0);
}

/* A password that was proved gives no token once another one is set. */
static void goes_by_the_password_proved(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.issue_mechanism = none_mech;
    ask.token.mark = mark_of(f, "alice");
    set_password(f, ops_account_passwd, "alice");
    assert_false(commit(f, &ask).outcome.accepted);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_true(issue(f, "alice", "phone").issued);
    set_password(f, ops_account_passwd, "alice");
    assert_int_equal(phone_login(f).token_count, 0);
    ask = ask_of(&a, "nobody", "phone");
    assert_int_equal(commit(f, &ask).result, OPS_NOT_FOUND);
}

static void tells_of_the_disabled(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    struct ops_ask ask = ask_of(&a, "alice", NULL);
    ask.reason = STR_LIT("gone");
    assert_int_equal(run(f, ops_account_disable, &ask).result, OPS_OK);
    a = phone_login(f);
    assert_true(a.disabled);
    assert_string_equal(a.reason, "gone");
    assert_int_equal(a.token_count, 0);
    assert_false(issue(f, "alice", "phone").accepted);
}

static void may_be_off(void **state)
{
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    stop(f);
    f->config.token_life_s = 0;
    start(f);
    assert_int_equal(phone_login(f).token_count, 0);
    struct ops_token_outcome o = issue(f, "alice", "laptop");
    assert_true(o.accepted);
    assert_false(o.issued);
    assert_string_equal(o.text, "");
}

static void lists_and_revokes(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    issue(f, "alice", "laptop");
    assert_true(use(f, phone_login(f).tokens[0].id).accepted);
    f->events[0] = '\0';
    struct ops_ask ask = ask_of(&a, "alice@example.org", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list,
                        "laptop Soft Device 1;phone Soft Device 0;");
    ask = ask_of(&a, "alice", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_OK);
    ask = ask_of(&a, "alice", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_NO_TOKEN);
    ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "laptop Soft Device 1;");
    ask = ask_of(&a, "alice", NULL);
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_OK);
    ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "");
    issue(f, "alice", "phone");
    int64_t mark = mark_of(f, "alice");
    ask = ask_of(&a, "alice", NULL);
    assert_int_equal(run(f, ops_logout, &ask).result, OPS_OK);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_true(mark != mark_of(f, "alice"));
    assert_string_equal(f->events,
                        "tokens.revoked alice;tokens.revoked alice;account.logged_out alice;");
    ask = ask_of(&a, "nobody", NULL);
    assert_int_equal(run(f, ops_token_list, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "nobody", NULL);
    assert_int_equal(run(f, ops_logout, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "nobody", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "a b", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_BAD_NAME);
}

/* --- hostile input --- */

static void refuses_hostile_clients(void **state)
{
    struct fixture *f = *state;
    char longest[10000];
    memset(longest, 'x', sizeof longest);
    const struct str bad[] = {STR_NONE,        STR_LIT(""),
                              STR_LIT("a\0b"), STR_LIT("\xff"),
                              STR_LIT("\xc3"), STR_LIT("\xed\xa0\x80"),
                              {longest, 257},  {longest, sizeof longest}};
    const struct str good[] = {STR_LIT("'; DROP TABLE token; --"),
                               STR_LIT("\"%_?1"),
                               STR_LIT("\xf0\x9f\x92\xa9"),
                               {longest, 256}};
    struct answer a;
    set_password(f, ops_account_add, "alice");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ops_ask ask = ask_of(&a, "alice", NULL);
        ask.token.client = bad[i];
        ask.token.issue_mechanism = none_mech;
        assert_int_equal(commit(f, &ask).result, OPS_BAD_CLIENT);
        if (bad[i].ptr)
            assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_BAD_CLIENT);
        assert_int_equal(login(f, "alice", bad[i], "HT-SHA-256-NONE").token_count, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct ops_ask ask = ask_of(&a, "alice", NULL);
        ask.token.client = good[i];
        ask.token.mark = mark_of(f, "alice");
        ask.token.issue_mechanism = none_mech;
        assert_true(commit(f, &ask).outcome.issued);
        struct answer found = login(f, "alice", good[i], "HT-SHA-256-NONE");
        assert_int_equal(found.token_count, 1);
        assert_string_equal(found.tokens[0].text, a.outcome.text);
    }
}

/* At a whole character, and before what is not text. */
static void cuts_what_is_for_people(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    char software[200];
    set_password(f, ops_account_add, "alice");
    for (size_t i = 0; i < sizeof software; i++)
        software[i] = i == 0 ? 'x' : i % 2 ? '\xc3' : '\xa9';
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.mark = mark_of(f, "alice");
    ask.token.issue_mechanism = none_mech;
    ask.token.software = str_of(software, sizeof software);
    ask.token.device = STR_LIT("dev\0ice");
    assert_true(commit(f, &ask).outcome.issued);
    ask = ask_of(&a, "alice", NULL);
    run(f, ops_token_list, &ask);
    /* 1 + 49 * 2 bytes; a fiftieth would make 101 */
    assert_memory_equal(a.list + strlen("phone "), software, 99);
    assert_string_equal(a.list + strlen("phone ") + 99, " dev 1;");
}

/* --- several loops at once --- */

enum { LOOPS = 2, ROUNDS = 20 };

struct racer {
    uv_loop_t loop;
    struct ops_port *port;
    bool accepted[ROUNDS];
    int round, faults;
};

static void note_outcome(void *ctx, const struct ops_reply *reply)
{
    struct racer *r = ctx;
    r->faults += reply->result != OPS_OK;
    r->accepted[r->round++] = reply->result == OPS_OK && reply->outcome->accepted;
}

static void *race(void *arg)
{
    struct racer *r = arg;
    while (r->round < ROUNDS && r->faults == 0) {
        int round = r->round;
        struct ops_ask ask = {.address = STR_LIT("alice"),
                              .token = {.client = STR_LIT("phone"),
                                        .used_id = STR_LIT("aa"),
                                        .has_count = true,
                                        .count = round + 1},
                              .done = note_outcome,
                              .ctx = r};
        r->faults += ops_token_commit(r->port, &ask, NULL) != OPS_OK;
        while (r->faults == 0 && r->round == round)
            uv_run(&r->loop, UV_RUN_ONCE);
    }
    return NULL;
}

/* Two that present the same token with the same count: one is believed. */
static void one_wins(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[LOOPS];
    struct racer racers[LOOPS];
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", 0);
    for (int i = 0; i < LOOPS; i++) {
        racers[i] = (struct racer){0};
        assert_true(loop_init(&racers[i].loop));
        racers[i].port = ops_port_new(f->ops, &racers[i].loop);
    }
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < LOOPS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < LOOPS; i++) {
        assert_int_equal(racers[i].faults, 0);
        ops_port_free(racers[i].port);
        loop_finish(&racers[i].loop);
    }
    /* Each thread goes upwards alone, so whoever comes first with a count finds a lower one. */
    for (int round = 0; round < ROUNDS; round++)
        assert_int_equal(racers[0].accepted[round] + racers[1].accepted[round], 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(issues_and_finds),
        TEST(derives_as_written),
        TEST(makes_up_what_is_not_there),
        TEST(leaves_out_the_expired),
        TEST(renews_unasked),
        TEST(counts),
        TEST(goes_by_the_password_proved),
        TEST(tells_of_the_disabled),
        TEST(may_be_off),
        TEST(lists_and_revokes),
        TEST(refuses_hostile_clients),
        TEST(cuts_what_is_for_people),
        TEST(one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
