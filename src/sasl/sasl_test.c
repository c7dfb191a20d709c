#include "sasl/sasl_fixture.h"
#include "sasl/sasl_mech.h"

static const char *const names[] = {"SCRAM-SHA-512-PLUS",
                                    "SCRAM-SHA-256-PLUS",
                                    "SCRAM-SHA-1-PLUS",
                                    "SCRAM-SHA-512",
                                    "SCRAM-SHA-256",
                                    "SCRAM-SHA-1",
                                    "PLAIN",
                                    "DIGEST-MD5",
                                    "HT-SHA-256-EXPR",
                                    "HT-SHA-256-UNIQ",
                                    "HT-SHA-256-ENDP",
                                    "HT-SHA-256-NONE"};

enum { PASSWORD_COUNT = 8 }; /* of these; the others take a token */

static void test_table(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PASSWORD_COUNT; i++) {
        const struct sasl_mech *m = sasl_mech_at(i);
        struct str name = str_of(names[i], strlen(names[i]));
        bool plus = strstr(names[i], "-PLUS") != NULL, scram = name.ptr[0] == 'S';
        unsigned flags = sasl_mech_flags(m);
        assert_string_equal(sasl_mech_name(m), names[i]);
        assert_ptr_equal(sasl_mech_find(name), m);
        assert_null(sasl_token_mech_find(name));
        assert_null(sasl_mech_binding(m));
        assert_true(name.len <= 20); /* RFC 4422 §3.1 */
        assert_int_equal(!!(flags & SASL_MECH_BINDS), plus);
        assert_int_equal(!!(flags & SASL_MECH_PLAINTEXT), name.ptr[0] == 'P');
        assert_int_equal(!!(flags & SASL_MECH_LEGACY), name.ptr[0] == 'D');
        assert_int_equal(!!(flags & SASL_MECH_CLIENT_FIRST), name.ptr[0] != 'D');
        assert_int_equal(!!(flags & SASL_MECH_PROVES_SERVER), name.ptr[0] != 'P');
        assert_int_equal(!!(flags & SASL_MECH_TOKEN), false);
        if (scram)
            assert_memory_equal(sasl_mech_scheme(m), names[i], strlen(sasl_mech_scheme(m)));
    }
    assert_null(sasl_mech_at(PASSWORD_COUNT));
    assert_null(sasl_mech_find(STR_LIT("plain")));
    assert_null(sasl_mech_find(STR_LIT("PLAI")));
    assert_null(sasl_mech_find(STR_LIT("SCRAM-SHA-256-PLUS ")));
    assert_null(sasl_mech_find(STR_NONE));
    assert_string_equal(sasl_mech_scheme(sasl_mech_find(STR_LIT("SCRAM-SHA-1-PLUS"))),
                        "SCRAM-SHA-1");
    assert_string_equal(sasl_mech_scheme(sasl_mech_find(STR_LIT("PLAIN"))), "");
}

/* Mechanisms that take a token: a table of their own. */
static void test_token_table(void **unused)
{
    (void)unused;
    static const char *const bindings[] = {"tls-exporter", "tls-unique", "tls-server-end-point",
                                           NULL};
    for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
        const struct sasl_mech *m = sasl_token_mech_at(i);
        const char *name = names[PASSWORD_COUNT + i];
        unsigned always = SASL_MECH_TOKEN | SASL_MECH_CLIENT_FIRST | SASL_MECH_PROVES_SERVER;
        assert_string_equal(sasl_mech_name(m), name);
        assert_string_equal(sasl_mech_scheme(m), name);
        assert_ptr_equal(sasl_token_mech_find(str_from(name)), m);
        assert_null(sasl_mech_find(str_from(name)));
        assert_true(cstr_eq(sasl_mech_binding(m), bindings[i]));
        assert_int_equal(sasl_mech_flags(m), always | (bindings[i] ? SASL_MECH_BINDS : 0));
    }
    assert_null(sasl_token_mech_at(ARRAY_LEN(bindings)));
    assert_null(sasl_token_mech_find(STR_LIT("HT-SHA-256-NON")));
    assert_null(sasl_token_mech_find(STR_LIT("ht-sha-256-none")));
    assert_null(sasl_token_mech_find(STR_NONE));
}

static void test_error_names(void **unused)
{
    (void)unused;
    for (int e = SASL_ERROR_ABORTED; e <= SASL_ERROR_TEMPORARY_AUTH_FAILURE; e++)
        assert_int_equal(sasl_error_from_name(sasl_error_name((enum sasl_error)e)), e);
    assert_string_equal(sasl_error_name(SASL_ERROR_NONE), "");
    assert_string_equal(sasl_error_name(SASL_ERROR_MECHANISM_TOO_WEAK), "mechanism-too-weak");
    assert_int_equal(sasl_error_from_name("bad-auth"), SASL_ERROR_NOT_AUTHORIZED);
    assert_int_equal(sasl_error_from_name(""), SASL_ERROR_NOT_AUTHORIZED);
    assert_int_equal(sasl_error_from_name(NULL), SASL_ERROR_NOT_AUTHORIZED);
}

