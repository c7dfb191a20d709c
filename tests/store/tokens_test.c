/* What every back end of the store must do with the tokens of XEP-0484, run over each of them. */
#include "back_ends.h"

#include <pthread.h>

/* --- words for tests --- */

enum { LIFE_S = 400, MARK = 77 };

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

static void add_marked(struct store *s, const char *user)
{
    struct store_write w = with_rows(change(STORE_ADD, user), user);
    w.mark = MARK;
    assert_int_equal(commit(s, w), STORE_OK);
}

static enum store_result commit_token(struct store *s, const char *user, int64_t now_s,
                                      struct store_token_change *c)
{
    struct store_write w = change(STORE_TOKEN, user);
    w.now_s = now_s;
    w.token = c;
    return commit(s, w);
}

/* A login with a password that asks for a token. */
static enum store_result issue_for(struct store *s, const char *user, const char *client,
                                   const char *id, int64_t now_s)
{
    struct store_token_change c = {
        .client = str_from(client),
        .mark = MARK,
        .new_id = str_from(id),
        .issue_mechanism = STR_LIT("HT-SHA-256-NONE"),
        .life_s = LIFE_S,
        .software = STR_LIT("soft"),
        .device = STR_LIT("device"),
    };
    enum store_result result = commit_token(s, user, now_s, &c);
    assert_int_equal(c.issued, result == STORE_OK);
    if (c.issued) {
        assert_int_equal(c.expires_s, now_s + LIFE_S);
        assert_string_equal(c.mechanism, "HT-SHA-256-NONE");
    }
    return result;
}

static void issue(struct store *s, const char *client, const char *id, int64_t now_s)
{
    assert_int_equal(issue_for(s, "alice", client, id, now_s), STORE_OK);
}

/* A login with a token; `spare` is the id for a new one. */
static enum store_result use(struct store *s, const char *client, const char *id, int64_t now_s,
                             const char *spare)
{
    struct store_token_change c = {
        .client = str_from(client),
        .used_id = str_from(id),
        .new_id = str_from(spare),
        .life_s = LIFE_S,
    };
    return commit_token(s, "alice", now_s, &c);
}

static enum store_result use_counted(struct store *s, const char *id, int64_t count)
{
    struct store_token_change c = {
        .client = STR_LIT("phone"), .used_id = str_from(id), .has_count = true, .count = count};
    return commit_token(s, "alice", 1100, &c);
}

/* "client:slot:id;" for each token. */
static void has(struct store *s, const char *user, const char *client, const char *expected)
{
    struct arena a = {0};
    struct buf text = {0};
    struct store_tokens tokens;
    enum store_result result =
        s->ops->tokens(s, here, str_from(user), str_from(client), &a, &tokens, NULL);
    assert_int_equal(result, STORE_OK);
    for (size_t i = 0; i < tokens.count; i++) {
        const struct store_token *t = &tokens.tokens[i];
        buf_printf(&text, "%s:%s:%s;", t->client, t->slot == STORE_SLOT_NEW ? "new" : "current",
                   t->id);
    }
    buf_byte(&text, '\0');
    assert_string_equal(buf_peek(&text).ptr, expected);
    buf_finish(&text);
    arena_finish(&a);
}

static struct store_token first_token(struct store *s, const char *client)
{
    struct arena a = {0};
    struct store_tokens tokens;
    assert_int_equal(s->ops->tokens(s, here, STR_LIT("alice"), str_from(client), &a, &tokens, NULL),
                     STORE_OK);
    assert_true(tokens.count > 0);
    struct store_token t = tokens.tokens[0];
    arena_finish(&a);
    return t;
}

/* --- the suite --- */

static void keeps_what_is_told(void **state)
{
    struct store *s = store_of(state);
    struct store_tokens none;
    struct arena a = {0};
    assert_int_equal(s->ops->tokens(s, here, STR_LIT("alice"), STR_NONE, &a, &none, NULL),
                     STORE_NOT_FOUND);
    assert_int_equal(issue_for(s, "alice", "phone", "aa", 1000), STORE_NOT_FOUND);
    add_marked(s, "alice");
    has(s, "alice", NULL, "");
    issue(s, "phone", "aa", 1000);
    struct store_token t = first_token(s, "phone");
    assert_string_equal(t.client, "phone");
    assert_string_equal(t.id, "aa");
    assert_string_equal(t.mechanism, "HT-SHA-256-NONE");
    assert_string_equal(t.software, "soft");
    assert_string_equal(t.device, "device");
    assert_int_equal(t.slot, STORE_SLOT_NEW);
    assert_int_equal(t.count, 0);
    assert_int_equal(t.issued_s, 1000);
    assert_int_equal(t.expires_s, 1000 + LIFE_S);
    assert_int_equal(t.used_s, 1000);
    issue(s, "laptop", "bb", 1001);
    has(s, "alice", NULL, "laptop:new:bb;phone:new:aa;");
    has(s, "alice", "phone", "phone:new:aa;");
    has(s, "alice", "phon", "");
    arena_finish(&a);
}

