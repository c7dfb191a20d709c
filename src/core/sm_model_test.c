/*
 * sm_model_test.c - a hundred thousand random steps, compared with a plain array that is never
 * clever: it knows every stanza by its full number and finds an `h` by trying all that it may mean.
 */
#include "core/sm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEPS = 25000, MAX_STANZAS = 40, MAX_BYTES = 3000, XML_MAX = 200 };

struct model {
    struct {
        uint64_t tag, since_ms;
        size_t len;
    } sent[STEPS]; /* by number, less `base` + 1 */
    uint64_t base, taken, acked, written, last;
    uint64_t handled, unfinished;
    bool attached;
};

struct world {
    struct model m;
    struct sm *sm;
    struct sm_cursor cursor; /* of somebody who resends slowly */
    uint64_t cursor_at, seed, now_ms;
    bool was_full, was_high, was_stale;
};

static uint32_t any(struct world *w, uint32_t below)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (uint32_t)(w->seed >> 32) % below;
}

/* The bytes of the stanza with that tag. */
static struct str text_of(uint64_t tag, size_t len, char buf[static XML_MAX])
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)('a' + (tag + i) % 26);
    return str_of(buf, len);
}

static size_t bytes_after(const struct model *m, uint64_t number)
{
    size_t bytes = 0;
    for (uint64_t n = number + 1; n <= m->last; n++)
        bytes += m->sent[n - m->base - 1].len;
    return bytes;
}

/* ---- steps ---- */

static void send_one(struct world *w)
{
    struct model *m = &w->m;
    char buf[XML_MAX];
    size_t len = any(w, XML_MAX);
    uint64_t tag = w->seed;
    bool fits = m->last - m->taken < MAX_STANZAS && bytes_after(m, m->taken) + len <= MAX_BYTES;
    enum sm_result result = sm_sent(w->sm, text_of(tag, len, buf), tag, w->now_ms);
    assert_int_equal(result, fits ? SM_OK : SM_FULL);
    w->was_full |= !fits;
    if (!fits)
        return;
    m->sent[m->last - m->base].tag = tag;
    m->sent[m->last - m->base].since_ms = w->now_ms;
    m->sent[m->last - m->base].len = len;
    m->last++;
    if (m->attached)
        m->written = m->last;
}

/* What an h means, and what is acknowledged after it. */
static enum sm_result judge(struct world *w, uint32_t h)
{
    struct model *m = &w->m;
    for (uint64_t n = m->acked; n <= m->written; n++) {
        if ((uint32_t)n == h) {
            m->acked = n;
            return SM_OK;
        }
    }
    for (uint64_t less = 1; less <= m->acked && less <= 20; less++) {
        if ((uint32_t)(m->acked - less) == h) {
            w->was_stale = true;
            return SM_STALE;
        }
    }
    w->was_high = true;
    return SM_TOO_HIGH;
}

/* Mostly a right one; at times up to ten too low or too high. */
static uint32_t some_h(struct world *w)
{
    struct model *m = &w->m;
    if (any(w, 8) == 0)
        return (uint32_t)m->acked - 10 + any(w, (uint32_t)(m->written - m->acked) + 21);
    return (uint32_t)m->acked + any(w, (uint32_t)(m->written - m->acked) + 1);
}

static void acknowledge(struct world *w)
{
    uint32_t h = some_h(w);
    assert_int_equal(sm_acked(w->sm, h), judge(w, h));
}

static void take(struct world *w)
{
    struct model *m = &w->m;
    uint64_t tag;
    for (uint32_t n = any(w, 20); n > 0; n--) {
        bool more = m->taken < m->acked;
        assert_true(sm_next_acked(w->sm, &tag) == more);
        if (!more)
            return;
        assert_int_equal(tag, m->sent[m->taken++ - m->base].tag);
    }
}

static void break_off(struct world *w)
{
    sm_detach(w->sm);
    w->m.attached = false;
}

static void resume(struct world *w)
{
    struct model *m = &w->m;
    uint32_t h = some_h(w);
    enum sm_result expected = judge(w, h);
    assert_int_equal(sm_resume(w->sm, h, w->now_ms), expected);
    m->attached = expected == SM_OK;
    if (m->attached)
        m->written = m->last;
    w->cursor = (struct sm_cursor){0};
    w->cursor_at = m->acked;
}

