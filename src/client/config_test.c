#include "client/config.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>
#include <linnet/linnet.h>
#include <stdlib.h>

#define HEX_COLONS                                                                                 \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"                                             \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void first_fault_is_reported(void **state)
{
    struct linnet_client *client;
    struct linnet_error error = {0};
    (void)state;
    struct linnet_config *c = linnet_config_new();
    linnet_config_set_address(c, "juliet@localhost");
    linnet_config_set_mechanism(c, "ROT-13");
    linnet_config_set_address(c, "a b@localhost");
    assert_int_equal(linnet_client_new(c, &client, &error), LINNET_ERROR_USAGE);
    assert_null(client);
    assert_non_null(strstr(error.sentence, "mechanism"));
    linnet_config_free(c);

    c = linnet_config_new();
    linnet_config_set_address(c, "a b@localhost");
    assert_int_equal(linnet_client_new(c, &client, &error), LINNET_ERROR_BAD_ADDRESS);
    assert_string_equal(linnet_error_param(&error, "address"), "a b@localhost");
    assert_non_null(strstr(error.sentence, " is not a valid address: a user name may not"));
    linnet_config_free(c);
}

static void what_is_missing_is_named(void **state)
{
    struct linnet_client *client;
    struct linnet_error error = {0};
    (void)state;
    assert_int_equal(linnet_client_new(NULL, &client, &error), LINNET_ERROR_NO_MEMORY);
    struct linnet_config *c = linnet_config_new();
    assert_int_equal(linnet_client_new(c, &client, &error), LINNET_ERROR_USAGE);
    linnet_config_set_address(c, "localhost");
    assert_int_equal(linnet_client_new(c, &client, &error), LINNET_ERROR_BAD_ADDRESS);
    assert_non_null(strstr(error.sentence, ": there is no @ in it."));
    assert_int_equal(linnet_client_new(c, &client, NULL), LINNET_ERROR_BAD_ADDRESS);
    linnet_config_free(c);
    linnet_config_set_address(NULL, "x");
    linnet_config_set_password(NULL, "x", 1);
    linnet_config_add_pin(NULL, HEX64);
    linnet_config_set_lang(NULL, "!");
}

static enum linnet_error_code fault_after(void (*set)(struct linnet_config *c, const char *value),
                                          const char *value)
{
    struct linnet_config *c = linnet_config_new();
    set(c, value);
    enum linnet_error_code code = c->fault.code;
    linnet_config_free(c);
    return code;
}

