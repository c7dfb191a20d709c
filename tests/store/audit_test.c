/* The audit trail: a row goes with its change or not at all, is read in pages, and the oldest rows
 * make room. */
#include "back_ends.h"

#include <pthread.h>

enum { KEEP = 1000, NOW_S = 1767361440, DAY_S = STORE_AUDIT_YOUNG_S };

static struct store_audit row(const char *actor, const char *action, const char *object)
{
    return (struct store_audit){.actor = str_from(actor),
                                .address = STR_LIT("192.0.2.7"),
                                .action = str_from(action),
                                .object = str_from(object),
                                .detail = STR_LIT("why")};
}

/* A row of its own; its id. */
static int64_t note_at(struct store *s, struct store_audit r, int64_t keep, int64_t now_s)
{
    struct store_write w = {.change = STORE_AUDIT, .audit = &r, .audit_keep = keep, .now_s = now_s};
    assert_int_equal(commit(s, w), STORE_OK);
    assert_int_equal(r.time_s, now_s);
    return r.id;
}

static int64_t note(struct store *s, struct store_audit r, int64_t keep)
{
    return note_at(s, r, keep, NOW_S);
}

static enum store_result commit_with_row(struct store *s, struct store_write w, const char *action)
{
    struct store_audit r = row("uid 0", action, w.user.ptr);
    w.audit = &r;
    w.audit_keep = KEEP;
    return commit(s, w);
}

/* The ids that are there for `ask`, "3 2 1", with "..." when there are more. */
static const char *ids(struct store *s, struct store_audit_ask ask)
{
    static char text[256];
    struct arena a = {0};
    struct store_audit_page page;
    struct store_fault fault = {""};
    size_t len = 0;
    ask.limit = ask.limit ? ask.limit : 100;
    assert_int_equal(s->ops->audit(s, &ask, &a, &page, &fault), STORE_OK);
    assert_string_equal(fault.text, "");
    text[0] = '\0';
    for (size_t i = 0; i < page.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld", i ? " " : "",
                                (long long)page.entries[i].id);
    snprintf(text + len, sizeof text - len, "%s", page.more ? "..." : "");
    arena_finish(&a);
    return text;
}

#define IDS(s, ...) ids(s, (struct store_audit_ask){__VA_ARGS__})

static void assert_text(struct str text, const char *expected)
{
    assert_non_null(text.ptr);
    assert_string_equal(text.ptr, expected);
    assert_int_equal(text.len, strlen(expected));
}

static void keeps_what_is_told(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct arena a = {0};
    struct store_audit_page page;
    const struct store_audit_ask ask = {.limit = 10};
    struct store_audit bare = {.actor = STR_LIT("uid 0"),
                               .action = STR_LIT("server.reloaded"),
                               .object = STR_LIT("server")};
    assert_string_equal(IDS(s, .before = 0), "");
    assert_int_equal(note(s, row("admin@example.org", "account.disabled", "bob@example.org"), KEEP),
                     1);
    assert_int_equal(note(s, bare, KEEP), 2);
    assert_int_equal(s->ops->audit(s, &ask, &a, &page, NULL), STORE_OK);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.entries[1].id, 1);
    assert_int_equal(page.entries[1].time_s, NOW_S);
    assert_text(page.entries[1].actor, "admin@example.org");
    assert_text(page.entries[1].address, "192.0.2.7");
    assert_text(page.entries[1].action, "account.disabled");
    assert_text(page.entries[1].object, "bob@example.org");
    assert_text(page.entries[1].detail, "why");
    assert_text(page.entries[0].address, "");
    assert_text(page.entries[0].detail, "");
    arena_finish(&a);
}