/* A new token replaces the old one only when it is used (XEP-0484 §3.5, §5.1). */
static void promotes_on_use(void **state)
{
    struct store *s = store_of(state);
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    assert_int_equal(use(s, "phone", "aa", 1010, "xx"), STORE_OK);
    has(s, "alice", NULL, "phone:current:aa;");
    assert_int_equal(first_token(s, "phone").used_s, 1010);
    assert_string_equal(first_token(s, "phone").software, "soft");

    issue(s, "phone", "bb", 1020);
    has(s, "alice", NULL, "phone:new:bb;phone:current:aa;");
    assert_int_equal(use(s, "phone", "aa", 1030, "xx"), STORE_OK);
    has(s, "alice", NULL, "phone:new:bb;phone:current:aa;");
    issue(s, "phone", "cc", 1040);
    has(s, "alice", NULL, "phone:new:cc;phone:current:aa;");
    assert_int_equal(use(s, "phone", "bb", 1050, "xx"), STORE_REFUSED);
    assert_int_equal(use(s, "phone", "cc", 1050, "xx"), STORE_OK);
    has(s, "alice", NULL, "phone:current:cc;");
    assert_int_equal(use(s, "phone", "aa", 1060, "xx"), STORE_REFUSED);
    assert_int_equal(use(s, "laptop", "cc", 1060, "xx"), STORE_REFUSED);
    assert_int_equal(use(s, "phone", "", 1060, "xx"), STORE_REFUSED);
}

static void counts_upwards_only(void **state)
{
    struct store *s = store_of(state);
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    assert_int_equal(use_counted(s, "aa", 0), STORE_REFUSED);
    has(s, "alice", NULL, "phone:new:aa;"); /* what is refused changes nothing */
    assert_int_equal(use_counted(s, "aa", 1), STORE_OK);
    assert_int_equal(use_counted(s, "aa", 1), STORE_REFUSED);
    assert_int_equal(use_counted(s, "aa", INT64_MAX), STORE_OK);
    assert_int_equal(first_token(s, "phone").count, INT64_MAX);
    assert_int_equal(use_counted(s, "aa", INT64_MAX), STORE_REFUSED);
    assert_int_equal(use_counted(s, "aa", 7), STORE_REFUSED);
    assert_int_equal(use(s, "phone", "aa", 1100, "xx"), STORE_OK); /* not early data: no count */
    issue(s, "phone", "bb", 1100);
    assert_int_equal(use_counted(s, "bb", 1), STORE_OK); /* every token counts for itself */
}

static void expires_and_renews(void **state)
{
    struct store *s = store_of(state);
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    assert_int_equal(use(s, "phone", "aa", 1300, "bb"), STORE_OK);
    has(s, "alice", NULL, "phone:current:aa;");
    assert_int_equal(use(s, "phone", "aa", 1301, "bb"), STORE_OK);
    has(s, "alice", NULL, "phone:new:bb;phone:current:aa;");
    assert_int_equal(first_token(s, "phone").expires_s, 1301 + LIFE_S);
    assert_string_equal(first_token(s, "phone").mechanism, "HT-SHA-256-NONE");
    assert_string_equal(first_token(s, "phone").software, "soft");
    assert_int_equal(use(s, "phone", "aa", 1000 + LIFE_S, "cc"), STORE_REFUSED);
    assert_int_equal(use(s, "phone", "bb", 1000 + LIFE_S, "cc"), STORE_OK);
    has(s, "alice", NULL, "phone:current:bb;");
    issue(s, "laptop", "dd", 1301 + LIFE_S); /* sweeps out what has expired */
    has(s, "alice", NULL, "laptop:new:dd;");
}

/* Used after the life of tokens was made shorter, a token outlives a newer one (XEP-0484 §3.5). */
static void ends_what_expires_earlier(void **state)
{
    struct store *s = store_of(state);
    struct store_token_change c = {.client = STR_LIT("phone"),
                                   .mark = MARK,
                                   .new_id = STR_LIT("bb"),
                                   .issue_mechanism = STR_LIT("HT-SHA-256-NONE"),
                                   .life_s = LIFE_S / 2};
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    assert_int_equal(use(s, "phone", "aa", 1000, "xx"), STORE_OK);
    assert_int_equal(commit_token(s, "alice", 1001, &c), STORE_OK);
    has(s, "alice", NULL, "phone:new:bb;phone:current:aa;");
    assert_int_equal(use(s, "phone", "aa", 1002, "xx"), STORE_OK);
    has(s, "alice", NULL, "phone:current:aa;");
}

