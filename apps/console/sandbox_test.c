/* In a child: what is given up is gone for good. */
#include "sandbox.h"

#include "console.h"
#include "sandbox_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* Runs `check` in a child; it gives the number of the line that was wrong, or 0. */
static int in_child(int (*check)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(check());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return -WTERMSIG(status);
    return WEXITSTATUS(status);
}

static int (*checked)(void);

static int check_sandbox(void)
{
    sandbox_enter();
    return said ? 77 : checked();
}

static int within(int (*check)(void))
{
    checked = check;
    return in_child(check_sandbox);
}

#define MUST(condition)                                                                            \
    if (!(condition))                                                                              \
    return __LINE__

static char file[64]; /* that exists, and is ours */

static int opens_nothing(void)
{
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/", O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
    MUST(open("/proc/self/maps", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/tmp/linnet-sandbox", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    MUST(mkdir("/tmp/linnet-sandbox", 0700) < 0 && errno == EACCES);
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    MUST(execv("/bin/true", argv) < 0 && (errno == EACCES || errno == EPERM));
    MUST(chmod(file, 0666) < 0 && errno == EPERM);
    MUST(utimensat(AT_FDCWD, file, NULL, 0) < 0 && errno == EPERM);
    return 0;
}

static int has_no_privileges(void)
{
    MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

/* Root has all of them before. */
static int has_no_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    MUST(syscall(SYS_capget, &header, data) == 0);
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        MUST(data[i].effective == 0 && data[i].permitted == 0 && data[i].inheritable == 0);
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        MUST(geteuid() != 0 || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0);
        MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 0);
    }
    return 0;
}

/* Calls that would do no harm: to root each works, or gives another error, without the filter. */
static const struct {
    long number, args[4];
    int error;
} calls[] = {
    {SYS_execve, {0}, EPERM},
    {SYS_execveat, {-1}, EPERM},
    {SYS_ptrace, {-1}, EPERM},
    {SYS_process_vm_readv, {1}, EPERM},
    {SYS_kill, {0, 0}, EPERM},
    {SYS_tgkill, {1, 1, 0}, EPERM},
    {SYS_clone, {SIGCHLD | CLONE_NEWUSER}, EPERM},
    {SYS_clone, {SIGCHLD}, EPERM},
    {SYS_clone3, {0}, ENOSYS},
    {SYS_io_uring_setup, {1}, ENOSYS},
    {SYS_io_uring_enter, {-1}, ENOSYS},
    {SYS_io_uring_register, {-1}, ENOSYS},
    {SYS_userfaultfd, {-1}, EPERM},
    {SYS_bpf, {-1}, EPERM},
    {SYS_perf_event_open, {0}, EPERM},
    {SYS_keyctl, {-1}, EPERM},
    {SYS_personality, {0xffffffff}, EPERM},
    {SYS_open_by_handle_at, {-1}, EPERM},
    {SYS_shmget, {-1}, EPERM},
    {SYS_mount, {0}, EPERM},
    {SYS_fsopen, {0}, EPERM},
    {SYS_unshare, {0}, EPERM},
    {SYS_setns, {-1}, EPERM},
    {SYS_chroot, {0}, EPERM},
    {SYS_sethostname, {0, -1}, EPERM},
    {SYS_clock_settime, {-1}, EPERM},
    {SYS_quotactl, {-1}, EPERM},
    {SYS_prlimit64, {1}, EPERM},
    {SYS_socket, {AF_INET, SOCK_STREAM}, EPERM},
    {SYS_socket, {AF_INET6, SOCK_DGRAM}, EPERM},
    {SYS_socket, {AF_INET, SOCK_RAW, 1}, EPERM},
    {SYS_socket, {AF_PACKET, SOCK_RAW}, EPERM},
    {SYS_socket, {AF_NETLINK, SOCK_RAW}, EPERM},
    {SYS_socket, {AF_UNIX, SOCK_DGRAM}, EPERM},
    {SYS_socket, {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC}, EPERM},
    {SYS_socketpair, {AF_UNIX, SOCK_DGRAM}, EPERM},
    {SYS_bind, {-1}, EPERM},
#ifdef __x86_64__
    {SYS_fork, {0}, EPERM},
    {0x40000000 + SYS_getpid, {0}, EPERM}, /* x32 */
#endif
};

/* The number of the row that was not refused as it should be, from 1. The filter alone: without
 * capabilities the kernel would refuse many of them itself. */
static int calls_nothing(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !seccomp_enter())
        return 77;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const long *a = calls[i].args;
        long got = syscall(calls[i].number, a[0], a[1], a[2], a[3], 0, 0);
        if (got != -1 || errno != calls[i].error)
            return (int)i + 1;
    }
    return 0;
}

#ifdef __x86_64__
/* getpid of i386, by its own door. */
static int calls_another_way(void)
{
    long number = 20;
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    return number > 0 ? 88 : 0;
}

static void test_architecture(void **state)
{
    (void)state;
    if (in_child(calls_another_way) != 88) /* this kernel has no such door */
        skip();
    int line = within(calls_another_way);
    if (line == 77)
        skip();
    assert_int_equal(line, -SIGSYS);
}
#endif

static void *nothing(void *arg)
{
    return arg;
}

/* What the program does all day. */
static int still_works(void)
{
    pthread_t thread;
    int pair[2], *end = pair;
    void *got = NULL;
    MUST(pthread_create(&thread, NULL, nothing, pair) == 0);
    MUST(pthread_join(thread, &got) == 0 && got == end);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    MUST(write(pair[0], "x", 1) == 1);
    MUST(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0) == 0);
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
    snprintf(file, sizeof file, "/tmp/linnet-sandbox-XXXXXX");
    int fd = mkstemp(file);
    int line = within(opens_nothing);
    close(fd);
    unlink(file);
    if (line == 77)
        skip();
    assert_int_equal(line, 0);
}

static void test_calls(void **state)
{
    (void)state;
    int row = in_child(calls_nothing);
    if (row == 77)
        skip();
    if (row != 0)
        fail_msg("row %d, call %ld", row - 1, calls[row - 1].number);
}

static void test_capabilities(void **state)
{
    (void)state;
    holds(has_no_capabilities);
}

static void test_work(void **state)
{
    (void)state;
    holds(still_works);
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
        cmocka_unit_test(test_files),        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_calls),
        cmocka_unit_test(test_work),
#ifdef __x86_64__
        cmocka_unit_test(test_architecture),
#endif
        cmocka_unit_test(test_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