/* What changed nothing leaves no row and uses no id. */
static void goes_with_its_change(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    assert_int_equal(commit_with_row(s, with_rows(change(STORE_ADD, "alice"), "a"), "added"),
                     STORE_OK);
    assert_int_equal(commit_with_row(s, change(STORE_ADD, "alice"), "again"), STORE_EXISTS);
    assert_int_equal(commit_with_row(s, change(STORE_REMOVE, "nobody"), "removed"),
                     STORE_NOT_FOUND);
    assert_string_equal(IDS(s, .before = 0), "1");

    struct store_write w[3] = {change(STORE_DISABLE, "alice"), change(STORE_ENABLE, "nobody"),
                               change(STORE_ENABLE, "alice")};
    struct store_audit rows[3];
    struct store_write *batch[3];
    for (size_t i = 0; i < 3; i++) {
        rows[i] = row("uid 0", "account", w[i].user.ptr);
        w[i].audit = &rows[i];
        w[i].audit_keep = KEEP;
        batch[i] = &w[i];
    }
    assert_int_equal(s->ops->commit(s, batch, 3, NULL), STORE_OK);
    assert_int_equal(w[1].result, STORE_NOT_FOUND);
    assert_int_equal(rows[0].id, 2);
    assert_int_equal(rows[2].id, 3);
    assert_string_equal(IDS(s, .before = 0), "3 2 1");
    assert_string_equal(IDS(s, .object = STR_LIT("nobody")), "");
}

static void is_read_in_pages(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    for (int i = 0; i < 5; i++)
        note(s, row("uid 0", "account.added", "x"), KEEP);
    assert_string_equal(IDS(s, .limit = 2), "5 4...");
    assert_string_equal(IDS(s, .limit = 2, .before = 4), "3 2...");
    assert_string_equal(IDS(s, .limit = 2, .before = 2), "1");
    assert_string_equal(IDS(s, .limit = 2, .before = 1), "");
    assert_string_equal(IDS(s, .limit = 5), "5 4 3 2 1");
    assert_string_equal(IDS(s, .before = INT64_MAX), "5 4 3 2 1");
}

/* Every combination of filters is a statement of its own. */
static void is_filtered(void **state)
{
    static const char *const rows[][3] = {
        {"a@x", "account.added", "bob@x"},   {"b@x", "account.added", "bob@x"},
        {"a@x", "account.role", "bob@x"},    {"a@x", "session.closed", "bob@x/phone"},
        {"a@x", "accounts", "eve@x"},        {"a@x", "account.added", "eve@x"},
        {"a@x.org", "block.added", "bob@x"}, {"A@x", "Account.added", "BOB@x"},
    };
    struct store *s = ((struct fixture *)*state)->store;
    const struct str a = STR_LIT("a@x"), bob = STR_LIT("bob@x"), account = STR_LIT("account.");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        note(s, row(rows[i][0], rows[i][1], rows[i][2]), KEEP);
    assert_string_equal(IDS(s, .action = account), "6 3 2 1");
    assert_string_equal(IDS(s, .action = STR_LIT("account")), "6 5 3 2 1");
    assert_string_equal(IDS(s, .action = STR_LIT("account.role")), "3");
    assert_string_equal(IDS(s, .actor = a), "6 5 4 3 1");
    assert_string_equal(IDS(s, .actor = a, .action = account), "6 3 1");
    assert_string_equal(IDS(s, .object = bob), "7 3 2 1");
    assert_string_equal(IDS(s, .object = bob, .action = account), "3 2 1");
    assert_string_equal(IDS(s, .object = bob, .actor = a), "3 1");
    assert_string_equal(IDS(s, .object = bob, .actor = a, .action = STR_LIT("account.a")), "1");
    assert_string_equal(IDS(s, .object = bob, .actor = a, .action = account, .before = 3), "1");
    assert_string_equal(IDS(s, .object = bob, .action = account, .limit = 2), "3 2...");
    for (const char *none = "a%_*b"; *none; none++) /* no pattern is one */
        assert_string_equal(IDS(s, .action = str_of(none, 1)), *none == 'a'   ? "6 5 3 2 1"
                                                               : *none == 'b' ? "7"
                                                                              : "");
}

static void drops_the_oldest(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_audit passing = row("uid 0", "server.reloaded", "server");
    passing.kind = STORE_AUDIT_PASSING;
    for (int i = 0; i < 5; i++)
        note(s, passing, 3);
    assert_string_equal(IDS(s, .before = 0), "5 4 3");
    assert_int_equal(note(s, passing, 2), 6);
    assert_string_equal(IDS(s, .before = 0), "6 5");
    assert_int_equal(note(s, passing, 0), 7); /* itself it keeps */
    assert_int_equal(note(s, passing, -1), 8);
    assert_string_equal(IDS(s, .before = 0), "8");
    assert_int_equal(note(s, passing, INT64_MAX), 9);
    assert_string_equal(IDS(s, .before = 0), "9 8");
}

