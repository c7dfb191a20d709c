#include "client/fake_test.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* A session with stream management, from <enable/> through a cut in the middle of what both ends
 * say, with more said between two connections, to its going on or not, and its end; again and again
 * with each allocation of the client failing once, after which its application logs in again.
 * Whatever fails, each that books what it saw must come to the same:
 *
 *   the client   each stanza that was taken has one outcome; ACKED is one that the server has
 *   the server   nothing came twice, nor what was refused when it was sent
 *   both         what the client acknowledged its application has had, once
 *
 * The fake's own allocations are not what is tested. */

enum { SAID_MAX = 16 };

static const char *const bodies[] = {"before", "cut", "between", "after", "end"};

enum { BEFORE, CUT, BETWEEN, AFTER, END, BODIES };

/* One run: login, cut, login, end; with more logins where one fails. */
struct book {
    /* by body */
    struct {
        bool tried, taken, managed, acked, undelivered;
        unsigned heard;
        uint64_t id;
    } sent[BODIES];
    /* what the server said, and in which session */
    struct {
        struct sm *sm;
        unsigned pulled;
    } said[SAID_MAX];
    uint64_t said_count;
    unsigned online, resumed, failed, offline, replies, requests, logins;
    bool over;
};

static struct book book;

/* ---- the server ---- */

static void say(struct fake *f)
{
    char xml[80];
    uint64_t n = book.said_count;
    if (n == SAID_MAX || !f->bound)
        return;
    snprintf(xml, sizeof xml, "<message from='localhost'><body>%d</body></message>", (int)n);
    book.said[n].sm = sm_ref(stream_sm(f->stream));
    book.said_count++;
    stream_send_bytes(f->stream, loop_now_ms(), str_from(xml), n);
}

static void hear(struct fake *f, const struct element *stanza)
{
    char xml[128];
    if (stanza_kind(stanza, NS_CLIENT) == STANZA_IQ) {
        snprintf(xml, sizeof xml, "<iq from='localhost' type='result' id='%s'/>",
                 element_attr(stanza, "id"));
        stream_send_bytes(f->stream, loop_now_ms(), str_from(xml), SAID_MAX);
        return;
    }
    struct str body = element_child_text(stanza, NS_CLIENT, "body");
    for (size_t i = 0; i < BODIES; i++)
        book.sent[i].heard += str_is(body, bodies[i]);
    say(f);
    if (str_is(body, bodies[CUT])) { /* it is handled, but nobody is told */
        f->fault = FAKE_RESET;
        f->budget = f->written + f->written % 7;
    }
}

static void step_safely(struct fake *f)
{
    long after = alloc_fail_after;
    alloc_fail_after = -1;
    if (f->fd < 0) /* it struck */
        f->fault = FAKE_NONE;
    fake_step(f);
    alloc_fail_after = after;
}

/* ---- the client ---- */

static void send_one(struct linnet_client *c, unsigned which)
{
    if (book.sent[which].tried)
        return;
    struct linnet_element *m = linnet_message_new("romeo@localhost", "chat", bodies[which]);
    book.sent[which].tried = true;
    book.sent[which].taken =
        linnet_client_send_tracked(c, m, &book.sent[which].id, NULL) == LINNET_OK;
    book.sent[which].managed = linnet_client_is_managed(c);
    linnet_element_free(m);
}

static void request(struct linnet_client *c)
{
    struct linnet_element *iq = linnet_iq_new("localhost", "get");
    linnet_element_add(iq, "urn:example", "query");
    book.requests += linnet_client_iq(c, iq, 0, NULL, NULL) == LINNET_OK;
    linnet_element_free(iq);
}

static void send_rest(struct linnet_client *c)
{
    send_one(c, BETWEEN);
    send_one(c, AFTER);
    send_one(c, END);
    linnet_client_close(c);
}

static void on_online(struct linnet_client *c)
{
    bool first = !book.sent[BEFORE].tried;
    send_one(c, BEFORE);
    if (!first || !book.sent[BEFORE].taken)
        send_rest(c);
}

/* The session is managed by now: `cut` is on its way. */
static void go_on(struct linnet_client *c)
{
    if (c->state != CLIENT_ONLINE || book.sent[CUT].tried)
        return;
    request(c);
    send_one(c, CUT);
    if (!book.sent[CUT].taken)
        send_rest(c);
}

/* Between two connections, or for good: then the application tries once more. */
static void on_end(struct linnet_client *c)
{
    if (linnet_client_is_managed(c)) {
        send_one(c, BETWEEN);
        request(c);
    }
    book.over = book.sent[END].tried && !c->reconnect.waiting;
}

static void on_outcome(uint64_t id, bool acked)
{
    for (size_t i = 0; i < BODIES; i++) {
        if (!book.sent[i].taken || book.sent[i].id != id)
            continue;
        assert_false(book.sent[i].acked || book.sent[i].undelivered);
        book.sent[i].acked = acked;
        book.sent[i].undelivered = !acked;
    }
}

