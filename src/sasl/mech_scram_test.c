#include "sasl/mech_scram_vectors_test.h"

#include <stdio.h>

/* ---- published exchanges ---- */

static void test_client_vectors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct fixture f;
        struct buf offered = {0};
        if (strstr(v->client_final, ",x="))
            continue; /* our client adds no extension */
        fixture_client(&f, v->mech, "user", "pencil");
        if (v->binding)
            bind_to(&f, "tls-exporter", v->binding, v->binding_len);
        if (v->offered)
            offer(&f, &offered);
        f.config.tls_version = v->tls_version;
        next_nonce = v->client_nonce;
        assert_int_equal(fixture_step(&f, STR_NONE), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->client_first));
        assert_int_equal(fixture_step(&f, str_from(v->server_first)), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->client_final));
        assert_int_equal(sasl_conclude(f.sasl, str_from(v->server_final)), SASL_DONE);
        fixture_finish(&f);
        buf_finish(&offered);
    }
}

static void test_server_vectors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct fixture f;
        struct buf offered = {0};
        fixture_init(&f, v->mech, SASL_SERVER);
        f.user = "user";
        f.rows[0] = vector_row(v);
        f.row_count = 1;
        if (v->binding)
            bind_to(&f, "tls-exporter", v->binding, v->binding_len);
        if (v->offered)
            offer(&f, &offered);
        f.config.tls_version = v->tls_version;
        next_nonce = v->server_nonce;
        assert_int_equal(fixture_step(&f, str_from(v->client_first)), SASL_MORE);
        assert_true(str_is(fixture_said(&f), v->server_first));
        assert_int_equal(fixture_step(&f, str_from(v->client_final)), SASL_DONE);
        assert_true(str_is(fixture_said(&f), v->server_final));
        assert_true(sasl_has_output(f.sasl));
        fixture_finish(&f);
        buf_finish(&offered);
    }
}

/* ---- names, keys, unknown users ---- */

