/* What every back end of the store must do with sessions that outlive the server. */
#include "back_ends.h"

/* --- words for tests --- */

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

static struct store_stanza two[] = {
    {STR_LIT("<message to='a'/>"), -5, 1},
    {STR_LIT("<message to='b'>&#10;\xf0\x9f\x90\xa6</message>"), INT64_MAX, 0}};

static struct store_session session_of(const char *user, const char *id)
{
    return (struct store_session){
        .user = str_from(user),
        .id = str_from(id),
        .resource = STR_LIT("a / b"),
        .client = STR_LIT(""),
        .since_ms = 1700000000123,
        .left_ms = 599999,
        .resume_s = 600,
        .acked = UINT32_MAX + INT64_C(7),
        .written = UINT32_MAX + INT64_C(8),
        .handled = 12,
        .available = true,
        .priority = -128,
        .standing = INT64_MAX,
        .presence = STR_LIT(" from='alice@example.org/a / b'/>"),
        .directed = STR_LIT("bob@example.org/x\ncarol@example.org\n"),
        .stanzas = two,
        .stanza_count = ARRAY_LEN(two),
    };
}

static enum store_result save(struct store *s, const struct store_session *session)
{
    struct store_write w = change(STORE_SESSION, "");
    w.session = session;
    return commit(s, w);
}

static void save_plain(struct store *s, const char *user, const char *id)
{
    struct store_session session = session_of(user, id);
    session.stanza_count = 0;
    assert_int_equal(save(s, &session), STORE_OK);
}

static struct store_sessions read_after(struct store *s, const char *after, size_t limit,
                                        struct arena *a)
{
    struct store_fault fault = {""};
    struct store_sessions page;
    assert_int_equal(s->ops->sessions(s, here, str_from(after), limit, a, &page, &fault), STORE_OK);
    assert_string_equal(fault.text, "");
    return page;
}

static void assert_str(struct str a, struct str b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, b.len);
}

static void assert_same(const struct store_session *a, const struct store_session *b)
{
    assert_str(a->user, b->user);
    assert_str(a->id, b->id);
    assert_str(a->resource, b->resource);
    assert_str(a->client, b->client);
    assert_str(a->presence, b->presence);
    assert_str(a->directed, b->directed);
    assert_int_equal(a->since_ms, b->since_ms);
    assert_int_equal(a->left_ms, b->left_ms);
    assert_int_equal(a->resume_s, b->resume_s);
    assert_int_equal(a->acked, b->acked);
    assert_int_equal(a->written, b->written);
    assert_int_equal(a->handled, b->handled);
    assert_int_equal(a->available, b->available);
    assert_int_equal(a->priority, b->priority);
    assert_int_equal(a->standing, b->standing);
    assert_int_equal(a->stanza_count, b->stanza_count);
    for (size_t i = 0; i < a->stanza_count; i++) {
        assert_str(a->stanzas[i].xml, b->stanzas[i].xml);
        assert_int_equal(a->stanzas[i].since_ms, b->stanzas[i].since_ms);
        assert_int_equal(a->stanzas[i].tag, b->stanzas[i].tag);
    }
}

/* --- cases --- */

static void keeps_what_is_told(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    struct store_session told = session_of("alice", "id-1");
    add(s, "alice");
    assert_int_equal(save(s, &told), STORE_OK);
    struct store_sessions page = read_after(s, "", 5, &a);
    assert_int_equal(page.count, 1);
    assert_false(page.more);
    assert_same(&page.sessions[0], &told);
    arena_finish(&a);
}

static void has_an_id_once(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    struct store_session told = session_of("alice", "id-1");
    add(s, "alice");
    add(s, "bob");
    assert_int_equal(save(s, &told), STORE_OK);
    struct store_session other = session_of("bob", "id-1");
    assert_int_equal(save(s, &other), STORE_EXISTS);
    struct store_sessions page = read_after(s, "", 5, &a);
    assert_int_equal(page.count, 1);
    assert_same(&page.sessions[0], &told);
    arena_finish(&a);
}

static void is_read_in_pages(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    struct store_session told = session_of("alice", "id-2");
    add(s, "alice");
    save_plain(s, "alice", "id-3");
    save_plain(s, "alice", "id-1");
    assert_int_equal(save(s, &told), STORE_OK);
    struct store_sessions page = read_after(s, "", 2, &a);
    assert_int_equal(page.count, 2);
    assert_true(page.more);
    assert_str(page.sessions[0].id, STR_LIT("id-1"));
    assert_int_equal(page.sessions[0].stanza_count, 0);
    assert_same(&page.sessions[1], &told);
    page = read_after(s, "id-2", 2, &a);
    assert_int_equal(page.count, 1);
    assert_false(page.more);
    assert_str(page.sessions[0].id, STR_LIT("id-3"));
    arena_finish(&a);
}

static void is_of_those_who_may_sign_in(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    const char *const users[] = {"alice", "bob", "carol", "dave"};
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        char id[8];
        snprintf(id, sizeof id, "id-%zu", i);
        if (i != 3)
            add(s, users[i]);
        save_plain(s, users[i], id);
    }
    assert_int_equal(commit(s, change(STORE_DISABLE, "bob")), STORE_OK);
    assert_int_equal(commit(s, change(STORE_REMOVE, "carol")), STORE_OK);
    struct store_sessions page = read_after(s, "", 9, &a);
    assert_int_equal(page.count, 1);
    assert_str(page.sessions[0].user, STR_LIT("alice"));
    arena_finish(&a);
}

static void is_cleared(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    struct store_session told = session_of("alice", "id-1");
    add(s, "alice");
    assert_int_equal(save(s, &told), STORE_OK);
    assert_int_equal(commit(s, change(STORE_SESSIONS_CLEAR, "")), STORE_OK);
    assert_int_equal(read_after(s, "", 5, &a).count, 0);
    told.stanza_count = 1;
    assert_int_equal(save(s, &told), STORE_OK);
    struct store_sessions page = read_after(s, "", 5, &a);
    assert_int_equal(page.count, 1);
    assert_same(&page.sessions[0], &told);
    arena_finish(&a);
}

#define ROW(back_end, test)                                                                        \
    {                                                                                              \
#back_end ": " #test, test, open_##back_end, close_store, NULL                             \
    }
#define ROWS(back_end)                                                                             \
    ROW(back_end, keeps_what_is_told), ROW(back_end, has_an_id_once),                              \
        ROW(back_end, is_read_in_pages), ROW(back_end, is_of_those_who_may_sign_in),               \
        ROW(back_end, is_cleared)

int main(void)
{
    const struct CMUnitTest tests[] = {ROWS(mem), ROWS(sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
