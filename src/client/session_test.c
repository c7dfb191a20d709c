#include "client/fake_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* A client that is online with a fake, in clear so that bytes can be counted. */
struct pair {
    struct fake f;
    struct linnet_client *c;
};

static void go_online_as(struct pair *p, struct linnet_config *config)
{
    p->c = fake_client(config);
    assert_int_equal(linnet_client_login(p->c), LINNET_OK);
    const struct linnet_event *e;
    while ((e = fake_next(&p->f, p->c))->kind != LINNET_EVENT_ONLINE)
        if (e->kind == LINNET_EVENT_FAILED)
            fail_msg("%s", e->error->sentence);
}

static void go_online(struct pair *p)
{
    fake_start(&p->f);
    p->f.in_clear = true;
    go_online_as(p, fake_config(&p->f));
}

static void end(struct pair *p)
{
    linnet_client_free(p->c);
    fake_stop(&p->f);
}

/* The last stanza the fake received, as XML. */
static char *last_stanza;

static void keep_stanza(struct fake *f, const struct element *stanza)
{
    struct buf xml;
    (void)f;
    buf_init(&xml, 0, false);
    xml_print(&xml, stanza, NS_CLIENT);
    free(last_stanza);
    last_stanza = buf_take_cstr(&xml);
    buf_finish(&xml);
}

/* Runs both until the fake has received `count` stanzas in all. */
static void until_received(struct pair *p, unsigned count)
{
    for (int i = 0; i < 4000 && p->f.stanzas < count; i++) {
        struct pollfd fds[2] = {{linnet_client_fd(p->c), POLLIN, 0}, {p->f.fd, POLLIN, 0}};
        int timeout_ms = linnet_client_timeout_ms(p->c);
        poll(fds, 2, timeout_ms < 0 || timeout_ms > 5 ? 5 : timeout_ms);
        linnet_client_dispatch(p->c);
        fake_step(&p->f);
    }
    assert_int_equal(p->f.stanzas, count);
}

/* ---- stanzas ---- */

static void sends_and_receives(void **state)
{
    struct pair p;
    (void)state;
    go_online(&p);
    p.f.on_stanza = keep_stanza;
    struct linnet_element *m = linnet_message_new("romeo@localhost", "chat", "a < b & \"c\"");
    assert_int_equal(linnet_client_send(p.c, m, NULL), LINNET_OK);
    linnet_element_free(m);
    assert_true(linnet_client_pending_bytes(p.c) > 0);
    until_received(&p, 1);
    assert_int_equal(linnet_client_pending_bytes(p.c), 0);
    assert_string_equal(last_stanza, "<message to='romeo@localhost' type='chat'><body>"
                                     "a &lt; b &amp; \"c\"</body></message>");
    fake_say(&p.f, "<message from='romeo@localhost/x' to='juliet@localhost' type='chat'>"
                   "<body xml:lang='de'>ja</body><body>yes</body></message>");
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_STANZA);
    assert_string_equal(linnet_message_body(e->stanza), "yes");
    linnet_client_dispatch(p.c); /* what was lent stays */
    assert_string_equal(linnet_element_attr(e->stanza, "from"), "romeo@localhost/x");
    end(&p);
}

