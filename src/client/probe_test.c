#include "client/fake_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>
#include <linnet/probe.h>

/* A probe blocks, so the server has a thread of its own here. */
struct served {
    struct fake f;
    uv_thread_t thread;
    uv_mutex_t mutex;
    bool stop;
};

static bool stopped(struct served *s)
{
    uv_mutex_lock(&s->mutex);
    bool stop = s->stop;
    uv_mutex_unlock(&s->mutex);
    return stop;
}

static void serve(void *ctx)
{
    struct served *s = ctx;
    while (!stopped(s)) {
        struct pollfd fds[2] = {{s->f.listener, POLLIN, 0}, {s->f.fd, POLLIN, 0}};
        poll(fds, 2, 5);
        fake_step(&s->f);
    }
}

static struct linnet_probe *probe_with(struct served *s, struct linnet_config *config)
{
    struct linnet_probe *probe;
    struct linnet_error error = {0};
    s->stop = false;
    assert_int_equal(uv_mutex_init(&s->mutex), 0);
    assert_int_equal(uv_thread_create(&s->thread, serve, s), 0);
    enum linnet_error_code code = linnet_probe_run(config, &probe, &error);
    linnet_config_free(config);
    uv_mutex_lock(&s->mutex);
    s->stop = true;
    uv_mutex_unlock(&s->mutex);
    uv_thread_join(&s->thread);
    uv_mutex_destroy(&s->mutex);
    fake_hang_up(&s->f, false);
    if (code != LINNET_OK)
        fail_msg("%s", error.sentence);
    return probe;
}

static const struct linnet_probe_finding *find(const struct linnet_probe *p, const char *id)
{
    const struct linnet_probe_finding *f;
    for (size_t i = 0; (f = linnet_probe_finding_at(p, i)); i++)
        if (cstr_eq(f->id, id))
            return f;
    return NULL;
}

static const struct linnet_probe_mechanism *
mechanism(const struct linnet_probe *p, enum linnet_probe_phase phase, const char *name)
{
    const struct linnet_probe_mechanism *m;
    for (size_t i = 0; (m = linnet_probe_mechanism_at(p, phase, i)); i++)
        if (cstr_eq(m->name, name))
            return m;
    return NULL;
}

static void reports_a_good_server(void **state)
{
    struct served s = {0};
    (void)state;
    fake_start(&s.f);
    s.f.mechanism = "";
    struct linnet_probe *p = probe_with(&s, fake_config(&s.f));
    assert_int_equal(linnet_probe_error(p)->code, LINNET_OK);
    assert_int_equal(linnet_probe_stage(p), LINNET_STAGE_SIGN_IN);
    assert_string_equal(linnet_probe_domain(p), "localhost");
    assert_int_equal(linnet_probe_target_at(p, 0)->source, LINNET_PROBE_CONFIGURED);
    assert_int_equal(linnet_probe_target_at(p, 0)->port, s.f.port);
    assert_null(linnet_probe_target_at(p, 1));
    assert_true(linnet_probe_attempt_at(p, 0)->connected);
    assert_string_equal(linnet_probe_tls(p)->version, "TLSv1.3");
    assert_int_equal(linnet_probe_tls(p)->certificate.fault, LINNET_OK);
    for (int i = 0; i < 2; i++) {
        assert_non_null(linnet_probe_features(p, (enum linnet_probe_phase)i));
        assert_string_equal(linnet_probe_header(p, (enum linnet_probe_phase)i)->from, "localhost");
        assert_false(linnet_probe_header(p, (enum linnet_probe_phase)i)->mismatch);
    }
    assert_true(mechanism(p, LINNET_PROBE_SECURED, "SCRAM-SHA-512-PLUS")->chosen);
    assert_false(mechanism(p, LINNET_PROBE_IN_CLEAR, "SCRAM-SHA-256")->offered);
    assert_true(mechanism(p, LINNET_PROBE_SECURED, "DIGEST-MD5")->weak);
    assert_false(mechanism(p, LINNET_PROBE_SECURED, "DIGEST-MD5")->chosen);
    assert_null(find(p, "mechanisms-in-clear"));
    assert_null(find(p, "host-mismatch"));
    linnet_probe_free(p);
    fake_stop(&s.f);
}

static void a_bad_certificate_ends_the_verdict_not_the_probe(void **state)
{
    struct served s = {0};
    (void)state;
    fake_start(&s.f);
    struct linnet_config *config = fake_config(&s.f);
    linnet_config_set_ca_file(config, NULL);
    struct linnet_probe *p = probe_with(&s, config);
    assert_int_equal(linnet_probe_error(p)->code, LINNET_ERROR_CERT_UNTRUSTED);
    assert_non_null(linnet_probe_features(p, LINNET_PROBE_SECURED));
    assert_int_equal(find(p, "certificate")->level, LINNET_PROBE_FAULT);
    linnet_probe_free(p);
    fake_stop(&s.f);
}

