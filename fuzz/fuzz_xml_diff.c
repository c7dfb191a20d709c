/*
 * fuzz_xml_diff.c - the reader against expat: the same verdict and the same tree, but for the
 * differences by design (xml/expat_oracle.h). The reader's input is cut at random.
 */
#include "xml/expat_oracle.h"
#include "xml/reader_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xml_limits wide = {.element_bytes = 1 << 20,
                                       .depth = 200,
                                       .attributes = 10000,
                                       .children = 1000000,
                                       .name_bytes = 1 << 20};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct str doc = str_of(data, size);
    struct reader_run run =
        reader_run(xml_reader_new(&wide, false), doc, (struct reader_cuts){.seed = size + 1}, &a);
    bool accepted = run.status == XML_CLOSE;
    if (accepted)
        doc.len = run.consumed; /* what follows the close is not the reader's */

    struct oracle o;
    if (!oracle_init(&o, &a))
        return 0;
    bool ok = XML_Parse(o.parser, doc.ptr, (int)doc.len, 1) == XML_STATUS_OK;
    enum XML_Error error = XML_GetErrorCode(o.parser);
    if (accepted != ok && !o.too_deep &&
        !oracle_differs_by_design(doc, accepted, run.fault, run.text, error))
        abort();
    if (accepted && ok && !tree_same(run.root, o.root))
        abort();
    oracle_finish(&o);
    arena_finish(&a);
    return 0;
}
