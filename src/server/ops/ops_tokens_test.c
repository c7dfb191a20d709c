#include "server/ops/ops_tokens.h"

#include "net/loop.h"
#include "server/ops/ops_accounts.h"
#include "server/ops/ops_token_key.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_S = 86400, LIFE_S = 30 * DAY_S };

static const struct str none_mech = {"HT-SHA-256-NONE", 15};

struct fixture {
    char dir[40], key[64];
    struct store *store;
    uv_loop_t loop;
    struct ops *ops;
    struct ops_port *port;
    struct ops_config config;
    char events[256]; /* "tokens.revoked alice;" */
};

static void note_event(void *ctx, const struct ops_event *event)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->events);
    snprintf(f->events + len, sizeof f->events - len, "%s %.*s;", ops_event_name(event->kind),
             STR_ARG(event->user));
}

static void start(struct fixture *f)
{
    assert_int_equal(ops_new(&f->config, &f->ops, NULL), LINNET_OK);
    f->port = ops_port_new(f->ops, &f->loop);
}

static void stop(struct fixture *f)
{
    ops_port_free(f->port);
    ops_free(f->ops);
}

static void write_key(const struct fixture *f, size_t len)
{
    FILE *file = fopen(f->key, "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc((int)i, file);
    fclose(file);
    assert_int_equal(chmod(f->key, 0600), 0);
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f || !loop_init(&f->loop) || store_mem_new(&f->store) != STORE_OK)
        return -1;
    snprintf(f->dir, sizeof f->dir, "/tmp/linnet-tokens-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->key, sizeof f->key, "%s/token.key", f->dir);
    f->config = (struct ops_config){.store = f->store,
                                    .domain = "example.org",
                                    .iterations = 4096,
                                    .token_key_file = f->key,
                                    .token_life_s = LIFE_S,
                                    .derive_threads = 1,
                                    .read_threads = 1,
                                    .queue_max = 64,
                                    .event = note_event,
                                    .ctx = f};
    start(f);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    stop(f);
    loop_finish(&f->loop);
    store_free(f->store);
    unlink(f->key);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* --- asking and waiting --- */

struct answer {
    bool came, disabled;
    enum ops_result result;
    struct ops_token tokens[STORE_SLOTS];
    size_t token_count;
    struct ops_token_outcome outcome;
    char reason[64];
    int64_t mark;
    char list[256]; /* "client software device slot;" */
};

static void take(void *ctx, const struct ops_reply *reply)
{
    struct answer *a = ctx;
    assert_false(a->came);
    *a = (struct answer){.came = true,
                         .result = reply->result,
                         .disabled = reply->disabled,
                         .mark = reply->mark,
                         .token_count = reply->token_count};
    snprintf(a->reason, sizeof a->reason, "%s", reply->reason ? reply->reason : "");
    if (reply->tokens)
        memcpy(a->tokens, reply->tokens, sizeof a->tokens);
    if (reply->outcome)
        a->outcome = *reply->outcome;
    for (size_t i = 0; reply->clients && i < reply->clients->count; i++) {
        const struct store_token *t = &reply->clients->tokens[i];
        size_t len = strlen(a->list);
        snprintf(a->list + len, sizeof a->list - len, "%s %s %s %d;", t->client, t->software,
                 t->device, (int)t->slot);
    }
}

static struct answer await(struct fixture *f, struct answer *a)
{
    while (!a->came)
        uv_run(&f->loop, UV_RUN_ONCE);
    return *a;
}

static struct ops_ask ask_of(struct answer *a, const char *user, const char *client)
{
    *a = (struct answer){0};
    return (struct ops_ask){
        .address = str_from(user), .token = {.client = str_from(client)}, .done = take, .ctx = a};
}

/* A call that says why. */
typedef enum ops_result submit_fn(struct ops_port *, const struct ops_ask *, struct ops_request **,
                                  const char **);

static struct answer run(struct fixture *f, submit_fn *submit, const struct ops_ask *ask)
{
    const char *why;
    struct answer *a = ask->ctx;
    enum ops_result result = submit(f->port, ask, NULL, &why);
    if (result == OPS_OK)
        return await(f, a);
    assert_true((why[0] != '\0') == (result == OPS_BAD_NAME || result == OPS_BAD_CLIENT));
    return (struct answer){.result = result};
}

static void set_password(struct fixture *f, submit_fn *submit, const char *user)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    ask.password = STR_LIT("secret");
    assert_int_equal(run(f, submit, &ask).result, OPS_OK);
}

static int64_t mark_of(struct fixture *f, const char *user)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    assert_int_equal(ops_login(f->port, &ask, NULL), OPS_OK);
    return await(f, &a).mark;
}

