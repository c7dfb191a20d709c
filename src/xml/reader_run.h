/*
 * reader_run.h - reads a whole document with the reader, cut in pieces in some repeatable way, and
 * gathers what it gave into one tree: for tests and fuzzing only.
 */
#ifndef XML_READER_RUN_H
#define XML_READER_RUN_H

#include "xml/reader.h"

#include <stdlib.h>

/* Whether two trees are equal; attributes in any order. */
static inline bool tree_same(const struct element *a, const struct element *b)
{
    if (!a || !b)
        return a == b;
    if (!element_is(a, b->ns, b->name))
        return false;
    size_t attrs = 0;
    for (const struct attr *x = a->attrs; x; x = x->next, attrs++) {
        const char *value = element_attr_ns(b, x->ns, x->name);
        if (!value || strlen(value) != x->value_len || strcmp(value, x->value) != 0)
            return false;
    }
    for (const struct attr *y = b->attrs; y; y = y->next)
        attrs--;
    if (attrs != 0)
        return false;
    const struct node *m = a->children, *n = b->children;
    for (; m && n; m = m->next, n = n->next) {
        if (!m->element != !n->element || (m->element && !tree_same(m->element, n->element)))
            return false;
        if (!m->element && !str_eq(str_of(m->text, m->text_len), str_of(n->text, n->text_len)))
            return false;
    }
    return !m && !n;
}

/* Where the input is cut: every `step` bytes (0: not at all), or at random when `seed` is set. */
struct reader_cuts {
    size_t first; /* length of the first piece; 0 as the rest */
    size_t step;
    uint64_t seed;
};

struct reader_run {
    struct element *root; /* header with first-level elements as children; NULL before */
    enum xml_status status;
    enum xml_fault fault;
    const char *text;
    size_t fed;         /* bytes handed over when it ended */
    size_t consumed;    /* bytes used */
    size_t idle_memory; /* most that was held between elements */
    size_t elements;
};

static inline size_t reader_cut(struct reader_cuts *cuts, size_t left)
{
    size_t len = cuts->step ? cuts->step : left;
    if (cuts->first) {
        len = cuts->first;
        cuts->first = 0;
    } else if (cuts->seed) {
        cuts->seed ^= cuts->seed << 13;
        cuts->seed ^= cuts->seed >> 7;
        cuts->seed ^= cuts->seed << 17;
        len = 1 + (cuts->seed >> 32) % (cuts->seed & 64 ? 4 : 40);
    }
    return len < left ? len : left;
}

static inline void reader_run_take(struct reader_run *run, struct xml_reader *r, struct arena *a)
{
    struct element *e = element_copy(a, xml_reader_element(r));
    run->elements += run->status == XML_ELEMENT;
    if (!run->root)
        run->root = run->status == XML_HEADER ? e : element_new(a, "", "framed");
    if (run->status == XML_ELEMENT)
        element_link(a, run->root, e);
}

/* Each piece is copied to a block of its own size, so that sanitizers see every byte too far.
 * With `r` NULL (out of memory) the run is empty. Finishes `r`. */
static inline struct reader_run reader_run(struct xml_reader *r, struct str doc,
                                           struct reader_cuts cuts, struct arena *a)
{
    struct reader_run run = {.status = XML_MORE};
    while (r && run.fed < doc.len && run.status != XML_FAIL && run.status != XML_CLOSE) {
        size_t len = reader_cut(&cuts, doc.len - run.fed), done = 0, used = 0;
        char *piece = malloc(len);
        if (!piece)
            break;
        memcpy(piece, doc.ptr + run.fed, len);
        run.fed += len;
        do {
            run.status = xml_reader_read(r, piece + done, len - done, &used);
            done += used;
            run.consumed += used;
            if (run.status == XML_HEADER || run.status == XML_ELEMENT)
                reader_run_take(&run, r, a);
        } while (run.status == XML_HEADER || run.status == XML_ELEMENT);
        free(piece);
        if (run.status == XML_MORE && xml_reader_between(r) &&
            xml_reader_memory(r) > run.idle_memory)
            run.idle_memory = xml_reader_memory(r);
    }
    if (r) {
        run.fault = xml_reader_fault(r);
        run.text = xml_reader_fault_text(r);
    }
    xml_reader_free(r);
    return run;
}

#endif