static void refuses_what_cannot_be_sent(void **state)
{
    struct pair p;
    struct linnet_error error = {0};
    (void)state;
    go_online(&p);
    struct linnet_element *bad = linnet_message_new("romeo@localhost", "chat", "bell \a");
    assert_int_equal(linnet_client_send(p.c, bad, &error), LINNET_ERROR_USAGE);
    linnet_element_free(bad);
    bad = linnet_element_new("urn:x", "thing");
    assert_int_equal(linnet_client_send(p.c, bad, &error), LINNET_ERROR_USAGE);
    linnet_element_free(bad);
    assert_int_equal(linnet_client_send(p.c, NULL, &error), LINNET_ERROR_NO_MEMORY);
    bad = linnet_iq_new(NULL, "get");
    assert_int_equal(linnet_client_iq(p.c, bad, 0, NULL, &error), LINNET_ERROR_USAGE);
    linnet_element_add(bad, "urn:x", "a");
    linnet_element_add(bad, "urn:x", "b");
    assert_int_equal(linnet_client_iq(p.c, bad, 0, NULL, &error), LINNET_ERROR_USAGE);
    linnet_element_free(bad);
    bad = linnet_iq_new("no@such@address", "get");
    linnet_element_add(bad, "urn:x", "a");
    assert_int_equal(linnet_client_iq(p.c, bad, 0, NULL, &error), LINNET_ERROR_USAGE);
    linnet_element_free(bad);
    assert_true(linnet_client_is_online(p.c)); /* and nothing broke */
    linnet_client_close(p.c);
    struct linnet_element *m = linnet_message_new("romeo@localhost", NULL, "late");
    assert_int_equal(linnet_client_send(p.c, m, &error), LINNET_ERROR_OFFLINE);
    linnet_element_free(m);
    end(&p);
}

/* ---- ends ---- */

static void server_says_why_it_ends(void **state)
{
    struct pair p;
    (void)state;
    go_online(&p);
    stream_close(p.f.stream, loop_now_ms(), STREAM_SYSTEM_SHUTDOWN, STR_LIT("tea time"));
    fake_output(&p.f);
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_OFFLINE);
    assert_int_equal(e->error->code, LINNET_ERROR_SHUTDOWN);
    assert_string_equal(e->error->condition, "system-shutdown");
    assert_string_equal(e->error->peer_text, "tea time");
    assert_int_equal(e->error->stage, LINNET_STAGE_READY);
    assert_null(linnet_client_event(p.c));
    end(&p);
}

/* A session that stood and may not go on: that is no broken rule, and its owner is told. */
static void server_signs_the_account_out(void **state)
{
    struct pair p;
    (void)state;
    go_online(&p);
    stream_close(p.f.stream, loop_now_ms(), STREAM_NOT_AUTHORIZED,
                 STR_LIT("logged out everywhere"));
    const struct linnet_error *error = fake_until(&p.f, p.c, LINNET_EVENT_OFFLINE)->error;
    assert_int_equal(error->code, LINNET_ERROR_SIGNED_OUT);
    assert_int_equal(error->retry, LINNET_RETRY_NO);
    assert_string_equal(error->condition, "not-authorized");
    assert_string_equal(error->peer_text, "logged out everywhere");
    assert_string_equal(linnet_error_param(error, "address"), "juliet@localhost");
    assert_null(strstr(error->sentence, "everywhere")); /* the words are the server's */
    end(&p);
}

static void server_closes_or_vanishes(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct pair p;
        go_online(&p);
        if (how == 0) {
            stream_close(p.f.stream, loop_now_ms(), STREAM_OK, STR_NONE);
            fake_output(&p.f);
        } else {
            fake_hang_up(&p.f, how == 2);
        }
        const struct linnet_event *e = fake_next(&p.f, p.c);
        assert_int_equal(e->kind, LINNET_EVENT_OFFLINE);
        assert_int_equal(e->error->code, LINNET_ERROR_CONNECTION_LOST);
        assert_int_equal(e->error->retry, LINNET_RETRY_YES);
        assert_false(linnet_client_is_online(p.c));
        end(&p);
    }
}

static void close_flushes_and_is_orderly(void **state)
{
    struct pair p;
    (void)state;
    go_online(&p);
    for (int i = 0; i < 100; i++) {
        struct linnet_element *m = linnet_message_new("romeo@localhost", "chat", "hello");
        assert_int_equal(linnet_client_send(p.c, m, NULL), LINNET_OK);
        linnet_element_free(m);
    }
    linnet_client_close(p.c);
    linnet_client_close(p.c); /* harmless */
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_OFFLINE);
    assert_int_equal(e->error->code, LINNET_OK);
    assert_int_equal(p.f.stanzas, 100);
    assert_false(linnet_client_wait(p.c, -1)); /* nothing can ever happen */
    end(&p);
}

