#include "client/fake_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* ---- no delay unless it is ordered ---- */

static uint64_t drawn;

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    assert_int_equal(len, sizeof drawn);
    memcpy(out, &drawn, len);
}

static const struct random_source delays = {fill, NULL};

struct pair {
    struct fake f;
    struct linnet_client *c;
};

static void begin_with(struct pair *p, struct linnet_config *config)
{
    drawn = 0;
    linnet_config_set_reconnect(config, true);
    p->c = fake_client(config);
    p->c->reconnect.random = delays;
}

static void begin(struct pair *p)
{
    fake_start(&p->f);
    p->f.in_clear = true;
    begin_with(p, fake_config(&p->f));
}

static void end(struct pair *p)
{
    linnet_client_free(p->c);
    fake_stop(&p->f);
}

/* The next event but for the stages. */
static const struct linnet_event *next(struct pair *p)
{
    const struct linnet_event *e;
    do
        e = fake_next(&p->f, p->c);
    while (e->kind == LINNET_EVENT_STAGE || e->kind == LINNET_EVENT_STAGE_DONE);
    return e;
}

static const struct linnet_event *expect(struct pair *p, enum linnet_event_kind kind,
                                         enum linnet_error_code code)
{
    const struct linnet_event *e = next(p);
    if (e->kind != kind)
        fail_msg("event %d instead of %d: %s", e->kind, kind, e->error ? e->error->sentence : "");
    if (e->error)
        assert_int_equal(e->error->code, code);
    return e;
}

static void expect_retry(struct pair *p, enum linnet_error_code code, unsigned attempt,
                         unsigned delay_ms)
{
    const struct linnet_event *e = expect(p, LINNET_EVENT_RETRY_SCHEDULED, code);
    assert_int_equal(e->attempt, attempt);
    assert_int_equal(e->delay_ms, delay_ms);
}

static void expect_online(struct pair *p, unsigned attempt)
{
    assert_int_equal(expect(p, LINNET_EVENT_ONLINE, LINNET_OK)->attempt, attempt);
}

/* Nothing follows, and the client knows it. */
static void expect_rest(struct pair *p)
{
    assert_null(linnet_client_event(p->c));
    assert_false(linnet_client_wait(p->c, -1));
    assert_false(linnet_client_retry_now(p->c));
    for (int i = 0; i < 3; i++)
        linnet_client_dispatch(p->c); /* what was freed is closed */
    assert_int_equal(linnet_client_timeout_ms(p->c), -1);
}

static void go_online(struct pair *p)
{
    assert_int_equal(linnet_client_login(p->c), LINNET_OK);
    expect_online(p, 0);
}

static void say_end(struct pair *p, enum stream_condition condition)
{
    stream_close(p->f.stream, loop_now_ms(), condition, STR_NONE);
    fake_output(&p->f);
}

/* ---- the server's ends ---- */

static void comes_back_after_every_end(void **state)
{
    struct pair p;
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        begin(&p);
        go_online(&p);
        for (unsigned attempt = 1; attempt <= 3; attempt++) { /* no session lasts a minute here */
            enum linnet_error_code code =
                how == 0 ? LINNET_ERROR_SHUTDOWN : LINNET_ERROR_CONNECTION_LOST;
            if (how < 2)
                say_end(&p, how == 0 ? STREAM_SYSTEM_SHUTDOWN : STREAM_OK);
            else
                fake_hang_up(&p.f, how == 3);
            expect(&p, LINNET_EVENT_OFFLINE, code);
            expect_retry(&p, code, attempt, 0);
            expect_online(&p, attempt);
            assert_int_equal(p.f.accepted, attempt + 1);
        }
        linnet_client_close(p.c);
        expect(&p, LINNET_EVENT_OFFLINE, LINNET_OK);
        expect_rest(&p);
        end(&p);
    }
}

static void conflict_is_not_fought_over(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    go_online(&p);
    say_end(&p, STREAM_CONFLICT);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONFLICT);
    expect(&p, LINNET_EVENT_GIVEN_UP, LINNET_ERROR_CONFLICT);
    expect_rest(&p);
    assert_int_equal(p.f.accepted, 1);
    go_online(&p); /* "use here" */
    end(&p);
}

static void off_unless_it_is_asked_for(void **state)
{
    struct pair p;
    (void)state;
    fake_start(&p.f);
    p.f.in_clear = true;
    p.c = fake_client(fake_config(&p.f));
    go_online(&p);
    say_end(&p, STREAM_SYSTEM_SHUTDOWN);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_SHUTDOWN);
    expect_rest(&p);
    end(&p);
}