static void test_names(void **unused)
{
    (void)unused;
    static const struct {
        const char *typed, *authzid, *stored, *first;
    } rows[] = {
        {"a,b=c", NULL, "a,b=c", "n,,n=a=2Cb=3Dc,r="},
        {"=2C", NULL, "=2C", "n,,n==3D2C,r="},
        {"I\xc2\xadX", NULL, "IX", "n,,n=IX,r="},
        {"user", "user@example.org", "user", "n,a=user@example.org,n=user,r="},
        {"a,b", "a,b", "a,b", "n,a=a=2Cb,n=a=2Cb,r="},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture client, server;
        fixture_client(&client, "SCRAM-SHA-256", rows[i].typed,
                       "p\xc2\xad"
                       "encil\xc2\xaa");
        client.config.authzid = str_from(rows[i].authzid);
        fixture_server(&server, "SCRAM-SHA-256", rows[i].stored, "pencila");
        fixture_step(&client, STR_NONE);
        assert_memory_equal(fixture_said(&client).ptr, rows[i].first, strlen(rows[i].first));
        fixture_finish(&client);
        buf_init(&client.out, 0, true);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        assert_true(str_is(sasl_username(server.sasl), rows[i].stored));
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A key kept from one login does for the next, without a password; one of the wrong size does
 * not. */
static void test_salted_key(void **unused)
{
    (void)unused;
    struct fixture client, server;
    struct sasl_want want;
    struct str key;
    uint8_t kept[HASH_MAX_BYTES];
    fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
    fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
    fixture_step(&client, STR_NONE);
    assert_false(sasl_salted_key(client.sasl, &want, &key));
    fixture_finish(&client);
    fixture_talk(&client, &server, false);
    assert_int_equal(client.derives, 1);
    assert_true(sasl_salted_key(client.sasl, &want, &key));
    assert_false(sasl_salted_key(server.sasl, &want, &key));
    assert_int_equal(key.len, 32);
    assert_true(str_is(want.salt, "0123456789abcdef"));
    assert_int_equal(want.iterations, 4096);
    assert_null(want.password.ptr);
    memcpy(kept, key.ptr, key.len);
    fixture_finish(&client);
    fixture_finish(&server);

    for (int wrong = 0; wrong < 2; wrong++) {
        fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", NULL);
        fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
        client.salted = str_of(kept, wrong ? 31 : 32);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, wrong ? SASL_FAILED : SASL_DONE);
        assert_int_equal(client.derives, 0);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    fixture_client(&client, "PLAIN", "user", "pencil");
    fixture_step(&client, STR_NONE);
    assert_false(sasl_salted_key(client.sasl, &want, &key));
    fixture_finish(&client);
}

/* server-first for `user`, without the nonce. */
static void salt_of(const char *mech, const char *user, uint8_t key, char ret[64])
{
    struct fixture f;
    char first[128];
    fixture_server(&f, mech, "user", "pencil");
    f.config.fake_key[0] = key;
    snprintf(first, sizeof first, "%s,,n=%s,r=abc", f.config.binding.type ? "p=tls-exporter" : "n",
             user);
    assert_int_equal(fixture_step(&f, str_from(first)), SASL_MORE);
    struct str said = fixture_said(&f);
    assert_int_equal(said.len, 5 + 40 + 3 + 24 + 7);
    memcpy(ret, said.ptr + 45, said.len - 45);
    ret[said.len - 45] = '\0';
    fixture_finish(&f);
}

/* The salt of an unknown user is stable, its own, and looks like any other. */
static void test_made_up_salt(void **unused)
{
    (void)unused;
    char known[64], one[64], same[64], upper[64], other[64], scheme[64], plus[64], key[64];
    salt_of("SCRAM-SHA-256", "user", 1, known);
    salt_of("SCRAM-SHA-256", "nobody", 1, one);
    salt_of("SCRAM-SHA-256", "nobody", 1, same);
    salt_of("SCRAM-SHA-256", "NoBody", 1, upper);
    salt_of("SCRAM-SHA-256", "nobody2", 1, other);
    salt_of("SCRAM-SHA-1", "nobody", 1, scheme);
    salt_of("SCRAM-SHA-256-PLUS", "nobody", 1, plus);
    salt_of("SCRAM-SHA-256", "nobody", 2, key);
    assert_int_equal(strlen(known), strlen(one));
    assert_string_equal(known + 27, one + 27); /* ,i=4096 */
    assert_string_equal(one, same);
    assert_string_equal(one, upper); /* one account, were it there */
    assert_string_equal(one, plus);
    assert_string_not_equal(one, known);
    assert_string_not_equal(one, other);
    assert_string_not_equal(one, scheme);
    assert_string_not_equal(one, key);
}

/* Two exchanges of one user never share a nonce, and the nonce is 240 bits of the random source. */
static void test_nonce(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "SCRAM-SHA-256", "user", "pencil");
    f.random.nonce = "L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv";
    fixture_step(&f, STR_NONE);
    assert_true(str_is(fixture_said(&f), "n,,n=user,r=L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv"));
    fixture_finish(&f);
    buf_init(&f.out, 0, true);
    fixture_step(&f, STR_NONE);
    assert_int_equal(buf_len(&f.out), 12 + 40);
    assert_false(str_is(fixture_said(&f), "n,,n=user,r=L42uHMW+jbzhz7XsudgtsuWUHOhMfaKUBiqNbGZv"));
    fixture_finish(&f);
}

/* What was said in one exchange serves in no other: whoever heard all of it can play neither end.
 */
static void test_replay(void **unused)
{
    (void)unused;
    const struct vector *v = &vectors[1];
    struct fixture f;
    for (int again = 0; again < 2; again++) { /* the client: first its own nonce, then another */
        fixture_client(&f, v->mech, "user", "pencil");
        next_nonce = again ? NULL : v->client_nonce;
        fixture_step(&f, STR_NONE);
        fixture_step(&f, str_from(v->server_first));
        assert_int_equal(f.status, again ? SASL_FAILED : SASL_MORE);
        assert_int_equal(f.secrets, !again);
        assert_int_equal(sasl_conclude(f.sasl, str_from(v->server_final)),
                         again ? SASL_FAILED : SASL_DONE);
        fixture_finish(&f);
    }
    for (int again = 0; again < 2; again++) {
        fixture_init(&f, v->mech, SASL_SERVER);
        f.user = "user";
        f.rows[0] = vector_row(v);
        f.row_count = 1;
        next_nonce = again ? NULL : v->server_nonce;
        assert_int_equal(fixture_step(&f, str_from(v->client_first)), SASL_MORE);
        fixture_step(&f, str_from(v->client_final));
        assert_int_equal(f.status, again ? SASL_FAILED : SASL_DONE);
        if (again)
            assert_int_equal(fixture_error(&f), SASL_ERROR_NOT_AUTHORIZED);
        assert_int_equal(fixture_step(&f, str_from(v->client_final)), SASL_FAILED); /* too late */
        fixture_finish(&f);
    }
}

/* A row of the wrong shape in the store is its fault, not the user's. */
static void test_damaged_row(void **unused)
{
    (void)unused;
    for (int damage = 0; damage < 6; damage++) {
        struct fixture f;
        struct sasl_secret secret = {.kind = SASL_SECRET_CREDENTIAL};
        fixture_server(&f, "SCRAM-SHA-256", "user", "pencil");
        f.sasl = sasl_new(&f.config);
        assert_int_equal(sasl_step(f.sasl, STR_LIT("n,,n=user,r=abc"), &f.out), SASL_WANT_SECRET);
        secret.credential = f.rows[0];
        struct sasl_credential *c = &secret.credential;
        if (damage == 0)
            *c = f.rows[1];
        else if (damage == 1)
            c->key_len = 31;
        else if (damage == 2)
            c->salt_len = 0;
        else if (damage == 3)
            c->salt_len = 65;
        else if (damage == 4)
            c->iterations = 0;
        else
            secret.kind = SASL_SECRET_PASSWORD;
        assert_int_equal(sasl_answer_secret(f.sasl, &secret, &f.out), SASL_FAILED);
        assert_int_equal(fixture_error(&f), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_vectors), cmocka_unit_test(test_server_vectors),
        cmocka_unit_test(test_names),          cmocka_unit_test(test_salted_key),
        cmocka_unit_test(test_made_up_salt),   cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_replay),         cmocka_unit_test(test_damaged_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
