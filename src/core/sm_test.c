#include "core/sm.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Stanza number `tag`, as XML. */
static struct str stanza(uint64_t tag, char buf[static 40])
{
    int len = snprintf(buf, 40, "<message id='%u'/>", (unsigned)tag);
    return str_of(buf, (size_t)len);
}

/* Stanzas tagged from `first` to `last`, sent at times that equal their tags. */
static void send(struct sm *sm, uint64_t first, uint64_t last)
{
    char buf[40];
    for (uint64_t tag = first; tag <= last; tag++)
        assert_int_equal(sm_sent(sm, stanza(tag, buf), tag, tag), SM_OK);
}

/* A new session that sent stanzas 1 to `sent` and handled so many. */
static struct sm *session(uint64_t sent, uint32_t handled)
{
    struct sm *sm = sm_new(NULL);
    assert_non_null(sm);
    send(sm, 1, sent);
    for (uint32_t i = 0; i < handled; i++)
        sm_received(sm);
    sm_handled(sm, handled);
    return sm;
}

/* Unacknowledged are the stanzas from `first` to `last`, in order and byte for byte. */
static void assert_holds(const struct sm *sm, uint64_t first, uint64_t last)
{
    struct sm_cursor c = {0};
    struct sm_entry e;
    size_t bytes = 0;
    char buf[40];
    for (uint64_t tag = first; tag <= last; tag++) {
        assert_true(sm_next(sm, &c, &e));
        assert_int_equal(e.tag, tag);
        assert_int_equal(e.since_ms, tag);
        assert_true(str_eq(e.xml, stanza(tag, buf)));
        bytes += e.xml.len;
    }
    assert_false(sm_next(sm, &c, &e));
    assert_int_equal(sm_pending(sm), last + 1 - first);
    assert_int_equal(sm_pending_bytes(sm), bytes);
}

/* The stanzas from `first` to `last`, and no other, are told to have arrived. */
static void assert_tells(struct sm *sm, uint64_t first, uint64_t last)
{
    uint64_t tag = 0;
    for (uint64_t expected = first; expected <= last; expected++) {
        assert_true(sm_next_acked(sm, &tag));
        assert_int_equal(tag, expected);
    }
    assert_false(sm_next_acked(sm, &tag));
}

/* ---- counting ---- */

static void begins_with_nothing(void **state)
{
    (void)state;
    struct sm *sm = session(0, 0);
    assert_int_equal(sm_sent_count(sm), 0);
    assert_int_equal(sm_h(sm), 0);
    assert_int_equal(sm_acked(sm, 0), SM_OK);
    assert_holds(sm, 1, 0);
    assert_tells(sm, 1, 0);
    assert_true(str_is(sm_id(sm), ""));
    sm_unref(sm);
    sm_unref(NULL);
}

/* The first stanza is the one that h='1' acknowledges. */
static void drops_exactly_what_h_says(void **state)
{
    (void)state;
    struct sm *sm = session(5, 0);
    assert_int_equal(sm_acked(sm, 0), SM_OK);
    assert_holds(sm, 1, 5);
    assert_int_equal(sm_acked(sm, 1), SM_OK);
    assert_holds(sm, 2, 5);
    assert_int_equal(sm_acked(sm, 1), SM_OK);
    assert_holds(sm, 2, 5);
    assert_tells(sm, 1, 1);
    assert_int_equal(sm_acked(sm, 4), SM_OK);
    assert_holds(sm, 5, 5);
    assert_int_equal(sm_acked(sm, 5), SM_OK);
    assert_holds(sm, 6, 5);
    assert_tells(sm, 2, 5);
    assert_int_equal(sm_sent_count(sm), 5);
    sm_unref(sm);
}

