/* options.h - the command line of linnet-console. */
#ifndef CONSOLE_OPTIONS_H
#define CONSOLE_OPTIONS_H

#include "console.h"
#include "session.h"

struct options {
    const char *control;          /* the path of linnetd's control socket */
    int fds[CONSOLE_LISTEN_MAX];  /* listening sockets that were handed over */
    bool tls[CONSOLE_LISTEN_MAX]; /* whether that one speaks TLS */
    size_t fd_count;
    int certificate_fd, key_fd; /* files that are open for reading, for TLS; -1 for none */
    const char *listen;         /* or an address to listen on, 127.0.0.1:9090 or [::1]:9090 */
    struct session_times times;
    uint64_t request_ms;
    long parent; /* ends with this process; 0 for none */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_SAID, OPTIONS_WRONG };

/* OPTIONS_SAID: help or version was printed; OPTIONS_WRONG: what is wrong was. */
enum options_outcome options_read(struct options *ret, int argc, char **argv);

#endif
