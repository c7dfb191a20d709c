#include "password.h"

#include "failure.h"
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

void password_wipe(struct password *p)
{
    explicit_bzero(p, sizeof *p);
}

/* The first line of `fd`, without its end. */
static enum linnet_error_code read_line(int fd, const char *source, struct password *ret,
                                        struct linnet_error *error)
{
    ret->len = 0;
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failure_set(error, LINNET_ERROR_USAGE, "the password cannot be read from %s: %s",
                               source, strerror(errno));
        if (n == 0 || c == '\n')
            break;
        if (ret->len == sizeof ret->bytes)
            return failure_set(error, LINNET_ERROR_USAGE, "the password from %s is too long",
                               source);
        ret->bytes[ret->len++] = c;
    }
    if (ret->len > 0 && ret->bytes[ret->len - 1] == '\r')
        ret->len--;
    if (ret->len == 0)
        return failure_set(error, LINNET_ERROR_USAGE, "the password from %s is empty", source);
    return LINNET_OK;
}

/* A pipe is as good as a file: a shell's <(command) is one. */
static enum linnet_error_code check_private(const char *path, int fd, struct linnet_error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
        return failure_set(error, LINNET_ERROR_USAGE, "the password file %s is no regular file",
                           path);
    if (st.st_uid != geteuid())
        return failure_set(error, LINNET_ERROR_USAGE,
                           "the password file %s belongs to somebody else", path);
    if (st.st_mode & 077)
        return failure_set(error, LINNET_ERROR_USAGE,
                           "others may read the password file %s; make it private with chmod 600",
                           path);
    return LINNET_OK;
}

static enum linnet_error_code from_file(const char *path, struct password *ret,
                                        struct linnet_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return failure_set(error, LINNET_ERROR_USAGE, "the password file %s cannot be opened: %s",
                           path, strerror(errno));
    enum linnet_error_code code = check_private(path, fd, error);
    if (code == LINNET_OK)
        code = read_line(fd, path, ret, error);
    close(fd);
    return code;
}

/* Lets the command say the rest, so that it does not die of a pipe that nobody reads. */
static void drain(int fd)
{
    char rest[256];
    while (read(fd, rest, sizeof rest) > 0)
        ;
    explicit_bzero(rest, sizeof rest);
}

static enum linnet_error_code from_command(const char *command, struct password *ret,
                                           struct linnet_error *error)
{
    void (*before)(int) = signal(SIGPIPE, SIG_DFL); /* the command shall start as usual */
    FILE *pipe = popen(command, "re");
    signal(SIGPIPE, before);
    if (!pipe)
        return failure_set(error, LINNET_ERROR_USAGE, "the password command cannot be run: %s",
                           strerror(errno));
    enum linnet_error_code code = read_line(fileno(pipe), "the password command", ret, error);
    drain(fileno(pipe));
    int status = pclose(pipe);
    if (status != 0)
        code = WIFEXITED(status)
                   ? failure_set(error, LINNET_ERROR_USAGE,
                                 "the password command failed with exit status %d",
                                 WEXITSTATUS(status))
                   : failure_set(error, LINNET_ERROR_USAGE, "the password command was killed");
    return code;
}

/* Taken out of the environment in any case: children and /proc need not see it any more. */
static enum linnet_error_code from_environment(char *value, struct password *ret,
                                               struct linnet_error *error)
{
    size_t len = strlen(value);
    bool fits = len > 0 && len <= sizeof ret->bytes;
    if (fits)
        memcpy(ret->bytes, value, ret->len = len);
    explicit_bzero(value, len);
    unsetenv("LINNET_PASSWORD");
    return fits ? LINNET_OK
                : failure_set(error, LINNET_ERROR_USAGE, "LINNET_PASSWORD is empty or too long");
}

/* The terminal's line, unless a signal comes first. */
static enum linnet_error_code read_typed(int tty, int signals, struct password *ret,
                                         struct linnet_error *error)
{
    struct pollfd fds[2] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (fds[1].revents)
        return failure_set(error, LINNET_ERROR_INTERRUPTED, "interrupted");
    return read_line(tty, "the terminal", ret, error);
}

static enum linnet_error_code ask(int tty, const char *address, const char *before,
                                  struct password *ret, struct linnet_error *error)
{
    struct termios shown, silent;
    sigset_t mask;
    if (tcgetattr(tty, &shown) < 0)
        return failure_set(error, LINNET_ERROR_USAGE, "the terminal cannot be silenced: %s",
                           strerror(errno));
    silent = shown;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    int signals = interrupt_open(&mask); /* so that the echo comes back after Ctrl-C */
    tcsetattr(tty, TCSAFLUSH, &silent);    /* before the prompt: who answers it is not echoed */
    dprintf(tty, "%sPassword for %s: ", before, address);
    enum linnet_error_code code = read_typed(tty, signals, ret, error);
    tcsetattr(tty, TCSAFLUSH, &shown);
    if (code != LINNET_ERROR_INTERRUPTED)
        dprintf(tty, "\n");
    interrupt_close(signals, &mask);
    return code;
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool password_can_ask(void)
{
    int tty = open_terminal();
    if (tty >= 0)
        close(tty);
    return tty >= 0;
}

enum linnet_error_code password_ask(const char *address, const char *before, struct password *ret,
                                    struct linnet_error *error)
{
    int tty = open_terminal();
    *ret = (struct password){.len = 0};
    if (tty < 0)
        return failure_set(error, LINNET_ERROR_USAGE, "there is no terminal to ask for a password");
    enum linnet_error_code code = ask(tty, address, before, ret, error);
    close(tty);
    if (code != LINNET_OK)
        password_wipe(ret);
    return code;
}

static enum linnet_error_code from_option(const struct options *o, struct password *ret,
                                          struct linnet_error *error)
{
    int sources =
        (o->password_fd >= 0) + (o->password_file != NULL) + (o->password_command != NULL);
    if (sources > 1)
        return failure_set(error, LINNET_ERROR_USAGE,
                           "more than one source of the password was given");
    if (o->password_fd >= 0)
        return read_line(o->password_fd, "the descriptor", ret, error);
    if (o->password_file)
        return from_file(o->password_file, ret, error);
    return from_command(o->password_command, ret, error);
}

enum linnet_error_code password_get(const struct options *o, struct password *ret,
                                    struct linnet_error *error)
{
    char *variable = getenv("LINNET_PASSWORD");
    enum linnet_error_code code = LINNET_OK;
    *ret = (struct password){.len = 0};
    if (variable)
        code = from_environment(variable, ret, error);
    if (o->password_fd >= 0 || o->password_file || o->password_command) {
        password_wipe(ret); /* an option overrides the environment */
        code = from_option(o, ret, error);
    } else if (!variable) {
        code = failure_set(error, LINNET_ERROR_USAGE, "no source of a password was given");
    }
    if (code != LINNET_OK)
        password_wipe(ret);
    return code;
}
