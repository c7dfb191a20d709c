#include "core/sm_xml.h"

#include "base/alloc_fail_test.h"
#include "core/sm.h"
#include "core/stanza.h"
#include "xml/reader_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* `xml`, one element, read into `a`. */
static struct element *parse(struct arena *a, const char *xml)
{
    struct reader_run run = reader_run(xml_reader_new(&xml_limits_after_auth, true), str_from(xml),
                                       (struct reader_cuts){0}, a);
    assert_int_equal(run.elements, 1);
    return element_next(run.root, NULL);
}

static void assert_prints(const struct element *e, const char *expected)
{
    struct buf out = {0};
    xml_print(&out, e, NS_CLIENT);
    char *got = buf_take_cstr(&out);
    assert_string_equal(got, expected);
    free(got);
    buf_finish(&out);
}

static void assert_same(const struct sm_element *a, const struct sm_element *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->resume, b->resume);
    assert_int_equal(a->has_h, b->has_h);
    assert_int_equal(a->h, b->h);
    assert_int_equal(a->max_s, b->max_s);
    assert_true(str_eq(a->id, b->id) && !a->id.ptr == !b->id.ptr);
    assert_true(str_eq(a->location, b->location) && !a->location.ptr == !b->location.ptr);
    assert_int_equal(a->condition, b->condition);
}

/* The elements of the XEP's text, as they are written here. */
static const struct {
    const char *xml;
    struct sm_element value;
} examples[] = {
    {"<enable xmlns='urn:xmpp:sm:3'/>", {.kind = SM_ENABLE}},
    {"<enable xmlns='urn:xmpp:sm:3' resume='true' max='300'/>",
     {.kind = SM_ENABLE, .resume = true, .max_s = 300}},
    {"<enabled xmlns='urn:xmpp:sm:3'/>", {.kind = SM_ENABLED}},
    {"<enabled xmlns='urn:xmpp:sm:3' id='some-long-sm-id' resume='true' max='600' "
     "location='[2001:41D0:1:A49b::1]:9222'/>",
     {.kind = SM_ENABLED,
      .id = {"some-long-sm-id", 15},
      .resume = true,
      .max_s = 600,
      .location = {"[2001:41D0:1:A49b::1]:9222", 26}}},
    {"<enabled xmlns='urn:xmpp:sm:3' id='some-long-sm-id'/>",
     {.kind = SM_ENABLED, .id = {"some-long-sm-id", 15}}},
    {"<resume xmlns='urn:xmpp:sm:3' previd='some-long-sm-id' h='0'/>",
     {.kind = SM_RESUME, .id = {"some-long-sm-id", 15}, .has_h = true}},
    {"<resumed xmlns='urn:xmpp:sm:3' previd='&lt;id&apos;' h='4294967295'/>",
     {.kind = SM_RESUMED, .id = {"<id'", 4}, .has_h = true, .h = UINT32_MAX}},
    {"<failed xmlns='urn:xmpp:sm:3' h='7'>"
     "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
     {.kind = SM_FAILED, .has_h = true, .h = 7, .condition = STANZA_ITEM_NOT_FOUND}},
    {"<failed xmlns='urn:xmpp:sm:3'>"
     "<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
     {.kind = SM_FAILED, .condition = STANZA_UNEXPECTED_REQUEST}},
    {"<r xmlns='urn:xmpp:sm:3'/>", {.kind = SM_REQUEST}},
    {"<a xmlns='urn:xmpp:sm:3' h='10'/>", {.kind = SM_ANSWER, .has_h = true, .h = 10}},
};

static void reads_and_builds_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct arena a = {0};
        struct sm_element got;
        struct element *e = parse(&a, examples[i].xml);
        assert_true(sm_read(e, &got));
        assert_same(&got, &examples[i].value);
        assert_int_equal(sm_kind(e), examples[i].value.kind);
        assert_prints(sm_build(&a, &examples[i].value), examples[i].xml);
        arena_finish(&a);
    }
}

/* They manage the stanzas and are none: whoever counts them is off by one for good. */
static void none_of_them_is_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct arena a = {0};
        assert_int_equal(stanza_kind(parse(&a, examples[i].xml), NS_CLIENT), STANZA_NONE);
        arena_finish(&a);
    }
}

/* Counts as no peer may write them. */
static void reads_counts_strictly(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "-1",
        "+1",
        "-0",
        " 1",
        "1 ",
        "0x10",
        "1.0",
        "1e3",
        "4294967296",
        "18446744073709551616",
        "abc",
        "1\xc2\xa0",
        "\xd9\xa1",
        "00000000001",
        "42949672950",
    };
    static const char *const names[] = {"a", "resume", "resumed"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct arena a = {0};
        struct sm_element got;
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            struct element *e = element_new(&a, NS_SM, names[k]);
            element_set(&a, e, "previd", "id");
            element_set(&a, e, "h", "4294967295");
            assert_true(sm_read(e, &got));
            element_set(&a, e, "h", wrong[i]);
            assert_false(sm_read(e, &got));
            element_set(&a, e, "h", NULL);
            assert_false(sm_read(e, &got));
        }
        arena_finish(&a);
    }
}

/* Nothing may be dropped for a count that cannot be read; the failure itself stands. */
static void a_failure_without_a_right_count_is_a_failure(void **state)
{
    (void)state;
    struct arena a = {0};
    struct sm_element got;
    assert_true(sm_read(parse(&a, "<failed xmlns='urn:xmpp:sm:3' h='-1'/>"), &got));
    assert_int_equal(got.kind, SM_FAILED);
    assert_false(got.has_h);
    assert_int_equal(got.condition, STANZA_UNDEFINED_CONDITION);
    got.condition = STANZA_OK;
    assert_prints(sm_build(&a, &got), "<failed xmlns='urn:xmpp:sm:3'/>");
    arena_finish(&a);
}