/* After a reset the server has new keys: no TLS session of before is offered to it. */
static void reset_forgets_the_tls_session(void **state)
{
    struct pair p;
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        fake_start(&p.f);
        begin_with(&p, fake_config(&p.f));
        go_online(&p);
        say_end(&p, reset ? STREAM_RESET : STREAM_SYSTEM_SHUTDOWN);
        expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_SHUTDOWN);
        expect_retry(&p, LINNET_ERROR_SHUTDOWN, 1, 0);
        expect_online(&p, 1);
        assert_int_equal(linnet_client_tls(p.c)->resumed, !reset);
        end(&p);
    }
}

/* ---- logins that fail ---- */

static void tries_until_the_server_is_there(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    fake_go_deaf(&p.f);
    assert_int_equal(linnet_client_login(p.c), LINNET_OK);
    for (unsigned attempt = 1; attempt <= 5; attempt++) {
        expect(&p, LINNET_EVENT_FAILED, LINNET_ERROR_REFUSED);
        expect_retry(&p, LINNET_ERROR_REFUSED, attempt, 0);
        if (attempt == 5)
            fake_hear_again(&p.f);
    }
    expect_online(&p, 5);
    end(&p);
}

/* Each login that came to a sign-in has its own password, or none follows. */
static void no_password_is_tried_twice(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    go_online(&p);
    fake_credential(&p.f, "changed meanwhile", 4096);
    fake_hang_up(&p.f, false);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
    expect_retry(&p, LINNET_ERROR_CONNECTION_LOST, 1, 0);
    expect(&p, LINNET_EVENT_FAILED, LINNET_ERROR_BAD_CREDENTIALS);
    expect(&p, LINNET_EVENT_GIVEN_UP, LINNET_ERROR_BAD_CREDENTIALS);
    expect_rest(&p);
    assert_int_equal(p.f.accepted, 2);
    assert_null(p.c->config->password);

    assert_int_equal(linnet_client_login(p.c), LINNET_OK);
    uint64_t id = expect(&p, LINNET_EVENT_PASSWORD, LINNET_OK)->id;
    assert_true(linnet_client_answer_password(p.c, id, "changed meanwhile", 17));
    expect_online(&p, 0);
    fake_hang_up(&p.f, false); /* and that one serves again */
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
    expect_retry(&p, LINNET_ERROR_CONNECTION_LOST, 1, 0);
    expect_online(&p, 1);
    end(&p);
}

/* A server that cannot look has refused nothing. */
static void temporary_failure_keeps_the_password(void **state)
{
    struct pair p;
    (void)state;
    fake_start(&p.f);
    p.f.in_clear = true;
    struct linnet_config *config = fake_config(&p.f);
    linnet_config_set_password(config, NULL, 0);
    begin_with(&p, config);
    p.f.verdict = SASL_ERROR_TEMPORARY_AUTH_FAILURE;
    assert_int_equal(linnet_client_login(p.c), LINNET_OK);
    uint64_t id = expect(&p, LINNET_EVENT_PASSWORD, LINNET_OK)->id;
    assert_true(linnet_client_answer_password(p.c, id, FAKE_PASSWORD, sizeof FAKE_PASSWORD - 1));
    expect(&p, LINNET_EVENT_FAILED, LINNET_ERROR_AUTH_TEMPORARY);
    expect_retry(&p, LINNET_ERROR_AUTH_TEMPORARY, 1, 0);
    p.f.verdict = SASL_ERROR_NONE;
    expect_online(&p, 1);
    end(&p);
}

static void blocking_login_returns_its_failure(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    fake_go_deaf(&p.f);
    assert_int_equal(linnet_login(p.c, NULL), LINNET_ERROR_REFUSED);
    expect_rest(&p);
    end(&p);
}

/* ---- the application's part ---- */

