#include "server/ops/ops_audit.h"

#include "net/loop.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_tokens.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { QUEUE_MAX = 64 };

struct fixture {
    struct store *store;
    struct store_ops other_ops; /* the store's, with another commit */
    uv_loop_t loop;
    struct ops *ops;
    struct ops_port *port;
    struct ops_config config;
    char told[1024]; /* "account.added alice@example.org;", events and rows as they came */
    char log[256];   /* the last line */
    size_t rows;     /* of the trail that were told */
};

static void note_event(void *ctx, const struct ops_event *event)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->told);
    snprintf(f->told + len, sizeof f->told - len, "event %s;", ops_event_name(event->kind));
}

static void note_row(void *ctx, const struct store_audit *row)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->told);
    f->rows++;
    snprintf(f->told + len, sizeof f->told - len, "%lld %.*s;", (long long)row->id,
             STR_ARG(row->action));
}

static void note_line(void *ctx, enum log_level level, const char *component, uint64_t id,
                      const char *text)
{
    struct fixture *f = ctx;
    (void)level, (void)component, (void)id;
    snprintf(f->log, sizeof f->log, "%s", text);
}

static enum store_result fail_to_commit(struct store *s, struct store_write *const *writes,
                                        size_t count, struct store_fault *fault)
{
    (void)s;
    for (size_t i = 0; i < count; i++)
        writes[i]->result = STORE_FAILED;
    snprintf(fault->text, sizeof fault->text, "disk full");
    return STORE_FAILED;
}

/* Commits nothing while the test holds it. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static enum store_result wait_to_commit(struct store *s, struct store_write *const *writes,
                                        size_t count, struct store_fault *fault)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    (void)s, (void)fault;
    for (size_t i = 0; i < count; i++)
        writes[i]->result = STORE_OK;
    return STORE_OK;
}

/* Gives the functions from before. */
static const struct store_ops *
replace_commit(struct fixture *f,
               enum store_result (*commit)(struct store *s, struct store_write *const *writes,
                                           size_t count, struct store_fault *fault))
{
    const struct store_ops *before = f->store->ops;
    f->other_ops = *before;
    f->other_ops.commit = commit;
    f->store->ops = &f->other_ops;
    return before;
}

static int make(void **state)
{
    static struct log_sink log;
    struct fixture *f = calloc(1, sizeof *f);
    if (!f || !loop_init(&f->loop) || store_mem_new(&f->store) != STORE_OK)
        return -1;
    log = (struct log_sink){.level = LOG_ERROR, .write = note_line, .ctx = f};
    f->config = (struct ops_config){.store = f->store,
                                    .domain = "example.org",
                                    .iterations = 4096,
                                    .token_life_s = 86400,
                                    .derive_threads = 1,
                                    .read_threads = 1,
                                    .queue_max = QUEUE_MAX,
                                    .audit_keep = 1000,
                                    .log = &log,
                                    .event = note_event,
                                    .audited = note_row,
                                    .ctx = f};
    *state = f;
    if (ops_new(&f->config, &f->ops, NULL) != LINNET_OK)
        return -1;
    f->port = ops_port_new(f->ops, &f->loop);
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    ops_port_free(f->port);
    ops_free(f->ops);
    loop_finish(&f->loop);
    store_free(f->store);
    free(f);
    return 0;
}

/* --- asking and waiting --- */

struct answer {
    bool came;
    enum ops_result result;
    char rows[1024]; /* "3 uid 7 account.added alice@example.org (why)\n" */
    bool more;
};

static void take(void *ctx, const struct ops_reply *reply)
{
    struct answer *a = ctx;
    size_t len = 0;
    a->came = true;
    a->result = reply->result;
    for (size_t i = 0; reply->audit && i < reply->audit->count; i++) {
        const struct store_audit *r = &reply->audit->entries[i];
        len += (size_t)snprintf(a->rows + len, sizeof a->rows - len, "%lld %s%s%s %s %s (%s)\n",
                                (long long)r->id, r->actor.ptr, r->address.len ? "/" : "",
                                r->address.ptr, r->action.ptr, r->object.ptr, r->detail.ptr);
    }
    a->more = reply->audit && reply->audit->more;
}

