/* What only a database on disk can promise: private files, migrations from every version, and that
 * what was acknowledged survives kill -9. */
#include "server/store/migrations.h"
#include "server/store/store.h"
#include "server/store/store_sql.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[32];
    char db[64];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        return -1;
    *state = p;
    snprintf(p->dir, sizeof p->dir, "/tmp/linnet-sqlite-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->db, sizeof p->db, "%s/linnet.db", p->dir);
    return 0;
}

static int remove_place(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct place *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", p->db, suffixes[i]);
        unlink(path);
    }
    rmdir(p->dir);
    free(p);
    return 0;
}

static struct store *open_store(const struct place *p)
{
    struct store *s;
    struct store_fault fault = {""};
    enum store_result result = store_sqlite_open(p->db, &s, &fault);
    assert_string_equal(fault.text, "");
    assert_int_equal(result, STORE_OK);
    return s;
}

/* --- files --- */

static void files_are_private(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    const struct place *p = *state;
    mode_t before = umask(0);
    struct store *s = open_store(p);
    umask(before);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char path[80];
        struct stat st;
        snprintf(path, sizeof path, "%s%s", p->db, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    store_free(s);
}

static void says_why_it_cannot_open(void **state)
{
    const struct place *p = *state;
    struct store *s;
    struct store_fault fault = {""};
    assert_int_equal(store_sqlite_open("/nonexistent/linnet.db", &s, &fault), STORE_FAILED);
    assert_non_null(strstr(fault.text, "No such file"));
    assert_null(s);

    FILE *f = fopen(p->db, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", f);
    fclose(f);
    assert_int_equal(store_sqlite_open(p->db, &s, &fault), STORE_FAILED);
    assert_non_null(strstr(fault.text, "not a database"));
}

/* --- migrations --- */

/* What a server of each version would have written. */
static const char *const rows_of[] = {
    "INSERT INTO account VALUES ('example.org', 'alice', 1, 2, 1, 'why');"
    "INSERT INTO credential VALUES ('example.org', 'alice', 'SCRAM-SHA-1', 'value')",
    "INSERT INTO meta VALUES ('fake-salt-key', '00')",
    "INSERT INTO token VALUES ('example.org', 'alice', 'phone', 0, 'aa', 'HT-SHA-256-NONE', 5, 6,"
    " 7, 8, 'soft', 'device')",
    "INSERT INTO session VALUES ('example.org', 'bob', 'id', 'r', '', 1, 2, 3, 4, 5, 6, 0, 0, '', "
    "'');"
    "INSERT INTO session_stanza VALUES ('id', 0, 1, 2, '<message/>')",
    "INSERT INTO session VALUES ('example.org', 'carol', 'id-2', 'r', '', 1, 2, 3, 4, 5, 6, 0, 0, "
    "'', '', 7)",
    "UPDATE account SET role = 2 WHERE username = 'alice'",
    "INSERT INTO audit VALUES (5, 1, 'uid 0', '', 'account.role', 'alice@example.org', 'full')",
    "INSERT INTO setting VALUES ('log.level', 'info');"
    "INSERT INTO setting_change VALUES (1, 2, 'uid 0', '', 'log.level', NULL, 'info')",
    "INSERT INTO block VALUES ('192.0.2.0/24', 1, 0, 'spam', 'uid 0')",
    "INSERT INTO weak_login VALUES ('example.org', 'alice', 'DIGEST-MD5', 3, 'soft')",
    "INSERT INTO audit VALUES (6, 1, 'uid 0', '', 'console.signed_in', 'alice@example.org', 'full',"
    " 1, 1)",
    "INSERT INTO audit VALUES (7, 1, 'uid 0', '', 'server.reloaded', 'server', '', 3, 1)",
};

static struct sql *open_at(const struct place *p, unsigned version)
{
    struct sql *db;
    char reason[SQL_REASON_BYTES] = "";
    assert_int_equal(sql_sqlite.open(p->db, true, &db, reason), SQL_DONE);
    for (unsigned i = 1; i <= version; i++) {
        assert_int_equal(migrations_run(db, i, reason), SQL_DONE);
        assert_int_equal(sql_sqlite.exec(db, rows_of[i - 1]), SQL_DONE);
    }
    return db;
}

static void keeps_tokens_of(struct store *s, bool has_one)
{
    struct arena a = {0};
    struct store_tokens tokens;
    assert_int_equal(
        s->ops->tokens(s, STR_LIT("example.org"), STR_LIT("alice"), STR_NONE, &a, &tokens, NULL),
        STORE_OK);
    assert_true(tokens.disabled);
    assert_int_equal(tokens.mark, 0);
    assert_int_equal(tokens.count, has_one);
    if (has_one) {
        assert_string_equal(tokens.tokens[0].client, "phone");
        assert_string_equal(tokens.tokens[0].id, "aa");
        assert_int_equal(tokens.tokens[0].count, 5);
        assert_int_equal(tokens.tokens[0].used_s, 8);
        assert_string_equal(tokens.tokens[0].device, "device");
    }
    arena_finish(&a);
}

static void keeps_security_of(struct store *s, bool has_block, bool has_weak)
{
    struct arena a = {0};
    struct store_blocks blocks;
    struct store_weak_logins weak;
    assert_int_equal(s->ops->blocks(s, &a, &blocks, NULL), STORE_OK);
    assert_int_equal(blocks.count, has_block);
    if (has_block)
        assert_true(str_is(blocks.blocks[0].actor, "uid 0"));
    assert_int_equal(s->ops->weak_logins(s, STR_LIT("example.org"), 2, &a, &weak, NULL), STORE_OK);
    assert_int_equal(weak.count, has_weak);
    if (has_weak)
        assert_int_equal(weak.logins[0].last_s, 3);
    arena_finish(&a);
}

static void gives_no_unknown_role(const struct place *p, struct store *s)
{
    struct arena a = {0};
    struct store_account account;
    struct sql *db;
    char reason[SQL_REASON_BYTES] = "";
    assert_int_equal(sql_sqlite.open(p->db, true, &db, reason), SQL_DONE);
    assert_int_equal(sql_sqlite.exec(db, "UPDATE account SET role = 3"), SQL_DONE);
    sql_sqlite.close(db);
    assert_int_equal(
        s->ops->account(s, STR_LIT("example.org"), STR_LIT("alice"), &a, &account, NULL), STORE_OK);
    assert_int_equal(account.role, STORE_ROLE_NONE);
    arena_finish(&a);
}

static void numbers_audit_rows_after(struct store *s, int64_t last)
{
    struct store_audit row = {
        .actor = STR_LIT("uid 0"), .action = STR_LIT("a.b"), .object = STR_LIT("server")};
    struct store_write w = {.change = STORE_AUDIT, .audit = &row, .audit_keep = 9}, *one = &w;
    assert_int_equal(s->ops->commit(s, &one, 1, NULL), STORE_OK);
    assert_int_equal(w.result, STORE_OK);
    assert_int_equal(row.id, last + 1);
}

static void migrates_from_every_version(void **state)
{
    const struct place *p = *state;
    assert_int_equal(ARRAY_LEN(rows_of), migration_count);
    for (unsigned version = 0; version <= migration_count; version++) {
        struct store_login l = {0};
        struct buf meta = {0};
        sql_sqlite.close(open_at(p, version));
        struct store *s = open_store(p);
        enum store_result login = s->ops->login(s, STR_LIT("example.org"), STR_LIT("alice"),
                                                STR_LIT("SCRAM-SHA-1"), &l, NULL);
        assert_int_equal(login, version >= 1 ? STORE_OK : STORE_NOT_FOUND);
        if (version >= 1) {
            assert_string_equal(l.value, "value");
            assert_string_equal(l.reason, "why");
            assert_int_equal(l.role, version >= 6 ? STORE_ROLE_FULL : STORE_ROLE_NONE);
            gives_no_unknown_role(p, s);
        }
        assert_int_equal(s->ops->meta(s, STR_LIT("fake-salt-key"), &meta, NULL),
                         version >= 2 ? STORE_OK : STORE_NOT_FOUND);
        buf_finish(&meta);
        if (version >= 1)
            keeps_tokens_of(s, version >= 3);
        keeps_security_of(s, version >= 9, version >= 10);
        numbers_audit_rows_after(s, version >= 12 ? 7 : version >= 11 ? 6 : version >= 7 ? 5 : 0);
        store_free(s);
        unlink(p->db);
    }
}

/* A migration that fails leaves the version and the tables as they were. */
static void failed_migration_changes_nothing(void **state)
{
    const struct place *p = *state;
    char reason[SQL_REASON_BYTES] = "";
    struct store *s;
    struct store_fault fault = {""};
    struct sql *db = open_at(p, 1);
    /* in the way of 0002 */
    assert_int_equal(sql_sqlite.exec(db, "CREATE TABLE meta (x)"), SQL_DONE);
    assert_int_equal(migrations_run(db, migration_count, reason), SQL_FAILED);
    assert_non_null(strstr(reason, "meta"));
    sql_sqlite.close(db);
    assert_int_equal(store_sqlite_open(p->db, &s, &fault), STORE_FAILED);

    assert_int_equal(sql_sqlite.open(p->db, true, &db, reason), SQL_DONE);
    assert_int_equal(sql_sqlite.exec(db, "DROP TABLE meta"), SQL_DONE);
    assert_int_equal(migrations_run(db, migration_count, reason), SQL_DONE);
    sql_sqlite.close(db);
}

static void refuses_a_newer_schema(void **state)
{
    const struct place *p = *state;
    struct store *s;
    struct store_fault fault = {""};
    struct sql *db = open_at(p, migration_count);
    assert_int_equal(sql_sqlite.exec(db, "INSERT INTO migration VALUES (99, 'future')"), SQL_DONE);
    sql_sqlite.close(db);
    assert_int_equal(store_sqlite_open(p->db, &s, &fault), STORE_FAILED);
    assert_non_null(strstr(fault.text, "schema 99"));
}

/* --- durability --- */

/* Adds accounts in batches for ever, and tells each one that was acknowledged through `fd`. */
static _Noreturn void write_until_killed(const struct place *p, int fd, int first)
{
    enum { BATCH = 5 };
    struct store *s;
    if (store_sqlite_open(p->db, &s, NULL) != STORE_OK)
        _exit(1);
    for (int number = first;; number += BATCH) {
        struct store_write w[BATCH], *batch[BATCH];
        char users[BATCH][16];
        for (int i = 0; i < BATCH; i++) {
            snprintf(users[i], sizeof users[i], "u%d", number + i);
            w[i] = (struct store_write){.change = STORE_ADD,
                                        .domain = STR_LIT("example.org"),
                                        .user = str_from(users[i]),
                                        .credentials = {{STR_LIT("SCRAM-SHA-1"), STR_LIT("v")}},
                                        .credential_count = 1};
            batch[i] = &w[i];
        }
        if (s->ops->commit(s, batch, BATCH, NULL) != STORE_OK)
            _exit(2);
        for (int i = 0; i < BATCH; i++) {
            int acked = number + i;
            if (w[i].result != STORE_OK || write(fd, &acked, sizeof acked) != sizeof acked)
                _exit(3);
        }
    }
}

/* Kills a writer after some acknowledgements; returns the last account that was acknowledged. */
static int run_and_kill(const struct place *p, int first, int acknowledgements)
{
    int fds[2], acked = first - 1;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        write_until_killed(p, fds[1], first);
    }
    close(fds[1]);
    for (int i = 0; i < acknowledgements; i++)
        assert_int_equal(read(fds[0], &acked, sizeof acked), sizeof acked);
    kill(child, SIGKILL);
    int number;
    while (read(fds[0], &number, sizeof number) == sizeof number)
        acked = number;
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return acked;
}

static void acknowledged_writes_survive_kill(void **state)
{
    enum { KILLS = 6 };
    const struct place *p = *state;
    int first = 0;
    for (int i = 0; i < KILLS; i++) {
        int last = run_and_kill(p, first, 20 + 17 * i);
        struct store *s = open_store(p);
        struct store_login l;
        for (int number = 0; number <= last; number++) {
            char user[16];
            snprintf(user, sizeof user, "u%d", number);
            assert_int_equal(s->ops->login(s, STR_LIT("example.org"), str_from(user),
                                           STR_LIT("SCRAM-SHA-1"), &l, NULL),
                             STORE_OK);
        }
        /* A transaction is there as a whole or not at all. */
        struct arena a = {0};
        struct store_page page;
        assert_int_equal(s->ops->accounts(s, STR_LIT("example.org"), STR_LIT(""), STR_LIT(""),
                                          100000, &a, &page, NULL),
                         STORE_OK);
        assert_int_equal(page.count % 5, 0);
        first = (int)page.count;
        arena_finish(&a);
        store_free(s);
    }
}

/* Another process that holds the lock gives STORE_BUSY, not a lost change, and nothing is kept. */
static void tells_a_lock_from_a_failure(void **state)
{
    const struct place *p = *state;
    struct store *s = open_store(p);
    struct sql *other;
    char reason[SQL_REASON_BYTES];
    assert_int_equal(sql_sqlite.open(p->db, true, &other, reason), SQL_DONE);
    assert_int_equal(sql_sqlite.exec(other, "BEGIN IMMEDIATE"), SQL_DONE);
    struct store_write w = {.change = STORE_ADD,
                            .domain = STR_LIT("example.org"),
                            .user = STR_LIT("alice")},
                       *one = &w;
    struct store_fault fault = {""};
    assert_int_equal(s->ops->commit(s, &one, 1, &fault), STORE_BUSY);
    assert_int_equal(w.result, STORE_BUSY);
    assert_non_null(strstr(fault.text, "locked"));
    assert_int_equal(sql_sqlite.exec(other, "ROLLBACK"), SQL_DONE);
    assert_int_equal(s->ops->commit(s, &one, 1, &fault), STORE_OK);
    assert_int_equal(w.result, STORE_OK);
    sql_sqlite.close(other);
    store_free(s);
}

/* --- what a sign-in by token asks for --- */

/* SQLite's driver, but for a list of what was run. */
static struct {
    struct sql_driver driver;
    struct {
        const struct sql_stmt *stmt;
        char word[16];
    } known[40];
    size_t known_count, prepared, executed;
    const struct sql_stmt *last;
    char ran[200];
} spy;

static enum sql_result spy_open(const char *where, bool writer, struct sql **ret, char *reason)
{
    enum sql_result r = sql_sqlite.open(where, writer, ret, reason);
    if (r == SQL_DONE)
        (*ret)->driver = &spy.driver;
    return r;
}

static enum sql_result spy_exec(struct sql *db, const char *text)
{
    spy.executed++;
    return sql_sqlite.exec(db, text);
}

/* A statement that is gone may have had the same address. */
static enum sql_result spy_prepare(struct sql *db, const char *text, struct sql_stmt **ret)
{
    enum sql_result r = sql_sqlite.prepare(db, text, ret);
    size_t at = 0;
    while (at < spy.known_count && spy.known[at].stmt != *ret)
        at++;
    assert_true(at < ARRAY_LEN(spy.known));
    spy.known[at].stmt = *ret;
    sscanf(text, "%15s", spy.known[at].word);
    spy.known_count += at == spy.known_count;
    spy.prepared++;
    return r;
}

static enum sql_result spy_step(struct sql_stmt *stmt)
{
    for (size_t i = 0; stmt != spy.last && i < spy.known_count; i++)
        if (spy.known[i].stmt == stmt)
            snprintf(spy.ran + strlen(spy.ran), sizeof spy.ran - strlen(spy.ran), "%s ",
                     spy.known[i].word);
    spy.last = stmt;
    return sql_sqlite.step(stmt);
}

static struct store *open_spied(const struct place *p)
{
    struct store *s;
    memset(&spy, 0, sizeof spy);
    spy.driver = sql_sqlite;
    spy.driver.open = spy_open;
    spy.driver.exec = spy_exec;
    spy.driver.prepare = spy_prepare;
    spy.driver.step = spy_step;
    assert_int_equal(store_sql_open(&spy.driver, p->db, &s, NULL), STORE_OK);
    return s;
}

static enum store_result write_one(struct store *s, enum store_change change,
                                   struct store_token_change *token)
{
    struct store_write w = {.change = change,
                            .domain = STR_LIT("example.org"),
                            .user = STR_LIT("alice"),
                            .token = token,
                            .mark = 7,
                            .now_s = 1000},
                       *one = &w;
    assert_int_equal(s->ops->commit(s, &one, 1, NULL), STORE_OK);
    return w.result;
}

static enum store_result use_token(struct store *s, int64_t count)
{
    struct store_token_change use = {.client = STR_LIT("c"),
                                     .used_id = STR_LIT("aa"),
                                     .has_count = true,
                                     .count = count,
                                     .life_s = 1000};
    return write_one(s, STORE_TOKEN, &use);
}

/* Whoever makes it dearer should know that he does. */
static void a_token_is_used_by_one_update(void **state)
{
    struct store *s = open_spied(*state);
    struct store_token_change issue = {.client = STR_LIT("c"),
                                       .mark = 7,
                                       .new_id = STR_LIT("aa"),
                                       .issue_mechanism = STR_LIT("HT-SHA-256-NONE"),
                                       .life_s = 1000};
    assert_int_equal(write_one(s, STORE_ADD, NULL), STORE_OK);
    assert_int_equal(write_one(s, STORE_TOKEN, &issue), STORE_OK);
    assert_int_equal(use_token(s, 1), STORE_OK); /* the new one becomes the current one */
    assert_int_equal(use_token(s, 2), STORE_OK);
    assert_int_equal(use_token(s, 2), STORE_REFUSED);
    spy.prepared = spy.executed = 0;
    spy.ran[0] = '\0';
    assert_int_equal(use_token(s, 3), STORE_OK);
    assert_string_equal(spy.ran, "BEGIN SELECT UPDATE COMMIT ");
    spy.ran[0] = '\0';
    assert_int_equal(use_token(s, 3), STORE_REFUSED);
    assert_string_equal(spy.ran, "BEGIN SELECT ROLLBACK ");
    assert_int_equal(spy.prepared + spy.executed, 0);
    store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_private, make_place, remove_place),
        cmocka_unit_test_setup_teardown(says_why_it_cannot_open, make_place, remove_place),
        cmocka_unit_test_setup_teardown(migrates_from_every_version, make_place, remove_place),
        cmocka_unit_test_setup_teardown(failed_migration_changes_nothing, make_place, remove_place),
        cmocka_unit_test_setup_teardown(refuses_a_newer_schema, make_place, remove_place),
        cmocka_unit_test_setup_teardown(acknowledged_writes_survive_kill, make_place, remove_place),
        cmocka_unit_test_setup_teardown(tells_a_lock_from_a_failure, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_token_is_used_by_one_update, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
