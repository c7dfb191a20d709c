/*
 * report.h - how the server is and who is connected, for the control socket. The loops are asked by
 * mail and answer by mail, so nobody waits and nothing is read across threads.
 *
 * status: how the server is, as docs/control.md says; report_warnings.h judges it.
 * sessions: who is connected, those that are asked for.
 * user.list: how many sessions each account has, "online".
 * session.close: one session ends.
 */
#ifndef SERVER_REPORT_H
#define SERVER_REPORT_H

#include "server/control/control.h"
#include "server/server.h"

struct report;

/* Borrows the server, on whose loop it works. */
struct report *report_new(struct server *server);

/* After the server was stopped, before the control socket: what it was asked meanwhile is refused.
 * NULL is fine. */
void report_free(struct report *r);

/* Of the certificate in force. */
json_t *report_certificate(const struct report *r);

void report_status(struct report *r, struct control_call *call);
void report_sessions(struct report *r, struct control_call *call,
                     const struct control_sessions *which);
/* Takes `result`, that of user.list, and answers with it. */
void report_online(struct report *r, struct control_call *call, json_t *result);

/* Ends the session and answers with its address, or fails: there is none. */
void report_close(struct report *r, struct control_call *call, const struct control_session *which);

#endif
