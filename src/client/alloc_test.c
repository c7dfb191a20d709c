#include "client/fake_test.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* A login over TLS, a request, a message each way and an orderly end, again and again, with each
 * allocation of ours failing once. Whatever fails: one outcome, one end for a session that began,
 * one reply for each request; and nothing leaks (the address sanitizer watches). Only the client
 * and its layers fail: the fake allocates with the failure put off. */

/* What the account's memory holds; NULL: none is kept. */
static char *memory;
static size_t memory_len;

/* With stream management: the connection is cut once, and the session goes on or does not. */
static bool cuts;

struct tally {
    unsigned online, resumed, failed, offline, replies, requests;
    uint64_t tracked, told; /* sets of ids: stanzas, and their outcomes */
    bool over;
};

static void request(struct linnet_client *c, struct tally *t)
{
    struct linnet_element *iq = linnet_iq_new("localhost", "get");
    linnet_element_add(iq, "urn:example", "query");
    t->requests += linnet_client_iq(c, iq, 0, NULL, NULL) == LINNET_OK;
    linnet_element_free(iq);
    struct linnet_element *m = linnet_message_new("romeo@localhost", "chat", "hello");
    (void)!linnet_client_send(c, m, NULL);
    linnet_element_free(m);
    uint64_t id;
    struct linnet_element *end = linnet_message_new("romeo@localhost", "chat", "end");
    bool sent = linnet_client_send_tracked(c, end, &id, NULL) == LINNET_OK;
    if (sent && linnet_client_is_managed(c))
        t->tracked |= UINT64_C(1) << id;
    linnet_element_free(end);
    if (!sent)
        linnet_client_close(c);
}