/* Every mechanism, our halves together, with the server's last data in either place. */
static void test_both_halves(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
        struct fixture client, server;
        fixture_client(&client, names[i / 2], "juliet", "r0m30myr0m30");
        fixture_server(&server, names[i / 2], "juliet", "r0m30myr0m30");
        fixture_talk(&client, &server, i % 2);
        assert_int_equal(server.status, SASL_DONE);
        assert_int_equal(client.status, SASL_DONE);
        assert_true(str_is(sasl_username(server.sasl), "juliet"));
        assert_ptr_equal(sasl_used(client.sasl), client.config.mech);
        assert_int_equal(fixture_error(&server), SASL_ERROR_NONE);
        /* What comes after the end changes nothing. */
        assert_int_equal(sasl_step(server.sasl, STR_LIT("x"), &server.out), SASL_FAILED);
        assert_int_equal(sasl_conclude(client.sasl, STR_LIT("v=AAAA")), SASL_FAILED);
        assert_int_equal(fixture_error(&server), SASL_ERROR_NONE);
        assert_int_equal(fixture_fault(&client), SASL_FAULT_NONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A wrong password and an unknown user: the same condition, fault, text, bytes and work. */
static void test_wrong_and_unknown(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct fixture client[2], server[2];
        const char *texts[2];
        for (size_t k = 0; k < 2; k++) {
            fixture_client(&client[k], names[i], "juliet", "wrong");
            fixture_server(&server[k], names[i], k ? "nobody-else" : "juliet", "r0m30myr0m30");
            fixture_talk(&client[k], &server[k], false);
            assert_int_equal(server[k].status, SASL_FAILED);
            assert_int_equal(client[k].status, SASL_MORE);
            assert_int_equal(sasl_failure(server[k].sasl, NULL, &texts[k]),
                             SASL_ERROR_NOT_AUTHORIZED);
            assert_int_equal(fixture_fault(&server[k]), SASL_FAULT_CREDENTIALS);
            assert_int_equal(buf_len(&server[k].out), 0);
            assert_true(str_is(sasl_username(server[k].sasl), "juliet"));
        }
        assert_string_equal(texts[0], texts[1]);
        assert_int_equal(server[0].secrets, server[1].secrets);
        assert_int_equal(server[0].derives, server[1].derives);
        assert_int_equal(server[0].iterations, server[1].iterations);
        for (size_t k = 0; k < 2; k++) {
            fixture_finish(&client[k]);
            fixture_finish(&server[k]);
        }
    }
}

/* <success/> at every point before the proof, alone, with nonsense, and with a proof that is
 * wrong: never done, and the fault says that the server did not prove itself. */
static void test_success_without_proof(void **unused)
{
    (void)unused;
    static const char *const data[] = {
        NULL,
        "",
        "v=",
        "x",
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "rspauth=00000000000000000000000000000000",
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "e=other-error",
        "rspauth=",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!(sasl_mech_flags(fixture_mech(names[i])) & SASL_MECH_PROVES_SERVER))
            continue;
        for (size_t k = 0; k < 3 * ARRAY_LEN(data); k++) {
            struct fixture client, server;
            fixture_client(&client, names[i], "juliet", "r0m30myr0m30");
            fixture_server(&server, names[i], "juliet", "r0m30myr0m30");
            struct str in = STR_NONE;
            for (size_t step = 0; step <= k / ARRAY_LEN(data); step++) {
                fixture_step(&client, in);
                assert_int_equal(client.status, SASL_MORE);
                if (server.status == SASL_DONE)
                    break;
                fixture_step(&server,
                             sasl_has_output(client.sasl) ? fixture_said(&client) : STR_NONE);
                in = fixture_said(&server);
                if (server.status == SASL_DONE)
                    break;
            }
            client.status = sasl_conclude(client.sasl, str_from(data[k % ARRAY_LEN(data)]));
            assert_int_equal(client.status, SASL_FAILED);
            assert_int_equal(fixture_fault(&client), SASL_FAULT_SERVER_PROOF);
            assert_int_equal(fixture_error(&client), SASL_ERROR_ABORTED);
            assert_int_equal(sasl_conclude(client.sasl, in), SASL_FAILED); /* too late */
            fixture_finish(&client);
            fixture_finish(&server);
        }
    }
}

