/* What every back end of the store must do with blocked networks and weak sign-ins. */
#include "back_ends.h"

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

/* --- blocked networks --- */

static enum store_result block_at(struct store *s, const char *network, const char *reason,
                                  int64_t now_s, int64_t until_s)
{
    const struct store_block row = {.network = str_from(network),
                                    .since_s = now_s,
                                    .until_s = until_s,
                                    .reason = str_from(reason),
                                    .actor = STR_LIT("admin@example.org")};
    struct store_write w = {.change = STORE_BLOCK, .block = &row, .now_s = now_s};
    return commit(s, w);
}

static enum store_result unblock(struct store *s, const char *network)
{
    const struct store_block row = {.network = str_from(network)};
    return commit(s, (struct store_write){.change = STORE_UNBLOCK, .block = &row});
}

/* "network reason since until; " for each. */
static void has_blocks(struct store *s, const char *expected)
{
    struct arena a = {0};
    struct buf text = {0};
    struct store_blocks all;
    assert_int_equal(s->ops->blocks(s, &a, &all, NULL), STORE_OK);
    for (size_t i = 0; i < all.count; i++) {
        const struct store_block *b = &all.blocks[i];
        buf_printf(&text, "%.*s %.*s %d %d; ", STR_ARG(b->network), STR_ARG(b->reason),
                   (int)b->since_s, (int)b->until_s);
        assert_true(str_is(b->actor, "admin@example.org"));
    }
    buf_byte(&text, '\0');
    assert_string_equal(buf_peek(&text).ptr, expected);
    buf_finish(&text);
    arena_finish(&a);
}

static void keeps_blocks(void **state)
{
    struct store *s = store_of(state);
    has_blocks(s, "");
    assert_int_equal(block_at(s, "192.0.2.0/24", "spam", 1000, 0), STORE_OK);
    assert_int_equal(block_at(s, "10.0.0.0/8", "", 1001, 2000), STORE_OK);
    has_blocks(s, "10.0.0.0/8  1001 2000; 192.0.2.0/24 spam 1000 0; ");
    assert_int_equal(block_at(s, "192.0.2.0/24", "more spam", 1002, 3000), STORE_OK);
    has_blocks(s, "10.0.0.0/8  1001 2000; 192.0.2.0/24 more spam 1002 3000; ");
    assert_int_equal(unblock(s, "10.0.0.0/8"), STORE_OK);
    assert_int_equal(unblock(s, "10.0.0.0/8"), STORE_NOT_FOUND);
    has_blocks(s, "192.0.2.0/24 more spam 1002 3000; ");
}

static void drops_what_expired(void **state)
{
    struct store *s = store_of(state);
    assert_int_equal(block_at(s, "192.0.2.0/24", "", 1000, 1010), STORE_OK);
    assert_int_equal(block_at(s, "198.51.100.0/24", "", 1000, 0), STORE_OK);
    assert_int_equal(block_at(s, "203.0.113.0/24", "", 1009, 0), STORE_OK);
    has_blocks(s, "192.0.2.0/24  1000 1010; 198.51.100.0/24  1000 0; 203.0.113.0/24  1009 0; ");
    assert_int_equal(block_at(s, "203.0.113.0/24", "", 1010, 0), STORE_OK);
    has_blocks(s, "198.51.100.0/24  1000 0; 203.0.113.0/24  1010 0; ");
}

static void bounds_blocks(void **state)
{
    struct store *s = store_of(state);
    char network[24];
    for (int i = 0; i < STORE_BLOCKS_MAX; i++) {
        snprintf(network, sizeof network, "10.0.%d.%d/32", i / 256, i % 256);
        assert_int_equal(block_at(s, network, "", 1000, i ? 0 : 2000), STORE_OK);
    }
    assert_int_equal(block_at(s, "192.0.2.0/24", "", 1000, 0), STORE_REFUSED);
    assert_int_equal(block_at(s, "10.0.0.1/32", "", 1000, 0), STORE_OK); /* known */
    assert_int_equal(block_at(s, "192.0.2.0/24", "", 2000, 0), STORE_OK);
    assert_int_equal(block_at(s, "192.0.3.0/24", "", 2000, 0), STORE_REFUSED);
}