static void wait_for(struct fixture *f, const struct answer *a)
{
    while (!a->came)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void wait_for_rows(struct fixture *f, size_t rows)
{
    while (f->rows < rows)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static struct answer list(struct fixture *f, struct store_audit_ask which, size_t limit)
{
    struct answer a = {0};
    struct ops_ask ask = {.audit = which, .limit = limit, .done = take, .ctx = &a};
    assert_int_equal(ops_audit_list(f->port, &ask, NULL), OPS_OK);
    wait_for(f, &a);
    assert_int_equal(a.result, OPS_OK);
    return a;
}

static const char *trail(struct fixture *f)
{
    static struct answer a;
    a = list(f, (struct store_audit_ask){0}, 100);
    return a.rows;
}

typedef enum ops_result submit_fn(struct ops_port *port, const struct ops_ask *ask,
                                  struct ops_request **ret, const char **ret_why);

static enum ops_result do_as(struct fixture *f, submit_fn *what, struct ops_ask ask)
{
    struct answer a = {0};
    const char *why;
    ask.done = take;
    ask.ctx = &a;
    enum ops_result result = what(f->port, &ask, NULL, &why);
    if (result != OPS_OK)
        return result;
    wait_for(f, &a);
    return a.result;
}

/* --- tests --- */

static void every_change_leaves_a_row(void **state)
{
    struct fixture *f = *state;
    struct ops_ask ask = {.address = STR_LIT("Alice"),
                          .password = STR_LIT("secret"),
                          .reason = STR_LIT("on leave"),
                          .role = STORE_ROLE_READ_ONLY,
                          .actor = {7, STR_LIT("admin@example.org"), STR_LIT("192.0.2.7")}};
    submit_fn *const changes[] = {ops_account_add,     ops_account_passwd, ops_account_role,
                                  ops_account_disable, ops_account_enable, ops_token_revoke,
                                  ops_logout,          ops_account_remove};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        assert_int_equal(do_as(f, changes[i], ask), OPS_OK);
    assert_string_equal(
        trail(f), "8 admin@example.org/192.0.2.7 account.removed alice@example.org ()\n"
                  "7 admin@example.org/192.0.2.7 account.logged_out alice@example.org ()\n"
                  "6 admin@example.org/192.0.2.7 tokens.revoked alice@example.org ()\n"
                  "5 admin@example.org/192.0.2.7 account.enabled alice@example.org ()\n"
                  "4 admin@example.org/192.0.2.7 account.disabled alice@example.org (on leave)\n"
                  "3 admin@example.org/192.0.2.7 account.role alice@example.org (read-only)\n"
                  "2 admin@example.org/192.0.2.7 account.password alice@example.org ()\n"
                  "1 admin@example.org/192.0.2.7 account.added alice@example.org ()\n");
    assert_non_null(strstr(f->told, "event account.role;3 account.role;event account.disabled;4 "));
}

static void what_changed_nothing_leaves_none(void **state)
{
    struct fixture *f = *state;
    struct ops_ask ask = {.address = STR_LIT("alice"), .password = STR_LIT("secret")};
    assert_int_equal(do_as(f, ops_account_enable, ask), OPS_NOT_FOUND);
    assert_int_equal(do_as(f, ops_account_add, ask), OPS_OK);
    assert_int_equal(do_as(f, ops_account_add, ask), OPS_EXISTS);
    ask.token.client = STR_LIT("phone");
    assert_int_equal(do_as(f, ops_token_revoke, ask), OPS_NO_TOKEN);
    char expected[64];
    ask.actor.uid = 7;
    assert_int_equal(do_as(f, ops_logout, ask), OPS_OK);
    snprintf(expected, sizeof expected, "%s", "event account.added;1 account.added;");
    assert_memory_equal(f->told, expected, strlen(expected));
    assert_string_equal(trail(f), "2 uid 7 account.logged_out alice@example.org ()\n"
                                  "1 uid 0 account.added alice@example.org ()\n");
}

/* A client of alice that has a token, put there behind the back of ops. */
static void give_token(struct fixture *f, const char *client)
{
    struct store_login login = {0};
    assert_int_equal(f->store->ops->login(f->store, STR_LIT("example.org"), STR_LIT("alice"),
                                          STR_LIT(""), &login, NULL),
                     STORE_OK);
    struct store_token_change change = {.client = str_from(client),
                                        .mark = login.mark,
                                        .new_id = STR_LIT("feedface"),
                                        .issue_mechanism = STR_LIT("HT-SHA-256-ENDP"),
                                        .life_s = 86400,
                                        .software = STR_LIT(""),
                                        .device = STR_LIT("")};
    struct store_write write = {.change = STORE_TOKEN,
                                .domain = STR_LIT("example.org"),
                                .user = STR_LIT("alice"),
                                .token = &change,
                                .now_s = 4102444800},
                       *one = &write;
    assert_int_equal(f->store->ops->commit(f->store, &one, 1, NULL), STORE_OK);
    assert_true(change.issued);
}

static void names_the_client(void **state)
{
    struct fixture *f = *state;
    struct ops_ask ask = {.address = STR_LIT("alice"), .password = STR_LIT("secret")};
    assert_int_equal(do_as(f, ops_account_add, ask), OPS_OK);
    give_token(f, "phone");
    ask.token.client = STR_LIT("phone");
    assert_int_equal(do_as(f, ops_token_revoke, ask), OPS_OK);
    assert_string_equal(list(f, (struct store_audit_ask){.action = STR_LIT("tokens.")}, 10).rows,
                        "2 uid 0 tokens.revoked alice@example.org (phone)\n");
}

static void is_told_without_a_change(void **state)
{
    struct fixture *f = *state;
    ops_audit(f->port,
              &(struct ops_audit_entry){.actor = {.uid = 12}, .action = "server.reloaded"});
    ops_audit(f->port, &(struct ops_audit_entry){.actor = {0, STR_LIT("a@b"), STR_NONE},
                                                 .action = "session.closed",
                                                 .object = STR_LIT("bob@example.org/tv"),
                                                 .detail = STR_LIT("why")});
    wait_for_rows(f, 2);
    assert_string_equal(f->told, "1 server.reloaded;2 session.closed;");
    assert_string_equal(trail(f), "2 a@b session.closed bob@example.org/tv (why)\n"
                                  "1 uid 12 server.reloaded server ()\n");
}

static void is_read_in_pages(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++)
        ops_audit(f->port, &(struct ops_audit_entry){.action = "server.reloaded"});
    wait_for_rows(f, 3);
    struct answer a = list(f, (struct store_audit_ask){0}, 1);
    assert_string_equal(a.rows, "3 uid 0 server.reloaded server ()\n");
    assert_true(a.more);
    a = list(f, (struct store_audit_ask){.before = 3}, 2);
    assert_string_equal(a.rows, "2 uid 0 server.reloaded server ()\n"
                                "1 uid 0 server.reloaded server ()\n");
    assert_false(a.more);
    assert_string_equal(list(f, (struct store_audit_ask){.actor = STR_LIT("uid 1")}, 9).rows, "");
    assert_int_equal(list(f, (struct store_audit_ask){.object = STR_LIT("server")}, 0).more, true);
}

/* Line breaks and letters that run the other way could make a row look like another one. */
static void prints_hostile_text(void **state)
{
    struct fixture *f = *state;
    char long_text[2 * OPS_AUDIT_WHO_BYTES];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    ops_audit(f->port, &(struct ops_audit_entry){.actor = {0, STR_LIT("a\nb"), STR_LIT("\x80")},
                                                 .action = "session.closed",
                                                 .object = STR_LIT("b\xe2\x80\xae"),
                                                 .detail = STR_LIT("c\x1b[0m")});
    wait_for_rows(f, 1);
    assert_string_equal(trail(f), "1 a b/? session.closed b? (c?[0m)\n");
    ops_audit(f->port, &(struct ops_audit_entry){
                           .actor = {.name = str_from(long_text), .address = str_from(long_text)},
                           .action = long_text,
                           .object = str_from(long_text),
                           .detail = str_from(long_text)});
    wait_for_rows(f, 2);
    struct arena arena = {0};
    struct store_audit_page page;
    const struct store_audit_ask ask = {.limit = 1};
    assert_int_equal(f->store->ops->audit(f->store, &ask, &arena, &page, NULL), STORE_OK);
    assert_int_equal(page.entries[0].id, 2);
    assert_int_equal(page.entries[0].actor.len, OPS_AUDIT_WHO_BYTES - 1);
    assert_int_equal(page.entries[0].object.len, OPS_AUDIT_WHO_BYTES - 1);
    assert_int_equal(page.entries[0].address.len, OPS_AUDIT_ADDRESS_BYTES - 1);
    assert_int_equal(page.entries[0].action.len, OPS_AUDIT_ACTION_BYTES - 1);
    assert_int_equal(page.entries[0].detail.len, OPS_AUDIT_DETAIL_BYTES - 1);
    arena_finish(&arena);
}

static void keeps_as_many_as_it_is_told(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++)
        ops_audit(f->port, &(struct ops_audit_entry){.action = "session.closed"});
    ops_audit_keep(f->ops, 2);
    ops_audit(f->port, &(struct ops_audit_entry){.action = "server.reloaded"});
    wait_for_rows(f, 4);
    assert_string_equal(trail(f), "4 uid 0 server.reloaded server ()\n"
                                  "3 uid 0 session.closed server ()\n");
}

