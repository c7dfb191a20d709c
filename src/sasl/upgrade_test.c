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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_credential), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
