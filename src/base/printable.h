/*
 * printable.h - text of strangers before people look at it, character by character. Pure; any
 * thread.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/base.h"

/* How many bytes the first character of `text` takes, which is not empty; 1 for a byte that is not
 * UTF-8. *ret_instead is what stands for it, or 0 when it can be shown as it is: a tab, and what
 * ends a line, becomes a space; what is not UTF-8, is a control or steers the direction of text
 * (and could so disguise a sentence) becomes '?'. */
size_t printable_next(struct str text, char *ret_instead);

#endif
