/*
 * output.h - what people and programs read: text, or one JSON object per line. Nothing from the
 * network reaches a terminal unchanged: control characters are replaced. One thread.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* ---- text ---- */

/* Prints `text` with control characters shown as escapes, so that one message is one line. */
void output_printable(FILE *to, const char *text);
void output_printable_bytes(FILE *to, const char *text, size_t len);

/* The same with a backslash doubled, so that an escape can be told from what was typed like one. */
void output_unambiguous(FILE *to, const char *text);

/* The first, between words broken at the width of the terminal; the cursor is at `column`, and so
 * are the lines that follow. Ends the line. */
void output_wrapped(FILE *to, unsigned column, const char *text);

/* Colour on and off; nothing unless `to` is a terminal, or when NO_COLOR is set. */
const char *output_bold(FILE *to);
const char *output_red(FILE *to);
const char *output_green(FILE *to);
const char *output_yellow(FILE *to);
const char *output_dim(FILE *to);
const char *output_plain(FILE *to);

/* ---- JSON ---- */

/* {"event": name} */
json_t *output_event(const char *name);

/* Leaves out NULL and "". Bytes that are not UTF-8 become "?". */
void output_set(json_t *object, const char *key, const char *text);

/* Prints it without a line's end. Text stays readable but for what a terminal would obey or what
 * could disguise a line: that is escaped as JSON does it. NULL prints nothing. */
void output_json_text(FILE *to, const json_t *value);

/* Prints the line and flushes it; takes `object`. */
void output_json(json_t *object);

/* ---- the reader ---- */

/* Standard input, output and error exist from here on, so that no socket takes their number. */
void output_init(void);

/* Whoever read standard output has gone. */
bool output_reader_gone(void);

/* Whether all that was printed was also written. */
bool output_finish(void);

#endif
