/* What every back end of the store must do, run over each of them. */
#include "back_ends.h"

#include <pthread.h>

static enum store_result login(struct store *s, const char *user, const char *scheme,
                               struct store_login *ret)
{
    *ret = (struct store_login){0};
    return s->ops->login(s, here, str_from(user), str_from(scheme), ret, NULL);
}

static enum store_result show(struct store *s, const char *user, struct arena *a,
                              struct store_account *ret)
{
    return s->ops->account(s, here, str_from(user), a, ret, NULL);
}

/* --- the suite --- */

static void adds_and_reads(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_account account;
    struct arena a = {0};
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(show(s, "alice", &a, &account), STORE_NOT_FOUND);
    add(s, "alice");

    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-1$alice");
    assert_false(l.disabled);
    assert_int_equal(login(s, "alice", "DIGEST-MD5", &l), STORE_OK);
    assert_string_equal(l.value, "DIGEST-MD5$alice");
    assert_int_equal(login(s, "alice", "SCRAM-SHA-3", &l), STORE_NOT_FOUND);
    assert_int_equal(login(s, "Alice", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(login(s, "", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(s->ops->login(s, STR_LIT("example.com"), STR_LIT("alice"),
                                   STR_LIT("SCRAM-SHA-1"), &l, NULL),
                     STORE_NOT_FOUND);

    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_string_equal(account.user, "alice");
    assert_string_equal(account.schemes, "DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512");
    assert_int_equal(account.created_s, 1000);
    assert_int_equal(account.password_s, 1000);
    assert_false(account.disabled);
    assert_string_equal(account.reason, "");
    arena_finish(&a);
}

/* The empty scheme is any of SCRAM, SHA-256 first, and never another. */
static void chooses_a_scram_row(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    add(s, "alice");
    assert_int_equal(login(s, "alice", "", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-256$alice");

    struct store_write purge = {.change = STORE_PURGE, .scheme = STR_LIT("SCRAM-SHA-256")};
    assert_int_equal(commit(s, purge), STORE_OK);
    assert_int_equal(login(s, "alice", "", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-512$alice");

    purge.scheme = STR_LIT("SCRAM-SHA-512");
    assert_int_equal(commit(s, purge), STORE_OK);
    purge.scheme = STR_LIT("SCRAM-SHA-1");
    assert_int_equal(commit(s, purge), STORE_OK);
    assert_int_equal(login(s, "alice", "", &l), STORE_NOT_FOUND);
    assert_int_equal(login(s, "alice", "DIGEST-MD5", &l), STORE_OK);
}

static void refuses_a_second(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    add(s, "alice");
    assert_int_equal(commit(s, with_rows(change(STORE_ADD, "alice"), "other")), STORE_EXISTS);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-1$alice");
}

static void replaces_a_password(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_account account;
    struct arena a = {0};
    add(s, "alice");
    struct store_write w = with_rows(change(STORE_PASSWORD, "alice"), "new");
    w.credential_count = 2;
    w.now_s = 2000;
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-1$new");
    assert_int_equal(login(s, "alice", "SCRAM-SHA-256", &l), STORE_NOT_FOUND);
    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_string_equal(account.schemes, "SCRAM-SHA-1 SCRAM-SHA-512");
    assert_int_equal(account.created_s, 1000);
    assert_int_equal(account.password_s, 2000);
    arena_finish(&a);
    assert_int_equal(commit(s, with_rows(change(STORE_PASSWORD, "bob"), "new")), STORE_NOT_FOUND);
    assert_int_equal(login(s, "bob", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
}

static struct store_write row_of(const char *user, const char *scheme, int64_t old_mark)
{
    struct store_write w = change(STORE_UPGRADE, user);
    w.credentials[0] = (struct store_credential){str_from(scheme), STR_LIT("added")};
    w.credential_count = 1;
    w.old_mark = old_mark;
    return w;
}

/* A row goes to the account that was read, as it was read. */
static void upgrades(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_account account;
    struct arena a = {0};
    struct store_write w = with_rows(change(STORE_ADD, "alice"), "alice");
    w.credential_count = 2; /* SCRAM-SHA-512, SCRAM-SHA-1 */
    w.mark = 7;
    assert_int_equal(commit(s, w), STORE_OK);
    add(s, "bob");
    assert_int_equal(commit(s, row_of("carol", "SCRAM-SHA-256", 7)), STORE_NOT_FOUND);
    assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", 8)), STORE_NOT_FOUND);
    assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-1", 7)), STORE_EXISTS);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-1$alice");
    assert_int_equal(login(s, "alice", "SCRAM-SHA-256", &l), STORE_NOT_FOUND);

    assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", 7)), STORE_OK);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-256", &l), STORE_OK);
    assert_string_equal(l.value, "added");
    assert_int_equal(l.mark, 7);
    assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", 7)), STORE_EXISTS);
    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_string_equal(account.schemes, "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512");
    assert_int_equal(account.password_s, 1000);
    arena_finish(&a);
    assert_int_equal(login(s, "bob", "SCRAM-SHA-256", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-256$bob");
}

/* What ends tokens ends this too; and of two rows both are added or none. */
static void upgrades_only_what_was_proved(void **state)
{
    static const enum store_change ends[] = {STORE_PASSWORD, STORE_DISABLE, STORE_LOGOUT};
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_write w = with_rows(change(STORE_ADD, "alice"), "alice");
    w.credential_count = 2;
    assert_int_equal(commit(s, w), STORE_OK);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        w = with_rows(change(ends[i], "alice"), "new");
        w.credential_count = 2;
        w.mark = (int64_t)i + 1;
        assert_int_equal(commit(s, w), STORE_OK);
        assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", (int64_t)i)), STORE_NOT_FOUND);
        if (ends[i] == STORE_DISABLE)
            assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", w.mark)), STORE_NOT_FOUND);
        assert_int_equal(commit(s, change(STORE_ENABLE, "alice")), STORE_OK);
    }
    w = row_of("alice", "SCRAM-SHA-256", 3);
    w.credentials[1] = (struct store_credential){STR_LIT("SCRAM-SHA-1"), STR_LIT("added")};
    w.credential_count = 2;
    assert_int_equal(commit(s, w), STORE_EXISTS);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-256", &l), STORE_NOT_FOUND);
    assert_int_equal(commit(s, row_of("alice", "SCRAM-SHA-256", 3)), STORE_OK);
}

static void removes(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    add(s, "alice");
    add(s, "bob");
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_OK);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_NOT_FOUND);
    assert_int_equal(login(s, "bob", "SCRAM-SHA-1", &l), STORE_OK);
    struct store_write w = with_rows(change(STORE_ADD, "alice"), "again");
    w.credential_count = 1;
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-512", &l), STORE_OK);
}

static void disables(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_account account;
    struct arena a = {0};
    add(s, "alice");
    struct store_write w = change(STORE_DISABLE, "alice");
    w.reason = STR_LIT("left; 'quoted' \"too\" \xc3\xa9");
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(commit(s, w), STORE_OK); /* a second time changes nothing, and is no fault */
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_true(l.disabled);
    assert_string_equal(l.reason, w.reason.ptr);
    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_true(account.disabled);
    assert_int_equal(commit(s, change(STORE_ENABLE, "alice")), STORE_OK);
    assert_int_equal(login(s, "alice", "SCRAM-SHA-1", &l), STORE_OK);
    assert_false(l.disabled);
    assert_string_equal(l.reason, "");
    assert_int_equal(commit(s, change(STORE_DISABLE, "bob")), STORE_NOT_FOUND);
    assert_int_equal(commit(s, change(STORE_ENABLE, "bob")), STORE_NOT_FOUND);
    arena_finish(&a);
}

/* One bad change neither fails nor keeps the others. */
static void commits_a_batch(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_write w[5], *batch[5];
    add(s, "taken");
    w[0] = with_rows(change(STORE_ADD, "one"), "batch");
    w[1] = with_rows(change(STORE_ADD, "taken"), "batch");
    w[2] = change(STORE_REMOVE, "nobody");
    w[3] = with_rows(change(STORE_PASSWORD, "one"), "later");
    w[4] = with_rows(change(STORE_ADD, "two"), "batch");
    for (size_t i = 0; i < 5; i++)
        batch[i] = &w[i];
    assert_int_equal(s->ops->commit(s, batch, 5, NULL), STORE_OK);
    assert_int_equal(w[0].result, STORE_OK);
    assert_int_equal(w[1].result, STORE_EXISTS);
    assert_int_equal(w[2].result, STORE_NOT_FOUND);
    assert_int_equal(w[3].result, STORE_OK);
    assert_int_equal(w[4].result, STORE_OK);
    /* with_rows keeps its strings in one place: all were "batch" in the end */
    assert_int_equal(login(s, "one", "SCRAM-SHA-1", &l), STORE_OK);
    assert_int_equal(login(s, "two", "SCRAM-SHA-1", &l), STORE_OK);
    assert_int_equal(login(s, "taken", "SCRAM-SHA-1", &l), STORE_OK);
    assert_string_equal(l.value, "SCRAM-SHA-1$taken");
    assert_int_equal(s->ops->commit(s, batch, 0, NULL), STORE_OK);
}

static void keeps_meta(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct buf value = {0};
    struct store_write w = {
        .change = STORE_META_NEW, .key = STR_LIT("key"), .value = STR_LIT("first")};
    assert_int_equal(s->ops->meta(s, w.key, &value, NULL), STORE_NOT_FOUND);
    assert_int_equal(commit(s, w), STORE_OK);
    w.value = STR_LIT("second");
    assert_int_equal(commit(s, w), STORE_EXISTS);
    assert_int_equal(s->ops->meta(s, w.key, &value, NULL), STORE_OK);
    assert_true(str_is(buf_peek(&value), "first"));
    assert_int_equal(s->ops->meta(s, STR_LIT("ke"), &value, NULL), STORE_NOT_FOUND);
    buf_finish(&value);
}

/* The first administrator, and the domain with him: both or nothing. */
static void sets_up(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct buf domain = {0};
    struct store_write w = with_rows(change(STORE_SET_UP, "alice"), "right");
    w.role = STORE_ROLE_FULL;
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_FULL, NULL), STORE_NOT_FOUND);
    add(s, "alice");
    assert_int_equal(commit(s, w), STORE_EXISTS);
    assert_int_equal(s->ops->meta(s, STR_LIT(STORE_META_DOMAIN), &domain, NULL), STORE_NOT_FOUND);
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_FULL, NULL), STORE_NOT_FOUND);

    w.user = STR_LIT("bob");
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_FULL, NULL), STORE_OK);
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_READ_ONLY, NULL), STORE_NOT_FOUND);
    assert_int_equal(s->ops->has_role(s, STR_LIT("example.com"), STORE_ROLE_FULL, NULL),
                     STORE_NOT_FOUND);

    assert_int_equal(commit(s, change(STORE_DISABLE, "bob")), STORE_OK); /* nobody can sign in */
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_FULL, NULL), STORE_NOT_FOUND);
    assert_int_equal(commit(s, change(STORE_ENABLE, "bob")), STORE_OK);
    assert_int_equal(s->ops->has_role(s, here, STORE_ROLE_FULL, NULL), STORE_OK);
    w.user = STR_LIT("carol");
    w.domain = STR_LIT("example.com");
    assert_int_equal(commit(s, w), STORE_OK); /* the domain stays what it is */
    assert_int_equal(s->ops->meta(s, STR_LIT(STORE_META_DOMAIN), &domain, NULL), STORE_OK);
    assert_true(str_eq(buf_peek(&domain), here));
    buf_finish(&domain);
}

