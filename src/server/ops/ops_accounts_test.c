#include "server/ops/ops_accounts.h"

#include "base/wipe.h"
#include "server/ops/ops_fixture.h"

/* Whether `c` is what `password` gives. */
static bool matches(const struct sasl_credential *c, enum hash_alg alg, const char *password)
{
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_credential expected;
    struct str salt = str_of(c->salt, c->salt_len);
    assert_true(hash_pbkdf2(alg, str_from(password), salt, c->iterations, salted));
    assert_true(sasl_scram_credential(alg, salted, salt, c->iterations, &expected));
    return c->key_len == expected.key_len && strcmp(c->scheme, expected.scheme) == 0 &&
           memcmp(c->stored_key, expected.stored_key, c->key_len) == 0 &&
           memcmp(c->server_key, expected.server_key, c->key_len) == 0;
}

static void adds_credentials(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(change(f, "Alice",
                            "secr\xc2\xaa"
                            "t",
                            ops_account_add),
                     OPS_OK);
    assert_string_equal(f->events, "account.added alice@example.org;");
    struct answer sha1 = login(f, "alice", "SCRAM-SHA-1");
    struct answer sha256 = login(f, "ALICE", "SCRAM-SHA-256");
    struct answer sha512 = login(f, "alice", "SCRAM-SHA-512");
    /* SASLprep maps the feminine ordinal to an a. */
    assert_true(matches(&sha1.credential, HASH_SHA1, "secrat"));
    assert_true(matches(&sha256.credential, HASH_SHA256, "secrat"));
    assert_true(matches(&sha512.credential, HASH_SHA512, "secrat"));
    assert_false(matches(&sha512.credential, HASH_SHA512, "secret"));
    assert_string_equal(sha256.address, "alice@example.org");
    assert_int_equal(sha1.credential.iterations, 4096);
    assert_int_equal(sha1.credential.salt_len, 16);
    assert_memory_not_equal(sha1.credential.salt, sha256.credential.salt, 16);
    assert_memory_not_equal(sha1.credential.salt, sha512.credential.salt, 16);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_NOT_FOUND);
    struct answer any = login(f, "alice", "");
    assert_string_equal(any.credential.scheme, "SCRAM-SHA-256");
}

static enum ops_result upgrade(struct fixture *f, const char *address, int64_t mark)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, address);
    struct sasl_credential c;
    uint8_t salted[HASH_MAX_BYTES];
    struct str salt = STR_LIT("0123456789abcdef");
    const char *why;
    assert_true(hash_pbkdf2(HASH_SHA512, STR_LIT("secret"), salt, 4096, salted));
    assert_true(sasl_scram_credential(HASH_SHA512, salted, salt, 4096, &c));
    ask.mark = mark;
    ask.credential = &c;
    enum ops_result result = ops_account_upgrade(f->port, &ask, NULL, &why);
    wipe(&c, sizeof c); /* it was copied */
    if (result != OPS_OK)
        return result;
    wait_for(f, &a);
    return a.result;
}

static void upgrades_what_was_proved(void **state)
{
    struct fixture *f = *state;
    struct store_fault fault;
    struct store_write purge = {.change = STORE_PURGE, .scheme = STR_LIT("SCRAM-SHA-512")};
    struct store_write *one = &purge;
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    int64_t mark = login(f, "alice", "SCRAM-SHA-1").mark;
    assert_int_equal(upgrade(f, "alice", mark), OPS_EXISTS);
    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-512").result, OPS_NOT_FOUND);

    f->events[0] = '\0';
    assert_int_equal(upgrade(f, "alice", mark + 1), OPS_NOT_FOUND);
    assert_int_equal(upgrade(f, "nobody", mark), OPS_NOT_FOUND);
    assert_int_equal(upgrade(f, "@", mark), OPS_BAD_NAME);
    assert_int_equal(upgrade(f, "Alice", mark), OPS_OK);
    struct answer sha512 = login(f, "alice", "SCRAM-SHA-512");
    assert_true(matches(&sha512.credential, HASH_SHA512, "secret"));
    assert_int_equal(sha512.mark, mark);
    assert_string_equal(f->events, ""); /* nothing that a session rests on has changed */

    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(change(f, "alice", "other", ops_account_passwd), OPS_OK);
    assert_int_equal(f->config.store->ops->commit(f->config.store, &one, 1, &fault), STORE_OK);
    assert_int_equal(upgrade(f, "alice", mark), OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-512").result, OPS_NOT_FOUND);
}

static void unknown_users_come_as_answers(void **state)
{
    static const char *const names[] = {"nobody",  "",        "a b", "alice@example.org",
                                        "alice/x", "\xff\xfe"};
    struct fixture *f = *state;
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct answer a = login(f, names[i], "SCRAM-SHA-1");
        assert_int_equal(a.result, OPS_NOT_FOUND);
        assert_false(a.has_credential);
    }
}

