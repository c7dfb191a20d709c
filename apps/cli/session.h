/*
 * session.h - what login, send and listen share: the configuration from the options, a login whose
 * stages are shown as they pass, and a loop that hears Ctrl-C.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "options.h"

#include <stdio.h>

struct session {
    const struct options *options;
    struct linnet_client *client;
    struct linnet_error error; /* of whatever failed */
    FILE *trace;
    int signals; /* a signalfd of SIGINT and SIGTERM */
    bool show_stages;
    uint64_t deadline_ms; /* of session_next; 0: none */
};

enum next {
    NEXT_EVENT, /* *ret_event */
    NEXT_DEADLINE,
    NEXT_INTERRUPTED /* `error` is filled */
};

/* The settings that probe shares with the others; never NULL-checked by the caller: the library
 * accepts NULL. `s->trace` is opened when asked for. */
struct linnet_config *session_config(struct session *s);

/* Reads the password and logs in. On failure `error` is filled. Always finish afterwards. */
enum linnet_error_code session_login(struct session *s, const struct options *o);

/* The next event of the client. */
enum next session_next(struct session *s, const struct linnet_event **ret_event);

/* Closes in order and frees; the flight recording follows a failure with --verbose. */
void session_finish(struct session *s, enum linnet_error_code outcome);

/* Monotonic milliseconds. */
uint64_t session_now_ms(void);

#endif
