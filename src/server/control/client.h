/*
 * client.h - the other end of the control socket, for linnetctl and the console: connects, asks,
 * waits. Every call blocks. Knows nothing of the server but docs/control.md; one thread at a time.
 */
#ifndef SERVER_CONTROL_CLIENT_H
#define SERVER_CONTROL_CLIENT_H

#include "base/error.h"

#include <jansson.h>

struct control_client;

/* Connects to the socket at `path`. LINNET_ERROR_REFUSED when no server listens there. */
enum linnet_error_code control_client_open(const char *path, struct control_client **ret,
                                           struct linnet_error *error) MUST_USE;
void control_client_close(struct control_client *c);

/* From now on requests are for this administrator (a bare JID), who is at that IP address (NULL
 * when it is not known) and had that mark (admin.sign_in): they change nothing once he is none.
 * False when out of memory. */
bool control_client_ask_for(struct control_client *c, const char *user, const char *address,
                            int64_t mark) MUST_USE;

/* Asks and waits at most `timeout_s` seconds for the answer. Takes `args` (an object, or NULL).
 * *ret_result is the caller's (json_decref); a failure of the server becomes `error`. */
enum linnet_error_code control_client_call(struct control_client *c, const char *op, json_t *args,
                                           unsigned timeout_s, json_t **ret_result,
                                           struct linnet_error *error) MUST_USE;

/* After "events.follow": the next event, {"event":...,"data":...}; waits as long as it takes. */
enum linnet_error_code control_client_event(struct control_client *c, json_t **ret_event,
                                            struct linnet_error *error) MUST_USE;

/* The same for `timeout_ms` milliseconds at most: LINNET_ERROR_TIMEOUT when none came. */
enum linnet_error_code control_client_event_within(struct control_client *c, unsigned timeout_ms,
                                                   json_t **ret_event,
                                                   struct linnet_error *error) MUST_USE;

#endif
