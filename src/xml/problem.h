/*
 * problem.h - why the reader stops: shared by the files that make it up.
 */
#ifndef XML_PROBLEM_H
#define XML_PROBLEM_H

#include "xml/reader.h"

struct xml_problem {
    enum xml_fault fault;
    const char *text; /* static */
};

/* Returns false, for `return problem_set(...)`. */
static inline bool problem_set(struct xml_problem *why, enum xml_fault fault, const char *text)
{
    why->fault = fault;
    why->text = text;
    return false;
}

#endif