/* A change for an administrator is made while he is one, as he signed in. */
static void changes_for_an_administrator(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_write add_admin = with_rows(change(STORE_ADD, "admin"), "admin");
    struct store_write full = change(STORE_ROLE, "admin"), w = change(STORE_LOGOUT, "alice");
    full.role = STORE_ROLE_FULL;
    add_admin.mark = 7;
    add(s, "alice");
    w.by = (struct store_by){here, STR_LIT("admin"), 7};
    assert_int_equal(commit(s, w), STORE_DENIED); /* there is no such account */
    assert_int_equal(commit(s, add_admin), STORE_OK);
    assert_int_equal(commit(s, w), STORE_DENIED); /* it has no role */
    assert_int_equal(commit(s, full), STORE_OK);
    assert_int_equal(commit(s, w), STORE_OK);
    w.by.mark = 8;
    assert_int_equal(commit(s, w), STORE_DENIED);
    w.by.mark = 7;
    w.by.domain = STR_LIT("example.com");
    assert_int_equal(commit(s, w), STORE_DENIED);
    w.by.domain = here;
    w.by.user = STR_LIT("");
    assert_int_equal(commit(s, w), STORE_DENIED);
    w.by.user = STR_LIT("admin");
    full.role = STORE_ROLE_READ_ONLY;
    assert_int_equal(commit(s, full), STORE_OK);
    assert_int_equal(commit(s, w), STORE_DENIED);
    full.role = STORE_ROLE_FULL;
    assert_int_equal(commit(s, full), STORE_OK);
    struct store_write disable = change(STORE_DISABLE, "admin");
    disable.mark = 7; /* all else stays */
    assert_int_equal(commit(s, disable), STORE_OK);
    assert_int_equal(commit(s, w), STORE_DENIED);
}

