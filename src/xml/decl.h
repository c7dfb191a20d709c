/*
 * decl.h - the XML declaration that may begin a stream (RFC 6120 §11.5). Pure.
 */
#ifndef XML_DECL_H
#define XML_DECL_H

#include "xml/problem.h"

enum { DECL_MAX_BYTES = 256 };

enum decl_result { DECL_MORE, DECL_DONE, DECL_FAIL };

/* Judges the bytes after "<?" that have come so far, as soon as they are certain to be wrong.
 * DECL_DONE: they end in "?>". */
enum decl_result decl_check(struct str so_far, struct xml_problem *why);

#endif
