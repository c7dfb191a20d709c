/* Each byte of each message of each mechanism, changed once on its way. Whoever cannot find that
 * out by the grammar must by the proof. */
#include "sasl/sasl_fixture.h"

enum { MESSAGES_MAX = 4 };

/* Both ends, ready to begin: made once for a mechanism and copied, since rows cost PBKDF2. */
struct pair {
    struct fixture client, server;
    uint8_t salted[HASH_MAX_BYTES];
};

/* What is changed: a byte of the message that is sent as number `message`, from 0. */
struct change {
    size_t message, at;
    uint8_t bits;
};

struct talk {
    struct change change;
    size_t lens[MESSAGES_MAX], count; /* of the messages */
    char message[1024];
};

static void pair_init(struct pair *p, const char *mech)
{
    fixture_client(&p->client, mech, "juliet", "r0m30myr0m30");
    fixture_server(&p->server, mech, "juliet", "r0m30myr0m30");
    const char *scheme = sasl_mech_scheme(p->client.config.mech);
    p->client.config.offered = p->server.config.offered = STR_LIT("PLAIN\x1eSCRAM-SHA-1");
    p->client.config.tls_version = p->server.config.tls_version = 0x0304;
    for (size_t i = 0; i < 3; i++) {
        enum hash_alg alg = (const enum hash_alg[]){HASH_SHA256, HASH_SHA1, HASH_SHA512}[i];
        if (!cstr_eq(p->server.rows[i].scheme, scheme))
            continue;
        assert_true(hash_pbkdf2(alg, STR_LIT("r0m30myr0m30"), STR_LIT("0123456789abcdef"), 4096,
                                p->salted));
        p->client.salted = str_of(p->salted, hash_size(alg));
    }
}

/* What `f` has to say, as it arrives. */
static struct str carry(struct talk *t, const struct fixture *f)
{
    struct str said = fixture_said(f);
    if (!sasl_has_output(f->sasl))
        return STR_NONE;
    assert_true(said.len < sizeof t->message && t->count < MESSAGES_MAX);
    memcpy(t->message, said.ptr, said.len);
    if (t->count == t->change.message)
        t->message[t->change.at] ^= (char)t->change.bits;
    t->lens[t->count++] = said.len;
    return str_of(t->message, said.len);
}

static void run(struct talk *t, struct fixture *client, struct fixture *server)
{
    fixture_step(client, STR_NONE);
    while (client->status == SASL_MORE) {
        if (fixture_step(server, carry(t, client)) == SASL_FAILED)
            return;
        struct str in = carry(t, server);
        if (server->status == SASL_DONE)
            client->status = sasl_conclude(client->sasl, in);
        else
            fixture_step(client, in);
    }
}

/* DIGEST-MD5 proves neither its maxbuf nor that it named the character set and the qop. */
static bool all_is_proved(const struct fixture *f)
{
    return !(sasl_mech_flags(f->config.mech) & SASL_MECH_LEGACY);
}

/* After a change, of the server's proof if `last`: no end is done that should not be. */
static void check(const struct fixture *client, const struct fixture *server, bool last)
{
    if (all_is_proved(client)) {
        assert_int_equal(server->status == SASL_DONE, last);
        assert_int_not_equal(client->status, SASL_DONE);
    }
    if (last)
        assert_int_equal(fixture_fault(client), SASL_FAULT_SERVER_PROOF);
    if (client->status == SASL_DONE)
        assert_int_equal(server->status, SASL_DONE);
    if (server->status == SASL_DONE)
        assert_true(str_is(sasl_username(server->sasl), "juliet"));
    else
        assert_int_not_equal(fixture_error(server), SASL_ERROR_TEMPORARY_AUTH_FAILURE);
}

static void change_all(struct pair *p, const struct talk *plain)
{
    bool proves = sasl_mech_flags(p->client.config.mech) & SASL_MECH_PROVES_SERVER;
    for (size_t message = 0; message < plain->count; message++) {
        for (size_t i = 0; i < 2 * plain->lens[message]; i++) {
            struct fixture client = p->client, server = p->server;
            struct talk t = {.change = {message, i / 2, i % 2 ? 0x80 : 0x01}};
            run(&t, &client, &server);
            check(&client, &server, proves && message + 1 == plain->count);
            fixture_finish(&client);
            fixture_finish(&server);
        }
    }
}

/* The exchange as it is, whose messages are then changed. */
static void try_mechanism(const struct sasl_mech *mech, size_t messages)
{
    struct pair p;
    struct talk plain = {.change.message = MESSAGES_MAX}; /* nothing is */
    pair_init(&p, sasl_mech_name(mech));
    struct fixture client = p.client, server = p.server;
    run(&plain, &client, &server);
    assert_int_equal(client.status, SASL_DONE);
    assert_int_equal(plain.count, messages);
    fixture_finish(&client);
    fixture_finish(&server);
    change_all(&p, &plain);
    fixture_finish(&p.client);
    fixture_finish(&p.server);
}

static void test_passwords(void **unused)
{
    (void)unused;
    for (size_t i = 0; sasl_mech_at(i); i++) {
        unsigned flags = sasl_mech_flags(sasl_mech_at(i));
        try_mechanism(sasl_mech_at(i), flags & SASL_MECH_PLAINTEXT ? 1
                                       : flags & SASL_MECH_LEGACY  ? 3
                                                                   : 4);
    }
}

static void test_tokens(void **unused)
{
    (void)unused;
    for (size_t i = 0; sasl_token_mech_at(i); i++)
        try_mechanism(sasl_token_mech_at(i), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