static void echo(struct fake *f, const struct element *stanza)
{
    char xml[256];
    if (stanza_kind(stanza, NS_CLIENT) == STANZA_IQ) {
        snprintf(xml, sizeof xml, "<iq from='localhost' type='result' id='%s'/>",
                 element_attr(stanza, "id"));
        fake_say(f, xml);
        fake_say(f, "<iq from='x@y/z' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    } else if (str_is(element_child_text(stanza, NS_CLIENT, "body"), "end")) {
        if (cuts && f->accepted == 1) {
            fake_hang_up(f, true);
            return;
        }
        fake_say(f, "<message from='localhost'><body>end</body></message>");
    }
}

static void on_event(struct linnet_client *c, const struct linnet_event *e, struct tally *t)
{
    bool again = cuts && c->reconnect.waiting;
    switch (e->kind) {
    case LINNET_EVENT_ONLINE:
        t->online++;
        request(c, t);
        break;
    case LINNET_EVENT_RESUMED:
        t->resumed++;
        break;
    case LINNET_EVENT_FAILED:
        t->failed++;
        t->over = !again;
        break;
    case LINNET_EVENT_OFFLINE:
        t->offline++;
        t->over = !again;
        break;
    case LINNET_EVENT_ACKED:
    case LINNET_EVENT_UNDELIVERED:
        assert_false(t->told & (UINT64_C(1) << e->id)); /* one each */
        t->told |= UINT64_C(1) << e->id;
        break;
    case LINNET_EVENT_IQ_REPLY:
        t->replies++;
        break;
    case LINNET_EVENT_STANZA:
        linnet_client_close(c);
        break;
    default:
        break;
    }
}

/* The fake's own allocations are not what is tested. One redirect is enough. */
static void step_safely(struct fake *f)
{
    long after = alloc_fail_after;
    alloc_fail_after = -1;
    if (f->accepted > 1)
        f->redirect = NULL;
    fake_step(f);
    alloc_fail_after = after;
}

static void follow(struct fake *f, struct linnet_client *c, struct tally *t)
{
    const struct linnet_event *e;
    uint64_t end_ms = loop_now_ms() + 20000;
    while (loop_now_ms() < end_ms && !t->over) {
        int timeout_ms = linnet_client_timeout_ms(c);
        struct pollfd fds[3] = {
            {linnet_client_fd(c), POLLIN, 0}, {f->listener, POLLIN, 0}, {f->fd, POLLIN, 0}};
        poll(fds, 3, timeout_ms < 0 || timeout_ms > 5 ? 5 : timeout_ms);
        linnet_client_dispatch(c);
        step_safely(f);
        while ((e = linnet_client_event(c)))
            on_event(c, e, t);
    }
}

/* Returns whether all went well; aborts the test when the invariants do not hold. */
static bool scenario(struct fake *f)
{
    struct tally t = {0};
    struct linnet_client *c = NULL;
    struct linnet_config *config = fake_config(f);
    linnet_config_set_software(config, "test", "1", "bot");
    linnet_config_set_memory(config, memory, memory_len);
    f->token.count = 0;
    linnet_config_set_reconnect(config, true);
    linnet_config_set_reconnect_cap_ms(config, cuts);
    linnet_config_set_stream_management(config, cuts);
    bool made = linnet_client_new(config, &c, NULL) == LINNET_OK;
    linnet_config_free(config);
    if (!made)
        return false;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    follow(f, c, &t);
    assert_true(t.over);
    assert_true(cuts || t.online + t.failed == 1);
    assert_int_equal(t.offline, t.online + t.resumed);
    assert_int_equal(t.tracked & ~t.told, 0);
    assert_int_equal(t.replies, t.requests);
    char *text = linnet_client_recording(c);
    free(text);
    linnet_client_free(c);
    long after = alloc_fail_after;
    alloc_fail_after = -1;
    fake_hang_up(f, false);
    sm_unref(f->session);
    f->session = NULL;
    f->stanzas = 0;
    alloc_fail_after = after;
    return t.online && t.requests == t.online;
}

/* One allocation in `stride` fails, each in a login of its own, sent on by `redirect` or not. */
static void fail_each(const char *redirect, struct fake *f, int stride)
{
    bool good = false;
    int n = 0;
    for (;; n += stride) {
        f->redirect = redirect;
        f->accepted = 0;
        alloc_fail_after = n;
        alloc_failed = false;
        good = scenario(f);
        alloc_fail_after = -1;
        if (!alloc_failed)
            break;
    }
    assert_true(good);
    assert_true(n > 100);
    assert_int_equal(f->accepted, redirect || cuts ? 2 : 1);
    print_message("%d allocations failed, each once\n", n / stride);
}

static void every_allocation_fails_once(void **state)
{
    struct fake f;
    (void)state;
    fake_start(&f);
    f.on_stanza = echo;
    fail_each(NULL, &f, 1);
    fake_stop(&f);
}

static void so_they_do_after_a_redirect(void **state)
{
    struct fake f;
    char here[32];
    (void)state;
    fake_start(&f);
    f.on_stanza = echo;
    snprintf(here, sizeof here, "127.0.0.1:%u", f.port);
    fail_each(here, &f, 3);
    fake_stop(&f);
}

/* With a memory of everything: a token, features that are relied on, a session, another key. */
static void so_they_do_with_a_memory(void **state)
{
    struct fake f;
    size_t len;
    (void)state;
    fake_start(&f);
    f.on_stanza = echo;
    f.fast = true;
    struct linnet_config *config = fake_config(&f);
    linnet_config_set_memory(config, "", 0);
    struct linnet_client *c = fake_client(config);
    assert_int_equal(linnet_client_login(c), LINNET_OK);
    fake_until(&f, c, LINNET_EVENT_ONLINE);
    c->remembered.memory.spki_sha256[0] ^= 1;
    const char *text = linnet_client_memory(c, &len);
    memory = malloc(len);
    assert_non_null(memory);
    memcpy(memory, text, memory_len = len);
    linnet_client_free(c);
    fake_hang_up(&f, false);
    fail_each(NULL, &f, 1);
    assert_int_equal(f.path, STREAM_PATH_SASL2 | STREAM_PATH_BIND2 | STREAM_PATH_TOKEN);
    free(memory);
    memory = NULL;
    memory_len = 0;
    fake_stop(&f);
}

/* And where the connection is cut, whatever becomes of the session. */
static void so_they_do_when_a_session_is_cut(void **state)
{
    struct fake f;
    (void)state;
    cuts = true;
    for (int resume = FAKE_RESUMES; resume <= FAKE_KNOWS_H; resume++) {
        fake_start(&f);
        f.on_stanza = echo;
        f.in_clear = f.sm = true;
        f.resume = resume;
        fail_each(NULL, &f, 1);
        fake_stop(&f);
    }
    cuts = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(so_they_do_after_a_redirect),
        cmocka_unit_test(so_they_do_with_a_memory),
        cmocka_unit_test(so_they_do_when_a_session_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