static void silent_server_is_pinged_and_given_up(void **state)
{
    struct pair p;
    (void)state;
    fake_start(&p.f);
    p.f.in_clear = true;
    struct linnet_config *config = fake_config(&p.f);
    linnet_config_set_ping_ms(config, 50, 20000);
    go_online_as(&p, config);
    p.f.on_stanza = keep_stanza;
    until_received(&p, 1);
    assert_non_null(strstr(last_stanza, "<ping xmlns='urn:xmpp:ping'/>"));
    fake_say(&p.f, "<message from='localhost'/>"); /* any sign of life will do */
    assert_int_equal(fake_next(&p.f, p.c)->kind, LINNET_EVENT_STANZA);
    loop_timer_set(p.c->session.ping_timer, 0); /* as if the 20 seconds were over */
    until_received(&p, 2);
    p.f.fault = FAKE_STALL; /* and the server falls silent */
    loop_timer_set(p.c->session.ping_timer, 0);
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_OFFLINE);
    assert_int_equal(e->error->code, LINNET_ERROR_TIMEOUT);
    end(&p);
}

/* ---- requests ---- */

static uint64_t ask(struct pair *p, const char *to, uint32_t timeout_ms, char id[LINNET_ID_SIZE])
{
    uint64_t number = 0;
    struct linnet_element *iq = linnet_iq_new(to, "get");
    linnet_element_add(iq, "urn:example", "query");
    assert_int_equal(linnet_client_iq(p->c, iq, timeout_ms, &number, NULL), LINNET_OK);
    snprintf(id, LINNET_ID_SIZE, "%s", linnet_element_attr(iq, "id"));
    linnet_element_free(iq);
    return number;
}

static void say_reply(struct pair *p, const char *from, const char *type, const char *id)
{
    char xml[512];
    snprintf(xml, sizeof xml, "<iq%s%s%s type='%s' id='%s'>%s</iq>", from ? " from='" : "",
             from ? from : "", from ? "'" : "", type, id,
             strcmp(type, "error") ? ""
                                   : "<error type='cancel'><item-not-found "
                                     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    fake_say(&p->f, xml);
}

static void replies_match_by_id_and_sender(void **state)
{
    struct pair p;
    char id[LINNET_ID_SIZE];
    (void)state;
    go_online(&p);
    uint64_t number = ask(&p, "romeo@localhost/orchard", 0, id);
    until_received(&p, 1);
    say_reply(&p, "mallory@localhost/x", "result", id);
    say_reply(&p, NULL, "result", id);
    say_reply(&p, "romeo@localhost", "result", id);
    say_reply(&p, "romeo@localhost/orchard", "result", "other");
    say_reply(&p, "Romeo@LOCALHOST/orchard", "result", id); /* the same address, unprepared */
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_IQ_REPLY);
    assert_int_equal(e->id, number);
    assert_null(e->error);
    assert_string_equal(linnet_element_attr(e->stanza, "from"), "Romeo@LOCALHOST/orchard");
    say_reply(&p, "romeo@localhost/orchard", "result", id); /* a second one is nobody's */
    fake_say(&p.f, "<presence from='localhost'/>");
    assert_int_equal(fake_next(&p.f, p.c)->kind, LINNET_EVENT_STANZA);
    end(&p);
}