static void hosts(void **state)
{
    static const char *const good[] = {"example.org",    "127.0.0.1", "::1", "[::1]", "build_7", "",
                                       "münchen.example"};
    static const char *const bad[] = {"a b", "http://x", "[::1", "1:2:3", "x/y", "\xff"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (fault_after(linnet_config_set_host, good[i]) != LINNET_OK)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (fault_after(linnet_config_set_host, bad[i]) != LINNET_ERROR_USAGE)
            fail_msg("accepted: %s", bad[i]);
    struct linnet_config *c = linnet_config_new();
    linnet_config_set_host(c, "[::1]");
    assert_string_equal(c->texts[CONFIG_HOST], "::1");
    linnet_config_set_host(c, "münchen.example");
    assert_string_equal(c->texts[CONFIG_HOST], "xn--mnchen-3ya.example");
    linnet_config_set_host(c, NULL);
    assert_null(c->texts[CONFIG_HOST]);
    linnet_config_free(c);
}

static void pins(void **state)
{
    static const char *const good[] = {
        HEX64, "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", HEX_COLONS};
    static const char *const bad[] = {"",
                                      "00",
                                      HEX64 "00",
                                      ":" HEX64,
                                      "sha256//AAAA",
                                      "sha256//!",
                                      "x0112233445566778899aabbccddeeff"
                                      "00112233445566778899AABBCCDDEEFF"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(fault_after(linnet_config_add_pin, good[i]), LINNET_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (fault_after(linnet_config_add_pin, bad[i]) != LINNET_ERROR_USAGE)
            fail_msg("accepted: %s", bad[i]);
    struct linnet_config *c = linnet_config_new();
    for (int i = 0; i < TLS_PINS_MAX; i++)
        linnet_config_add_pin(c, HEX64);
    assert_int_equal(c->fault.code, LINNET_OK);
    assert_int_equal(c->pins[7][1], 0x11);
    assert_int_equal(c->pins[7][31], 0xff);
    linnet_config_add_pin(c, HEX64);
    assert_int_equal(c->fault.code, LINNET_ERROR_USAGE);
    linnet_config_free(c);
}

static void other_values(void **state)
{
    (void)state;
    assert_int_equal(fault_after(linnet_config_set_lang, "de-CH"), LINNET_OK);
    assert_int_equal(fault_after(linnet_config_set_lang, "de'"), LINNET_ERROR_USAGE);
    assert_int_equal(fault_after(linnet_config_set_mechanism, "SCRAM-SHA-256"), LINNET_OK);
    assert_int_equal(fault_after(linnet_config_set_resource, "balcony"), LINNET_OK);
    assert_int_equal(fault_after(linnet_config_set_resource, "bell\a"), LINNET_ERROR_USAGE);
    assert_int_equal(fault_after(linnet_config_add_feature, ""), LINNET_ERROR_USAGE);
}

static void reconnect_limits(void **state)
{
    (void)state;
    struct linnet_config *c = linnet_config_new();
    assert_false(c->reconnect);
    linnet_config_set_reconnect(c, true);
    linnet_config_set_reconnect_cap_ms(c, 86400000);
    assert_true(c->reconnect);
    assert_int_equal(c->reconnect_cap_ms, 86400000);
    assert_int_equal(c->fault.code, LINNET_OK);
    linnet_config_set_reconnect_cap_ms(c, 86400001);
    assert_int_equal(c->fault.code, LINNET_ERROR_USAGE);
    linnet_config_free(c);
    linnet_config_set_reconnect(NULL, true); /* as all setters */
    linnet_config_set_reconnect_cap_ms(NULL, 1);
}

static void a_copy_is_complete(void **state)
{
    struct linnet_error error = {0};
    (void)state;
    struct linnet_config *c = linnet_config_new();
    linnet_config_set_address(c, "juliet@localhost/balcony");
    linnet_config_set_password(c, "a\0b", 3);
    linnet_config_set_software(c, "name", "1", "bot");
    linnet_config_add_feature(c, "urn:a");
    linnet_config_add_feature(c, "urn:b");
    linnet_config_add_pin(c, HEX64);
    linnet_config_set_port(c, 15222);
    linnet_config_set_timeout_ms(c, 5, 0);
    struct linnet_config *copy = config_dup(c, true, &error);
    assert_string_equal(copy->address.full, "juliet@localhost/balcony");
    assert_ptr_not_equal(copy->address.full, c->address.full);
    assert_int_equal(copy->password_len, 3);
    assert_memory_equal(copy->password, "a\0b", 3);
    assert_string_equal(copy->texts[CONFIG_SOFTWARE], "name");
    assert_int_equal(copy->feature_count, 2);
    assert_string_equal(copy->features[1], "urn:b");
    assert_int_equal(copy->pin_count, 1);
    assert_int_equal(copy->port, 15222);
    assert_int_equal(copy->login_ms, 5);
    assert_int_equal(copy->stage_ms, 30000);
    linnet_config_free(copy);
    linnet_config_free(c);
}

static void addresses(void **state)
{
    struct linnet_jid *jid;
    struct linnet_error error = {0};
    (void)state;
    assert_int_equal(linnet_jid_new("Juliet@Example.ORG/balcony x", &jid, NULL), LINNET_OK);
    assert_string_equal(linnet_jid_full(jid), "juliet@example.org/balcony x");
    assert_string_equal(linnet_jid_bare(jid), "juliet@example.org");
    assert_string_equal(linnet_jid_local(jid), "juliet");
    assert_string_equal(linnet_jid_domain(jid), "example.org");
    assert_string_equal(linnet_jid_resource(jid), "balcony x");
    linnet_jid_free(jid);
    assert_int_equal(linnet_jid_new("example.org", &jid, NULL), LINNET_OK);
    assert_string_equal(linnet_jid_local(jid), "");
    assert_string_equal(linnet_jid_bare(jid), "example.org");
    assert_string_equal(linnet_jid_resource(jid), "");
    linnet_jid_free(jid);
    assert_int_equal(linnet_jid_new("@x", &jid, &error), LINNET_ERROR_BAD_ADDRESS);
    assert_null(jid);
    assert_int_equal(linnet_jid_new(NULL, &jid, &error), LINNET_ERROR_BAD_ADDRESS);
}

static void fingerprints(void **state)
{
    char out[LINNET_FINGERPRINT_SIZE];
    uint8_t bytes[32] = {0xab, 0x01};
    (void)state;
    linnet_fingerprint(bytes, out);
    assert_int_equal(strlen(out), 95);
    assert_memory_equal(out, "AB:01:00:", 9);
    assert_string_equal(linnet_version(), LINNET_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_fault_is_reported),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(hosts),
        cmocka_unit_test(pins),
        cmocka_unit_test(other_values),
        cmocka_unit_test(reconnect_limits),
        cmocka_unit_test(a_copy_is_complete),
        cmocka_unit_test(addresses),
        cmocka_unit_test(fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
