#include "sasl/sasl_fixture.h"
#include "sasl/sasl_mech.h"

#define TOKEN "WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm" /* of the examples of XEP-0484 */
#define OLDER "R3VyIHpiZmcgbnl2aXIgdmYgZ3VyIGp2eXFyZmcu"

enum { MAC_BYTES = 32 };

static const char *const names[] = {"HT-SHA-256-EXPR", "HT-SHA-256-UNIQ", "HT-SHA-256-ENDP",
                                    "HT-SHA-256-NONE"};

/* What the HMACs cost, counted by the linker's --wrap. */
static size_t hmac_calls, hmac_bytes;
bool __real_hash_hmac(enum hash_alg alg, struct str key, const struct str *parts, size_t count,
                      uint8_t *out);
bool __wrap_hash_hmac(enum hash_alg alg, struct str key, const struct str *parts, size_t count,
                      uint8_t *out);

bool __wrap_hash_hmac(enum hash_alg alg, struct str key, const struct str *parts, size_t count,
                      uint8_t *out)
{
    hmac_calls++;
    for (size_t i = 0; i < count; i++)
        hmac_bytes += parts[i].len;
    return __real_hash_hmac(alg, key, parts, count, out);
}

/* ---- vectors, computed independently; without binding, and with the bytes 00 to 1f ---- */

static const char *const initiators[] = {
    "9097787461a184e0fa84ec00c1381190b6c4d16a8ec4453c7b2ac5e7fcf935ed",
    "0c5745576afeea711960549186a31a65c9f328205ee38b66825b3d4c872b395c"};
static const char *const responders[] = {
    "4e513409631474863b986c9f3e8c1e27ca29d1d7ab9ed4097e7afd6007bf9c62",
    "1260579b34d55aeba4e43062a412db609a0a7153abd218b0f148445c4e83529f"};

static bool binds(const char *name)
{
    return sasl_mech_binding(fixture_mech(name)) != NULL;
}

/* "juliet" NUL and the client's HMAC. */
static void assert_initiator(struct str said, const char *hex)
{
    char text[2 * MAC_BYTES + 1];
    assert_int_equal(said.len, 7 + MAC_BYTES);
    assert_memory_equal(said.ptr, "juliet", 7);
    hash_hex(str_of(said.ptr + 7, MAC_BYTES), text);
    assert_string_equal(text, hex);
}

static void test_vectors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct fixture client, server;
        char text[2 * MAC_BYTES + 1];
        fixture_client(&client, names[i], "juliet", TOKEN);
        fixture_server(&server, names[i], "juliet", TOKEN);
        assert_int_equal(fixture_step(&client, STR_NONE), SASL_MORE);
        assert_true(sasl_has_output(client.sasl));
        assert_initiator(fixture_said(&client), initiators[binds(names[i])]);
        assert_int_equal(fixture_step(&server, fixture_said(&client)), SASL_DONE);
        assert_true(sasl_has_output(server.sasl));
        assert_int_equal(buf_len(&server.out), MAC_BYTES);
        hash_hex(fixture_said(&server), text);
        assert_string_equal(text, responders[binds(names[i])]);
        assert_int_equal(sasl_conclude(client.sasl, fixture_said(&server)), SASL_DONE);
        assert_true(cstr_eq(sasl_bound_to(client.sasl), sasl_mech_binding(fixture_mech(names[i]))));
        assert_true(cstr_eq(sasl_bound_to(client.sasl), sasl_bound_to(server.sasl)));
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* ---- which token ---- */