static void account_answers_under_its_names(void **state)
{
    static const char *const good[] = {NULL, "juliet@localhost", "juliet@localhost/r", "localhost"};
    static const char *const bad[] = {"romeo@localhost", "juliet@localhost/other", "other.example",
                                      "localhost/x", "@"};
    struct pair p;
    char id[LINNET_ID_SIZE];
    (void)state;
    go_online(&p);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint64_t number = ask(&p, NULL, 0, id);
        until_received(&p, (unsigned)i + 1);
        for (size_t k = 0; k < ARRAY_LEN(bad); k++)
            say_reply(&p, bad[k], "error", id);
        say_reply(&p, good[i], "result", id);
        const struct linnet_event *e = fake_next(&p.f, p.c);
        assert_int_equal(e->kind, LINNET_EVENT_IQ_REPLY);
        assert_int_equal(e->id, number);
        assert_null(e->error);
    }
    end(&p);
}

static void errors_timeouts_and_ends_reply_too(void **state)
{
    struct pair p;
    char id[LINNET_ID_SIZE];
    (void)state;
    go_online(&p);
    ask(&p, NULL, 0, id);
    until_received(&p, 1);
    say_reply(&p, NULL, "error", id);
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_IQ_REPLY);
    assert_int_equal(e->error->code, LINNET_ERROR_STANZA);
    assert_string_equal(e->error->condition, "item-not-found");

    uint64_t number = ask(&p, NULL, 30, id);
    uint64_t patient = ask(&p, NULL, 60000, id);
    e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_IQ_REPLY);
    assert_int_equal(e->id, number);
    assert_int_equal(e->error->code, LINNET_ERROR_TIMEOUT);
    assert_null(e->stanza);

    fake_hang_up(&p.f, true);
    e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_IQ_REPLY);
    assert_int_equal(e->id, patient);
    assert_int_equal(e->error->code, LINNET_ERROR_CONNECTION_LOST);
    assert_int_equal(fake_next(&p.f, p.c)->kind, LINNET_EVENT_OFFLINE);
    end(&p);
}

static void freed_with_open_requests(void **state)
{
    struct pair p;
    char id[LINNET_ID_SIZE];
    (void)state;
    go_online(&p);
    ask(&p, "romeo@localhost", 0, id);
    ask(&p, NULL, 0, id);
    end(&p);
}

static void requests_are_bounded(void **state)
{
    struct pair p;
    char id[LINNET_ID_SIZE];
    (void)state;
    go_online(&p);
    for (int i = 0; i < CLIENT_IQ_MAX; i++)
        ask(&p, NULL, 0, id);
    struct linnet_element *iq = linnet_iq_new(NULL, "get");
    linnet_element_add(iq, "urn:example", "query");
    assert_int_equal(linnet_client_iq(p.c, iq, 0, NULL, NULL), LINNET_ERROR_POLICY);
    linnet_element_free(iq);
    end(&p);
}

/* ---- requests of others ---- */

static const char *answer_to(struct pair *p, const char *xml)
{
    unsigned before = p->f.stanzas;
    fake_say(&p->f, xml);
    until_received(p, before + 1);
    return last_stanza;
}

