#include "server/ops/ops_token_key.h"

#include "server/ops/ops_tokens_fixture.h"

static void key_is_private_and_stays(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    uint8_t first[OPS_TOKEN_KEY_BYTES], again[OPS_TOKEN_KEY_BYTES];
    assert_int_equal(stat(f->key, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, OPS_TOKEN_KEY_BYTES);
    assert_int_equal(ops_token_key_load(f->key, first, NULL), LINNET_OK);
    set_password(f, ops_account_add, "alice");
    struct ops_token_outcome o = issue(f, "alice", "phone");
    stop(f);
    start(f);
    assert_string_equal(phone_login(f).tokens[0].text, o.text);
    assert_int_equal(ops_token_key_load(f->key, again, NULL), LINNET_OK);
    assert_memory_equal(first, again, sizeof first);

    /* Another key, and no old token is valid. */
    assert_int_equal(unlink(f->key), 0);
    stop(f);
    start(f);
    assert_string_not_equal(phone_login(f).tokens[0].text, o.text);
    assert_int_equal(ops_token_key_load(f->key, again, NULL), LINNET_OK);
    assert_memory_not_equal(first, again, sizeof first);
}

static void refuses(const char *path, const char *words)
{
    uint8_t key[OPS_TOKEN_KEY_BYTES];
    struct linnet_error error = {0};
    assert_int_equal(ops_token_key_load(path, key, &error), LINNET_ERROR_SETTINGS);
    if (!strstr(error.sentence, words) || !strstr(error.sentence, path))
        fail_msg("\"%s\" does not hold \"%s\"", error.sentence, words);
}

static void refuses_a_key_that_is_none(void **state)
{
    struct fixture *f = *state;
    struct linnet_error error = {0};
    struct ops *ops;
    chmod(f->key, 0640);
    refuses(f->key, "chmod 600 it");
    assert_int_equal(ops_new(&f->config, &ops, &error), LINNET_ERROR_SETTINGS);
    assert_null(ops);
    write_key(f, OPS_TOKEN_KEY_BYTES - 1);
    refuses(f->key, "a file of 32 bytes is wanted");
    write_key(f, OPS_TOKEN_KEY_BYTES + 1);
    refuses(f->key, "a file of 32 bytes is wanted");
    refuses(f->dir, "a file of 32 bytes is wanted");
    refuses("/nonexistent/token.key", "cannot be made: No such file");
    refuses("/dev/null/token.key", "cannot be opened: Not a directory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(key_is_private_and_stays),
        TEST(refuses_a_key_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