static void test_two_tokens(void **unused)
{
    (void)unused;
    static const struct {
        const char *client, *server[2];
        size_t count;
        int used;
    } rows[] = {
        {TOKEN, {TOKEN}, 1, 0},         {TOKEN, {TOKEN, OLDER}, 2, 0},
        {OLDER, {TOKEN, OLDER}, 2, 1},  {TOKEN, {TOKEN, TOKEN}, 2, 0},
        {"wrong", {TOKEN}, 1, -1},      {TOKEN, {TOKEN, OLDER}, 0, -1},
        {OLDER, {TOKEN, OLDER}, 1, -1}, {"wrong", {TOKEN, OLDER}, 2, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(names); i++) {
        size_t row = i / ARRAY_LEN(names);
        struct fixture client, server;
        fixture_client(&client, names[i % ARRAY_LEN(names)], "juliet", rows[row].client);
        fixture_server(&server, names[i % ARRAY_LEN(names)], "juliet", TOKEN);
        for (size_t k = 0; k < 2; k++)
            server.tokens[k] = str_from(rows[row].server[k]);
        server.token_count = rows[row].count;
        fixture_talk(&client, &server, false);
        assert_int_equal(server.status, rows[row].used < 0 ? SASL_FAILED : SASL_DONE);
        assert_int_equal(client.status, rows[row].used < 0 ? SASL_MORE : SASL_DONE);
        assert_int_equal(sasl_token_used(server.sasl), rows[row].used);
        assert_int_equal(sasl_token_used(client.sasl), -1);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    struct fixture other; /* no token at all in another mechanism */
    fixture_server(&other, "PLAIN", "juliet", "r0m30myr0m30");
    assert_int_equal(fixture_step(&other, STR_LIT("\0juliet\0r0m30myr0m30")), SASL_DONE);
    assert_int_equal(sasl_token_used(other.sasl), -1);
    fixture_finish(&other);
}

/* What the store is asked for is all that a token is bound to. */
static void test_want(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct fixture client, server;
        char id[] = "d4565fa7-4d72-4749-b3d3-740edbf87770";
        fixture_client(&client, names[i], "jul\xc2\xad\xe2\x85\xa8", TOKEN);
        fixture_server(&server, names[i], "julIX", TOKEN);
        server.config.client_id = str_from(id);
        server.sasl = sasl_new(&server.config);
        id[0] = 'x'; /* it was copied */
        assert_int_equal(fixture_step(&client, STR_NONE), SASL_MORE);
        assert_memory_equal(fixture_said(&client).ptr, "julIX", 6); /* prepared, NUL */
        assert_int_equal(sasl_step(server.sasl, fixture_said(&client), &server.out),
                         SASL_WANT_SECRET);
        const struct sasl_want *want = sasl_want(server.sasl);
        assert_true(str_is(want->username, "julIX"));
        assert_string_equal(want->scheme, names[i]);
        assert_true(str_is(want->client_id, server.token_client));
        server.status = SASL_WANT_SECRET;
        assert_int_equal(fixture_answer(&server), SASL_DONE);
        assert_true(str_is(sasl_username(server.sasl), "julIX"));
        assert_int_equal(server.secrets, 1);
        assert_int_equal(client.derives + server.derives, 0);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A token of one mechanism is none for another, and one of one client none for another client. */
static void test_crossed(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(names); i++) {
        const char *issued_for = names[i / ARRAY_LEN(names)], *used = names[i % ARRAY_LEN(names)];
        struct fixture client, server;
        fixture_client(&client, used, "juliet", TOKEN);
        fixture_server(&server, used, "juliet", TOKEN);
        server.token_mech = issued_for;
        fixture_talk(&client, &server, false);
        assert_int_equal(server.status, cstr_eq(issued_for, used) ? SASL_DONE : SASL_FAILED);
        fixture_finish(&client);
        fixture_finish(&server);

        /* One message given to another mechanism, by a store that does not mind. */
        fixture_client(&client, issued_for, "juliet", TOKEN);
        fixture_server(&server, used, "juliet", TOKEN);
        fixture_step(&client, STR_NONE);
        fixture_step(&server, fixture_said(&client));
        assert_int_equal(server.status, binds(issued_for) == binds(used) ? SASL_DONE : SASL_FAILED);
        fixture_finish(&client);
        fixture_finish(&server);
    }
    struct fixture client, server;
    fixture_client(&client, names[0], "juliet", TOKEN);
    fixture_server(&server, names[0], "juliet", TOKEN);
    server.token_client = "another";
    fixture_talk(&client, &server, false);
    assert_int_equal(server.status, SASL_FAILED);
    assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
    fixture_finish(&client);
    fixture_finish(&server);
}

/* ---- every byte ---- */

/* The client's message, with one bit changed, lets nobody in. */
static void test_changed_initiator(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names) * (7 + MAC_BYTES) * 8; i++) {
        const char *mech = names[i % ARRAY_LEN(names)];
        size_t bit = i / ARRAY_LEN(names);
        struct fixture client, server;
        char message[7 + MAC_BYTES];
        fixture_client(&client, mech, "juliet", TOKEN);
        fixture_server(&server, mech, "juliet", TOKEN);
        fixture_step(&client, STR_NONE);
        memcpy(message, fixture_said(&client).ptr, sizeof message);
        message[bit / 8] ^= (char)(1u << bit % 8);
        fixture_step(&server, str_of(message, sizeof message));
        assert_int_equal(server.status, SASL_FAILED);
        assert_int_equal(buf_len(&server.out), 0);
        assert_int_equal(sasl_token_used(server.sasl), -1);
        if (bit / 8 > 6)
            assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* The server's message, with one bit changed, proves nothing. */
static void test_changed_responder(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * ARRAY_LEN(names) * MAC_BYTES * 8; i++) {
        const char *mech = names[i / 2 % ARRAY_LEN(names)];
        size_t bit = i / 2 / ARRAY_LEN(names);
        struct fixture client, server;
        char message[MAC_BYTES];
        fixture_client(&client, mech, "juliet", TOKEN);
        fixture_server(&server, mech, "juliet", TOKEN);
        fixture_step(&client, STR_NONE);
        assert_int_equal(fixture_step(&server, fixture_said(&client)), SASL_DONE);
        memcpy(message, fixture_said(&server).ptr, sizeof message);
        message[bit / 8] ^= (char)(1u << bit % 8);
        struct str in = str_of(message, sizeof message);
        client.status = i % 2 ? sasl_conclude(client.sasl, in) : fixture_step(&client, in);
        assert_int_equal(client.status, SASL_FAILED);
        assert_int_equal(fixture_fault(&client), SASL_FAULT_SERVER_PROOF);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* ---- what the server refuses ---- */

#define IN(literal)                                                                                \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define MAC32 "0123456789abcdef0123456789abcdef"

static void test_initiator_refused(void **unused)
{
    (void)unused;
    static const struct {
        struct str in;
        enum sasl_error error;
        bool looked_up;
    } rows[] = {
        {IN(""), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("\0" MAC32), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet" MAC32), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0" MAC32 "0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0" MAC32 "\0"), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0\0" MAC32), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("juliet\0"
            "0123456789abcdef0123456789abcde"),
         SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("jul\xff\0" MAC32), SASL_ERROR_MALFORMED_REQUEST, false},
        {IN("jul\x07\0" MAC32), SASL_ERROR_NOT_AUTHORIZED, false},
        {IN("\xc2\xad\0" MAC32), SASL_ERROR_NOT_AUTHORIZED, false},
        {IN("juliet\0" MAC32), SASL_ERROR_NOT_AUTHORIZED, true},
        {IN("romeo\0" MAC32), SASL_ERROR_NOT_AUTHORIZED, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(names); i++) {
        size_t row = i / ARRAY_LEN(names);
        struct fixture f;
        fixture_server(&f, names[i % ARRAY_LEN(names)], "juliet", TOKEN);
        fixture_step(&f, rows[row].in);
        if (f.status != SASL_FAILED || fixture_error(&f) != rows[row].error)
            fail_msg("row %zu: status %d, %s", row, f.status, sasl_error_name(fixture_error(&f)));
        assert_int_equal(f.secrets, rows[row].looked_up);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
}

/* No user, no token, one or two that are wrong: the same words for the same work. */
static void test_nothing_to_tell(void **unused)
{
    (void)unused;
    size_t bytes = 0;
    for (size_t row = 0; row < 4; row++) {
        struct fixture f;
        const char *text;
        fixture_server(&f, names[0], row == 3 ? "romeo" : "juliet", TOKEN);
        f.tokens[1] = STR_LIT(OLDER);
        f.token_count = row;
        f.config.fake_key[0] = 7;
        hmac_calls = hmac_bytes = 0;
        fixture_step(&f, STR_LIT("juliet\0" MAC32));
        assert_int_equal(f.status, SASL_FAILED);
        assert_int_equal(sasl_failure(f.sasl, NULL, &text), SASL_ERROR_NOT_AUTHORIZED);
        assert_string_equal(text, "wrong user name or token");
        assert_int_equal(fixture_fault(&f), SASL_FAULT_CREDENTIALS);
        assert_int_equal(buf_len(&f.out), 0);
        bytes = row == 0 ? hmac_bytes : bytes;
        assert_int_equal(hmac_calls, 2);
        assert_int_equal(hmac_bytes, bytes);
        fixture_finish(&f);
    }
}

/* Who knows the key of the made-up token knows nothing. */
static void test_made_up_token(void **unused)
{
    (void)unused;
    for (size_t count = 0; count < 3; count++) {
        static const char key[33] = "a key of two and thirty bytes ok";
        struct fixture client, server;
        fixture_client(&client, names[3], "juliet", key);
        fixture_server(&server, names[3], count < 2 ? "juliet" : "romeo", TOKEN);
        memcpy(server.config.fake_key, key, sizeof server.config.fake_key);
        server.token_count = count;
        fixture_talk(&client, &server, false);
        assert_int_equal(server.status, SASL_FAILED);
        assert_int_equal(fixture_error(&server), SASL_ERROR_NOT_AUTHORIZED);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* An answer of another kind, too many tokens, or an empty one, is the store's fault. */
static void test_damaged_answer(void **unused)
{
    (void)unused;
    static const struct {
        const char *mech;
        struct sasl_secret secret;
    } rows[] = {
        {"HT-SHA-256-NONE", {.kind = SASL_SECRET_UNAVAILABLE}},
        {"HT-SHA-256-NONE", {.kind = SASL_SECRET_PASSWORD, .password = IN(TOKEN)}},
        {"HT-SHA-256-NONE", {.kind = SASL_SECRET_CREDENTIAL}},
        {"HT-SHA-256-NONE",
         {.kind = SASL_SECRET_TOKEN,
          .token_count = SASL_TOKENS_MAX + 1,
          .tokens = {IN(TOKEN), IN(OLDER)}}},
        {"HT-SHA-256-NONE", {.kind = SASL_SECRET_TOKEN, .token_count = 1}},
        {"HT-SHA-256-NONE", {.kind = SASL_SECRET_TOKEN, .token_count = 2, .tokens = {IN(TOKEN)}}},
        {"PLAIN", {.kind = SASL_SECRET_TOKEN, .token_count = 1, .tokens = {IN(TOKEN)}}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_server(&f, rows[i].mech, "juliet", TOKEN);
        f.sasl = sasl_new(&f.config);
        bool plain = cstr_eq(rows[i].mech, "PLAIN");
        assert_int_equal(
            sasl_step(f.sasl, plain ? STR_LIT("\0juliet\0p") : STR_LIT("juliet\0" MAC32), &f.out),
            SASL_WANT_SECRET);
        assert_int_equal(sasl_answer_secret(f.sasl, &rows[i].secret, &f.out), SASL_FAILED);
        assert_int_equal(fixture_error(&f), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
        fixture_finish(&f);
    }
}

/* ---- what the client refuses ---- */

/* The server's message in other shapes: only a NUL before the right HMAC is taken. */
static void test_responder_shapes(void **unused)
{
    (void)unused;
    static const struct {
        const char *before;
        size_t before_len, mac_len;
        const char *after;
        enum sasl_fault fault; /* in a challenge */
    } rows[] = {
        {"", 0, 32, "", SASL_FAULT_NONE},
        {"\0", 1, 32, "", SASL_FAULT_NONE},
        {"\x01", 1, 32, "", SASL_FAULT_PROTOCOL},
        {"\0\0", 2, 32, "", SASL_FAULT_PROTOCOL},
        {"\0", 1, 31, "", SASL_FAULT_SERVER_PROOF}, /* 32 bytes, all moved by one */
        {"", 0, 31, "", SASL_FAULT_PROTOCOL},
        {"", 0, 32, "x", SASL_FAULT_PROTOCOL},
        {"\0", 1, 32, "x", SASL_FAULT_PROTOCOL},
        {"", 0, 0, "", SASL_FAULT_PROTOCOL},
        {"\0", 1, 0, "", SASL_FAULT_PROTOCOL},
        {"juliet\0", 7, 32, "", SASL_FAULT_PROTOCOL},
        {"\x01unknown user", 13, 0, "", SASL_FAULT_PROTOCOL},
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        size_t row = i / 2;
        struct fixture client, server;
        char message[64];
        fixture_client(&client, names[0], "juliet", TOKEN);
        fixture_server(&server, names[0], "juliet", TOKEN);
        fixture_step(&client, STR_NONE);
        fixture_step(&server, fixture_said(&client));
        memcpy(message, rows[row].before, rows[row].before_len);
        memcpy(message + rows[row].before_len, fixture_said(&server).ptr, rows[row].mac_len);
        size_t len = rows[row].before_len + rows[row].mac_len, after = strlen(rows[row].after);
        memcpy(message + len, rows[row].after, after);
        struct str in = str_of(message, len + after);
        bool ok = rows[row].fault == SASL_FAULT_NONE, success = i % 2;
        client.status = success ? sasl_conclude(client.sasl, in) : fixture_step(&client, in);
        enum sasl_status done = success ? SASL_DONE : SASL_MORE;
        assert_int_equal(client.status, ok ? done : SASL_FAILED);
        assert_int_equal(fixture_fault(&client),
                         ok || !success ? rows[row].fault : SASL_FAULT_SERVER_PROOF);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A client that has one token, for itself. */
static void test_client_config(void **unused)
{
    (void)unused;
    static const struct {
        const char *user, *authzid;
        struct sasl_secret secret;
        enum sasl_fault fault;
        bool asked;
    } rows[] = {
        {"", NULL, {.kind = SASL_SECRET_NONE}, SASL_FAULT_PREPARE, false},
        {"a\x07", NULL, {.kind = SASL_SECRET_NONE}, SASL_FAULT_PREPARE, false},
        {"juliet", "romeo", {.kind = SASL_SECRET_NONE}, SASL_FAULT_POLICY, false},
        {"juliet", NULL, {.kind = SASL_SECRET_NONE}, SASL_FAULT_CREDENTIALS, true},
        {"juliet",
         NULL,
         {.kind = SASL_SECRET_PASSWORD, .password = IN("p")},
         SASL_FAULT_CREDENTIALS,
         true},
        {"juliet", NULL, {.kind = SASL_SECRET_TOKEN}, SASL_FAULT_CREDENTIALS, true},
        {"juliet",
         NULL,
         {.kind = SASL_SECRET_TOKEN, .token_count = 1},
         SASL_FAULT_CREDENTIALS,
         true},
        {"juliet",
         NULL,
         {.kind = SASL_SECRET_TOKEN, .token_count = 2, .tokens = {IN("a"), IN("b")}},
         SASL_FAULT_CREDENTIALS,
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_client(&f, names[0], rows[i].user, NULL);
        f.config.authzid = str_from(rows[i].authzid);
        f.sasl = sasl_new(&f.config);
        f.status = sasl_step(f.sasl, STR_NONE, &f.out);
        assert_int_equal(f.status, rows[i].asked ? SASL_WANT_SECRET : SASL_FAILED);
        if (rows[i].asked)
            f.status = sasl_answer_secret(f.sasl, &rows[i].secret, &f.out);
        assert_int_equal(f.status, SASL_FAILED);
        assert_int_equal(fixture_fault(&f), rows[i].fault);
        assert_int_equal(buf_len(&f.out), 0);
        fixture_finish(&f);
    }
}

/* ---- channel bindings ---- */

/* Another type, none, or no bytes: each end stops before anything is looked up. */
static void test_no_binding(void **unused)
{
    (void)unused;
    static const struct {
        const char *type;
        size_t len;
    } rows[] = {{NULL, 32}, {"tls-something", 32}, {"tls-exporte", 32}, {NULL, 0}};
    for (size_t i = 0; i < 6 * ARRAY_LEN(rows); i++) {
        struct fixture f;
        const char *mech = names[i % 3];
        bool server = i / 3 % 2;
        if (server)
            fixture_server(&f, mech, "juliet", TOKEN);
        else
            fixture_client(&f, mech, "juliet", TOKEN);
        f.config.binding.len = rows[i / 6].len;
        if (rows[i / 6].len > 0)
            f.config.binding.type = rows[i / 6].type;
        fixture_step(&f, server ? STR_LIT("juliet\0" MAC32) : STR_NONE);
        assert_int_equal(f.status, SASL_FAILED);
        assert_int_equal(fixture_fault(&f), SASL_FAULT_POLICY);
        assert_int_equal(fixture_error(&f),
                         server ? SASL_ERROR_INVALID_MECHANISM : SASL_ERROR_ABORTED);
        assert_int_equal(f.secrets, 0);
        assert_null(sasl_bound_to(f.sasl));
        fixture_finish(&f);
    }
}

/* The two ends of a man in the middle see different channels; -NONE does not see that. */
static void test_other_channel(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
        const char *mech = names[i / 2];
        struct fixture client, server;
        fixture_client(&client, mech, "juliet", TOKEN);
        fixture_server(&server, mech, "juliet", TOKEN);
        if (i % 2)
            server.config.binding.data[31] ^= 1;
        else
            server.config.binding.len = 31;
        fixture_talk(&client, &server, false);
        assert_int_equal(server.status, binds(mech) ? SASL_FAILED : SASL_DONE);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

/* A server that can give several gives the one of the name. */
static void test_other_bindings(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct fixture client, server;
        fixture_client(&client, names[i], "juliet", TOKEN);
        fixture_server(&server, names[i], "juliet", TOKEN);
        server.config.other_bindings[1] = server.config.binding;
        server.config.binding = (struct sasl_binding){"tls-other", "x", 1};
        fixture_talk(&client, &server, true);
        assert_int_equal(client.status, SASL_DONE);
        assert_string_equal(sasl_bound_to(server.sasl), server.config.other_bindings[1].type);
        fixture_finish(&client);
        fixture_finish(&server);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_two_tokens),
        cmocka_unit_test(test_want),
        cmocka_unit_test(test_crossed),
        cmocka_unit_test(test_changed_initiator),
        cmocka_unit_test(test_changed_responder),
        cmocka_unit_test(test_initiator_refused),
        cmocka_unit_test(test_nothing_to_tell),
        cmocka_unit_test(test_made_up_token),
        cmocka_unit_test(test_damaged_answer),
        cmocka_unit_test(test_responder_shapes),
        cmocka_unit_test(test_client_config),
        cmocka_unit_test(test_no_binding),
        cmocka_unit_test(test_other_channel),
        cmocka_unit_test(test_other_bindings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