static struct answer commit(struct fixture *f, const struct ops_ask *ask)
{
    enum ops_result result = ops_token_commit(f->port, ask, NULL);
    return result == OPS_OK ? await(f, ask->ctx) : (struct answer){.result = result};
}

/* A login with a password that asks for a token. */
static struct ops_token_outcome issue(struct fixture *f, const char *user, const char *client)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, client);
    ask.token.mark = mark_of(f, user);
    ask.token.issue_mechanism = none_mech;
    ask.token.software = STR_LIT("Soft");
    ask.token.device = STR_LIT("Device");
    commit(f, &ask);
    assert_int_equal(a.result, OPS_OK);
    return a.outcome;
}

static struct answer login(struct fixture *f, const char *user, struct str client,
                           const char *mechanism)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, user, NULL);
    ask.token.client = client;
    ask.token.mechanism = str_from(mechanism);
    assert_int_equal(ops_token_login(f->port, &ask, NULL), OPS_OK);
    return await(f, &a);
}

static struct answer phone_login(struct fixture *f)
{
    return login(f, "alice", STR_LIT("phone"), "HT-SHA-256-NONE");
}

static struct ops_token_outcome use(struct fixture *f, const char *id)
{
    struct answer a;
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.used_id = str_from(id);
    assert_int_equal(commit(f, &ask).result, OPS_OK);
    return a.outcome;
}

/* Puts a token of a past time into the store. */
static void plant(struct fixture *f, const char *id, int64_t age_s)
{
    struct store_token_change c = {.client = STR_LIT("phone"),
                                   .mark = mark_of(f, "alice"),
                                   .new_id = str_from(id),
                                   .issue_mechanism = none_mech,
                                   .life_s = LIFE_S};
    struct store_write w = {.change = STORE_TOKEN,
                            .domain = STR_LIT("example.org"),
                            .user = STR_LIT("alice"),
                            .token = &c,
                            .now_s = (int64_t)time(NULL) - age_s},
                       *one = &w;
    assert_int_equal(f->store->ops->commit(f->store, &one, 1, NULL), STORE_OK);
    assert_int_equal(w.result, STORE_OK);
}

/* --- tokens --- */

static void issues_and_finds(void **state)
{
    struct fixture *f = *state;
    int64_t before = (int64_t)time(NULL);
    set_password(f, ops_account_add, "alice");
    struct ops_token_outcome o = issue(f, "alice", "phone");
    assert_true(o.accepted && o.issued);
    assert_int_equal(strlen(o.text), 43);
    assert_string_equal(o.mechanism, "HT-SHA-256-NONE");
    assert_in_range(o.expires_s - LIFE_S, before, (int64_t)time(NULL));

    struct answer a = login(f, "ALICE", STR_LIT("phone"), "HT-SHA-256-NONE");
    assert_int_equal(a.result, OPS_OK);
    assert_int_equal(a.token_count, 1);
    assert_string_equal(a.tokens[0].text, o.text);
    assert_true(use(f, a.tokens[0].id).accepted);

    struct ops_token_outcome second = issue(f, "alice", "phone");
    assert_string_not_equal(second.text, o.text);
    a = phone_login(f);
    assert_int_equal(a.token_count, 2);
    assert_string_equal(a.tokens[0].text, second.text); /* the new one first */
    assert_string_equal(a.tokens[1].text, o.text);
    assert_true(use(f, a.tokens[0].id).accepted);
    assert_false(use(f, a.tokens[1].id).accepted);
    assert_int_equal(phone_login(f).token_count, 1);
}

