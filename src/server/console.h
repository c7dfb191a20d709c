/*
 * console.h - the web console's process: started, started again when it ends, ended with the
 * server. linnetd opens its listening sockets and keeps them, so that browsers that come while it
 * is not there wait; nothing that becomes of it matters to XMPP. On the loop's thread.
 */
#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

#include "base/log.h"
#include "server/settings.h"

#include <uv.h>

struct console;

/* Both borrowed. NULL when there is to be none, or there cannot be; then the log says why. */
struct console *console_start(uv_loop_t *loop, const struct settings *s,
                              const struct log_sink *log);

/* Ends it with SIGTERM, and SIGKILL when it does not. It is gone, and all is freed, when the loop
 * has nothing more to do. NULL is fine. */
void console_stop(struct console *console);

#endif
