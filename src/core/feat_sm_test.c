/* Stream management against a peer that asks and does not listen. */
#include "core/stream_fixture.h"

static struct stream *managed(void)
{
    struct stream_config c = config_for(STREAM_CLIENT);
    c.fast_path.sm = true;
    struct stream *s = client_ready(c);
    drain(s, NULL);
    feed(s, "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>");
    await(s, STREAM_EVENT_MANAGED);
    return s;
}

static unsigned count(const struct buf *text, const char *what)
{
    unsigned n = 0;
    struct str rest = buf_peek(text);
    const char *at;
    while ((at = memmem(rest.ptr, rest.len, what, strlen(what)))) {
        rest = str_of(at + 1, rest.len - (size_t)(at + 1 - rest.ptr));
        n++;
    }
    return n;
}

static void each_question_has_its_answer(void **state)
{
    (void)state;
    struct buf out = {0};
    struct stream *s = managed();
    for (int i = 0; i < 10; i++)
        feed(s, "<r xmlns='urn:xmpp:sm:3'/>");
    drain(s, &out);
    assert_int_equal(count(&out, "<a xmlns='urn:xmpp:sm:3' h='0'/>"), 10);
    buf_finish(&out);
    stream_free(s);
}

static void a_peer_that_does_not_read_gets_one_for_all(void **state)
{
    (void)state;
    enum { QUESTIONS = 10000, PENDING_MAX = 20000 };
    struct buf out = {0};
    struct stream *s = managed();
    for (int i = 0; i < QUESTIONS; i++)
        feed(s, "<r xmlns='urn:xmpp:sm:3'/>");
    assert_true(stream_output_pending(s) < PENDING_MAX);
    feed(s, "<message/>");
    await(s, STREAM_EVENT_STANZA);
    stream_handled(s, 1);
    drain(s, &out);
    assert_int_equal(count(&out, "h='1'"), 1); /* the last is as true as can be */
    drain(s, &out);
    feed(s, "<r xmlns='urn:xmpp:sm:3'/>");
    drain(s, &out);
    assert_int_equal(count(&out, "h='1'"), 2);
    buf_finish(&out);
    stream_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_has_its_answer),
        cmocka_unit_test(a_peer_that_does_not_read_gets_one_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
