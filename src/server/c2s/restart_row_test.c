#include "server/c2s/restart_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct store_stanza two[] = {
    {STR_LIT("<message to='a@example.org/x' from='b@example.org/y'><body/></message>"), 0, 0},
    {STR_LIT("<iq to='a@example.org/x' from='b@example.org/y' type='get' id='1'/>"), 1, 1000}};

static struct store_session sound(void)
{
    return (struct store_session){
        .user = STR_LIT("a"),
        .id = STR_LIT("0123456789abcdef"),
        .resource = STR_LIT("x / y"),
        .client = STR_LIT(""),
        .since_ms = INT64_C(1700000000123),
        .left_ms = 599999,
        .resume_s = 600,
        .acked = UINT32_MAX + INT64_C(7),
        .written = UINT32_MAX + INT64_C(8),
        .handled = 12,
        .available = true,
        .priority = -128,
        .presence = STR_LIT(" from='a@example.org/x / y'><show>away</show></presence>"),
        .directed = STR_LIT("b@example.org/x\nc@example.org\n"),
        .stanzas = two,
        .stanza_count = ARRAY_LEN(two),
    };
}

static const char *fault_of(const struct store_session *row)
{
    struct jid jid = {0};
    const char *fault = restart_row_fault(row, "example.org", &jid);
    if (fault)
        assert_null(jid.full);
    jid_finish(&jid);
    return fault;
}

static void assert_damaged(struct store_session row)
{
    assert_non_null(fault_of(&row));
}

static void test_sound(void **state)
{
    struct store_session row = sound();
    struct jid jid;
    (void)state;
    assert_null(restart_row_fault(&row, "example.org", &jid));
    assert_string_equal(jid.full, "a@example.org/x / y");
    jid_finish(&jid);
    row.available = false;
    row.presence = row.directed = STR_LIT("");
    row.stanza_count = 0;
    row.written = row.acked;
    row.left_ms = row.resume_s = 0;
    assert_null(fault_of(&row));
}

static void test_numbers(void **state)
{
    static const int64_t far[] = {INT64_MIN, -1, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        int64_t *fields[7];
        struct store_session row;
        fields[0] = &row.left_ms, fields[1] = &row.resume_s, fields[2] = &row.acked;
        fields[3] = &row.written, fields[4] = &row.handled, fields[5] = &row.standing,
        fields[6] = NULL;
        for (int64_t **field = fields; *field; field++) {
            row = sound();
            **field = far[i];
            assert_damaged(row);
        }
        row = sound();
        row.priority = far[i] + (far[i] == -1 ? 1000 : 0);
        assert_damaged(row);
    }
}

/* So many went to a stream: neither fewer than were acknowledged nor more than there are. */
static void test_counts(void **state)
{
    struct store_session row = sound();
    (void)state;
    row.written = row.acked - 1;
    assert_damaged(row);
    row.written = row.acked + 2;
    assert_null(fault_of(&row));
    row.written = row.acked + 3;
    assert_damaged(row);
}

static void test_times(void **state)
{
    struct store_stanza one = two[0];
    struct store_session row = sound();
    (void)state;
    row.since_ms = INT64_MIN;
    assert_damaged(row);
    row = sound();
    row.stanzas = &one;
    row.stanza_count = 1;
    assert_null(fault_of(&row));
    one.since_ms = INT64_MAX;
    assert_damaged(row);
    one.since_ms = 0;
    one.tag = -1;
    assert_damaged(row);
}

static void test_texts(void **state)
{
    static char zeros[70], long_id[STORE_SESSION_ID_BYTES], long_client[STORE_CLIENT_BYTES];
    struct store_session row = sound();
    (void)state;
    row.id = STR_LIT("");
    assert_damaged(row);
    row.id = str_of(zeros, 1);
    assert_damaged(row);
    memset(long_id, 'a', sizeof long_id);
    row.id = str_of(long_id, sizeof long_id);
    assert_damaged(row);
    row.id = str_of(long_id, sizeof long_id - 1);
    assert_null(fault_of(&row));
    memset(long_client, 'a', sizeof long_client);
    row.client = str_of(long_client, sizeof long_client);
    assert_damaged(row);
    row.client = str_of(long_client, sizeof long_client - 1);
    assert_null(fault_of(&row));
    row.client = str_of(zeros, 1);
    assert_damaged(row);
}

static void test_addresses(void **state)
{
    static const char *const users[] = {"", "A", "a@b", "a/b", "\xff"};
    static const char *const lists[] = {"b@example.org", "b@example.org\n\n", "\n", "@\n",
                                        "b@example.org\nx y@\xff\n"};
    struct store_session row;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        row = sound();
        row.user = str_from(users[i]);
        assert_damaged(row);
    }
    row = sound();
    row.resource = STR_LIT("");
    assert_damaged(row);
    row.resource = str_of("x\0y", 3);
    assert_damaged(row);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        row = sound();
        row.directed = str_from(lists[i]);
        assert_damaged(row);
    }
}

static void test_presence(void **state)
{
    static const char *const texts[] = {"",
                                        "<",
                                        "/>x",
                                        "/><message/>",
                                        " a='",
                                        "></iq>",
                                        "/></stream:stream>",
                                        " from='\xff'/>",
                                        " a='&lt;"};
    struct store_session row = sound();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        row.presence = str_from(texts[i]);
        assert_damaged(row);
    }
    row = sound();
    row.available = false; /* and has one all the same */
    assert_damaged(row);
}

static void test_stanzas(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "<message>",
                                        "<message/> ",
                                        "<message/><message/>",
                                        "<a/>",
                                        "</stream:stream>",
                                        "<message xmlns='x'/>",
                                        "<message><body>\xff</body></message>"};
    struct store_stanza stanzas[] = {two[0], two[1]};
    struct store_session row = sound();
    (void)state;
    row.stanzas = stanzas;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        stanzas[1].xml = str_from(texts[i]);
        assert_damaged(row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_counts),   cmocka_unit_test(test_times),
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_presence), cmocka_unit_test(test_stanzas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