static void counts_past_two_to_the_32(void **state)
{
    (void)state;
    struct sm *sm = sm_new(NULL);
    sm_restore(sm, UINT32_MAX - 1, UINT32_MAX);
    send(sm, 1, 4);
    assert_int_equal(sm_sent_count(sm), 2);
    assert_int_equal(sm_acked(sm, 3), SM_TOO_HIGH);
    assert_int_equal(sm_acked(sm, UINT32_MAX - 2), SM_STALE);
    assert_int_equal(sm_acked(sm, UINT32_MAX), SM_OK);
    assert_holds(sm, 2, 4);
    assert_int_equal(sm_acked(sm, 0), SM_OK);
    assert_holds(sm, 3, 4);
    assert_int_equal(sm_acked(sm, UINT32_MAX), SM_STALE);
    assert_int_equal(sm_acked(sm, 2), SM_OK);
    assert_tells(sm, 1, 4);
    assert_int_equal(sm_h(sm), UINT32_MAX);
    sm_received(sm);
    sm_handled(sm, 1);
    assert_int_equal(sm_h(sm), 0);
    sm_unref(sm);
}

/* An h of "-1" that somebody cast, and one too many. */
static void knows_what_was_never_sent(void **state)
{
    (void)state;
    struct sm *sm = session(8, 0);
    assert_int_equal(sm_acked(sm, 5), SM_OK);
    assert_int_equal(sm_acked(sm, 9), SM_TOO_HIGH);
    assert_int_equal(sm_acked(sm, UINT32_MAX), SM_TOO_HIGH);
    assert_int_equal(sm_acked(sm, INT32_MAX), SM_TOO_HIGH);
    assert_int_equal(sm_acked(sm, (uint32_t)INT32_MAX + 10), SM_TOO_HIGH);
    assert_int_equal(sm_acked(sm, 4), SM_STALE);
    assert_int_equal(sm_acked(sm, 0), SM_STALE);
    assert_holds(sm, 6, 8);
    assert_tells(sm, 1, 5);
    sm_unref(sm);
}

static void acknowledges_only_what_is_finished(void **state)
{
    (void)state;
    struct sm *sm = session(0, 0);
    for (int i = 0; i < 3; i++)
        sm_received(sm);
    assert_int_equal(sm_h(sm), 0);
    sm_handled(sm, 2);
    assert_int_equal(sm_h(sm), 2);
    assert_int_equal(sm_unfinished(sm), 1);
    sm_handled(sm, 7);
    assert_int_equal(sm_h(sm), 3);
    assert_int_equal(sm_unfinished(sm), 0);
    sm_handled(sm, 1);
    assert_int_equal(sm_h(sm), 3);
    sm_unref(sm);
}

/* ---- from stream to stream ---- */

/* What is finished with at once does not overtake what is not: an h covers all before it. */
static void finishes_in_order(void **state)
{
    (void)state;
    struct sm *sm = session(0, 0);
    sm_received_finished(sm);
    assert_int_equal(sm_h(sm), 1);
    sm_received(sm);
    sm_received_finished(sm);
    assert_int_equal(sm_h(sm), 1);
    sm_received(sm);
    sm_received_finished(sm);
    sm_handled(sm, 1);
    assert_true(sm_h(sm) == 2 || sm_h(sm) == 3); /* the one behind it may wait */
    sm_handled(sm, 1);
    assert_int_equal(sm_h(sm), 5);
    sm_received(sm);
    sm_received_finished(sm);
    sm_handled(sm, 9);
    assert_int_equal(sm_h(sm), 7);
    assert_int_equal(sm_unfinished(sm), 0);
    sm_unref(sm);
}

static void goes_on_counting_on_the_next_stream(void **state)
{
    (void)state;
    struct sm *sm = session(6, 4);
    assert_int_equal(sm_acked(sm, 2), SM_OK);
    sm_detach(sm);
    assert_int_equal(sm_h(sm), 4); /* handled, not sent: what <resume/> and <resumed/> say */
    assert_int_equal(sm_resume(sm, 5, 100), SM_OK);
    assert_tells(sm, 1, 5);
    assert_holds(sm, 6, 6); /* and so is written again */
    assert_int_equal(sm_sent_count(sm), 6);
    send(sm, 7, 7);
    assert_int_equal(sm_sent_count(sm), 7);
    sm_received(sm);
    sm_handled(sm, 1);
    assert_int_equal(sm_h(sm), 5);
    assert_int_equal(sm_acked(sm, 7), SM_OK);
    sm_unref(sm);
}

