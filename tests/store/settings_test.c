/* Settings that are stored, and the history of their changes: what each back end must do. */
#include "back_ends.h"

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

/* At `now_s`; a NULL value resets. */
static enum store_result set_at(struct store *s, const char *name, const char *value, int64_t now_s)
{
    const struct store_setting_change setting = {.actor = STR_LIT("admin@example.org"),
                                                 .address = STR_LIT("192.0.2.7"),
                                                 .name = str_from(name),
                                                 .new_value = str_from(value)};
    struct store_write w = change(STORE_SETTING, "");
    w.setting = &setting;
    w.now_s = now_s;
    return commit(s, w);
}

static struct store_settings settings(struct store *s, struct arena *a)
{
    struct store_settings all;
    struct store_fault fault = {""};
    assert_int_equal(s->ops->settings(s, a, &all, &fault), STORE_OK);
    return all;
}

static struct store_setting_changes history(struct store *s, const char *name, int64_t before,
                                            size_t limit, struct arena *a)
{
    struct store_setting_changes page;
    struct store_fault fault = {""};
    const struct store_setting_query query = {str_from(name), before, limit};
    assert_int_equal(s->ops->setting_changes(s, &query, a, &page, &fault), STORE_OK);
    return page;
}

/* NULL: not set. */
static void assert_value(struct str value, const char *expected)
{
    assert_true(expected ? str_is(value, expected) : !value.ptr);
}

static void are_set_and_reset(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    assert_int_equal(settings(s, &a).count, 0);
    assert_int_equal(set_at(s, "log.level", NULL, 1), STORE_NOT_FOUND);
    assert_int_equal(set_at(s, "log.level", "debug", 2), STORE_OK);
    assert_int_equal(set_at(s, "c2s.listen", "", 3), STORE_OK);
    assert_int_equal(set_at(s, "log.level", "debug", 4), STORE_EXISTS);
    assert_int_equal(set_at(s, "log.level", "info'; --", 5), STORE_OK);
    struct store_settings all = settings(s, &a);
    assert_int_equal(all.count, 2);
    assert_true(str_is(all.settings[0].name, "c2s.listen"));
    assert_value(all.settings[0].value, "");
    assert_true(str_is(all.settings[1].name, "log.level"));
    assert_value(all.settings[1].value, "info'; --");
    assert_int_equal(set_at(s, "log.level", NULL, 6), STORE_OK);
    assert_int_equal(set_at(s, "log.level", NULL, 7), STORE_NOT_FOUND);
    assert_int_equal(settings(s, &a).count, 1);
    arena_finish(&a);
}

static void have_a_history(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    set_at(s, "log.level", "debug", 10);
    set_at(s, "log.level", "debug", 11); /* nothing changes: no row */
    set_at(s, "loops", "2", 12);
    set_at(s, "log.level", "", 13);
    set_at(s, "log.level", NULL, 14);
    struct store_setting_changes page = history(s, "log.level", 0, 5, &a);
    static const char *const values[][2] = {{"", NULL}, {"debug", ""}, {NULL, "debug"}};
    static const int64_t times[] = {14, 13, 10};
    assert_int_equal(page.count, 3);
    assert_false(page.more);
    for (size_t i = 0; i < page.count; i++) {
        const struct store_setting_change *c = &page.changes[i];
        assert_value(c->old_value, values[i][0]);
        assert_value(c->new_value, values[i][1]);
        assert_int_equal(c->time_s, times[i]);
        assert_true(str_is(c->name, "log.level") && str_is(c->actor, "admin@example.org"));
        assert_true(str_is(c->address, "192.0.2.7"));
    }
    page = history(s, "", 0, 2, &a);
    assert_int_equal(page.count, 2);
    assert_true(page.more);
    page = history(s, "", page.changes[1].id, 2, &a);
    assert_int_equal(page.count, 2);
    assert_false(page.more);
    assert_true(str_is(page.changes[0].name, "loops"));
    assert_int_equal(history(s, "nothing", 0, 2, &a).count, 0);
    arena_finish(&a);
}

/* A write that fails beside others leaves no trace, and takes none with it. */
static void are_changed_among_others(void **state)
{
    struct store *s = store_of(state);
    struct arena a = {0};
    const struct store_setting_change one = {
        .actor = STR_LIT("uid 0"), .name = STR_LIT("log.level"), .new_value = STR_LIT("info")};
    const struct store_setting_change none = {.actor = STR_LIT("uid 0"), .name = STR_LIT("loops")};
    struct store_write writes[3] = {change(STORE_SETTING, ""), change(STORE_SETTING, ""),
                                    change(STORE_ENABLE, "nobody")};
    struct store_write *all[] = {&writes[0], &writes[1], &writes[2]};
    struct store_fault fault = {""};
    writes[0].setting = &none;
    writes[1].setting = &one;
    assert_int_equal(s->ops->commit(s, all, 3, &fault), STORE_OK);
    assert_int_equal(writes[0].result, STORE_NOT_FOUND);
    assert_int_equal(writes[1].result, STORE_OK);
    assert_int_equal(settings(s, &a).count, 1);
    struct store_setting_changes page = history(s, "", 0, 5, &a);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.changes[0].address.len, 0);
    arena_finish(&a);
}

/* In transactions of many, as ops write them. */
static void forget_what_is_old(void **state)
{
    enum { BATCH = 200, MORE = 50 };
    static struct store_write writes[BATCH];
    static struct store_setting_change changes[BATCH];
    static char values[BATCH][8];
    struct store_write *all[BATCH];
    struct store *s = store_of(state);
    struct arena a = {0};
    for (size_t done = 0; done < STORE_SETTING_CHANGES + MORE; done += BATCH) {
        struct store_fault fault = {""};
        for (size_t i = 0; i < BATCH; i++) {
            snprintf(values[i], sizeof values[i], "%zu", done + i);
            changes[i] = (struct store_setting_change){.actor = STR_LIT("uid 0"),
                                                       .name = STR_LIT("loops"),
                                                       .new_value = str_from(values[i])};
            writes[i] = change(STORE_SETTING, "");
            writes[i].setting = &changes[i];
            all[i] = &writes[i];
        }
        assert_int_equal(s->ops->commit(s, all, BATCH, &fault), STORE_OK);
    }
    struct store_setting_changes page = history(s, "", 0, STORE_SETTING_CHANGES + BATCH, &a);
    assert_int_equal(page.count, STORE_SETTING_CHANGES);
    assert_false(page.more);
    assert_true(str_is(page.changes[0].new_value, "10199"));
    assert_true(str_is(page.changes[page.count - 1].new_value, "200"));
    arena_finish(&a);
}

#define ROW(back_end, test)                                                                        \
    {                                                                                              \
#back_end ": " #test, test, open_##back_end, close_store, NULL                             \
    }
#define ROWS(back_end)                                                                             \
    ROW(back_end, are_set_and_reset), ROW(back_end, have_a_history),                               \
        ROW(back_end, are_changed_among_others), ROW(back_end, forget_what_is_old)

int main(void)
{
    const struct CMUnitTest tests[] = {ROWS(mem), ROWS(sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