/* The text is made as ops_tokens.h says: computed with another implementation of HMAC. */
static void derives_as_written(void **state)
{
    static const char *const vectors[][2] = {
        {"00112233445566778899aabbccddeeff", "NAPK3HFeFY7gyZN19AZ2z2q8zrB4wj9fQNFtvygovnw"},
        {"00000000000000000000000000000000", "4DV_bbmm5A-Up5G04n10ccqH0r9hZ9aQptTeyLM7WWg"},
    };
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    stop(f);
    write_key(f, OPS_TOKEN_KEY_BYTES);
    start(f);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        plant(f, vectors[i][0], 0);
        struct answer a = phone_login(f);
        assert_string_equal(a.tokens[0].id, vectors[i][0]);
        assert_string_equal(a.tokens[0].text, vectors[i][1]);
    }
}

/* What cannot be used has the same form as what can. */
static void makes_up_what_is_not_there(void **state)
{
    static const struct {
        const char *user, *client, *mechanism;
        enum ops_result result;
    } rows[] = {
        {"nobody", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"a b", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"", "phone", "HT-SHA-256-NONE", OPS_NOT_FOUND},
        {"alice", "laptop", "HT-SHA-256-NONE", OPS_OK},
        {"alice", "", "HT-SHA-256-NONE", OPS_OK},
        {"alice", "phone", "HT-SHA-256-ENDP", OPS_OK},
        {"alice", "phone", "", OPS_OK},
    };
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    struct ops_token_outcome o = issue(f, "alice", "phone");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer a = login(f, rows[i].user, str_from(rows[i].client), rows[i].mechanism);
        assert_int_equal(a.result, rows[i].result);
        assert_int_equal(a.token_count, 0);
        for (size_t j = 0; j < STORE_SLOTS; j++) {
            assert_int_equal(strlen(a.tokens[j].text), 43);
            assert_string_not_equal(a.tokens[j].text, o.text);
            assert_false(use(f, a.tokens[j].id).accepted);
        }
    }
    assert_int_equal(phone_login(f).token_count, 1);
}

static void leaves_out_the_expired(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", LIFE_S + 1);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_false(use(f, "aa").accepted);
    struct ops_ask ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "");
}

static void renews_unasked(void **state)
{
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", LIFE_S / 4 * 3 - DAY_S);
    assert_false(use(f, "aa").issued);
    plant(f, "bb", LIFE_S / 4 * 3 + DAY_S);
    struct ops_token_outcome o = use(f, "bb");
    assert_true(o.accepted && o.issued);
    struct answer a = phone_login(f);
    assert_int_equal(a.token_count, 2);
    assert_string_equal(a.tokens[0].text, o.text);
    assert_string_equal(a.tokens[1].id, "bb");
}

static void counts(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", 0);
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.used_id = STR_LIT("aa");
    ask.token.has_count = true;
    ask.token.count = 5;
    assert_true(commit(f, &ask).outcome.accepted);
    a.came = false;
    assert_false(commit(f, &ask).outcome.accepted);
    a.came = false;
    ask.token.count = 6;
    ask.token.invalidate = true;
    assert_true(commit(f, &ask).outcome.accepted);
    assert_int_equal(phone_login(f).token_count, 0);
}

/* A password that was proved gives no token once another one is set. */
static void goes_by_the_password_proved(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.issue_mechanism = none_mech;
    ask.token.mark = mark_of(f, "alice");
    set_password(f, ops_account_passwd, "alice");
    assert_false(commit(f, &ask).outcome.accepted);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_true(issue(f, "alice", "phone").issued);
    set_password(f, ops_account_passwd, "alice");
    assert_int_equal(phone_login(f).token_count, 0);
    ask = ask_of(&a, "nobody", "phone");
    assert_int_equal(commit(f, &ask).result, OPS_NOT_FOUND);
}