static void lose_and_wait(struct pair *p, uint64_t delay_ms)
{
    begin(p);
    go_online(p);
    drawn = delay_ms;
    fake_hang_up(&p->f, false);
    expect(p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
    expect_retry(p, LINNET_ERROR_CONNECTION_LOST, 1, (unsigned)delay_ms);
    assert_null(linnet_client_event(p->c));
    assert_in_range(linnet_client_timeout_ms(p->c), 1, delay_ms);
}

static void close_while_waiting(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    linnet_client_close(p.c);
    expect_rest(&p);
    linnet_client_network_changed(p.c, true);
    expect_rest(&p);
    go_online(&p); /* and with that it is on again */
    drawn = 0;
    fake_hang_up(&p.f, false);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
    expect(&p, LINNET_EVENT_RETRY_SCHEDULED, LINNET_ERROR_CONNECTION_LOST);
    end(&p);
}

static void close_during_the_attempt(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    assert_true(linnet_client_retry_now(p.c));
    while (p.c->state != CLIENT_LOGIN)
        linnet_client_dispatch(p.c);
    linnet_client_close(p.c);
    expect(&p, LINNET_EVENT_FAILED, LINNET_ERROR_INTERRUPTED);
    expect_rest(&p);
    end(&p);
}

/* A history ends with the session that the application ended: what follows is not its loss. */
static void close_ends_the_history(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    go_online(&p);
    p.c->reconnect.backoff.online_ms -= BACKOFF_HEALTHY_MS;
    linnet_client_close(p.c);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_OK);
    expect_rest(&p);
    fake_go_deaf(&p.f);
    drawn = 30000;
    assert_int_equal(linnet_client_login(p.c), LINNET_OK);
    expect(&p, LINNET_EVENT_FAILED, LINNET_ERROR_REFUSED);
    expect_retry(&p, LINNET_ERROR_REFUSED, 1, 30000 % (BACKOFF_BASE_MS + 1));
    end(&p);
}

/* However the server takes a close, it is no reason to come back, or to say that one will not. */
static void close_meets_a_fault(void **state)
{
    struct pair p;
    (void)state;
    for (int garbage = 0; garbage < 2; garbage++) {
        begin(&p);
        go_online(&p);
        linnet_client_close(p.c);
        if (garbage)
            fake_say(&p.f, "<a></b>");
        else
            fake_hang_up(&p.f, true);
        expect(&p, LINNET_EVENT_OFFLINE, garbage ? LINNET_ERROR_PROTOCOL : LINNET_OK);
        expect_rest(&p);
        end(&p);
    }
}

static void retry_now_does_not_wait(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    assert_true(linnet_client_retry_now(p.c));
    expect_online(&p, 1);
    assert_false(linnet_client_retry_now(p.c));
    end(&p);
}

/* The host's own login takes the place of the one that is scheduled. */
static void login_overtakes_the_attempt(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    go_online(&p);
    assert_int_equal(p.f.accepted, 2);
    assert_false(linnet_client_retry_now(p.c));
    end(&p);
}

static void freed_while_waiting(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    end(&p);
}

static void turn(struct pair *p, unsigned times)
{
    while (times--) {
        linnet_client_dispatch(p->c);
        fake_step(&p->f);
    }
}

static void unpulled_events_hold_the_login_back(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    go_online(&p);
    fake_hang_up(&p.f, false);
    while (p.c->state == CLIENT_ONLINE)
        linnet_client_dispatch(p.c);
    turn(&p, 100);
    assert_int_equal(p.c->state, CLIENT_OFFLINE);
    expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
    turn(&p, 100);
    assert_int_equal(p.c->state, CLIENT_OFFLINE); /* the host is still looking at it */
    expect_retry(&p, LINNET_ERROR_CONNECTION_LOST, 1, 0);
    expect_online(&p, 1);
    end(&p);
}

/* A host that pulls one event each time it wakes up still holds the last one while it sleeps. */
static void event_in_hand_holds_nothing_up(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    fake_go_deaf(&p.f);
    assert_int_equal(linnet_client_login(p.c), LINNET_OK);
    for (unsigned attempt = 1; attempt <= 4;) {
        assert_true(linnet_client_wait(p.c, -1));
        const struct linnet_event *e = linnet_client_event(p.c);
        if (e->kind != LINNET_EVENT_RETRY_SCHEDULED)
            continue;
        for (int i = 0; i < 50; i++)
            linnet_client_dispatch(p.c);
        assert_int_equal(e->kind, LINNET_EVENT_RETRY_SCHEDULED); /* meanwhile it stays what it is */
        assert_int_equal(e->attempt, attempt++);
        assert_int_equal(e->error->code, LINNET_ERROR_REFUSED);
    }
    end(&p);
}

/* ---- the network here ---- */

static void network_ends_the_wait(void **state)
{
    struct pair p;
    (void)state;
    lose_and_wait(&p, 50000);
    linnet_client_network_changed(p.c, false);
    assert_true(linnet_client_timeout_ms(p.c) > 10000); /* that alone is no reason */
    drawn = 0;
    linnet_client_network_changed(p.c, true);
    expect_online(&p, 1);
    end(&p);
}

