#include "client/memory.h"

#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the three above */
#include <cmocka.h>

#define ADDRESS "juliet@example.org"
#define HEAD "linnet-memory 1\naddress " ADDRESS "\n"
#define AGENT "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char reason[MEMORY_REASON_BYTES];

static enum linnet_error_code read_text(struct account_memory *m, struct str text)
{
    memory_init(m);
    return memory_read(m, text, STR_LIT(ADDRESS), reason);
}

static void count_up(void *ctx, void *out, size_t len)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

/* A memory of everything there is. */
static void fill(struct account_memory *m)
{
    uint8_t seed = 0xf0;
    struct random_source random = {count_up, &seed};
    struct tls_certificate certificate = {.present = true, .sha256 = {1}, .spki_sha256 = {2, 3}};
    memory_init(m);
    memory_make_agent(m, &random);
    m->had_scram = m->had_binding = true;
    memory_set_certificate(m, &certificate);
    assert_true(
        memory_set_token(m, STR_LIT("HT-SHA-256-EXPR"), STR_LIT("s3cret \xc3\xa9"), 1790000000));
    m->token_count = 17;
    assert_true(memory_set_features(m, STR_LIT("<stream:features/>")));
    assert_true(memory_set_session(m, str_of("\0\1\2", 3)));
}

static void assert_same(const struct account_memory *a, const struct account_memory *b)
{
    assert_string_equal(a->agent_id, b->agent_id);
    assert_int_equal(a->had_scram, b->had_scram);
    assert_int_equal(a->had_binding, b->had_binding);
    assert_int_equal(a->has_certificate, b->has_certificate);
    assert_memory_equal(a->certificate_sha256, b->certificate_sha256, 32);
    assert_memory_equal(a->spki_sha256, b->spki_sha256, 32);
    assert_string_equal(a->token_mechanism, b->token_mechanism);
    assert_true(a->token_expiry_s == b->token_expiry_s);
    assert_true(a->token_count == b->token_count);
    assert_true(str_eq(buf_peek(&a->token), buf_peek(&b->token)));
    assert_true(str_eq(buf_peek(&a->features), buf_peek(&b->features)));
    assert_true(str_eq(buf_peek(&a->tls_session), buf_peek(&b->tls_session)));
}

static void assert_empty(const struct account_memory *m)
{
    struct account_memory empty;
    memory_init(&empty);
    assert_same(m, &empty);
}

static void write_text(const struct account_memory *m, struct buf *out)
{
    buf_init(out, MEMORY_TEXT_BYTES, true);
    memory_write(m, STR_LIT(ADDRESS), out);
    assert_false(out->failed);
}

static void everything_comes_back(void **state)
{
    struct account_memory m, again;
    struct buf text, twice;
    (void)state;
    fill(&m);
    write_text(&m, &text);
    assert_int_equal(read_text(&again, buf_peek(&text)), LINNET_OK);
    assert_same(&m, &again);
    write_text(&again, &twice);
    assert_true(str_eq(buf_peek(&text), buf_peek(&twice)));
    memory_finish(&m);
    memory_finish(&again);
    buf_finish(&text);
    buf_finish(&twice);
}

static void nothing_comes_back_as_nothing(void **state)
{
    struct account_memory m;
    struct buf text;
    (void)state;
    assert_int_equal(read_text(&m, STR_LIT("")), LINNET_OK);
    assert_empty(&m);
    write_text(&m, &text);
    assert_true(str_is(buf_peek(&text), HEAD "end\n"));
    assert_int_equal(read_text(&m, buf_peek(&text)), LINNET_OK);
    assert_empty(&m);
    buf_finish(&text);
}

/* Whatever is cut off: the rest is not taken for a memory of less. */
static void no_part_of_it_is_taken(void **state)
{
    struct account_memory m, part;
    struct buf text;
    (void)state;
    fill(&m);
    write_text(&m, &text);
    struct str whole = buf_peek(&text);
    for (size_t len = 1; len < whole.len; len++) {
        assert_int_equal(read_text(&part, str_of(whole.ptr, len)), LINNET_ERROR_USAGE);
        assert_true(reason[0]);
        assert_empty(&part);
    }
    memory_finish(&m);
    buf_finish(&text);
}