/* A change stays for a day whatever comes after it, unless far too much does. */
static void keeps_young_changes(void **state)
{
    enum { TIMES = STORE_AUDIT_YOUNG_TIMES };
    struct store *s = ((struct fixture *)*state)->store;
    struct store_audit change_row = row("a@x", "account.role", "backdoor@x");
    for (int i = 0; i < TIMES * 2; i++)
        note(s, change_row, 2);
    assert_string_equal(IDS(s, .limit = 1, .before = 2), "1"); /* as many as there may be */
    assert_int_equal(note_at(s, change_row, 2, NOW_S + DAY_S - 1), TIMES * 2 + 1);
    assert_string_equal(IDS(s, .limit = 1, .before = 4), "3..."); /* none of these is a day old */
    assert_string_equal(IDS(s, .before = 4), "3 2");
    assert_int_equal(note_at(s, change_row, 2, NOW_S + DAY_S), TIMES * 2 + 2);
    assert_string_equal(IDS(s, .before = 0), "22 21"); /* all but that of yesterday evening */
    assert_int_equal(note_at(s, change_row, 1, NOW_S),
                     TIMES * 2 + 3); /* a clock that was set back */
    assert_string_equal(IDS(s, .before = 0), "23 22 21");
    assert_int_equal(note(s, change_row, INT64_MAX), TIMES * 2 + 4); /* times ten is no number */
    assert_string_equal(IDS(s, .before = 0), "24 23 22 21");
}

/* One that is old goes, one that is young behind it stays, and so does what is behind that. */
static void stops_at_the_first_young_change(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_audit change_row = row("a@x", "account.role", "x");
    static const int64_t times_s[] = {NOW_S, NOW_S + 1, NOW_S + DAY_S, NOW_S, NOW_S + DAY_S};
    for (size_t i = 0; i < ARRAY_LEN(times_s); i++)
        note_at(s, change_row, KEEP, times_s[i]);
    note_at(s, change_row, 1, NOW_S + DAY_S);
    assert_string_equal(IDS(s, .before = 0), "6 5 4 3 2");
    note_at(s, change_row, 1, NOW_S + DAY_S + 1);
    assert_string_equal(IDS(s, .before = 0), "7 6 5 4 3");
    note_at(s, change_row, 6, NOW_S + 2 * DAY_S); /* and no more than there are too many */
    assert_string_equal(IDS(s, .before = 0), "8 7 6 5 4 3");
    note_at(s, change_row, 5, NOW_S + 2 * DAY_S);
    assert_string_equal(IDS(s, .before = 0), "9 8 7 6 5");
}

/* Whoever signs in, or fails to, or changes nothing, pushes nobody's changes out, nor the one the
 * other. */
static void keeps_kinds_apart(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    struct store_audit change_row = row("a@x", "account.added", "x"),
                       sign_in = row("b@x", "console.signed_in", "b@x"),
                       refusal = row("uid 0", "console.sign_in_failed", "b@x"),
                       passing = row("a@x", "server.reloaded", "server");
    sign_in.kind = STORE_AUDIT_SIGN_INS;
    refusal.kind = STORE_AUDIT_REFUSALS;
    passing.kind = STORE_AUDIT_PASSING;
    note(s, change_row, 2);
    note(s, sign_in, 2);
    for (int i = 0; i < 5; i++)
        note(s, refusal, 2);
    assert_string_equal(IDS(s, .before = 0), "7 6 2 1");
    for (int i = 0; i < 3; i++)
        note(s, sign_in, 2);
    assert_string_equal(IDS(s, .before = 0), "10 9 7 6 1");
    assert_int_equal(note(s, change_row, 2), 11);
    assert_int_equal(note_at(s, change_row, 1, NOW_S + DAY_S), 12);
    assert_string_equal(IDS(s, .before = 0), "12 10 9 7 6");
    assert_int_equal(note(s, refusal, 1), 13); /* the highest id of all goes on, whatever went */
    assert_string_equal(IDS(s, .before = 0), "13 12 10 9");
    assert_string_equal(IDS(s, .action = STR_LIT("console.")), "13 10 9");
    for (int i = 0; i < 3; i++)
        note(s, passing, 1);
    assert_string_equal(IDS(s, .before = 0), "16 13 12 10 9");
}

