/*
 * console.h - what the files of linnet-console share. The program is a client of linnetd's control
 * socket (docs/control.md) that speaks HTTP (libmicrohttpd) to browsers; it holds no account, no
 * database and no XMPP. One thread per connection; what is shared here has locks of its own.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "places.h"

#include "base/buf.h"

#include <stdatomic.h>

enum { CONSOLE_LISTEN_MAX = 8 };

struct backend;
struct connections;
struct sessions;

struct console {
    struct backend *backend;
    struct sessions *sessions;
    struct connections *connections;
    uint64_t arrive_ms; /* how long a request may take from its first byte to its last */
    /* Threads that wait: each kind has a limit. Sign-ins without TLS, which come from the machine,
     * and with it count apart: strangers who guess keep nobody out who is there. */
    struct places signing_in[2]; /* by network */
    struct places streams;       /* by account */
    atomic_bool stopping;
};

/* A clock in milliseconds that goes on while the machine sleeps. Any thread. */
uint64_t console_now_ms(void);

/* A line for the log, on standard error. `user` text must be printable already. Any thread. */
void console_say(const char *fmt, ...) PRINTF(1, 2);

#endif