static void keeps_what_was_sent_without_a_stream(void **state)
{
    (void)state;
    struct sm *sm = session(2, 0);
    sm_detach(sm);
    send(sm, 3, 4);
    assert_holds(sm, 1, 4);
    assert_int_equal(sm_sent_count(sm), 2);
    assert_int_equal(sm_resume(sm, 3, 100), SM_TOO_HIGH); /* nobody can have seen it */
    assert_int_equal(sm_resume(sm, 2, 100), SM_OK);
    assert_tells(sm, 1, 2);
    assert_holds(sm, 3, 4);
    assert_int_equal(sm_sent_count(sm), 4);
    assert_int_equal(sm_acked(sm, 4), SM_OK);
    sm_unref(sm);
}

/* The peer had confirmed more than it remembers, so what it lost is here no more. */
static void does_not_resume_with_who_forgot(void **state)
{
    (void)state;
    struct sm *sm = session(4, 0);
    assert_int_equal(sm_acked(sm, 3), SM_OK);
    assert_int_equal(sm_resume(sm, 2, 100), SM_STALE);
    send(sm, 5, 5);
    assert_int_equal(sm_sent_count(sm), 4);
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX);
    sm_unref(sm);
}

/* The old session is over, yet what its h covers arrived and is not sent again. */
static void takes_the_h_of_a_failed_resumption(void **state)
{
    (void)state;
    struct sm *sm = session(3, 0), *next = sm_new(NULL);
    struct sm_cursor c = {0};
    struct sm_entry e;
    sm_detach(sm);
    send(sm, 4, 4);
    assert_int_equal(sm_acked(sm, 2), SM_OK);
    assert_tells(sm, 1, 2);
    while (sm_next(sm, &c, &e))
        assert_int_equal(sm_sent(next, e.xml, e.tag, e.since_ms), SM_OK);
    sm_unref(sm);
    assert_holds(next, 3, 4);
    assert_int_equal(sm_sent_count(next), 2);
    assert_int_equal(sm_acked(next, 2), SM_OK);
    assert_tells(next, 3, 4);
    sm_unref(next);
}

static void resends_in_steps(void **state)
{
    (void)state;
    struct sm *sm = session(4, 0);
    struct sm_cursor c = {0};
    struct sm_entry e;
    assert_true(sm_next(sm, &c, &e) && e.tag == 1);
    assert_int_equal(sm_acked(sm, 1), SM_OK); /* just what the cursor has passed */
    assert_tells(sm, 1, 1);
    assert_true(sm_next(sm, &c, &e) && e.tag == 2);
    assert_int_equal(sm_acked(sm, 3), SM_OK); /* more than it has passed */
    assert_tells(sm, 2, 3);
    assert_true(sm_next(sm, &c, &e) && e.tag == 4);
    assert_false(sm_next(sm, &c, &e));
    send(sm, 5, 6);
    assert_true(sm_next(sm, &c, &e) && e.tag == 5);
    assert_int_equal(sm_acked(sm, 4), SM_OK); /* less, and not taken */
    assert_true(sm_next(sm, &c, &e) && e.tag == 6);
    assert_int_equal(sm_acked(sm, 6), SM_OK); /* all, and the memory is gone */
    assert_tells(sm, 4, 6);
    assert_false(sm_next(sm, &c, &e));
    sm_unref(sm);
}

/* ---- bounds ---- */

static void is_bounded_in_stanzas(void **state)
{
    (void)state;
    struct sm *sm = sm_new(&(struct sm_limits){.max_stanzas = 3});
    send(sm, 1, 3);
    assert_int_equal(sm_sent(sm, STR_LIT("<a/>"), 4, 4), SM_FULL);
    assert_int_equal(sm_sent_count(sm), 3);
    assert_holds(sm, 1, 3);
    assert_int_equal(sm_acked(sm, 1), SM_OK);
    assert_int_equal(sm_sent(sm, STR_LIT("<a/>"), 4, 4), SM_FULL); /* not taken yet */
    assert_tells(sm, 1, 1);
    send(sm, 4, 4);
    assert_holds(sm, 2, 4);
    sm_unref(sm);
}

