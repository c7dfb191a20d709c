/*
 * route.h - the table of what can be asked, and what must be true before it is done.
 */
#ifndef CONSOLE_ROUTE_H
#define CONSOLE_ROUTE_H

#include "http.h"

enum access { ACCESS_ANYBODY, ACCESS_SIGNED_IN, ACCESS_FULL };

enum { ROUTE_PARAMETERS_MAX = 6 };

struct route {
    const char *method, *path;
    enum access access;
    bool reads_body;
    const char *parameters[ROUTE_PARAMETERS_MAX + 1]; /* of its query; others are refused */
    void (*handle)(struct request *r);
};

/* Finds the route of a request whose head has come, and holds it against all that it needs:
 * its end, Host, Origin, method, query, session, forgery token, role. Else the request was refused.
 */
void route_begin(struct request *r);

/* The body is complete too. */
void route_finish(struct request *r);

/* Whether linnetd lets this session go on, and with which role, which is noted in it: else
 * LINNET_ERROR_BAD_CREDENTIALS or LINNET_ERROR_POLICY, and it is over, or why linnetd cannot be
 * asked. */
enum linnet_error_code route_check(struct console *console, struct session *who,
                                   struct linnet_error *error) MUST_USE;

#endif