/* What an administrator did is to be seen, whatever he does after it that changes nothing. */
static void what_changes_nothing_pushes_no_change_out(void **state)
{
    static const char *const passing[] = {"server.reloaded", "session.closed", "throttle.forgiven",
                                          "console.signed_in", "console.sign_in_failed"};
    struct fixture *f = *state;
    struct ops_ask ask = {.address = STR_LIT("backdoor"), .password = STR_LIT("secret")};
    ops_audit_keep(f->ops, 1);
    assert_int_equal(do_as(f, ops_account_add, ask), OPS_OK);
    for (size_t i = 0; i < 20 * ARRAY_LEN(passing); i++) {
        ops_audit(f->port, &(struct ops_audit_entry){.action = passing[i % ARRAY_LEN(passing)]});
        wait_for_rows(f, i + 2);
    }
    assert_string_equal(list(f, (struct store_audit_ask){.action = STR_LIT("account.")}, 100).rows,
                        "1 uid 0 account.added backdoor@example.org ()\n");
    assert_string_equal(trail(f), "101 uid 0 console.sign_in_failed server ()\n"
                                  "100 uid 0 console.signed_in server ()\n"
                                  "99 uid 0 throttle.forgiven server ()\n"
                                  "1 uid 0 account.added backdoor@example.org ()\n");
}

