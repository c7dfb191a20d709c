/*
 * fuzz_xml.c - the reader alone, with wide and tiny limits, in a stream and framed. However the
 * input is cut, the outcome is that of one piece; what was read is written and reads back equal;
 * an idle reader holds little.
 */
#include "base/buf.h"
#include "xml/reader_run.h"
#include "xml/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xml_limits tiny = {
    .element_bytes = 64, .depth = 4, .attributes = 4, .children = 6, .name_bytes = 12};

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void round_trip(const struct element *e, struct arena *a)
{
    struct buf out = {0};
    xml_print(&out, e, NULL);
    check(!out.failed && !a->failed);
    struct reader_run run = reader_run(xml_reader_new(&xml_limits_after_auth, true), buf_peek(&out),
                                       (struct reader_cuts){0}, a);
    /* Written out, an element may be larger than a limit that it just kept. */
    if (run.status != XML_FAIL)
        check(run.elements == 1 && tree_same(element_next(run.root, NULL), e));
    else
        check(run.fault == XML_FAULT_TOO_BIG || run.fault == XML_FAULT_TOO_COMPLEX);
    buf_finish(&out);
}

static void compare(const struct xml_limits *limits, bool framed, struct str doc)
{
    struct arena a = {0};
    const struct reader_cuts cuts[] = {{.step = 1}, {.seed = 1 + doc.len * 0x9E3779B97F4A7C15}};
    struct reader_run whole =
        reader_run(xml_reader_new(limits, framed), doc, (struct reader_cuts){0}, &a);
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct reader_run cut = reader_run(xml_reader_new(limits, framed), doc, cuts[i], &a);
        check(cut.status == whole.status && cut.fault == whole.fault);
        check(cut.elements == whole.elements && tree_same(cut.root, whole.root));
        if (limits == &tiny)
            check(cut.idle_memory <= 400);
    }
    for (const struct node *n = whole.root ? whole.root->children : NULL; n; n = n->next)
        round_trip(n->element, &a);
    arena_finish(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int framed = 0; framed < 2; framed++) {
        compare(&tiny, framed, str_of(data, size));
        compare(&xml_limits_after_auth, framed, str_of(data, size));
    }
    return 0;
}
