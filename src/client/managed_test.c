#include "client/fake_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

static char heard[256]; /* the bodies that came to the server, in order */

static void hear(struct fake *f, const struct element *stanza)
{
    struct str body = element_child_text(stanza, NS_CLIENT, "body");
    size_t len = strlen(heard);
    (void)f;
    snprintf(heard + len, sizeof heard - len, "%.*s", STR_ARG(body));
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
}

static struct linnet_client *begin_over(struct fake *f, int resume, bool tls)
{
    static const struct random_source at_once = {fill, NULL};
    fake_start(f);
    heard[0] = '\0';
    f->in_clear = !tls;
    f->sm = true;
    f->resume = resume;
    f->on_stanza = hear;
    struct linnet_config *config = fake_config(f);
    linnet_config_set_reconnect(config, true);
    struct linnet_client *c = fake_client(config);
    c->reconnect.random = at_once;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    fake_until(f, c, LINNET_EVENT_ONLINE);
    while (!c->managed.counting) {
        linnet_client_dispatch(c);
        fake_step(f);
    }
    return c;
}

static struct linnet_client *begin(struct fake *f, int resume)
{
    return begin_over(f, resume, false);
}

static uint64_t say(struct linnet_client *c, const char *body)
{
    uint64_t id = 0;
    struct linnet_element *m = linnet_message_new("romeo@localhost", "chat", body);
    assert_int_equal(linnet_client_send_tracked(c, m, &id, NULL), LINNET_OK);
    linnet_element_free(m);
    return id;
}

static void end(struct fake *f, struct linnet_client *c)
{
    linnet_client_close(c);
    const struct linnet_event *e = fake_until(f, c, LINNET_EVENT_OFFLINE);
    assert_int_equal(e->error->code, LINNET_OK);
    linnet_client_free(c);
    fake_stop(f);
}

/* "a" arrives, "b" is written and lost, "c" is said between two connections. */
static struct linnet_client *cut_over(struct fake *f, int resume, bool tls)
{
    struct linnet_client *c = begin_over(f, resume, tls);
    assert_int_equal(say(c, "a"), 1);
    assert_int_equal(fake_until(f, c, LINNET_EVENT_ACKED)->id, 1);
    assert_int_equal(say(c, "b"), 2);
    fake_hang_up(f, false);
    assert_int_equal(fake_until(f, c, LINNET_EVENT_OFFLINE)->unacknowledged, 1);
    assert_int_equal(say(c, "c"), 3);
    return c;
}

static struct linnet_client *cut(struct fake *f, int resume)
{
    return cut_over(f, resume, false);
}

static void goes_on(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = cut(&f, FAKE_RESUMES);
    assert_string_equal(fake_until(&f, c, LINNET_EVENT_RESUMED)->jid, "juliet@localhost/r");
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 2);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 3);
    assert_string_equal(heard, "abc");
    end(&f, c);
}

/* Who will not come back asks the server to keep nothing; what arrives is confirmed all the same.
 */
static void only_who_comes_back_can_resume(void **state)
{
    (void)state;
    for (int reconnects = 0; reconnects < 2; reconnects++) {
        struct fake f;
        fake_start(&f);
        f.in_clear = f.sm = true;
        f.resumable = !reconnects;
        struct linnet_config *config = fake_config(&f);
        linnet_config_set_reconnect(config, reconnects);
        struct linnet_client *c = fake_client(config);
        assert_int_equal(linnet_client_login(c), LINNET_OK);
        fake_until(&f, c, LINNET_EVENT_ONLINE);
        say(c, "a");
        fake_until(&f, c, LINNET_EVENT_ACKED);
        assert_int_equal(f.resumable, reconnects);
        end(&f, c);
    }
}

static void what_is_known_to_be_lost_goes_again(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = cut(&f, FAKE_KNOWS_H);
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 2);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 3);
    assert_string_equal(heard, "abc");
    end(&f, c);
}

static void what_is_unknown_is_told(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = cut(&f, FAKE_FORGOT);
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    const struct linnet_event *e = fake_until(&f, c, LINNET_EVENT_UNDELIVERED);
    assert_int_equal(e->id, 2);
    assert_string_equal(linnet_message_body(e->stanza), "b");
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 3);
    assert_string_equal(heard, "ac");
    end(&f, c);
}

/* What is told between the failure that ends everything and that it does. */
static void what_is_given_up_is_told(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = cut(&f, FAKE_RESUMES);
    fake_credential(&f, "another", 4096);
    fake_until(&f, c, LINNET_EVENT_FAILED);
    for (uint64_t id = 2; id <= 3; id++) {
        const struct linnet_event *e = fake_next(&f, c);
        assert_int_equal(e->kind, LINNET_EVENT_UNDELIVERED);
        assert_int_equal(e->id, id);
    }
    assert_int_equal(fake_next(&f, c)->kind, LINNET_EVENT_GIVEN_UP);
    assert_int_equal(linnet_client_path(c), 0);
    linnet_client_free(c);
    fake_stop(&f);
}

/* Resumed, all is written once more; but the login ends before that is told, and the server forgets
 * the session. What is said then, and only that, has reached nobody. */
