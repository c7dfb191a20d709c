/*
 * failure.h - failures, said once: for people on standard error (heading, what happened, the peer's
 * words, what helps), for programs as an object with "event":"error" on standard output.
 */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include "options.h"

#include <jansson.h>
#include <stdio.h>

/* A failure of this program itself; `fmt` is a clause without a full stop. Returns `code`. */
enum linnet_error_code failure_set(struct linnet_error *error, enum linnet_error_code code,
                                   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prints `error` and returns the exit status. An interruption needs no words, except for programs;
 * a wrong command line is said to both. */
int failure_print(const struct options *o, const struct linnet_error *error);

/* Its members, without "event", are set in `object`. */
void failure_json(json_t *object, const struct options *o, const struct linnet_error *error);

/* The part below the heading, indented. */
void failure_body(FILE *to, const struct options *o, const struct linnet_error *error);

/* What the options of this program can do about it; NULL: nothing. */
const char *failure_hint(const struct options *o, const struct linnet_error *error);

#endif
