/*
 * session.h - what login, send and listen share: the configuration from the options, a login whose
 * stages are shown as they pass, and a loop that hears Ctrl-C. One thread.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "network.h"
#include "options.h"
#include "sign_in.h"

#include <signal.h>
#include <stdio.h>

struct session {
    const struct options *options;
    struct linnet_client *client;
    struct linnet_error error; /* of whatever failed */
    bool logged_in;
    bool reconnects; /* the library logs in again by itself */
    FILE *trace;
    FILE *stages; /* where they are shown, or NULL */
    int signals;  /* of interrupt_open; -1: not yet */
    sigset_t before;
    struct sign_in sign_in;
    struct network network; /* watched where that helps */
    uint64_t deadline_ms;   /* of session_next; 0: none */
    int input;              /* a descriptor to wait for too; -1: none */
};

enum next {
    NEXT_EVENT, /* *ret_event */
    NEXT_INPUT, /* there is something to read */
    NEXT_DEADLINE,
    NEXT_INTERRUPTED /* by a signal, or by the reader of our output who left; `error` is filled */
};

void session_init(struct session *s, const struct options *o, FILE *stages);

/* The settings that probe shares with the others. NULL when out of memory, which the library
 * accepts; `error` is filled when a file that was named cannot be opened. */
struct linnet_config *session_config(struct session *s);

/* Checks the address, reads the password and makes the client; nothing is sent yet. */
enum linnet_error_code session_open(struct session *s);

/* Logs in; with --reconnect until it succeeds, cannot, or the deadline is over. On failure `error`
 * is filled. */
enum linnet_error_code session_login(struct session *s);

/* The next event of the client. */
enum next session_next(struct session *s, const struct linnet_event **ret_event);

/* Whether nothing more comes by itself: the library gave up, or a password was wanted and there is
 * none. Then `error` is filled. */
bool session_gave_up(struct session *s, const struct linnet_event *event);

/* Shows what passes on the way to a session: a stage that is done, or an attempt that is due, with
 * what happened to the one before. Nothing for other events. */
void session_show_progress(const struct session *s, const struct linnet_event *event);

/* Says what failed, closes in order and frees; returns the exit status. The flight recording
 * follows a failed login with --verbose. */
int session_finish(struct session *s, enum linnet_error_code outcome);

/* Monotonic milliseconds. */
uint64_t session_now_ms(void);

#endif
