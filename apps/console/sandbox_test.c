/* In a child: what is given up is gone for good. */
#include "sandbox.h"

#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool said; /* that something is missing */

void console_say(const char *fmt, ...)
{
    (void)fmt;
    said = true;
}

/* Runs `check` in a sandbox; it gives the number of the line that was wrong, or 0. */
static int within(int (*check)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sandbox_enter();
        _exit(said ? 77 : check());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define MUST(condition)                                                                            \
    if (!(condition))                                                                              \
    return __LINE__

static int opens_nothing(void)
{
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/", O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
    MUST(open("/proc/self/maps", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/tmp/linnet-sandbox", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    MUST(mkdir("/tmp/linnet-sandbox", 0700) < 0 && errno == EACCES);
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    MUST(execv("/bin/true", argv) < 0 && errno == EACCES);
    return 0;
}

static int has_no_privileges(void)
{
    MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

static char path[64];

static int reaches_unix_sockets(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return 0;
}

/* A kernel without Landlock is told apart: there the program says so and goes on. */
static void holds(int (*check)(void))
{
    int line = within(check);
    if (line == 77)
        skip();
    if (line != 0)
        fail_msg("line %d", line);
}

static void test_files(void **state)
{
    (void)state;
    holds(opens_nothing);
}

static void test_privileges(void **state)
{
    (void)state;
    holds(has_no_privileges);
}

static void test_sockets(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    snprintf(path, sizeof path, "/tmp/linnet-sandbox-%ld", (long)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    int line = within(reaches_unix_sockets);
    unlink(path);
    close(fd);
    if (line == 77)
        skip();
    assert_int_equal(line, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
