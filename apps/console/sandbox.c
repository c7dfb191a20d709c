#include "sandbox.h"

#include "console.h"
#include "sandbox_seccomp.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
/* The leak checker reads /proc when the program ends, and cannot any more. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

/* Landlock (Linux 5.13): by number, because the headers of a system know the version of its own
 * day only. What is handled and not allowed by a rule is refused; there are no rules here. */
struct ruleset {
    uint64_t fs, net, scoped;
};

enum { CREATE_RULESET = 444, RESTRICT_SELF = 446, ASK_VERSION = 1 };

/* All that a version (from 1) can refuse. */
static size_t ruleset_of(long version, struct ruleset *ret)
{
    static const uint64_t fs[] = {0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
    size_t last = sizeof fs / sizeof fs[0];
    *ret = (struct ruleset){.fs = fs[((size_t)version < last ? (size_t)version : last) - 1]};
    if (version >= 4)
        ret->net = 3; /* bind, connect: TCP */
    if (version >= 6)
        ret->scoped = 3; /* abstract Unix sockets, signals */
    return version >= 6 ? sizeof *ret : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static bool landlock(void)
{
    struct ruleset rules;
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    if (version < 1)
        return false;
    size_t size = ruleset_of(version, &rules);
    int fd = (int)syscall(CREATE_RULESET, &rules, size, 0);
    bool ok = fd >= 0 && syscall(RESTRICT_SELF, fd, 0) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Also of root, whose program could not get them back from a file either. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}}, left[2];
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* who may not has none to drop either */
    (void)syscall(SYS_capset, &header, none);
    return syscall(SYS_capget, &header, left) == 0 && memcmp(left, none, sizeof left) == 0;
}

void sandbox_enter(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        console_say("this kernel refuses PR_SET_DUMPABLE or PR_SET_NO_NEW_PRIVS: %s",
                    strerror(errno));
    if (!drop_capabilities())
        console_say("capabilities cannot be given up: %s", strerror(errno));
    if (!landlock())
        console_say("there is no Landlock (Linux 5.13 and later, when switched on): %s; files stay "
                    "within reach",
                    strerror(errno));
    if (!seccomp_enter())
        console_say("system calls cannot be filtered (%s): more of the kernel stays within reach",
                    strerror(errno));
}
