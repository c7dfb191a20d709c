/* Sessions that are resumed. */
#include "net/chan_tls_pair_test.h"

/* ---- tickets ---- */

/* One connection of `c` to `s`, offering and keeping `session`. */
static bool connect_resuming(struct tls_ctx *c, struct tls_ctx *s, const char *host,
                             struct buf *session)
{
    struct pair p =
        pair_new_with(c, s,
                      &(struct chan_tls_options){
                          .host = host, .session = buf_peek(session), .keep_session = true},
                      false);
    assert_true(pair_shake(&p));
    send_all(p.server, p.client, (const uint8_t *)"brings the ticket", 17);
    struct tls_facts fc, fs;
    chan_tls_facts(p.client, &fc);
    chan_tls_facts(p.server, &fs);
    assert_int_equal(fc.resumed, fs.resumed);
    assert_int_equal(fc.exporter_len, 32);
    assert_memory_equal(fc.exporter, fs.exporter, 32);
    assert_memory_equal(fc.unique, fs.unique, sizeof(fc.unique));
    assert_int_equal(fc.unique_len, fs.unique_len);
    assert_memory_equal(fc.end_point, fs.end_point, sizeof(fc.end_point));
    assert_int_equal(fc.end_point_len, 32);
    assert_int_equal(fc.verdict, TLS_VERDICT_OK);
    assert_string_equal(fc.peer.subject, "CN = example.org");
    buf_reset(session);
    assert_true(chan_tls_session(p.client, session));
    pair_free(&p);
    return fc.resumed;
}

static void resume_with(int version)
{
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct tls_ctx *c = client_ctx(authority.cert_file);
    struct tls_ctx *a = server_ctx(&leaf, tickets), *b = server_ctx(&leaf, tickets);
    set_version(c, version);
    struct buf session = {.secret = true};
    assert_false(connect_resuming(c, a, "example.org", &session));
    assert_true(connect_resuming(c, b, "example.org", &session)); /* another loop's context */
    assert_true(connect_resuming(c, a, "example.org", &session));
    tls_tickets_rotate(tickets, &random);
    assert_true(connect_resuming(c, b, "example.org", &session)); /* the key before */
    tls_tickets_rotate(tickets, &random);
    assert_true(connect_resuming(c, b, "example.org", &session)); /* it was renewed */
    tls_tickets_rotate(tickets, &random);
    tls_tickets_rotate(tickets, &random);
    assert_false(connect_resuming(c, a, "example.org", &session)); /* too old */

    /* A client that resumes is shown no certificate, so the server must still have the same. */
    struct test_cert renewed = test_cert_new(&authority, "example.org", leaf_names, 2, 300);
    test_cert_write(&renewed);
    struct tls_ctx *reloaded = server_ctx(&renewed, tickets);
    assert_false(connect_resuming(c, reloaded, "example.org", &session));
    assert_true(connect_resuming(c, reloaded, "example.org", &session));
    tls_ctx_unref(reloaded);
    test_cert_free(&renewed);
    assert_false(connect_resuming(c, a, "example.org", &session));

    /* never for another host, nor under other anchors: the server is not verified again */
    assert_false(connect_resuming(c, a, "x.wild.example", &session));
    assert_false(connect_resuming(c, a, "example.org", &session));
    struct tls_ctx *other = client_ctx(leaf.cert_file);
    set_version(other, version);
    assert_false(connect_resuming(other, a, "example.org", &session));
    assert_true(connect_resuming(other, a, "example.org", &session));

    /* rubbish is ignored */
    struct buf rubbish = {0};
    buf_append(&rubbish, buf_peek(&session).ptr, 32);
    buf_cstr(&rubbish, "rubbish");
    assert_false(connect_resuming(other, a, "example.org", &rubbish));
    buf_finish(&rubbish);

    buf_finish(&session);
    tls_ctx_unref(other);
    tls_ctx_unref(a);
    tls_ctx_unref(b);
    tls_ctx_unref(c);
    tls_tickets_unref(tickets);
}

static void tickets_work_across_contexts(void **state)
{
    (void)state;
    resume_with(TLS1_3_VERSION);
    resume_with(TLS1_2_VERSION);
}

static void unverified_sessions_are_not_kept(void **state)
{
    (void)state;
    struct random_source random = entropy_source(&entropy);
    struct tls_tickets *tickets = tls_tickets_new(&random);
    struct tls_ctx *c = client_ctx(authority.cert_file), *s = server_ctx(&leaf, tickets);
    struct pair p = pair_new_with(
        c, s, &(struct chan_tls_options){.host = "other.example", .keep_session = true}, false);
    assert_true(pair_shake(&p));
    send_all(p.server, p.client, (const uint8_t *)"brings the ticket", 17);
    struct buf session = {0};
    assert_false(chan_tls_session(p.client, &session));
    assert_int_equal(buf_len(&session), 0);
    pair_free(&p);
    tls_ctx_unref(c);
    tls_ctx_unref(s);
    tls_tickets_unref(tickets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_work_across_contexts),
        cmocka_unit_test(unverified_sessions_are_not_kept),
    };
    return cmocka_run_group_tests(tests, fixtures_make, fixtures_drop);
}