static void refuses_at_once(void **state)
{
    struct fixture *f = *state;
    char longest[1200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(change(f, "", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a b", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a@example.org/r", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "@example.org", "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, longest, "secret", ops_account_add), OPS_BAD_NAME);
    assert_int_equal(change(f, "a@example.com", "secret", ops_account_add), OPS_WRONG_DOMAIN);
    assert_int_equal(change(f, "a", "", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", "\x07", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", "\xff", ops_account_add), OPS_BAD_PASSWORD);
    assert_int_equal(change(f, "a", longest, ops_account_add), OPS_BAD_PASSWORD);
    assert_string_equal(f->events, "");
    assert_int_equal(change(f, "a@EXAMPLE.org", "secret", ops_account_add), OPS_OK);
}

static void goes_through_a_life(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(change(f, "alice", "one", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "alice@example.org", "two", ops_account_add), OPS_EXISTS);
    assert_int_equal(change(f, "bob", "two", ops_account_passwd), OPS_NOT_FOUND);
    assert_int_equal(change(f, "alice", "two", ops_account_passwd), OPS_OK);
    struct answer a = login(f, "alice", "SCRAM-SHA-1");
    assert_true(matches(&a.credential, HASH_SHA1, "two"));

    struct ops_ask ask = ask_of(&a, "alice");
    const char *why;
    ask.reason = STR_LIT("gone");
    ask.actor.uid = 1234;
    assert_int_equal(ops_account_disable(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(f->uid, 1234);
    a = login(f, "alice", "SCRAM-SHA-1");
    assert_int_equal(a.result, OPS_OK);
    assert_true(a.disabled && a.has_credential);
    assert_string_equal(a.reason, "gone");
    assert_int_equal(change(f, "alice", NULL, ops_account_enable), OPS_OK);
    assert_false(login(f, "alice", "SCRAM-SHA-1").disabled);
    assert_int_equal(change(f, "alice", NULL, ops_account_remove), OPS_OK);
    assert_int_equal(change(f, "alice", NULL, ops_account_remove), OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-1").result, OPS_NOT_FOUND);
    assert_string_equal(f->events, "account.added alice@example.org;"
                                   "account.password alice@example.org;"
                                   "account.disabled alice@example.org gone;"
                                   "account.enabled alice@example.org;"
                                   "account.removed alice@example.org;");
}

static void lists_and_shows(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    const char *why;
    assert_int_equal(change(f, "c", "x", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "a", "x", ops_account_add), OPS_OK);
    assert_int_equal(change(f, "b", "x", ops_account_add), OPS_OK);
    struct ops_ask ask = ask_of(&a, NULL);
    ask.limit = 2;
    assert_int_equal(ops_account_list(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.names, "a b ");
    assert_true(a.more);
    ask = ask_of(&a, NULL);
    ask.after = STR_LIT("b");
    assert_int_equal(ops_account_list(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.names, "c ");
    assert_false(a.more);
    ask = ask_of(&a, "b");
    assert_int_equal(ops_account_show(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_string_equal(a.schemes, "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512");
    ask = ask_of(&a, "d");
    assert_int_equal(ops_account_show(f->port, &ask, NULL, &why), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(a.result, OPS_NOT_FOUND);
}

static void keeps_legacy_rows_while_on(void **state)
{
    struct fixture *f = *state;
    struct sasl_credential expected;
    stop(f);
    f->config.legacy = true;
    start(f);
    assert_int_equal(change(f, "alice", "secret", ops_account_add), OPS_OK);
    struct answer a = login(f, "alice", "DIGEST-MD5");
    assert_int_equal(a.result, OPS_OK);
    assert_true(sasl_digest_credential(STR_LIT("alice"), STR_LIT("example.org"), STR_LIT("secret"),
                                       &expected));
    assert_memory_equal(a.credential.stored_key, expected.stored_key, 16);
    stop(f);
    start(f);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_OK);
    stop(f);
    f->config.legacy = false;
    start(f);
    assert_int_equal(login(f, "alice", "DIGEST-MD5").result, OPS_NOT_FOUND);
    assert_int_equal(login(f, "alice", "SCRAM-SHA-1").result, OPS_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(adds_credentials),
        TEST(upgrades_what_was_proved),
        TEST(unknown_users_come_as_answers),
        TEST(refuses_at_once),
        TEST(goes_through_a_life),
        TEST(lists_and_shows),
        TEST(keeps_legacy_rows_while_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