static void network_tells_whose_loss_it_was(void **state)
{
    struct pair p;
    (void)state;
    for (int up = 0; up < 2; up++) {
        begin(&p);
        go_online(&p);
        p.c->reconnect.backoff.online_ms -= BACKOFF_HEALTHY_MS;
        drawn = 30000;
        linnet_client_network_changed(p.c, up);
        fake_hang_up(&p.f, true);
        expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_CONNECTION_LOST);
        expect_retry(&p, LINNET_ERROR_CONNECTION_LOST, 1, 30000 % (BACKOFF_OWN_MS + 1));
        end(&p);
    }
}

static char pinged[64];

static void keep_ping(struct fake *f, const struct element *stanza)
{
    (void)f;
    assert_non_null(element_child(stanza, "urn:xmpp:ping", "ping"));
    snprintf(pinged, sizeof pinged, "%s", element_attr(stanza, "id"));
}

static void probe(struct pair *p)
{
    pinged[0] = '\0';
    p->f.on_stanza = keep_ping;
    uint64_t before_ms = session_heard_ms(p->c, loop_now_ms());
    while (loop_now_ms() <= before_ms) /* the millisecond of what came last is over */
        ;
    linnet_client_network_changed(p->c, true);
    linnet_client_network_changed(p->c, true);
    assert_in_range(linnet_client_timeout_ms(p->c), 0, 5000);
    for (int i = 0; i < 4000 && !pinged[0]; i++)
        turn(p, 1);
    assert_true(pinged[0] != '\0');
    assert_int_equal(p->f.stanzas, 1);
}

static void probed_server_that_answers_stays(void **state)
{
    struct pair p;
    char xml[128];
    (void)state;
    begin(&p);
    go_online(&p);
    probe(&p);
    snprintf(xml, sizeof xml, "<iq type='result' id='%s'/><message from='localhost'/>", pinged);
    fake_say(&p.f, xml);
    expect(&p, LINNET_EVENT_STANZA, LINNET_OK);
    loop_timer_set(p.c->session.ping_timer, 0); /* as if the 5 seconds were over */
    turn(&p, 10);
    assert_true(linnet_client_is_online(p.c));
    end(&p);
}

static void probed_server_that_is_gone_is_left(void **state)
{
    struct pair p;
    (void)state;
    begin(&p);
    go_online(&p);
    p.c->reconnect.backoff.online_ms -= BACKOFF_HEALTHY_MS;
    probe(&p);
    drawn = 30000;
    loop_timer_set(p.c->session.ping_timer, 0);
    const struct linnet_event *e = expect(&p, LINNET_EVENT_OFFLINE, LINNET_ERROR_TIMEOUT);
    assert_non_null(strstr(e->error->sentence, "within 5 s"));
    expect_retry(&p, LINNET_ERROR_TIMEOUT, 1, 30000 % (BACKOFF_OWN_MS + 1));
    fake_hang_up(&p.f, false);
    assert_true(linnet_client_retry_now(p.c));
    expect_online(&p, 1);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_after_every_end),
        cmocka_unit_test(conflict_is_not_fought_over),
        cmocka_unit_test(off_unless_it_is_asked_for),
        cmocka_unit_test(reset_forgets_the_tls_session),
        cmocka_unit_test(tries_until_the_server_is_there),
        cmocka_unit_test(no_password_is_tried_twice),
        cmocka_unit_test(temporary_failure_keeps_the_password),
        cmocka_unit_test(blocking_login_returns_its_failure),
        cmocka_unit_test(close_while_waiting),
        cmocka_unit_test(close_during_the_attempt),
        cmocka_unit_test(close_ends_the_history),
        cmocka_unit_test(close_meets_a_fault),
        cmocka_unit_test(retry_now_does_not_wait),
        cmocka_unit_test(login_overtakes_the_attempt),
        cmocka_unit_test(freed_while_waiting),
        cmocka_unit_test(unpulled_events_hold_the_login_back),
        cmocka_unit_test(event_in_hand_holds_nothing_up),
        cmocka_unit_test(network_ends_the_wait),
        cmocka_unit_test(network_tells_whose_loss_it_was),
        cmocka_unit_test(probed_server_that_answers_stays),
        cmocka_unit_test(probed_server_that_is_gone_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
