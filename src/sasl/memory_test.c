/* Memory that cannot be had, and memory that is given back: every allocation of every exchange
 * fails once, and no freed block still holds a secret. The linker's --wrap puts these in the place
 * of the C library's functions. */
#include "sasl/sasl_fixture.h"

#include <malloc.h>

/* Long enough not to be found by chance. */
#define PASSWORD "canary-r0m30myr0m30"

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void __real_free(void *ptr);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);
void __wrap_free(void *ptr);

static size_t allocations, fail_at; /* counted from 1; 0 never */
static struct str secrets[4];
static size_t secret_count, secrets_freed;

static bool fails(void)
{
    return ++allocations == fail_at;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *ptr, size_t len)
{
    return fails() ? NULL : __real_realloc(ptr, len);
}

void __wrap_free(void *ptr)
{
    size_t len = ptr ? malloc_usable_size(ptr) : 0;
    for (size_t i = 0; i < secret_count; i++)
        secrets_freed += len > 0 && memmem(ptr, len, secrets[i].ptr, secrets[i].len) != NULL;
    __real_free(ptr);
}

/* Every mechanism there is, of both tables; NULL past the end. */
static const char *mech_at(size_t index)
{
    size_t passwords = 0;
    while (sasl_mech_at(passwords))
        passwords++;
    const struct sasl_mech *m =
        index < passwords ? sasl_mech_at(index) : sasl_token_mech_at(index - passwords);
    return m ? sasl_mech_name(m) : NULL;
}

struct login {
    struct fixture client, server;
    const char *mech;
};

/* The parts of a fixture that cost PBKDF2 are made once, outside of what is counted. */
static void login_init(struct login *l, const char *mech, const char *password)
{
    l->mech = mech;
    fixture_client(&l->client, mech, "ren\xc3\xa9", password);
    fixture_server(&l->server, mech, "ren\xc3\xa9", PASSWORD);
}

static void login_run(struct login *l)
{
    allocations = 0;
    fixture_talk(&l->client, &l->server, false);
}

static void login_finish(struct login *l)
{
    fixture_finish(&l->client);
    fixture_finish(&l->server);
}

static void assert_failed_for_memory(const struct fixture *f)
{
    if (!f->sasl) /* sasl_new itself */
        return;
    assert_int_equal(fixture_fault(f), SASL_FAULT_MEMORY);
    assert_int_equal(fixture_error(f), f->config.side == SASL_CLIENT
                                           ? SASL_ERROR_ABORTED
                                           : SASL_ERROR_TEMPORARY_AUTH_FAILURE);
    assert_false(sasl_has_output(f->sasl));
}

/* Each of a login's allocations fails in its turn: the login fails for that reason, cleanly. */
static void test_every_allocation(void **unused)
{
    (void)unused;
    for (size_t i = 0; mech_at(i); i++) {
        struct login l;
        const char *mech = mech_at(i);
        login_init(&l, mech, PASSWORD);
        login_run(&l);
        size_t count = allocations;
        assert_int_equal(l.client.status, SASL_DONE);
        assert_in_range(count, 8, 200);
        login_finish(&l);
        for (size_t n = 1; n <= count; n++) {
            login_init(&l, mech, PASSWORD);
            fail_at = n;
            login_run(&l);
            fail_at = 0;
            bool client_failed = l.client.status == SASL_FAILED;
            bool server_failed = l.server.status == SASL_FAILED && l.client.status == SASL_MORE;
            if (client_failed == server_failed)
                fail_msg("%s, allocation %zu of %zu: client %d, server %d", mech, n, count,
                         l.client.status, l.server.status);
            assert_failed_for_memory(client_failed ? &l.client : &l.server);
            login_finish(&l);
        }
    }
}

/* Making and reading rows, and SASLprep, fail cleanly too. */
static void test_accounts(void **unused)
{
    (void)unused;
    for (size_t n = 1;; n++) {
        struct sasl_credential c;
        struct buf out = {0};
        fail_at = n;
        allocations = 0;
        bool ok = sasl_digest_credential(STR_LIT("ren\xc3\xa9"), STR_LIT("r"),
                                         STR_LIT("p\xc3\xa4ss"), &c);
        bool made = ok;
        if (ok)
            sasl_credential_write(&c, &out);
        ok = ok && !out.failed && sasl_credential_read(buf_peek(&out), &c);
        ok = ok && sasl_credential_read(
                       STR_LIT("SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:"
                               "D+CSWLOshSulAsxiupA+qs2/fTE="),
                       &c);
        bool exhausted = allocations < n;
        fail_at = 0;
        buf_finish(&out);
        assert_int_equal(ok, exhausted);
        assert_true(made || !ok);
        if (exhausted)
            break;
    }
}

/* The password, SaltedPassword and StoredKeys; with a token, that and the client's expectation of
 * the server. What the fixture itself keeps is not freed while they are looked for. */
static void note_secrets(const struct login *l, const char *password, uint8_t *key)
{
    struct sasl_binding b = l->client.config.binding;
    const struct str parts[] = {STR_LIT("Responder"), str_of(b.data, b.len)};
    secrets[0] = str_from(password);
    secrets[1] = str_of(key, 16);
    secrets[2] = str_of(l->server.rows[0].stored_key, 16);
    secrets[3] = str_of(l->server.rows[3].stored_key, 16);
    secret_count = fixture_takes_token(&l->client) ? 2 : 4;
    if (fixture_takes_token(&l->client))
        assert_true(hash_hmac(HASH_SHA256, secrets[0], parts, 2, key));
    else
        assert_true(hash_pbkdf2(HASH_SHA256, secrets[0], STR_LIT("0123456789abcdef"), 4096, key));
    secrets_freed = 0;
}

/* After a login, right or wrong, no freed block holds a secret. */
static void test_no_secret_left(void **unused)
{
    (void)unused;
    static const char *const passwords[] = {PASSWORD, "canary-wrong-\xc3\xa4"};
    for (size_t i = 0; mech_at(i); i++) {
        for (size_t k = 0; k < ARRAY_LEN(passwords); k++) {
            struct login l;
            uint8_t key[HASH_MAX_BYTES];
            login_init(&l, mech_at(i), passwords[k]);
            note_secrets(&l, passwords[k], key);
            login_run(&l);
            bool done = l.client.status == SASL_DONE;
            login_finish(&l);
            secret_count = 0;
            assert_int_equal(done, k == 0);
            assert_int_equal(secrets_freed, 0);
        }
    }
    /* The search does find what is there. */
    struct buf careless = {0};
    buf_cstr(&careless, PASSWORD);
    secrets[0] = STR_LIT(PASSWORD);
    secret_count = 1;
    buf_finish(&careless);
    secret_count = 0;
    assert_int_equal(secrets_freed, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_no_secret_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