static void tells_of_the_disabled(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    struct ops_ask ask = ask_of(&a, "alice", NULL);
    ask.reason = STR_LIT("gone");
    assert_int_equal(run(f, ops_account_disable, &ask).result, OPS_OK);
    a = phone_login(f);
    assert_true(a.disabled);
    assert_string_equal(a.reason, "gone");
    assert_int_equal(a.token_count, 0);
    assert_false(issue(f, "alice", "phone").accepted);
}

static void may_be_off(void **state)
{
    struct fixture *f = *state;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    stop(f);
    f->config.token_life_s = 0;
    start(f);
    assert_int_equal(phone_login(f).token_count, 0);
    struct ops_token_outcome o = issue(f, "alice", "laptop");
    assert_true(o.accepted);
    assert_false(o.issued);
    assert_string_equal(o.text, "");
}

static void lists_and_revokes(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    set_password(f, ops_account_add, "alice");
    issue(f, "alice", "phone");
    issue(f, "alice", "laptop");
    assert_true(use(f, phone_login(f).tokens[0].id).accepted);
    f->events[0] = '\0';
    struct ops_ask ask = ask_of(&a, "alice@example.org", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list,
                        "laptop Soft Device 1;phone Soft Device 0;");
    ask = ask_of(&a, "alice", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_OK);
    ask = ask_of(&a, "alice", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_NO_TOKEN);
    ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "laptop Soft Device 1;");
    ask = ask_of(&a, "alice", NULL);
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_OK);
    ask = ask_of(&a, "alice", NULL);
    assert_string_equal(run(f, ops_token_list, &ask).list, "");
    issue(f, "alice", "phone");
    int64_t mark = mark_of(f, "alice");
    ask = ask_of(&a, "alice", NULL);
    assert_int_equal(run(f, ops_logout, &ask).result, OPS_OK);
    assert_int_equal(phone_login(f).token_count, 0);
    assert_true(mark != mark_of(f, "alice"));
    assert_string_equal(f->events,
                        "tokens.revoked alice;tokens.revoked alice;account.logged_out alice;");
    ask = ask_of(&a, "nobody", NULL);
    assert_int_equal(run(f, ops_token_list, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "nobody", NULL);
    assert_int_equal(run(f, ops_logout, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "nobody", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_NOT_FOUND);
    ask = ask_of(&a, "a b", "phone");
    assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_BAD_NAME);
}

/* --- hostile input --- */

static void refuses_hostile_clients(void **state)
{
    struct fixture *f = *state;
    char longest[10000];
    memset(longest, 'x', sizeof longest);
    const struct str bad[] = {STR_NONE,        STR_LIT(""),
                              STR_LIT("a\0b"), STR_LIT("\xff"),
                              STR_LIT("\xc3"), STR_LIT("\xed\xa0\x80"),
                              {longest, 257},  {longest, sizeof longest}};
    const struct str good[] = {STR_LIT("'; DROP TABLE token; --"),
                               STR_LIT("\"%_?1"),
                               STR_LIT("\xf0\x9f\x92\xa9"),
                               {longest, 256}};
    struct answer a;
    set_password(f, ops_account_add, "alice");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ops_ask ask = ask_of(&a, "alice", NULL);
        ask.token.client = bad[i];
        ask.token.issue_mechanism = none_mech;
        assert_int_equal(commit(f, &ask).result, OPS_BAD_CLIENT);
        if (bad[i].ptr)
            assert_int_equal(run(f, ops_token_revoke, &ask).result, OPS_BAD_CLIENT);
        assert_int_equal(login(f, "alice", bad[i], "HT-SHA-256-NONE").token_count, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct ops_ask ask = ask_of(&a, "alice", NULL);
        ask.token.client = good[i];
        ask.token.mark = mark_of(f, "alice");
        ask.token.issue_mechanism = none_mech;
        assert_true(commit(f, &ask).outcome.issued);
        struct answer found = login(f, "alice", good[i], "HT-SHA-256-NONE");
        assert_int_equal(found.token_count, 1);
        assert_string_equal(found.tokens[0].text, a.outcome.text);
    }
}

