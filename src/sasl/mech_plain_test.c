#include "sasl/sasl_fixture.h"

#define IN(literal)                                                                                \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* RFC 4616 §4 and the first logins of RFC 6120 and RFC 5802's user, as base64 on the wire. */
static void test_client(void **unused)
{
    (void)unused;
    static const struct {
        const char *authzid, *user, *password, *want;
    } rows[] = {
        {NULL, "juliet", "r0m30myr0m30", "AGp1bGlldAByMG0zMG15cjBtMzA="},
        {NULL, "user", "pencil", "AHVzZXIAcGVuY2ls"},
        {"Ursel", "Kurt", "xipj3plmq", "VXJzZWwAS3VydAB4aXBqM3BsbXE="},
        {NULL, "I\xc2\xadX", "\xe2\x85\xa8\xc2\xaa", "AElYAElYYQ=="},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct buf text = {0};
        fixture_client(&f, "PLAIN", rows[i].user, rows[i].password);
        f.config.authzid = str_from(rows[i].authzid);
        assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
        assert_true(sasl_has_output(f.sasl));
        base64_encode(&text, fixture_said(&f));
        assert_true(str_is(buf_peek(&text), rows[i].want));
        assert_int_equal(f.secrets, 1);
        assert_int_equal(f.derives, 0);
        assert_int_equal(sasl_conclude(f.sasl, i % 2 ? STR_NONE : STR_LIT("")), SASL_DONE);
        buf_finish(&text);
        fixture_finish(&f);
    }
}

/* A client of PLAIN has one message: no challenge, no data with success, no success before it. */
static void test_client_refuses(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, STR_LIT("")), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_PROTOCOL);
    fixture_finish(&f);
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    fixture_step(&f, STR_NONE);
    assert_int_equal(sasl_conclude(f.sasl, STR_LIT("x")), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_PROTOCOL);
    fixture_finish(&f);
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    f.sasl = sasl_new(&f.config);
    assert_int_equal(sasl_conclude(f.sasl, STR_NONE), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_PROTOCOL);
    fixture_finish(&f);
}

static void test_server(void **unused)
{
    (void)unused;
    static const struct {
        struct str in;
        enum sasl_error error; /* NONE: done */
        bool looked_up;
    } rows[] = {
        {IN("\0juliet\0r0m30myr0m30"), SASL_ERROR_NONE, true},
        {IN("juliet\0juliet\0r0m30myr0m30"), SASL_ERROR_NONE, true},
        {IN("juliet@example.org\0juliet\0r0m30myr0m30"), SASL_ERROR_NONE, true},
        {IN("\0jul\xc2\xadiet\0r0m30\xc2\xadmyr0m30"), SASL_ERROR_NONE, true},
        {IN("\0juliet\0wrong"), SASL_ERROR_NOT_AUTHORIZED, true},
        {IN("\0juliet\0r0m30myr0m3"), SASL_ERROR_NOT_AUTHORIZED, true},
        {IN("\0juliet\0r0m30myr0m30 "), SASL_ERROR_NOT_AUTHORIZED, true},
        {IN("\0romeo\0r0m30myr0m30"), SASL_ERROR_NOT_AUTHORIZED, true},
        {IN("\0juliet\0r0m30\x07"), SASL_ERROR_NOT_AUTHORIZED, false},
        {IN("\0jul\x7fiet\0r0m30myr0m30"), SASL_ERROR_NOT_AUTHORIZED, false},
        {IN("\0\xc2\xad\0r0m30myr0m30"), SASL_ERROR_NOT_AUTHORIZED, false},
        {IN("romeo\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN("romeo@example.org\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN("juliet@example.net\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN("juliet@example.org/x\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN("@example.org\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN("example.org\0juliet\0r0m30myr0m30"), SASL_ERROR_INVALID_AUTHZID, false},
        {IN(""), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0r0m30myr0m30"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0juliet\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0\0r0m30myr0m30"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0juliet\0r0m30myr0m30\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0juliet\0r0m30\0myr0m30"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0juliet\0\xff"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\xff\0juliet\0r0m30myr0m30"), SASL_ERROR_MALFORMED_REQUEST, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
        fixture_step(&f, rows[i].in);
        enum sasl_error error = fixture_error(&f);
        if (error != rows[i].error ||
            f.status != (error == SASL_ERROR_NONE ? SASL_DONE : SASL_FAILED))
            fail_msg("row %zu: status %d, %s", i, f.status, sasl_error_name(error));
        assert_int_equal(f.secrets, rows[i].looked_up);
        assert_int_equal(f.derives, rows[i].looked_up);
        assert_false(sasl_has_output(f.sasl));
        fixture_finish(&f);
    }
}

/* 255 octets a field must work (RFC 4616 §2); beyond 1,023 nothing is looked up. */
static void test_bounds(void **unused)
{
    (void)unused;
    static char name[1025], text[4000];
    memset(name, 'x', sizeof name - 1);
    for (size_t len = 255; len <= 1024; len += len < 1023 ? 768 : 1) {
        struct fixture f;
        name[len] = '\0';
        text[0] = text[len + 1] = '\0';
        memcpy(text + 1, name, len);
        memcpy(text + len + 2, name, len);
        fixture_server(&f, "PLAIN", len > 1023 ? "juliet" : name, len > 1023 ? "p" : name);
        fixture_step(&f, str_of(text, 2 * len + 2));
        assert_int_equal(f.status, len > 1023 ? SASL_FAILED : SASL_DONE);
        assert_int_equal(f.secrets, len <= 1023);
        name[len] = 'x';
        fixture_finish(&f);
    }
}

/* Each SCRAM row serves; a user of whom the store has none is unknown. */
static void test_any_row(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < 4; row++) {
        struct fixture f;
        fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
        f.rows[0] = f.rows[row];
        f.row_count = 1;
        fixture_step(&f, STR_LIT("\0juliet\0r0m30myr0m30"));
        assert_int_equal(f.status, row < 3 ? SASL_DONE : SASL_FAILED);
        if (row == 3) /* DIGEST-MD5: not what was asked for */
            assert_int_equal(fixture_error(&f), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
        fixture_finish(&f);
    }
}

/* The key that was derived for an unknown user counts for nothing, even if it is all zero. */
static void test_unknown_key(void **unused)
{
    (void)unused;
    struct fixture f;
    struct sasl_secret none = {.kind = SASL_SECRET_NONE};
    uint8_t key[HASH_MAX_BYTES] = {0};
    fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
    f.config.fake_iterations = 12345;
    f.sasl = sasl_new(&f.config);
    assert_int_equal(sasl_step(f.sasl, STR_LIT("\0romeo\0x"), &f.out), SASL_WANT_SECRET);
    assert_int_equal(sasl_answer_secret(f.sasl, &none, &f.out), SASL_WANT_DERIVE);
    const struct sasl_want *want = sasl_want(f.sasl);
    assert_int_equal(want->iterations, 12345);
    assert_int_equal(want->alg, HASH_SHA256);
    assert_int_equal(want->salt.len, SASL_SALT_BYTES);
    assert_string_equal(want->scheme, "SCRAM-SHA-256");
    assert_true(str_is(want->password, "x"));
    assert_int_equal(sasl_answer_derived(f.sasl, key, &f.out), SASL_FAILED);
    assert_int_equal(fixture_error(&f), SASL_ERROR_NOT_AUTHORIZED);
    fixture_finish(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client),  cmocka_unit_test(test_client_refuses),
        cmocka_unit_test(test_server),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_any_row), cmocka_unit_test(test_unknown_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