/* In one transaction: what is behind the change that took the role is not made. */
static void stops_with_the_role(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_write add_admin = with_rows(change(STORE_ADD, "admin"), "admin");
    struct store_write role = change(STORE_ROLE, "admin");
    add_admin.mark = 7;
    role.role = STORE_ROLE_FULL;
    assert_int_equal(commit(s, add_admin), STORE_OK);
    assert_int_equal(commit(s, role), STORE_OK);
    struct store_write before = with_rows(change(STORE_ADD, "before"), "x"), behind = before;
    before.by = behind.by = role.by = (struct store_by){here, STR_LIT("admin"), 7};
    behind.user = STR_LIT("behind");
    role.role = STORE_ROLE_NONE; /* his own: the last that he does */
    struct store_write *const batch[] = {&before, &role, &behind};
    assert_int_equal(s->ops->commit(s, batch, 3, NULL), STORE_OK);
    assert_int_equal(before.result, STORE_OK);
    assert_int_equal(role.result, STORE_OK);
    assert_int_equal(behind.result, STORE_DENIED);
    struct store_login l;
    assert_int_equal(login(s, "behind", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
    assert_int_equal(login(s, "before", "SCRAM-SHA-1", &l), STORE_OK);
}

/* Pages walk all names of one domain in byte order. */
static void lists_in_pages(void **state)
{
    static const char *const names[] = {"zoe", "b", "a", "\xc3\xa9lise", "aa", "B", "a%", "a_"};
    static const char *const sorted[] = {"B", "a", "a%", "a_", "aa", "b", "zoe", "\xc3\xa9lise"};
    struct store *s = ((struct fixture *)*state)->store;
    struct store_write other = with_rows(change(STORE_ADD, "c"), "x");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        add(s, names[i]);
    other.domain = STR_LIT("example.com");
    assert_int_equal(commit(s, other), STORE_OK);

    for (size_t limit = 1; limit <= ARRAY_LEN(names) + 1; limit++) {
        struct str after = STR_LIT("");
        struct arena a = {0};
        struct store_page page = {.more = true};
        size_t seen = 0;
        while (page.more) {
            assert_int_equal(s->ops->accounts(s, here, STR_LIT(""), after, limit, &a, &page, NULL),
                             STORE_OK);
            assert_true(page.count <= limit);
            for (size_t i = 0; i < page.count; i++, seen++) {
                assert_string_equal(page.accounts[i].user, sorted[seen]);
                assert_int_equal(strncmp(page.accounts[i].schemes, "DIGEST-MD5 SCRAM-SHA-1 ", 23),
                                 0);
            }
            after = str_from(page.accounts[page.count - 1].user);
        }
        assert_int_equal(seen, ARRAY_LEN(sorted));
        arena_finish(&a);
    }
    struct arena a = {0};
    struct store_page page;
    assert_int_equal(
        s->ops->accounts(s, STR_LIT("nowhere"), STR_LIT(""), STR_LIT(""), 5, &a, &page, NULL),
        STORE_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
    arena_finish(&a);
}

/* Those that begin with the prefix, whatever page they are on; LIKE's wild cards are none here. */
static void lists_by_prefix(void **state)
{
    static const char *const names[] = {"a",   "a%", "ab",       "aba",
                                        "abb", "b",  "\xc3\xa9", "\xc3\xa9x"};
    static const struct {
        const char *prefix, *after, *expected;
    } rows[] = {
        {"ab", "", "ab aba abb "},
        {"ab", "ab", "aba abb "},
        {"ab", "aba", "abb "},
        {"ab", "abb", ""},
        {"ab", "a", "ab aba abb "},
        {"ab", "b", ""},
        {"a%", "", "a% "},
        {"a_", "", ""},
        {"abc", "", ""},
        {"\xc3\xa9", "", "\xc3\xa9 \xc3\xa9x "},
        {"", "b", "\xc3\xa9 \xc3\xa9x "},
        {"", "abb", "b \xc3\xa9 \xc3\xa9x "},
    };
    struct store *s = ((struct fixture *)*state)->store;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        add(s, names[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct buf found = {0};
        struct store_page page;
        assert_int_equal(s->ops->accounts(s, here, str_from(rows[i].prefix),
                                          str_from(rows[i].after), 10, &a, &page, NULL),
                         STORE_OK);
        for (size_t j = 0; j < page.count; j++)
            buf_printf(&found, "%s ", page.accounts[j].user);
        buf_byte(&found, 0);
        assert_string_equal(buf_peek(&found).ptr, rows[i].expected);
        assert_false(page.more);
        buf_finish(&found);
        arena_finish(&a);
    }
}

static void gives_roles(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    struct store_account account;
    struct arena a = {0};
    struct store_write w = change(STORE_ROLE, "alice");
    w.role = STORE_ROLE_FULL;
    assert_int_equal(commit(s, w), STORE_NOT_FOUND);
    add(s, "alice");
    add(s, "bob");
    assert_int_equal(login(s, "alice", "", &l), STORE_OK);
    assert_int_equal(l.role, STORE_ROLE_NONE);
    int64_t mark = l.mark;
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(login(s, "alice", "", &l), STORE_OK);
    assert_int_equal(l.role, STORE_ROLE_FULL);
    assert_int_equal(l.mark, mark);
    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_int_equal(account.role, STORE_ROLE_FULL);
    assert_int_equal(show(s, "bob", &a, &account), STORE_OK);
    assert_int_equal(account.role, STORE_ROLE_NONE);
    w.role = STORE_ROLE_READ_ONLY;
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(show(s, "alice", &a, &account), STORE_OK);
    assert_int_equal(account.role, STORE_ROLE_READ_ONLY);

    /* A new account of the name has none. */
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_OK);
    add(s, "alice");
    assert_int_equal(login(s, "alice", "", &l), STORE_OK);
    assert_int_equal(l.role, STORE_ROLE_NONE);
    arena_finish(&a);
}

/* Does it; whether it took the last administrator away. */
static bool takes_last(struct store *s, struct store_write w)
{
    struct store_write *one = &w;
    assert_int_equal(s->ops->commit(s, &one, 1, NULL), STORE_OK);
    assert_int_equal(w.result, STORE_OK);
    return w.last_admin;
}

static struct store_write role_of(const char *user, enum store_role role)
{
    struct store_write w = change(STORE_ROLE, user);
    w.role = role;
    return w;
}

static bool is_last(struct store *s, const char *domain, const char *user)
{
    enum store_result r = s->ops->last_admin(s, str_from(domain), str_from(user), NULL);
    assert_true(r == STORE_OK || r == STORE_NOT_FOUND);
    return r == STORE_OK;
}

static void knows_the_last_admin(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    add(s, "alice");
    add(s, "bob");
    assert_false(is_last(s, "example.org", "alice"));
    assert_false(takes_last(s, role_of("alice", STORE_ROLE_FULL)));
    assert_true(is_last(s, "example.org", "alice"));
    assert_false(is_last(s, "example.org", "bob"));
    assert_false(is_last(s, "example.com", "alice"));
    assert_false(takes_last(s, role_of("bob", STORE_ROLE_FULL)));
    assert_false(is_last(s, "example.org", "alice"));
    assert_false(takes_last(s, change(STORE_DISABLE, "bob")));
    assert_true(is_last(s, "example.org", "alice"));
    assert_false(is_last(s, "example.org", "bob"));
    assert_false(takes_last(s, role_of("alice", STORE_ROLE_FULL))); /* is what it was */
    assert_false(takes_last(s, change(STORE_LOGOUT, "alice")));
    assert_true(takes_last(s, role_of("alice", STORE_ROLE_READ_ONLY)));
    assert_false(takes_last(s, role_of("alice", STORE_ROLE_NONE)));
    assert_false(takes_last(s, change(STORE_ENABLE, "bob")));
    assert_true(takes_last(s, change(STORE_DISABLE, "bob")));
    assert_false(takes_last(s, change(STORE_DISABLE, "bob")));
    assert_false(takes_last(s, change(STORE_ENABLE, "bob")));
    assert_true(takes_last(s, change(STORE_REMOVE, "bob")));
    assert_false(takes_last(s, change(STORE_REMOVE, "alice")));
}

static void takes_hostile_names(void **state)
{
    static const char *const names[] = {"'; DROP TABLE account; --", "a\"b", "%", "_", "?1", ":x",
                                        "\xf0\x9f\x92\xa9"};
    struct store *s = ((struct fixture *)*state)->store;
    struct store_login l;
    char longest[1024];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        add(s, names[i]);
    assert_int_equal(commit(s, with_rows(change(STORE_ADD, longest), "x")), STORE_OK);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(login(s, names[i], "SCRAM-SHA-1", &l), STORE_OK);
        assert_string_equal(l.value + 12, names[i]);
    }
    assert_int_equal(login(s, longest, "SCRAM-SHA-1", &l), STORE_OK);
    assert_int_equal(login(s, "x", "SCRAM-SHA-1", &l), STORE_NOT_FOUND);
}

/* --- many threads --- */

enum { THREADS = 4, ROUNDS = 40 };

struct job {
    struct store *store;
    int number;
    int faults;
};

static void *hammer(void *arg)
{
    struct job *job = arg;
    struct store *s = job->store;
    for (int i = 0; i < ROUNDS; i++) {
        char user[32];
        struct store_login l = {0};
        snprintf(user, sizeof user, "t%d-%d", job->number, i);
        struct store_write w = change(STORE_ADD, user), *one = &w;
        w.credentials[0] = (struct store_credential){STR_LIT("SCRAM-SHA-1"), str_from(user)};
        w.credential_count = 1;
        job->faults += s->ops->commit(s, &one, 1, NULL) != STORE_OK || w.result != STORE_OK;
        /* Our own commit is seen by the next read, whatever connection it takes. */
        job->faults += s->ops->login(s, here, w.user, STR_LIT("SCRAM-SHA-1"), &l, NULL) != STORE_OK;
        job->faults += strcmp(l.value, user) != 0;
    }
    return NULL;
}

static void serves_many_threads(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.store = s, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].faults, 0);
    }
    struct arena a = {0};
    struct store_page page;
    assert_int_equal(s->ops->accounts(s, here, STR_LIT(""), STR_LIT(""), 1000, &a, &page, NULL),
                     STORE_OK);
    assert_int_equal(page.count, THREADS * ROUNDS);
    arena_finish(&a);
}