static void strict(void **state)
{
    static const char *const wrong[] = {
        "hello\n",
        "linnet-memory 2\naddress " ADDRESS "\nend\n",
        "linnet-memory 1\r\naddress " ADDRESS "\r\nend\r\n",
        "linnet-memory 1\nend\n",
        "linnet-memory 1\naddress romeo@example.org\nend\n",
        "linnet-memory 1\naddress " ADDRESS " \nend\n",
        HEAD "end\nmore\n",
        HEAD "end \n\n",
        HEAD "\nend\n",
        HEAD "unknown yes\nend\n",
        HEAD "scram no\nend\n",
        HEAD "scram yes yes\nend\n",
        HEAD "scram\nend\n",
        HEAD "scram yes\nscram yes\nend\n",
        HEAD "binding yes\nscram yes\nend\n",
        HEAD "agent 3f2504e0-4f89-11d3-9a0c-0305e82c3301\nend\n",
        HEAD "agent 3F2504E0-4F89-41D3-9A0C-0305E82C3301\nend\n",
        HEAD "agent " AGENT "0\nend\n",
        HEAD "certificate " HEX "\nend\n",
        HEAD "certificate " HEX " " HEX "00\nend\n",
        HEAD "certificate " HEX " " HEX " " HEX "\nend\n",
        HEAD "token HT-SHA-256-EXPR 0 1\nend\n",
        HEAD "token HT-SHA-256-EXPR 0 1 \nend\n",
        HEAD "token HT-SHA-256-EXPR 0 01 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR -1 1 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR 9223372036854775808 1 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR 0 18446744073709551615 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR 0 18446744073709551616 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR 0 1 YR==\nend\n",
        HEAD "token ht 0 1 YQ==\nend\n",
        HEAD "token HT-SHA-256-EXPR-AND-MORE 0 1 YQ==\nend\n",
        HEAD "token  0 1 YQ==\nend\n",
        HEAD "features\nend\n",
        HEAD "features YQ\nend\n",
        HEAD "tls-session YQ== YQ==\nend\n",
        HEAD "tls-session YQ== \nend\n",
        HEAD "scram yes \nend\n",
    };
    struct account_memory m;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (read_text(&m, str_from(wrong[i])) != LINNET_ERROR_USAGE)
            fail_msg("taken: %s", wrong[i]);
        assert_empty(&m);
    }
    assert_int_equal(read_text(&m, STR_LIT(HEAD "agent " AGENT "\ncertificate " HEX " " HEX
                                                "\ntoken HT-SHA-256-EXPR 0 1 YQ==\nend\n")),
                     LINNET_OK);
    assert_string_equal(m.agent_id, AGENT);
    memory_finish(&m);
}

static void says_whose_it_is(void **state)
{
    struct account_memory m;
    (void)state;
    assert_int_equal(read_text(&m, STR_LIT("linnet-memory 9\n")), LINNET_ERROR_USAGE);
    assert_non_null(strstr(reason, "another version"));
    assert_int_equal(read_text(&m, STR_LIT("linnet-memory 1\naddress a@b\nend\n")),
                     LINNET_ERROR_USAGE);
    assert_non_null(strstr(reason, "another address"));
    assert_int_equal(read_text(&m, STR_LIT("<html>\n")), LINNET_ERROR_USAGE);
    assert_non_null(strstr(reason, "not one of Linnet"));
}

/* HEAD, `name` and base64 of `len` bytes. */
static enum linnet_error_code read_long(struct account_memory *m, const char *name, size_t len)
{
    struct buf text, bytes;
    buf_init(&bytes, 0, false);
    buf_init(&text, 0, false);
    for (size_t i = 0; i < len; i++)
        buf_byte(&bytes, 'x');
    buf_printf(&text, HEAD "%s ", name);
    base64_encode(&text, buf_peek(&bytes));
    buf_cstr(&text, "\nend\n");
    enum linnet_error_code code = read_text(m, buf_peek(&text));
    buf_finish(&bytes);
    buf_finish(&text);
    return code;
}

