/*
 * Stream management's elements as hostile peers write them. What is read keeps its bounds and comes
 * out unchanged when it is built, written and read again; what a count does to a session is within
 * what was sent.
 */
#include "core/sm.h"
#include "core/sm_xml.h"
#include "xml/reader_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stanzas that the session under attack sent, up to and over a wrap; so many are acknowledged. */
enum { SENT = 6, ACKED = 2 };

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static bool same_str(struct str a, struct str b)
{
    return !a.ptr == !b.ptr && str_eq(a, b);
}

static void check_bounds(const struct sm_element *v)
{
    bool must_count = v->kind == SM_RESUME || v->kind == SM_RESUMED || v->kind == SM_ANSWER;
    bool must_name = v->kind == SM_RESUME || v->kind == SM_RESUMED;
    demand(v->kind != SM_NONE);
    demand(v->has_h || (!must_count && v->h == 0));
    demand(v->id.len <= SM_ID_MAX_BYTES && v->location.len <= SM_LOCATION_MAX_BYTES);
    demand(v->id.ptr ? v->id.len > 0 : !must_name);
    demand(!v->resume || v->kind == SM_ENABLE || v->id.ptr);
    demand((v->kind == SM_FAILED) == (v->condition != STANZA_OK));
}

static void check_round_trip(const struct sm_element *v, struct arena *a)
{
    struct sm_element again;
    struct buf out = {0};
    xml_print(&out, sm_build(a, v), NULL);
    demand(!out.failed && !a->failed);
    struct reader_run run = reader_run(xml_reader_new(&xml_limits_after_auth, true), buf_peek(&out),
                                       (struct reader_cuts){0}, a);
    buf_finish(&out);
    demand(run.elements == 1 && sm_read(element_next(run.root, NULL), &again));
    demand(again.kind == v->kind && again.resume == v->resume && again.has_h == v->has_h);
    demand(again.h == v->h && again.max_s == v->max_s && again.condition == v->condition);
    demand(same_str(again.id, v->id) && same_str(again.location, v->location));
}

/* `h` comes for a session that began with `base`. */
static void check_count(uint32_t h, uint64_t base)
{
    struct sm *sm = sm_new(NULL);
    uint64_t tag, told = 0;
    demand(sm != NULL);
    sm_restore(sm, base, 0);
    for (uint64_t n = 1; n <= SENT; n++)
        demand(sm_sent(sm, STR_LIT("<iq/>"), n, n) == SM_OK);
    demand(sm_acked(sm, (uint32_t)base + ACKED) == SM_OK);
    enum sm_result result = sm_resume(sm, h, 0);
    while (sm_next_acked(sm, &tag))
        demand(tag == ++told);
    demand(told + sm_pending(sm) == SENT && told >= ACKED);
    if (result == SM_OK)
        demand((uint32_t)(base + told) == h);
    else
        demand(told == ACKED);
    sm_unref(sm);
}

static void check(const struct element *e, struct arena *a)
{
    struct sm_element v;
    uint32_t h, sent;
    if (sm_read_too_high(e, &h, &sent))
        demand(e->children != NULL);
    if (!sm_read(e, &v))
        return;
    check_bounds(&v);
    check_round_trip(&v, a);
    if (v.has_h) {
        check_count(v.h, 0);
        check_count(v.h, UINT32_MAX - 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct reader_run run = reader_run(xml_reader_new(&xml_limits_after_auth, true),
                                       str_of(data, size), (struct reader_cuts){0}, &a);
    for (const struct node *n = run.root ? run.root->children : NULL; n; n = n->next)
        check(n->element, &a);
    arena_finish(&a);
    return 0;
}