/* The tutorial's server: on 127.0.0.1, calls itself 192.168.1.185, misspells the namespace of
 * STARTTLS, and offers everything in clear. */
static void finds_the_tutorials_traps(void **state)
{
    static const char raw[] =
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams' from='192.168.1.185' id='abc' "
        "version='1.0'><stream:features>"
        "<starttls xmlns='urn:ietf:params:xml:ns: xmpp-tls'/>"
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>DIGEST-MD5</mechanism>"
        "<mechanism>JIVE-SHAREDSECRET</mechanism><mechanism>PLAIN</mechanism>"
        "<mechanism>CRAM-MD5</mechanism></mechanisms>"
        "<compression xmlns='http://jabber.org/features/compress'><method>zlib</method>"
        "</compression><register xmlns='http://jabber.org/features/iq-register'/>"
        "</stream:features>";
    static const char *const ids[] = {
        "host-mismatch", "starttls-misspelt", "mechanisms-in-clear", "registration-in-clear",
        "no-scram",      "weak-mechanisms",   "compression"};
    struct served s = {0};
    (void)state;
    fake_start(&s.f);
    s.f.raw = raw;
    struct linnet_config *config = fake_config(&s.f);
    linnet_config_set_address(config, "admin@127.0.0.1");
    linnet_config_set_timeout_ms(config, 20000, 5000); /* it never answers <starttls/> */
    struct linnet_probe *p = probe_with(&s, config);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        if (!find(p, ids[i]))
            fail_msg("not found: %s", ids[i]);
    assert_null(find(p, "no-starttls")); /* misspelt says it already */
    const struct linnet_probe_finding *f = find(p, "host-mismatch");
    assert_int_equal(f->level, LINNET_PROBE_FAULT);
    assert_non_null(strstr(f->text, "127.0.0.1"));
    assert_non_null(strstr(f->text, "192.168.1.185"));
    assert_true(linnet_probe_header(p, LINNET_PROBE_IN_CLEAR)->mismatch);
    assert_non_null(strstr(find(p, "weak-mechanisms")->text, "JIVE-SHAREDSECRET"));
    assert_false(mechanism(p, LINNET_PROBE_IN_CLEAR, "JIVE-SHAREDSECRET")->known);
    assert_int_equal(linnet_probe_error(p)->code, LINNET_ERROR_TLS_MISSING);
    assert_null(linnet_probe_features(p, LINNET_PROBE_SECURED));
    assert_null(linnet_probe_tls(p));
    for (size_t i = 1; linnet_probe_finding_at(p, i); i++) /* worst first */
        assert_true(linnet_probe_finding_at(p, i)->level >=
                    linnet_probe_finding_at(p, i - 1)->level);
    linnet_probe_free(p);
    fake_stop(&s.f);
}

static void reports_what_was_tried_in_vain(void **state)
{
    struct served s = {0};
    (void)state;
    fake_start(&s.f);
    fake_go_deaf(&s.f);
    struct linnet_probe *p = probe_with(&s, fake_config(&s.f));
    assert_int_equal(linnet_probe_error(p)->code, LINNET_ERROR_REFUSED);
    assert_int_equal(linnet_probe_stage(p), LINNET_STAGE_CONNECT);
    assert_false(linnet_probe_attempt_at(p, 0)->connected);
    assert_true(linnet_probe_attempt_at(p, 0)->fault[0]);
    assert_null(linnet_probe_header(p, LINNET_PROBE_IN_CLEAR));
    assert_null(linnet_probe_mechanism_at(p, LINNET_PROBE_IN_CLEAR, 0));
    linnet_probe_free(p);
    fake_stop(&s.f);
}

static void refuses_what_it_cannot_begin(void **state)
{
    struct linnet_probe *probe;
    struct linnet_error error;
    (void)state;
    assert_int_equal(linnet_probe_run(NULL, &probe, &error), LINNET_ERROR_NO_MEMORY);
    struct linnet_config *config = linnet_config_new();
    assert_int_equal(linnet_probe_run(config, &probe, &error), LINNET_ERROR_USAGE);
    linnet_config_set_address(config, "example.org");
    linnet_config_set_ca_file(config, "/nonexistent.pem");
    assert_int_equal(linnet_probe_run(config, &probe, &error), LINNET_ERROR_SETTINGS);
    assert_null(probe);
    assert_non_null(strstr(error.sentence, "nonexistent"));
    linnet_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_a_good_server),
        cmocka_unit_test(a_bad_certificate_ends_the_verdict_not_the_probe),
        cmocka_unit_test(finds_the_tutorials_traps),
        cmocka_unit_test(reports_what_was_tried_in_vain),
        cmocka_unit_test(refuses_what_it_cannot_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