static void invalidates(void **state)
{
    struct store *s = store_of(state);
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    issue(s, "laptop", "bb", 1000);
    struct store_token_change c = {.client = STR_LIT("phone"),
                                   .used_id = STR_LIT("aa"),
                                   .invalidate = true,
                                   .new_id = STR_LIT("cc"),
                                   .life_s = LIFE_S};
    /* Not even a token about to expire is replaced unasked (XEP-0484 §3.6). */
    assert_int_equal(commit_token(s, "alice", 1399, &c), STORE_OK);
    assert_false(c.issued);
    has(s, "alice", NULL, "laptop:new:bb;");
    assert_int_equal(commit_token(s, "alice", 1399, &c), STORE_REFUSED);
    c.client = STR_LIT("laptop");
    c.used_id = STR_LIT("bb");
    c.issue_mechanism = STR_LIT("HT-SHA-256-ENDP");
    assert_int_equal(commit_token(s, "alice", 1100, &c), STORE_OK);
    assert_true(c.issued);
    has(s, "alice", NULL, "laptop:new:cc;");
    assert_string_equal(first_token(s, "laptop").mechanism, "HT-SHA-256-ENDP");
}

/* A token follows from a proof; when what was proved changes meanwhile, there is none. */
static void goes_by_the_mark(void **state)
{
    struct store *s = store_of(state);
    struct store_login l = {0};
    add_marked(s, "alice");
    assert_int_equal(s->ops->login(s, here, STR_LIT("alice"), STR_LIT("SCRAM-SHA-1"), &l, NULL),
                     STORE_OK);
    assert_int_equal(l.mark, MARK);
    struct store_write w = with_rows(change(STORE_PASSWORD, "alice"), "new");
    w.mark = MARK + 1;
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(issue_for(s, "alice", "phone", "aa", 1000), STORE_REFUSED);
    has(s, "alice", NULL, "");
    w.mark = MARK;
    assert_int_equal(commit(s, w), STORE_OK);
    issue(s, "phone", "aa", 1000);
}

/* What deletes all tokens, and what must leave them. */
static void ends_with_what_it_rests_on(void **state)
{
    static const enum store_change ends[] = {STORE_PASSWORD, STORE_DISABLE, STORE_LOGOUT};
    struct store *s = store_of(state);
    add_marked(s, "alice");
    add_marked(s, "bob");
    assert_int_equal(issue_for(s, "bob", "phone", "zz", 1000), STORE_OK);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct store_write w = with_rows(change(ends[i], "alice"), "new");
        issue(s, "phone", "aa", 1000);
        issue(s, "laptop", "bb", 1000);
        w.mark = MARK + 1;
        assert_int_equal(commit(s, w), STORE_OK);
        has(s, "alice", NULL, "");
        assert_int_equal(use(s, "phone", "aa", 1001, "cc"), STORE_REFUSED);
        assert_int_equal(issue_for(s, "alice", "phone", "aa", 1000), STORE_REFUSED);
        w = change(STORE_LOGOUT, "alice"); /* the old mark again, for the next round */
        w.mark = MARK;
        assert_int_equal(commit(s, w), STORE_OK);
        if (ends[i] == STORE_DISABLE)
            assert_int_equal(issue_for(s, "alice", "phone", "aa", 1000), STORE_REFUSED);
        assert_int_equal(commit(s, change(STORE_ENABLE, "alice")), STORE_OK);
    }
    issue(s, "phone", "aa", 1000);
    assert_int_equal(commit(s, change(STORE_ENABLE, "alice")), STORE_OK);
    has(s, "alice", NULL, "phone:new:aa;");
    assert_int_equal(commit(s, change(STORE_REMOVE, "alice")), STORE_OK);
    add_marked(s, "alice");
    has(s, "alice", NULL, "");
    has(s, "bob", NULL, "phone:new:zz;");
    assert_int_equal(commit(s, change(STORE_LOGOUT, "carol")), STORE_NOT_FOUND);
}

static void drops_one_client(void **state)
{
    struct store *s = store_of(state);
    struct store_write w = change(STORE_TOKENS_DROP, "alice");
    w.client = STR_LIT("phone");
    assert_int_equal(commit(s, w), STORE_NOT_FOUND);
    add_marked(s, "alice");
    assert_int_equal(commit(s, w), STORE_REFUSED);
    issue(s, "phone", "aa", 1000);
    assert_int_equal(use(s, "phone", "aa", 1001, "xx"), STORE_OK);
    issue(s, "phone", "bb", 1002);
    issue(s, "phone2", "cc", 1003);
    assert_int_equal(commit(s, w), STORE_OK);
    has(s, "alice", NULL, "phone2:new:cc;");
}

