#include "password.h"

#include "ask.h"
#include "base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX_BYTES = 1023, GENERATED_CHARACTERS = 20 };

static enum linnet_error_code refuse(struct linnet_error *error, const char *fmt, ...) PRINTF(2, 3);

static enum linnet_error_code refuse(struct linnet_error *error, const char *fmt, ...)
{
    char reason[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    return error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* Reads the first line, without its end. `source` names it in failures. */
static enum linnet_error_code read_line(int fd, const char *source, struct buf *out,
                                        struct linnet_error *error)
{
    for (;;) {
        uint8_t byte;
        ssize_t len = read(fd, &byte, 1);
        if (len < 0 && errno == EINTR)
            return error_set(error, LINNET_ERROR_INTERRUPTED, LINNET_ORIGIN_HERE, NULL);
        if (len < 0)
            return refuse(error, "The password cannot be read from %s: %s", source,
                          strerror(errno));
        if (len == 0 || byte == '\n')
            break;
        if (buf_len(out) > PASSWORD_MAX_BYTES)
            return refuse(error, "The password from %s is longer than 1023 bytes", source);
        buf_byte(out, byte);
    }
    struct str held = buf_peek(out);
    if (held.len > 0 && held.ptr[held.len - 1] == '\r')
        buf_truncate(out, held.len - 1);
    if (buf_len(out) == 0)
        return refuse(error, "The password from %s is empty", source);
    return LINNET_OK;
}

static enum linnet_error_code from_file(const char *path, struct buf *out,
                                        struct linnet_error *error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse(error, "The password file %.200s cannot be opened: %s", path,
                      strerror(errno));
    enum linnet_error_code code;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        code = refuse(error, "The password file %.200s is no regular file", path);
    else if (st.st_uid != geteuid())
        code = refuse(error, "The password file %.200s belongs to another user", path);
    else if (st.st_mode & 077)
        code = refuse(error, "Others may use the password file %.200s: chmod 600 it", path);
    else
        code = read_line(fd, path, out, error);
    close(fd);
    return code;
}

/* --- the prompt --- */

static enum linnet_error_code prompt_for(int tty, const char *prompt, struct buf *out,
                                         struct linnet_error *error)
{
    struct termios before, silent;
    if (tcgetattr(tty, &before) < 0)
        return refuse(error, "The terminal cannot be used: %s", strerror(errno));
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(tty, "%s", prompt);
    tcsetattr(tty, TCSAFLUSH, &silent);
    enum linnet_error_code code = read_line(tty, "the terminal", out, error);
    tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    return code;
}

static void note_signal(int signal)
{
    (void)signal;
}

static enum linnet_error_code from_prompt(const char *name, struct buf *out,
                                          struct linnet_error *error)
{
    char prompt[300];
    struct buf again = {.secret = true};
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return refuse(error, "There is no terminal to ask for the password: use --password-file, "
                             "--password-fd or --generate");
    /* Ctrl-C interrupts the read, so that the echo is switched on again. */
    struct sigaction interrupt = {.sa_handler = note_signal}, before;
    sigaction(SIGINT, &interrupt, &before);
    snprintf(prompt, sizeof prompt, "New password for %.200s: ", name);
    enum linnet_error_code code = prompt_for(tty, prompt, out, error);
    if (code == LINNET_OK)
        code = prompt_for(tty, "The same again: ", &again, error);
    if (code == LINNET_OK && !str_eq(buf_peek(out), buf_peek(&again)))
        code = refuse(error, "The two passwords differ");
    sigaction(SIGINT, &before, NULL);
    close(tty);
    buf_finish(&again);
    return code;
}

/* --- made here --- */

/* 32 characters that are not mistaken for each other: 5 bits each, 100 in all. */
static enum linnet_error_code generate(struct buf *out, struct linnet_error *error)
{
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
    _Static_assert(sizeof alphabet == 33, "5 bits choose a character");
    uint8_t random[GENERATED_CHARACTERS];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return refuse(error, "The system gives no random bytes: %s", strerror(errno));
    for (size_t i = 0; i < sizeof random; i++) {
        if (i > 0 && i % 5 == 0)
            buf_byte(out, '-');
        buf_byte(out, (uint8_t)alphabet[random[i] % 32]);
    }
    wipe(random, sizeof random);
    return LINNET_OK;
}

enum linnet_error_code password_get(const struct ctl_options *options, struct buf *out,
                                    struct linnet_error *error)
{
    int sources =
        (options->password_file != NULL) + (options->password_fd >= 0) + options->generate;
    enum linnet_error_code code;
    if (sources > 1)
        return refuse(error, "Only one of --password-file, --password-fd and --generate may be "
                             "given");
    if (options->generate)
        code = generate(out, error);
    else if (options->password_file)
        code = from_file(options->password_file, out, error);
    else if (options->password_fd >= 0)
        code = read_line(options->password_fd, "--password-fd", out, error);
    else
        code = from_prompt(options->name, out, error);
    if (code == LINNET_OK && out->failed)
        return error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    return code;
}

enum linnet_error_code password_send(struct ctl *ctl, const char *op, json_t *args,
                                     struct str password, const char *done)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, op, args, &result);
    if (code != LINNET_OK)
        return code;
    if (ctl->options.generate && ctl->options.json)
        json_object_set_new(result, "password", json_stringn(password.ptr, password.len));
    else if (ctl->options.generate)
        printf("password: %.*s\n", STR_ARG(password));
    tell(ctl, result, "jid", done);
    return LINNET_OK;
}