static void a_login_that_resumed_and_failed(void **state)
{
    struct fake f;
    struct linnet_error error = {0};
    (void)state;
    struct linnet_client *c = cut_over(&f, FAKE_RESUMES, true);
    do {
        linnet_client_retry_now(c);
        linnet_client_event(c);
        linnet_client_dispatch(c);
        fake_step(&f);
        assert_false(c->state == CLIENT_ONLINE);
    } while (!client_stream(c) || !stream_is_ready(client_stream(c)));
    f.resume = FAKE_FORGOT;
    error_set(&error, LINNET_ERROR_TIMEOUT, LINNET_ORIGIN_NETWORK, NULL);
    login_end(c, &error);
    assert_int_equal(say(c, "d"), 4);
    fake_hang_up(&f, false);
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_UNDELIVERED)->id, 2);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_UNDELIVERED)->id, 3);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 4);
    assert_non_null(strstr(heard, "d"));
    end(&f, c);
}

static void a_close_waits_for_what_was_sent(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = begin(&f, FAKE_RESUMES);
    say(c, "a");
    linnet_client_close(c);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_ACKED)->id, 1);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_OFFLINE)->error->code, LINNET_OK);
    linnet_client_free(c);
    fake_stop(&f);
}

static void a_close_says_what_is_unknown(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = begin(&f, FAKE_RESUMES);
    f.refuses_sm_acks = true;
    say(c, "a");
    linnet_client_close(c);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_UNDELIVERED)->id, 1);
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_OFFLINE)->error->code,
                     LINNET_ERROR_CONNECTION_LOST);
    linnet_client_free(c);
    fake_stop(&f);
}

/* The count goes up when the application asks for the next event, not when it was read. */
static void only_what_was_pulled_is_acknowledged(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = begin(&f, FAKE_RESUMES);
    fake_say(&f, "<message from='x@y'><body>1</body></message>");
    fake_say(&f, "<iq from='x@y/z' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    for (int i = 0; i < 50; i++) {
        linnet_client_dispatch(c);
        fake_step(&f);
    }
    assert_int_equal(sm_h(c->managed.sm), 0);
    assert_int_equal(linnet_client_event(c)->kind, LINNET_EVENT_STANZA);
    assert_int_equal(sm_h(c->managed.sm), 0);
    assert_null(linnet_client_event(c));
    assert_int_equal(sm_h(c->managed.sm), 2);
    end(&f, c);
}

/* ---- a cut anywhere ---- */

static void turn(struct fake *f, struct linnet_client *c)
{
    linnet_client_dispatch(c);
    fake_step(f);
}

struct exchange {
    int said, pulled;
    uint64_t acked;
};

static void note(struct exchange *x, const struct linnet_event *e)
{
    if (e->kind == LINNET_EVENT_ACKED)
        assert_int_equal(e->id, ++x->acked);
    if (e->kind == LINNET_EVENT_STANZA)
        assert_int_equal(atoi(linnet_message_body(e->stanza)), x->pulled++);
    assert_int_not_equal(e->kind, LINNET_EVENT_UNDELIVERED);
    assert_int_not_equal(e->kind, LINNET_EVENT_ONLINE);
}

static void say_next(struct fake *f, struct exchange *x)
{
    char xml[80];
    snprintf(xml, sizeof xml, "<message from='a@b'><body>%d</body></message>", x->said++);
    fake_say(f, xml);
}

/* Six messages each way, and the server's bytes end after `budget`: each comes once, in order.
 * Returns whether the connection was cut. */
static bool exchange(size_t budget)
{
    struct fake f;
    struct exchange x = {0};
    struct linnet_client *c = begin(&f, FAKE_RESUMES);
    uint64_t end_ms = loop_now_ms() + 20000;
    f.fault = FAKE_RESET;
    f.budget = f.written + budget;
    for (char i = '0'; i < '6'; i++)
        say(c, (char[]){i, '\0'});
    while ((x.pulled < 6 || x.acked < 6) && loop_now_ms() < end_ms) {
        const struct linnet_event *e;
        if (f.accepted > 1)
            f.fault = FAKE_NONE;
        if (f.bound && x.said < 6)
            say_next(&f, &x);
        turn(&f, c);
        while ((e = linnet_client_event(c)))
            note(&x, e);
    }
    assert_int_equal(x.pulled, 6);
    assert_int_equal(x.acked, 6);
    assert_string_equal(heard, "012345");
    bool cut = f.accepted > 1;
    linnet_client_free(c);
    fake_stop(&f);
    return cut;
}

static void cut_anywhere(void **state)
{
    size_t budget = 1;
    (void)state;
    while (exchange(budget))
        budget += 3;
    assert_true(budget > 300);
}

/* ---- is the server still there? ---- */

static void what_is_never_acknowledged_ends_the_session(void **state)
{
    struct fake f;
    (void)state;
    struct linnet_client *c = begin(&f, FAKE_RESUMES);
    c->config->ping_timeout_ms = 50;
    f.fault = FAKE_STALL;
    say(c, "a");
    assert_int_equal(fake_until(&f, c, LINNET_EVENT_OFFLINE)->error->code, LINNET_ERROR_TIMEOUT);
    linnet_client_free(c);
    fake_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on),
        cmocka_unit_test(only_who_comes_back_can_resume),
        cmocka_unit_test(what_is_known_to_be_lost_goes_again),
        cmocka_unit_test(what_is_unknown_is_told),
        cmocka_unit_test(what_is_given_up_is_told),
        cmocka_unit_test(a_login_that_resumed_and_failed),
        cmocka_unit_test(a_close_waits_for_what_was_sent),
        cmocka_unit_test(a_close_says_what_is_unknown),
        cmocka_unit_test(only_what_was_pulled_is_acknowledged),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(what_is_never_acknowledged_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
