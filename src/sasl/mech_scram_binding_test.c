/* SCRAM: channel binding, downgrades, and extensions that tell of them. */
#include "sasl/mech_scram_vectors_test.h"

#include <stdio.h>

/* ---- channel binding and downgrades ---- */

/* A -PLUS mechanism was taken off the list: the client says "y", the server knows better. */
static void test_downgrade(void **unused)
{
    (void)unused;
    for (int row = 0; row < 4; row++) {
        struct fixture client, server;
        bool offers = row & 1, flag_y = row & 2;
        fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
        client.config.gs2 = flag_y ? SASL_GS2_CAN : SASL_GS2_CANNOT;
        server.config.offers_binding = offers;
        fixture_talk(&client, &server, false);
        if (offers && flag_y) {
            assert_int_equal(server.status, SASL_FAILED);
            assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
            assert_int_equal(fixture_fault(&server), SASL_FAULT_DOWNGRADE);
            assert_int_equal(server.secrets, 0);
        } else {
            assert_int_equal(client.status, SASL_DONE);
        }
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* The two ends of a man in the middle see different channels. */
static void test_other_channel(void **unused)
{
    (void)unused;
    struct fixture client, server;
    fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", "pencil");
    fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
    server.config.binding.data[31] ^= 1;
    fixture_talk(&client, &server, false);
    assert_int_equal(server.status, SASL_FAILED);
    assert_int_equal(fixture_fault(&server), SASL_FAULT_DOWNGRADE);
    assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
    fixture_finish(&client);
    fixture_finish(&server);
}

/* Of several bindings that the server can give, the client chooses. */
static void test_other_bindings(void **unused)
{
    (void)unused;
    static const char *const types[] = {"tls-exporter", "tls-server-end-point", "tls-unique"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct fixture client, server;
        fixture_client(&client, "SCRAM-SHA-256-PLUS", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256-PLUS", "user", "pencil");
        bind_to(&server, "tls-exporter", "exporter", 8);
        for (size_t k = 0; k < SASL_OTHER_BINDINGS_MAX; k++) {
            server.config.other_bindings[k] =
                (struct sasl_binding){.type = types[k + 1], .data = "k0", .len = 2};
            server.config.other_bindings[k].data[1] += (uint8_t)k;
        }
        if (i == 0)
            client.config.binding = server.config.binding;
        else
            client.config.binding = server.config.other_bindings[i - 1];
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* Mechanism, flag and binding of a client must fit together. */
static void test_client_binding_config(void **unused)
{
    (void)unused;
    struct fixture f;
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.binding.type = NULL;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    assert_int_equal(fixture_fault(&f), SASL_FAULT_POLICY);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.binding.len = 0;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256-PLUS", "user", "pencil");
    f.config.gs2 = SASL_GS2_CANNOT;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
    fixture_client(&f, "SCRAM-SHA-256", "user", "pencil");
    f.config.gs2 = SASL_GS2_BINDS;
    assert_int_equal(fixture_step(&f, STR_NONE), SASL_FAILED);
    fixture_finish(&f);
}

/* XEP-0474: the text, and a list that was changed on the way. */
static void test_offered(void **unused)
{
    (void)unused;
    struct fixture client, server;
    struct buf shown, truth;
    fixture_server(&server, "SCRAM-SHA-1", "user", "pencil");
    offer(&server, &truth);
    assert_true(str_is(buf_peek(&truth), "SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1f"
                                         "tls-exporter\x1etls-server-end-point"));
    struct str mech = STR_LIT("SCRAM-SHA-1");
    buf_init(&shown, 0, false);
    sasl_offered(&mech, 1, NULL, 0, &shown);
    assert_true(str_is(buf_peek(&shown), "SCRAM-SHA-1"));

    fixture_client(&client, "SCRAM-SHA-1", "user", "pencil");
    client.config.offered = buf_peek(&shown);
    fixture_talk(&client, &server, false);
    assert_int_equal(client.status, SASL_FAILED);
    assert_int_equal(fixture_fault(&client), SASL_FAULT_DOWNGRADE);
    assert_int_equal(client.secrets, 0);
    fixture_finish(&client);
    fixture_finish(&server);

    /* One end that does not know of it is no downgrade. */
    for (int side = 0; side < 2; side++) {
        fixture_client(&client, "SCRAM-SHA-1", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-1", "user", "pencil");
        (side ? &server : &client)->config.offered = buf_peek(&truth);
        fixture_talk(&client, &server, false);
        assert_int_equal(client.status, SASL_DONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    buf_finish(&shown);
    buf_finish(&truth);
}

/* XEP-0515: what the two ends know of the version of TLS, and what the client makes of it. */
static void test_tls_version(void **unused)
{
    (void)unused;
    static const struct {
        unsigned client, server;
        bool offered; /* by the server; without it, it says no version either */
        enum sasl_fault fault;
    } rows[] = {
        {0x0304, 0x0304, true, SASL_FAULT_NONE},      {0x0303, 0x0303, true, SASL_FAULT_NONE},
        {0x0304, 0x0303, true, SASL_FAULT_DOWNGRADE}, {0x0303, 0x0304, true, SASL_FAULT_DOWNGRADE},
        {0x0304, 0x3040, true, SASL_FAULT_DOWNGRADE}, {0, 0x0304, true, SASL_FAULT_NONE},
        {0x0304, 0, true, SASL_FAULT_NONE},           {0x0304, 0x0303, false, SASL_FAULT_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture client, server;
        struct buf offered = {0};
        fixture_client(&client, "SCRAM-SHA-256", "user", "pencil");
        fixture_server(&server, "SCRAM-SHA-256", "user", "pencil");
        client.config.tls_version = rows[i].client;
        server.config.tls_version = rows[i].server;
        if (rows[i].offered)
            offer(&server, &offered);
        fixture_talk(&client, &server, false);
        bool ok = rows[i].fault == SASL_FAULT_NONE;
        assert_int_equal(client.status, ok ? SASL_DONE : SASL_FAILED);
        assert_int_equal(fixture_fault(&client), rows[i].fault);
        assert_int_equal(client.secrets, ok); /* the password was not even asked for */
        fixture_finish(&client);
        fixture_finish(&server);
        buf_finish(&offered);
    }
}

/* Extensions of server-first that we know, in other shapes. */
static void test_known_extensions(void **unused)
{
    (void)unused;
    enum { TAKEN = -1 };
    static const struct {
        const char *after; /* r, s and i */
        unsigned tls_version;
        int fault;
    } rows[] = {
        {",t=0304", 0x0304, TAKEN},
        {",t=0a0f", 0x0a0f, TAKEN},
        {",x=y,t=0304,z=0303", 0x0304, TAKEN},
        {",t=0304,h=AAAA", 0x0304, TAKEN}, /* we were not told what is offered */
        {",t=0303", 0x0304, SASL_FAULT_DOWNGRADE},
        {",t=0A0F", 0x0a0f, SASL_FAULT_PROTOCOL},
        {",t=304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=00304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0x0304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=030g", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0304 ", 0x0304, SASL_FAULT_PROTOCOL},
        {",t= 304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=1.3", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=1.3", 0, TAKEN}, /* nothing to compare it with: one extension of many */
        {",t=", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=", 0, SASL_FAULT_PROTOCOL},
        {",t=0304,t=0304", 0x0304, SASL_FAULT_PROTOCOL},
        {",t=0304,t=0303", 0, SASL_FAULT_PROTOCOL},
        {",h=AAAA,h=AAAA", 0, SASL_FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        char text[128];
        snprintf(text, sizeof text, "r=" N1 S1 ",s=QSXCR+Q6sek8bf92,i=4096%s", rows[i].after);
        fixture_client(&f, "SCRAM-SHA-1", "user", "pencil");
        f.config.tls_version = rows[i].tls_version;
        next_nonce = N1;
        fixture_step(&f, STR_NONE);
        fixture_step(&f, str_from(text));
        bool ok = rows[i].fault == TAKEN;
        if (f.status != (ok ? SASL_MORE : SASL_FAILED) ||
            (!ok && (int)fixture_fault(&f) != rows[i].fault))
            fail_msg("\"%s\": status %d, fault %d", rows[i].after, f.status, fixture_fault(&f));
        assert_int_equal(f.secrets, ok);
        fixture_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_downgrade),        cmocka_unit_test(test_other_channel),
        cmocka_unit_test(test_other_bindings),   cmocka_unit_test(test_client_binding_config),
        cmocka_unit_test(test_offered),          cmocka_unit_test(test_tls_version),
        cmocka_unit_test(test_known_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