static void answers_by_itself(void **state)
{
    struct pair p;
    (void)state;
    fake_start(&p.f);
    p.f.in_clear = true;
    struct linnet_config *config = fake_config(&p.f);
    linnet_config_set_software(config, "Mill & Co", "1.2", "console");
    linnet_config_add_feature(config, "urn:example:ours");
    go_online_as(&p, config);
    p.f.on_stanza = keep_stanza;
    const char *a = answer_to(&p, "<iq from='x@y/z' type='get' id='1'><ping xmlns='urn:xmpp:ping'/>"
                                  "</iq>");
    assert_non_null(strstr(a, "to='x@y/z'"));
    assert_non_null(strstr(a, "type='result'"));
    assert_non_null(strstr(a, "id='1'"));
    a = answer_to(&p, "<iq from='x@y/z' type='get' id='2'><query "
                      "xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    assert_non_null(strstr(a, "type='console'"));
    assert_non_null(strstr(a, "urn:example:ours"));
    assert_non_null(strstr(a, "urn:xmpp:ping"));
    a = answer_to(&p, "<iq from='x@y/z' type='get' id='3'><query node='n' "
                      "xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    assert_non_null(strstr(a, "item-not-found"));
    a = answer_to(&p, "<iq from='x@y/z' type='get' id='4'><query xmlns='jabber:iq:version'/></iq>");
    assert_non_null(strstr(a, "<name>Mill &amp; Co</name>"));
    assert_non_null(strstr(a, "<version>1.2</version>"));
    a = answer_to(&p, "<iq from='x@y/z' type='set' id='5'><query xmlns='jabber:iq:version'/></iq>");
    assert_non_null(strstr(a, "service-unavailable"));
    a = answer_to(&p, "<iq from='x@y/z' type='set' id='6'><a xmlns='urn:unknown'/></iq>");
    assert_non_null(strstr(a, "type='error'"));
    assert_non_null(strstr(a, "service-unavailable"));
    a = answer_to(&p, "<iq from='x@y/z' type='get' id='7'/>");
    assert_non_null(strstr(a, "bad-request"));
    assert_null(linnet_client_event(p.c)); /* none of it concerned the application */

    fake_say(&p.f, "<iq from='x@y/z' type='get' id='8'><q xmlns='urn:example:ours'/></iq>");
    const struct linnet_event *e = fake_next(&p.f, p.c);
    assert_int_equal(e->kind, LINNET_EVENT_STANZA);
    struct linnet_element *result = linnet_iq_result_new(e->stanza);
    assert_int_equal(linnet_client_send(p.c, result, NULL), LINNET_OK);
    linnet_element_free(result);
    until_received(&p, p.f.stanzas + 1);
    assert_non_null(strstr(last_stanza, "id='8'"));
    end(&p);
}

static void keeps_quiet_about_its_version(void **state)
{
    struct pair p;
    (void)state;
    go_online(&p);
    p.f.on_stanza = keep_stanza;
    const char *a = answer_to(&p, "<iq from='x@y/z' type='get' id='4'><query "
                                  "xmlns='jabber:iq:version'/></iq>");
    assert_non_null(strstr(a, "service-unavailable"));
    end(&p);
}

/* ---- bounds ---- */

/* While the application does not pull its events, nothing more is read; none is lost. */
static void unpulled_events_stop_the_reading(void **state)
{
    enum { COUNT = 4000 };
    struct pair p;
    char xml[1200];
    (void)state;
    go_online(&p);
    memset(xml, 'x', sizeof xml);
    memcpy(xml, "<message from='a@b'><body>", 26);
    memcpy(xml + sizeof xml - 18, "</body></message>", 18);
    for (int i = 0; i < COUNT; i++)
        stream_send_bytes(p.f.stream, loop_now_ms(), str_from(xml), 0);
    for (int i = 0; i < 500; i++) {
        fake_step(&p.f);
        linnet_client_dispatch(p.c);
    }
    assert_true(p.c->events.bytes > CLIENT_EVENTS_BYTES);
    assert_true(p.c->events.bytes < CLIENT_EVENTS_BYTES + 200000);
    for (int i = 0; i < COUNT; i++) {
        const struct linnet_event *e = fake_next(&p.f, p.c);
        assert_int_equal(e->kind, LINNET_EVENT_STANZA);
    }
    end(&p);
}

static void unread_output_stops_the_sending(void **state)
{
    struct pair p;
    struct linnet_error error;
    enum linnet_error_code code = LINNET_OK;
    (void)state;
    go_online(&p);
    char *body = malloc(200001);
    memset(body, 'x', 200000);
    body[200000] = '\0';
    struct linnet_element *m = linnet_message_new("romeo@localhost", NULL, body);
    for (int i = 0; i < 1000 && code == LINNET_OK; i++)
        code = linnet_client_send(p.c, m, &error);
    assert_int_equal(code, LINNET_ERROR_POLICY);
    assert_true(linnet_client_pending_bytes(p.c) < CLIENT_OUTPUT_BYTES + 300000);
    linnet_element_free(m);
    free(body);
    end(&p);
}

/* ---- other threads ---- */

enum { POSTERS = 4, POSTS = 200 };

struct posts {
    unsigned next[POSTERS], total, unsent;
    uv_thread_t owner;
};

struct post {
    struct posts *posts;
    unsigned poster, number;
};

static void run_post(struct linnet_client *client, void *ctx)
{
    struct post *post = ctx;
    struct posts *posts = post->posts;
    uv_thread_t self = uv_thread_self();
    if (!uv_thread_equal(&self, &posts->owner) || posts->next[post->poster] != post->number)
        abort(); /* another thread, or out of order */
    posts->next[post->poster]++;
    posts->total++;
    posts->unsent += !client;
    free(post);
}

struct poster {
    struct linnet_client *client;
    struct posts *posts;
    unsigned number;
};

static void post_all(void *ctx)
{
    struct poster *p = ctx;
    for (unsigned i = 0; i < POSTS; i++) {
        struct post *post = malloc(sizeof *post);
        *post = (struct post){p->posts, p->number, i};
        if (linnet_client_post(p->client, run_post, post) != LINNET_OK)
            abort();
    }
}

static void functions_are_posted(void **state)
{
    struct pair p;
    struct posts posts = {.owner = uv_thread_self()};
    struct poster posters[POSTERS];
    uv_thread_t threads[POSTERS];
    (void)state;
    go_online(&p);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){p.c, &posts, i};
        assert_int_equal(uv_thread_create(&threads[i], post_all, &posters[i]), 0);
    }
    for (int i = 0; i < 4000 && posts.total < POSTERS * POSTS; i++)
        linnet_client_wait(p.c, 5);
    for (unsigned i = 0; i < POSTERS; i++)
        uv_thread_join(&threads[i]);
    assert_int_equal(posts.total, POSTERS * POSTS);
    assert_int_equal(posts.unsent, 0);

    memset(posts.next, 0, sizeof posts.next);
    post_all(&posters[0]); /* these are never dispatched */
    end(&p);
    assert_int_equal(posts.unsent, POSTS);
}

