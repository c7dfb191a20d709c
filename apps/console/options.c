#include "options.h"

#include <linnet/linnet.h>

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DEFAULT_IDLE_S = 30 * 60,
    DEFAULT_ABSOLUTE_S = 12 * 3600,
    DEFAULT_RENEW_S = 15 * 60,
    RETRY_S = 60,
    GRACE_S = 60,
    DEFAULT_REQUEST_S = 15,
    SECONDS_MAX = 7 * 86400
};

static const struct option long_options[] = {
    {"control", required_argument, NULL, 'c'},
    {"fd", required_argument, NULL, 'f'},
    {"listen", required_argument, NULL, 'l'},
    {"idle-s", required_argument, NULL, 'i'},
    {"absolute-s", required_argument, NULL, 'a'},
    {"renew-s", required_argument, NULL, 'n'},
    {"request-s", required_argument, NULL, 'r'},
    {"tls-fd", required_argument, NULL, 't'},
    {"certificate-fd", required_argument, NULL, 'x'},
    {"key-fd", required_argument, NULL, 'k'},
    {"parent", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {0},
};

static void print_help(void)
{
    puts("linnet-console - the web console of linnetd\n"
         "\n"
         "Usage: linnet-console --control SOCKET --listen ADDRESS [OPTIONS]\n"
         "\n"
         "linnetd starts it by itself (setting console.listen); this is for other supervisors.\n"
         "\n"
         "  --control SOCKET  the control socket of linnetd: DATA/control.sock\n"
         "  --listen ADDRESS  127.0.0.1:9090 or [::1]:9090; loopback addresses only\n"
         "  --fd N            a socket that listens already, in the place of --listen\n"
         "  --tls-fd N        the same, for HTTPS from anywhere; it wants the next two\n"
         "  --certificate-fd N, --key-fd N   open files: the certificate and its key, PEM\n"
         "  --idle-s N        who does nothing for so long is signed out (1800)\n"
         "  --absolute-s N    and so long after signing in (43200)\n"
         "  --renew-s N       how long before a cookie is replaced by another (900)\n"
         "  --request-s N     how long a request may take to arrive (15)\n"
         "  --parent PID      ends when this process does, which started it\n"
         "  --help, --version");
}

static bool number(const char *text, long max, long *ret)
{
    char *end;
    *ret = strtol(text, &end, 10);
    return *text && *end == '\0' && *ret >= 1 && *ret <= max;
}

static bool take_seconds(const char *text, uint64_t *ret_ms)
{
    long seconds;
    bool ok = number(text, SECONDS_MAX, &seconds);
    *ret_ms = ok ? 1000 * (uint64_t)seconds : 0;
    return ok;
}

static bool take_number(const char *text, int *ret_fd)
{
    long fd;
    bool ok = number(text, 65535, &fd);
    *ret_fd = ok ? (int)fd : -1;
    return ok;
}

static bool take_socket(struct options *o, const char *text, bool tls)
{
    if (o->fd_count == CONSOLE_LISTEN_MAX || !take_number(text, &o->fds[o->fd_count]))
        return false;
    o->tls[o->fd_count++] = tls;
    return true;
}

static bool take(struct options *o, int option)
{
    switch (option) {
    case 'c':
        o->control = optarg;
        return true;
    case 'l':
        o->listen = optarg;
        return true;
    case 'f':
        return take_socket(o, optarg, false);
    case 't':
        return take_socket(o, optarg, true);
    case 'x':
        return take_number(optarg, &o->certificate_fd);
    case 'k':
        return take_number(optarg, &o->key_fd);
    case 'i':
        return take_seconds(optarg, &o->times.idle_ms);
    case 'a':
        return take_seconds(optarg, &o->times.absolute_ms);
    case 'n':
        return take_seconds(optarg, &o->times.renew_ms);
    case 'r':
        return take_seconds(optarg, &o->request_ms);
    case 'p':
        return number(optarg, LONG_MAX, &o->parent);
    default:
        return false;
    }
}

/* Whoever offers TLS has a certificate and its key. */
static bool is_whole(const struct options *o)
{
    bool tls = false;
    for (size_t i = 0; i < o->fd_count; i++)
        tls = tls || o->tls[i];
    return o->control && (o->listen != NULL) != (o->fd_count > 0) &&
           tls == (o->certificate_fd >= 0) && tls == (o->key_fd >= 0);
}

enum options_outcome options_read(struct options *ret, int argc, char **argv)
{
    int option;
    *ret = (struct options){.certificate_fd = -1,
                            .key_fd = -1,
                            .times = {.idle_ms = 1000 * DEFAULT_IDLE_S,
                                      .absolute_ms = 1000 * (uint64_t)DEFAULT_ABSOLUTE_S,
                                      .renew_ms = 1000 * DEFAULT_RENEW_S,
                                      .grace_ms = 1000 * GRACE_S},
                            .request_ms = 1000 * DEFAULT_REQUEST_S};
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 'h' || option == 'v') {
            if (option == 'h')
                print_help();
            else
                puts("linnet-console " LINNET_VERSION);
            return OPTIONS_SAID;
        }
        if (!take(ret, option)) {
            if (option != '?')
                fputs("linnet-console: an option has a value that it cannot have\n", stderr);
            return OPTIONS_WRONG;
        }
    }
    ret->times.retry_ms =
        ret->times.renew_ms < 1000 * RETRY_S ? ret->times.renew_ms : 1000 * RETRY_S;
    if (optind == argc && is_whole(ret))
        return OPTIONS_RUN;
    fputs("linnet-console: it needs --control, and --listen or sockets; --help says more\n",
          stderr);
    return OPTIONS_WRONG;
}