static void receive(struct world *w)
{
    struct model *m = &w->m;
    uint32_t finish = any(w, 3);
    sm_received(w->sm);
    m->unfinished++;
    sm_handled(w->sm, finish);
    for (; finish > 0 && m->unfinished > 0; finish--) {
        m->unfinished--;
        m->handled++;
    }
}

/* The entry that `c` comes to is the one with number `n`. */
static void compare_next(struct world *w, struct sm_cursor *c, uint64_t n)
{
    struct model *m = &w->m;
    struct sm_entry e;
    char buf[XML_MAX];
    assert_true(sm_next(w->sm, c, &e));
    assert_int_equal(e.tag, m->sent[n - m->base - 1].tag);
    assert_int_equal(e.since_ms, m->sent[n - m->base - 1].since_ms);
    assert_true(str_eq(e.xml, text_of(e.tag, m->sent[n - m->base - 1].len, buf)));
}

static void resend_one(struct world *w)
{
    if (w->cursor_at < w->m.acked)
        w->cursor_at = w->m.acked;
    if (w->cursor_at < w->m.last)
        compare_next(w, &w->cursor, ++w->cursor_at);
}

static void look_at_all(struct world *w)
{
    struct sm_cursor c = {0};
    struct sm_entry e;
    for (uint64_t n = w->m.acked + 1; n <= w->m.last; n++)
        compare_next(w, &c, n);
    assert_false(sm_next(w->sm, &c, &e));
}

static void compare_counts(const struct world *w)
{
    const struct model *m = &w->m;
    assert_int_equal(sm_pending(w->sm), m->last - m->acked);
    assert_int_equal(sm_pending_bytes(w->sm), bytes_after(m, m->acked));
    assert_int_equal(sm_sent_count(w->sm), (uint32_t)m->written);
    assert_int_equal(sm_written(w->sm), m->written - m->acked);
    assert_int_equal(sm_h(w->sm), (uint32_t)m->handled);
    assert_int_equal(sm_unfinished(w->sm), m->unfinished);
}

/* ---- runs ---- */

/* How often, of 32, each step is taken. */
static const struct {
    void (*step)(struct world *w);
    unsigned weight;
} steps[] = {{send_one, 12}, {acknowledge, 6}, {take, 6},       {break_off, 1},
             {resume, 2},    {receive, 2},     {resend_one, 2}, {look_at_all, 1}};

static void step(struct world *w)
{
    uint32_t at = any(w, 32);
    size_t i = 0;
    for (; at >= steps[i].weight; i++)
        at -= steps[i].weight;
    steps[i].step(w);
    w->now_ms += any(w, 100);
}

/* A session that goes on from `base` stanzas in either direction. */
static void run(uint64_t base, uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->seed = seed;
    w->m.base = w->m.taken = w->m.acked = w->m.written = w->m.last = w->m.handled = base;
    w->m.attached = true;
    w->sm = sm_new(&(struct sm_limits){.max_stanzas = MAX_STANZAS, .max_bytes = MAX_BYTES});
    assert_non_null(w->sm);
    sm_restore(w->sm, base, base);
    for (int i = 0; i < STEPS; i++) {
        step(w);
        compare_counts(w);
    }
    assert_true(w->was_full && w->was_high && w->was_stale);
    assert_true(w->m.last - base > STEPS / 10);
    sm_unref(w->sm);
    free(w);
}

static void agrees_from_zero(void **state)
{
    (void)state;
    run(0, 0x9E3779B97F4A7C15);
}

/* Outbound wraps early, inbound too. */
static void agrees_over_the_wrap(void **state)
{
    (void)state;
    run((UINT64_C(1) << 32) - 1000, 0xD1B54A32D192ED03);
}

static void agrees_over_the_second_wrap(void **state)
{
    (void)state;
    run((UINT64_C(2) << 32) - 30, 0x8CB92BA72F3D8DD7);
}

/* Where a signed comparison of counters turns round. */
static void agrees_over_the_middle(void **state)
{
    (void)state;
    run((UINT64_C(1) << 31) - 1000, 0x2545F4914F6CDD1D);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_from_zero),
        cmocka_unit_test(agrees_over_the_wrap),
        cmocka_unit_test(agrees_over_the_second_wrap),
        cmocka_unit_test(agrees_over_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
