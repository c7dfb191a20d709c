#include "password.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
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
            return failure(error, LINNET_ERROR_INTERRUPTED, "interrupted");
        if (n < 0)
            return failure(error, LINNET_ERROR_USAGE, "the password cannot be read from %s: %s",
                           source, strerror(errno));
        if (n == 0 || c == '\n')
            break;
        if (ret->len == sizeof ret->bytes)
            return failure(error, LINNET_ERROR_USAGE, "the password from %s is too long", source);
        ret->bytes[ret->len++] = c;
    }
    if (ret->len > 0 && ret->bytes[ret->len - 1] == '\r')
        ret->len--;
    if (ret->len == 0)
        return failure(error, LINNET_ERROR_USAGE, "the password from %s is empty", source);
    return LINNET_OK;
}

static enum linnet_error_code from_file(const char *path, struct password *ret,
                                        struct linnet_error *error)
{
    struct stat st;
    enum linnet_error_code code;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return failure(error, LINNET_ERROR_USAGE, "the password file %s cannot be opened: %s", path,
                       strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        code = failure(error, LINNET_ERROR_USAGE, "the password file %s is no regular file", path);
    else if (st.st_uid != geteuid())
        code = failure(error, LINNET_ERROR_USAGE, "the password file %s belongs to somebody else",
                       path);
    else if (st.st_mode & 077)
        code =
            failure(error, LINNET_ERROR_USAGE,
                    "others may read the password file %s; make it private with chmod 600", path);
    else
        code = read_line(fd, path, ret, error);
    close(fd);
    return code;
}

static enum linnet_error_code from_command(const char *command, struct password *ret,
                                           struct linnet_error *error)
{
    FILE *pipe = popen(command, "re");
    if (!pipe)
        return failure(error, LINNET_ERROR_USAGE, "the password command cannot be run: %s",
                       strerror(errno));
    enum linnet_error_code code = read_line(fileno(pipe), "the password command", ret, error);
    int status = pclose(pipe);
    if (status != 0 && code != LINNET_ERROR_INTERRUPTED)
        code = failure(error, LINNET_ERROR_USAGE, "the password command failed (status %d)",
                       WIFEXITED(status) ? WEXITSTATUS(status) : status);
    return code;
}

static enum linnet_error_code from_environment(char *value, struct password *ret,
                                               struct linnet_error *error)
{
    size_t len = strlen(value);
    bool fits = len > 0 && len <= sizeof ret->bytes;
    if (fits)
        memcpy(ret->bytes, value, ret->len = len);
    explicit_bzero(value, len); /* children and /proc need not see it any more */
    unsetenv("LINNET_PASSWORD");
    return fits ? LINNET_OK
                : failure(error, LINNET_ERROR_USAGE, "LINNET_PASSWORD is empty or too long");
}

static void note_signal(int signal)
{
    (void)signal; /* it has done its work: read() returns */
}

static enum linnet_error_code from_prompt(const char *address, struct password *ret,
                                          struct linnet_error *error)
{
    struct termios shown, silent;
    struct sigaction interrupt = {.sa_handler = note_signal}, before;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &shown) < 0) {
        if (tty >= 0)
            close(tty);
        return failure(error, LINNET_ERROR_USAGE,
                       "there is no password and no terminal to ask for it; use --password-file, "
                       "--password-fd, --password-command or LINNET_PASSWORD");
    }
    silent = shown;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    sigaction(SIGINT, &interrupt, &before); /* so that the echo comes back after Ctrl-C */
    dprintf(tty, "Password for %s: ", address);
    tcsetattr(tty, TCSAFLUSH, &silent);
    enum linnet_error_code code = read_line(tty, "the terminal", ret, error);
    tcsetattr(tty, TCSAFLUSH, &shown);
    dprintf(tty, "\n");
    sigaction(SIGINT, &before, NULL);
    close(tty);
    return code;
}

enum linnet_error_code password_get(const struct options *o, struct password *ret,
                                    struct linnet_error *error)
{
    char *variable = getenv("LINNET_PASSWORD");
    int sources =
        (o->password_fd >= 0) + (o->password_file != NULL) + (o->password_command != NULL);
    *ret = (struct password){.len = 0};
    if (sources > 1)
        return failure(error, LINNET_ERROR_USAGE, "more than one source of the password was given");
    if (o->password_fd >= 0)
        return read_line(o->password_fd, "the descriptor", ret, error);
    if (o->password_file)
        return from_file(o->password_file, ret, error);
    if (o->password_command)
        return from_command(o->password_command, ret, error);
    if (variable)
        return from_environment(variable, ret, error);
    return from_prompt(o->address, ret, error);
}