static void on_event(struct linnet_client *c, const struct linnet_event *e)
{
    switch (e->kind) {
    case LINNET_EVENT_ONLINE:
    case LINNET_EVENT_RESUMED:
        *(e->kind == LINNET_EVENT_ONLINE ? &book.online : &book.resumed) += 1;
        on_online(c);
        break;
    case LINNET_EVENT_FAILED:
        book.failed++;
        break;
    case LINNET_EVENT_OFFLINE:
        book.offline++;
        on_end(c);
        break;
    case LINNET_EVENT_ACKED:
    case LINNET_EVENT_UNDELIVERED:
        on_outcome(e->id, e->kind == LINNET_EVENT_ACKED);
        go_on(c);
        break;
    case LINNET_EVENT_IQ_REPLY:
        book.replies++;
        break;
    case LINNET_EVENT_STANZA:
        book.said[atoi(linnet_message_body(e->stanza))].pulled++;
        break;
    default:
        break;
    }
}

/* An application that does not give up. Once an allocation has failed no other does. */
static void log_in_again(struct linnet_client *c)
{
    if (c->state != CLIENT_OFFLINE || c->reconnect.waiting || book.over || book.logins == 3)
        return;
    book.logins++;
    assert_int_equal(linnet_client_login(c), LINNET_OK);
}

static void follow(struct fake *f, struct linnet_client *c)
{
    const struct linnet_event *e;
    uint64_t end_ms = loop_now_ms() + 10000;
    while (loop_now_ms() < end_ms && !book.over) {
        log_in_again(c);
        int timeout_ms = linnet_client_timeout_ms(c);
        struct pollfd fds[3] = {
            {linnet_client_fd(c), POLLIN, 0}, {f->listener, POLLIN, 0}, {f->fd, POLLIN, 0}};
        poll(fds, 3, timeout_ms < 0 || timeout_ms > 5 ? 5 : timeout_ms);
        linnet_client_dispatch(c);
        step_safely(f);
        while ((e = linnet_client_event(c)))
            on_event(c, e);
    }
}

/* ---- the reckoning ---- */

static bool is_pending(const struct sm *sm, uint64_t tag)
{
    struct sm_cursor at = {0};
    struct sm_entry entry;
    while (sm_next(sm, &at, &entry))
        if (entry.tag == tag)
            return true;
    return false;
}

static void reckon(void)
{
    assert_true(book.over);
    assert_int_equal(book.offline, book.online + book.resumed);
    assert_int_equal(book.replies, book.requests);
    for (size_t i = 0; i < BODIES; i++) {
        assert_true(book.sent[i].heard <= book.sent[i].taken);
        if (book.sent[i].acked)
            assert_int_equal(book.sent[i].heard, 1);
        if (book.sent[i].taken && book.sent[i].managed)
            assert_true(book.sent[i].acked || book.sent[i].undelivered);
    }
    for (uint64_t n = 0; n < book.said_count; n++) {
        if (book.said[n].sm && !is_pending(book.said[n].sm, n))
            assert_int_equal(book.said[n].pulled, 1);
        assert_true(book.said[n].pulled <= 1);
    }
}

static void forget(struct fake *f)
{
    for (uint64_t n = 0; n < book.said_count; n++)
        sm_unref(book.said[n].sm);
    book = (struct book){0};
    fake_hang_up(f, false);
    sm_unref(f->session);
    f->session = NULL;
    f->fault = FAKE_NONE;
    f->stanzas = f->accepted = 0;
}

static void run(struct fake *f)
{
    struct linnet_client *c = NULL;
    struct linnet_config *config = fake_config(f);
    linnet_config_set_reconnect(config, true);
    linnet_config_set_reconnect_cap_ms(config, 1);
    bool made = linnet_client_new(config, &c, NULL) == LINNET_OK;
    linnet_config_free(config);
    if (!made)
        return;
    follow(f, c);
    reckon();
    linnet_client_free(c);
}

static void fail_each(struct fake *f)
{
    int n = 0;
    do {
        forget(f);
        alloc_fail_after = n++;
        alloc_failed = false;
        run(f);
        alloc_fail_after = -1;
    } while (alloc_failed);
    assert_int_equal(f->accepted, 2);
    assert_int_equal(book.failed, 0);
    print_message("%d allocations failed, each once\n", n - 1);
}

/* Leaves the last run, in which nothing failed, in the book. */
static void whatever_fails(struct fake *f, int resume)
{
    fake_start(f);
    f->on_stanza = hear;
    f->in_clear = f->sm = true;
    f->resume = resume;
    fail_each(f);
}

static void end(struct fake *f)
{
    forget(f);
    fake_stop(f);
}

static void a_session_goes_on(void **state)
{
    struct fake f;
    (void)state;
    whatever_fails(&f, FAKE_RESUMES);
    assert_int_equal(book.resumed, 1);
    for (size_t i = 0; i < BODIES; i++)
        assert_true(book.sent[i].acked);
    end(&f);
}

static void another_goes_on_from_what_is_known(void **state)
{
    struct fake f;
    (void)state;
    whatever_fails(&f, FAKE_KNOWS_H);
    assert_int_equal(book.online, 2);
    for (size_t i = 0; i < BODIES; i++)
        assert_true(book.sent[i].acked);
    end(&f);
}

static void another_goes_on_from_nothing(void **state)
{
    struct fake f;
    (void)state;
    whatever_fails(&f, FAKE_FORGOT);
    assert_int_equal(book.online, 2);
    assert_true(book.sent[CUT].undelivered);
    assert_true(book.sent[BETWEEN].acked);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_goes_on),
        cmocka_unit_test(another_goes_on_from_what_is_known),
        cmocka_unit_test(another_goes_on_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