/* One client more than may be: the one that signed in longest ago goes. */
static void bounds_the_clients(void **state)
{
    struct store *s = store_of(state);
    char client[16], id[16];
    add_marked(s, "alice");
    for (int i = 0; i < STORE_CLIENTS_MAX; i++) {
        snprintf(client, sizeof client, "c%02d", i);
        snprintf(id, sizeof id, "%02d", i);
        issue(s, client, id, 1000 + i);
    }
    assert_int_equal(use(s, "c00", "00", 1040, "xx"), STORE_OK);
    issue(s, "c05", "again", 1041); /* has its place already */
    issue(s, "more", "ff", 1042);
    has(s, "alice", "c00", "c00:current:00;");
    has(s, "alice", "c01", "");
    has(s, "alice", "c02", "c02:new:02;");
    has(s, "alice", "more", "more:new:ff;");
    struct arena a = {0};
    struct store_tokens all;
    assert_int_equal(s->ops->tokens(s, here, STR_LIT("alice"), STR_NONE, &a, &all, NULL), STORE_OK);
    assert_int_equal(all.count, STORE_CLIENTS_MAX);
    arena_finish(&a);
    issue(s, "late", "ee", 900); /* the clock was set back: it is not the one to go */
    has(s, "alice", "late", "late:new:ee;");
    issue(s, "late", "dd", 901);
    has(s, "alice", "late", "late:new:dd;");
}

static void takes_hostile_clients(void **state)
{
    static const char *const clients[] = {"'; DROP TABLE token; --", "a\"b", "%", "_", "?1", ":x",
                                          "\xf0\x9f\x92\xa9",        " "};
    struct store *s = store_of(state);
    char longest[STORE_CLIENT_BYTES];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    add_marked(s, "it's");
    for (size_t i = 0; i < ARRAY_LEN(clients); i++)
        assert_int_equal(issue_for(s, "it's", clients[i], clients[i], 1000), STORE_OK);
    assert_int_equal(issue_for(s, "it's", longest, "aa", 1000), STORE_OK);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        char expected[80];
        snprintf(expected, sizeof expected, "%s:new:%s;", clients[i], clients[i]);
        has(s, "it's", clients[i], expected);
    }
    longest[sizeof longest - 2] = '\0';
    has(s, "it's", longest, "");
}

/* --- many threads --- */

enum { THREADS = 4, ROUNDS = 30 };

struct replay {
    struct store *store;
    int accepted[ROUNDS];
    int faults;
};

/* The same logins as the other threads make, each with its count. */
static void *replay(void *arg)
{
    struct replay *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct store_token_change c = {.client = STR_LIT("phone"),
                                       .used_id = STR_LIT("aa"),
                                       .has_count = true,
                                       .count = i + 1};
        struct store_write w = change(STORE_TOKEN, "alice"), *one = &w;
        w.token = &c;
        r->faults += r->store->ops->commit(r->store, &one, 1, NULL) != STORE_OK;
        r->faults += w.result != STORE_OK && w.result != STORE_REFUSED;
        r->accepted[i] = w.result == STORE_OK;
    }
    return NULL;
}

/* However many present the same token with the same count, one is believed. */
static void accepts_a_count_once(void **state)
{
    struct store *s = store_of(state);
    pthread_t threads[THREADS];
    struct replay replays[THREADS];
    add_marked(s, "alice");
    issue(s, "phone", "aa", 1000);
    for (int i = 0; i < THREADS; i++) {
        replays[i] = (struct replay){.store = s};
        assert_int_equal(pthread_create(&threads[i], NULL, replay, &replays[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(replays[i].faults, 0);
    }
    /* Each thread goes upwards, so whoever is the first with a count finds a lower one. */
    for (int round = 0; round < ROUNDS; round++) {
        int accepted = 0;
        for (int i = 0; i < THREADS; i++)
            accepted += replays[i].accepted[round];
        assert_int_equal(accepted, 1);
    }
}

#define ROW(back_end, test)                                                                        \
    {                                                                                              \
#back_end ": " #test, test, open_##back_end, close_store, NULL                             \
    }
#define ROWS(back_end)                                                                             \
    ROW(back_end, keeps_what_is_told), ROW(back_end, promotes_on_use),                             \
        ROW(back_end, counts_upwards_only), ROW(back_end, expires_and_renews),                     \
        ROW(back_end, ends_what_expires_earlier), ROW(back_end, invalidates),                      \
        ROW(back_end, goes_by_the_mark), ROW(back_end, ends_with_what_it_rests_on),                \
        ROW(back_end, drops_one_client), ROW(back_end, bounds_the_clients),                        \
        ROW(back_end, takes_hostile_clients), ROW(back_end, accepts_a_count_once)

int main(void)
{
    const struct CMUnitTest tests[] = {ROWS(mem), ROWS(sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