/* The right proof from a server for another password, and the right proof cut or lengthened. */
static void test_wrong_proof(void **unused)
{
    (void)unused;
    static const char *const provers[] = {"SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "DIGEST-MD5",
                                          "HT-SHA-256-EXPR", "HT-SHA-256-NONE"};
    for (size_t i = 0; i < ARRAY_LEN(provers); i++) {
        for (int change = 0; change < 4; change++) {
            struct fixture client, server;
            fixture_client(&client, provers[i], "juliet", "r0m30myr0m30");
            fixture_server(&server, provers[i], "juliet", "r0m30myr0m30");
            fixture_step(&client, STR_NONE);
            do {
                fixture_step(&server,
                             sasl_has_output(client.sasl) ? fixture_said(&client) : STR_NONE);
            } while (server.status == SASL_MORE &&
                     fixture_step(&client, fixture_said(&server)) == SASL_MORE);
            assert_int_equal(server.status, SASL_DONE);
            char last[256];
            struct str said = fixture_said(&server);
            memcpy(last, said.ptr, said.len);
            if (change == 0)
                last[said.len - 3] = last[said.len - 3] == 'a' ? 'b' : 'a';
            else if (change == 1)
                said.len -= 4;
            else if (change == 2)
                last[2] = last[2] == 'A' ? 'B' : 'A';
            else
                last[0] ^= 1;
            assert_int_equal(sasl_conclude(client.sasl, str_of(last, said.len)), SASL_FAILED);
            assert_int_equal(fixture_fault(&client), SASL_FAULT_SERVER_PROOF);
            fixture_finish(&client);
            fixture_finish(&server);
        }
    }
}

/* The frame against a careless mechanism, one that ends without a proof: it is not believed. */
static enum sasl_next end_at_once(struct sasl *s, struct str in, struct buf *out)
{
    (void)s;
    (void)in;
    buf_cstr(out, "trust me");
    return SASL_NEXT_END;
}

static void test_careless_mechanism(void **unused)
{
    (void)unused;
    static const struct sasl_half half = {end_at_once, NULL, NULL};
    static const struct sasl_mech mech = {
        "CARELESS", "",   SASL_MECH_CLIENT_FIRST | SASL_MECH_PROVES_SERVER, HASH_MD5, 1,
        &half,      &half};
    struct fixture f;
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    f.config.mech = &mech;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
    assert_int_equal(sasl_conclude(f.sasl, STR_NONE), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_SERVER_PROOF);
    fixture_finish(&f);
    fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
    f.config.mech = &mech;
    assert_int_equal(fixture_step(&f, STR_LIT("x")), SASL_FAILED);
    assert_int_equal(fixture_error(&f), SASL_ERROR_NOT_AUTHORIZED);
    assert_int_equal(buf_len(&f.out), 0);
    fixture_finish(&f);
}

/* The one place where a proof is believed: equal and genuine. */
static void test_prove(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    f.sasl = sasl_new(&f.config);
    assert_false(sasl_prove(f.sasl, "ab", "ac", 2, true));
    assert_false(sasl_prove(f.sasl, "ab", "ab", 2, false)); /* made up for an unknown user */
    assert_false(f.sasl->peer_proved);
    assert_true(sasl_prove(f.sasl, "ab", "ab", 2, true));
    assert_true(f.sasl->peer_proved);
    fixture_finish(&f);
}