static void bounds(void **state)
{
    static const struct {
        const char *name;
        size_t max;
    } parts[] = {{"token HT-SHA-256-NONE 0 0", MEMORY_TOKEN_BYTES},
                 {"features", MEMORY_FEATURES_BYTES},
                 {"tls-session", MEMORY_SESSION_BYTES}};
    struct account_memory m;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        assert_int_equal(read_long(&m, parts[i].name, parts[i].max), LINNET_OK);
        memory_finish(&m);
        for (size_t more = 1; more < 4; more++)
            assert_int_equal(read_long(&m, parts[i].name, parts[i].max + more), LINNET_ERROR_USAGE);
    }
    assert_int_equal(read_long(&m, "features", MEMORY_TEXT_BYTES), LINNET_ERROR_USAGE);
    assert_non_null(strstr(reason, "too long"));
}

/* All parts at their limits fit the text. */
static void the_largest_fits(void **state)
{
    static char bytes[MEMORY_FEATURES_BYTES + 1];
    struct account_memory m;
    struct buf text;
    (void)state;
    fill(&m);
    assert_true(memory_set_features(&m, str_of(bytes, MEMORY_FEATURES_BYTES)));
    assert_true(memory_set_session(&m, str_of(bytes, MEMORY_SESSION_BYTES)));
    assert_true(
        memory_set_token(&m, STR_LIT("HT-SHA-256-EXPR"), str_of(bytes, MEMORY_TOKEN_BYTES), 0));
    write_text(&m, &text);
    buf_finish(&text);
    assert_true(memory_set_features(&m, str_of(bytes, sizeof bytes)));
    assert_int_equal(buf_len(&m.features), 0);
    memory_finish(&m);
}

static void tokens_expire(void **state)
{
    struct account_memory m;
    (void)state;
    fill(&m);
    assert_true(memory_has_token(&m, 1789999999));
    assert_false(memory_has_token(&m, 1790000000));
    m.token_expiry_s = 0;
    assert_true(memory_has_token(&m, INT64_MAX));
    assert_true(memory_set_token(&m, STR_LIT("HT-SHA-256-NONE"), STR_LIT("new"), -1));
    assert_true(m.token_count == 0 && m.token_expiry_s == 0);
    memory_forget_token(&m);
    assert_false(memory_has_token(&m, 0));
    memory_finish(&m);
}

static void forgets_the_server(void **state)
{
    struct account_memory m;
    char agent[MEMORY_AGENT_BYTES];
    (void)state;
    fill(&m);
    strcpy(agent, m.agent_id);
    memory_forget_server(&m);
    assert_string_equal(m.agent_id, agent);
    assert_false(m.had_scram || m.had_binding || m.has_certificate);
    assert_int_equal(buf_len(&m.token) + buf_len(&m.features) + buf_len(&m.tls_session), 0);
    memory_finish(&m);
}

static void agents_are_random_and_stay(void **state)
{
    struct account_memory m;
    uint8_t seed = 0xf0;
    struct random_source random = {count_up, &seed};
    (void)state;
    memory_init(&m);
    memory_make_agent(&m, &random);
    assert_string_equal(m.agent_id, "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
    memory_make_agent(&m, &random);
    assert_string_equal(m.agent_id, "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
    memory_finish(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),  cmocka_unit_test(nothing_comes_back_as_nothing),
        cmocka_unit_test(no_part_of_it_is_taken), cmocka_unit_test(strict),
        cmocka_unit_test(says_whose_it_is),       cmocka_unit_test(bounds),
        cmocka_unit_test(the_largest_fits),       cmocka_unit_test(tokens_expire),
        cmocka_unit_test(forgets_the_server),     cmocka_unit_test(agents_are_random_and_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