#define ROWS(back_end)                                                                             \
    {#back_end ": adds_and_reads", adds_and_reads, open_##back_end, close_store, NULL},            \
        {#back_end ": chooses_a_scram_row", chooses_a_scram_row, open_##back_end, close_store,     \
         NULL},                                                                                    \
        {#back_end ": refuses_a_second", refuses_a_second, open_##back_end, close_store, NULL},    \
        {#back_end ": replaces_a_password", replaces_a_password, open_##back_end, close_store,     \
         NULL},                                                                                    \
        {#back_end ": upgrades", upgrades, open_##back_end, close_store, NULL},                    \
        {#back_end ": upgrades_only_what_was_proved", upgrades_only_what_was_proved,               \
         open_##back_end, close_store, NULL},                                                      \
        {#back_end ": lists_by_prefix", lists_by_prefix, open_##back_end, close_store, NULL},      \
        {#back_end ": gives_roles", gives_roles, open_##back_end, close_store, NULL},              \
        {#back_end ": knows_the_last_admin", knows_the_last_admin, open_##back_end, close_store,   \
         NULL},                                                                                    \
        {#back_end ": removes", removes, open_##back_end, close_store, NULL},                      \
        {#back_end ": disables", disables, open_##back_end, close_store, NULL},                    \
        {#back_end ": commits_a_batch", commits_a_batch, open_##back_end, close_store, NULL},      \
        {#back_end ": keeps_meta", keeps_meta, open_##back_end, close_store, NULL},                \
        {#back_end ": sets_up", sets_up, open_##back_end, close_store, NULL},                      \
        {#back_end ": changes_for_an_administrator", changes_for_an_administrator,                 \
         open_##back_end, close_store, NULL},                                                      \
        {#back_end ": stops_with_the_role", stops_with_the_role, open_##back_end, close_store,     \
         NULL},                                                                                    \
        {#back_end ": lists_in_pages", lists_in_pages, open_##back_end, close_store, NULL},        \
        {#back_end ": takes_hostile_names", takes_hostile_names, open_##back_end, close_store,     \
         NULL},                                                                                    \
    {                                                                                              \
#back_end ": serves_many_threads", serves_many_threads, open_##back_end, close_store, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {ROWS(mem), ROWS(sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