/* At a whole character, and before what is not text. */
static void cuts_what_is_for_people(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    char software[200];
    set_password(f, ops_account_add, "alice");
    for (size_t i = 0; i < sizeof software; i++)
        software[i] = i == 0 ? 'x' : i % 2 ? '\xc3' : '\xa9';
    struct ops_ask ask = ask_of(&a, "alice", "phone");
    ask.token.mark = mark_of(f, "alice");
    ask.token.issue_mechanism = none_mech;
    ask.token.software = str_of(software, sizeof software);
    ask.token.device = STR_LIT("dev\0ice");
    assert_true(commit(f, &ask).outcome.issued);
    ask = ask_of(&a, "alice", NULL);
    run(f, ops_token_list, &ask);
    /* 1 + 49 * 2 bytes; a fiftieth would make 101 */
    assert_memory_equal(a.list + strlen("phone "), software, 99);
    assert_string_equal(a.list + strlen("phone ") + 99, " dev 1;");
}

/* --- the key --- */

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

/* --- several loops at once --- */

enum { LOOPS = 2, ROUNDS = 20 };

struct racer {
    uv_loop_t loop;
    struct ops_port *port;
    bool accepted[ROUNDS];
    int round, faults;
};

static void note_outcome(void *ctx, const struct ops_reply *reply)
{
    struct racer *r = ctx;
    r->faults += reply->result != OPS_OK;
    r->accepted[r->round++] = reply->result == OPS_OK && reply->outcome->accepted;
}

static void *race(void *arg)
{
    struct racer *r = arg;
    while (r->round < ROUNDS && r->faults == 0) {
        int round = r->round;
        struct ops_ask ask = {.address = STR_LIT("alice"),
                              .token = {.client = STR_LIT("phone"),
                                        .used_id = STR_LIT("aa"),
                                        .has_count = true,
                                        .count = round + 1},
                              .done = note_outcome,
                              .ctx = r};
        r->faults += ops_token_commit(r->port, &ask, NULL) != OPS_OK;
        while (r->faults == 0 && r->round == round)
            uv_run(&r->loop, UV_RUN_ONCE);
    }
    return NULL;
}

/* Two that present the same token with the same count: one is believed. */
static void one_wins(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[LOOPS];
    struct racer racers[LOOPS];
    set_password(f, ops_account_add, "alice");
    plant(f, "aa", 0);
    for (int i = 0; i < LOOPS; i++) {
        racers[i] = (struct racer){0};
        assert_true(loop_init(&racers[i].loop));
        racers[i].port = ops_port_new(f->ops, &racers[i].loop);
    }
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < LOOPS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < LOOPS; i++) {
        assert_int_equal(racers[i].faults, 0);
        ops_port_free(racers[i].port);
        loop_finish(&racers[i].loop);
    }
    /* Each thread goes upwards alone, so whoever comes first with a count finds a lower one. */
    for (int round = 0; round < ROUNDS; round++)
        assert_int_equal(racers[0].accepted[round] + racers[1].accepted[round], 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(issues_and_finds),
        TEST(derives_as_written),
        TEST(makes_up_what_is_not_there),
        TEST(leaves_out_the_expired),
        TEST(renews_unasked),
        TEST(counts),
        TEST(goes_by_the_password_proved),
        TEST(tells_of_the_disabled),
        TEST(may_be_off),
        TEST(lists_and_revokes),
        TEST(refuses_hostile_clients),
        TEST(cuts_what_is_for_people),
        TEST(key_is_private_and_stays),
        TEST(refuses_a_key_that_is_none),
        TEST(one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
