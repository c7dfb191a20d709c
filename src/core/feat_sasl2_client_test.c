/* What a client of SASL2 takes from an offer that somebody may have changed. */
#include "core/stream_fixture.h"

#define SASL2_FEATURES                                                                             \
    FEATURES("<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256-PLUS</mechanism>"   \
             "<mechanism>SCRAM-SHA-256</mechanism>"                                                \
             "<inline><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism>"        \
             "<mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication>"             \
             "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"                                   \
             "<channel-binding type='tls-exporter'/></sasl-channel-binding>")

/* Whether a client with a token for `mechanism` signs in with it. */
static bool uses_token(const char *mechanism, struct login_policy policy)
{
    struct tls_facts facts = {.version = "TLSv1.3", .verdict = TLS_VERDICT_OK, .exporter_len = 32};
    struct stream_config c = config_for(STREAM_CLIENT);
    struct buf out = {0};
    c.direct_tls = true;
    c.policy = policy;
    c.fast_path.agent_id = STR_LIT("d4565fa7-4d72-4749-b3d3-740edbf87770");
    c.fast_path.token = STR_LIT("some token");
    c.fast_path.token_mechanism = str_from(mechanism);
    c.fast_path.token_count = 1;
    struct stream *s = open_stream_at_tls(&c, &facts);
    drain(s, NULL);
    no_event(s);
    feed(s, HEADER);
    await(s, STREAM_EVENT_HEADER);
    feed(s, SASL2_FEATURES);
    no_event(s);
    drain(s, &out);
    struct str said = buf_peek(&out);
    bool used = memmem(said.ptr, said.len, mechanism, strlen(mechanism)) != NULL;
    assert_true(used || memmem(said.ptr, said.len, "SCRAM-SHA-256", 13));
    buf_finish(&out);
    stream_free(s);
    return used;
}

/* A token that binds nothing would let in whoever stands between, where a binding did not. */
static void a_token_is_no_way_around_a_binding(void **state)
{
    (void)state;
    const struct login_policy never = {0}, had = {.had_binding = true};
    const struct login_policy off = {.had_binding = true, .no_channel_binding = true};
    assert_true(uses_token("HT-SHA-256-NONE", never));
    assert_false(uses_token("HT-SHA-256-NONE", had));
    assert_true(uses_token("HT-SHA-256-NONE", off));
    assert_true(uses_token("HT-SHA-256-EXPR", had));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_token_is_no_way_around_a_binding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
