/*
 * backend.h - asks linnetd. Each call has a connection of its own, so that none depends on what
 * became of an older one when linnetd was restarted. Any thread; blocks.
 */
#ifndef CONSOLE_BACKEND_H
#define CONSOLE_BACKEND_H

#include "server/control/client.h"

struct backend;

/* linnetd serves 64 clients; so many of them may be ours at a time, streams of events apart. */
enum { BACKEND_CALLS_MAX = 24 };

struct backend *backend_new(const char *path); /* NULL when out of memory */
void backend_free(struct backend *b);          /* NULL is fine */

/* For whom linnetd is asked: it writes that down. */
struct backend_person {
    const char *jid;     /* an administrator's; NULL: nobody yet, the console asks for itself */
    const char *address; /* an IP address */
    int64_t mark;        /* with a jid: of its sign-in; once it does not hold nothing is changed */
};

/* Takes `args` (an object, or NULL). *ret_result is the caller's. LINNET_ERROR_TIMEOUT also when
 * other calls take too long. */
enum linnet_error_code backend_call(struct backend *b, const struct backend_person *person,
                                    const char *op, json_t *args, json_t **ret_result,
                                    struct linnet_error *error) MUST_USE;

/* A connection for a stream of events: the caller closes it. */
enum linnet_error_code backend_open(struct backend *b, struct control_client **ret,
                                    struct linnet_error *error) MUST_USE;

#endif
