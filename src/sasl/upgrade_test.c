#include "sasl/sasl_fixture.h"

static void test_names(void **unused)
{
    (void)unused;
    static const struct {
        enum hash_alg alg;
        const char *name;
    } rows[] = {{HASH_SHA256, "UPGR-SCRAM-SHA-256"}, {HASH_SHA512, "UPGR-SCRAM-SHA-512"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum hash_alg alg = HASH_MD5;
        assert_string_equal(sasl_upgrade_name(rows[i].alg), rows[i].name);
        assert_true(sasl_upgrade_alg(str_from(rows[i].name), &alg));
        assert_int_equal(alg, rows[i].alg);
    }
    assert_null(sasl_upgrade_name(HASH_SHA1)); /* nobody moves to what is weaker */
    assert_null(sasl_upgrade_name(HASH_MD5));
}

static void test_unknown_names(void **unused)
{
    (void)unused;
    static const char *const names[] = {NULL,
                                        "",
                                        "UPGR-",
                                        "UPGR-SCRAM-SHA-1",
                                        "UPGR-SCRAM-SHA-256-PLUS",
                                        "UPGR-SCRAM-SHA-25",
                                        "UPGR-SCRAM-SHA-256 ",
                                        "upgr-scram-sha-256",
                                        "SCRAM-SHA-256",
                                        "UPGR-DIGEST-MD5"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum hash_alg alg = HASH_MD5;
        assert_false(sasl_upgrade_alg(str_from(names[i]), &alg));
        assert_int_equal(alg, HASH_MD5);
    }
}

/* What a client sends becomes the row that the password would have given: RFC 7677 §3 and, for the
 * salt of the XEP's example, one computed independently. */
static void test_credential(void **unused)
{
    (void)unused;
    static const struct {
        enum hash_alg alg;
        const char *salt, *row;
    } rows[] = {
        {HASH_SHA256, "W22ZaJ0SNY7soEsUEjb6gQ==",
         "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
         "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="},
        {HASH_SHA512, "QV9TWENSWFE2c2VrOGJmX1o=",
         "SCRAM-SHA-512$4096:QV9TWENSWFE2c2VrOGJmX1o=$"
         "C8SzpdFG7BmPe/0Zlm9KixHpzIUfwnvuyeE+y7X9KgVwjQdvPxeNbPmaNXvsX7t9JazrAZhJfi9XXA7nAccdUA==:"
         "75/"
         "NjWfg3N0YjEYTUP1etwLi6JtGBMtz5GFwdpWNkkZV8mPUf9KC80uoHj5HugKPCYOpUEDOeMQMX6jC9s9fMg=="},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf salt = {0}, out = {0};
        struct sasl_credential c;
        uint8_t salted[HASH_MAX_BYTES];
        assert_true(base64_decode(&salt, str_from(rows[i].salt)));
        assert_true(hash_pbkdf2(rows[i].alg, STR_LIT("pencil"), buf_peek(&salt), 4096, salted));
        assert_true(sasl_upgrade_credential(rows[i].alg, str_of(salted, hash_size(rows[i].alg)),
                                            buf_peek(&salt), 4096, &c));
        sasl_credential_write(&c, &out);
        assert_true(str_is(buf_peek(&out), rows[i].row));
        buf_finish(&salt);
        buf_finish(&out);
    }
}

static void test_bounds(void **unused)
{
    (void)unused;
    static const char zero[65];
    static const struct {
        enum hash_alg alg;
        size_t salted, salt;
        unsigned iterations;
        bool ok;
    } rows[] = {
        {HASH_SHA256, 32, 16, 4096, true},  {HASH_SHA512, 64, 64, 1, true},
        {HASH_SHA256, 31, 16, 4096, false}, {HASH_SHA256, 33, 16, 4096, false},
        {HASH_SHA256, 64, 16, 4096, false}, {HASH_SHA512, 32, 16, 4096, false},
        {HASH_SHA512, 65, 16, 4096, false}, {HASH_SHA256, 0, 16, 4096, false},
        {HASH_SHA256, 32, 0, 4096, false},  {HASH_SHA256, 32, 65, 4096, false},
        {HASH_SHA256, 32, 16, 0, false},    {HASH_SHA1, 20, 16, 4096, false},
        {HASH_MD5, 16, 16, 4096, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl_credential c;
        bool ok = sasl_upgrade_credential(rows[i].alg, str_of(zero, rows[i].salted),
                                          str_of(zero, rows[i].salt), rows[i].iterations, &c);
        if (ok != rows[i].ok)
            fail_msg("row %zu", i);
    }
}

/* A row made in this way is one to log in by. */
static void test_login(void **unused)
{
    (void)unused;
    struct fixture client, server;
    struct str salt = STR_LIT("fedcba9876543210");
    uint8_t salted[HASH_MAX_BYTES];
    assert_true(hash_pbkdf2(HASH_SHA512, STR_LIT("pencil"), salt, 4099, salted));
    fixture_client(&client, "SCRAM-SHA-512", "user", "pencil");
    fixture_init(&server, "SCRAM-SHA-512", SASL_SERVER);
    server.user = "user";
    server.row_count = 1;
    assert_true(
        sasl_upgrade_credential(HASH_SHA512, str_of(salted, 64), salt, 4099, &server.rows[0]));
    fixture_talk(&client, &server, false);
    assert_int_equal(client.status, SASL_DONE);
    assert_int_equal(client.iterations, 4099);
    fixture_finish(&client);
    fixture_finish(&server);
}

/* ---- the client's half ---- */

struct login {
    struct fixture client, server;
};

/* A login that has come to its end, but for the server's proof unless `proved`. */
static void login_init(struct login *l, bool proved)
{
    fixture_client(&l->client, "SCRAM-SHA-1", "user", "pencil");
    fixture_server(&l->server, "SCRAM-SHA-1", "user", "pencil");
    if (proved)
        fixture_talk(&l->client, &l->server, true);
    else
        fixture_step(&l->client, STR_NONE);
    assert_int_equal(l->client.status, proved ? SASL_DONE : SASL_MORE);
}

static void login_finish(struct login *l)
{
    fixture_finish(&l->client);
    fixture_finish(&l->server);
}

/* Salt and count are taken or refused as those of SCRAM's server-first are. */
static void test_tasks(void **unused)
{
    (void)unused;
    static const char zero[257];
    static const struct {
        enum hash_alg alg;
        size_t salt;
        const char *iterations;
        enum sasl_fault fault;
    } rows[] = {
        {HASH_SHA256, 16, "4096", SASL_FAULT_NONE},
        {HASH_SHA512, 1, "1000000", SASL_FAULT_NONE},
        {HASH_SHA512, 256, "10000", SASL_FAULT_NONE},
        {HASH_SHA256, 16, "4095", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "1", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "1000001", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "2147483648", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "4294971392", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "99999999999999999999999", SASL_FAULT_POLICY},
        {HASH_SHA256, 16, "0", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, "-4096", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, "+4096", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, " 4096", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, "4096 ", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, "04096", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, "", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 16, NULL, SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 0, "4096", SASL_FAULT_PROTOCOL},
        {HASH_SHA256, 257, "4096", SASL_FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct login l;
        struct sasl_want want;
        bool good = rows[i].fault == SASL_FAULT_NONE;
        login_init(&l, true);
        enum sasl_status status =
            sasl_upgrade_want(l.client.sasl, rows[i].alg, str_of(zero, rows[i].salt),
                              str_from(rows[i].iterations), &want);
        if (status != (good ? SASL_WANT_SECRET : SASL_FAILED) ||
            fixture_fault(&l.client) != rows[i].fault)
            fail_msg("row %zu", i);
        if (good)
            assert_int_equal(want.salt.len, rows[i].salt);
        login_finish(&l);
    }
}

/* What is wanted is what sasl_upgrade_credential needs, and no cached key is lost by it. */
static void test_task_to_credential(void **unused)
{
    (void)unused;
    struct login l;
    struct sasl_want want, cached;
    struct str key;
    uint8_t salted[HASH_MAX_BYTES];
    struct sasl_credential c, expected;
    expected = fixture_row(HASH_SHA512, "pencil", STR_LIT("0123456789abcdef"), 5000);
    const struct sasl_secret password = {.kind = SASL_SECRET_PASSWORD,
                                         .password = STR_LIT("pencil")};
    login_init(&l, true);
    assert_int_equal(sasl_upgrade_want(l.client.sasl, HASH_SHA512, STR_LIT("0123456789abcdef"),
                                       STR_LIT("5000"), &want),
                     SASL_WANT_SECRET);
    assert_string_equal(want.scheme, "SCRAM-SHA-512");
    assert_true(str_is(want.username, "user"));
    assert_int_equal(sasl_upgrade_secret(l.client.sasl, &password, &want), SASL_WANT_DERIVE);
    assert_true(hash_pbkdf2(want.alg, want.password, want.salt, want.iterations, salted));
    assert_true(sasl_upgrade_credential(HASH_SHA512, str_of(salted, 64), want.salt, 5000, &c));
    assert_memory_equal(c.stored_key, expected.stored_key, 64);
    assert_true(sasl_salted_key(l.client.sasl, &cached, &key));
    assert_int_equal(cached.alg, HASH_SHA1);
    login_finish(&l);
}

static void test_unusable_secrets(void **unused)
{
    (void)unused;
    static const struct {
        struct sasl_secret secret;
        enum sasl_fault fault;
    } rows[] = {
        {{.kind = SASL_SECRET_NONE}, SASL_FAULT_CREDENTIALS},
        {{.kind = SASL_SECRET_SALTED, .salted_len = 20}, SASL_FAULT_CREDENTIALS},
        {{.kind = SASL_SECRET_PASSWORD, .password = {"", 0}}, SASL_FAULT_PREPARE},
        {{.kind = SASL_SECRET_PASSWORD, .password = {"\x07", 1}}, SASL_FAULT_PREPARE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct login l;
        struct sasl_want want;
        login_init(&l, true);
        assert_int_equal(
            sasl_upgrade_want(l.client.sasl, HASH_SHA256, STR_LIT("salt"), STR_LIT("4096"), &want),
            SASL_WANT_SECRET);
        assert_int_equal(sasl_upgrade_secret(l.client.sasl, &rows[i].secret, &want), SASL_FAILED);
        assert_int_equal(fixture_fault(&l.client), rows[i].fault);
        login_finish(&l);
    }
}

/* Before the server has proved itself, and on the server's side, there is no task. */
static void test_unproven(void **unused)
{
    (void)unused;
    struct login l;
    struct sasl_want want;
    login_init(&l, false);
    assert_int_equal(
        sasl_upgrade_want(l.client.sasl, HASH_SHA256, STR_LIT("salt"), STR_LIT("4096"), &want),
        SASL_FAILED);
    login_finish(&l);
    login_init(&l, true);
    assert_int_equal(l.server.status, SASL_DONE);
    assert_int_equal(
        sasl_upgrade_want(l.server.sasl, HASH_SHA256, STR_LIT("salt"), STR_LIT("4096"), &want),
        SASL_FAILED);
    assert_int_equal(
        sasl_upgrade_want(l.client.sasl, HASH_SHA1, STR_LIT("salt"), STR_LIT("4096"), &want),
        SASL_FAILED);
    login_finish(&l);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_credential),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_task_to_credential),
        cmocka_unit_test(test_unusable_secrets),
        cmocka_unit_test(test_unproven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
