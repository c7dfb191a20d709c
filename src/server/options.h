/*
 * options.h - the command line of linnetd. Owns the strings it makes; the others are argv's.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/error.h"

enum options_action {
    OPTIONS_SERVE = 0,
    OPTIONS_CHECK_CONFIG,
    OPTIONS_PRINT_CONFIG,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

struct options {
    enum options_action action;
    const char *config; /* the file, or NULL */
    const char **sets;  /* name=value; --data DIR is data=DIR */
    char **owned;       /* those of them that were made here */
    size_t set_count, owned_count;
};

/* LINNET_ERROR_USAGE says what is wrong. options_finish frees also then. */
enum linnet_error_code options_read(struct options *ret, int argc, char **argv,
                                    struct linnet_error *error) MUST_USE;
void options_finish(struct options *o);

/* --help and --version. Returns the exit status. */
int options_print(const struct options *o);

#endif