static void bounds_ids(void **state)
{
    (void)state;
    static char id[SM_ID_MAX_BYTES + 2];
    static const char *const names[] = {"resume", "resumed"};
    memset(id, 'i', SM_ID_MAX_BYTES);
    struct arena a = {0};
    struct sm_element got;
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct element *e = element_new(&a, NS_SM, names[k]);
        element_set(&a, e, "h", "1");
        assert_false(sm_read(e, &got));
        element_set(&a, e, "previd", "");
        assert_false(sm_read(e, &got));
        id[SM_ID_MAX_BYTES] = '\0';
        element_set(&a, e, "previd", id);
        assert_true(sm_read(e, &got) && got.id.len == SM_ID_MAX_BYTES);
        id[SM_ID_MAX_BYTES] = 'i';
        element_set(&a, e, "previd", id);
        assert_false(sm_read(e, &got));
    }
    struct element *enabled = element_new(&a, NS_SM, "enabled");
    element_set(&a, enabled, "resume", "1");
    element_set(&a, enabled, "id", id);
    assert_true(sm_read(enabled, &got));
    assert_false(got.resume); /* begun, but nothing to resume it by */
    assert_null(got.id.ptr);
    arena_finish(&a);
}

/* An answer to <enable/> counts from then on, whatever it hints at. */
static void wrong_hints_are_none(void **state)
{
    (void)state;
    static const char *const hints[] = {
        "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='yes' max='-5' location=''/>",
        "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='false' max='0'/>",
        "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='0' max='99999999999'/>",
        "<enabled xmlns='urn:xmpp:sm:3' id='i' h='9' previd='x' more='y'><z/></enabled>",
    };
    const struct sm_element expected = {.kind = SM_ENABLED, .id = {"i", 1}};
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        struct arena a = {0};
        struct sm_element got;
        assert_true(sm_read(parse(&a, hints[i]), &got));
        assert_same(&got, &expected);
        arena_finish(&a);
    }
    static char place[SM_LOCATION_MAX_BYTES + 2];
    memset(place, 'p', SM_LOCATION_MAX_BYTES + 1);
    struct arena a = {0};
    struct sm_element got;
    struct element *e = element_new(&a, NS_SM, "enabled");
    element_set(&a, e, "location", place);
    assert_true(sm_read(e, &got) && !got.location.ptr);
    element_set(&a, e, "location", place + 1);
    assert_true(sm_read(e, &got) && got.location.len == SM_LOCATION_MAX_BYTES);
    arena_finish(&a);
}

static void reads_nothing_else(void **state)
{
    (void)state;
    static const char *const others[] = {
        "<r xmlns='urn:xmpp:sm:2'/>",       "<sm xmlns='urn:xmpp:sm:3'/>",
        "<x xmlns='urn:xmpp:sm:3'/>",       "<r/>",
        "<message xmlns='jabber:client'/>", "<A xmlns='urn:xmpp:sm:3' h='1'/>"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct arena a = {0};
        struct sm_element got;
        assert_false(sm_read(parse(&a, others[i]), &got));
        assert_int_equal(got.kind, SM_NONE);
        arena_finish(&a);
    }
    assert_int_equal(sm_kind(NULL), SM_NONE);
}

static void says_how_much_too_high(void **state)
{
    (void)state;
    struct arena a = {0};
    uint32_t h, sent;
    struct element *error = element_new(&a, NS_STREAM, "error");
    element_add(&a, error, NS_STREAM_ERRORS, "undefined-condition");
    assert_false(sm_read_too_high(error, &h, &sent));
    struct element *why = sm_build_too_high(&a, 10, 8);
    assert_prints(why, "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='10' send-count='8'/>");
    element_link(&a, error, why);
    assert_true(sm_read_too_high(error, &h, &sent));
    assert_int_equal(h, 10);
    assert_int_equal(sent, 8);
    element_set(&a, why, "send-count", NULL);
    assert_false(sm_read_too_high(error, &h, &sent));
    element_set(&a, why, "send-count", "-8");
    assert_false(sm_read_too_high(error, &h, &sent));
    arena_finish(&a);
}

static bool build(void *ctx)
{
    (void)ctx;
    static char id[SM_ID_MAX_BYTES + 1];
    memset(id, 'i', SM_ID_MAX_BYTES);
    struct arena a = {0};
    struct sm_element v = {.kind = SM_ENABLED,
                           .resume = true,
                           .max_s = 1,
                           .id = str_from(id),
                           .location = STR_LIT("l")};
    struct element *e = sm_build(&a, &v);
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        sm_build(&a, &examples[i].value);
    sm_build_too_high(&a, 1, 0);
    bool ok = e && !a.failed;
    arena_finish(&a);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(alloc_fail_sweep(build, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_builds_the_examples),
        cmocka_unit_test(none_of_them_is_counted),
        cmocka_unit_test(reads_counts_strictly),
        cmocka_unit_test(a_failure_without_a_right_count_is_a_failure),
        cmocka_unit_test(bounds_ids),
        cmocka_unit_test(wrong_hints_are_none),
        cmocka_unit_test(reads_nothing_else),
        cmocka_unit_test(says_how_much_too_high),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