static void is_bounded_in_bytes(void **state)
{
    (void)state;
    struct sm *sm = sm_new(&(struct sm_limits){.max_bytes = 10});
    assert_int_equal(sm_sent(sm, STR_LIT("12345678901"), 1, 0), SM_FULL);
    assert_int_equal(sm_sent(sm, STR_LIT("123456"), 1, 0), SM_OK);
    assert_int_equal(sm_sent(sm, STR_LIT("12345"), 2, 0), SM_FULL);
    assert_int_equal(sm_sent(sm, STR_LIT("1234"), 2, 0), SM_OK);
    assert_int_equal(sm_pending_bytes(sm), 10);
    assert_int_equal(sm_acked(sm, 1), SM_OK);
    assert_tells(sm, 1, 1);
    assert_int_equal(sm_pending_bytes(sm), 4);
    assert_int_equal(sm_sent(sm, STR_LIT("123456"), 3, 0), SM_OK);
    sm_unref(sm);
}

static void has_bounds_by_default(void **state)
{
    (void)state;
    static char big[1 << 20];
    memset(big, 'x', sizeof big);
    struct sm *sm = session(1000, 0);
    assert_int_equal(sm_sent(sm, STR_LIT("<a/>"), 0, 0), SM_FULL);
    sm_unref(sm);
    sm = sm_new(&(struct sm_limits){0});
    assert_int_equal(sm_sent(sm, str_of(big, sizeof big), 1, 0), SM_OK);
    assert_int_equal(sm_sent(sm, STR_LIT("x"), 2, 0), SM_FULL);
    sm_unref(sm);
}

static void costs_little_when_idle(void **state)
{
    (void)state;
    struct sm *sm = sm_new(NULL);
    size_t idle = sm_memory(sm);
    assert_true(idle <= 256);
    for (int round = 0; round < 3; round++) {
        send(sm, 1, 500);
        assert_true(sm_memory(sm) >= idle + sm_pending_bytes(sm));
        assert_true(sm_memory(sm) <= idle + 4 * 500 * 64);
        assert_int_equal(sm_acked(sm, sm_sent_count(sm)), SM_OK);
        assert_tells(sm, 1, 500);
        assert_int_equal(sm_memory(sm), idle);
    }
    assert_true(sm_set_id(sm, STR_LIT("0123456789")));
    assert_int_equal(sm_memory(sm), idle + 11);
    sm_unref(sm);
}

static void keeps_an_id(void **state)
{
    (void)state;
    static char id[SM_ID_MAX_BYTES + 1];
    memset(id, 'i', sizeof id);
    struct sm *sm = sm_new(NULL);
    assert_true(sm_set_id(sm, str_of(id, SM_ID_MAX_BYTES)));
    assert_false(sm_set_id(sm, str_of(id, sizeof id)));
    assert_true(str_eq(sm_id(sm), str_of(id, SM_ID_MAX_BYTES)));
    assert_true(sm_set_id(sm, STR_LIT("other")));
    assert_true(str_is(sm_id(sm), "other"));
    assert_true(sm_set_id(sm, STR_NONE));
    assert_true(str_is(sm_id(sm), ""));
    sm_unref(sm);
}

/* ---- when to ask ---- */

static void asks_after_enough(void **state)
{
    (void)state;
    static char big[SM_ASK_BYTES];
    memset(big, 'x', sizeof big);
    struct sm *sm = sm_new(NULL);
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX);
    send(sm, 1, SM_ASK_STANZAS - 1);
    assert_false(sm_wants_request(sm, SM_ASK_STANZAS));
    send(sm, SM_ASK_STANZAS, SM_ASK_STANZAS);
    assert_true(sm_wants_request(sm, SM_ASK_STANZAS));
    assert_int_equal(sm_deadline_ms(sm), 0);
    sm_requested(sm, 50);
    send(sm, SM_ASK_STANZAS + 1, 3 * SM_ASK_STANZAS);
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX); /* one question at a time */
    assert_int_equal(sm_acked(sm, SM_ASK_STANZAS), SM_OK);
    assert_int_equal(sm_deadline_ms(sm), 0);
    assert_int_equal(sm_acked(sm, 3 * SM_ASK_STANZAS - 1), SM_OK); /* without being asked */
    assert_int_equal(sm_deadline_ms(sm), 3 * SM_ASK_STANZAS + SM_ASK_PAUSE_MS);
    assert_int_equal(sm_sent(sm, str_of(big, sizeof big), 0, 60), SM_OK);
    assert_int_equal(sm_deadline_ms(sm), 0);
    sm_unref(sm);
}

