/*
 * restart.h - sessions that outlive the server. When it stops, those that could be resumed
 * (resume.h) are written to the store; when it starts they are detached as they were, with as much
 * time left. What is not written down, because the server did not stop in order, is lost.
 *
 * Both block, while no loop runs.
 */
#ifndef SERVER_C2S_RESTART_H
#define SERVER_C2S_RESTART_H

#include "server/server.h"

/* That some could not be kept is a line of the log. */
void restart_save(struct server *server);

/* Takes them from the store, which has none afterwards. */
enum linnet_error_code restart_load(struct server *server, struct linnet_error *error) MUST_USE;

#endif
