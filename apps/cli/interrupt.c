#include "interrupt.h"

#include <linnet/error.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

enum { END_COUNT = sizeof ends / sizeof ends[0] };

static void leave(int number)
{
    (void)number;
    /* The shell's prompt shall not stand behind the ^C; nothing depends on it. */
    ssize_t ignored_count = isatty(STDERR_FILENO) ? write(STDERR_FILENO, "\n", 1) : 0;
    (void)ignored_count;
    _exit(LINNET_ERROR_INTERRUPTED);
}

static bool ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void interrupt_at_once(void)
{
    struct sigaction action = {.sa_handler = leave};
    for (int i = 0; i < END_COUNT; i++)
        if (!ignored(ends[i]))
            sigaction(ends[i], &action, NULL);
}

int interrupt_open(sigset_t *ret_before)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < END_COUNT; i++)
        if (!ignored(ends[i]))
            sigaddset(&set, ends[i]);
    sigprocmask(SIG_BLOCK, &set, ret_before);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void interrupt_close(int fd, const sigset_t *before)
{
    if (fd >= 0)
        close(fd);
    sigprocmask(SIG_SETMASK, before, NULL);
}
