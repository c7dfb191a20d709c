/*
 * What is refused is listed, not what is allowed: what libmicrohttpd, GnuTLS and the C library call
 * changes with their versions, and what a sanitizer calls is its own affair. A list of what may be
 * called would end a console after an update of the system; one of what may not be ages well, for
 * all that it leaves is for memory, threads, and descriptors that are open. Landlock (sandbox.c)
 * does not depend on either.
 *
 * Written by hand: a table and the four shapes of rules are less than what libseccomp would add to
 * what is linked and to what has to be known.
 */
#include "sandbox_seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE 0
#elif defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

/* Calls that the headers of Debian 12 or older may not know: their numbers are the same everywhere.
 */
enum {
    NR_MOUNT_SETATTR = 442,
    NR_QUOTACTL_FD = 443,
    NR_PROCESS_MRELEASE = 448,
    NR_FCHMODAT2 = 452,
    NR_STATMOUNT = 457,
    NR_LISTMOUNT = 458,
    NR_SETXATTRAT = 463,
    NR_REMOVEXATTRAT = 466,
    NR_OPEN_TREE_ATTR = 467,
    NR_FILE_SETATTR = 469,
    NR_X32 = 0x40000000, /* and above: x86-64 in another guise */
};

/* These give EPERM, whatever their arguments are. */
static const uint16_t refused[] = {
#ifdef __x86_64__
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
    /* other programs and processes; clone(2) is below */
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_process_madvise, NR_PROCESS_MRELEASE, SYS_kcmp, SYS_pidfd_open, SYS_pidfd_getfd,
    SYS_pidfd_send_signal, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    SYS_setpriority, SYS_ioprio_set, SYS_sched_setparam, SYS_sched_setscheduler, SYS_sched_setattr,
    SYS_sched_setaffinity, SYS_migrate_pages, SYS_move_pages,
    /* parts of the kernel that a client of it rarely needs and that attackers like */
    SYS_userfaultfd, SYS_bpf, SYS_perf_event_open, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_fanotify_init, SYS_personality, SYS_syslog,
    /* memory and queues that others share by a number or name */
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl,
    SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink,
    /* files, where Landlock does not look: their handles, modes, owners, times and attributes */
    SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fchmod, SYS_fchmodat, NR_FCHMODAT2,
    SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
    SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, NR_SETXATTRAT, NR_REMOVEXATTRAT,
    NR_FILE_SETATTR,
    /* mounts and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, NR_MOUNT_SETATTR, NR_OPEN_TREE_ATTR, NR_STATMOUNT,
    NR_LISTMOUNT, SYS_unshare, SYS_setns,
    /* the machine */
    SYS_sethostname, SYS_setdomainname, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_quotactl,
    NR_QUOTACTL_FD, SYS_acct, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
    SYS_vhangup,
    /* the sockets that listen are open */
    SYS_bind};

/* These give ENOSYS, as from an older kernel: who calls them knows another way. The flags of
 * clone3 are in memory, where a filter cannot look; the C library makes threads with clone then. */
static const uint16_t unknown[] = {SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter,
                                   SYS_io_uring_register};

/* These give EPERM unless the argument, under the mask, is `value`. The kernel takes 32 bits. */
struct condition {
    uint16_t number;
    uint8_t argument;
    uint32_t mask, value;
};

enum {
    CONDITIONS = 7,
    NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                 CLONE_NEWPID | CLONE_NEWNET,
    SOCKET_TYPE = ~(SOCK_CLOEXEC | SOCK_NONBLOCK),
    COUNT_REFUSED = sizeof refused / sizeof refused[0],
    COUNT_UNKNOWN = sizeof unknown / sizeof unknown[0],
    /* as much as the functions below write */
    PROGRAM_MAX = 6 + 2 * (COUNT_REFUSED + COUNT_UNKNOWN) + 6 * CONDITIONS + 1,
};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short len;
};

static void add(struct program *p, uint16_t op, uint8_t if_true, uint8_t if_false, uint32_t k)
{
    p->code[p->len++] = (struct sock_filter)BPF_JUMP(op, k, if_true, if_false);
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void give(struct program *p, uint32_t verdict)
{
    add(p, BPF_RET | BPF_K, 0, 0, verdict);
}

/* A number means a call on its architecture only: another one is no accident. */
static void begin(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
    give(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, NR_X32);
    give(p, SECCOMP_RET_ERRNO | EPERM);
}

static void refuse(struct program *p, const uint16_t *numbers, size_t count, uint32_t error)
{
    for (size_t i = 0; i < count; i++) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, numbers[i]);
        give(p, SECCOMP_RET_ERRNO | error);
    }
}

static void require(struct program *p, const struct condition *c)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, c->number);
    load(p, offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
    add(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, c->mask);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, c->value);
    give(p, SECCOMP_RET_ERRNO | EPERM);
    load(p, offsetof(struct seccomp_data, nr));
}

static void write_program(struct program *p)
{
    const struct condition conditions[CONDITIONS] = {
        {SYS_socket, 0, ~0u, AF_UNIX},
        {SYS_socket, 1, (uint32_t)SOCKET_TYPE, SOCK_STREAM},
        {SYS_socketpair, 0, ~0u, AF_UNIX},
        {SYS_socketpair, 1, (uint32_t)SOCKET_TYPE, SOCK_STREAM},
        {SYS_clone, 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD}, /* threads only */
        {SYS_tgkill, 0, ~0u, (uint32_t)getpid()},                /* abort() */
        {SYS_prlimit64, 0, ~0u, 0},                              /* of its own */
    };
    begin(p);
    refuse(p, unknown, COUNT_UNKNOWN, ENOSYS);
    refuse(p, refused, COUNT_REFUSED, EPERM);
    for (size_t i = 0; i < CONDITIONS; i++)
        require(p, &conditions[i]);
    give(p, SECCOMP_RET_ALLOW);
}

bool seccomp_enter(void)
{
    struct program program = {.len = 0};
    if (ARCHITECTURE == 0) {
        errno = ENOSYS;
        return false;
    }
    write_program(&program);
    const struct sock_fprog filter = {program.len, program.code};
    /* Not seccomp(2): prctl(2) is allowed wherever calls are filtered already. */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
