#include "sasl/sasl_fixture.h"

#define ROW256                                                                                     \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"    \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define ROW1                                                                                       \
    "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE="
#define ROWMD5 "DIGEST-MD5$aed8676dd08bbdea909623c1e76dc131"

/* The rows of the users of RFC 7677 §3 and RFC 5802 §5. */
static void test_vectors(void **unused)
{
    (void)unused;
    static const struct {
        enum hash_alg alg;
        const char *salt, *want;
    } rows[] = {
        {HASH_SHA256, "W22ZaJ0SNY7soEsUEjb6gQ==", ROW256},
        {HASH_SHA1, "QSXCR+Q6sek8bf92", ROW1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf salt = {0}, out = {0};
        assert_true(base64_decode(&salt, str_from(rows[i].salt)));
        struct sasl_credential c = fixture_row(rows[i].alg, "pencil", buf_peek(&salt), 4096);
        sasl_credential_write(&c, &out);
        assert_true(str_is(buf_peek(&out), rows[i].want));
        buf_finish(&salt);
        buf_finish(&out);
    }
    struct sasl_credential c;
    struct buf out = {0};
    assert_true(
        sasl_digest_credential(STR_LIT("admin"), STR_LIT("192.168.1.185"), STR_LIT("admin"), &c));
    sasl_credential_write(&c, &out);
    assert_true(str_is(buf_peek(&out), ROWMD5));
    buf_finish(&out);
}

static void test_round_trip(void **unused)
{
    (void)unused;
    static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};
    for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
        for (size_t salt_len = 1; salt_len <= 64; salt_len++) {
            struct sasl_credential made, read;
            struct buf out = {0}, again = {0};
            uint8_t salted[HASH_MAX_BYTES] = {(uint8_t)salt_len};
            char salt[64] = {(char)salt_len};
            assert_true(
                sasl_scram_credential(algs[i], salted, str_of(salt, salt_len), 4294967294u, &made));
            sasl_credential_write(&made, &out);
            assert_true(sasl_credential_read(buf_peek(&out), &read));
            sasl_credential_write(&read, &again);
            assert_true(str_eq(buf_peek(&out), buf_peek(&again)));
            assert_int_equal(read.iterations, 4294967294u);
            assert_int_equal(read.salt_len, salt_len);
            assert_memory_equal(read.stored_key, made.stored_key, sizeof made.stored_key);
            assert_memory_equal(read.server_key, made.server_key, sizeof made.server_key);
            buf_finish(&out);
            buf_finish(&again);
        }
    }
    static const char *const rows[] = {ROW256, ROW1, ROWMD5};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl_credential c;
        struct buf out = {0};
        assert_true(sasl_credential_read(str_from(rows[i]), &c));
        sasl_credential_write(&c, &out);
        assert_true(str_is(buf_peek(&out), rows[i]));
        buf_finish(&out);
    }
}

static void test_refused(void **unused)
{
    (void)unused;
    static const char *const rows[] = {
        "",
        "$",
        "PLAIN$secret",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256$",
        "SCRAM-SHA-256-PLUS$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT"
        "4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "a-scheme-name-far-too-long-for-its-place$4096:x",
        "scram-sha-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/"
        "fTE=",
        "SCRAM-SHA-1$0:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
        "SCRAM-SHA-1$04:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
        "SCRAM-SHA-1$x:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
        "SCRAM-SHA-1$4294967296:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:"
        "D+CSWLOshSulAsxiupA+qs2/fTE=",
        "SCRAM-SHA-1$4096:$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
        "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf9$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/"
        "fTE=",
        "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
        "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vKw==:D+CSWLOshSulAsxiupA+qs2/"
        "fTE=",
        "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$:D+CSWLOshSulAsxiupA+qs2/fTE=",
        ROW1 "=",
        ROW1 ":",
        ROW1 "\n",
        "DIGEST-MD5$",
        ROWMD5 "0",
        "DIGEST-MD5$aed8676dd08bbdea909623c1e76dc13",
        "DIGEST-MD5$aed8676dd08bbdea909623c1e76dc13g",
        "DIGEST-MD5$AED8676DD08BBDEA909623C1E76DC131",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl_credential c;
        if (sasl_credential_read(str_from(rows[i]), &c))
            fail_msg("\"%s\" was taken", rows[i]);
        assert_int_equal(c.key_len, 0); /* nothing half-read is left */
    }
}

static void test_scram_credential_bounds(void **unused)
{
    (void)unused;
    struct sasl_credential c;
    uint8_t salted[HASH_MAX_BYTES] = {0};
    char salt[65] = {0};
    assert_true(sasl_scram_credential(HASH_SHA1, salted, str_of(salt, 64), 1, &c));
    assert_false(sasl_scram_credential(HASH_SHA1, salted, str_of(salt, 65), 1, &c));
    assert_false(sasl_scram_credential(HASH_SHA1, salted, str_of(salt, 0), 1, &c));
    assert_false(sasl_scram_credential(HASH_SHA1, salted, str_of(salt, 64), 0, &c));
    assert_false(sasl_scram_credential(HASH_MD5, salted, str_of(salt, 64), 1, &c));
}

static void test_prepare_password(void **unused)
{
    (void)unused;
    struct buf out = {0};
    assert_true(sasl_prepare_password(STR_LIT("p\xc2\xad\xe2\x85\xa8"), &out));
    assert_true(str_is(buf_peek(&out), "pIX"));
    assert_false(sasl_prepare_password(STR_LIT(""), &out));
    assert_false(sasl_prepare_password(STR_LIT("\xc2\xad"), &out));
    assert_false(sasl_prepare_password(STR_LIT("a\tb"), &out));
    assert_false(sasl_prepare_password(STR_LIT("\xf0\x9f\x98\x80"), &out)); /* unassigned in 3.2 */
    assert_int_equal(buf_len(&out), 3);
    buf_finish(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),          cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_scram_credential_bounds),
        cmocka_unit_test(test_prepare_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
