/* What a page of the audit trail costs SQLite, counted in steps of its machine: whatever is asked
 * for, it does not grow with the rows that there are. */
#include "back_ends.h"

#include <sqlite3.h>

enum { ROWS = 8000, BATCH = 200, STEPS_MAX = 1000, NOW_S = 1767361440 };

/* --- counting --- */

static unsigned long steps; /* tests have one thread */

static int count_step(void *ctx)
{
    (void)ctx;
    steps++;
    return 0;
}

/* SQLite calls it for each connection that is opened. */
static int watch(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error, (void)api;
    sqlite3_progress_handler(db, 1, count_step, NULL);
    return SQLITE_OK;
}

static int open_watched(void **state)
{
    return sqlite3_auto_extension((void (*)(void))watch) == SQLITE_OK ? open_sqlite(state) : -1;
}

static int close_watched(void **state)
{
    sqlite3_cancel_auto_extension((void (*)(void))watch);
    return close_store(state);
}

/* --- rows --- */

/* Few rows are account.added and by "admin@x" or of "server"; nearly all are alike. */
static struct store_audit row(int number)
{
    static const char *const actions[] = {"console.sign_in_failed", "console.signed_in",
                                          "session.closed"};
    bool first = number == 0;
    return (struct store_audit){.actor = first ? STR_LIT("admin@x") : STR_LIT("looker@x"),
                                .address = STR_LIT("192.0.2.7"),
                                .action = first ? STR_LIT("account.added")
                                                : str_from(actions[number % 3]),
                                .object = number == 1 ? STR_LIT("server") : STR_LIT("looker@x"),
                                .detail = STR_LIT("full")};
}

static void fill(struct store *s)
{
    struct store_audit rows[BATCH];
    struct store_write w[BATCH], *batch[BATCH];
    for (int written = 0; written < ROWS; written += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            rows[i] = row(written + i);
            w[i] = (struct store_write){
                .change = STORE_AUDIT, .audit = &rows[i], .audit_keep = ROWS, .now_s = NOW_S};
            batch[i] = &w[i];
        }
        assert_int_equal(s->ops->commit(s, batch, BATCH, NULL), STORE_OK);
    }
}

/* --- asking --- */

/* How many rows a page has, and how many steps it took. */
static size_t ask_for(struct store *s, struct store_audit_ask ask)
{
    struct arena a = {0};
    struct store_audit_page page;
    steps = 0;
    assert_int_equal(s->ops->audit(s, &ask, &a, &page, NULL), STORE_OK);
    arena_finish(&a);
    return page.count;
}

static void a_page_costs_the_same_however_many_rows_there_are(void **state)
{
    static const struct str actors[] = {{"", 0}, {"admin@x", 7}, {"looker@x", 8}, {"x", 1}};
    static const struct str objects[] = {{"", 0}, {"server", 6}, {"looker@x", 8}, {"x", 1}};
    static const struct str actions[] = {{"", 0}, {"c", 1}, {"account.added", 13}, {"zzz", 3}};
    static const int64_t befores[] = {0, 2, ROWS / 2};
    struct store *s = ((struct fixture *)*state)->store;
    fill(s);
    for (size_t i = 0; i < 4 * 4 * 4 * ARRAY_LEN(befores); i++) {
        struct store_audit_ask ask = {.actor = actors[i % 4],
                                      .object = objects[i / 4 % 4],
                                      .action = actions[i / 16 % 4],
                                      .before = befores[i / 64],
                                      .limit = 2};
        ask_for(s, ask);
        assert_in_range(steps, 1, STEPS_MAX);
    }
}

/* That what is counted counts: a page of all rows takes a step for each, at least. */
static void a_long_page_costs_its_rows(void **state)
{
    struct store *s = ((struct fixture *)*state)->store;
    fill(s);
    assert_int_equal(ask_for(s, (struct store_audit_ask){.limit = ROWS}), ROWS);
    assert_true(steps >= ROWS);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_watched, close_watched)
    const struct CMUnitTest tests[] = {TEST(a_page_costs_the_same_however_many_rows_there_are),
                                       TEST(a_long_page_costs_its_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
