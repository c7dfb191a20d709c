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

/* All borrowed. NULL when there is to be none, or there cannot be; then the log says why. */
struct console *console_start(uv_loop_t *loop, const struct settings *s,
                              const struct log_sink *log);

/* When the certificate of its TLS is another than the running one was given, or the server has a
 * domain since: the next run gets it, in a moment, and whoever is signed in signs in again. One
 * that cannot be used leaves the old one in use. NULL is fine. */
void console_renew(struct console *console);

/* Where a browser on this machine finds it, "http://127.0.0.1:9090/", without TLS if it can be;
 * false when it listens nowhere. */
enum { CONSOLE_URL_BYTES = 300 };
bool console_url(const struct console *console, char out[CONSOLE_URL_BYTES]) MUST_USE;

/* Ends it with SIGTERM, and SIGKILL when it does not. It is gone, and all is freed, when the loop
 * has nothing more to do. NULL is fine. */
void console_stop(struct console *console);

#endif