/* Nobody is told of a row that is not there; the log is. */
static void failure_is_logged(void **state)
{
    struct fixture *f = *state;
    struct ops_ask ask = {.address = STR_LIT("alice"), .password = STR_LIT("secret")};
    assert_int_equal(do_as(f, ops_account_add, ask), OPS_OK);
    const struct store_ops *whole = replace_commit(f, fail_to_commit);
    ops_audit(f->port, &(struct ops_audit_entry){.action = "server.reloaded"});
    assert_int_equal(do_as(f, ops_account_remove, ask), OPS_STORE); /* behind it in the queue */
    f->store->ops = whole;
    assert_int_equal(f->rows, 1);
    assert_non_null(strstr(f->log, "disk full"));
    assert_string_equal(trail(f), "1 uid 0 account.added alice@example.org ()\n");
}

/* Reads nothing while the test holds it. */
static enum store_result wait_to_read(struct store *s, const struct store_audit_ask *ask,
                                      struct arena *a, struct store_audit_page *ret,
                                      struct store_fault *fault)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    (void)s, (void)ask, (void)a, (void)fault;
    *ret = (struct store_audit_page){0};
    return STORE_OK;
}

static void logins_do_not_wait_for_administrators(void **state)
{
    struct fixture *f = *state;
    struct answer pages[3] = {0}, login = {0};
    const struct store_ops *before = replace_commit(f, f->store->ops->commit);
    f->other_ops.audit = wait_to_read;
    pthread_mutex_lock(&gate);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct ops_ask ask = {.limit = 1, .done = take, .ctx = &pages[i]};
        assert_int_equal(ops_audit_list(f->port, &ask, NULL), OPS_OK);
    }
    struct ops_ask ask = {.address = STR_LIT("nobody"),
                          .scheme = STR_LIT("SCRAM-SHA-256"),
                          .done = take,
                          .ctx = &login};
    assert_int_equal(ops_login(f->port, &ask, NULL), OPS_OK);
    wait_for(f, &login);
    assert_int_equal(login.result, OPS_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        assert_false(pages[i].came);
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        wait_for(f, &pages[i]);
    f->store->ops = before;
}

static void too_much_is_logged(void **state)
{
    enum { TOO_MANY = QUEUE_MAX + 3 };
    struct fixture *f = *state;
    const struct store_ops *before = replace_commit(f, wait_to_commit);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < TOO_MANY; i++)
        ops_audit(f->port, &(struct ops_audit_entry){.action = "session.closed",
                                                     .object = STR_LIT("bob@example.org/tv")});
    assert_string_equal(
        f->log, "session.closed of bob@example.org/tv is not in the audit trail: too much waits");
    pthread_mutex_unlock(&gate);
    wait_for_rows(f, QUEUE_MAX);
    assert_in_range(f->rows, QUEUE_MAX, TOO_MANY - 1);
    f->store->ops = before;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(every_change_leaves_a_row),
        TEST(what_changed_nothing_leaves_none),
        TEST(names_the_client),
        TEST(is_told_without_a_change),
        TEST(is_read_in_pages),
        TEST(prints_hostile_text),
        TEST(keeps_as_many_as_it_is_told),
        TEST(what_changes_nothing_pushes_no_change_out),
        TEST(failure_is_logged),
        TEST(too_much_is_logged),
        TEST(logins_do_not_wait_for_administrators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
