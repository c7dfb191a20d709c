/*
 * options.h - the command line of `linnet`: one table of commands, one of options. Strings are
 * borrowed from argv. One thread.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <linnet/linnet.h>

enum command {
    COMMAND_LOGIN,
    COMMAND_PROBE,
    COMMAND_SEND,
    COMMAND_LISTEN,
    COMMAND_EXPLAIN,
    COMMAND_FORGET,
    COMMAND_COUNT
};

enum { PINS_MAX = 8 };

/* What follows a connection that is lost. */
enum reconnect {
    RECONNECT_DEFAULT, /* listen comes back once it was there; the others end */
    RECONNECT_ALWAYS,  /* the first login is tried again too */
    RECONNECT_NEVER
};

struct options {
    enum command command;
    const char *address; /* JID, the domain of a probe, or what to explain (NULL: all) */
    const char *to;
    const char *message; /* NULL: standard input */
    bool lines;          /* of which each line is a message */

    const char *host, *cafile, *mechanism, *resource;
    const char *pins[PINS_MAX];
    unsigned pin_count;
    unsigned port;
    bool direct_tls, legacy;
    enum linnet_tls_policy tls;
    unsigned timeout_ms, stage_timeout_ms;
    enum reconnect reconnect;
    unsigned reconnect_cap_ms; /* 0: the library's */

    const char *memory; /* a file, or "off"; NULL: in the usual place */
    bool accept_change, early_data;

    const char *password_file, *password_command;
    int password_fd; /* -1: none */

    bool json, quiet, verbose;
    bool trace, trace_secrets;
    const char *trace_path; /* NULL: standard error */

    unsigned count; /* listen: 0 is without end */
};

enum parsed {
    PARSED_RUN,  /* `options` says what to do */
    PARSED_DONE, /* help or version was printed */
    PARSED_WRONG /* `error` says what; of the options only `json` holds */
};

/* May be called again; getopt(3) below it keeps its place in globals. */
enum parsed options_parse(int argc, char **argv, struct options *ret, struct linnet_error *error);

#endif