static void post_again(struct linnet_client *client, void *ctx)
{
    unsigned *runs = ctx;
    if (client && ++*runs < 1000 && linnet_client_post(client, post_again, ctx) != LINNET_OK)
        abort();
}

/* One turn of the loop, one run: the loop stays its owner's. */
static void a_function_may_post_itself(void **state)
{
    struct pair p;
    unsigned runs = 0;
    (void)state;
    go_online(&p);
    assert_int_equal(linnet_client_post(p.c, post_again, &runs), LINNET_OK);
    for (unsigned turn = 1; turn <= 3; turn++) {
        linnet_client_dispatch(p.c);
        assert_in_range(runs, 1, turn);
    }
    end(&p);
}

static int free_last(void **state)
{
    (void)state;
    free(last_stanza);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_and_receives),
        cmocka_unit_test(refuses_what_cannot_be_sent),
        cmocka_unit_test(server_says_why_it_ends),
        cmocka_unit_test(server_signs_the_account_out),
        cmocka_unit_test(server_closes_or_vanishes),
        cmocka_unit_test(close_flushes_and_is_orderly),
        cmocka_unit_test(silent_server_is_pinged_and_given_up),
        cmocka_unit_test(replies_match_by_id_and_sender),
        cmocka_unit_test(account_answers_under_its_names),
        cmocka_unit_test(errors_timeouts_and_ends_reply_too),
        cmocka_unit_test(freed_with_open_requests),
        cmocka_unit_test(requests_are_bounded),
        cmocka_unit_test(answers_by_itself),
        cmocka_unit_test(keeps_quiet_about_its_version),
        cmocka_unit_test(unpulled_events_stop_the_reading),
        cmocka_unit_test(unread_output_stops_the_sending),
        cmocka_unit_test(functions_are_posted),
        cmocka_unit_test(a_function_may_post_itself),
    };
    return cmocka_run_group_tests(tests, NULL, free_last);
}
