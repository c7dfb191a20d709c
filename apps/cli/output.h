/*
 * output.h - what people and programs read: text or one JSON object per line, on standard output;
 * failures as text on standard error. Nothing from the network reaches a terminal unchanged:
 * control characters are replaced.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "options.h"

#include <jansson.h>

/* A failure of this program itself; `fmt` is a clause without a full stop. Returns `code`. */
enum linnet_error_code failure(struct linnet_error *error, enum linnet_error_code code,
                               const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prints `error` the way people (heading, sentence, the peer's words, what helps) or programs
 * (an object with "event":"error") want it. Returns the exit status. */
int output_failure(const struct options *o, const struct linnet_error *error);

/* One line of JSON, flushed; takes `object`. */
void output_json(json_t *object);

/* {"event": name}, with text that is not UTF-8 or NULL left out by output_set. */
json_t *output_event(const char *name);
void output_set(json_t *object, const char *key, const char *text);

/* Prints `text` with control characters shown as escapes, so that one message is one line. */
void output_printable(FILE *to, const char *text);

/* Whether to colour what goes to `to`: a terminal, and NO_COLOR is not set. */
bool output_colours(FILE *to);

/* Colour on and off, or nothing. */
const char *output_bold(FILE *to);
const char *output_red(FILE *to);
const char *output_green(FILE *to);
const char *output_yellow(FILE *to);
const char *output_dim(FILE *to);
const char *output_plain(FILE *to);

#endif