/* --- weak sign-ins --- */

static enum store_result sign_in(struct store *s, const char *user, const char *software,
                                 int64_t now_s)
{
    struct store_write w = change(STORE_WEAK_LOGIN, user);
    w.mechanism = STR_LIT("DIGEST-MD5");
    w.software = str_from(software);
    w.now_s = now_s;
    return commit(s, w);
}

/* "user last software; ", and "..." when there are more. */
static void has_weak(struct store *s, size_t limit, const char *expected)
{
    struct arena a = {0};
    struct buf text = {0};
    struct store_weak_logins all;
    assert_int_equal(s->ops->weak_logins(s, here, limit, &a, &all, NULL), STORE_OK);
    for (size_t i = 0; i < all.count; i++) {
        const struct store_weak_login *l = &all.logins[i];
        buf_printf(&text, "%.*s %d %.*s; ", STR_ARG(l->user), (int)l->last_s, STR_ARG(l->software));
        assert_true(str_is(l->mechanism, "DIGEST-MD5"));
    }
    buf_cstr(&text, all.more ? "..." : "");
    buf_byte(&text, '\0');
    assert_string_equal(buf_peek(&text).ptr, expected);
    buf_finish(&text);
    arena_finish(&a);
}

static void keeps_the_last_weak_login(void **state)
{
    struct store *s = store_of(state);
    has_weak(s, 10, "");
    assert_int_equal(sign_in(s, "alice", "", 1000), STORE_NOT_FOUND);
    add(s, "alice");
    add(s, "bob");
    add(s, "carol");
    assert_int_equal(sign_in(s, "alice", "Old 1", 1000), STORE_OK);
    assert_int_equal(sign_in(s, "carol", "", 1001), STORE_OK);
    assert_int_equal(sign_in(s, "bob", "", 1001), STORE_OK);
    has_weak(s, 10, "bob 1001 ; carol 1001 ; alice 1000 Old 1; ");
    has_weak(s, 3, "bob 1001 ; carol 1001 ; alice 1000 Old 1; ");
    has_weak(s, 2, "bob 1001 ; carol 1001 ; ...");
    assert_int_equal(sign_in(s, "alice", "New 2", 1002), STORE_OK);
    has_weak(s, 10, "alice 1002 New 2; bob 1001 ; carol 1001 ; ");
}

static void forgets_with_the_account(void **state)
{
    struct store *s = store_of(state);
    add(s, "alice");
    add(s, "bob");
    assert_int_equal(sign_in(s, "alice", "", 1000), STORE_OK);
    assert_int_equal(sign_in(s, "bob", "", 1000), STORE_OK);
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_OK);
    has_weak(s, 10, "bob 1000 ; ");
    add(s, "alice");
    has_weak(s, 10, "bob 1000 ; ");
}

static void keeps_domains_apart(void **state)
{
    struct store *s = store_of(state);
    struct store_write w = change(STORE_ADD, "alice");
    w.domain = STR_LIT("elsewhere.org");
    assert_int_equal(commit(s, w), STORE_OK);
    w.change = STORE_WEAK_LOGIN;
    w.mechanism = STR_LIT("DIGEST-MD5");
    w.software = STR_LIT("");
    assert_int_equal(commit(s, w), STORE_OK);
    has_weak(s, 10, "");
    add(s, "alice");
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_OK);
    struct arena a = {0};
    struct store_weak_logins all;
    assert_int_equal(s->ops->weak_logins(s, w.domain, 1, &a, &all, NULL), STORE_OK);
    assert_int_equal(all.count, 1);
    arena_finish(&a);
}

int main(void)
{
#define OVER(open, test) cmocka_unit_test_setup_teardown(test, open, close_store)
#define SUITE(open)                                                                                \
    OVER(open, keeps_blocks), OVER(open, drops_what_expired), OVER(open, bounds_blocks),           \
        OVER(open, keeps_the_last_weak_login), OVER(open, forgets_with_the_account),               \
        OVER(open, keeps_domains_apart)
    const struct CMUnitTest tests[] = {SUITE(open_mem), SUITE(open_sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
