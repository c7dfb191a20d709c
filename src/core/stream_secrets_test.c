/* Both halves sign in, a byte at a time, by password and by token: no block that is given back
 * holds one of them, plain or in base64. free and realloc are ours here (linked with --wrap). */
#include "core/stream.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PASSWORD "canary of moons"
#define TOKEN "a-token-that-nobody-else-may-see"

/* As it is; and the middle of what PLAIN makes of it, in base64. */
static const char *const secrets[] = {"canary of", "AGp1bGlldABjYW5hcnk", "token-that-nobody"};
static unsigned freed;

void __real_free(void *ptr);
void *__real_realloc(void *ptr, size_t len);
void __wrap_free(void *ptr);
void *__wrap_realloc(void *ptr, size_t len);

static void search(void *ptr)
{
    size_t size = ptr ? malloc_usable_size(ptr) : 0;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        freed += size > 0 && memmem(ptr, size, secrets[i], strlen(secrets[i])) != NULL;
}

void __wrap_free(void *ptr)
{
    search(ptr);
    __real_free(ptr);
}

void *__wrap_realloc(void *ptr, size_t len)
{
    search(ptr);
    return __real_realloc(ptr, len);
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

struct end {
    struct stream *stream;
    bool ready, closed;
};

static char token_came[64];
static struct sasl_credential credential;

static void credential_make(void)
{
    uint8_t key[HASH_MAX_BYTES];
    const struct str salt = STR_LIT("0123456789abcdef");
    assert_true(hash_pbkdf2(HASH_SHA256, STR_LIT(PASSWORD), salt, 4096, key));
    assert_true(sasl_scram_credential(HASH_SHA256, key, salt, 4096, &credential));
}

static void on_secret(struct end *e, const struct stream_event *ev, bool server)
{
    struct sasl_secret secret = {.kind = SASL_SECRET_PASSWORD, .password = STR_LIT(PASSWORD)};
    if (server && sasl_token_mech_find(str_from(ev->sasl->scheme))) {
        secret = (struct sasl_secret){.kind = SASL_SECRET_TOKEN, .token_count = 1};
        secret.tokens[0] = STR_LIT(TOKEN);
    } else if (server) {
        secret.kind = SASL_SECRET_CREDENTIAL;
        secret.credential = credential;
    }
    stream_answer_secret(e->stream, 1000, ev->id, &secret);
}

static void on_event(struct end *e, const struct stream_event *ev, bool server)
{
    static const struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK};
    const struct stream_session_answer session = {STANZA_OK, STR_LIT("r")};
    struct stream_token_answer token = {.accepted = true, .expires_s = INT32_MAX};
    uint8_t key[HASH_MAX_BYTES];
    switch (ev->kind) {
    case STREAM_WANT_TLS:
        stream_answer_tls(e->stream, 1000, ev->id, STREAM_TLS_FINISHED, &facts, NULL);
        break;
    case STREAM_WANT_SECRET:
        on_secret(e, ev, server);
        break;
    case STREAM_WANT_DERIVE:
        assert_true(hash_pbkdf2(ev->sasl->alg, ev->sasl->password, ev->sasl->salt,
                                ev->sasl->iterations, key));
        stream_answer_derive(e->stream, 1000, ev->id, key);
        break;
    case STREAM_WANT_ADMIT:
        stream_answer_admit(e->stream, 1000, ev->id, SASL_ERROR_NONE, STR_NONE);
        break;
    case STREAM_WANT_TOKEN:
        if (ev->token->issue)
            token.token = STR_LIT(TOKEN);
        stream_answer_token(e->stream, 1000, ev->id, &token);
        break;
    case STREAM_WANT_SESSION:
        stream_answer_session(e->stream, 1000, ev->id, &session);
        break;
    case STREAM_EVENT_TOKEN:
        assert_true(ev->issued->token.len < sizeof token_came);
        memcpy(token_came, ev->issued->token.ptr, ev->issued->token.len);
        break;
    case STREAM_EVENT_READY:
        e->ready = true;
        break;
    case STREAM_EVENT_CLOSED:
        e->closed = true;
        break;
    default:
        break;
    }
}

static void events(struct end *e, bool server)
{
    struct stream_event ev;
    while (stream_event(e->stream, &ev))
        on_event(e, &ev, server);
}

/* What `from` has written, at most `step` bytes; whether there was any. */
static bool carry(struct end *from, struct end *to, bool server, size_t step)
{
    struct stream_output out;
    uint8_t bytes[4096];
    if (to->closed || stream_waiting(to->stream) || !stream_output(from->stream, &out))
        return false;
    size_t len = out.len < step ? out.len : step, used = 0;
    memcpy(bytes, out.data, len);
    stream_output_ack(from->stream, 1000, len);
    while (used < len && !to->closed) {
        used += stream_input(to->stream, 1000, bytes + used, len - used, 0);
        events(to, server);
    }
    stream_input(to->stream, 1000, "", 0, 0);
    return true;
}

static void talk(const struct stream_config *client, const struct stream_config *server,
                 size_t step)
{
    struct end c = {stream_new(client, 1000), false, false};
    struct end s = {stream_new(server, 1000), false, false};
    bool moved = true;
    assert_non_null(c.stream);
    assert_non_null(s.stream);
    while (moved) {
        events(&c, false);
        events(&s, true);
        moved = carry(&c, &s, true, step);
        moved |= carry(&s, &c, false, step);
    }
    assert_true(c.ready && s.ready);
    stream_free(c.stream);
    stream_free(s.stream);
}

static const char *const domains[] = {"localhost", NULL};

static void sign_in(bool sasl2, size_t step)
{
    struct stream_config client = {
        .side = STREAM_CLIENT,
        .direct_tls = true,
        .domain = STR_LIT("localhost"),
        .username = STR_LIT("juliet"),
        .random = {fill, NULL},
        .policy = {.mechanism = "PLAIN"},
        .fast_path = {.agent_id = STR_LIT("d4565fa7-4d72-4749-b3d3-740edbf87770"),
                      .want_token = true},
    };
    const struct stream_config server = {
        .side = STREAM_SERVER,
        .direct_tls = true,
        .random = {fill, NULL},
        .domains = domains,
        .fake_iterations = 4096,
        .no_sasl2 = !sasl2,
        .fast = true,
    };
    memset(token_came, 0, sizeof token_came);
    talk(&client, &server, step);
    assert_string_equal(token_came, sasl2 ? TOKEN : "");
    client.fast_path.token = str_from(token_came);
    client.fast_path.token_mechanism = STR_LIT("HT-SHA-256-NONE");
    client.fast_path.token_count = 1;
    if (sasl2)
        talk(&client, &server, step);
}

static void no_secret_is_freed(void **state)
{
    (void)state;
    char *control = malloc(64);
    assert_non_null(control);
    strcpy(control, "the " PASSWORD);
    __wrap_free(control);
    assert_int_equal(freed, 1); /* it would be found */
    freed = 0;
    credential_make();
    for (size_t step = 1; step <= 4096; step *= 4) {
        sign_in(false, step);
        sign_in(true, step);
    }
    assert_int_equal(freed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_secret_is_freed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