static void asks_after_a_pause(void **state)
{
    (void)state;
    struct sm *sm = session(1, 0);
    uint64_t since_ms;
    assert_int_equal(sm_deadline_ms(sm), 1 + SM_ASK_PAUSE_MS);
    assert_false(sm_wants_request(sm, SM_ASK_PAUSE_MS));
    assert_true(sm_wants_request(sm, 1 + SM_ASK_PAUSE_MS));
    assert_false(sm_unanswered(sm, &since_ms));
    sm_requested(sm, 2000);
    assert_true(sm_unanswered(sm, &since_ms) && since_ms == 2000);
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX);
    assert_int_equal(sm_acked(sm, 0), SM_OK); /* it came, and is not finished with */
    assert_false(sm_unanswered(sm, &since_ms));
    assert_int_equal(sm_deadline_ms(sm), 2000 + SM_ASK_AGAIN_MS);
    assert_int_equal(sm_acked(sm, 1), SM_OK);
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX);
    sm_unref(sm);
}

/* The question was lost with the stream; what is written again is asked for again. */
static void asks_again_on_the_next_stream(void **state)
{
    (void)state;
    struct sm *sm = session(3, 0);
    uint64_t since_ms;
    sm_requested(sm, 10);
    sm_detach(sm);
    assert_false(sm_unanswered(sm, &since_ms));
    assert_int_equal(sm_deadline_ms(sm), UINT64_MAX);
    assert_int_equal(sm_resume(sm, 1, 5000), SM_OK);
    assert_int_equal(sm_deadline_ms(sm), 5000 + SM_ASK_PAUSE_MS);
    sm_unref(sm);
}

/* ---- failing memory ---- */

static bool use(void *ctx)
{
    (void)ctx;
    struct sm *sm = sm_new(NULL);
    bool ok = sm && sm_set_id(sm, STR_LIT("first")) && sm_set_id(sm, STR_LIT("second"));
    size_t before = 0;
    char buf[40];
    for (uint64_t tag = 1; ok && tag <= 100; tag++) {
        before = sm_pending(sm);
        ok = sm_sent(sm, stanza(tag, buf), tag, tag) == SM_OK;
    }
    if (!ok && before > 0) { /* nothing was lost, and it goes on */
        assert_holds(sm, 1, before);
        send(sm, before + 1, 100);
        assert_holds(sm, 1, 100);
    }
    sm_unref(sm);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(alloc_fail_sweep(use, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_nothing),
        cmocka_unit_test(drops_exactly_what_h_says),
        cmocka_unit_test(counts_past_two_to_the_32),
        cmocka_unit_test(knows_what_was_never_sent),
        cmocka_unit_test(acknowledges_only_what_is_finished),
        cmocka_unit_test(finishes_in_order),
        cmocka_unit_test(goes_on_counting_on_the_next_stream),
        cmocka_unit_test(keeps_what_was_sent_without_a_stream),
        cmocka_unit_test(does_not_resume_with_who_forgot),
        cmocka_unit_test(takes_the_h_of_a_failed_resumption),
        cmocka_unit_test(resends_in_steps),
        cmocka_unit_test(is_bounded_in_stanzas),
        cmocka_unit_test(is_bounded_in_bytes),
        cmocka_unit_test(has_bounds_by_default),
        cmocka_unit_test(costs_little_when_idle),
        cmocka_unit_test(keeps_an_id),
        cmocka_unit_test(asks_after_enough),
        cmocka_unit_test(asks_after_a_pause),
        cmocka_unit_test(asks_again_on_the_next_stream),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