/* A trail that is made much shorter gets so bit by bit. */
static void drops_not_too_many(void **state)
{
    enum { ROWS = STORE_AUDIT_DROP_MAX + 500 };
    struct store *s = ((struct fixture *)*state)->store;
    struct store_audit rows[100];
    struct store_write w[100], *batch[100];
    for (int written = 0; written < ROWS; written += 100) {
        for (size_t i = 0; i < 100; i++) {
            rows[i] = row("uid 0", "account.added", "x");
            w[i] = (struct store_write){
                .change = STORE_AUDIT, .audit = &rows[i], .audit_keep = 2 * ROWS};
            batch[i] = &w[i];
        }
        assert_int_equal(s->ops->commit(s, batch, 100, NULL), STORE_OK);
    }
    assert_int_equal(rows[99].id, ROWS);
    note(s, row("uid 0", "account.added", "x"), 1);
    assert_string_equal(IDS(s, .before = STORE_AUDIT_DROP_MAX + 3), "1002 1001");
    note_at(s, row("uid 0", "account.added", "x"), 1, NOW_S + DAY_S);
    assert_string_equal(IDS(s, .before = 0), "1502");
}

static void takes_hostile_text(void **state)
{
    static const char *const texts[] = {"'; DROP TABLE audit; --",  "%",   "\xf4\x8f\xbf\xbf", "\"",
                                        "\xe4\xb8\xad\xe6\x96\x87", "a\nb"};
    struct store *s = ((struct fixture *)*state)->store;
    char expected[8];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str text = str_from(texts[i]);
        note(s, row(texts[i], texts[i], texts[i]), KEEP);
        snprintf(expected, sizeof expected, "%zu", i + 1);
        assert_string_equal(IDS(s, .actor = text), expected);
        assert_string_equal(IDS(s, .object = text), expected);
        assert_string_equal(IDS(s, .actor = text, .object = text, .action = text), expected);
    }
    assert_string_equal(IDS(s, .before = 0), "6 5 4 3 2 1");
}

/* --- several at once --- */

enum { THREADS = 4, EACH = 25 };

static void *write_rows(void *arg)
{
    struct store *s = arg;
    for (int i = 0; i < EACH; i++) {
        struct store_audit r = row("uid 0", "account.added", "x");
        struct store_write w = {.change = STORE_AUDIT, .audit = &r, .audit_keep = KEEP}, *one = &w;
        if (s->ops->commit(s, &one, 1, NULL) != STORE_OK || w.result != STORE_OK)
            return NULL;
    }
    return s;
}

/* Each row has a number of its own, without gaps. */
static void numbers_rows_of_many_threads(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    pthread_t threads[THREADS];
    struct arena a = {0};
    struct store_audit_page page;
    const struct store_audit_ask ask = {.limit = KEEP};
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_rows, s), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, s);
    }
    assert_int_equal(s->ops->audit(s, &ask, &a, &page, NULL), STORE_OK);
    assert_int_equal(page.count, THREADS * EACH);
    for (size_t i = 0; i < page.count; i++)
        assert_int_equal(page.entries[i].id, page.count - i);
    arena_finish(&a);
}

#define BOTH(test)                                                                                 \
    {"mem: " #test, test, open_mem, close_store, NULL},                                            \
    {                                                                                              \
        "sqlite: " #test, test, open_sqlite, close_store, NULL                                     \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(keeps_what_is_told),
        BOTH(goes_with_its_change),
        BOTH(is_read_in_pages),
        BOTH(is_filtered),
        BOTH(drops_the_oldest),
        BOTH(drops_not_too_many),
        BOTH(keeps_kinds_apart),
        BOTH(takes_hostile_text),
        BOTH(numbers_rows_of_many_threads),
        BOTH(keeps_young_changes),
        BOTH(stops_at_the_first_young_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