/* While a secret is looked up or derived, nothing but its answer may come. */
static void test_out_of_turn(void **unused)
{
    (void)unused;
    for (int call = 0; call < 4; call++) {
        struct fixture f;
        uint8_t key[HASH_MAX_BYTES] = {0};
        struct sasl_secret none = {.kind = SASL_SECRET_NONE};
        fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
        f.sasl = sasl_new(&f.config);
        if (call == 0) {
            assert_int_equal(sasl_answer_secret(f.sasl, &none, &f.out), SASL_FAILED);
        } else {
            assert_int_equal(sasl_step(f.sasl, STR_NONE, &f.out), SASL_WANT_SECRET);
            enum sasl_status status = call == 1   ? sasl_step(f.sasl, STR_LIT(""), &f.out)
                                      : call == 2 ? sasl_answer_derived(f.sasl, key, &f.out)
                                                  : sasl_conclude(f.sasl, STR_NONE);
            assert_int_equal(status, SASL_FAILED);
        }
        assert_int_equal(fixture_fault(&f), SASL_FAULT_PROTOCOL);
        assert_int_equal(sasl_answer_secret(f.sasl, &none, &f.out), SASL_FAILED);
        fixture_finish(&f);
    }
    struct fixture f; /* a client does not begin with a challenge; a server cannot conclude */
    fixture_client(&f, "PLAIN", "juliet", "r0m30myr0m30");
    assert_int_equal(fixture_step(&f, STR_LIT("")), SASL_FAILED);
    fixture_finish(&f);
    fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
    fixture_step(&f, STR_NONE);
    assert_int_equal(sasl_conclude(f.sasl, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
}

/* RFC 4422 §3: a client may leave the initial response to the first challenge, which is empty. */
static void test_initial_response(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
    assert_true(sasl_has_output(f.sasl));
    assert_int_equal(buf_len(&f.out), 0);
    assert_int_equal(fixture_step(&f, STR_LIT("\0juliet\0r0m30myr0m30")), SASL_DONE);
    assert_false(sasl_has_output(f.sasl));
    fixture_finish(&f);

    fixture_server(&f, "PLAIN", "juliet", "r0m30myr0m30");
    fixture_step(&f, STR_NONE);
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED); /* the second must be there */
    assert_int_equal(fixture_error(&f), SASL_ERROR_MALFORMED_REQUEST);
    fixture_finish(&f);

    fixture_server(&f, "DIGEST-MD5", "juliet", "r0m30myr0m30"); /* the server is first */
    assert_int_equal(fixture_step(&f, STR_LIT("")), SASL_FAILED);
    assert_int_equal(fixture_error(&f), SASL_ERROR_MALFORMED_REQUEST);
    fixture_finish(&f);
}

static void test_too_long(void **unused)
{
    (void)unused;
    static char text[SASL_MESSAGE_MAX_BYTES + 1];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct fixture f;
        fixture_server(&f, names[i], "juliet", "r0m30myr0m30");
        if (!(sasl_mech_flags(f.config.mech) & SASL_MECH_CLIENT_FIRST))
            fixture_step(&f, STR_NONE);
        assert_int_equal(fixture_step(&f, str_of(text, sizeof text)), SASL_FAILED);
        assert_int_equal(fixture_error(&f), SASL_ERROR_MALFORMED_REQUEST);
        fixture_finish(&f);
    }
}

/* A dead store or worker is not a wrong password. */
static void test_unavailable(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct fixture client, server;
        fixture_client(&client, names[i], "juliet", "r0m30myr0m30");
        fixture_server(&server, names[i], "juliet", "r0m30myr0m30");
        server.store_down = true;
        fixture_talk(&client, &server, false);
        assert_int_equal(server.status, SASL_FAILED);
        assert_int_equal(fixture_error(&server), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
        fixture_finish(&client);
        fixture_finish(&server);

        if (sasl_mech_flags(client.config.mech) & (SASL_MECH_LEGACY | SASL_MECH_TOKEN))
            continue; /* derives nothing */
        fixture_client(&client, names[i], "juliet", "r0m30myr0m30");
        fixture_server(&server, names[i], "juliet", "r0m30myr0m30");
        server.worker_down = client.worker_down = true;
        fixture_talk(&client, &server, false);
        struct fixture *f = client.derives ? &client : &server;
        assert_int_equal(f->status, SASL_FAILED);
        assert_int_equal(fixture_fault(f), SASL_FAULT_MEMORY);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* What cannot be prepared is said to be so, before anything is sent. */
static void test_unusable_names(void **unused)
{
    (void)unused;
    static const struct {
        const char *user, *authzid, *password;
        enum sasl_fault fault;
    } rows[] = {
        {"", NULL, "p", SASL_FAULT_PREPARE},      {"a\x07", NULL, "p", SASL_FAULT_PREPARE},
        {"\xff", NULL, "p", SASL_FAULT_PREPARE},  {"a", "b\xff", "p", SASL_FAULT_PREPARE},
        {"a", NULL, "", SASL_FAULT_PREPARE},      {"a", NULL, "\xc2\xad", SASL_FAULT_PREPARE},
        {"a", NULL, "p\x07", SASL_FAULT_PREPARE}, {"a", NULL, NULL, SASL_FAULT_CREDENTIALS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows) * PASSWORD_COUNT; i++) {
        size_t row = i / PASSWORD_COUNT;
        struct fixture client, server;
        fixture_client(&client, names[i % PASSWORD_COUNT], rows[row].user, rows[row].password);
        fixture_server(&server, names[i % PASSWORD_COUNT], "juliet", "r0m30myr0m30");
        client.config.authzid = str_from(rows[row].authzid);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_FAILED);
        assert_int_equal(fixture_fault(&client), rows[row].fault);
        assert_int_equal(buf_len(&client.out), 0);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_token_table),
        cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_both_halves),
        cmocka_unit_test(test_wrong_and_unknown),
        cmocka_unit_test(test_success_without_proof),
        cmocka_unit_test(test_wrong_proof),
        cmocka_unit_test(test_careless_mechanism),
        cmocka_unit_test(test_prove),
        cmocka_unit_test(test_out_of_turn),
        cmocka_unit_test(test_initial_response),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_unavailable),
        cmocka_unit_test(test_unusable_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
